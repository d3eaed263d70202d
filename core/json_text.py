"""JSON text of parsed values, in the one way that segtap writes it: compact, as JavaScript does."""

from __future__ import annotations

import json

import msgspec

from .messages import Json
from .text import HARMFUL_WITHIN_LINES

_encode = msgspec.json.Encoder().encode


def json_bytes(value: Json) -> bytes:
    """Return JSON text of any parsed value: UTF-8 as is, NaN as null.

    Lone surrogates, which UTF-8 cannot hold, become `\\udXXX` escapes, as JSON.stringify makes them.
    """
    try:
        return _encode(value)
    except UnicodeEncodeError:
        # msgspec refuses lone surrogates. NaN beside one is rare enough to walk for.
        return json.dumps(_finite(value), ensure_ascii=True, separators=(",", ":")).encode("ascii")


def to_json(value: Json) -> str:
    """Return the same as text."""
    return json_bytes(value).decode()


def _finite(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and value - value != 0 else value


def escaped(text: str) -> str:
    """Return JSON text whose strings hold no character that could act on a terminal: those are `\\uXXXX`
    escapes.

    It is equal JSON. C0 and lone surrogates are escaped by whatever wrote it.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return HARMFUL_WITHIN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def escaped_bytes(data: bytes) -> bytes:
    """Return the same for UTF-8; bytes that are not become U+FFFD."""
    if data.isascii() and b"\x7f" not in data:
        return data
    return escaped(data.decode("utf-8", "replace")).encode()


def json_line(value: Json) -> str:
    """Return a value as one line of a command's output or of a log: compact, and `escaped`."""
    return escaped(to_json(value))


def json_indented(value: Json) -> str:
    """Return a value as JSON for people: indented, without a line end, and `escaped`."""
    return escaped(msgspec.json.format(json_bytes(value), indent=2).decode())


def whole_text(value: Json | tuple[Json, ...]) -> Json:
    """Return the value with U+FFFD in place of lone surrogates, for readers that accept valid UTF-8 only.

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


def deeper_than(value: Json, most: int) -> bool:
    """Return True if a value holds more than `most` levels of objects and lists."""
    level: list[Json] = [value]
    for _ in range(most + 1):
        level = [
            item
            for holder in level
            if isinstance(holder, (dict, list))
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, (dict, list))
        ]
        if not level:
            return False
    return True


def json_type(value: Json) -> str:
    """Return the JSON type of a parsed value, by its name in JSON Schema: whole numbers are numbers, too."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case dict():
            return "object"
        case list():
            return "array"
        case _:
            return "number"
