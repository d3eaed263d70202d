"""Messages over time as bars: those with errors at the foot, on them those with warnings, then the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from ...core.aggregates.model import Overview
from ..render.plain import is_plain, marks_of
from ..render.summary import first_slot, joined, joining, second, step_words
from .style_cache import StyleCache

BLOCKS = " ▁▂▃▄▅▆▇█"
WIDEST = 6
"""Cells of a bar when there are few of them."""
PARTS = ("error", "warning", "rest")
ASCII_PARTS = {"error": "x", "warning": "!", "rest": "#"}

Part = tuple[str, int]
"""The name of a part of a bar ("" above it), and how many eighths of a cell it has."""


class TimeBars(Widget):
    """The bars over time: as many rows as there is room for, a row of marks, and the times of the first
    and the last.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"bars--{name}" for name in (*PARTS, "dim")}
    DEFAULT_CSS = """
    TimeBars {
        height: 1fr;
        padding: 0 1;
        background: $background;
        & > .bars--error { color: $mark-error; text-style: bold; }
        & > .bars--warning { color: $mark-warning; }
        & > .bars--rest { color: $dim; }
        & > .bars--dim { color: $dim; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._overview = Overview()
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
    def _room(self) -> int:
        return max(self.size.width, 1)

    def notify_style_update(self) -> None:
        self._style.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the widget."""
        slots, height = self._overview.slots, self.size.height
        if not slots:
            return Strip.blank(self._room, self.rich_style)
        first = first_slot(self._overview)
        many = joining(first, len(slots), self._room)
        every, errors, warnings = (
            joined(counts, first, many)
            for counts in (
                [slot.messages for slot in slots],
                [slot.errors for slot in slots],
                [slot.warnings for slot in slots],
            )
        )
        cells = max(1, min(WIDEST, self._room // len(every)))
        rows = height - 2 if height >= 4 else max(height - 1, 1)
        if y < rows:
            bars = [
                _parts(*numbers, top=max(every) or 1, eighths=rows * 8)
                for numbers in zip(every, errors, warnings, strict=True)
            ]
            pieces = [piece for parts in bars for piece in self._cell(parts, rows - 1 - y, cells)]
        elif y == rows:
            pieces = [self._mark(*numbers, cells) for numbers in zip(errors, warnings, strict=True)]
        else:
            pieces = [self._axis(cells * len(every))]
        return Strip(pieces).adjust_cell_length(self._room, self.rich_style)

    def _cell(self, parts: Sequence[Part], row: int, cells: int) -> list[Segment]:
        """Draw a bar's piece in one row, counted from below; a blank divides wide bars."""
        inside = _inside(parts, row)
        wide = cells - 1 if cells > 1 else 1
        gap = [Segment(" " * (cells - wide), self.rich_style)] if cells > wide else []
        name, eighths = inside[0]
        if not name:
            return [Segment(" " * wide, self.rich_style), *gap]
        style = self.rich_style + self._style(name)
        if is_plain(self):
            return [Segment(ASCII_PARTS[name] * wide, style), *gap]
        if len(inside) > 1 and inside[1][0]:
            style += Style(bgcolor=self._style(inside[1][0]).color)
        return [Segment(BLOCKS[eighths] * wide, style), *gap]

    def _mark(self, errors: int, warnings: int, cells: int) -> Segment:
        marks = marks_of(self)
        mark, name = (
            (marks.error, "error") if errors else (marks.warning, "warning") if warnings else (" ", "dim")
        )
        return Segment(mark.ljust(cells), self.rich_style + self._style(name))

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
