"""JSON text of parsed values, in the one way that segtap writes it: compact, as JavaScript does."""

from __future__ import annotations

import json

import msgspec

from .messages import Json

_encode = msgspec.json.Encoder().encode


def json_bytes(value: Json) -> bytes:
    """JSON text of any parsed value: UTF-8 as is, NaN as null.

    Lone surrogates, which UTF-8 cannot hold, become `\\udXXX` escapes, as JSON.stringify makes them.
    """
    try:
        return _encode(value)
    except UnicodeEncodeError:
        # msgspec refuses lone surrogates. NaN beside one is rare enough to walk for.
        return json.dumps(_finite(value), ensure_ascii=True, separators=(",", ":")).encode("ascii")


def to_json(value: Json) -> str:
    """The same as text, for a line of output."""
    return json_bytes(value).decode()


def _finite(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and value - value != 0 else value


def whole_text(value: Json | tuple[Json, ...]) -> Json:
    """The value with U+FFFD in place of lone surrogates, for readers that accept valid UTF-8 only.

    Tuples, which `msgspec.to_builtins` makes, become lists.
    """
    match value:
        case str():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case dict():
            return {str(whole_text(key)): whole_text(item) for key, item in value.items()}
        case list() | tuple():
            return [whole_text(item) for item in value]
        case _:
            return value
