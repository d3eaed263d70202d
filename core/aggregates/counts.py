"""The newest messages in numbers: which rules they trip, which events they are, and when they came. Pure.

`OverviewCounts` takes messages one by one and gives an `Overview` at any time; its memory is bounded by the
messages that it is given, and by the rules.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping

from ..api.models import Coverage, Summary
from ..delivery import DeliveryState
from ..messages import Json, JsonObject
from ..verdict import SEVERITY_WEIGHT, Severity, Verdict
from .model import UNKNOWN, EventCount, EventShare, Overview, RuleCount, RuleShare, Slot

STEPS = (
    *(second * 1_000 for second in (1, 5, 10, 30)),
    *(minute * 60_000 for minute in (1, 5, 10, 30)),
    *(hour * 3_600_000 for hour in (1, 3, 6, 12)),
    *(day * 86_400_000 for day in (1, 7, 28, 364, 3_640)),
)
"""Milliseconds that a slot may last. Each is a multiple of the one before, so that slots can be joined."""
MOST_SLOTS = 120
MOST_EVENTS = 200
"""Events in an `Overview`: those with the most errors, warnings and messages."""
NEWEST = 5
"""Messages that are named for a rule and for an event."""
TOP = 5
"""Events named for a rule, and rules for an event."""


_Key = tuple[str, str]


class _Rule:
    __slots__ = ("events", "first", "last", "messages", "newest", "severity", "times")

    def __init__(self, severity: Severity, at: int) -> None:
        self.severity: Severity = severity
        self.messages = 0
        self.first = self.last = at
        self.newest: deque[int] = deque(maxlen=NEWEST)
        self.times: Counter[int] = Counter()
        self.events: Counter[_Key] = Counter()


class _Event:
    __slots__ = ("delivery", "errors", "messages", "newest", "rules", "silent", "times", "warnings")

    def __init__(self) -> None:
        self.messages = self.errors = self.warnings = self.silent = 0
        self.delivery: Counter[DeliveryState] = Counter()
        self.newest: deque[int] = deque(maxlen=NEWEST)
        self.times: Counter[int] = Counter()
        self.rules: Counter[str] = Counter()


class OverviewCounts:
    """Takes messages in the order of their ids."""

    def __init__(self) -> None:
        self.messages = self.refused = 0
        self.first = self.last = 0
        self._since = self._until = 0
        self._level = 0
        self._rules: dict[str, _Rule] = {}
        self._events: dict[_Key, _Event] = {}
        self._all: Counter[int] = Counter()
        self._errors: Counter[int] = Counter()
        self._warnings: Counter[int] = Counter()
        self._stands: dict[int, tuple[_Event, DeliveryState]] = {}

    def add(self, line: Summary, document: JsonObject, verdict: Verdict) -> None:
        """Count a message, or a refused request (with no document and an empty verdict)."""
        at = self._moment(line)
        bad = line.refused or verdict.errors > 0
        warned = not bad and verdict.warnings > 0
        if line.refused:
            self.refused += 1
        else:
            self.messages += 1
        key = event_of(line, document)
        event = self._events.get(key)
        if event is None:
            event = self._events[key] = _Event()
        event.messages += 1
        event.errors += bad
        event.warnings += warned
        event.silent += not (line.refused or verdict.translation.operations)
        event.delivery[line.delivery] += 1
        event.newest.appendleft(line.id)
        event.times[at] += 1
        self._stands[line.id] = event, line.delivery
        self._all[at] += 1
        if bad:
            self._errors[at] += 1
        elif warned:
            self._warnings[at] += 1
        self._trip(line, at, key, event, verdict)

    def _trip(self, line: Summary, at: int, key: _Key, event: _Event, verdict: Verdict) -> None:
        tripped: dict[str, Severity] = {}
        for finding in verdict.findings:
            before = tripped.get(finding.rule)
            if before is None or SEVERITY_WEIGHT[finding.severity] < SEVERITY_WEIGHT[before]:
                tripped[finding.rule] = finding.severity
        for name, severity in tripped.items():
            rule = self._rules.get(name)
            if rule is None:
                rule = self._rules[name] = _Rule(severity, line.received_at)
            elif SEVERITY_WEIGHT[severity] < SEVERITY_WEIGHT[rule.severity]:
                rule.severity = severity
            rule.messages += 1
            rule.last = line.received_at
            rule.newest.appendleft(line.id)
            rule.times[at] += 1
            rule.events[key] += 1
            event.rules[name] += 1

    def _moment(self, line: Summary) -> int:
        """The start of the message's slot; slots are joined when there would be too many of them."""
        at = line.received_at
        if not self.last:
            self.first, self._since, self._until = line.id, at, at
        self.last = line.id
        self._since, self._until = min(self._since, at), max(self._until, at)
        while self._level < len(STEPS) - 1 and self._slots() > MOST_SLOTS:
            self._join()
        return at - at % STEPS[self._level]

    def _slots(self) -> int:
        step = STEPS[self._level]
        return self._until // step - self._since // step + 1

    def _join(self) -> None:
        self._level += 1
        self._all, self._errors, self._warnings = map(self._joined, (self._all, self._errors, self._warnings))
        for one in (*self._rules.values(), *self._events.values()):
            one.times = self._joined(one.times)

    def _joined(self, times: Mapping[int, int]) -> Counter[int]:
        step = STEPS[self._level]
        joined: Counter[int] = Counter()
        for start, count in times.items():
            joined[start - start % step] += count
        return joined

    def delivered(self, id: int, state: DeliveryState) -> None:
        """A message's delivery moved on; one that is not covered is left alone."""
        known = self._stands.get(id)
        if known is None:
            return
        event, before = known
        event.delivery[before] -= 1
        event.delivery[state] += 1
        self._stands[id] = event, state

    def coverage(self, *, older: bool = False, behind: int = 0) -> Coverage:
        """Which messages were counted; see `Coverage` for what is given."""
        return Coverage(
            messages=self.messages,
            refused=self.refused,
            first=self.first,
            last=self.last,
            since=self._since,
            until=self._until,
            older=older,
            behind=behind,
        )

    def overview(self, covered: Coverage | None = None) -> Overview:
        """All of it so far."""
        step = STEPS[self._level]
        starts = range(self._since - self._since % step, self._until + 1, step) if self.last else range(0)
        rules = sorted(
            self._rules.items(), key=lambda one: (SEVERITY_WEIGHT[one[1].severity], -one[1].messages, one[0])
        )
        events = sorted(
            self._events.items(),
            key=lambda one: (-one[1].errors, -one[1].warnings, -one[1].messages, one[0]),
        )
        return Overview(
            covered=covered or self.coverage(),
            errors=self._errors.total(),
            warnings=self._warnings.total(),
            step=step,
            slots=tuple(
                Slot(start, self._all[start], self._errors[start], self._warnings[start]) for start in starts
            ),
            rules=tuple(_rule_count(name, rule, starts) for name, rule in rules),
            events=tuple(self._event_count(key, event, starts) for key, event in events[:MOST_EVENTS]),
            events_total=len(events),
        )

    def _event_count(self, key: _Key, event: _Event, starts: range) -> EventCount:
        rules = sorted(
            (RuleShare(name, self._rules[name].severity, count) for name, count in event.rules.items()),
            key=lambda one: (SEVERITY_WEIGHT[one.severity], -one.messages, one.rule),
        )
        return EventCount(
            type=key[0],
            name=key[1],
            messages=event.messages,
            errors=event.errors,
            warnings=event.warnings,
            silent=event.silent,
            delivery={state: count for state, count in event.delivery.items() if count},
            newest=tuple(event.newest),
            slots=tuple(event.times[start] for start in starts),
            rules=tuple(rules[:TOP]),
        )


def _rule_count(name: str, rule: _Rule, starts: range) -> RuleCount:
    return RuleCount(
        rule=name,
        severity=rule.severity,
        messages=rule.messages,
        first=rule.first,
        last=rule.last,
        newest=tuple(rule.newest),
        slots=tuple(rule.times[start] for start in starts),
        events=tuple(EventShare(*key, count) for key, count in rule.events.most_common(TOP)),
    )


def event_of(line: Summary, document: JsonObject) -> tuple[str, str]:
    """The type and name under which a message is counted.

    Calls that are about a user or a group are counted by their type: their names in the list are those of
    people. So are pages and screens without a name: what the list shows for them is their path.
    """
    if not line.type:
        return "" if line.refused else UNKNOWN, line.name
    if line.type == "track":
        return line.type, line.name
    if line.type in ("page", "screen"):
        properties = document.get("properties")
        inner: Json = properties.get("name") if isinstance(properties, dict) else None
        return line.type, line.name if document.get("name") or inner else ""
    return line.type, ""
