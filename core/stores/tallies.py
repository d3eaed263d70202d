"""The messages of a journal in numbers: by event, by rule and over time. Pure.

`tallies_of` counts rows one by one. A store may keep the same totals in tables of its own, by the minute.
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter, neg

import msgspec

from ..messages import RAW_TYPE, Marks
from ..verdict import Severity

MINUTE = 60_000
"""Milliseconds of the stretches in which a store counts messages over time."""
FINE = 20_000
"""Up to this many lines they are counted one by one, and over time in stretches shorter than a minute."""
UNKNOWN = "?"
"""The type of messages whose type is not one of Segment's."""
OTHER_RULES = 5
"""Events that are listed for a rule."""

_REFUSED = int(Marks.REFUSED)

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

    `first` and `last` are ids, `since` and `until` times (ms). `keys` counts lines by write key. `missing`
    lines are not counted yet. `events` are those with the most errors, warnings and messages, of
    `events_total`. The times begin at a multiple of `step` and count messages, errors and warnings for all,
    and messages for each rule and listed event.
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
    keys: Mapping[str, int] = {}
    events: tuple[EventTally, ...] = ()
    events_total: int = 0
    rules: tuple[RuleTally, ...] = ()
    times: Mapping[int, tuple[int, int, int]] = {}
    rule_times: Mapping[str, Mapping[int, int]] = {}
    event_times: Mapping[EventKey, Mapping[int, int]] = {}


class Line(msgspec.Struct, frozen=True):
    """What is counted of a message or a refused request. `rules` are those with a finding, each once."""

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
    write_key: str = ""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """The lines that fulfil a condition, of `looked` lines next to one another with ids `first` to `last`.

    `severities` has the worst severity that each rule has had in the journal.
    """

    lines: tuple[Line, ...] = ()
    severities: Mapping[str, Severity] = {}
    looked: int = 0
    first: int = 0
    last: int = 0


def counted_as(type: str, name: str, event: str, *, refused: bool) -> EventKey:
    """Return the type and name under which a message is counted.

    Calls that are about a user or a group are counted by their type: their names in the list are those of
    people. So are pages and screens without a name.
    """
    if not type:
        return "" if refused else UNKNOWN, name
    if type == "track":
        return type, name
    return type, event if type in ("page", "screen", RAW_TYPE) else ""


class _Newest:
    """The highest ids of those that are put in, in any order."""

    __slots__ = ("ids", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.ids: list[int] = []

    def put(self, id: int) -> None:
        ids = self.ids
        if ids and id < ids[-1]:
            if len(ids) < self.most:
                insort(ids, id, key=neg)
            return
        if len(ids) >= self.most:
            ids.pop()
        insort(ids, id, key=neg)


class _Event:
    __slots__ = ("delivery", "errors", "messages", "newest", "rules", "silent", "times", "warnings")

    def __init__(self, newest: int) -> None:
        self.messages = self.errors = self.warnings = self.silent = 0
        self.newest = _Newest(newest)
        self.delivery: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.times: Counter[int] = Counter()

    def sums(self) -> tuple[int, int, int]:
        return self.messages, self.errors, self.warnings


class _Rule:
    __slots__ = ("events", "first", "last", "messages", "newest", "times")

    def __init__(self, first: int, newest: int) -> None:
        self.messages = 0
        self.first = self.last = first
        self.newest = _Newest(newest)
        self.events: Counter[EventKey] = Counter()
        self.times: Counter[int] = Counter()


class LineCounts:
    """Counts lines one by one, in any order. `newest` bounds the ids that are kept for events and rules.

    Stretches of time become longer as the lines spread: `step_of` chooses how long, each a multiple of the
    one before.
    """

    def __init__(self, step_of: StepOf, newest: int) -> None:
        self._step_of = step_of
        self._newest = newest
        self._step = 0
        self._lines = self._refused = self._errors = self._warnings = 0
        self._first = self._last = self._since = self._until = 0
        self._events: dict[EventKey, _Event] = {}
        self._rules: dict[str, _Rule] = {}
        self._times: dict[int, list[int]] = {}
        self._keys: Counter[str] = Counter()

    def add(self, line: Line) -> None:
        """Count a line."""
        refused = bool(line.marks & _REFUSED)
        key = counted_as(line.type, line.name, line.event, refused=refused)
        start = self._start(line)
        bad = line.errors > 0
        warned = not bad and line.warnings > 0
        event = self._events.get(key)
        if event is None:
            event = self._events[key] = _Event(self._newest)
        event.messages += 1
        event.errors += bad
        event.warnings += warned
        event.silent += line.sent is False and not refused
        event.newest.put(line.id)
        event.delivery[line.delivery] += 1
        event.times[start] += 1
        slot = self._times.setdefault(start, [0, 0, 0])
        slot[0] += 1
        slot[1] += bad
        slot[2] += warned
        self._lines += 1
        self._refused += refused
        self._errors += bad
        self._warnings += warned
        self._keys[line.write_key] += 1
        for name in line.rules:
            rule = self._rules.get(name)
            if rule is None:
                rule = self._rules[name] = _Rule(line.received_at, self._newest)
            rule.messages += 1
            rule.first, rule.last = min(rule.first, line.received_at), max(rule.last, line.received_at)
            rule.newest.put(line.id)
            rule.events[key] += 1
            rule.times[start] += 1
            event.rules[name] += 1

    def _start(self, line: Line) -> int:
        """Return the start of the stretch that a line belongs to."""
        at = line.received_at
        if not self._lines:
            self._first = self._last = line.id
            self._since = self._until = at
            self._step = self._step_of(at, at, True)
        self._first, self._last = min(self._first, line.id), max(self._last, line.id)
        if not self._since <= at <= self._until:
            self._since, self._until = min(self._since, at), max(self._until, at)
            step = self._step_of(self._since, self._until, True)
            if step > self._step:
                self._join(step)
        return at - at % self._step

    def _join(self, step: int) -> None:
        self._step = step
        times: dict[int, list[int]] = {}
        for start, counts in self._times.items():
            slot = times.setdefault(start - start % step, [0, 0, 0])
            for at, count in enumerate(counts):
                slot[at] += count
        self._times = times
        for one in (*self._events.values(), *self._rules.values()):
            joined: Counter[int] = Counter()
            for start, count in one.times.items():
                joined[start - start % step] += count
            one.times = joined

    def tallies(self, severities: Mapping[str, Severity], events: int) -> Tallies:
        """Return what was counted so far, with at most so many events."""
        if not self._lines:
            return Tallies()
        listed = heapq.nsmallest(
            events, self._events.items(), key=lambda one: event_order(*one[0], *one[1].sums())
        )
        return Tallies(
            messages=self._lines - self._refused,
            refused=self._refused,
            errors=self._errors,
            warnings=self._warnings,
            first=self._first,
            last=self._last,
            since=self._since,
            until=self._until,
            step=self._step,
            keys=dict(self._keys),
            events=tuple(
                EventTally(
                    *key, *one.sums(), one.silent, tuple(one.newest.ids), dict(one.delivery), dict(one.rules)
                )
                for key, one in listed
            ),
            events_total=len(self._events),
            rules=tuple(
                RuleTally(
                    name,
                    severities.get(name, "info"),
                    one.messages,
                    one.first,
                    one.last,
                    tuple(one.newest.ids),
                    tuple(top_events(one.events.items())),
                )
                for name, one in self._rules.items()
            ),
            times={start: (slot[0], slot[1], slot[2]) for start, slot in self._times.items()},
            rule_times={name: dict(one.times) for name, one in self._rules.items()},
            event_times={key: dict(one.times) for key, one in listed},
        )


def tallies_of(
    lines: Iterable[Line], severities: Mapping[str, Severity], step_of: StepOf, events: int, newest: int
) -> Tallies:
    """Count lines. `events` and `newest` bound what is listed."""
    counts = LineCounts(step_of, newest)
    for line in lines:
        counts.add(line)
    return counts.tallies(severities, events)


def event_order(type: str, event: str, messages: int, errors: int, warnings: int) -> tuple[object, ...]:
    """Return the key by which events are sorted: most errors, warnings and messages first."""
    return -errors, -warnings, -messages, (type, event)


def top_events(shares: Iterable[tuple[EventKey, int]]) -> list[tuple[EventKey, int]]:
    """Return the events with the most messages."""
    return heapq.nlargest(OTHER_RULES, shares, key=itemgetter(1))
