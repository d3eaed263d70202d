"""What an engine says to those who run it: whether it lives, whether it is ready, and its numbers."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..api.models import Alive, Readiness
from ..delivery import DeliveryState
from ..errors import JournalError, JournalFull
from ..index.indexer import Indexer
from ..metrics.exposition import Family, exposition
from ..metrics.families import Readings, families
from ..metrics.meter import Meter
from ..stores.base import Stores
from .forwarder_switch import ForwarderSwitch
from .route_numbers import RouteNumbers, age
from .watched_log import WatchedLog

FRESH = 2.0
"""Seconds for which one look at the journal answers everyone who asks: each look writes to the disk."""


class Outside:
    """Answers probes and scrapes. `accepting` says whether the engine takes messages; set `stopping` when it
    stops. `metrics_token` lets programs on other machines read the numbers; "" keeps them from it.
    """

    def __init__(
        self,
        meter: Meter,
        stores: Stores,
        log: WatchedLog,
        switch: ForwarderSwitch,
        indexer: Indexer,
        *,
        routes: RouteNumbers,
        accepting: Callable[[], bool],
        version: str,
        metrics_token: str = "",
    ) -> None:
        self.stopping = False
        self.metrics_token = metrics_token
        self._meter = meter
        self._stores = stores
        self._log = log
        self._switch = switch
        self._indexer = indexer
        self._routes = routes
        self._accepting = accepting
        self._version = version

    async def alive(self) -> Alive:
        """Return that the engine lives: its loop has time to answer."""
        return Alive()

    async def readiness(self) -> Readiness:
        """Return whether messages would be accepted now, and why not.

        While nothing was written to the journal for some seconds, that is tried.
        """
        if self.stopping:
            return Readiness("stopping", "segtap is shutting down")
        if not self._accepting():
            return Readiness("starting", "segtap is starting")
        try:
            if time.monotonic() - self._log.written_at > FRESH:
                await self._log.check()
        except JournalFull as error:
            return Readiness("unready", "the journal is full", str(error))
        except JournalError as error:
            return Readiness("unready", "the journal cannot be written", str(error))
        return Readiness()

    async def metrics(self) -> str:
        """Return all numbers in Prometheus' text form."""
        return exposition(await self.families(), self._meter.started_at / 1000)

    async def families(self) -> tuple[Family, ...]:
        """Return all numbers as they are now."""
        counts = (await self._stores.index.counts()).deliveries
        first = await self._stores.outbox.owed(limit=1)
        oldest = age(first[0].received_at) if first else 0.0
        return families(
            self._meter,
            Readings(
                version=self._version,
                deliveries={state: getattr(counts, state.value) for state in DeliveryState},
                owed=counts.owed,
                oldest=oldest,
                unlisted=self._indexer.waiting,
                journal_bytes=self._stores.size(),
                forwarding=self._switch.on and not self._switch.halted,
                routes=await self._routes.read(counts.owed, oldest),
            ),
        )
