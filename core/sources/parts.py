"""The parts of a request body: each cut out as text, without making anything of it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import TypeVar

import msgspec

from ..messages import CALL_TYPES, JsonObject
from .decode import BOM, GENEROUS, NotJson, read_json, words_of

T = TypeVar("T")

_SPACE = " \t\n\r"

# Nothing here makes anything of a value: each is cut out as text, so that the size of what is inside costs
# next to nothing. Only the members that somebody asks for are cut out, for there may be millions of others.


class _Members(msgspec.Struct, rename="camel"):
    batch: msgspec.Raw = msgspec.Raw()
    write_key: msgspec.Raw = msgspec.Raw()
    sent_at: msgspec.Raw = msgspec.Raw()
    context: msgspec.Raw = msgspec.Raw()
    integrations: msgspec.Raw = msgspec.Raw()
    type: msgspec.Raw = msgspec.Raw()
    event: msgspec.Raw = msgspec.Raw()
    name: msgspec.Raw = msgspec.Raw()
    message_id: msgspec.Raw = msgspec.Raw()
    user_id: msgspec.Raw = msgspec.Raw()
    anonymous_id: msgspec.Raw = msgspec.Raw()
    group_id: msgspec.Raw = msgspec.Raw()
    previous_id: msgspec.Raw = msgspec.Raw()
    timestamp: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()


_FIELDS = tuple((field.encode_name, field.name) for field in msgspec.structs.fields(_Members))
_members = msgspec.json.Decoder(_Members)
_items = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_FAULTS = (msgspec.DecodeError, UnicodeDecodeError)
_DESCRIBED = 64 * 1024
"""A text up to this many bytes is read once more, to say where it stops being JSON."""


def members(data: bytes) -> dict[str, bytes]:
    """Return the members of a JSON object that a batch or message is known by, each as its own text, as it
    came.

    What they hold is not looked at. Raises NotJson.
    """
    try:
        found, undo = _members.decode(data), None
    except RecursionError:
        raise NotJson("it is nested too deep") from None
    except _FAULTS:
        text, undo = _stricter(data)
        found = _decode(_members, text, data, "{")
    parts = {name: bytes(raw) for name, field in _FIELDS if (raw := getattr(found, field))}
    return parts if undo is None else {name: undo(part) for name, part in parts.items()}


def object_parts(data: bytes) -> dict[str, bytes]:
    """Return every member of a JSON object, each as its own text, as it came.

    Raises NotJson, also if a name is not valid UTF-8, or holds NaN or an escaped surrogate.
    """
    try:
        return {name: bytes(raw) for name, raw in _object.decode(data).items()}
    except RecursionError:
        raise NotJson("it is nested too deep") from None
    except _FAULTS:
        text, undo = _stricter(data)
        parts = {name: undo(bytes(raw)) for name, raw in _decode(_object, text, data, "{").items()}
    if any(undo(name.encode()) != name.encode() for name in parts):
        raise NotJson("the name of a member cannot be read")
    return parts


def array_parts(data: bytes) -> list[bytes]:
    """Return the items of a JSON array, each as its own text, as it came. Raises NotJson."""
    try:
        return [bytes(raw) for raw in _items.decode(data)]
    except RecursionError:
        raise NotJson("it is nested too deep") from None
    except _FAULTS:
        text, undo = _stricter(data)
        return [undo(bytes(raw)) for raw in _decode(_items, text, data, "[")]


def object_with(decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    """Decode an object of which only the presence of members is asked, each a Raw. Raises NotJson."""
    try:
        return decoder.decode(data)
    except RecursionError:
        raise NotJson("it is nested too deep") from None
    except _FAULTS:
        return _decode(decoder, _stricter(data)[0], data, "{")


def _decode(decoder: msgspec.json.Decoder[T], text: bytes, data: bytes, opening: str) -> T:
    try:
        return decoder.decode(text)
    except RecursionError:
        raise NotJson("it is nested too deep") from None
    except _FAULTS as error:
        raise NotJson(_why(data, opening, error)) from error


def _why(data: bytes, opening: str, error: Exception) -> str:
    """Return why a text is not JSON that begins with `opening`, and where."""
    start = 3 if data.startswith(BOM) else 0
    at = start + len(data[start:]) - len(data[start:].lstrip(_SPACE.encode()))
    if data[at : at + 1] != opening.encode():
        return f"{'an object' if opening == '{' else 'a list'} was expected at byte {at}"
    if len(data) <= _DESCRIBED:
        try:
            # As Latin-1 a place in the text is a place in the bytes, and JSON's own signs are ASCII.
            GENEROUS.decode(data[start:].decode("latin-1"))
        except json.JSONDecodeError as found:
            return f"{words_of(found)} at byte {start + found.pos}"
        except RecursionError:
            return "it is nested too deep"
    return str(error).removeprefix("JSON is malformed: ")


def _stricter(data: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """Return the text with stand-ins for what clients write that is not JSON by the letter, and the way back.

    NaN and Infinity become numbers, escapes of half a surrogate pair plain letters: all at C speed, whatever
    there is of them and wherever it stands, for each part of the text is turned back before it is read.
    """
    made = data[3:] if data.startswith(BOM) else data
    stand_ins: list[tuple[bytes, bytes]] = []
    for odd, kind in _ODD:
        if odd in made:
            stand_in = _unused(made, kind)
            made = made.replace(odd, stand_in)
            stand_ins.append((stand_in, odd))

    def undo(part: bytes) -> bytes:
        for stand_in, odd in reversed(stand_ins):
            part = part.replace(stand_in, odd)
        return part

    return made, undo


_ODD = (
    # A backslash that is escaped itself does not begin an escape: those pairs are put aside first.
    (rb"\\", b"p%d"),
    (rb"\ud", b"s%d"),
    (rb"\uD", b"s%d"),
    (b"-Infinity", b"-0.%d"),
    (b"Infinity", b"-0.%d"),
    (b"NaN", b"-0.%d"),
)


def _unused(text: bytes, kind: bytes) -> bytes:
    while (stand_in := kind % (10**9 + random.getrandbits(30))) in text:
        pass
    return stand_in


def head_of(item: bytes) -> JsonObject:
    """Return the short fields that identify a message: type, name and ids. Nothing else is read."""
    try:
        parts = members(item)
    except NotJson:
        return {}
    return {name: read_json(parts[name])[0] for name in _HEAD if 0 < len(parts.get(name, b"")) <= _HEAD_BYTES}


_HEAD = (
    *("type", "event", "name", "userId", "anonymousId", "groupId", "previousId", "messageId", "timestamp"),
    "sentAt",
)
_HEAD_BYTES = 1024


def batch_items(data: bytes) -> list[bytes] | None:
    """Return the messages of a batch, each as its own text; None for any other object. Raises NotJson."""
    parts = members(data)
    if parts.get("batch", b"")[:1] != b"[" or head_of(data).get("type") in CALL_TYPES:
        return None
    return array_parts(parts["batch"])
