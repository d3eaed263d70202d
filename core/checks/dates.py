"""Dates as Mixpanel reads them: what is odd about a value that is meant as one.

Mixpanel's dates are ISO 8601 in UTC: "2026-11-24T10:41:03", with or without Z, or "2026-11-24". A text that
can be nothing but a date is judged under any name. One that may as well be an order's number or a version
("20261124", "1795557600", "24.11.2026") is judged only under a name that says that it is a date.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .message import SECONDS_BELOW

BEGINS_DATE = frozenset("0123456789MTWFSJANOD")
"""What dates begin with: digits, and the letters of months and of days of the week."""
NO_ZONE = "names no zone: Mixpanel reads it as UTC"

_TEXT = "is text to Mixpanel, no date"
_NOT_UTC = "is not in UTC: Mixpanel documents its dates in UTC alone"
_SHORTEST, _LONGEST = 6, 80
_SECONDS = (631_152_000, 4_102_444_800)
"""1990 to 2100: a number of that size in a date's place is a count of seconds since 1970."""
NUMBERS = (_SECONDS[0], _SECONDS[1] * 1000)
"""The numbers that may be a moment, in seconds or in milliseconds."""

_YEAR = r"(?:19|20)\d\d"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = (
    r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?"
    r"|sun(?:day)?)"
)
_NTH = rf"{_DAY}(?:st|nd|rd|th)?"
_CLOCK = r"\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?"
_AT = rf"(?:(?:T|[ ,]+(?:at )?){_CLOCK}.*)?"
_FULL = rf"{_YEAR}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
_DAY_OF_MONTH = rf"{_NTH}(?: of)?[ -]{_MONTH},?[ -]"

_IN_DIGITS = re.compile(
    "|".join(
        (
            rf"(?P<no_zone>{_FULL})",
            rf"(?P<not_utc>{_FULL}(?![+-]00:?(?:00)?\Z)[+-]\d\d(?::?\d\d)?)",
            rf"(?P<other_zone>{_FULL}(?: ?[+-]\d\d:?\d\d[ \[].*| [+-]\d\d:?\d\d| ?[A-Z]{{3,4}}))",
            rf"(?P<basic>{_YEAR}[01]\d[0-3]\dT\d{{4,6}}(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)",
            rf"(?P<slashes>(?:{_DAY}/{_DAY}/{_YEAR}|{_YEAR}/\d\d?/\d\d?){_AT})",
            rf"(?P<words>{_DAY_OF_MONTH}{_YEAR}{_AT})",
            # Under the name of a date only:
            rf"(?P<short>{_DAY}/{_DAY}/\d\d{_AT}|{_DAY_OF_MONTH}\d\d{_AT})",
            rf"(?P<joined>{_DAY}(?P<sign>[-.]){_DAY}(?P=sign)(?:{_YEAR}|\d\d){_AT})",
            rf"(?P<year>{_YEAR}\.\d\d?\.\d\d?{_AT}|{_YEAR}-(?:\d-\d\d?|\d\d-\d){_AT})",
            rf"(?P<compact>{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[0-2]\d[0-5]\d(?:[0-5]\d)?)?)",
            r"(?P<epoch>(?:\d{9,10}|\d{12,13})(?:\.\d+)?)",
        )
    ),
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_UNDER_ANY_NAME = frozenset(("no_zone", "not_utc", "other_zone", "basic", "slashes", "words"))
_IN_LETTERS = re.compile(
    rf"(?:{_WEEKDAY},? )?(?:{_MONTH} {_NTH},? {_YEAR}|{_DAY_OF_MONTH}{_YEAR}){_AT}"
    rf"|{_WEEKDAY},? (?:{_MONTH} +{_DAY} {_CLOCK} (?:\S+ )?{_YEAR}|{_DAY}-{_MONTH}-\d\d {_CLOCK}.*)",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)

_NAMED = frozenset(
    (
        *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        *("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
    )
)
"""How months and days of the week begin."""
_NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_DATES = frozenset(
    (
        *("date", "at", "on", "dob", "birthday", "birthdate", "born", "created", "updated", "modified"),
        *("joined", "registered", "expires", "expiry", "expiration", "deadline", "due", "timestamp", "since"),
        *("until", "day"),
    )
)
"""What the name of a date ends with."""
_OF_TWO = frozenset(("start", "end", "starts", "ends", "begin", "begins"))
"""The same, behind another word: trial_end."""
_NOT_OF_DATE = frozenset(("format", "range", "id", "ids", "number", "count", "key", "type", "zone", "filter"))


@lru_cache(maxsize=4096)
def is_date_name(name: str) -> bool:
    """Return True for the name of a property that holds a moment: created_at, renewalDate, date of birth."""
    words = [word.lower() for word in _NAME_PARTS.findall(name[:100])]
    if not words:
        return False
    last = words[-1]
    if last in _DATES or (last in _OF_TWO and len(words) > 1):
        return True
    if last in ("seen", "login", "visit"):
        return words[0] in ("first", "last")
    return "date" in words and last not in _NOT_OF_DATE


def doubt_of_text(name: str, value: str) -> str:
    """Return what is odd about a text that may be a date, in a property of that name; "" where nothing is."""
    if not _SHORTEST <= len(value) <= _LONGEST or value[8:9] == "-":
        return ""  # a UUID
    if value[4] == "-" and (value[-1] == "Z" or value[-6:] == "+00:00" or value[7:8] == "-" == value[-3]):
        return ""  # ISO 8601 in UTC, as most dates are
    if not "0" <= value[0] <= "9":
        return _TEXT if value[:3].lower() in _NAMED and _IN_LETTERS.fullmatch(value) else ""
    found = _IN_DIGITS.fullmatch(value)
    form = found.lastgroup if found is not None else None
    if form is None:
        return ""
    if form == "no_zone":
        return NO_ZONE
    if form == "not_utc":
        return _NOT_UTC
    if form in _UNDER_ANY_NAME:
        return _TEXT
    if not is_date_name(name) and not _is_time(name):
        return ""
    return "" if form == "epoch" and not _is_moment(float(value)) else _TEXT


def doubt_of_number(name: str, value: int | float) -> str:
    """Return what is odd about a number that may be a date."""
    if is_date_name(name) and _is_moment(value):
        return "stays a number: Mixpanel does not read it as a date"
    return ""


def _is_moment(value: int | float) -> bool:
    seconds = value / 1000 if abs(value) > SECONDS_BELOW else value
    return _SECONDS[0] <= seconds <= _SECONDS[1]


@lru_cache(maxsize=1024)
def _is_time(name: str) -> bool:
    """Return True for start_time and the like. As a number that may be a length of time."""
    words = _NAME_PARTS.findall(name[:100])
    return len(words) > 1 and words[-1].lower() == "time"
