"""The write key of a request: which of Segment's sources it is for. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..decode import NotJson, read_json
from ..parts import array_parts, members
from .routes import basic_user, query_field


def is_batch(parts: Mapping[str, bytes]) -> bool:
    """Return whether the body's members are a batch: `batch` is a list."""
    return parts.get("batch", b"")[:1] == b"["


def write_key_of(parts: Mapping[str, bytes], authorization: str | None, query: str) -> str:
    """Return the write key: the body's, else the Basic user, else the first batch item's, else the query's.

    Each is missing in some SDK. `parts` are the members of the body's object.
    """
    key = string_in(parts.get("writeKey")) or basic_user(authorization)
    if not key and is_batch(parts):
        try:
            items = array_parts(parts["batch"])
            key = string_in(members(items[0]).get("writeKey")) if items else ""
        except NotJson:
            key = ""
    return key or query_field(query, "writeKey")


def string_in(raw: bytes | None) -> str:
    """Return the string that a JSON text holds, "" for another value or none."""
    if raw is None or raw[:1] != b'"':
        return ""
    value, _ = read_json(raw)
    return value if isinstance(value, str) else ""
