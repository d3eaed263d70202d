"""The table of all metrics: what Prometheus reads, and what goes to an OpenTelemetry Collector. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from ..delivery import DeliveryState
from .exposition import Family, Value, family
from .meter import Meter


class RouteReading(NamedTuple):
    """One of `[[routes]]`: what came of it since the start, and what is owed to it now.

    A route to Mixpanel counts messages, a mirror and an archive whole requests.
    """

    name: str
    kind: str
    sent: int
    refused: int
    uncertain: int
    owed: int
    oldest: float


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of an engine at one moment, beside its meter.

    `deliveries` are messages in the journal by the state of their delivery; `oldest` is the age of the oldest
    message that is to be sent, in seconds. `routes` are those of `[[routes]]`.
    """

    version: str
    deliveries: dict[DeliveryState, int]
    owed: int
    oldest: float
    unlisted: int
    journal_bytes: int
    forwarding: bool
    routes: tuple[RouteReading, ...] = ()


def families(meter: Meter, now: Readings) -> tuple[Family, ...]:
    """Return every metric with its values; those by route where there are `[[routes]]`."""
    return (
        Family("segtap_build_info", "gauge", "The version.", (({"version": now.version}, 1),)),
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
            "Messages in the journal that are uncertain.", now.deliveries[DeliveryState.UNCERTAIN],
        ),
        family(
            "segtap_stuck_messages", "gauge",
            "Messages set aside after repeated 5xx answers, tried again later.",
            now.deliveries[DeliveryState.STUCK],
        ),
        family(
            "segtap_backlog_messages", "gauge",
            "Messages owed to Mixpanel: waiting, stuck or held.", now.owed,
        ),
        family(
            "segtap_oldest_owed_seconds", "gauge",
            "How long ago the oldest message that is to be sent was received; 0 if there is none.",
            now.oldest,
        ),
        family(
            "segtap_unlisted_messages", "gauge",
            "Messages received that are not in the index yet.", now.unlisted,
        ),
        family(
            "segtap_journal_bytes", "gauge", "Bytes that the journal takes.", now.journal_bytes,
        ),
        family(
            "segtap_forwarding", "gauge",
            "1 while forwarding is on and not halted.", int(now.forwarding),
        ),
        Family(
            "segtap_journal_messages", "gauge",
            "Messages in the journal, by the state of their delivery.",
            tuple(({"delivery": state.value}, count) for state, count in now.deliveries.items()),
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
        *(_by_route(now.routes) if now.routes else ()),
    )  # fmt: skip


def _by_route(routes: tuple[RouteReading, ...]) -> tuple[Family, ...]:
    what = "messages of a route to Mixpanel, requests of a mirror or an archive"

    def made(
        name: str, kind: Literal["counter", "gauge"], words: str, of: Callable[[RouteReading], Value]
    ) -> Family:
        values = tuple(({"route": one.name, "kind": one.kind}, of(one)) for one in routes)
        return Family(f"segtap_route_{name}", kind, words, values)

    return (
        made("sent_total", "counter", f"Accepted: {what}.", lambda one: one.sent),
        made("refused_total", "counter", f"Refused by the other side: {what}.", lambda one: one.refused),
        made(
            "uncertain_total", "counter",
            "Messages of which it cannot be known whether Mixpanel has them.", lambda one: one.uncertain,
        ),
        made("backlog", "gauge", f"Owed: {what}.", lambda one: one.owed),
        made(
            "oldest_owed_seconds", "gauge",
            "How long ago the oldest that is to be sent was received; 0 if there is none.",
            lambda one: one.oldest,
        ),
    )  # fmt: skip
