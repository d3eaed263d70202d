"""A line of a scenario: `{"at_ms", "message", "expect"}`, read and written. Pure."""

from __future__ import annotations

from typing import cast

import msgspec

from ..errors import InputError
from ..json_text import json_bytes
from ..messages import Json, JsonObject
from ..sources.decode import NotJson, read_json
from ..sources.parts import object_parts
from ..sources.segment.times import iso
from .notation import FIXED, MOST_MS, Resolved, Stand

NOT_A_SCENARIO = (
    "this is not a line of a scenario, which has at_ms, message and expect; segtap record NAME writes one"
)
_NAMES = (b'"at_ms"', b'"message"', b'"expect"')


class Step(msgspec.Struct, frozen=True):
    """One line: when its message came, in milliseconds after the beginning, the message, and its requests.

    The message and the requests have placeholders.
    """

    at_ms: int
    message: JsonObject
    expect: list[Json]

    def resolved(self, stand: Stand = FIXED) -> tuple[bytes, set[int]]:
        """Return the message without placeholders as a line of an export, and the times in it.

        Raises InputError for a time that no calendar has.
        """
        resolved = Resolved(stand)
        try:
            message = cast(JsonObject, resolved.value(self.message))
            at = iso(stand.beginning + self.at_ms)
        except (OverflowError, ValueError):
            raise InputError("one of its times is not in any calendar") from None
        resolved.offsets.add(self.at_ms)
        if "endpoint" not in message:
            message.setdefault("receivedAt", at)
        return json_bytes(message), resolved.offsets


def is_step(line: bytes) -> bool:
    """Return True if a line may be one of a scenario, without reading it."""
    return all(name in line for name in _NAMES)


def read_step(line: bytes) -> Step | None:
    """Read a line of a scenario, None for another JSON object. Raises InputError for a wrong line."""
    if not is_step(line):
        return None
    try:
        value, _ = read_json(line)
    except NotJson as error:
        raise InputError(f"not JSON: {error}") from None
    if not isinstance(value, dict) or not {"at_ms", "message", "expect"} <= value.keys():
        return None
    at, message, expect = value["at_ms"], value["message"], value["expect"]
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not 0 <= at <= MOST_MS:
        raise InputError("at_ms has to be a number of milliseconds, 0 or more")
    if not isinstance(message, dict):
        raise InputError("message has to be a JSON object")
    if not isinstance(expect, list) or not all(isinstance(one, dict) for one in expect):
        raise InputError("expect has to be a list of requests, each a JSON object")
    return Step(round(at), message, expect)


def step_line(at_ms: int, message: JsonObject, expect: list[Json]) -> bytes:
    """Write a line of a scenario, with its newline."""
    return b'{"at_ms":%d,"message":%s,"expect":%s}\n' % (at_ms, json_bytes(message), json_bytes(expect))


def with_expect(line: bytes, expect: list[Json]) -> bytes:
    """Return the line with other requests; everything else stays as it is spelled. Raises InputError."""
    try:
        parts = object_parts(line.strip())
    except NotJson as error:
        raise InputError(f"not JSON: {error}") from None
    parts["expect"] = json_bytes(expect)
    return b"{" + b",".join(json_bytes(name) + b":" + part for name, part in parts.items()) + b"}\n"
