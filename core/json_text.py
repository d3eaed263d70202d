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
