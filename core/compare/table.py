"""A comparison as lines for people: what is lost in words, then both translations. Pure.

Lines are made of parts with a style's name each, so that a pipe gets the text and the screen its colours.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias
from unicodedata import combining, east_asian_width

from ..destinations.classic.insert_id import UNKNOWN
from ..json_text import to_json
from ..masks import mask_token
from ..messages import Json
from ..pairs.records import Pair, PropertyRow, Record
from ..settings import DestinationKind
from ..text import clean, counted, shown
from ..workspace.table import sample_name
from . import LABELS, Comparison
from .catalogue import DIFFERENCES
from .sides import Side

Style: TypeAlias = Literal["text", "title", "head", "lost", "changed", "dim", "one", "other", "path"]
Line: TypeAlias = tuple[tuple[Style, str], ...]

SIDE_BY_SIDE = 100
"""Columns of a terminal from which on both values stand side by side."""
MARKS: dict[str, str] = {"same": "=", "differs": "≠", "one": "‹", "other": "›", "unknown": "?"}
_SIDES: tuple[Literal["one"], Literal["other"]] = ("one", "other")
_ID_WIDTH = 24
_PATH_MOST = 36
_PATH_MOST_BELOW = 30
_SMALL_TEXT, _SMALL_VALUES = 120, 16
_TOKENS = frozenset(("token", "$token", "properties.token"))


def cells(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def fitted(text: str, width: int) -> str:
    """Return the text cut or filled to exactly `width` columns."""
    if cells(text) > width:
        kept, taken = "", 0
        for letter in text:
            taken += cells(letter)
            if taken > width - 1:
                break
            kept += letter
        text = f"{kept}…"
    return text + " " * max(width - cells(text), 0)


def whole_lines(comparison: Comparison, width: int, *, every: bool = False) -> list[Line]:
    """Return the message's name, what is lost, and both translations; `every`: properties that are the same,
    too.
    """
    name: Line = (("title", fitted(clean(sample_name(comparison.document)), width).rstrip() or "message"),)
    return [name, *loss_lines(comparison, width), *pair_lines(comparison, width, every=every)]


def loss_lines(comparison: Comparison, width: int) -> list[Line]:
    """Return what each destination does not do with the message, in words."""
    lines: list[Line] = []
    for lost_by in _lost_by(comparison):
        found = [loss for loss in comparison.losses if loss.lost_by == lost_by]
        if not found:
            continue
        lines.append((("head", f"  {_heading(lost_by)}"),))
        style: Style = "changed" if lost_by is None else "lost"
        for loss in found:
            words = f"{loss.what}: {loss.words}"
            lines += _wrapped(loss.id, words, width, style)
    return lines or [(("dim", "  Nothing is lost either way."),)]


def _lost_by(comparison: Comparison) -> tuple[DestinationKind | None, ...]:
    """Put what the first one drops first: it is where one wants to go."""
    return (comparison.one.destination.kind, comparison.other.destination.kind, None)


def _heading(lost_by: DestinationKind | None) -> str:
    return "In both, but different" if lost_by is None else f"Lost with {LABELS[lost_by]}"


def _wrapped(id: str, words: str, width: int, style: Style) -> Iterator[Line]:
    if width < SIDE_BY_SIDE:
        room = max(width - 6, 20)
        yield ((style, f"    {id}"),)
        for line in textwrap.wrap(words, room):
            yield (("text", f"      {line}"),)
        return
    room = max(width - _ID_WIDTH - 6, 20)
    for number, line in enumerate(textwrap.wrap(words, room)):
        yield ((style, f"    {id if not number else '':<{_ID_WIDTH}}"), ("text", f"  {line}"))


def pair_lines(comparison: Comparison, width: int, *, every: bool = False) -> list[Line]:
    """Return the records of both, property by property."""
    sides = (comparison.one, comparison.other)
    lines: list[Line] = []
    for side in sides:
        label = LABELS[side.destination.kind]
        if side.translation.rejected is not None and not comparison.losses:
            lines += _wrapped(f"{label} refuses", clean(side.translation.rejected), width, "lost")
        elif not side.records:
            lines.append((("dim", f"  {label} sends nothing."),))
    for pair in comparison.pairs:
        lines.append(())
        lines += (
            _side_by_side(pair, sides, width, every)
            if width >= SIDE_BY_SIDE
            else _below(pair, sides, width, every)
        )
    return lines


def _side_by_side(pair: Pair, sides: Sequence[Side], width: int, every: bool) -> Iterator[Line]:
    rows = _rows(pair, every)
    path_width = min(max([cells(clean(row.path)) for row in rows], default=0), _PATH_MOST)
    title = clean(pair.title)
    path_width = max(path_width, min(cells(title), _PATH_MOST) - 4, 16)
    room = (width - path_width - 6 - 2) // 2
    yield (("head", f"  {fitted(title, path_width + 4)}"), *_columns(_heads(pair, sides), room, "head"))
    for row in rows:
        yield (
            ("path", f"    {_mark(row)} {fitted(clean(row.path), path_width)}"),
            *_columns(_values(row, room), room, "text", "differs" if row.unknown else row.state),
        )
    yield from _same(pair, every)


def _columns(texts: Sequence[str], room: int, style: Style, state: str = "") -> Line:
    """Return two columns, two spaces before the second one and none behind it."""
    left: Style = "dim" if state in ("same", "other") else "one" if state else style
    right: Style = "dim" if state in ("same", "one") else "other" if state else style
    return ((left, "  " + fitted(texts[0], room - 2)), (right, "  " + fitted(texts[1], room).rstrip()))


def _below(pair: Pair, sides: Sequence[Side], width: int, every: bool) -> Iterator[Line]:
    labels = [LABELS[side.destination.kind] for side in sides]
    yield (("head", f"  {fitted(clean(pair.title), width - 4).rstrip()}"),)
    for label, head in zip(labels, _heads(pair, sides, label=False), strict=True):
        yield (("dim", f"    {label:<8}{fitted(head, width - 14).rstrip()}"),)
    rows = _rows(pair, every)
    path_width = min(max([cells(clean(row.path)) for row in rows], default=0), _PATH_MOST_BELOW)
    room = width - path_width - 18
    for row in rows:
        lead = f"    {_mark(row)} {fitted(clean(row.path), path_width)}"
        values = _values(row, room)
        if row.state == "same":
            yield (("dim", f"{lead}  both    {values[0]}"),)
            continue
        for label, value, style in zip(labels, values, _SIDES, strict=True):
            if row.has(style) or style in row.unknown:
                yield (("path", lead), (style, f"  {label:<8}{value}"))
                lead = " " * len(lead)
    yield from _same(pair, every)


def _heads(pair: Pair, sides: Sequence[Side], *, label: bool = True) -> list[str]:
    made: list[str] = []
    for side, record in zip(sides, (pair.one, pair.other), strict=True):
        words = "–" if record is None else _target(record)
        made.append(f"{LABELS[side.destination.kind]}: {words}" if label else words)
    return made


def _target(record: Record) -> str:
    """Return `POST /import?strict=1`: the host is the same for all."""
    method, _, url = record.target.partition(" ")
    return f"{method} /{url.partition('://')[2].partition('/')[2]}"


def _rows(pair: Pair, every: bool) -> list[PropertyRow]:
    lone = pair.one is None or pair.other is None
    return [row for row in pair.rows if every or lone or row.state != "same"]


def _same(pair: Pair, every: bool) -> Iterator[Line]:
    count = sum(row.state == "same" for row in pair.rows)
    if count and not every and pair.one and pair.other:
        yield (("dim", f"    {MARKS['same']} {count:,} the same in both"),)


def _mark(row: PropertyRow) -> str:
    return MARKS["unknown" if row.unknown else row.state]


def _values(row: PropertyRow, room: int) -> tuple[str, str]:
    left, right = (
        UNKNOWN if side in row.unknown else _value(row.path, value, room) if row.has(side) else "–"
        for side, value in zip(_SIDES, (row.one, row.other), strict=True)
    )
    return left, right


def _value(path: str, value: Json, room: int) -> str:
    """Return a value in one line: small lists and objects whole; a project token in a few letters."""
    if path in _TOKENS and isinstance(value, str):
        value = mask_token(value)
    if isinstance(value, list | dict) and value:
        text = clean(to_json(value)) if _small(value) else ""
        if text and cells(text) <= room:
            return text
    return shown(value, max(room, 8))


def _small(value: Json) -> bool:
    """Return whether writing it out may fit in a line, without a look at all of a large one."""
    waiting, seen = [value], 0
    while waiting:
        one, seen = waiting.pop(), seen + 1
        if isinstance(one, str) and len(one) > _SMALL_TEXT:
            return False
        inside = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        if seen + len(inside) > _SMALL_VALUES:
            return False
        waiting.extend(inside)
    return True


class Tally:
    """The number of messages for each loss."""

    def __init__(self) -> None:
        self.messages = 0
        self.failed = 0
        self.losses: Counter[str] = Counter()

    def count(self, comparison: Comparison) -> None:
        """Count one more message."""
        self.messages += 1
        self.losses.update({loss.id for loss in comparison.losses})

    def lines(self, first: DestinationKind, second: DestinationKind, width: int) -> Iterator[str]:
        """Yield the summary for people."""
        unread = f", {counted(self.failed, 'line')} not read" if self.failed else ""
        yield f"{counted(self.messages, 'message')} compared{unread}"
        for lost_by in (first, second, None):
            entries = [entry for entry in DIFFERENCES if entry.lost_by == lost_by and self.losses[entry.id]]
            if not entries:
                continue
            yield f"  {_heading(lost_by)}"
            for entry in entries:
                lead = f"  {self.losses[entry.id]:>7,}  {entry.id:<{_ID_WIDTH}}"
                if width < SIDE_BY_SIDE:
                    yield lead.rstrip()
                    yield from (f"           {line}" for line in textwrap.wrap(entry.what, width - 12))
                    continue
                for line in textwrap.wrap(entry.what, max(width - len(lead) - 2, 20)):
                    yield f"{lead}  {line}"
                    lead = " " * len(lead)

    def as_json(self) -> dict[str, Json]:
        """Return the summary as one JSON object."""
        entries: list[Json] = [
            {"id": entry.id, "lost_by": entry.lost_by, "what": entry.what, "messages": self.losses[entry.id]}
            for entry in DIFFERENCES
            if self.losses[entry.id]
        ]
        return {"summary": {"messages": self.messages, "failed": self.failed, "losses": entries}}


def text_of(lines: Iterable[Line]) -> Iterator[str]:
    """Yield the lines without their styles."""
    for line in lines:
        yield "".join(part for _, part in line).rstrip()
