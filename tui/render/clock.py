"""The screen's clock: local time with milliseconds, so that everything on it reads the same hour."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timezone

_zone: timezone | None = None
"""The zone of times on the screen; None is the local one."""
_EARLIEST = 100_000_000
"""A number of seconds below this (March 1973) is taken for something other than a time."""
_MILLISECONDS_FROM = 100_000_000_000
_LATEST = 4_102_444_800_000
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def now() -> int:
    """Return milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def show_utc(on: bool) -> None:
    """Let `local` give UTC, with a Z behind it, or local times again."""
    global _zone
    _zone = UTC if on else None


def local(ms: int, today: int | None = None) -> str:
    """Format a time as `10:41:03.211`, or `24 Nov 10:41:03.211` unless it is `today`'s.

    Times are local unless the reader chose UTC.
    """
    at = datetime.fromtimestamp(ms / 1000, _zone).astimezone(_zone)
    words = at.strftime("%H:%M:%S.") + f"{ms % 1000:03}{'Z' if _zone else ''}"
    if today is None:
        return words
    day = datetime.fromtimestamp(today / 1000, _zone).astimezone(_zone)
    if at.date() == day.date():
        return words
    return f"{at.day} {at:%b %Y}, {words}" if at.year != day.year else f"{at.day} {at:%b} {words}"


def second(ms: int) -> str:
    """Format a time as `10:41:03`, local."""
    return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%H:%M:%S")


def iso(ms: int) -> str:
    """Format a time as `2026-11-24T10:41:03.211Z`."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03}Z"


def moment(value: object) -> int | None:
    """Return the time in ms that a value means: ISO 8601, or epoch seconds or milliseconds; else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if len(value) > 40 or not _ISO.match(value):
            return None
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        ms = round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    elif isinstance(value, int | float):
        if not _EARLIEST <= value <= _LATEST:
            return None
        ms = round(value if value >= _MILLISECONDS_FROM else value * 1000)
    else:
        return None
    return ms if 0 <= ms <= _LATEST else None
