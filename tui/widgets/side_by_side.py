"""Lines with a left and a right side, with a cursor; what is the same on both sides can be left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.cells import cell_len
from textual.message import Message
from textual.strip import Strip

from ...core.messages import Json
from ...core.text import clean
from ..model.compared import SideBySide, SideLine
from ..pane_keys import bindings
from ..render.detail import Span
from ..render.json import fit, value_pieces
from ..render.plain import marks_of
from .line_list import LineList

LEAST_LABEL = 8
WIDEST_LABEL = 0.4
"""The part of the width that labels take at most."""


class SideBySideView(LineList):
    """The lines of one comparison."""

    PREFIX = "side"
    STYLES = ("same", "inside", "added", "removed", "changed", "type", "label", "value", "dim")
    COMPONENT_CLASSES: ClassVar[set[str]] = {*(f"side--{name}" for name in STYLES), "side--cursor"}
    DEFAULT_CSS = """
    SideBySideView {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        background: $background;
        & > .side--same { color: $dim; }
        & > .side--inside { color: $json-key; }
        & > .side--added { color: $mark-ok; }
        & > .side--removed { color: $mark-error; }
        & > .side--changed { color: $mark-warning; }
        & > .side--type { color: $mark-error; text-style: bold; }
        & > .side--label { color: $json-key; }
        & > .side--value { color: $foreground; }
        & > .side--dim { color: $dim; }
        & > .side--cursor { background: $row-cursor; }
    }
    """
    BINDINGS = bindings("compared")

    class Moved(Message):
        """The cursor is on another line, None if there is none."""

        def __init__(self, line: SideLine | None) -> None:
            super().__init__()
            self.line = line

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.every = False
        self._shown: SideBySide | None = None
        self._lines: tuple[SideLine, ...] = ()
        self._widest = 0
        """The width of the longest label."""

    def show(self, comparison: SideBySide, *, every: bool) -> None:
        """Show a comparison, with `every` what is the same, too."""
        here = self.line
        self.every = every
        self._shown = comparison
        self._lines = tuple(
            one for one in comparison.lines if every or one.right_label is not None or one.differs
        )
        lines = self._lines
        names = (
            2 * line.depth + cell_len(clean(label[:80]))
            for line in lines[:2000]
            for label in (line.label, line.right_label or "")
        )
        self._widest = max(names, default=0)
        first = next((at for at, one in enumerate(lines) if one.style not in ("same", "inside")), 0)
        at = next((at for at, one in enumerate(lines) if one is here), first)
        self.place_cursor(at)
        self.resize_lines()
        self.redraw()
        self.reveal(self.cursor)
        self.cursor_moved()

    @property
    def line(self) -> SideLine | None:
        """The line under the cursor."""
        return self._lines[self.cursor] if self.cursor < len(self._lines) else None

    def cursor_moved(self) -> None:
        self.post_message(self.Moved(self.line))

    @property
    def line_count(self) -> int:
        return len(self._lines)

    def line_key(self, at: int) -> tuple[int, bool]:
        return at, at == self.cursor

    def paint_line(self, at: int, width: int) -> Strip:
        """Draw a line: its mark, its label, and both values."""
        line = self._lines[at]
        ground = self.style.ground + self.style("cursor") if at == self.cursor else self.style.ground
        drawn = self._beside(line, width) if line.right_label is not None else self._columns(line, width)
        return self.strip(drawn, width, ground)

    def _columns(self, line: SideLine, width: int) -> Iterator[Span]:
        """Draw one label, and the two values in columns."""
        label = self._label_width(width)
        value = max((width - label - 4) // 2, 4)
        marks = marks_of(self)
        yield f"{line.mark} ", line.style
        name = fit(f"{'  ' * line.depth}{clean(line.label)}", label, marks.ellipsis)
        yield name, line.style if line.style in ("same", "inside") else "label"
        yield "  ", "dim"
        if line.style == "inside":
            return
        yield self._value(line.left, value), "same" if line.style in ("same", "changed") else line.style
        if line.style != "same":
            room = value - len(line.note) - 2 if line.note else value
            yield self._value(line.right, max(room, value // 2)), line.style
            yield line.note and f"  {line.note}", "dim"

    def _beside(self, line: SideLine, width: int) -> Iterator[Span]:
        """Draw a label and a value on each side, with an arrow between them."""
        marks = marks_of(self)
        half = max((width - 5) // 2, 8)
        label = max(min(self._label_width(width), half // 2), LEAST_LABEL)
        yield f"{line.mark} ", line.style
        yield self._fitted(line.label, label), "label"
        style = "same" if line.style == "same" else "value"
        yield f" {self._value(line.left, half - label - 1)}", "removed" if line.right is None else style
        if line.right is None:
            yield "   dropped", "removed"
            return
        yield f" {marks.arrow} ", "dim"
        yield self._fitted(line.right_label or "", label), "label"
        room = half - label - 1
        text = self._text(line.right, room)
        yield f" {text}", line.style if line.style in ("changed", "added") else style
        left = room - cell_len(text) - 2
        if line.note and left >= len(line.note) // 2 and left > 8:
            yield f"  {fit(clean(line.note), left, marks.ellipsis).rstrip()}", "dim"

    def _fitted(self, path: str, room: int) -> str:
        """Fit a path into so many cells; of one that is too long the end says more."""
        name = clean(path)
        over = cell_len(name) - room
        return f"{marks_of(self).ellipsis}{name[over + 1 :]}" if over > 0 else fit(name, room)

    def _value(self, value: tuple[Json] | None, room: int) -> str:
        return fit(self._text(value, room), room, marks_of(self).ellipsis)

    def _text(self, value: tuple[Json] | None, room: int) -> str:
        if value is None:
            return ""
        return "".join(piece.text for piece in value_pieces(value[0], room, marks_of(self)))

    def _label_width(self, width: int) -> int:
        return max(min(self._widest, int(width * WIDEST_LABEL)), LEAST_LABEL)
