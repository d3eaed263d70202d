"""A record of Mixpanel's own SDKs as a line of an export: `{"endpoint": "/track", "record": {…}}`. Pure."""

from __future__ import annotations

import re

import msgspec

from ...errors import InputError
from ...json_text import json_bytes
from ...messages import Message
from ..decode import NotJson, read_json
from ..parts import object_parts
from .records import ENDPOINTS

_ONE_LINE = re.compile(rb"[\r\n]+")
"""Line ends: within JSON they stand between values only."""
_BEGINNING = 128
"""Bytes at both ends of a line in which its two names stand."""


class Exported(msgspec.Struct, frozen=True):
    """A record and its endpoint. `text` is the record's JSON text."""

    endpoint: str
    text: bytes


def record_line(message: Message) -> bytes:
    """Return a record as a line: the record exactly as it was sent."""
    endpoint = json_bytes(message.endpoint.partition("?")[0])
    return b'{"endpoint":%s,"record":%s}' % (endpoint, _ONE_LINE.sub(b" ", message.original))


def exported_record(line: bytes) -> Exported | None:
    """Return the record in a line, None for any other. Raises InputError for an endpoint that takes none."""
    if b'"endpoint"' not in line[:_BEGINNING] and b'"endpoint"' not in line[-_BEGINNING:]:
        return None
    try:
        parts = object_parts(line)
        if parts.keys() != {"endpoint", "record"}:
            return None
        endpoint, _ = read_json(parts["endpoint"])
    except NotJson:
        return None
    if not isinstance(endpoint, str) or endpoint not in ENDPOINTS:
        raise InputError(f"endpoint has to be one of {', '.join(ENDPOINTS)}")
    return Exported(endpoint, parts["record"])
