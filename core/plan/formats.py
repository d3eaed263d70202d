"""Dates as plans describe them."""

from __future__ import annotations

import re
from datetime import date

_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d))?|\d\d:\d\d:\d\d([Zz]|[+-]\d\d:\d\d)?",
    re.ASCII,
)


def is_date_time(text: str) -> bool:
    """Return whether a text has the format `date-time`.

    Segment's documentation asks for ISO 8601; the Go library whose words it uses takes a date or a time
    alone as well, and so is done here.
    """
    if _DATE_TIME.fullmatch(text) is None:
        return False
    if text[2] == ":":
        return True
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def is_whole_date_time(text: str) -> bool:
    """Return whether it has date, time and zone, as RFC 3339 wants it."""
    return len(text) >= 20 and text[10] == "T" and is_date_time(text)
