"""What the body of a batch says for all messages in it: write key, context, integrations. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..messages import JsonObject, Receipt
from ..paths import child
from ..sources.decode import NotJson, read_json
from ..sources.parts import array_parts, members
from ..sources.segment.routes import basic_user, query_field

SHARED = ("context", "integrations")
"""What a batch may state once for all of its items. An item's own keys win: Segment does not document which
does, and the nearer statement is the plainer reading."""


def is_batch(parts: Mapping[str, bytes]) -> bool:
    """Return whether the body's members are a batch: `batch` is a list."""
    return parts.get("batch", b"")[:1] == b"["


def write_key_of(receipt: Receipt, parts: Mapping[str, bytes]) -> str:
    """Return the write key: the body's, else the Basic user, else the first batch item's, else the query's.

    Each is missing in some SDK. `parts` are the members of the body's object.
    """
    key = string_in(parts.get("writeKey")) or basic_user(receipt.header("authorization"))
    if not key and is_batch(parts):
        try:
            items = array_parts(parts["batch"])
            key = string_in(members(items[0]).get("writeKey")) if items else ""
        except NotJson:
            key = ""
    return key or query_field(receipt.query, "writeKey")


def merged(own: JsonObject, shared: JsonObject, path: str, filled: list[str]) -> JsonObject:
    """Fill in what `own` lacks of `shared`, in the objects inside as well; `filled` gets the paths of it.

    What `own` states wins, `null` and lists included. Without recursion: objects may be nested deep.
    """
    whole = dict(own)
    waiting: list[tuple[JsonObject, JsonObject, str]] = [(whole, shared, path)]
    while waiting:
        target, more, where = waiting.pop()
        for key, value in more.items():
            there = target.get(key)
            if key not in target:
                target[key] = value
                filled.append(child(where, key))
            elif isinstance(there, dict) and isinstance(value, dict):
                inner = target[key] = dict(there)
                waiting.append((inner, value, child(where, key)))
    return whole


def string_in(raw: bytes | None) -> str:
    """Return the string that a JSON text holds, "" for another value or none."""
    if raw is None or raw[:1] != b'"':
        return ""
    value, _ = read_json(raw)
    return value if isinstance(value, str) else ""
