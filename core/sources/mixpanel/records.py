"""The records in a request of Mixpanel's SDKs: which JSON is one, and which endpoint takes it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from ...messages import Json, JsonObject
from ..decode import BOM, NotJson
from ..limits import MAX_BATCH_MESSAGES
from ..parts import array_parts, object_with

ENDPOINTS = ("/track", "/engage", "/groups", "/import")
"""Mixpanel's endpoints that take records; its SDKs call them with a slash at the end, too."""
OPERATIONS = (
    *("$set", "$set_once", "$add", "$append", "$prepend", "$union", "$remove", "$unset", "$delete"),
)
"""What a record does to a profile or a group."""


class _Properties(msgspec.Struct):
    token: msgspec.Raw = msgspec.Raw()
    distinct_id: msgspec.Raw = msgspec.Raw()
    library: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="mp_lib")
    insert_id: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="$insert_id")
    device_id: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="$device_id")


class _Record(msgspec.Struct):
    """The members by which a record is known, and those that only a Segment message has."""

    event: msgspec.Raw = msgspec.Raw()
    properties: msgspec.Raw = msgspec.Raw()
    token: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="$token")
    distinct_id: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="$distinct_id")
    group_key: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="$group_key")
    type: msgspec.Raw = msgspec.Raw()
    user_id: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="userId")
    anonymous_id: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="anonymousId")
    message_id: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="messageId")
    write_key: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="writeKey")
    context: msgspec.Raw = msgspec.Raw()
    batch: msgspec.Raw = msgspec.Raw()


_SEGMENTS = (b'"userId"', b'"anonymousId"', b'"messageId"', b'"writeKey"', b'"batch"')
_record = msgspec.json.Decoder(_Record)
_properties = msgspec.json.Decoder(_Properties)


def is_record(text: bytes, *, sure: bool) -> bool:
    """Return True if a JSON text is a record for Mixpanel, False for any other, also if it is not JSON.

    `sure` asks for more of an event than its properties: at a path that is not Mixpanel's it must name a
    project and what only Mixpanel's SDKs write.
    """
    if text.removeprefix(BOM).lstrip()[:1] != b"{":
        return False
    try:
        found = object_with(_record, text)
        if any((found.user_id, found.anonymous_id, found.message_id, found.write_key, found.batch)):
            return False
        if found.token or found.distinct_id or found.group_key:
            return True
        if not found.event or bytes(found.properties)[:1] != b"{" or found.context or found.type:
            return False
        if not sure:
            return True
        inside = object_with(_properties, bytes(found.properties))
    except NotJson:
        return False
    return bool(inside.token) and any(
        (inside.distinct_id, inside.library, inside.insert_id, inside.device_id)
    )


def is_segments(body: bytes) -> bool:
    """Return True if JSON text, of which there may be only a part, has names of Segment's messages."""
    return any(name in body for name in _SEGMENTS)


def items_of(text: bytes) -> list[bytes]:
    """Return the records in a JSON text, each as it was sent: of a list, one alone, or one a line.

    There is no white space around the text. Raises NotJson.
    """
    if text[:1] == b"[":
        return array_parts(text)
    try:
        object_with(_record, text)
    except NotJson:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        if len(lines) > MAX_BATCH_MESSAGES:
            return lines  # too many: nobody looks at them
        for number, line in enumerate(lines, start=1):
            try:
                object_with(_record, line)
            except NotJson as error:
                raise NotJson(f"line {number}: {error}") from None
        return lines
    return [text]


def endpoint_of_path(path: str) -> str:
    """Return the endpoint that a path ends in, "" for a path that names none (`api_routes` sets any)."""
    last = "/" + path.rstrip("/").rpartition("/")[2]
    return last if last in ENDPOINTS else ""


def endpoint_of(record: JsonObject) -> str:
    """Return the endpoint that takes a record."""
    if "event" in record:
        return "/track"
    return "/groups" if "$group_key" in record else "/engage"


def tokens_of(record: JsonObject, text: bytes = b"") -> list[tuple[str, str]]:
    """Return the projects' tokens that a record names, each with its path; first that of its own kind.

    Events name theirs in the properties, updates beside them. Only a record made by hand names others, too,
    or has a name twice: then `text`, the record as it was sent, has the values that `record` lacks.
    """
    properties = record.get("properties")
    inside = properties if isinstance(properties, dict) else {}
    places = [
        *((f"$.properties.{name}", inside.get(name)) for name in _TOKENS),
        *((f"$.{name}", record.get(name)) for name in reversed(_TOKENS)),
    ]
    if "event" not in record:
        places = [*places[2:], *places[:2]]
    if sum(map(text.count, _SPELLED)) > 1 or _ESCAPED in text:
        places += _repeated(text)
    return [(path, token) for path, token in places if isinstance(token, str) and token]


_TOKENS = ("token", "$token")
_SPELLED = tuple(f'"{name}"'.encode() for name in _TOKENS)
_ESCAPED = b"\\u00"
"""How letters of a name may be escaped."""


class _Members(list[tuple[str, object]]):
    """The members of an object, also those whose names come again."""


_EVERY_MEMBER = json.JSONDecoder(object_pairs_hook=_Members, strict=False)


def _repeated(text: bytes) -> Iterator[tuple[str, Json]]:
    """Yield the values of all tokens in the text of a record, also of those whose names come again."""
    try:
        members = _EVERY_MEMBER.decode(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return  # not JSON to a strict reader: then the last of each is known
    for name, value in members if isinstance(members, _Members) else ():
        if name in _TOKENS and isinstance(value, str):
            yield f"$.{name}", value
        elif name == "properties" and isinstance(value, _Members):
            for inner, token in value:
                if inner in _TOKENS and isinstance(token, str):
                    yield f"$.properties.{inner}", token


def token_of(record: JsonObject) -> str:
    """Return the project's token that a record names, "" for none."""
    return next((token for _, token in tokens_of(record)), "")
