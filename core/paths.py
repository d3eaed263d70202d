"""Paths into a message or its translation: `$.properties.total`, `requests[0].body[0]['odd.key']`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from .messages import Json, JsonObject

_PLAIN = re.compile(r"[^\s.\[\]'\"]+")
_MAX_KEY = 200
_MAX_PATH = 1000


def child(path: str, step: str | int) -> str:
    """Return the path one step further: a key of an object, or an index into a list.

    Keys with spaces, dots, quotes or brackets stand quoted in brackets. Absurdly long ones, and absurdly long
    paths, are shortened; such a path leads nowhere, but it can be shown, and 50,000 of them can be held.
    """
    if len(path) > _MAX_PATH:
        return path if path.endswith("…") else f"{path}…"
    if isinstance(step, int):
        return f"{path}[{step}]"
    if len(step) > _MAX_KEY:
        step = step[: _MAX_KEY - 1] + "…"
    if _PLAIN.fullmatch(step):
        return f"{path}.{step}"
    return f"{path}['" + step.replace("\\", "\\\\").replace("'", "\\'") + "']"


def changed_at(value: Json, steps: Sequence[str | int], change: Callable[[Json], Json]) -> Json:
    """Return the value with a change made where the steps lead, the same value where they lead nowhere.

    What is not on the way is shared, not copied. A step into a list may be its index as a text.
    """
    if not steps:
        return change(value)
    step, rest = steps[0], steps[1:]
    if isinstance(value, dict) and isinstance(step, str) and step in value:
        return {**value, step: changed_at(value[step], rest, change)}
    if isinstance(value, list):
        at = int(step) if isinstance(step, int) or (step.isascii() and step.isdecimal()) else len(value)
        if at < len(value):
            return [*value[:at], changed_at(value[at], rest, change), *value[at + 1 :]]
    return value


def changes(
    before: JsonObject, after: JsonObject
) -> Iterator[tuple[str, Literal["added", "removed", "changed"]]]:
    """Yield the path of everything that differs, and how: the outermost value that was added or removed.

    Values are compared as JSON has them: true is not 1, and the order of keys means nothing. Lists of another
    length differ as a whole.
    """
    waiting: list[tuple[Json, Json, str]] = [(before, after, "$")]
    while waiting:
        one, other, path = waiting.pop()
        if one is other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            for key, value in reversed(one.items()):
                if key in other:
                    waiting.append((value, other[key], child(path, key)))
            for key in one:
                if key not in other:
                    yield child(path, key), "removed"
            for key in other:
                if key not in one:
                    yield child(path, key), "added"
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            for index in range(len(one) - 1, -1, -1):
                waiting.append((one[index], other[index], child(path, index)))
        elif one != other or isinstance(one, bool) is not isinstance(other, bool):
            yield path, "changed"
