"""Dates as Mixpanel reads them: what is odd about one, in words; "" where nothing is."""

from __future__ import annotations

import re

from .message import SECONDS_BELOW

DATE_NAME = re.compile(r"(?:^|_)(?:created|date|birthday)$|_at$|[a-z]At$|[a-z]Date$")
"""Names of properties that hold a moment, where a number is one."""
MIN_DATE, MAX_DATE = 8, 80
"""How long a text has to be for a date."""
DAYS = frozenset("MTWFS")
"""Letters that the day of a written date begins with."""
NO_ZONE = "names no zone: Mixpanel reads it as UTC"

_SECONDS = (631_152_000, 4_102_444_800)
"""1990 to 2100: a number of that size in a date's place is a count of seconds since 1970."""
_WORDED = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? \w+ \w+,? \d", re.ASCII)
_SLASHED = re.compile(
    r"(?:(?:0?[1-9]|[12]\d|3[01])/(?:0?[1-9]|[12]\d|3[01])/(?:19|20)\d\d|(?:19|20)\d\d/\d\d?/\d\d?)"
    r"(?:[ T].*)?",
    re.ASCII,
)
_DOTTED = re.compile(
    r"(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:19|20)\d\d(?: \d\d?:\d\d.*)?", re.ASCII
)
_NO_ZONE = re.compile(r"(?:19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?", re.ASCII)

_ODD = re.compile(
    "|".join((f"(?:{_WORDED.pattern}).*", _SLASHED.pattern, _DOTTED.pattern, _NO_ZONE.pattern)),
    re.ASCII | re.DOTALL,
)


def may_be_odd(value: str) -> bool:
    """True where a text is a date that `doubt_of_text` may object to."""
    if value[4:5] == "-" and value[-1] == "Z":
        return False  # ISO 8601 in UTC, as most dates are
    return MIN_DATE <= len(value) <= MAX_DATE and _ODD.fullmatch(value) is not None


def doubt_of_text(name: str, value: str) -> str:
    """What is odd about a text that may be a date, in a property of that name."""
    if _NO_ZONE.fullmatch(value):
        return NO_ZONE
    if _SLASHED.fullmatch(value) or _WORDED.match(value):
        return "is text to Mixpanel, no date"
    # 1.12.2026 may be a version, unless the name says that it is none.
    if _DOTTED.fullmatch(value) and DATE_NAME.search(name):
        return "is text to Mixpanel, no date"
    return ""


def doubt_of_number(name: str, value: int | float) -> str:
    """The same of a number."""
    seconds = value / 1000 if abs(value) > SECONDS_BELOW else value
    if _SECONDS[0] <= seconds <= _SECONDS[1] and DATE_NAME.search(name):
        return "stays a number: it is no date to Mixpanel"
    return ""
