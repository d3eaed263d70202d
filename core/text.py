"""Text for people: strange characters made harmless, values shortened, sizes and times in words.

Whatever a message holds may end up on a terminal. `clean` is the one place that decides what of it
may be written there; `shown` quotes a value inside a sentence.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .messages import Json

KB = 1024
"""Segment counts sizes in units of 1,024 bytes: its 32 KB are 32,768 bytes."""

_MARKS = {
    **{code: chr(0x2400 + code) for code in range(0x20)},  # ␀ … ␟: an escape sequence reads ␛[31m
    0x09: "⇥",
    0x0A: "⏎",
    0x7F: "␡",
    **{code: f"⟨{code:02x}⟩" for code in range(0x80, 0xA0)},  # C1: 0x9b alone starts a sequence too
    0xAD: "⟨soft hyphen⟩",
    0x200B: "⟨zero width⟩",
    0x2028: "⏎",
    0x2029: "⏎",
    0x2060: "⟨zero width⟩",
    0xFEFF: "⟨BOM⟩",
    **{
        code: f"⟨U+{code:04X}⟩"
        for code in (
            0x061C,
            0x200E,
            0x200F,
            *range(0x202A, 0x202F),
            *range(0x2066, 0x2070),
            *range(0xFFF9, 0xFFFC),
        )
    },
    0xFFFE: "\N{REPLACEMENT CHARACTER}",
    0xFFFF: "\N{REPLACEMENT CHARACTER}",
}
_HARMFUL = re.compile("[" + "".join(re.escape(chr(code)) for code in _MARKS) + "\ud800-\udfff]")
HARMFUL_WITHIN_LINES = re.compile(
    "[" + "".join(re.escape(chr(code)) for code in _MARKS if code >= 0x20) + "]"
)
"""The same without C0 and lone surrogates: what a text may still hold that was written as JSON or TOML."""
_BIG_INTEGER_BITS = 4096

_SECOND = 1000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY


def _mark(match: re.Match[str]) -> str:
    return _MARKS.get(ord(match[0]), "\N{REPLACEMENT CHARACTER}")


def clean(text: str) -> str:
    """Return the text with every character that could act on a terminal replaced by a visible mark.

    Control characters (and with them escape sequences), line ends, tabs, direction overrides,
    invisible separators and lone surrogates are replaced; joiners and variation selectors stay,
    because emoji and many scripts need them. The result is one line, and can be encoded as UTF-8.
    """
    if text.isprintable():
        return text
    return _HARMFUL.sub(_mark, text)


def shorten(text: str, limit: int) -> str:
    """Return the text in at most `limit` characters, with … in place of what is left out."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def shown(value: Json, limit: int = 60) -> str:
    """Return a value out of a message as it may stand in a sentence: cleaned, at most `limit` characters.

    Texts stand in quotes (which count), lists and objects as `[3 items]` and `{9 keys}`.
    """
    if isinstance(value, str):
        inner = max(limit - 2, 1)
        return f'"{shorten(clean(value[: inner + 1]), inner)}"'
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            if value.bit_length() > _BIG_INTEGER_BITS:
                return "a number of over 1,000 digits"
            return shorten(str(value), limit)
        case float():
            if not math.isfinite(value):
                return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
            return shorten(repr(value), limit)
        case list():
            return counted(len(value), "item", "[]") if value else "[]"
        case dict():
            return counted(len(value), "key", "{}") if value else "{}"


def counted(count: int, noun: str, around: str = "") -> str:
    """Return `1 item`, `1,204 items`; with `around` "[]": `[3 items]`."""
    words = f"{count:,} {noun}{'' if count == 1 else 's'}"
    return f"{around[0]}{words}{around[1]}" if around else words


def joined(words: Sequence[str]) -> str:
    """Return words as a phrase: `a`, `a and b`, `a, b and c`."""
    *front, last = words
    return f"{', '.join(front)} and {last}" if front else last


def size(count: int) -> str:
    """Return a number of bytes as Segment counts them: `812 B`, `2.1 KB`, `32 KB`, `1.5 MB`."""
    if count < KB:
        return f"{count} B"
    amount, unit = count / KB, "KB"
    for larger in ("MB", "GB"):
        if round(amount, 1) < KB:
            break
        amount, unit = amount / KB, larger
    return f"{amount:,.1f}".removesuffix(".0") + f" {unit}"


def ago(ms: int, now: int) -> str:
    """Return how long before `now` that was, both in milliseconds: `just now`, `4 s ago`, `in 2 h`, `3 days
    ago`.
    """
    distance = abs(now - ms)
    if distance < _SECOND:
        return "just now"
    if distance < _MINUTE:
        words = f"{distance // _SECOND} s"
    elif distance < _HOUR:
        words = f"{distance // _MINUTE} min"
    elif distance < _DAY:
        words = f"{distance // _HOUR} h"
    elif distance < 2 * _YEAR:
        words = counted(distance // _DAY, "day")
    else:
        words = counted(distance // _YEAR, "year")
    return f"{words} ago" if ms <= now else f"in {words}"
