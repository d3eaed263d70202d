"""Messages of a file as requests that were received: what `segtap open` puts into a journal. Pure.

A file is a HAR file, a JSON list, or lines: Segment messages (of an export, of Segment's raw data archive, or
what else `message_pieces` reads), records of Mixpanel's own SDKs as `segtap export` writes them, or events of
Mixpanel's raw export. Each message is received when the file says: at its `receivedAt`, else its `timestamp`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal, NamedTuple

import msgspec

from ..codec.har import har_receipt
from ..codec.kinds import kind_of
from ..codec.pieces import message_pieces
from ..codec.streamed import MAX_VALUE, Part, is_har, is_list, items, lines
from ..errors import InputError
from ..messages import Json, JsonObject, Receipt
from ..scenarios.lines import is_step, read_step
from ..sources.bounds import DEFAULT_BOUNDS, over
from ..sources.decode import NotJson, read_json
from ..sources.mixpanel.exported import exported_record
from ..sources.mixpanel.records import endpoint_of
from ..sources.parts import batch_items, members, object_parts
from ..sources.segment.times import read_time
from ..text import size
from .batches import body_of
from .pasted import messages_inside

FileKind = Literal["empty", "HAR", "list", "lines"]
TOGETHER = 100
"""Messages in a request at most, as many as SDKs send."""
BYTES = 400_000
"""Bytes in a request at most; one larger message goes alone."""
_TIMES = ("receivedAt", "received_at", "timestamp", "originalTimestamp")
_BEGINNING = 64 * 1024
_LAST = 253_402_300_799_999
"""The end of the year 9999, in milliseconds."""
_SECONDS = 10_000_000_000
"""Mixpanel's times below this are in seconds."""


class Fault(NamedTuple):
    """A line that holds no message, and why."""

    line: int
    why: str


class Place(NamedTuple):
    """The place up to which a file was read: after so many values, and so many messages of the next one."""

    values: int = 0
    messages: int = 0


BEGIN = Place()


class Opened(msgspec.Struct, frozen=True):
    """A request that was read, or None, and how far the file has been read with it.

    `messages` are in it. `passed_over` are requests for others than Segment and Mixpanel.
    """

    receipt: Receipt | None
    upto: Place
    messages: int = 0
    passed_over: int = 0
    faults: tuple[Fault, ...] = ()


class _Text(NamedTuple):
    """One message: what its request is like, and its text."""

    path: str
    received_at: int
    text: bytes


def kind_of_file(beginning: bytes) -> FileKind:
    """Return how a file is read that begins so."""
    if is_har(beginning):
        return "HAR"
    if is_list(beginning):
        return "list"
    return "lines" if beginning.strip() else "empty"


def opened(chunks: Iterable[bytes], *, now: int, skip: Place = BEGIN) -> Iterator[Opened]:
    """Read a file's messages as requests, in their order; what is before `skip` was read earlier.

    What cannot be read is in `faults`, and costs nothing else. A message without a time is received at `now`
    (in milliseconds).
    """
    rest = iter(chunks)
    begun = bytearray()
    while len(begun) < _BEGINNING and (chunk := next(rest, b"")):
        begun += chunk
    kind = kind_of_file(bytes(begun))
    given = chain((bytes(begun),), rest)
    parts = items(given, har=kind == "HAR") if kind in ("HAR", "list") else _pieces(given)
    numbered = ((number, part) for number, part in enumerate(parts, start=1) if number > skip.values)
    yield from _requests(numbered) if kind == "HAR" else _batches(numbered, now, skip)


def _pieces(chunks: Iterable[bytes]) -> Iterator[Part]:
    """Yield the values of lines, with the error of those that cannot be read."""
    too_long = False

    def whole() -> Iterator[bytes]:
        nonlocal too_long
        for line in lines(chunks):
            too_long = len(line) > MAX_VALUE
            yield b'"too long"' if too_long else line

    for piece in message_pieces(whole()):
        text = piece.text if isinstance(piece.text, bytes) else piece.text.encode("utf-8", "surrogatepass")
        error = f"it is larger than {size(MAX_VALUE)}" if too_long else piece.error
        yield Part(piece.line, text.strip(), error)


def _requests(parts: Iterable[tuple[int, Part]]) -> Iterator[Opened]:
    """Yield the requests of a HAR file's entries."""
    for number, part in parts:
        try:
            found = har_receipt(_document(part), uid=uuid.uuid4().hex)
        except InputError as error:
            yield Opened(None, Place(number), faults=(Fault(part.line, str(error)),))
            continue
        if found is None:
            yield Opened(None, Place(number), passed_over=1)
        else:
            receipt, messages = found
            yield Opened(receipt, Place(number), messages)


def _batches(parts: Iterable[tuple[int, Part]], now: int, skip: Place) -> Iterator[Opened]:
    """Yield messages that were received together as one request."""
    held: list[_Text] = []
    faults: list[Fault] = []
    length, upto = 0, skip
    for number, part in parts:
        try:
            texts = _texts(part, now)
        except InputError as error:
            faults.append(Fault(part.line, str(error)))
            if len(faults) == TOGETHER and not held:
                yield Opened(None, upto, faults=tuple(faults))
                faults = []
            # Not counted as read: a file that grows may end in the middle of a line now.
            continue
        for count, text in enumerate(texts):
            if number == skip.values + 1 and count < skip.messages:
                continue
            full = len(held) == TOGETHER or length + len(text.text) > BYTES
            if held and (full or text[:2] != held[0][:2]):
                yield Opened(_request(held), upto, len(held), faults=tuple(faults))
                held, faults, length = [], [], 0
            held.append(text)
            length += len(text.text)
            upto = Place(number - 1, count + 1)
        upto = Place(number)
    if held or faults:
        yield Opened(_request(held) if held else None, upto, len(held), faults=tuple(faults))


def _request(texts: list[_Text]) -> Receipt:
    path, received_at, _ = texts[0]
    own = path != "/v1/batch"
    records = b"[" + b",".join(one.text for one in texts) + b"]"
    return Receipt(
        uid=uuid.uuid4().hex,
        received_at=received_at,
        method="POST",
        path=path,
        headers=(("content-type", "application/json"),),
        body=records if own else body_of([one.text for one in texts]),
        origin="file",
        source_kind="mixpanel" if own else "segment",
    )


def _texts(part: Part, now: int) -> list[_Text]:
    """Return the messages in a value. Raises InputError."""
    if part.error:
        raise InputError(part.error)
    if is_step(part.text) and (step := read_step(part.text)) is not None:
        part = Part(part.line, step.resolved()[0])
    text = part.text
    if (record := exported_record(text)) is not None:
        value = _document(Part(part.line, record.text))
        return [_Text(record.endpoint, _mixpanel_time(value, now), record.text)]
    if over(text, DEFAULT_BOUNDS):
        return [_Text("/v1/batch", _received(_times(text), now), text)]
    value = _document(part)
    kind = kind_of(value)
    if kind == "segment batch":
        return [one for item in _items(text) for one in _texts(Part(part.line, item), now)]
    if kind == "segment message":
        return [_Text("/v1/batch", _received(value, now), text)]
    if kind != "json":
        path = "/import" if kind == "mixpanel events" else endpoint_of(value)
        return [_Text(path, _mixpanel_time(value, now), text)]
    if isinstance(value.get("message"), dict) and (own := members(text).get("message")):
        return _texts(Part(part.line, own), now)
    inside = messages_inside(text)
    if not inside:
        raise InputError("it is neither a message of Segment's nor a record of Mixpanel's")
    return [one for inner in inside for one in _texts(Part(part.line, inner), now)]


def _times(text: bytes) -> JsonObject:
    """Return the times of a message that is too large to be read."""
    try:
        return {name: read_json(part)[0] for name, part in object_parts(text).items() if name in _TIMES}
    except NotJson as error:
        raise InputError(f"not JSON: {error}") from None


def _items(text: bytes) -> list[bytes]:
    try:
        return batch_items(text) or []
    except NotJson as error:
        raise InputError(f"not JSON: {error}") from None


def _document(part: Part) -> JsonObject:
    if part.error:
        raise InputError(part.error)
    try:
        value, _ = read_json(part.text)
    except NotJson as error:
        raise InputError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InputError("it is not a JSON object")
    return value


def _received(document: JsonObject, now: int) -> int:
    """Return when a message was received, in milliseconds."""
    for name in _TIMES:
        if (at := read_time(document.get(name))) is not None and 0 < at <= _LAST:
            return at
    return now


def _mixpanel_time(record: JsonObject, now: int) -> int:
    """Return when Mixpanel processed a record, else its own time, in milliseconds."""
    properties: Json = record.get("properties")
    if isinstance(properties, dict):
        for name in ("mp_processing_time_ms", "time"):
            at = properties.get(name)
            if isinstance(at, (int, float)) and not isinstance(at, bool) and 0 < at <= _LAST:
                return int(at if at >= _SECONDS else at * 1000)
    return now
