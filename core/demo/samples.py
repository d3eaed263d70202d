"""One message of each call of the demo's story, as Segment would hand it on: to show mappings on."""

from __future__ import annotations

import itertools
import uuid

from ..messages import JsonObject
from .scenario import Call, calls

_NAMES = {
    "user_id": "userId",
    "anonymous_id": "anonymousId",
    "group_id": "groupId",
    "previous_id": "previousId",
    "message_id": "messageId",
}
"""The SDK's names of what the message calls otherwise."""

LOOKED_AT = 400


def sample_messages() -> tuple[JsonObject, ...]:
    """Return a message of each event and each other call, from those that are made without mistakes."""
    found: dict[str, JsonObject] = {}
    for call in itertools.islice(calls(), LOOKED_AT):
        if not call.note:
            found.setdefault(f"{call.method} {call.arguments.get('event', '')}", _message(call))
    return tuple(found.values())


def _message(call: Call) -> JsonObject:
    made: JsonObject = {"type": call.method}
    made.update((_NAMES.get(name, name), value) for name, value in call.arguments.items())
    made.setdefault("messageId", str(uuid.uuid5(uuid.NAMESPACE_URL, repr(call.arguments))))
    made.setdefault("timestamp", "2026-11-24T10:00:00.000Z")
    return made
