"""`segtap compare`: one JSON line in, one comparison out. Pure: the clock is handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from ..codec.pieces import message_pieces
from ..errors import InputError, MappingError
from ..ingest.bounds import DEFAULT_BOUNDS, Bounds
from ..mapping.dates import read_time
from ..messages import JsonObject
from ..pipeline.envelope import MAX_DEPTH, read_object
from ..settings import Destination
from . import Comparison, compare, read_given


class Compared(msgspec.Struct, frozen=True):
    """What became of line `number`, from 1: a comparison, or why it cannot be read."""

    number: int
    comparison: Comparison | None
    error: str = ""


def compare_lines(
    lines: Iterable[str | bytes],
    one: Destination,
    other: Destination,
    *,
    clock: Callable[[], int],
    bounds: Bounds = DEFAULT_BOUNDS,
) -> Iterator[Compared]:
    """Compare messages or envelopes, one JSON object a line, or whatever `message_pieces` reads.

    The clock of a message is its envelope's `now`, else its `receivedAt`, else `clock()` (milliseconds). No
    line beyond `bounds` is read.
    """
    for piece in message_pieces(lines):
        number = piece.line
        try:
            if piece.error:
                raise InputError(piece.error)
            given = read_given(read_object(piece.text, bounds=bounds), one, other)
            now = given.now
            if now is None:
                now = received_at(given.message)
            made = compare(given.message, given.one, given.other, clock() if now is None else now)
            yield Compared(number, made)
        except (InputError, MappingError) as error:
            yield Compared(number, None, str(error))
        except RecursionError:
            yield Compared(number, None, f"nested too deep: no more than {MAX_DEPTH} levels are read")


def received_at(message: JsonObject) -> int | None:
    """When Segment received the message, in milliseconds, or None."""
    value = message.get("receivedAt")
    return read_time(value) if isinstance(value, str) and value else None
