"""The lines of the message list: a window of summaries, drawn."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from textwrap import wrap
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from ...core.api.models import SourceState, Summary
from ...core.messages import seq_of
from ..model.selection import Selection
from ..model.sources import SourceNames
from ..model.window import LIMIT, Window
from ..render.columns import fit
from ..render.glyphs import UNICODE, Glyphs
from ..render.list_columns import Columns, Look, Needs, columns
from ..render.message import COMPONENTS, MARK, LinePainter, clock_time, same_time, time_since
from .line_list import LineView


class MessageLines(LineView):
    """A window of summaries, one line each, and which of them is selected."""

    PREFIX = "message-list"
    WHOLE = "text"
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"message-list--{name}" for name in COMPONENTS}

    class Reshaped(Message):
        """The columns are others now, or have other widths."""

    def __init__(self, *, marks: Glyphs = UNICODE, limit: int = LIMIT, id: str | None = None) -> None:
        super().__init__(id=id)
        self.window = Window(limit)
        self.selection = Selection(self.window)
        self.marks = marks
        self.nothing: tuple[str, ...] = ()
        """The lines shown when there are no messages."""
        self.look = Look()
        """The columns that the reader chose."""
        self._needs = self._drawn_for = Needs()
        """The cells that the messages take, and those that the columns are made for.

        Only the first grow while the list is read, so that nothing moves.
        """
        self.dims: Callable[[int], bool] = lambda id: False
        """Returns True for a message that is to stand back, by its id."""
        self.marked: Callable[[Summary], bool] | None = None
        """Returns True for a marked message; None while nothing is marked."""
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

    @property
    def columns(self) -> Columns:
        """The columns as they are drawn now."""
        return columns(self.width - (MARK if self.marked else 0), self.look, self._drawn_for)

    def note_widths(self, summaries: Sequence[Summary], *, afresh: bool = False) -> None:
        """Note what the texts of messages take; `afresh` forgets those from before."""
        needs = Needs() if afresh else self._needs
        self._needs = needs.including(summaries, self._painter.sources.word)

    @property
    def sources(self) -> SourceNames:
        """What the lines call the sources of messages."""
        return self._painter.sources

    def put_sources(self, sources: Sequence[SourceState]) -> None:
        """Call the sources of messages by these names."""
        if tuple(sources) != self._painter.sources.sources:
            self._painter.sources = SourceNames(sources)
            self.note_widths(self.window.rows, afresh=True)
            self._drawn_for = self._needs
            self.redraw()
            self.post_message(self.Reshaped())

    def fit_columns(self) -> bool:
        """Make the columns for the messages noted; return True if that changes them."""
        before, self._drawn_for = self.columns, self._needs
        if self.columns == before:
            return False
        self.redraw()
        self.post_message(self.Reshaped())
        return True

    def put_look(self, look: Look) -> None:
        """Show other columns, or other times."""
        self.look = look
        self.redraw()
        self.post_message(self.Reshaped())

    def line_key(self, at: int) -> Hashable:
        row = self.window.rows[at]
        return row, self._state(at), self._time(at), self.dims(row.id), self._mark(row)

    def paint_line(self, at: int, width: int) -> Strip:
        """Draw a message, without its colours if it is to stand back."""
        row = self.window.rows[at]
        strip = self._painter.paint(row, self.columns, self._state(at), self._time(at), self._mark(row))
        if not self.dims(row.id):
            return strip
        faint = self.style("dim") + Style(bold=False)
        return Strip([Segment(one.text, (one.style or Style()) + faint) for one in strip])

    def put_marks(self, marked: Callable[[Summary], bool] | None) -> None:
        """Show which messages are marked; without any, the column of marks goes."""
        shown, self.marked = self.marked is not None, marked
        if shown != (marked is not None):
            self.redraw()
            self.post_message(self.Reshaped())
        else:
            self.refresh()

    def _mark(self, row: Summary) -> bool | None:
        return None if self.marked is None else self.marked(row)

    def _time(self, at: int) -> str:
        """Return what stands in the column of times: a dot where the request of the line above is the same.

        The first line in sight and the selected one always have their time.
        """
        width = self.columns.width("time")
        if not width:
            return ""
        rows, clock = self.window.rows, self.look.clock
        line, above = rows[at], rows[at - 1] if at else None
        if clock == "since":
            return "" if above is None else time_since(line.received_at - above.received_at, width)
        if (
            above is not None
            and above.received_at == line.received_at
            and seq_of(above.id) == seq_of(line.id)
            and at != self.scroll_offset.y
            and line.id != self.selection.id
        ):
            return same_time(width, self.marks)
        return clock_time(line.received_at, width, clock)

    def paint_blank(self, y: int, width: int) -> Strip:
        """Draw the text that stands in place of messages."""
        if not y or not self.nothing or len(self.window):
            return Strip.blank(width, self.style("text"))
        lines = [row for line in self.nothing for row in wrapped_words(line, max(width - 4, 10))]
        words = "  " + lines[y - 1] if y <= len(lines) else ""
        text = fit(self._painter.plain(words), width, self.marks.ellipsis)
        return Strip([Segment(text, self.style("text") + self.style("dim"))])

    def _state(self, at: int) -> int:
        if self.window.rows[at].id != self.selection.id:
            return 0
        return 2 if self.has_focus else 1


def wrapped_words(text: str, width: int) -> list[str]:
    """Break a line between words; its indent is kept, and an empty line stays one."""
    indent = " " * (len(text) - len(text.lstrip()))
    return wrap(text, width, subsequent_indent=indent, drop_whitespace=True, replace_whitespace=False) or [""]
