"""Segment messages in whatever somebody pasted: lines, requests, base64, or a record of a debugger. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import cast

from ..codec import decode
from ..codec.kinds import kind_of
from ..errors import InputError
from ..json_text import json_bytes
from ..messages import CALL_TYPES, Json, JsonObject
from ..settings import Destination
from ..sources.bounds import DEFAULT_BOUNDS, Bounds
from .lines import Given, Unreadable, given_messages
from .reading import read_message

MAX_DEPTH = 4
"""Levels of a record in which a message is searched."""
_IDS = ("messageId", "userId", "anonymousId")


def pasted_messages(
    data: bytes, *, destination: Destination, bounds: Bounds = DEFAULT_BOUNDS
) -> list[Given | Unreadable]:
    """Read every Segment message in a pasted text.

    It is read as `given_messages` does. If that finds no Segment message, it is decoded layer by layer. A
    record that wraps a message, as debuggers and logs write them, gives the message.
    """
    found = list(given_messages(data.splitlines(), destination=destination, bounds=bounds))
    if any(isinstance(one, Given) and _is_message(one.message.document) for one in found):
        return [_unwrapped(one, bounds) for one in found]
    try:
        value = decode(data)
    except InputError as error:
        return found or [Unreadable(1, str(error))]
    inside = value.messages or _wrapped(value.value)
    if not inside:
        return found or [Unreadable(1, "there is no Segment message in it")]
    return [
        Given(
            line=number,
            message=read_message(json_bytes(document), id=number, bounds=bounds),
            destination=destination,
        )
        for number, document in enumerate(inside, start=1)
    ]


def _is_message(document: JsonObject) -> bool:
    return document.get("type") in CALL_TYPES


def _unwrapped(one: Given | Unreadable, bounds: Bounds) -> Given | Unreadable:
    """Return the message inside a record that has the type of a call, and none of its ids."""
    if isinstance(one, Unreadable) or any(key in one.message.document for key in _IDS):
        return one
    inner = next(iter(_wrapped(one.message.document)), None)
    if inner is None:
        return one
    message = read_message(json_bytes(inner), id=one.line, bounds=bounds)
    return Given(line=one.line, message=message, destination=one.destination, envelope_now=one.envelope_now)


def _wrapped(value: Json) -> Sequence[JsonObject]:
    """Return the Segment messages nearest to the surface of a record, in objects or in JSON strings."""
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        found = [one for one in level if isinstance(one, dict) and kind_of(one) == "segment message"]
        if found:
            return found
    return ()


def _inside(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
    elif isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            yield cast(Json, json.loads(value))
        except (ValueError, RecursionError):
            return
