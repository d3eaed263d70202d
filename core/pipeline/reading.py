"""The one reader of a message's JSON text, whichever way it comes: over HTTP, in a file, or pasted. Pure.

It says what had to be repaired to read the text, and why Segment would refuse the message or change it.
Nothing is filled in here: `intake` does that for messages that were received.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..errors import InputError
from ..json_text import deeper_than
from ..messages import Json, JsonObject, Marks, Message
from ..objections import Objection, change, first_rejection, rejection
from ..sources.bounds import DEFAULT_BOUNDS, Bounds, over
from ..sources.decode import NotJson, Repair, read_json
from ..sources.limits import SEGMENT_EVENT_BYTES, SEGMENT_MESSAGE_ID_CHARS
from ..sources.parts import head_of, members
from ..sources.segment.objections import (
    known_call,
    long_message_id,
    missing_parts,
    overflows,
    repair_objections,
    too_large,
    type_objection,
)
from ..sources.segment.times import read_time
from ..text import shown

MAX_DEPTH = 512
"""Deeper than this, no message is read; ingest has the same bound by default."""
TOO_DEEP = f"nested too deep: no more than {MAX_DEPTH} levels are read"
NOT_AN_OBJECT = "not a JSON object: write one Segment message, or one envelope, a line"


def read_message(
    text: bytes, *, id: int = 0, received_at: int = 0, bounds: Bounds = DEFAULT_BOUNDS
) -> Message:
    """Read one message as it stands.

    One beyond `bounds` is not read: of it only the name and the ids are known. Raises InputError for a text
    that is not a JSON object.
    """
    if why := over(text, bounds):
        return unread_message(text, why, id=id, received_at=received_at)
    value, repairs = read_value(text)
    if not isinstance(value, dict):
        raise InputError(NOT_AN_OBJECT)
    call = known_call(value.get("type"))
    objections = objections_to(value, call, repairs, len(text), read_time(value.get("timestamp")))
    return Message(
        id=id,
        type=call,
        message_id=id_text(value.get("messageId")),
        received_at=received_at,
        write_key=key if isinstance(key := value.get("writeKey"), str) else "",
        document=value,
        original=text,
        objections=tuple(objections),
        overflows=tuple(overflows(repairs)),
        marks=marks_of(objections),
        size=len(text),
    )


def unread_message(text: bytes, why: str, *, id: int, received_at: int) -> Message:
    """Return a message that is too large to be read, with its name and ids as far as they are short.

    Raises InputError for a text that is not a JSON object.
    """
    try:
        members(text)
    except NotJson as error:
        raise _not_json(error) from None
    document = head_of(text)
    return Message(
        id=id,
        type=known_call(document.get("type")),
        message_id=id_text(document.get("messageId")),
        received_at=received_at,
        document=document,
        original=text,
        objections=(rejection(why),),
        marks=Marks.WOULD_REJECT,
        unread=True,
        size=len(text),
    )


def read_document(text: bytes) -> JsonObject:
    """Read a JSON object that segtap wrote, such as a detail's document. Raises InputError."""
    value, _ = read_value(text)
    if not isinstance(value, dict):
        raise InputError(NOT_AN_OBJECT)
    return value


def read_value(text: bytes) -> tuple[Json, tuple[Repair, ...]]:
    """Read a JSON value, and say what had to be repaired. Raises InputError, also for one nested too deep."""
    try:
        value, repairs = read_json(text)
    except NotJson as error:
        raise _not_json(error) from None
    if text.count(b"{") + text.count(b"[") > MAX_DEPTH and deeper_than(value, MAX_DEPTH):
        raise InputError(TOO_DEEP)
    return value, repairs


def _not_json(error: NotJson) -> InputError:
    return InputError(TOO_DEEP if "nested too deep" in str(error) else f"not JSON: {error}")


def objections_to(
    document: JsonObject, call: str, repairs: tuple[Repair, ...], length: int, stated: int | None
) -> list[Objection]:
    """List why Segment would refuse the message, or change it.

    `call` is its type as Segment knows it, "" for none. `length` is its text's in bytes, `stated` its
    timestamp in milliseconds, None where that is not a time.
    """
    found = repair_objections(repairs) if repairs else []
    if call:
        found += missing_parts(document, call)
    else:
        found.append(type_objection(document.get("type")))
    if stated is None and (timestamp := document.get("timestamp")) is not None:
        found.append(change(f"timestamp {shown(timestamp)} is not ISO 8601; left unchanged"))
    if length > SEGMENT_EVENT_BYTES:
        found.append(too_large(length))
    message_id = document.get("messageId")
    if isinstance(message_id, str) and len(message_id) >= SEGMENT_MESSAGE_ID_CHARS:
        found.append(long_message_id(message_id))
    return found


def marks_of(objections: Iterable[Objection]) -> Marks:
    """Return the mark of a message that Segment would refuse, for such an objection."""
    return Marks.NONE if first_rejection(objections) is None else Marks.WOULD_REJECT


def id_text(value: Json) -> str:
    """Return a messageId as text, whatever its type; "" for none."""
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()
