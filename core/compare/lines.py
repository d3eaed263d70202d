"""`segtap compare`: one JSON line in, one comparison out. Pure: the clock is handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from ..errors import InputError, MappingError
from ..pipeline.lines import NOT_SEGMENTS, Unreadable, given_messages
from ..pipeline.reading import TOO_DEEP
from ..settings import Destination
from ..sources.bounds import DEFAULT_BOUNDS, Bounds
from . import Comparison, compare, sides_of

NO_SOURCES: Mapping[str, tuple[Destination, Destination]] = {}


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
    by_key: Mapping[str, tuple[Destination, Destination]] = NO_SOURCES,
) -> Iterator[Compared]:
    """Compare messages or envelopes, one JSON object a line, or whatever `given_messages` reads.

    `by_key` has the destinations for messages with these write keys, in place of `one` and `other`.

    The clock of a message is its envelope's `now`, else its `receivedAt`, else `clock()` (milliseconds). No
    line beyond `bounds` is read.
    """
    for given in given_messages(lines, destination=one, bounds=bounds):
        if isinstance(given, Unreadable):
            yield Compared(given.line, None, given.error)
            continue
        if given.message.source_kind == "mixpanel":
            yield Compared(given.line, None, NOT_SEGMENTS)
            continue
        if given.message.unread:
            yield Compared(given.line, None, given.message.objections[0].text)
            continue
        try:
            first, second = by_key.get(given.message.write_key, (one, other))
            if given.destination is one:
                given = msgspec.structs.replace(given, destination=first)
            asked = sides_of(given, first, second)
            made = compare(asked.message, asked.one, asked.other, given.now(clock))
            yield Compared(given.line, made)
        except (InputError, MappingError) as error:
            yield Compared(given.line, None, str(error))
        except RecursionError:
            yield Compared(given.line, None, TOO_DEEP)
