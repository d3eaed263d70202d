"""Glob patterns of `match()` in Segment's query language: `*`, `?`, `[abc]`, `[a-z]`, `[^x]`, `\\x`.

Source: `globMatches` of npm @segment/tsub 2.0.1, which works on UTF-16 units, so that an emoji is two
characters. A pattern that is broken anywhere (`[`, `[]`, `[a-`, a last backslash) matches nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from .paths import utf16

_NEVER = re.compile(r"(?!)")


class _Chunk(msgspec.Struct, frozen=True):
    """What stands between two stars: it matches `units` characters. `star`: one stands before it."""

    star: bool
    units: int
    pattern: re.Pattern[str]


def glob_matches(pattern: str, text: str) -> bool:
    """Return True if the pattern matches the whole text. Case counts."""
    chunks, text = _chunks(pattern), utf16(text)
    at = 0
    for number, chunk in enumerate(chunks, start=1):
        last = number == len(chunks)
        if chunk.star and last:
            start = len(text) - chunk.units
            return start >= at and chunk.pattern.fullmatch(text, start) is not None
        found = chunk.pattern.search(text, at) if chunk.star else chunk.pattern.match(text, at)
        if found is None:
            return False
        at = found.end()
    return at == len(text)


@lru_cache(maxsize=256)
def _chunks(pattern: str) -> tuple[_Chunk, ...]:
    rest = utf16(pattern)
    found: list[_Chunk] = []
    while rest:
        unstarred = rest.lstrip("*")
        end = _end_of_chunk(unstarred)
        found.append(_chunk(unstarred[:end], star=unstarred != rest))
        rest = unstarred[end:]
    return tuple(found)


def _end_of_chunk(pattern: str) -> int:
    """Return where the next star stands that is neither escaped nor in a class."""
    at, within = 0, False
    while at < len(pattern):
        unit = pattern[at]
        if unit == "\\":
            at += 1
        elif unit in "[]":
            within = unit == "["
        elif unit == "*" and not within:
            return at
        at += 1
    return len(pattern)


def _chunk(chunk: str, *, star: bool) -> _Chunk:
    made: list[str] = []
    at = 0
    while at < len(chunk):
        unit = chunk[at]
        at += 1
        if unit == "?":
            made.append(".")
        elif unit == "[":
            try:
                one, at = _class(chunk, at)
            except _Broken:
                return _Chunk(star, 0, _NEVER)
            made.append(one)
        else:
            if unit == "\\":
                if at == len(chunk):
                    return _Chunk(star, 0, _NEVER)
                unit = chunk[at]
                at += 1
            made.append(re.escape(unit))
    return _Chunk(star, len(made), re.compile("".join(made), re.DOTALL))


class _Broken(Exception):
    """A class that is not closed, or holds a bare `-` or nothing."""


def _class(chunk: str, at: int) -> tuple[str, int]:
    """Return the class whose `[` was just read, as a regular expression for one unit, and where it ends."""
    negated = chunk.startswith("^", at)
    at += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and chunk.startswith("]", at)):
        low, at = _unit(chunk, at)
        high = low
        if chunk.startswith("-", at):
            high, at = _unit(chunk, at + 1)
        ranges.append((low, high))
    inner = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in ranges if low <= high)
    if not inner:
        return ("." if negated else "(?!)."), at + 1
    return f"[{'^' if negated else ''}{inner}]", at + 1


def _unit(chunk: str, at: int) -> tuple[str, int]:
    """Return a unit of a class, perhaps escaped; something must follow it."""
    if chunk[at : at + 1] in ("", "-", "]"):
        raise _Broken
    at += chunk[at] == "\\"
    if at + 1 >= len(chunk):
        raise _Broken
    return chunk[at], at + 1
