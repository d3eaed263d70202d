"""Paths into a payload, compiled to closures: `$.context.app.name`, `properties.items[0].sku`.

Source: `get` of Segment's actions-core. A falsy value on the way ends the walk and is the result, so that
`$.context.app.name` is null where `context.app` is null.
"""

from __future__ import annotations

import re

from ..messages import Json
from .javascript import MISSING, Getter, Value, truthy
from .validate import is_directive

_SPLIT = re.compile(r"""\[(?=["'\d])|\.|(?<=["'\d])\]+""", re.ASCII)
_INDEX = re.compile(r"(?:0|[1-9][0-9]*)\Z")
_SURROGATE_PAIR = re.compile("[\U00010000-\U0010ffff]")


def path_keys(path: str) -> tuple[str, ...]:
    """Return the keys of a path without its `$.`; empty for the payload itself."""
    if path in ("", "."):
        return ()
    return tuple(re.sub("['\"]", "", part) for part in _SPLIT.split(path) if part)


def without_root(path: str) -> str:
    """Return the path without its first `$.`."""
    return path.replace("$.", "", 1)


def member(value: Value, key: str) -> Value:
    """Return `value[key]` for a truthy value: keys of objects, indexes and `length` of lists and texts."""
    if isinstance(value, dict):
        return value.get(key, MISSING)  # pyright: ignore[reportReturnType]
    if isinstance(value, list):
        if key == "length":
            return len(value)
        if _INDEX.match(key) and len(key) < 10 and int(key) < len(value):
            return value[int(key)]
        return MISSING
    if isinstance(value, str):
        units = utf16(value)
        if key == "length":
            return len(units)
        if _INDEX.match(key) and len(key) < 10 and int(key) < len(units):
            return units[int(key)]
    return MISSING


def utf16(text: str) -> str:
    """Return the text as JavaScript counts it: a character beyond 16 bits is two surrogates."""
    if not _SURROGATE_PAIR.search(text):
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(int.from_bytes(raw[at : at + 2], "little")) for at in range(0, len(raw), 2))


def walk(value: Value, keys: tuple[str, ...]) -> Value:
    """Follow the keys as far as they lead."""
    for key in keys:
        if not truthy(value):
            return value
        value = member(value, key)
    return value


def compile_path(path: str) -> Getter:
    """Return a closure that reads `path` (without `$.`) from a payload."""
    return compile_keys(path_keys(path))


def compile_keys(keys: tuple[str, ...]) -> Getter:
    """Return a closure that follows the keys as far as they lead; with no keys it gives the payload
    itself.
    """
    if not keys:
        return lambda payload: payload
    if len(keys) == 1:
        (only,) = keys

        def one(payload: Value) -> Value:
            if payload.__class__ is dict and payload:
                return payload.get(only, MISSING)  # pyright: ignore
            return walk(payload, keys)

        return one
    if len(keys) == 2:
        first, second = keys

        def two(payload: Value) -> Value:
            if payload.__class__ is dict:
                value = payload.get(first, MISSING)  # pyright: ignore
                if value.__class__ is dict:  # pyright: ignore
                    return value.get(second, MISSING)  # pyright: ignore
                if value is MISSING:
                    return MISSING
            return walk(payload, keys)

        return two

    *most, last = keys
    leading = tuple(most)

    def several(payload: Value) -> Value:
        value: Json = payload  # pyright: ignore[reportAssignmentType]
        for key in leading:
            if value.__class__ is not dict:
                return walk(payload, keys)
            value = value.get(key, MISSING)  # pyright: ignore
            if value is MISSING:
                return MISSING
        if value.__class__ is dict:
            return value.get(last, MISSING)  # pyright: ignore
        return walk(payload, keys)

    return several


def plain_path(node: Json) -> tuple[str, ...]:
    """Return the keys of a node that is only a path; empty for others, and for the whole payload."""
    if isinstance(node, dict) and is_directive(node) and isinstance(path := node.get("@path"), str):
        return path_keys(without_root(path))
    return ()
