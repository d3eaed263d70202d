"""Every rule, as data: what it is, why it matters, how to mend it, where that is documented."""

from __future__ import annotations

from .rule import Rule

_SEGMENT_API = "https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/"

SEGMENT_WOULD_REJECT = Rule(
    id="segment-would-reject",
    severity="error",
    what="Segment would refuse the message",
    why="It never reaches Mixpanel: Segment answers 400, or drops it after answering 200.",
    fix="send what Segment's Tracking API takes: valid JSON, 32 KB a message at most",
    source=_SEGMENT_API,
)
SEGMENT_WOULD_CHANGE = Rule(
    id="segment-would-change",
    severity="info",
    what="Segment would hand the message on otherwise than it is read here",
    why="A value depends on Segment's servers, or is replaced by them.",
    fix="nothing, when that is what you expect",
    source=_SEGMENT_API,
)
SECOND_RECEIPT = Rule(
    id="second-receipt",
    severity="info",
    what="The same messageId came before within 24 hours",
    why="Segment drops repeated messageIds, so that a retry counts once.",
    fix="nothing, when this is a retry; a new event needs a new messageId",
    source=_SEGMENT_API,
)
RULES: tuple[Rule, ...] = (SEGMENT_WOULD_REJECT, SEGMENT_WOULD_CHANGE, SECOND_RECEIPT)
