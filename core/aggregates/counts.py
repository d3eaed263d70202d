"""The summary of many messages: rules, events and time, made from the totals that a store keeps. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ..api.models import Coverage
from ..delivery import DeliveryState
from ..messages import RAW_TYPE
from ..modes import Mode
from ..stores.tallies import MINUTE, EventKey, EventTally, RuleTally, Tallies
from ..verdict import SEVERITY_WEIGHT, Severity
from .model import EventCount, EventShare, Overview, RuleCount, RuleShare, Slot, SourceCount

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
MOST_SOURCES = 200
"""Sources in an `Overview`: those with the most messages."""
NEWEST = 5
"""Messages that are named for a rule and for an event."""
TOP = 5
"""Events named for a rule, and rules for an event."""

_STATES = {str(state): state for state in DeliveryState}


def step_of(since: int, until: int, fine: bool) -> int:
    """Return how long a slot lasts, so that there are few between two times (ms).

    If not `fine`, it is a minute or longer.
    """
    for step in STEPS:
        if (fine or step >= MINUTE) and until // step - since // step < MOST_SLOTS:
            return step
    return STEPS[-1]


def coverage_of(tallies: Tallies, *, behind: int = 0, unjudged: int = 0, looked: int = 0) -> Coverage:
    """Return which messages were counted, see `Coverage`. The `unjudged` are counted, and still `behind`."""
    return Coverage(
        messages=tallies.messages - unjudged,
        refused=tallies.refused,
        first=tallies.first,
        last=tallies.last,
        since=tallies.since,
        until=tallies.until,
        behind=behind,
        looked=looked,
    )


def overview_of(tallies: Tallies, covered: Coverage | None = None) -> Overview:
    """Return the summary of what was counted."""
    step = tallies.step
    starts = (
        range(tallies.since - tallies.since % step, tallies.until + 1, step) if tallies.last else range(0)
    )
    severities: dict[str, Severity] = {one.rule: one.severity for one in tallies.rules}
    rules = sorted(tallies.rules, key=lambda one: (SEVERITY_WEIGHT[one.severity], -one.messages, one.rule))
    return Overview(
        covered=covered or coverage_of(tallies),
        errors=tallies.errors,
        warnings=tallies.warnings,
        step=step,
        slots=tuple(Slot(start, *tallies.times.get(start, (0, 0, 0))) for start in starts),
        rules=tuple(_rule(one, tallies.rule_times.get(one.rule, {}), starts) for one in rules),
        events=tuple(
            _event(one, tallies.event_times.get((one.type, one.event), {}), starts, severities)
            for one in tallies.events
        ),
        events_total=tallies.events_total,
        sources=_sources(tallies.keys),
    )


def with_sources(overview: Overview, by_name: Mapping[str, int | None]) -> Overview:
    """Return the summary with these counts by source."""
    return msgspec.structs.replace(
        overview, sources=_sources({name: count or 0 for name, count in by_name.items()})
    )


def _sources(keys: Mapping[str, int]) -> tuple[SourceCount, ...]:
    most = sorted(keys.items(), key=lambda one: (-one[1], one[0]))
    return tuple(SourceCount(key, lines) for key, lines in most[:MOST_SOURCES] if lines > 0)


def with_modes(overview: Overview, raw: Mapping[str, Mode]) -> Overview:
    """Return the summary with the modes of its events.

    `raw` has those of the records of Mixpanel's own SDKs, by event. What Segment's servers send is cloud
    mode.
    """
    seen: dict[str, set[Mode]] = {}
    for event in overview.events:
        if event.type == RAW_TYPE:
            seen.setdefault(event.name, set()).add(raw.get(event.name, "?"))
        elif event.messages > event.silent:
            seen.setdefault(event.name, set()).add("cloud")
    events = [
        msgspec.structs.replace(event, modes=tuple(sorted(seen.get(event.name, ()))) if event.name else ())
        for event in overview.events
    ]
    return msgspec.structs.replace(overview, events=tuple(events))


def _rule(rule: RuleTally, times: Mapping[int, int], starts: range) -> RuleCount:
    return RuleCount(
        rule=rule.rule,
        severity=rule.severity,
        messages=rule.messages,
        first=rule.first,
        last=rule.last,
        newest=rule.newest,
        slots=tuple(times.get(start, 0) for start in starts),
        events=tuple(_share(key, messages) for key, messages in rule.events[:TOP]),
    )


def _share(key: EventKey, messages: int) -> EventShare:
    return EventShare(*key, messages)


def _event(
    event: EventTally, times: Mapping[int, int], starts: range, severities: Mapping[str, Severity]
) -> EventCount:
    rules = sorted(
        (RuleShare(name, severities.get(name, "info"), count) for name, count in event.rules.items()),
        key=lambda one: (SEVERITY_WEIGHT[one.severity], -one.messages, one.rule),
    )
    return EventCount(
        type=event.type,
        name=event.event,
        messages=event.messages,
        errors=event.errors,
        warnings=event.warnings,
        silent=event.silent,
        delivery={
            _STATES[state]: count for state, count in event.delivery.items() if count > 0 and state in _STATES
        },
        newest=event.newest,
        slots=tuple(times.get(start, 0) for start in starts),
        rules=tuple(rules[:TOP]),
    )
