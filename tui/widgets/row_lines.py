"""The base of documents whose rows may have several lines, and that may stand level with another document."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..model.level import Lines, own_lines
from .line_list import LineList


class RowLines(LineList):
    """Rows with a cursor on one of them; what scrolls are lines.

    A subclass implements `row_count` and `heights`. `peer` is the document beside this one, whose lines are
    level with these and scroll with them, and `level` lays out the lines of both; None while the document
    stands by itself.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.peer: RowLines | None = None
        self.level: Callable[[], None] | None = None
        self.partners: Mapping[int, int] = {}
        """The row of `peer` that belongs to each row of this document, as far as there is one."""
        self.beside = -1
        """The row that belongs to the one under the cursor of `peer` while that has the focus; -1: none."""
        self._lines: Lines | None = None
        self._firsts: dict[int, int] = {}
        self._laid_out_for = 0
        """The width that the lines were laid out for; 0 while the document is hidden."""

    @property
    def row_count(self) -> int:
        """The number of rows."""
        raise NotImplementedError

    def heights(self) -> list[int]:
        """Return how many lines each row takes."""
        raise NotImplementedError

    def row_at(self, line: int) -> int:
        """Return the row on a line, -1 for none."""
        if self._lines is None:
            return line if line < self.row_count else -1
        return self._lines[line][0] if line < len(self._lines) else -1

    def line_of(self, row: int) -> int:
        """Return the first line of a row."""
        return row if self._lines is None else self._firsts.get(row, 0)

    def put_lines(self, lines: Lines | None) -> None:
        """Show the rows on these lines; None: each on one, from the top."""
        if lines != self._lines:
            self._lines = lines
            self._firsts = {row: at for at, (row, part) in enumerate(lines or ()) if not part}
        self.resize_lines()
        self.redraw()

    def lay_out(self) -> None:
        """Work out which row is on which line."""
        if self.level is not None:
            self.level()
        else:
            self._laid_out_for = self.width
            self.put_lines(own_lines(self.heights()))

    def on_resize(self) -> None:
        """Lay out again for another width."""
        if self.level is not None or self.width != self._laid_out_for:
            self.lay_out()

    def place_cursor(self, at: int) -> None:
        self.cursor = max(0, min(at, self.row_count - 1))

    def reveal(self, at: int, *, center: bool = False) -> None:
        super().reveal(self.line_of(at), center=center)

    def point_beside(self) -> None:
        """Mark the row of the document beside that belongs to the one under the cursor."""
        if self.peer is not None:
            self.peer.put_beside(self.partners.get(self.cursor, -1) if self.has_focus else -1)

    def put_beside(self, at: int) -> None:
        """Mark a row that belongs to the row under the cursor of the document beside; -1: none."""
        before, self.beside = self.beside, at
        for row in {before, at} - {-1} if before != at else ():
            if row < self.row_count:
                self.redraw_line(row)

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.point_beside()

    def redraw_line(self, at: int) -> None:
        first = line = self.line_of(at)
        while line == first or self.row_at(line) == at:
            super().redraw_line(line)
            line += 1

    def action_last(self) -> None:
        self.move_to(self.row_count - 1)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self.peer is not None and round(new_value) != self.peer.scroll_offset.y:
            self.peer.scroll_to_line(round(new_value))

    @property
    def line_count(self) -> int:
        lines = self.own_count
        if self.peer is None:
            return lines
        # Blank lines at the end let both scroll equally far.
        lines = max(lines, self.peer.own_count)
        height, beside = (part.scrollable_content_region.height for part in (self, self.peer))
        return lines + max(height - beside, 0) if lines > min(height, beside) else lines

    @property
    def own_count(self) -> int:
        """The lines of the document itself."""
        return self.row_count if self._lines is None else len(self._lines)
