"""The background tasks of an engine: one that fails is reported, and started again after a pause."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ..errors import JournalError
from ..faults import Faults
from ..forward.clock import Clock, SystemClock
from ..forward.outcomes import one_line

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds before a task that failed is started again: doubled with each failure."""
STEADY = 60.0
"""Seconds without a failure after which the fault of a task is cleared, and pauses are short again."""

Work = Callable[[], Coroutine[Any, Any, None]]


class Supervisor:
    """Runs tasks until they end or `stop`. Their faults are reported under their names."""

    def __init__(self, faults: Faults, clock: Clock | None = None) -> None:
        self._faults = faults
        self._clock: Clock = clock or SystemClock()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(
        self, name: str, work: Work, *, well: Callable[[], Awaitable[None]] | None = None
    ) -> asyncio.Task[None]:
        """Run `work` until it returns; whatever exception ends it, start it again after a pause.

        The fault is cleared once `well` returns, or after a minute without a failure.
        """
        return self._spawn(name, self._run(name, work, well))

    def once(self, name: str, work: Work) -> asyncio.Task[None]:
        """Run `work` once. If it fails, it is not started again, and the fault stays."""
        return self._spawn(name, self._run_once(name, work))

    async def end(self, task: asyncio.Task[None]) -> None:
        """Cancel a task, wait for its end, and clear its fault."""
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._faults.clear(task.get_name())

    async def stop(self) -> None:
        """Cancel every task and wait until all have ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self, name: str, work: Work, well: Callable[[], Awaitable[None]] | None) -> None:
        failures = 0
        while True:
            began = self._clock.steady()
            clearing = asyncio.create_task(self._clear_when(well, name))
            try:
                await work()
                return
            except JournalError as error:
                logger.error("%s pauses: %s", name, error)
                words = str(error)
            except Exception as error:
                # Whatever went wrong, nothing may wait until somebody notices and starts segtap again: it is
                # logged, shown in header and healthz, and tried again.
                logger.exception("%s failed", name)
                words = f"{name[:1].upper()}{name[1:]} failed ({one_line(_named(error))})"
            finally:
                clearing.cancel()
                await asyncio.gather(clearing, return_exceptions=True)
            failures = 1 if self._clock.steady() - began > STEADY * 1000 else failures + 1
            pause = min(FIRST_PAUSE * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE)
            self._faults.report(name, f"{words.rstrip('.')}. It starts again in {pause:g} s.")
            await self._clock.sleep(pause)

    async def _clear_when(self, well: Callable[[], Awaitable[None]] | None, name: str) -> None:
        """Clear the fault of a task once it runs well."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STEADY):
                await (well() if well is not None else asyncio.Event().wait())
        self._faults.clear(name)

    async def _run_once(self, name: str, work: Work) -> None:
        try:
            await work()
        except Exception as error:
            logger.exception("%s failed", name)
            words = f"{name[:1].upper()}{name[1:]} failed ({one_line(_named(error))}). Start segtap again."
            self._faults.report(name, words)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
