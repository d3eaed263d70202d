"""LiquidJS's date filters: dates as V8 reads them, written with strftime signs, in UTC.

Source: liquidjs 10.30, util/strftime and util/liquid-date. Segment's servers run in UTC.
"""

from __future__ import annotations

import math
import re
import zoneinfo
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..clock import NOW
from ..dates import utc
from ..dates_v8 import parse_date
from ..javascript import MISSING, Value, is_number
from .values import Filter, number_of, text_of

DEFAULT_FORMAT = "%A, %B %-e, %Y at %-l:%M %P %z"
_SIGN = re.compile(r"%([-_0^#:]+)?(\d+)?([EO])?(.)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WIDTHS = dict.fromkeys("CdeHIklmMSUWy", 2) | {"j": 3, "L": 3, "Y": 4}
_SPACED = frozenset("aAbBceklpP")


class _Moment:
    """A date on the clock that shows it. `offset` is minutes west of UTC, as JavaScript counts."""

    def __init__(self, milliseconds: int, offset: int, zone: str) -> None:
        self.milliseconds = milliseconds
        self.offset = offset
        self.zone = zone
        self.shown = _EPOCH + timedelta(milliseconds=milliseconds, minutes=-offset)

    def week(self, first_day: int) -> int:
        """Return the week of the year; `first_day` 0 is Sunday."""
        since = ((self.shown.isoweekday() - first_day) % 7 + 7) % 7
        return (self.shown.timetuple().tm_yday - 1 - since + 7) // 7

    def offset_text(self, flags: str) -> str:
        hours, minutes = divmod(abs(self.offset), 60)
        return f"{'-' if self.offset > 0 else '+'}{hours:02d}{':' if ':' in flags else ''}{minutes:02d}"

    def ordinal(self) -> str:
        day = self.shown.day
        return "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


_PARTS: dict[str, Callable[[_Moment], object]] = {
    "a": lambda at: _DAYS[at.shown.weekday()][:3],
    "A": lambda at: _DAYS[at.shown.weekday()],
    "b": lambda at: _MONTHS[at.shown.month - 1][:3],
    "h": lambda at: _MONTHS[at.shown.month - 1][:3],
    "B": lambda at: _MONTHS[at.shown.month - 1],
    "c": lambda at: f"{_date(at)}, {_time(at)}",
    "C": lambda at: at.shown.year // 100,
    "d": lambda at: at.shown.day,
    "e": lambda at: at.shown.day,
    "H": lambda at: at.shown.hour,
    "I": lambda at: at.shown.hour % 12 or 12,
    "j": lambda at: at.shown.timetuple().tm_yday,
    "k": lambda at: at.shown.hour,
    "l": lambda at: at.shown.hour % 12 or 12,
    "L": lambda at: at.shown.microsecond // 1000,
    "m": lambda at: at.shown.month,
    "M": lambda at: at.shown.minute,
    "p": lambda at: "AM" if at.shown.hour < 12 else "PM",
    "P": lambda at: "am" if at.shown.hour < 12 else "pm",
    "q": lambda at: at.ordinal(),
    "s": lambda at: at.milliseconds // 1000,
    "S": lambda at: at.shown.second,
    "u": lambda at: at.shown.isoweekday(),
    "U": lambda at: at.week(0),
    "w": lambda at: at.shown.isoweekday() % 7,
    "W": lambda at: at.week(1),
    "x": lambda at: _date(at),
    "X": lambda at: _time(at),
    "y": lambda at: at.shown.year % 100,
    "Y": lambda at: at.shown.year,
    "Z": lambda at: at.zone or at.offset_text(""),
    "t": lambda at: "\t",
    "n": lambda at: "\n",
    "%": lambda at: "%",
}


def _date(at: _Moment) -> str:
    return f"{at.shown.month}/{at.shown.day}/{at.shown.year}"


def _time(at: _Moment) -> str:
    shown = at.shown
    return (
        f"{shown.hour % 12 or 12}:{shown.minute:02d}:{shown.second:02d} {'AM' if shown.hour < 12 else 'PM'}"
    )


def _written(at: _Moment, form: str) -> str:
    def one(sign: re.Match[str]) -> str:
        flags, width, letter = sign[1] or "", sign[2] or "", sign[4]
        if letter == "N":
            digits = int(width or 0) or 9
            made = f"{at.shown.microsecond // 1000:03d}"[:digits].ljust(min(digits, 1000), "0")
        elif letter == "z":
            made = at.offset_text(flags)
        elif letter in _PARTS:
            made = str(_PARTS[letter](at))
        else:
            return sign[0]
        if "^" in flags:
            made = made.upper()
        elif "#" in flags:
            made = made.lower() if any(character.isupper() for character in made) else made.upper()
        fill = " " if letter in _SPACED else "0"
        fill = " " if "_" in flags else "0" if "0" in flags else fill
        size = 0 if "-" in flags else min(int(width or 0), 1000) or _WIDTHS.get(letter, 0)
        if fill == "0" and made[:1] == "-":
            return "-" + made[1:].rjust(size - 1, fill)
        return made.rjust(size, fill)

    return _SIGN.sub(one, form)


def _moment(value: Value, offset: Value = MISSING) -> _Moment | None:
    """Return the date of a value, or None for what is none."""
    if value is MISSING or value is None:
        return None
    if value in ("now", "today"):
        milliseconds: float | None = NOW.get()
    elif is_number(value) or (isinstance(value, str) and re.fullmatch("[0-9]+", value)):
        milliseconds = number_of(value) * 1000
    elif isinstance(value, bool):
        milliseconds = int(value)
    else:
        milliseconds = _read(text_of(value))
    if milliseconds is None or not math.isfinite(milliseconds):
        return None
    at = int(milliseconds)
    try:
        if offset is MISSING or offset is None:
            return _Moment(at, 0, "UTC")
        if isinstance(offset, str):
            local = (_EPOCH + timedelta(milliseconds=at)).astimezone(zoneinfo.ZoneInfo(offset)).utcoffset()
            return _Moment(at, -int((local or timedelta()).total_seconds()) // 60, offset)
        return _Moment(at, int(number_of(offset)), "")
    except (OverflowError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        return None


def _read(text: str) -> int | None:
    parts = parse_date(text)
    return None if parts is None else utc(*parts)


def date_filters() -> dict[str, Filter]:
    """Return the date filters by name."""

    def date(value: Value, form: Value = MISSING, offset: Value = MISSING, *_: Value) -> Value:
        at = _moment(value, offset)
        if at is None:
            return value
        return _written(at, DEFAULT_FORMAT if form is MISSING or form is None else text_of(form))

    def fixed(form: str) -> Filter:
        def filtered(value: Value, *_: Value) -> Value:
            at = _moment(value)
            return value if at is None else _written(at, form)

        return filtered

    def worded(month: str) -> Filter:
        def filtered(value: Value, kind: Value = MISSING, style: Value = MISSING, *_: Value) -> Value:
            at = _moment(value)
            if at is None:
                return value
            if kind != "ordinal":
                return _written(at, f"%d {month} %Y")
            day = at.shown.day
            return _written(at, f"{month} {day}%q, %Y" if style == "US" else f"{day}%q {month} %Y")

        return filtered

    return {
        "date": date,
        "date_to_xmlschema": fixed("%Y-%m-%dT%H:%M:%S%:z"),
        "date_to_rfc822": fixed("%a, %d %b %Y %H:%M:%S %z"),
        "date_to_string": worded("%b"),
        "date_to_long_string": worded("%B"),
    }
