"""How often Mixpanel counts the events that it got, by insert id, and why. Pure.

As Mixpanel documents deduplication: reports show the latest of the events that agree in name, distinct_id,
time and `$insert_id`. Compaction, hours or days later, also leaves one of those that agree in name,
distinct_id and `$insert_id` on one calendar day (UTC). An event without an insert id is never deduplicated.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from .rules import as_object

EARLIEST_MS = 31_536_000_000
LATEST_MS = 10**15
CLOSE_MS = 5_000
"""Milliseconds between two events of one name and user that may be one action sent under two insert ids."""
MOST_ALSO = 5
"""Other insert ids of one action that are named."""
_NAMES = ("event", "distinct_id", "time")


@dataclass(frozen=True)
class Copy:
    """One event as it was received: in which request, and when (ms)."""

    event: str
    distinct_id: str
    time: int
    """Milliseconds; 0 if the event has none."""
    insert_id: str
    request: int
    at: int


_Others = dict[tuple[str, str], list[Copy]]


@dataclass(frozen=True)
class OfInsertId:
    """The events that came with one `$insert_id`, and how often they count: now, and after compaction.

    `also` are other insert ids of what may be the same action: the same name and distinct_id, within seconds.
    """

    insert_id: str
    copies: tuple[Copy, ...]
    counted: int
    counted_later: int
    why: str
    also: tuple[str, ...] = ()

    @property
    def suspicious(self) -> bool:
        """True if what was received may be counted more than once."""
        return self.counted > 1 or bool(self.also)


def copy_of(record: dict[str, Any], request: int, at: int) -> Copy:
    """Return what decides about an event."""
    properties = as_object(record.get("properties"))
    stamp = properties.get("time")
    time = 0
    if isinstance(stamp, int | float) and not isinstance(stamp, bool) and abs(stamp) < LATEST_MS:
        time = int(stamp if stamp >= EARLIEST_MS else stamp * 1000)
    insert_id = properties.get("$insert_id")
    return Copy(
        str(record.get("event", "")),
        str(properties.get("distinct_id", "")),
        time,
        insert_id if isinstance(insert_id, str) else "",
        request,
        at,
    )


def by_insert_id(copies: Sequence[Copy]) -> list[OfInsertId]:
    """Return the events by insert id, in the order in which each came first; those without one are alone."""
    groups: dict[object, list[Copy]] = {}
    for number, copy in enumerate(copies):
        groups.setdefault(copy.insert_id or number, []).append(copy)
    others = _others(copies)
    return [_of(some, others) for some in groups.values()]


def _others(copies: Iterable[Copy]) -> _Others:
    """Return the first event of each insert id, by name and distinct_id, in the order of their times."""
    first: dict[tuple[str, str, str], Copy] = {}
    for copy in copies:
        first.setdefault((copy.event, copy.distinct_id, copy.insert_id or f"\0{copy.request}"), copy)
    found: _Others = {}
    for copy in sorted(first.values(), key=_time):
        found.setdefault((copy.event, copy.distinct_id), []).append(copy)
    return found


def _of(some: list[Copy], others: _Others) -> OfInsertId:
    insert_id = some[0].insert_id
    also = tuple(dict.fromkeys(id for copy in some[:MOST_ALSO] for id in _also(copy, others)))
    if not insert_id:
        return OfInsertId("", tuple(some), 1, 1, "no $insert_id: never deduplicated", also)
    counted = len({(one.event, one.distinct_id, one.time) for one in some})
    later = len({(one.event, one.distinct_id, _day(one.time)) for one in some})
    return OfInsertId(insert_id, tuple(some), counted, later, _why(some, counted, later), also)


def _also(copy: Copy, others: _Others) -> Iterator[str]:
    """Yield other insert ids of what may be the same action."""
    near = others.get((copy.event, copy.distinct_id), ())
    first = bisect_left(near, copy.time - CLOSE_MS, key=_time)
    for one in islice(near, first, first + MOST_ALSO + 1):
        if one.time > copy.time + CLOSE_MS:
            break
        if one is not copy and (one.insert_id != copy.insert_id or not copy.insert_id):
            yield one.insert_id or "(none)"


def _time(copy: Copy) -> int:
    return copy.time


def _why(some: list[Copy], counted: int, later: int) -> str:
    if len(some) == 1:
        return ""
    if counted == 1:
        return "the same event, distinct_id, time and $insert_id: reports show the latest"
    differs = [name for name in _NAMES if len({getattr(one, name) for one in some}) > 1]
    words = f"the same $insert_id, but another {' and '.join(differs)}: reports count {counted}"
    if later < counted:
        words += f"; after compaction (hours to 20 days, or never) {later}, for it is the same day"
    return words


def _day(time: int) -> str:
    try:
        return datetime.fromtimestamp(time / 1000, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return str(time)
