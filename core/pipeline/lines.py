"""Messages that a command is given, one JSON object a line: what `segtap check` and `segtap users` read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from ..checks.stream.memory import IdTable, hashed
from ..checks.stream.observed import StreamLimits
from ..codec.pieces import pieces
from ..errors import InputError, MappingError
from ..ingest.bounds import Bounds, over
from ..ingest.decode import NotJson, Repair, read_json
from ..ingest.objections import (
    known_call,
    message_id_objections,
    missing_parts,
    numbers_within,
    repair_objections,
    size_objections,
    type_objection,
)
from ..ingest.parts import batch_items
from ..json_text import to_json
from ..mapping.dates import read_time
from ..messages import CALL_TYPES, DEDUPE_WINDOW, JsonObject
from ..objections import Objection
from ..settings import Destination
from .envelope import read_envelope


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a line, with what its envelope says of destination and clock.

    `objections` are those to its JSON, `numbers` the numbers in it that no double holds.
    """

    line: int
    message: JsonObject
    length: int
    destination: Destination
    envelope_now: int | None
    objections: list[Objection]
    numbers: tuple[Repair, ...]

    @property
    def call(self) -> str:
        """Segment's name of the call, "" for none of them."""
        return known_call(self.message.get("type"))

    def all_objections(self) -> list[Objection]:
        """Why Segment would refuse the message, or change it."""
        call = self.call
        return [
            *self.objections,
            *repair_objections(self.numbers),
            *(missing_parts(self.message, call) if call else [type_objection(self.message.get("type"))]),
            *size_objections(self.length),
            *message_id_objections(self.message.get("messageId")),
        ]

    def now(self, clock: Callable[[], int]) -> int:
        """The clock to translate by: the envelope's, else receivedAt, else `clock()`; in milliseconds."""
        if self.envelope_now is not None:
            return self.envelope_now
        received = self.message.get("receivedAt")
        at = read_time(received) if isinstance(received, str) else None
        return clock() if at is None else at


class Copies:
    """Finds second receipts: a messageId that came before within 24 hours, which Segment drops.

    It remembers as many as the rules on the stream do.
    """

    def __init__(self) -> None:
        self._received = IdTable(StreamLimits().ids, "q")

    def is_copy(self, given: Given, now: int) -> bool:
        """True for a copy; other messages count as seen from here on. `now` is when it was received."""
        id = given.message.get("messageId")
        if not isinstance(id, str) or not id:
            return False
        slot = self._received.place(hashed(id), now // 1000)
        times, at = slot.columns[0], slot.at
        if not slot.new and now - times[at] <= DEDUPE_WINDOW:
            return True
        times[at] = now
        return False


class TooLarge(msgspec.Struct, frozen=True):
    """A message beyond the bounds, which is not read: its JSON and what it is beyond."""

    line: int
    data: bytes
    why: str


class Unreadable(msgspec.Struct, frozen=True):
    """A line, or an item of a batch, that holds no message."""

    line: int
    error: str


def given_messages(
    lines: Iterable[str | bytes], *, destination: Destination, bounds: Bounds
) -> Iterator[Given | TooLarge | Unreadable]:
    """Read messages, envelopes or batches, one JSON object a line, or whatever `core.codec.pieces` reads.

    Lines count from 1. Envelopes are those of `segtap translate`; a batch gives each of its messages.
    """
    for piece in pieces(lines):
        if piece.error:
            yield Unreadable(piece.line, piece.error)
            continue
        try:
            yield from _of_line(piece.line, piece.text, destination, bounds)
        except (InputError, MappingError, NotJson) as error:
            yield Unreadable(piece.line, str(error))


def _of_line(
    number: int, line: str | bytes, destination: Destination, bounds: Bounds
) -> Iterator[Given | TooLarge | Unreadable]:
    data = line.strip() if isinstance(line, bytes) else line.strip().encode("utf-8", "surrogatepass")
    if why := over(data, bounds):
        try:
            items = batch_items(data)
        except NotJson as error:
            raise InputError(f"not JSON: {error}") from error
        if items is None:
            yield TooLarge(number, data, why)
            return
        for item in items:
            yield from _of_line(number, item, destination, bounds)
        return
    try:
        value, repairs = read_json(data)
    except NotJson as error:
        raise InputError(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InputError("not a JSON object: write one Segment message, or one envelope, a line")
    # Numbers are those of one message; the rest holds for the whole line.
    objections = repair_objections(tuple(repair for repair in repairs if repair.what != "number"))
    batch = value.get("batch")
    if isinstance(batch, list) and value.get("type") not in CALL_TYPES:
        for position, item in enumerate(batch):
            if not isinstance(item, dict):
                yield Unreadable(number, "an item of the batch is no JSON object")
                continue
            yield Given(
                line=number,
                message=item,
                # Its own text is not at hand: as compact JSON it is what an SDK would send.
                length=len(to_json(item).encode()),
                destination=destination,
                envelope_now=None,
                objections=objections,
                numbers=numbers_within(repairs, f"$.batch[{position}]"),
            )
        return
    envelope = read_envelope(value, destination)
    bare = envelope.message is value
    yield Given(
        line=number,
        message=envelope.message,
        length=len(data) if bare else len(to_json(envelope.message).encode()),
        destination=envelope.destination,
        envelope_now=envelope.now,
        objections=objections,
        numbers=numbers_within(repairs, "$" if bare else "$.message"),
    )
