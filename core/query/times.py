"""Reads the times of `since` and `until`."""

from __future__ import annotations

import re
from datetime import datetime

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 24 * 3_600_000, "w": 7 * 24 * 3_600_000}
_AGO = re.compile(r"([0-9]{1,9})([smhdw])", re.ASCII)


def read_time(written: str, now: int) -> int | None:
    """Return the time in milliseconds since the epoch: `10m` before `now`, or an ISO time; None for anything
    else.

    An ISO time without a zone is local.
    """
    if ago := _AGO.fullmatch(written):
        return now - int(ago[1]) * _UNITS[ago[2]]
    try:
        return int(datetime.fromisoformat(written).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None
