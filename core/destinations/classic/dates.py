"""Dates in the classic destination: texts that look like ISO dates are dates there, wherever they stand.

Sources: Segment's facade, which turns every ISO text of a message into a Date before anything else
(`@segment/isodate-traverse`) and reads traits such as `created` more widely (`new-date`). Times are
milliseconds since the epoch; the time zone of the servers is UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, cast

import msgspec

from ...mapping.dates import read_time, utc
from ...mapping.dates_v8 import parse_date
from ...mapping.javascript import MISSING, Missing, Value, to_text

_ISO = re.compile(
    r"(\d{4})(?:-?(\d{2})(?:-?(\d{2}))?)?"
    r"(?:[ T](\d{2}):?(\d{2})(?::?(\d{2})(?:[,.](\d+))?)?(?:(Z)|([+-])(\d{2})(?::?(\d{2}))?)?)?\Z",
    re.ASCII,
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MILLISECONDS = re.compile(r"\d{13}", re.ASCII)
_SECONDS = re.compile(r"\d{10}", re.ASCII)
_WHOLE = re.compile(r"\s*([+-]?\d+)", re.ASCII)

SMALLEST_MILLISECONDS = 31_557_600_000
"""A number below this is taken for seconds: as milliseconds it would be in 1970."""

_CYCLE_MS = 146_097 * 86_400_000
_YEARS = 400
"""The calendar repeats after 400 years."""


class Instant(msgspec.Struct, frozen=True):
    """A JavaScript Date; `ms` None is an invalid one."""

    ms: int | None


Part: TypeAlias = "bool | int | float | str | Instant | Missing | list[Part] | dict[str, Part] | None"
"""A value of a message as the facade has it: JSON, `Instant`, or `MISSING` where there is nothing."""


def as_date(text: str) -> Instant | None:
    """Return the date that a text of a message becomes; None for a text that stays text."""
    if len(text) < 10 or not _DAY.match(text):
        return None
    found = _ISO.match(text)
    return Instant(_moment(found)) if found else None


def _moment(found: re.Match[str]) -> int | None:
    year, month, day, hour, minute, second, fraction, _, sign, hours, minutes = found.groups()
    full = int(year)
    offset = int(hours or 0) * 60 + int(minutes or 0)
    return utc(
        full + 1900 if full < 100 else full,
        (int(month or 0) or 1) - 1,
        int(day or 0) or 1,
        int(hour or 0),
        int(minute or 0) + (-offset if sign == "+" else offset),
        int(second or 0),
        int(f"{fraction}00"[:3]) if fraction else 0,
    )


def new_date(value: Part) -> Instant:
    """Return the Date of a timestamp or of a trait: ISO, milliseconds, seconds, or whatever V8 reads."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Instant(read_time(value * 1000 if value < SMALLEST_MILLISECONDS else value))
    if isinstance(value, str) and (found := _ISO.match(value)):
        return Instant(_moment(found))
    if isinstance(value, str | list):
        value = text(value)
        for pattern, unit in ((_MILLISECONDS, 1), (_SECONDS, 1000)):
            if pattern.search(value):
                whole = _WHOLE.match(value)
                return Instant(read_time(int(whole[1]) * unit) if whole else None)
    return js_date(value)


def js_date(value: Part) -> Instant:
    """Return what `new Date(value)` is."""
    if isinstance(value, Instant):
        return value
    if value is None or isinstance(value, bool):
        return Instant(int(bool(value)))
    if isinstance(value, int | float):
        return Instant(read_time(value))
    if isinstance(value, list):
        value = text(value)
    parsed = parse_date(value) if isinstance(value, str) else None
    return Instant(utc(*parsed) if parsed else None)


def iso(instant: Instant) -> str | None:
    """Return `toISOString`; None for an invalid date."""
    if instant.ms is None:
        return None
    moment, years = _civil(instant.ms)
    year = moment.year + years
    full = f"{year:04d}" if 0 <= year <= 9999 else f"{'+' if year > 0 else '-'}{abs(year):06d}"
    return f"{full}{moment:-%m-%dT%H:%M:%S}.{instant.ms % 1000:03d}Z"


def to_seconds(value: Part) -> str | None:
    """Return Mixpanel's form of a date in profiles: ISO without fraction and zone. None for an invalid
    date.
    """
    whole = iso(js_date(value))
    return None if whole is None else whole[:19]


def as_written(instant: Instant, *, milliseconds: bool) -> str:
    """Return a date as the code in browsers writes it: UTC, the year without zeros, NaN for an invalid date.

    With milliseconds it has a zone, too, as Segment's integration makes it; without, neither, as Mixpanel's
    SDK does.
    """
    end = ".NZ" if milliseconds else ""
    if instant.ms is None:
        return f"NaN-NaN-NaNTNaN:NaN:NaN{end}"
    moment, years = _civil(instant.ms)
    end = f".{instant.ms % 1000:03d}Z" if milliseconds else ""
    return f"{moment.year + years}{moment:-%m-%dT%H:%M:%S}{end}"


def _civil(ms: int) -> tuple[datetime, int]:
    """Return a moment of the same day and time in a year that Python knows, and how many years it is off."""
    cycles = ms // _CYCLE_MS
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms - cycles * _CYCLE_MS)
    return moment, cycles * _YEARS


def text(value: Part) -> str:
    """Return `String(value)`, which is what `+` makes of it in a name."""
    if isinstance(value, Instant):
        if value.ms is None:
            return "Invalid Date"
        moment, years = _civil(value.ms)
        year = moment.year + years
        full = f"{year:04d}" if year >= 0 else f"-{-year:06d}"
        return f"{moment:%a %b %d} {full} {moment:%H:%M:%S} GMT+0000 (Coordinated Universal Time)"
    if isinstance(value, list):
        return ",".join("" if item is None or item is MISSING else text(item) for item in value)
    return to_text(cast(Value, value))
