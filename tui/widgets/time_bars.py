"""Messages over time as bars: those with errors at the foot, on them those with warnings, then the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ...core.aggregates.model import Overview
from ...core.text import counted
from ..pane_keys import bindings
from ..render.clock import second
from ..render.plain import is_plain, marks_of
from ..render.summary import first_slot, joined, joining, step_words
from .style_cache import StyleCache

BLOCKS = " ▁▂▃▄▅▆▇█"
WIDEST = 6
"""Cells of a bar when there are few of them."""
PARTS = ("error", "warning", "rest")
ASCII_PARTS = {"error": "x", "warning": "!", "rest": "#"}

Part = tuple[str, int]
"""The name of a part of a bar ("" above it), and how many eighths of a cell it has."""


@dataclass(frozen=True)
class Bar:
    """One bar: the messages received from `start` to just before `end` (ms), by what is wrong with them."""

    start: int
    end: int
    messages: int
    errors: int
    warnings: int


class TimeBars(Widget, can_focus=True):
    """The bars over time: as many rows as there is room for, a row of marks, and the times of the first
    and the last. With the focus, a cursor is on one of the bars, and its time and counts stand below.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"bars--{name}" for name in (*PARTS, "dim", "here", "text")}
    BINDINGS = bindings("bars")
    DEFAULT_CSS = """
    TimeBars {
        height: 1fr;
        padding: 0 1;
        background: $background;
        & > .bars--error { color: $mark-error; text-style: bold; }
        & > .bars--warning { color: $mark-warning; }
        & > .bars--rest { color: $dim; }
        & > .bars--dim { color: $dim; }
        & > .bars--text { color: $foreground; }
        & > .bars--here { background: $row-cursor; }
    }
    """

    class Chosen(Message):
        """A bar was opened with Enter or a double click."""

        def __init__(self, bar: Bar) -> None:
            super().__init__()
            self.bar = bar

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._overview = Overview()
        self._at: int | None = None
        """A time in the bar that the cursor is on, None for the newest bar."""
        self._style = StyleCache(self, "bars")

    def show(self, overview: Overview) -> None:
        """Show another overview."""
        self._overview = overview
        self.refresh()

    @property
    def bar_words(self) -> str:
        """Return the time that a bar covers: `30 s`."""
        many = joining(first_slot(self._overview), len(self._overview.slots), self._room)
        return step_words(many * self._overview.step)

    @property
    def bars(self) -> list[Bar]:
        """The bars, oldest first."""
        overview = self._overview
        slots, first = overview.slots, first_slot(overview)
        if not slots:
            return []
        many = joining(first, len(slots), self._room)
        length, start = many * overview.step, first // many * many * overview.step
        counts = (
            joined(counts, first, many)
            for counts in (
                [slot.messages for slot in slots],
                [slot.errors for slot in slots],
                [slot.warnings for slot in slots],
            )
        )
        return [
            Bar(start + at * length, start + (at + 1) * length, *numbers)
            for at, numbers in enumerate(zip(*counts, strict=True))
        ]

    @property
    def highest(self) -> int:
        """The most messages of a bar: the scale."""
        return max((bar.messages for bar in self.bars), default=0)

    @property
    def cursor(self) -> int:
        """The place of the bar that the cursor is on."""
        bars, at = self.bars, self._at
        if at is None:
            return len(bars) - 1
        return next((place for place, bar in enumerate(bars) if at < bar.end), len(bars) - 1)

    def select(self, at: int) -> None:
        """Put the cursor on the bar that covers a time (ms)."""
        self._at = at
        self.refresh()

    def action_move(self, by: int) -> None:
        """Go to an earlier or later bar."""
        if bars := self.bars:
            self.select(bars[min(max(self.cursor + by, 0), len(bars) - 1)].start)

    def action_first(self) -> None:
        """Go to the oldest bar."""
        self.action_move(-len(self.bars))

    def action_last(self) -> None:
        """Go to the newest bar."""
        self.action_move(len(self.bars))

    def action_choose(self) -> None:
        """Open the bar under the cursor."""
        if bars := self.bars:
            self.post_message(self.Chosen(bars[self.cursor]))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the bar under the pointer; a double click opens it."""
        bars = self.bars
        at = (event.x - self.gutter.left) // self._cells(len(bars)) if bars else -1
        if 0 <= at < len(bars):
            self.select(bars[at].start)
            if event.chain == 2:
                self.action_choose()

    def on_focus(self) -> None:
        """Draw the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Draw without the cursor."""
        self.refresh()

    def _cells(self, count: int) -> int:
        """Return the width of a bar."""
        return max(1, min(WIDEST, self._room // count))

    @property
    def _room(self) -> int:
        return max(self.size.width, 1)

    def notify_style_update(self) -> None:
        self._style.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the widget."""
        bars, height = self.bars, self.size.height
        if not bars:
            return Strip.blank(self._room, self.rich_style)
        cells, here = self._cells(len(bars)), self.cursor if self.has_focus else -1
        rows = height - 2 if height >= 4 else max(height - 1, 1)
        pieces: list[Segment] = []
        if y > rows or (y == rows and height < 4 and here >= 0):
            pieces = [self._axis(cells * len(bars)) if here < 0 else self._about(bars[here])]
        else:
            top = max(bar.messages for bar in bars) or 1
            for at, bar in enumerate(bars):
                ground = self.rich_style + self._style("here") if at == here else self.rich_style
                if y == rows:
                    pieces.append(self._mark(bar, cells, ground))
                else:
                    parts = _parts(bar.messages, bar.errors, bar.warnings, top=top, eighths=rows * 8)
                    pieces += self._cell(parts, rows - 1 - y, cells, ground)
        return Strip(pieces).adjust_cell_length(self._room, self.rich_style)

    def _cell(self, parts: Sequence[Part], row: int, cells: int, ground: Style) -> list[Segment]:
        """Draw a bar's piece in one row, counted from below; a blank divides wide bars."""
        inside = _inside(parts, row)
        wide = cells - 1 if cells > 1 else 1
        gap = [Segment(" " * (cells - wide), self.rich_style)] if cells > wide else []
        name, eighths = inside[0]
        if not name:
            return [Segment(" " * wide, ground), *gap]
        style = ground + self._style(name)
        if is_plain(self):
            return [Segment(ASCII_PARTS[name] * wide, style), *gap]
        if len(inside) > 1 and inside[1][0]:
            style += Style(bgcolor=self._style(inside[1][0]).color)
        return [Segment(BLOCKS[eighths] * wide, style), *gap]

    def _mark(self, bar: Bar, cells: int, ground: Style) -> Segment:
        marks = marks_of(self)
        mark, name = (
            (marks.error, "error")
            if bar.errors
            else (marks.warning, "warning")
            if bar.warnings
            else (" ", "dim")
        )
        return Segment(mark.ljust(cells), ground + self._style(name))

    def _about(self, bar: Bar) -> Segment:
        """Return the time and the counts of the bar under the cursor."""
        words = f"{second(bar.start)} to {second(bar.end)}  {counted(bar.messages, 'message')}"
        if bar.errors:
            words += f", {bar.errors:,} with errors"
        if bar.warnings:
            words += f", {bar.warnings:,} with warnings only"
        return Segment(words, self.rich_style + self._style("text"))

    def _axis(self, width: int) -> Segment:
        slots = self._overview.slots
        words = second(slots[0].start)
        if width >= 2 * len(words) + 1:
            words += second(slots[-1].start + self._overview.step).rjust(width - len(words))
        return Segment(words, self.rich_style + self._style("dim"))


def _parts(messages: int, errors: int, warnings: int, *, top: int, eighths: int) -> list[Part]:
    """Return a bar's parts from the foot up; each that is not 0 has at least an eighth of a cell."""
    whole = -(-messages * eighths // top)
    error = min(whole, max(1, round(errors * whole / messages))) if errors else 0
    warning = min(whole - error, max(1, round(warnings * whole / messages))) if warnings else 0
    return [("error", error), ("warning", warning), ("rest", whole - error - warning)]


def _inside(parts: Sequence[Part], row: int) -> list[Part]:
    """Return the parts of a bar in one cell: at most two, as a cell can show; ("", n) is empty."""
    low, at = row * 8, 0
    found: list[Part] = []
    for name, size in parts:
        inside = min(at + size, low + 8) - max(at, low)
        if inside > 0:
            found.append((name, inside))
        at += size
    empty = 8 - sum(size for _, size in found)
    if not found:
        return [("", 8)]
    if len(found) > 1 and empty:
        # The gravest takes the room of the others: two colours and none beside them do not fit a cell.
        return [(found[0][0], 8 - empty), ("", empty)]
    if len(found) > 2:
        return [found[0], (found[1][0], 8 - found[0][1])]
    return [*found, ("", empty)] if empty else found
