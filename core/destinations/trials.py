"""What a value of a message does to the requests: change it, translate again, and compare. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from ..mapping import MISSING, Value
from ..messages import Json
from ..verdict import Translation

Steps: TypeAlias = "tuple[str | int, ...]"
Place: TypeAlias = "tuple[int, Steps]"
"""A request by its number, and the steps into its body."""

_SECONDS = re.compile(r"(?<=T\d\d:\d\d:)\d\d")


def other_value(value: Json) -> Json:
    """Return another value of the same kind: a time stays one, and near; a number in text stays one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1_000
    if isinstance(value, str):
        later, times = _SECONDS.subn(lambda match: f"{(int(match[0]) + 1) % 60:02}", value, count=1)
        if times:
            return later
        return f"{value}1" if value.isascii() and value.isdecimal() else f"another {value[::-1]}"
    return "another"


def differing(one: Translation, other: Translation) -> Iterator[tuple[Place, Json]]:
    """Yield what of the first is not the same in the other, in the requests that both make."""
    after = {
        name: operation.request.body for operation, name in zip(other.operations, _names(other), strict=True)
    }
    for index, (operation, name) in enumerate(zip(one.operations, _names(one), strict=True)):
        if name in after:
            for steps, value in _changes(operation.request.body, after[name], ()):
                yield (index, steps), value


def _changes(before: Json, after: Value, steps: Steps) -> Iterator[tuple[Steps, Json]]:
    """Yield the values of the first that are not the same, or no longer there, in the second."""
    if isinstance(before, dict) and before and isinstance(after, dict):
        for key, value in before.items():
            there = after.get(key, MISSING)
            if there is MISSING or not same(value, there):
                yield from _changes(value, there, (*steps, key))
    elif isinstance(before, list) and before and isinstance(after, list):
        for index, value in enumerate(before):
            there = after[index] if index < len(after) else MISSING
            if there is MISSING or not same(value, there):
                yield from _changes(value, there, (*steps, index))
    else:
        yield from leaves(before, steps)


def _names(translation: Translation) -> list[tuple[str, str, int]]:
    """Tell requests of two translations apart: by action, URL, and how many such came before."""
    named = [(one.action, one.request.url) for one in translation.operations]
    return [(*name, named[:index].count(name)) for index, name in enumerate(named)]


def same(one: Value, other: Value) -> bool:
    """Return True if both values are of one type and equal."""
    return type(one) is type(other) and one == other


def leaves(value: Value, steps: Steps = ()) -> Iterator[tuple[Steps, Json]]:
    """Yield every value that holds no other, with the steps to it."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, (*steps, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*steps, index))
    elif value is not MISSING:
        yield steps, value
