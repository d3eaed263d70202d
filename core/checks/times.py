"""Rules on the time that an event is sent with."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalogue import calls as rule
from ..places import in_message
from ..text import ago
from ..verdict import Finding
from .subject import Subject

YEAR_1971 = 31_536_000_000
_HOUR = 3_600_000
AHEAD = 60_000
"""How far two clocks may be apart, in milliseconds, before it is worth a word."""


def event_time(subject: Subject) -> Sequence[Finding]:
    """Find time-out-of-range and timestamp-suspect: what Mixpanel makes of the time that it gets."""
    for path, _, properties in subject.events:
        time = properties.get("time")
        if not isinstance(time, (int, float)) or isinstance(time, bool):
            continue
        if subject.destination.kind == "classic-cloud":
            time = time * 1000  # the classic destination sends seconds
        if time >= YEAR_1971 and (subject.now is None or time <= subject.now + AHEAD):
            return ()  # the products of an order have its time
        place = subject.place_of(f"{path}.properties.time")
        return (time_fault(place if in_message(place) else "$.timestamp", time, subject.now or 0),)
    return ()


def is_right(moment: float, now: int) -> bool:
    """Return True for a time, in milliseconds, that Mixpanel keeps as it is."""
    return YEAR_1971 <= moment <= now + AHEAD


def time_fault(path: str, moment: float, now: int) -> Finding:
    """Return the finding on a time that is not right."""
    if moment < YEAR_1971:
        return rule.TIME_OUT_OF_RANGE.finding(path, "the event's time is before 1971: Mixpanel refuses it")
    ahead = f"the event's time is {ago(int(min(moment, 1e17)), now)}"
    if moment > now + _HOUR:
        return rule.TIME_OUT_OF_RANGE.finding(path, f"{ahead}: Mixpanel takes an hour ahead at most")
    return rule.TIMESTAMP_SUSPECT.finding(
        path,
        f"{ahead}: Mixpanel writes the time of its receipt instead, and a retry then counts as another event",
        fix="check the sender's clock, and whether the timestamp names its zone",
    )
