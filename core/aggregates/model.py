"""What the summary and the groups screen show: small, frozen values that an engine makes for viewers."""

from __future__ import annotations

from typing import Literal

import msgspec

from ..api.models import Coverage
from ..delivery import DeliveryState
from ..modes import Mode
from ..settings import DestinationKind
from ..verdict import Severity

UNKNOWN = "?"
"""The type shown for messages whose type is not one of Segment's."""

Standing = Literal["yes", "partly", "no", "unknown"]
Part = Literal["key agreed", "group profile", "key on user profile", "key on events"]
AN_ID = "an id as Group Key"
"""Shown in place of the key where each group makes a key of its own."""


class Slot(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of time that begins at `start` (ms).

    `errors` counts messages with an error, `warnings` those with warnings only.
    """

    start: int
    messages: int
    errors: int
    warnings: int


class EventShare(msgspec.Struct, frozen=True, array_like=True):
    """The number of a rule's messages that are of one event."""

    type: str
    name: str
    messages: int


class RuleShare(msgspec.Struct, frozen=True, array_like=True):
    """The number of an event's messages that have a finding of one rule."""

    rule: str
    severity: Severity
    messages: int


class RuleCount(msgspec.Struct, frozen=True, kw_only=True):
    """One rule with findings. `messages` counts the messages that have one, between `first` and `last` (ms).

    `severity` is the worst among its findings, `newest` lists the newest message ids, newest first. `slots`
    counts messages for each slot of the `Overview`; `events` are the events with the most findings.
    """

    rule: str
    severity: Severity
    messages: int
    first: int
    last: int
    newest: tuple[int, ...]
    slots: tuple[int, ...]
    events: tuple[EventShare, ...]


class EventCount(msgspec.Struct, frozen=True, kw_only=True):
    """One event: a track's event, a page's or screen's name, or all calls of another type (`name` "").

    For refused requests `type` is "" and `name` the reason. For messages of a type that Segment does not
    have, `type` is `UNKNOWN` and `name` the type as sent. `errors` counts messages with an error, `warnings`
    those with warnings only, `silent` those of which Segment sends nothing. `delivery` counts messages by
    state. `modes` are the connection modes in which events of this name came, of this type or another.
    """

    type: str
    name: str
    messages: int
    errors: int
    warnings: int
    silent: int
    delivery: dict[DeliveryState, int]
    newest: tuple[int, ...]
    slots: tuple[int, ...]
    rules: tuple[RuleShare, ...]
    modes: tuple[Mode, ...] = ()


class SourceCount(msgspec.Struct, frozen=True):
    """The number of messages and refused requests of one source.

    `source` is its name in `[[sources]]`, else its write key.
    """

    source: str
    messages: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Messages in numbers; `covered` says which.

    `errors` counts messages and refused requests with an error, `warnings` those with warnings only. `slots`
    follow one another without a gap, `step` milliseconds each. `rules` lists errors first, then by count.
    `events` holds the most frequent of `events_total` events, `sources` those with the most messages.
    """

    covered: Coverage = Coverage()
    errors: int = 0
    warnings: int = 0
    step: int = 1_000
    slots: tuple[Slot, ...] = ()
    rules: tuple[RuleCount, ...] = ()
    events: tuple[EventCount, ...] = ()
    events_total: int = 0
    sources: tuple[SourceCount, ...] = ()


class ValueCount(msgspec.Struct, frozen=True, array_like=True):
    """A value of a filter's field, and how many messages have it; for `user`, how many events Mixpanel got.

    `count` is None where it is not counted.
    """

    text: str
    count: int | None = None


class FieldValues(msgspec.Struct, frozen=True):
    """Values that a field of the filter language has in the journal, those that fit best first."""

    field: str
    values: tuple[ValueCount, ...] = ()


class PartCheck(msgspec.Struct, frozen=True):
    """The state of one of the four parts, the messages that show it, and what to do about it.

    `severity` is that of the rule that reports the problem; None if nothing is wrong or nothing is known.
    """

    part: Part
    standing: Standing
    words: str
    messages: tuple[int, ...] = ()
    fix: str = ""
    severity: Severity | None = None


class EventCoverage(msgspec.Struct, frozen=True):
    """The number of times that an event carried the key, and lacked it for a user in a group."""

    event: str
    carrying: int
    lacking: int


class GroupKeyCheck(msgspec.Struct, frozen=True):
    """The four parts of one group key, and the events with and without it.

    `named` is False if `key` is not a group key because each group makes one of its own.
    """

    key: str
    parts: tuple[PartCheck, ...]
    events: tuple[EventCoverage, ...]
    named: bool = True

    @property
    def good(self) -> bool:
        """True if all parts are in place."""
        return all(part.standing == "yes" for part in self.parts)


class Groups(msgspec.Struct, frozen=True, kw_only=True):
    """The state of Group Analytics. `known` lists Mixpanel's keys from the settings; None if unknown.

    `in_use` is True if anything shows that groups are used. `covered` says which messages were read.
    `written` are the keys that the destination writes by its settings. `likely` is the trait that names the
    group in a call that the destination ignored, or "".
    """

    keys: tuple[GroupKeyCheck, ...] = ()
    in_use: bool = False
    known: tuple[str, ...] | None = None
    group_calls: int = 0
    covered: Coverage = Coverage()
    destination: DestinationKind = "actions"
    written: tuple[str, ...] = ()
    likely: str = ""
