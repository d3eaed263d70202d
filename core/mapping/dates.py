"""Dates as Segment's destination reads them: dayjs in UTC, and behind it V8's `new Date(text)`.

Sources: dayjs 1.11 (its pattern rolls over: month 13 is next January, and cuts to milliseconds) and V8's
date parser, ISO first, then the old forms such as `Nov 20 2026 10:00 GMT+1`. All results are milliseconds
since the epoch; None is an invalid date.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from functools import lru_cache

from .dates_v8 import parse_date
from .javascript import format_number, to_number

LIMIT = 8_640_000_000_000_000
"""No JavaScript date is further from the epoch (milliseconds)."""

_ISO = re.compile(
    r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{3})\d{0,6})?Z\Z",
    re.ASCII,
)
_EPOCH = date(1970, 1, 1).toordinal()
_SPACE = r"[\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
_DAYJS = re.compile(
    r"(\d{4})[-/]?(\d{1,2})?[-/]?(\d{0,2})(?:[Tt]|"
    + _SPACE
    + r")*(\d{1,2})?:?(\d{1,2})?:?(\d{1,2})?[.:]?(\d+)?\Z",
    re.ASCII,
)


def read_time(value: str | float) -> int | None:
    """Return what `dayjs.utc(value).valueOf()` is; None where it is not valid."""
    if isinstance(value, str):
        return _read_text(value)
    return _clip(value)


def is_date_like(text: str) -> bool:
    """Return whether a text passes Segment's format `date-like`, as a `time` must."""
    if text[-1:] == "Z":
        return _read_text(text) is not None
    number = to_number(text)
    if format_number(number) == text:
        return _clip(number * 1000) is not None
    return _read_text(text) is not None


def utc(year: int, month: int, day: int, hour: int, minute: int, second: int, ms: int) -> int | None:
    """Return what `Date.UTC` returns: the month counts from 0, and every part may overflow into the next."""
    year, month = year + month // 12, month % 12
    shifted = year - (month < 2)
    era, of_era = divmod(shifted, 400)
    of_year = (153 * ((month + 10) % 12) + 2) // 5
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return _clip((((days + day - 1) * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + ms)


def _clip(time: float) -> int | None:
    if isinstance(time, float) and not math.isfinite(time):
        return None
    return int(time) if -LIMIT <= time <= LIMIT else None


@lru_cache(maxsize=256)
def _read_text(text: str) -> int | None:
    if (
        len(text) == 24
        and text[4] == text[7] == "-"
        and text[10] == "T"
        and text[19] == "."
        and text[23] == "Z"
    ):
        # As most SDKs write it. What Python and V8 do not read alike goes on below.
        try:
            read = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            if text[13] == text[16] == ":" and text[11:13] != "24":
                days = read.toordinal() - _EPOCH
                minutes = (days * 24 + read.hour) * 60 + read.minute
                return minutes * 60_000 + read.second * 1000 + read.microsecond // 1000
    if iso := _ISO.match(text):
        year, month, day, hour, minute, second, ms = iso.groups()
        return utc(int(year), int(month) - 1, int(day), int(hour), int(minute), int(second), int(ms or 0))
    if text[-1:] not in ("Z", "z") and (parts := _DAYJS.match(text)):
        year, month, day, hour, minute, second, fraction = parts.groups()
        full = int(year)
        return utc(
            full + 1900 if full < 100 else full,
            int(month) - 1 if month else 0,
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0")[:3]),
        )
    parsed = parse_date(text)
    return None if parsed is None else utc(*parsed)
