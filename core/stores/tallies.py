"""The messages of a journal in numbers: by event, by rule and over time. Pure.

`tallies_of` counts rows one by one. A store may keep the same totals in tables of its own, by the minute.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter

import msgspec

from ..messages import Marks
from ..verdict import Severity

MINUTE = 60_000
"""Milliseconds of the stretches in which a store counts messages over time."""
FINE = 20_000
"""Up to this many lines they are counted one by one, and over time in stretches shorter than a minute."""
UNKNOWN = "?"
"""The type of messages whose type is not one of Segment's."""
OTHER_RULES = 5
"""Events that are listed for a rule."""

EventKey = tuple[str, str]
StepOf = Callable[[int, int, bool], int]
"""The length of a stretch (ms) for messages between two times; the third says if it may be below a minute."""


class EventTally(msgspec.Struct, frozen=True):
    """The messages of one event. `warnings` counts those without an error, `silent` those that are not sent.

    `delivery` counts them by state, `rules` those with a finding of each rule.
    """

    type: str
    event: str
    messages: int
    errors: int
    warnings: int
    silent: int
    newest: tuple[int, ...]
    delivery: Mapping[str, int]
    rules: Mapping[str, int]


class RuleTally(msgspec.Struct, frozen=True):
    """The messages with a finding of one rule, between `first` and `last` (ms), and their shares by event."""

    rule: str
    severity: Severity
    messages: int
    first: int
    last: int
    newest: tuple[int, ...]
    events: tuple[tuple[EventKey, int], ...]


class Tallies(msgspec.Struct, frozen=True, kw_only=True):
    """A whole journal in numbers.

    `first` and `last` are ids, `since` and `until` times (ms). `missing` lines are not counted yet. `events`
    are those with the most errors, warnings and messages, of `events_total`. The times begin at a multiple of
    `step` and count messages, errors and warnings for all, and messages for each rule and listed event.
    """

    messages: int = 0
    refused: int = 0
    errors: int = 0
    warnings: int = 0
    missing: int = 0
    first: int = 0
    last: int = 0
    since: int = 0
    until: int = 0
    step: int = 1_000
    events: tuple[EventTally, ...] = ()
    events_total: int = 0
    rules: tuple[RuleTally, ...] = ()
    times: Mapping[int, tuple[int, int, int]] = {}
    rule_times: Mapping[str, Mapping[int, int]] = {}
    event_times: Mapping[EventKey, Mapping[int, int]] = {}


class Line(msgspec.Struct, frozen=True):
    """What is counted of a message or a refused request."""

    id: int
    received_at: int
    type: str
    name: str
    event: str
    marks: int
    errors: int
    warnings: int
    delivery: str
    sent: bool | None
    rules: Sequence[str]


def counted_as(type: str, name: str, event: str, *, refused: bool) -> EventKey:
    """Return the type and name under which a message is counted.

    Calls that are about a user or a group are counted by their type: their names in the list are those of
    people. So are pages and screens without a name.
    """
    if not type:
        return "" if refused else UNKNOWN, name
    if type == "track":
        return type, name
    return type, event if type in ("page", "screen") else ""


class _Event:
    __slots__ = ("delivery", "errors", "messages", "newest", "rules", "silent", "times", "warnings")

    def __init__(self, newest: int) -> None:
        self.messages = self.errors = self.warnings = self.silent = 0
        self.newest: deque[int] = deque(maxlen=newest)
        self.delivery: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.times: Counter[int] = Counter()


class _Rule:
    __slots__ = ("events", "first", "last", "messages", "newest", "times")

    def __init__(self, first: int, newest: int) -> None:
        self.messages = 0
        self.first = self.last = first
        self.newest: deque[int] = deque(maxlen=newest)
        self.events: Counter[EventKey] = Counter()
        self.times: Counter[int] = Counter()


def tallies_of(
    lines: Sequence[Line], severities: Mapping[str, Severity], step_of: StepOf, events: int, newest: int
) -> Tallies:
    """Count lines, which are in the order of their ids. `events` and `newest` bound what is listed."""
    if not lines:
        return Tallies()
    since, until = min(line.received_at for line in lines), max(line.received_at for line in lines)
    step = step_of(since, until, True)
    by_event: dict[EventKey, _Event] = {}
    by_rule: dict[str, _Rule] = {}
    times: dict[int, list[int]] = {}
    refused = errors = warnings = 0
    for line in lines:
        is_refused = bool(line.marks & Marks.REFUSED)
        key = counted_as(line.type, line.name, line.event, refused=is_refused)
        start = line.received_at - line.received_at % step
        bad = line.errors > 0
        warned = not bad and line.warnings > 0
        event = by_event.get(key)
        if event is None:
            event = by_event[key] = _Event(newest)
        event.messages += 1
        event.errors += bad
        event.warnings += warned
        event.silent += line.sent is False and not is_refused
        event.newest.appendleft(line.id)
        event.delivery[line.delivery] += 1
        event.times[start] += 1
        slot = times.setdefault(start, [0, 0, 0])
        slot[0] += 1
        slot[1] += bad
        slot[2] += warned
        refused += is_refused
        errors += bad
        warnings += warned
        for name in line.rules:
            rule = by_rule.get(name)
            if rule is None:
                rule = by_rule[name] = _Rule(line.received_at, newest)
            rule.messages += 1
            rule.last = line.received_at
            rule.newest.appendleft(line.id)
            rule.events[key] += 1
            rule.times[start] += 1
            event.rules[name] += 1
    listed = heapq.nsmallest(events, by_event.items(), key=lambda one: event_order(*one[0], *_sums(one[1])))
    return Tallies(
        messages=len(lines) - refused,
        refused=refused,
        errors=errors,
        warnings=warnings,
        first=lines[0].id,
        last=lines[-1].id,
        since=since,
        until=until,
        step=step,
        events=tuple(
            EventTally(*key, *_sums(one), one.silent, tuple(one.newest), one.delivery, one.rules)
            for key, one in listed
        ),
        events_total=len(by_event),
        rules=tuple(
            RuleTally(
                name,
                severities.get(name, "info"),
                one.messages,
                one.first,
                one.last,
                tuple(one.newest),
                tuple(top_events(one.events.items())),
            )
            for name, one in by_rule.items()
        ),
        times={start: (slot[0], slot[1], slot[2]) for start, slot in times.items()},
        rule_times={name: one.times for name, one in by_rule.items()},
        event_times={key: one.times for key, one in listed},
    )


def event_order(type: str, event: str, messages: int, errors: int, warnings: int) -> tuple[object, ...]:
    """Return the key by which events are sorted: most errors, warnings and messages first."""
    return -errors, -warnings, -messages, (type, event)


def top_events(shares: Iterable[tuple[EventKey, int]]) -> list[tuple[EventKey, int]]:
    """Return the events with the most messages."""
    return heapq.nlargest(OTHER_RULES, shares, key=itemgetter(1))


def _sums(event: _Event) -> tuple[int, int, int]:
    return event.messages, event.errors, event.warnings
