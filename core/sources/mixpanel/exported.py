"""A record of Mixpanel's own SDKs as a line of an export: `{"endpoint": "/track", "record": {…}}`. Pure."""

from __future__ import annotations

import re

import msgspec

from ...errors import InputError
from ...json_text import json_bytes
from ...messages import Json, Message
from ..decode import NotJson, read_json
from ..parts import array_parts, object_parts
from .records import ENDPOINTS

_NAMES = frozenset({"endpoint", "record"})
_ONE_LINE = re.compile(rb"[\r\n]+")
"""Line ends: within JSON they stand between values only."""
_BEGINNING = 128
"""Bytes at both ends of a line in which its two names stand."""


class Exported(msgspec.Struct, frozen=True):
    """A record, or a list of several, and the endpoint, "" for different ones. `text` is JSON text."""

    endpoint: str
    text: bytes


def record_line(message: Message) -> bytes:
    """Return a record as a line: the record exactly as it was sent."""
    return exported_line(message.endpoint.partition("?")[0], message.original)


def exported_line(endpoint: str, record: bytes) -> bytes:
    """Return the JSON text of a record and its endpoint as a line."""
    return b'{"endpoint":%s,"record":%s}' % (json_bytes(endpoint), _ONE_LINE.sub(b" ", record))


def exported_record(line: bytes) -> Exported | None:
    """Return the record in a line, None for any other line.

    Raises InputError for a record that is not an object, and for an endpoint that takes none.
    """
    if b'"endpoint"' not in line[:_BEGINNING] and b'"endpoint"' not in line[-_BEGINNING:]:
        return None
    try:
        parts = object_parts(line)
        if parts.keys() != _NAMES:
            return None
        endpoint, _ = read_json(parts["endpoint"])
    except NotJson:
        return None
    if not isinstance(endpoint, str) or endpoint not in ENDPOINTS:
        known = ", ".join(ENDPOINTS)
        raise InputError(f"this is a line of device traffic, but its endpoint is not one of {known}")
    if parts["record"][:1] != b"{":
        raise InputError("this is a line of device traffic, but its record is not a JSON object")
    return Exported(endpoint, parts["record"])


def records_of(value: Json, text: bytes) -> Exported | None:
    """Return the record in the line that a JSON value is, or those in a list of lines; None for any other.

    `text` is the value as it was spelled. Raises InputError as `exported_record` does.
    """
    if isinstance(value, list):
        if not value or not all(map(_is_line, value)):
            return None
        found = [one for line in array_parts(text) if (one := exported_record(line)) is not None]
        endpoints = {one.endpoint for one in found}
        whole = b"[" + b",".join(one.text for one in found) + b"]"
        return Exported(endpoints.pop() if len(endpoints) == 1 else "", whole)
    return exported_record(text) if _is_line(value) else None


def _is_line(value: Json) -> bool:
    return isinstance(value, dict) and value.keys() == _NAMES
