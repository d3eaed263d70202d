"""Work in the background that goes on only while somebody asks for what it finds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, Protocol, TypeVar

logger = logging.getLogger(__name__)

WAIT = 1.0
"""Seconds that a request waits; then it gets what was found so far, and the work goes on."""
LEASE = 3.0
"""Seconds after the last request for which the work goes on."""

K = TypeVar("K", bound=Hashable)


class Leased:
    """Work that `task_of` begins, and begins again with the next request after it has ended.

    It should end once nobody wants it. `name` is that of its task, and `what` names it in the log.
    """

    def __init__(self, name: str, what: str, task_of: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._name = name
        self._what = what
        self._task_of = task_of
        self._asked = 0.0
        self.task: asyncio.Task[None] | None = None

    @property
    def wanted(self) -> bool:
        """True if somebody has asked a short time ago."""
        return asyncio.get_running_loop().time() - self._asked <= LEASE

    async def ask(self) -> None:
        """Wait until the work is done, or for `WAIT`. Raises what the work has raised."""
        self._asked = asyncio.get_running_loop().time()
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._task_of(), name=self._name)
            self.task.add_done_callback(self._ended)
        await asyncio.wait({self.task}, timeout=WAIT)
        if self.task.done() and not self.task.cancelled():
            self.task.result()

    def stop(self) -> None:
        """Stop the work."""
        if self.task is not None:
            self.task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.info("%s ends: %s", self._what, error)


class HasWork(Protocol):
    """The result of some work, with the work itself."""

    @property
    def work(self) -> Leased: ...


V = TypeVar("V", bound=HasWork)


class Kept(Generic[K, V]):
    """The results that were asked for last, at most `most`; the work of others is stopped."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[K, V] = {}
        """The one asked for last at the end."""

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K, make: Callable[[], V], is_old: Callable[[V], bool] = lambda _: False) -> V:
        """Return what is kept, or what `make` makes, if it is not kept or is old."""
        found = self._kept.pop(key, None)
        if found is not None and is_old(found):
            found.work.stop()
            found = None
        self._kept[key] = found = make() if found is None else found
        while len(self._kept) > self._most:
            self._kept.pop(next(iter(self._kept))).work.stop()
        return found

    def reset(self) -> None:
        """Forget everything."""
        for one in self._kept.values():
            one.work.stop()
        self._kept.clear()

    async def close(self) -> None:
        """Stop all work."""
        tasks = [one.work.task for one in self._kept.values() if one.work.task is not None]
        self.reset()
        await asyncio.gather(*tasks, return_exceptions=True)
