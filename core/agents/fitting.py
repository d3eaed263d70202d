"""Makes values fit into the context of an agent: cut to a size, and without control characters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..json_text import json_bytes
from ..messages import Json, JsonObject
from ..text import clean, size

MOST = 24_000
"""The most bytes of JSON in one answer."""
PART = 6_000
"""The most bytes of JSON of a message, or of all requests that it becomes."""


class Limits(NamedTuple):
    """The most that is kept of a value: characters of a text, items of a list, keys of an object, levels."""

    text: int
    items: int
    keys: int
    levels: int


_STEPS = (
    Limits(1_000, 50, 200, 20),
    Limits(300, 20, 60, 12),
    Limits(100, 8, 30, 8),
    Limits(60, 3, 12, 5),
    Limits(30, 1, 5, 3),
)
"""Tried in turn until the value fits."""


def cleaned(value: Json) -> Json:
    """Return a value whose texts and keys hold nothing that acts on a terminal; lines stay lines."""
    match value:
        case str():
            return "\n".join(map(clean, value.split("\n"))) if not value.isprintable() else value
        case dict():
            return {clean(key): cleaned(item) for key, item in value.items()}
        case list():
            return [cleaned(item) for item in value]
        case _:
            return value


def fitted(value: Json, most: int = PART) -> tuple[Json, int]:
    """Return a value in at most about so many bytes of JSON, and its real size if it was cut, else 0."""
    real = len(json_bytes(value))
    if real <= most:
        return value, 0
    for limits in _STEPS:
        cut = _cut(value, limits, limits.levels)
        if len(json_bytes(cut)) <= most:
            return cut, real
    return f"… {size(real)}", real


def put_fitted(answer: JsonObject, name: str, value: Json, most: int = PART) -> None:
    """Put a value into an answer; if it was cut, `NAME_cut` says how large it really is."""
    answer[name], real = fitted(value, most)
    if real:
        answer[f"{name}_cut"] = f"{size(real)} in full; shortened here"


def without_empty(pairs: Iterable[tuple[str, Json]]) -> JsonObject:
    """Return an object without the values that say nothing: "", null, 0, false, empty lists and objects."""
    return {name: value for name, value in pairs if value}


def _cut(value: Json, limits: Limits, levels: int) -> Json:
    match value:
        case str() if len(value) > limits.text:
            return f"{value[: limits.text]}… ({len(value):,} characters)"
        case dict() | list() if value and not levels:
            return f"… {len(value):,} {'keys' if isinstance(value, dict) else 'items'}"
        case dict():
            kept: JsonObject = {
                _cut_key(key, limits): _cut(item, limits, levels - 1)
                for key, item in list(value.items())[: limits.keys]
            }
            if len(value) > limits.keys:
                kept["…"] = f"{len(value) - limits.keys:,} more keys"
            return kept
        case list():
            items = [_cut(item, limits, levels - 1) for item in value[: limits.items]]
            return [*items, f"… {len(value) - limits.items:,} more"] if len(value) > limits.items else items
        case _:
            return value


def _cut_key(key: str, limits: Limits) -> str:
    return key if len(key) <= limits.text else f"{key[: limits.text]}… ({len(key):,} characters)"
