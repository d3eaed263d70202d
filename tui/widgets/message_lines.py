"""The lines of the message list: a window of summaries, drawn."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip

from ..model.selection import Selection
from ..model.window import LIMIT, Window
from ..render.columns import columns, fit
from ..render.glyphs import UNICODE, Glyphs
from ..render.message import COMPONENTS, LinePainter
from .line_list import LineView


class MessageLines(LineView):
    """A window of summaries, one line each, and which of them is selected."""

    PREFIX = "message-list"
    WHOLE = "text"
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"message-list--{name}" for name in COMPONENTS}

    def __init__(self, *, marks: Glyphs = UNICODE, limit: int = LIMIT, id: str | None = None) -> None:
        super().__init__(id=id)
        self.window = Window(limit)
        self.selection = Selection(self.window)
        self.marks = marks
        self.nothing = ""
        """The text shown when there are no messages."""
        self._painter = LinePainter(marks, self.style)

    @property
    def following(self) -> bool:
        """True while the newest message is selected and kept in sight."""
        return self.selection.following

    @property
    def selected(self) -> int | None:
        """The selected message's id."""
        return self.selection.id

    @property
    def line_count(self) -> int:
        return len(self.window)

    def line_key(self, at: int) -> Hashable:
        return self.window.rows[at], self._state(at)

    def paint_line(self, at: int, width: int) -> Strip:
        """Draw a message."""
        return self._painter.paint(self.window.rows[at], columns(width), self._state(at))

    def paint_blank(self, y: int, width: int) -> Strip:
        """Draw the text that stands in place of messages."""
        if y == 1 and self.nothing and not len(self.window):
            text = fit(self._painter.plain("  " + self.nothing), width, self.marks.ellipsis)
            return Strip([Segment(text, self.style("text") + self.style("dim"))])
        return Strip.blank(width, self.style("text"))

    def _state(self, at: int) -> int:
        if self.window.rows[at].id != self.selection.id:
            return 0
        return 2 if self.has_focus else 1
