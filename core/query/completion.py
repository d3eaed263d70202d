"""Finds how a filter that is being written may go on: which part is at the cursor, and what fits there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from ..messages import Json, JsonObject
from .fields import BY_NAME, FIELDS, Field
from .sql import CUT_AT
from .terms import MIXPANEL, ROOTS, Comparison, Path, Scalar, written
from .wildcards import ESCAPED, fold

Part = Literal["word", "value", "comparison"]
_TIMES = {
    "10m": "10 minutes ago",
    "1h": "an hour ago",
    "24h": "a day ago",
    "7d": "a week ago",
}
MOST_STEPS = 6
"""Keys of a path that is offered."""
_OPERATORS = "=<>~"


class Spot(msgspec.Struct, frozen=True):
    """The part of a filter at the cursor. What completes it replaces the characters from `start` to `end`.

    `part` is a word (or the beginning of a field or a path), a value of `field`, or a value that the path
    `field` is compared with. `typed` is what stands before the cursor, without quotes.
    """

    part: Part
    field: str
    typed: str
    start: int
    end: int


def spot_at(text: str, cursor: int) -> Spot | None:
    """Return the part at the cursor; None in a regular expression, or in a value of an unknown field."""
    at = 0
    while at < len(text) and at < cursor:
        if text[at].isspace() or text[at] in "()-":
            at += 1
            continue
        end = _term_end(text, at)
        if cursor <= end:
            return _in_term(text, at, end, cursor)
        at = end
    return Spot("word", "", "", cursor, cursor)


def times_for(spot: Spot) -> dict[str, str]:
    """Return the times that complete a value of `since` or `until`, and what they mean."""
    if spot.part != "value" or BY_NAME[spot.field].kind != "time":
        return {}
    return {time: words for time, words in _TIMES.items() if time.startswith(spot.typed)}


def fields_for(typed: str) -> list[Field]:
    """Return the fields whose names begin with what was typed; all of them for ""."""
    low = typed.lower()
    return [field for field in FIELDS if field.name.startswith(low)]


def paths_for(document: JsonObject, typed: str) -> list[tuple[str, Json]]:
    """Return the paths of a message that contain what was typed, as filters write them, with their values."""
    low = fold(typed)
    found = [(str(Path(steps)), value) for steps, value in _walked(document, ())]
    fitting = [(path, value) for path, value in found if low in fold(path)]
    return sorted(fitting, key=lambda one: (not fold(one[0]).startswith(low), not _ends(fold(one[0]), low)))


def value_at(document: JsonObject, path: str) -> str:
    """Return the value at a path of a message as it stands behind `=`; "" if there is none."""
    for steps, value in _walked(document, ()):
        if str(Path(steps)) == path and isinstance(value, bool | int | float | str):
            return value_written(value)
    return ""


def value_written(value: Scalar) -> str:
    """Return the value as it stands behind `=`."""
    return str(Comparison(Path(("event",)), "=", value)).partition("=")[2]


def field_written(value: str) -> str:
    """Return a value of a field as it stands behind the colon; one that may be cut, with a star."""
    return written(value) if len(value) < CUT_AT else f'{written(value + " ")[:-2]}*"'


def _ends(path: str, typed: str) -> bool:
    """Return True if the path's last key begins with what was typed."""
    return path.rpartition(".")[2].startswith(typed)


def _walked(value: Json, steps: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Json]]:
    if isinstance(value, dict) and len(steps) < MOST_STEPS:
        for key, inner in value.items():
            if steps or (key in ROOTS and key != MIXPANEL):
                yield from _walked(inner, (*steps, key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from _walked(value[0], steps)
    elif steps:
        yield steps, value


def _term_end(text: str, at: int) -> int:
    """Return where the term that begins there ends: at a space or parenthesis that is not quoted."""
    quoted = False
    while at < len(text) and (quoted or not (text[at].isspace() or text[at] in "()")):
        if quoted and text[at] == "\\" and text[at + 1 : at + 2] in ESCAPED:
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        at += 1
    return min(at, len(text))


def _in_term(text: str, start: int, end: int, cursor: int) -> Spot | None:
    quoted, at = False, start
    colon = begins = 0
    stops = end
    while at < end:
        here = text[at]
        if quoted and here == "\\":
            at += 1
        elif here == '"':
            quoted = not quoted
        elif quoted:
            pass
        elif colon and here == "," and at < cursor:
            begins = at + 1
        elif colon and here == ",":
            stops = min(stops, at)
        elif not colon and here == ":" and at < cursor:
            colon, begins = at, at + 1
        elif not colon and here == ":":
            stops = at + 1
            break
        elif not colon and here in _OPERATORS:
            if at >= cursor:
                stops = min(stops, at)
                break
            path = text[start:at].rstrip("!")
            begins = at + 1 + (text[at + 1 : at + 2] == "=" and here in "<>")
            return None if here == "~" else Spot("comparison", path, _bare(text[begins:cursor]), begins, end)
        at += 1
    if not colon:
        return Spot("word", "", _bare(text[start:cursor]), start, stops)
    field = text[start:colon]
    if field not in BY_NAME:
        return None
    return Spot("value", field, _bare(text[begins:cursor]), begins, stops)


def _bare(typed: str) -> str:
    """Return what was typed of a value without its quotes and escapes."""
    if not typed.startswith('"'):
        return typed
    inner = typed[1:]
    if inner.endswith('"') and not inner.endswith('\\"'):
        inner = inner[:-1]
    return inner.replace('\\"', '"').replace("\\\\", "\\")
