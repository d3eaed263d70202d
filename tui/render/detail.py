"""Lines of the screens of users and of groups: they are walked through, and some of them lead somewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from ...core.api.models import Coverage, Summary
from ...core.delivery import DeliveryState
from ...core.text import clean, counted
from . import clock
from .columns import fit
from .glyphs import Glyphs, call_letter
from .plain import plain

Span = tuple[str, str]
"""A piece of text and the name of its style, one of `RankedList.STYLES`."""


READING = "reading …"
"""In place of whatever is known only once every message has been read."""
LEAST = 12
"""Cells that a line is made for on the narrowest terminal."""
WITH_DAY = 60
"""Cells from which a message's line also says on which day it came."""


@dataclass(frozen=True)
class FilterBy:
    """The request to show only messages that match a filter, from the row with that key: a screen that is
    left may lead there. `screen` is the action that opens the row's screen, "" for the one that was left.
    """

    filter: str
    row: tuple[str, ...] = ()
    screen: str = ""


@dataclass(frozen=True)
class Line:
    """One line. `key` is what it is about, `messages` lead to the first of them, `text` is a filter
    that it leads to.
    """

    key: tuple[str, ...]
    spans: tuple[Span, ...]
    messages: tuple[int, ...] = ()
    text: str = ""


def worded(text: str, marks: Glyphs) -> str:
    """Clean a text, in ASCII where the marks are, before it is measured."""
    return plain(clean(text)) if marks.ascii else clean(text)


def wrapped(
    key: tuple[str, ...],
    text: str,
    style: str,
    width: int,
    *,
    first: Sequence[Span] = (),
    indent: int = 0,
    messages: tuple[int, ...] = (),
) -> list[Line]:
    """Lay out a sentence on as many lines as it needs, after `first`; the other lines are indented."""
    lines = _in_rows(text, max(width - indent, 12))
    return [
        Line((*key, str(at)), (*(first if not at else ((" " * indent, "text"),)), (line, style)), messages)
        for at, line in enumerate(lines)
    ]


def _in_rows(text: str, width: int) -> list[str]:
    """Break a text into rows of so many cells, between words where possible."""
    rows, row = list[str](), ""
    for word in text.split(" "):
        longer = f"{row} {word}" if row else word
        if cell_len(longer) <= width:
            row = longer
            continue
        if row:
            rows.append(row)
        while cell_len(word) > width:
            part = set_cell_size(word, width).rstrip(" ")
            rows.append(part)
            word = word[len(part) :]
        row = word
    return [*rows, row]


def tick(marks: Glyphs) -> str:
    """Return the mark for something that is present."""
    return marks.delivery[DeliveryState.SENT]


def rule(key: tuple[str, ...], title: str, width: int, marks: Glyphs, *, after: str = "") -> Line:
    """Draw a heading with a rule up to the width and `after` at its end."""
    dash = "-" if marks.ascii else "─"
    room = max(width - cell_len(title) - cell_len(after) - 2, 0)
    return Line(key, ((title, "bold"), (f" {dash * room} ", "dim"), (after, "dim")))


def message_line(
    key: tuple[str, ...],
    id: int,
    found: Mapping[int, Summary | None],
    before: str,
    width: int,
    marks: Glyphs,
    today: int,
) -> Line:
    """Make a line that leads to a message: `10:41:03.211 T Order Completed`."""
    head: list[Span] = [(before, "dim")]
    summary = found.get(id)
    if id in found and summary is None:
        return Line(key, (*head, ("no longer in the journal", "dim")))
    if summary is None:
        return Line(key, (*head, (f"message {marks.ellipsis}", "dim")), (id,))
    letter, style = call_letter(summary.type)
    # A day in front of the time has room on wide lines only.
    time = clock.local(summary.received_at, today if width >= WITH_DAY else None)
    room = max(width - len(before) - len(time) - 4, 6)
    name = fit(worded(summary.name or summary.type, marks), room, marks.ellipsis).rstrip()
    return Line(key, (*head, (f"{time} ", "dim"), (f"{letter} ", style), (name, "info")), (id,))


def coverage_words(covered: Coverage) -> str:
    """Say what was read: `all 1,204 messages`, `the newest 10,000 messages`, with a filter `12 messages`."""
    words = counted(covered.messages, "message")
    if covered.looked:
        return words
    return f"the newest {words}" if covered.older else f"all {words}" if covered.messages > 1 else words


def reading_words(covered: Coverage) -> str:
    """Say how far the reading is: `reading …  13%, 1,204 of 9,050 so far`; "" once everything is read.

    With a filter: `reading …  13% of 9,050, 12 found so far`.
    """
    if not covered.behind:
        return ""
    found = covered.messages + covered.refused
    read = covered.looked or found
    total = read + covered.behind
    percent = f"{read * 100 // total}%"
    if covered.looked:
        return f"{READING}  {percent} of {total:,}, {found:,} found so far"
    return f"{READING}  {percent}, {read:,} of {total:,} so far"


def is_empty(covered: Coverage) -> bool:
    """Return True if everything was read and nothing was found."""
    return not (covered.messages or covered.refused or covered.behind)


def so_far(covered: Coverage) -> str:
    """Return the suffix of a number that may still grow; "" once everything is read."""
    return " so far" if covered.behind else ""


def as_text(lines: Iterable[Line]) -> str:
    """Return lines as text, for the clipboard."""
    return "\n".join("".join(text for text, _ in line.spans).rstrip() for line in lines)
