"""Messages that a command is given: one JSON object a line, or what people paste. Pure.

Every command reads them here, so that the same line is the same message to all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from ..checks.stream.memory import IdTable, hashed
from ..checks.stream.observed import StreamLimits
from ..codec.pieces import Piece, message_pieces
from ..errors import InputError, MappingError
from ..json_text import json_bytes
from ..mapping.dates import read_time
from ..messages import DEDUPE_WINDOW, JsonObject, Message
from ..scenarios.lines import is_step, read_step
from ..settings import Destination
from ..sources.bounds import DEFAULT_BOUNDS, Bounds, over
from ..sources.mixpanel.exported import exported_record
from ..sources.parts import members
from .compiled import CompiledSettings
from .device import exported_message, record_key
from .envelope import envelope_stages, read_envelope
from .reading import read_message, read_value

NOT_SEGMENTS = "this is a record of Mixpanel's own SDK (device mode), which Segment does not get"


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a line, with what its envelope says of destination and clock.

    The message is as it stands in the line: nothing is filled in. It may be a record of Mixpanel's own SDKs,
    as `segtap export` writes them. That of a scenario has the ids and times that placeholders always stand
    for. `envelope` is the envelope around it, None for a bare message.
    """

    line: int
    message: Message
    destination: Destination
    envelope_now: int | None = None
    envelope: JsonObject | None = None

    def destined(self, settings: CompiledSettings) -> CompiledSettings:
        """Return the settings for the message's source, with the envelope's destination if it names one."""
        own = settings.for_source(self.message.write_key)
        return own if self.destination is settings.destination else own.to(self.destination)

    def settings_in(self, settings: CompiledSettings) -> CompiledSettings:
        """Return the settings of `destined`, with the stages of the envelope in their place.

        Raises InputError for stages that cannot be read.
        """
        return self.destined(settings).with_stages(*envelope_stages(self.envelope))

    def now(self, clock: Callable[[], int]) -> int:
        """Return the envelope's clock, else the message's receivedAt, else `clock()`, in milliseconds."""
        at = self.stated_now()
        return clock() if at is None else at

    def stated_now(self) -> int | None:
        """Return the clock that the line itself names, in milliseconds, or None."""
        if self.envelope_now is not None:
            return self.envelope_now
        received = self.message.document.get("receivedAt")
        return read_time(received) if isinstance(received, str) and received else None


class Unreadable(msgspec.Struct, frozen=True):
    """A line, or an item of a batch, that does not hold a message, and why."""

    line: int
    error: str


class Copies:
    """Finds second receipts: a messageId that came before within 24 hours, which Segment drops.

    It remembers as many as the rules on the stream do.
    """

    def __init__(self) -> None:
        self._received = IdTable(StreamLimits().ids, "q")

    def is_copy(self, given: Given, now: int) -> bool:
        """Return True for a copy; other messages count as seen from here on. `now` is when it was
        received.
        """
        message = given.message
        own = message.source_kind == "mixpanel"
        id = record_key(message.document) if own else message.document.get("messageId")
        if not isinstance(id, str) or not id:
            return False
        key, tick, (times,) = hashed(id), now // 1000, self._received.columns
        at = self._received.known(key, tick)
        if at and now - times[at] <= DEDUPE_WINDOW:
            return True
        at = at or self._received.add(key, tick)
        times[at] = now
        return False


def given_messages(
    lines: Iterable[str | bytes], *, destination: Destination, bounds: Bounds = DEFAULT_BOUNDS
) -> Iterator[Given | Unreadable]:
    """Read messages, envelopes or batches, one JSON object a line, or whatever `message_pieces` reads.

    Lines count from 1. Envelopes are those of `segtap translate`; a batch gives each of its messages.
    """
    for piece in message_pieces(lines):
        try:
            yield given_in(piece, destination, bounds)
        except (InputError, MappingError) as error:
            yield Unreadable(piece.line, str(error))


def documents(
    lines: Iterable[str | bytes], faults: list[str], bounds: Bounds = DEFAULT_BOUNDS
) -> Iterator[JsonObject]:
    """Read the same messages without what is around them, for who asks only what they say.

    What cannot be read, or is beyond `bounds`, is named in `faults`, and the rest still come.
    """
    for given in given_messages(lines, destination=Destination(), bounds=bounds):
        if isinstance(given, Unreadable):
            faults.append(f"line {given.line}: {given.error}")
        elif given.message.unread:
            faults.append(f"line {given.line}: {given.message.objections[0].text}")
        else:
            yield given.message.document


def given_in(piece: Piece, destination: Destination, bounds: Bounds = DEFAULT_BOUNDS) -> Given:
    """Read the message of one piece. Raises InputError or MappingError for one that cannot be read.

    Its write key is its own, else that of its batch; "" is one of no source.
    """
    given = _given_in(piece, destination, bounds)
    if not piece.write_key or given.message.write_key:
        return given
    message = msgspec.structs.replace(given.message, write_key=piece.write_key)
    return msgspec.structs.replace(given, message=message)


def _given_in(piece: Piece, destination: Destination, bounds: Bounds) -> Given:
    if piece.error:
        raise InputError(piece.error)
    line, text = piece.line, piece.text
    data = text.strip() if isinstance(text, bytes) else text.strip().encode("utf-8", "surrogatepass")
    if is_step(data) and not over(data, bounds) and (step := read_step(data)) is not None:
        data, _ = step.resolved()
    if (exported := exported_record(data)) is not None:
        made = exported_message(exported, id=line, bounds=bounds)
        return Given(line=line, message=made, destination=destination)
    if b'"message"' not in data or over(data, bounds):
        return Given(line=line, message=read_message(data, id=line, bounds=bounds), destination=destination)
    value, _ = read_value(data)
    if not isinstance(value, dict):
        raise InputError("not a JSON object: write one Segment message, or one envelope, a line")
    envelope = read_envelope(value, destination)
    if envelope.message is value:
        return Given(line=line, message=read_message(data, id=line, bounds=bounds), destination=destination)
    own = members(data).get("message") or json_bytes(envelope.message)
    return Given(
        line=line,
        message=read_message(own, id=line, bounds=bounds),
        destination=envelope.destination,
        envelope_now=envelope.now,
        envelope=value,
    )
