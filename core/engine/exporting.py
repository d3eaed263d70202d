"""Sends the metrics to an OpenTelemetry Collector now and then, where the settings ask for it.

A Collector that does not answer costs nothing: it is asked by a thread of its own, of which nobody waits for
long, and one line of the log says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable

from ..metrics.exposition import Family
from ..metrics.otlp import Exporter

logger = logging.getLogger(__name__)

LAST = 1.5
"""Seconds that an engine which stops waits for the last numbers to be sent."""


class Exporting:
    """Sends what `families` returns every so many seconds; `created` is when the counters began, in ms."""

    def __init__(
        self,
        exporter: Exporter,
        families: Callable[[], Awaitable[tuple[Family, ...]]],
        *,
        created: int,
        every: float,
        clock: Callable[[], int],
    ) -> None:
        self._exporter = exporter
        self._families = families
        self._created = created
        self._every = every
        self._clock = clock
        self._under_way: asyncio.Future[str] | None = None
        self._fault = ""

    async def run(self) -> None:
        """Send until cancelled, the first time after one interval."""
        while True:
            await asyncio.sleep(self._every)
            await self._send()

    async def stop(self) -> None:
        """Send the last numbers, if that works at once and the Collector answered before."""
        if not self._fault:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST):
                    if self._under_way is not None:
                        await self._under_way
                    await self._send()
        self._exporter.close()

    async def _send(self) -> None:
        data = self._exporter.data(await self._families(), self._created, self._clock())
        self._under_way = in_thread(lambda: self._exporter.send(data))
        # A cancelled wait leaves the export itself alone: `stop` waits for it.
        fault = await asyncio.shield(self._under_way)
        self._under_way = None
        if fault and not self._fault:
            logger.warning("metrics are not sent to %s: %s", self._exporter.where, fault)
        elif self._fault and not fault:
            logger.info("metrics are sent to %s again", self._exporter.where)
        self._fault = fault


def in_thread(work: Callable[[], str]) -> asyncio.Future[str]:
    """Run `work` in a thread that the end of the process does not wait for, and return its result to come."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[str] = loop.create_future()

    def finish(words: str) -> None:
        if not result.done():
            result.set_result(words)

    def run() -> None:
        try:
            words = work()
        except Exception as error:
            # Whatever the exporter raises, monitoring never ends an engine.
            words = f"{type(error).__name__}: {error}"
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(finish, words)

    threading.Thread(target=run, name="segtap-metrics", daemon=True).start()
    return result
