"""What tests get from an engine: the messages that match a filter, and those that almost do."""

from __future__ import annotations

import msgspec

from ..delivery import DeliveryState
from ..errors import SegtapError
from ..messages import JsonObject
from ..verdict import Finding, Stage

MOST_MATCHES = 1_000
"""The most messages of one answer."""
MOST_NEAR = 10
"""The most of those in it that almost match."""


class WhyNotSent(msgspec.Struct, frozen=True):
    """The reason why nothing is sent for a message, the stage that stops it and the path that decides."""

    stage: Stage
    path: str
    why: str


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
