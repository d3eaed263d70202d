"""What tests get from an engine: the messages that match a filter, and those that almost do."""

from __future__ import annotations

import msgspec

from ..delivery import DeliveryState
from ..errors import SegtapError
from ..messages import JsonObject, Marks
from ..verdict import Finding, Stage, Verdict

MOST_MATCHES = 1_000
"""The most messages of one answer."""
MOST_NEAR = 10
"""The most of those in it that almost match."""


class WhyNotSent(msgspec.Struct, frozen=True):
    """The reason why nothing is sent for a message, the stage that stops it and the path that decides."""

    stage: Stage
    path: str
    why: str


def why_not_sent(verdict: Verdict, refused: str | None, marks: int) -> WhyNotSent | None:
    """Return why nothing is sent to Mixpanel for a message, None if a request is.

    `refused` says why its request was, if it was; `marks` are those of its line.
    """
    translation = verdict.translation
    if refused is not None:
        return WhyNotSent("segment", "$", refused)
    if translation.not_sent is not None:
        stopped = translation.not_sent
        return WhyNotSent(stopped.stage, stopped.path, stopped.reason)
    if verdict.fault:
        return WhyNotSent("", "$", verdict.fault)
    if translation.operations:
        return None
    if marks & Marks.SECOND_RECEIPT:
        return WhyNotSent("segment", "$.messageId", "Segment drops this copy: its messageId came before")
    why = translation.rejected or (
        "no subscription takes the message" if translation.unmatched else "no request is made of it"
    )
    return WhyNotSent("subscriptions", "$", why)


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A message that matches, and what becomes of it.

    `message` is as Segment would hand it on; None for a request that was refused. `requests` and `warnings`
    have the form of `segtap translate`. `not_sent` is None if there is a request.
    """

    message: JsonObject | None
    requests: tuple[JsonObject, ...]
    warnings: tuple[Finding, ...]
    not_sent: WhyNotSent | None
    delivery: DeliveryState


class Near(msgspec.Struct, frozen=True, rename="camel"):
    """A message that almost matches. `failed` is the first condition that it fails, and what it has there."""

    message_id: str
    failed: str


class Matches(msgspec.Struct, frozen=True, omit_defaults=True):
    """Messages since the last reset, oldest first.

    `matched` is given only if more match than are in `messages`, the oldest 1,000: it counts all of them.
    """

    messages: tuple[Match, ...]
    near: tuple[Near, ...]
    matched: int = 0

    @property
    def count(self) -> int:
        """How many messages match."""
        return self.matched or len(self.messages)


class Unmet(SegtapError):
    """What a test waits for or expects did not come true in time; `matches` is what is there instead."""

    title = "Not as expected"

    def __init__(self, matches: Matches) -> None:
        super().__init__(f"{matches.count} messages match.")
        self.matches = matches
