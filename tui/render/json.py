"""How the values of a JSON document look: pieces of text with the name of their style, fitted to a width."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec
from rich.cells import cell_len, set_cell_size

from ...core.masks import shortened
from ...core.messages import Json
from ...core.text import ago, clean, shown
from ..model.json_search import spans_of
from . import clock
from .glyphs import UNICODE, Glyphs

GUTTER = 2

TIMES = frozenset(
    ("time", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "$time", "$created", "createdAt")
)
"""Names of times for which it always matters how long ago they were."""
LONG = 120
"""Characters from which a text that is cut says how many it has; Enter opens it."""
RECENT = 24 * 60 * 60 * 1000
"""Milliseconds from now within which it also matters for others."""
_NAMES_A_TIME = re.compile(
    r"(?:[a-z](?:At|On|Time|Date|Timestamp)|(?:^|_)(?i:at|ts|time|date|timestamp))(?:_?[Mm]s|_?[Mm]illis)?$"
)

_FOUND_IN = frozenset(("key", "string", "number", "literal", "dim"))
"""Styles of the parts of a row that hold text of the document."""

FILLED_IN = "filled in by Segment's rules"


class NumberText(str):
    """A number as it was spelled: `59.80` stays `59.80`."""

    __slots__ = ()


class Words(str):
    """What is said in place of a value that nobody knows: shown without quotes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text and the name of its style."""

    text: str
    style: str


def parse(text: bytes | str) -> Json:
    """Parse a JSON text, keeping numbers as they are spelled. Raises ValueError, RecursionError."""
    return _DECODER.decode(text)


_DECODER: msgspec.json.Decoder[Json] = msgspec.json.Decoder(float_hook=NumberText)


def with_hits(pieces: Iterable[Piece], wanted: str | None) -> Iterator[Piece]:
    """Mark what a search found in a row: the text, or with None the key.

    If the text is in a part of the value that does not fit into the row, its key is marked as well.
    """
    drawn = list(pieces)
    spans = [spans_of(piece.text, wanted) if wanted and piece.style in _FOUND_IN else [] for piece in drawn]
    if not any(spans):
        at = next((at for at, piece in enumerate(drawn) if piece.style == "key"), 1)
        text = drawn[at].text
        drawn[at : at + 1] = [Piece(text.rstrip(), "hit"), Piece(text[len(text.rstrip()) :], "key")]
        yield from drawn
        return
    for piece, found in zip(drawn, spans, strict=True):
        at = 0
        for start, end in found:
            yield Piece(piece.text[at:start], piece.style)
            yield Piece(piece.text[start:end], "hit")
            at = end
        yield Piece(piece.text[at:], piece.style)


def value_pieces(value: Json, room: int, marks: Glyphs = UNICODE) -> Iterator[Piece]:
    """Draw a value on one line of about `room` cells; containers as their size and first members."""
    match value:
        case NumberText():
            yield Piece(cut(value, room, marks), "number")
        case Words():
            yield Piece(cut(value, room, marks), "info")
        case str():
            yield from quoted(value, room, marks)
        case dict() | list():
            yield Piece(count_of(value), "punctuation")
            if value:
                yield from _preview(value, room - max(len(count_of(value)), 6), marks)
        case bool() | None:
            yield Piece(shown(value), "literal")
        case float():
            yield Piece(cut(msgspec.json.encode(value).decode(), room, marks), "number")
        case _:
            yield Piece(shown(value, max(room, 1)), "number")


def time_twins(key: str | int, value: Json, now: int) -> tuple[str, ...]:
    """Return `10:41:03.211 · 4 s ago`, then shorter forms, for a value that is a time by name and format."""
    ms = moment(key, value)
    if ms is None:
        return ()
    at, age = clock.local(ms, now), ago(ms, now)
    recent = key in TIMES or abs(now - ms) < RECENT
    return (f"{at} · {age}", at, age) if recent else (at,)


def other_clock(key: str | int, value: Json) -> str | None:
    """Return the same time in the other format: epoch milliseconds for a date, ISO 8601 for a number."""
    ms = moment(key, value)
    if ms is None:
        return None
    return clock.iso(ms) if not isinstance(value, str) or isinstance(value, NumberText) else f"{ms} ms"


def moment(key: str | int, value: Json) -> int | None:
    """Return the time that a value means, in milliseconds: any date with a time of day, or a number whose
    name says that it is one.
    """
    if isinstance(value, NumberText):
        value = float(value)
    if isinstance(value, str) or key in TIMES or (isinstance(key, str) and _NAMES_A_TIME.search(key)):
        return clock.moment(value)
    return None


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Pad the text to `width` cells, or cut it with an ellipsis."""
    length = cell_len(text)
    if length <= width:
        return text + " " * (width - length)
    return set_cell_size(text, width - 1) + ellipsis if width > 0 else ""


def count_of(value: Json) -> str:
    """Return `{3}` or `[3]` for a container, "" for any other value."""
    if isinstance(value, dict):
        return f"{{{len(value)}}}" if value else "{}"
    if isinstance(value, list):
        return f"[{len(value)}]" if value else "[]"
    return ""


def cut(text: str, room: int, marks: Glyphs) -> str:
    """Clean the text and cut it to `room` cells, without reading more of it than can be shown."""
    room = max(room, 1)
    start = text[: room * 4 + 16]  # accents that take no cell of their own count as characters
    words = clean(start)
    if len(start) == len(text) and cell_len(words) <= room:
        return words
    return set_cell_size(words, room - 1).rstrip() + marks.ellipsis


def is_long(value: Json) -> bool:
    """Return True for a text of which a row says how long it is."""
    return isinstance(value, str) and not isinstance(value, NumberText | Words) and len(value) > LONG


def quoted(value: str, room: int, marks: Glyphs) -> Iterator[Piece]:
    """Draw a string in quotes on one line."""
    count = f" {len(value):,} characters" if len(value) > max(LONG, room - 2) else ""
    count = count if len(count) * 2 < room else ""
    inner = max(room - 2 - len(count), 1)
    yield Piece('"', "punctuation")
    yield Piece(cut(value, inner, marks), "string")
    yield Piece('"', "punctuation")
    if count:
        yield Piece(count, "dim")


def _preview(value: dict[str, Json] | list[Json], room: int, marks: Glyphs) -> Iterator[Piece]:
    """Return the first values of a folded container, dimmed, as far as they fit."""
    entries: Iterator[tuple[str | None, Json]] = (
        iter(value.items()) if isinstance(value, dict) else ((None, item) for item in value)
    )
    lead = "  "
    for key, item in entries:
        if room < 6:
            yield Piece(f" {marks.ellipsis}", "dim")
            return
        name = "" if key is None else f"{cut(key, 24, marks)} "
        text = count_of(item) if isinstance(item, dict | list) else _inline(shortened(key, item))
        whole = f"{lead}{name}{text}"
        words = cut(whole, room, marks)
        yield Piece(words, "dim")
        if words != whole:
            return
        room -= cell_len(words)
        lead = ", "


def _inline(item: Json) -> str:
    return str(item) if isinstance(item, NumberText | Words) else shown(item, 24)
