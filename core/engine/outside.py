"""What an engine says to those who run it: whether it lives, whether it is ready, and its numbers."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..api.models import Alive, Readiness
from ..delivery import DeliveryState
from ..errors import JournalError, JournalFull
from ..index.indexer import Indexer
from ..metrics.exposition import Family, exposition, family
from ..metrics.meter import Meter
from ..stores.base import Stores
from .forwarder_switch import ForwarderSwitch
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
        meter = self._meter
        counts = (await self._stores.index.counts()).deliveries
        oldest = await self._stores.outbox.owed(limit=1)
        age = max(0.0, time.time() - oldest[0].received_at / 1000) if oldest else 0.0
        families = (
            Family("segtap_build_info", "gauge", "The version.", (({"version": self._version}, 1),)),
            family(
                "segtap_received_messages_total", "counter",
                "Messages in requests that were acknowledged.", meter.received,
            ),
            family(
                "segtap_sent_messages_total", "counter",
                "Messages that Mixpanel accepted whole.", meter.sent,
            ),
            Family(
                "segtap_refused_messages_total", "counter",
                "Refused: requests by ingest (ingest_STATUS), messages that Segment would reject (segment),"
                " messages by Mixpanel (mixpanel_STATUS).",
                tuple(({"reason": reason}, count) for reason, count in sorted(meter.refused.items())),
            ),
            family(
                "segtap_uncertain_messages_total", "counter",
                "Messages of which it cannot be known whether Mixpanel has them.", meter.uncertain,
            ),
            family(
                "segtap_uncertain_messages", "gauge",
                "Messages in the journal that are uncertain.", counts.uncertain,
            ),
            family(
                "segtap_stuck_messages", "gauge",
                "Messages set aside after repeated 5xx answers, tried again later.", counts.stuck,
            ),
            family(
                "segtap_backlog_messages", "gauge",
                "Messages owed to Mixpanel: waiting, stuck or held.", counts.owed,
            ),
            family(
                "segtap_oldest_owed_seconds", "gauge",
                "How long ago the oldest message that is to be sent was received; 0 if there is none.", age,
            ),
            family(
                "segtap_unlisted_messages", "gauge",
                "Messages received that are not in the index yet.", self._indexer.waiting,
            ),
            family(
                "segtap_journal_bytes", "gauge", "Bytes that the journal takes.", self._stores.size(),
            ),
            family(
                "segtap_forwarding", "gauge",
                "1 while forwarding is on and not halted.", int(self._switch.on and not self._switch.halted),
            ),
            Family(
                "segtap_journal_messages", "gauge",
                "Messages in the journal, by the state of their delivery.",
                tuple(({"delivery": state.value}, getattr(counts, state.value)) for state in DeliveryState),
            ),
            family(
                "segtap_acknowledge_seconds", "histogram",
                "From the receipt of a request until it was on disk and acknowledged.", meter.acknowledged,
            ),
            family(
                "segtap_judge_seconds", "histogram",
                "From the receipt of a message until it was listed with its verdict.", meter.judged,
            ),
            family(
                "segtap_deliver_seconds", "histogram",
                "From the receipt of a message until Mixpanel had accepted it.", meter.delivered,
            ),
        )  # fmt: skip
        return exposition(families, meter.started_at / 1000)
