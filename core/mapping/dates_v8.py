"""`new Date(text)` in V8, in the time zone UTC: ISO dates, then the lenient old forms.

Source: V8's date parser. A text becomes tokens; three composers (day, time, zone) collect numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from .javascript import SPACES

DateParts = tuple[int, int, int, int, int, int, int]
"""Year, month from 0, day, hour, minute, second, millisecond; the zone is already taken off."""

_SPACES = frozenset(SPACES)
_DIGITS = frozenset("0123456789")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HALVES = {"am": 0, "pm": 12}
_ZONES = {
    "ut": 0,
    "utc": 0,
    "z": 0,
    "gmt": 0,
    "cdt": -5,
    "cst": -6,
    "edt": -4,
    "est": -5,
    "mdt": -6,
    "mst": -7,
    "pdt": -7,
    "pst": -8,
}
_LEADING = re.compile(r"0*([0-9]{0,9})")


class _Token(msgspec.Struct, frozen=True):
    """A token of a date. `kind` is number, symbol, month, half, zone, t, word, space, unknown or end."""

    kind: str
    value: int = 0
    length: int = 0
    symbol: str = ""


_END = _Token("end")
_INVALID = _Token("invalid")


def parse_date(text: str) -> DateParts | None:
    """Return the moment that V8 reads in the text, or None for an invalid date."""
    parser = _Parser(text)
    return parser.parse()


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text)
    while at < end:
        start = at
        character = text[at]
        if character in _DIGITS:
            while at < end and text[at] in _DIGITS:
                at += 1
            digits = _LEADING.match(text[start:at])
            yield _Token("number", int((digits[1] if digits else "") or 0), at - start)
        elif character in ":-+.)":
            at += 1
            yield _Token("symbol", symbol=character)
        elif character >= "A" and character not in _SPACES:
            while at < end and text[at] >= "A" and text[at] not in _SPACES:
                at += 1
            yield _keyword(text[start:at])
        elif character in _SPACES:
            while at < end and text[at] in _SPACES:
                at += 1
            yield _Token("space", length=at - start)
        elif character == "(":
            depth = 0
            while at < end:
                depth += (text[at] == "(") - (text[at] == ")")
                at += 1
                if depth == 0:
                    break
            yield _Token("unknown")
        else:
            at += 1
            yield _Token("unknown")
    while True:
        yield _END


def _keyword(word: str) -> _Token:
    start = "".join(chr(ord(c) | 32) if "A" <= c <= "Z" else c for c in word[:3])
    if start in _MONTHS:
        return _Token("month", _MONTHS.index(start) + 1, len(word))
    if len(word) <= 3:
        if start in _HALVES:
            return _Token("half", _HALVES[start], len(word))
        if start in _ZONES:
            return _Token("zone", _ZONES[start], len(word), "z" if start == "z" else "")
        if start == "t":
            return _Token("t", 0, 1)
    return _Token("word", 0, len(word))


def _is_day(number: int) -> bool:
    return 1 <= number <= 31


def _milliseconds(token: _Token) -> int:
    if token.length <= 3:
        return token.value * 10 ** (3 - token.length)
    return token.value // 10 ** (min(token.length, 9) - 3)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._peek = next(self._tokens)
        self._day: list[int] = []
        self._iso = False
        self._month: int | None = None
        self._time: list[int] = []
        self._half: int | None = None
        self._sign: int | None = None
        self._zone_hour: int | None = None
        self._zone_minute: int | None = None

    def parse(self) -> DateParts | None:
        token = self._parse_iso()
        if token is _INVALID:
            return None
        read_number = bool(self._day)
        if token is _END:
            token = self._next()
        while token is not _END:
            if token.kind == "number":
                read_number = True
                if not self._number(token.value):
                    return None
            elif token.kind in ("month", "half", "zone", "t", "word"):
                if not self._word(token, read_number):
                    return None
            elif token.symbol in ("+", "-") and (
                (self._zone_hour == 0 and self._zone_minute == 0) or self._time
            ):
                read_number = True
                if not self._offset(token.symbol):
                    return None
            elif token.symbol in ("+", "-", ")") and read_number:
                return None
            token = self._next()
        return self._moment()

    def _next(self) -> _Token:
        token = self._peek
        self._peek = next(self._tokens)
        return token

    def _skip(self, symbol: str) -> bool:
        if self._peek.symbol == symbol and self._peek.kind == "symbol":
            self._next()
            return True
        return False

    def _fixed(self, length: int, least: int = 0, most: int = 9999) -> bool:
        """Return whether a number of that many digits within these bounds comes next."""
        peek = self._peek
        return peek.kind == "number" and peek.length == length and least <= peek.value <= most

    def _parse_iso(self) -> _Token:
        """Read an ISO date-time. What does not fit is given back for the old parser."""
        if self._peek.symbol in ("+", "-") and self._peek.kind == "symbol":
            sign = self._next()
            if not self._fixed(6, 0, 999_999):
                return sign
            year = self._next().value
            if sign.symbol == "-" and year == 0:
                return sign
            self._day.append(-year if sign.symbol == "-" else year)
        elif self._fixed(4):
            self._day.append(self._next().value)
        else:
            return self._next()
        if self._skip("-"):
            if not self._fixed(2, 1, 12):
                return self._next()
            self._day.append(self._next().value)
            if self._skip("-"):
                if not self._fixed(2, 1, 31):
                    return self._next()
                self._day.append(self._next().value)
        if self._peek.kind == "t":
            self._next()
            if not self._iso_time():
                return _INVALID
        elif self._peek is not _END:
            return self._next()
        if self._zone_hour is None and not self._time:
            self._set_zone(0)
        self._iso = True
        return _END

    def _iso_time(self) -> bool:
        if not self._fixed(2, 0, 24):
            return False
        most = 0 if self._peek.value == 24 else 59
        self._time.append(self._next().value)
        if not self._skip(":") or not self._fixed(2, 0, most):
            return False
        self._time.append(self._next().value)
        if self._skip(":"):
            if not self._fixed(2, 0, most):
                return False
            self._time.append(self._next().value)
            if self._skip("."):
                if self._peek.kind != "number" or (most == 0 and self._peek.value):
                    return False
                self._time.append(_milliseconds(self._next()))
        if self._peek.symbol == "z":
            self._next()
            self._set_zone(0)
        elif self._peek.symbol in ("+", "-"):
            self._sign = 1 if self._next().symbol == "+" else -1
            if self._fixed(4):
                self._zone_hour, self._zone_minute = divmod(self._next().value, 100)
                if self._zone_hour > 23 or self._zone_minute > 59:
                    return False
            else:
                if not self._fixed(2, 0, 23):
                    return False
                self._zone_hour = self._next().value
                if not self._skip(":") or not self._fixed(2, 0, 59):
                    return False
                self._zone_minute = self._next().value
        return self._peek is _END

    def _set_zone(self, hours: int) -> None:
        self._sign = -1 if hours < 0 else 1
        self._zone_hour = abs(hours)
        self._zone_minute = 0

    def _expects_time(self, number: int) -> bool:
        bounds = {1: 59, 2: 59, 3: 999}
        return 0 <= number <= bounds.get(len(self._time), -1)

    def _number(self, number: int) -> bool:
        if self._skip(":"):
            if self._skip(":"):
                if self._time:
                    return False
                self._time += [number, 0]
                return True
            if len(self._time) > 3:
                return False
            self._time.append(number)
            self._skip(".")
            return True
        if self._skip(".") and self._expects_time(number):
            self._time.append(number)
            if self._peek.kind != "number":
                return False
            self._final_time(_milliseconds(self._next()))
            return True
        if self._zone_hour is not None and self._zone_minute is None and number <= 59:
            self._zone_minute = number
            return True
        if self._expects_time(number):
            self._final_time(number)
            peek = self._peek
            return peek is _END or peek.kind == "space" or peek.symbol in ("z", "+", "-")
        if len(self._day) > 2:
            return False
        self._day.append(number)
        self._skip("-")
        return True

    def _final_time(self, number: int) -> None:
        if len(self._time) < 4:
            self._time.append(number)
        self._time += [0] * (4 - len(self._time))

    def _word(self, token: _Token, read_number: bool) -> bool:
        if token.kind == "half" and self._time:
            self._half = token.value
        elif token.kind == "month":
            self._month = token.value
            self._skip("-")
        elif token.kind == "zone" and read_number:
            self._set_zone(token.value)
        else:
            return not read_number and self._peek.kind != "number"
        return True

    def _offset(self, sign: str) -> bool:
        self._sign = 1 if sign == "+" else -1
        number = self._next() if self._peek.kind == "number" else _Token("number")
        if self._peek.symbol == ":":
            self._zone_hour, self._zone_minute = number.value, None
        elif number.length in (1, 2):
            self._zone_hour, self._zone_minute = number.value, 0
        elif number.length in (3, 4):
            self._zone_hour, self._zone_minute = divmod(number.value, 100)
        else:
            return False
        return True

    def _moment(self) -> DateParts | None:
        date = self._date()
        if date is None:
            return None
        hour, minute, second, ms = self._time + [0] * (4 - len(self._time))
        if self._half is not None:
            if not 0 <= hour <= 12:
                return None
            hour = hour % 12 + self._half
        if hour > 23 or minute > 59 or second > 59 or ms > 999:  # noqa: SIM102
            if hour != 24 or minute or second or ms:
                return None
        if self._sign is not None:
            minute -= self._sign * ((self._zone_hour or 0) * 60 + (self._zone_minute or 0))
        year, month, day = date
        return year, month - 1, day, hour, minute, second, ms

    def _date(self) -> tuple[int, int, int] | None:
        if not self._day:
            return None
        first, second, third = self._day + [1] * (3 - len(self._day))
        if self._month is None:
            if self._iso or not _is_day(first):
                year, month, day = first, second, third
            else:
                year, month, day = third, first, second
        elif not _is_day(first):
            year, month, day = first, self._month, second
        else:
            year, month, day = second, self._month, first
        if not self._iso and 0 <= year <= 99:
            year += 2000 if year < 50 else 1900
        return (year, month, day) if 1 <= month <= 12 and _is_day(day) else None
