"""Segment messages in whatever somebody pasted: lines, requests, base64, or a record of a debugger. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..codec import decode
from ..codec.kinds import Kind, kind_of
from ..errors import InputError
from ..messages import CALL_TYPES, Message
from ..settings import Destination
from ..sources.bounds import DEFAULT_BOUNDS, Bounds
from ..sources.decode import BOM, NotJson, read_json
from ..sources.parts import array_parts, object_parts
from ..sources.segment.write_key import string_in
from .lines import Given, Unreadable, given_messages
from .reading import read_message

MAX_DEPTH = 4
"""Levels of a record in which a message is searched."""
_IDS = ("messageId", "userId", "anonymousId")


def pasted_messages(
    data: bytes, *, destination: Destination, bounds: Bounds = DEFAULT_BOUNDS
) -> list[Given | Unreadable]:
    """Read every Segment message in a pasted text, and every record of Mixpanel's own SDKs of an export.

    It is read as `given_messages` does. If that finds no Segment message, it is decoded layer by layer. A
    record that wraps a message, as debuggers and logs write them, gives the message.
    """
    found = list(given_messages(data.splitlines(), destination=destination, bounds=bounds))
    if any(isinstance(one, Given) and _is_message(one.message) for one in found):
        return [_unwrapped(one, bounds) for one in found]
    try:
        value = decode(data)
    except InputError as error:
        return found or [Unreadable(1, str(error))]
    inside = value.message_texts or messages_inside(value.text)
    if not inside:
        return found or [Unreadable(1, "there is no Segment message in it")]
    return [
        Given(
            line=number,
            message=read_message(text, id=number, bounds=bounds),
            destination=destination,
        )
        for number, text in enumerate(inside, start=1)
    ]


def _is_message(message: Message) -> bool:
    return message.source_kind == "mixpanel" or message.document.get("type") in CALL_TYPES


def _unwrapped(one: Given | Unreadable, bounds: Bounds) -> Given | Unreadable:
    """Return the message inside a record that has the type of a call, and none of its ids."""
    if isinstance(one, Unreadable) or one.message.source_kind == "mixpanel":
        return one
    if any(key in one.message.document for key in _IDS):
        return one
    inner = next(iter(messages_inside(one.message.original)), None)
    if inner is None:
        return one
    message = read_message(inner, id=one.line, bounds=bounds)
    return Given(line=one.line, message=message, destination=one.destination, envelope_now=one.envelope_now)


def messages_inside(text: bytes) -> Sequence[bytes]:
    """Return the texts of the Segment messages nearest to the surface of a record, in objects or strings."""
    level = [text]
    for _ in range(MAX_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        found = [one for one in level if one[:1] == b"{" and _kind(one) == "segment message"]
        if found:
            return found
    return ()


def _kind(text: bytes) -> Kind:
    try:
        return kind_of(read_json(text)[0])
    except NotJson:
        return "json"


def _inside(text: bytes) -> Iterable[bytes]:
    """Return the texts of the values in a JSON value; in a string, the object that it spells."""
    try:
        match text.removeprefix(BOM).lstrip()[:1]:
            case b"{":
                return object_parts(text).values()
            case b"[":
                return array_parts(text)
            case b'"':
                inner = string_in(text).strip().encode()
                return (inner,) if inner[:1] == b"{" else ()
            case _:
                return ()
    except NotJson:
        return ()
