"""The base of every list and text that is drawn line by line.

Only lines in sight are drawn, each once until it changes, so the cost does not depend on how many there are.
`LineView` scrolls, `LineList` adds a cursor.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from ..render.detail import Span
from ..render.plain import is_plain, plain
from .style_cache import StyleCache

CACHED = 2_000
"""Drawn lines that are kept. When there are more, all are dropped and drawn again as needed."""


class LineView(ScrollView, can_focus=True):
    """Lines that scroll. A subclass implements `line_count` and `paint_line`.

    `PREFIX` is the prefix of its component classes, `WHOLE` the one of them that includes the background.
    """

    PREFIX: ClassVar[str] = ""
    WHOLE: ClassVar[str] = ""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.style = StyleCache(self, self.PREFIX, whole=self.WHOLE)
        self._strips: dict[Hashable, Strip] = {}
        self._strips_width = 0

    # What a subclass gives

    @property
    def line_count(self) -> int:
        """The number of lines."""
        raise NotImplementedError

    def paint_line(self, at: int, width: int) -> Strip:
        """Draw a line."""
        raise NotImplementedError

    def line_key(self, at: int) -> Hashable:
        """Return what identifies the drawing of a line: under the same key it is not drawn again."""
        return at

    def paint_blank(self, y: int, width: int) -> Strip:
        """Draw a row of the viewport below the last line."""
        return Strip.blank(width, self.style.ground)

    # Drawing

    @property
    def width(self) -> int:
        """The cells that a line has."""
        return self.scrollable_content_region.width

    def render_line(self, y: int) -> Strip:
        """Return one row of the viewport."""
        width, at = self.width, y + self.scroll_offset.y
        if at >= self.line_count:
            return self.paint_blank(y, width)
        if width != self._strips_width:
            self._strips.clear()
            self._strips_width = width
        key = self.line_key(at)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) >= CACHED:
                self._strips.clear()
            strip = self._strips[key] = self.paint_line(at, width)
        return strip

    def strip(self, spans: Iterable[Span], width: int, ground: Style | None = None) -> Strip:
        """Make a line of pieces of text, each with the name of its style."""
        ground = self.style.ground if ground is None else ground
        ascii_only = is_plain(self)
        segments = [
            Segment(plain(text) if ascii_only else text, ground + self.style(style)) for text, style in spans
        ]
        return Strip(segments).adjust_cell_length(width, ground)

    def redraw(self) -> None:
        """Draw every line again."""
        self._strips.clear()
        self.refresh()

    def redraw_line(self, at: int) -> None:
        """Draw one line again."""
        self._strips.pop(self.line_key(at), None)
        self.refresh_line(at)

    def notify_style_update(self) -> None:
        self.style.clear()
        self._strips.clear()
        super().notify_style_update()

    # Size and place

    def resize_lines(self) -> None:
        """Announce another number of lines.

        A new layout of the screen costs more than all else that a key leads to. It is only requested when the
        scrollbar comes or goes, and then once: Textual would notice the scrollbar during the layout, and
        request a second one.
        """
        rows, height = self.line_count, self.scrollable_content_region.height
        size = Size(0, rows)
        if size == self.virtual_size:
            return
        scrolls = rows > height
        if not height or not self.virtual_size.height:
            self.virtual_size = size
            return
        if scrolls != self.show_vertical_scrollbar:
            self.virtual_size = size
            self.show_vertical_scrollbar = scrolls
            return
        self.set_reactive(LineView.virtual_size, size)  # pyright: ignore[reportArgumentType]
        self._put_scrollbar()
        if self.scroll_offset.y > self.max_scroll_y:
            self.scroll_to_line(self.max_scroll_y)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw what is in sight now."""
        self._put_scrollbar()
        if round(old_value) != round(new_value):
            self.refresh(self.size.region)

    def _put_scrollbar(self) -> None:
        """Hand size and place to the scrollbar, which is drawn only if it looks different then."""
        if not self.show_vertical_scrollbar:
            return
        bar = self.vertical_scrollbar
        before = _thumb(bar)
        bar.set_reactive(ScrollBar.window_virtual_size, self.virtual_size.height)  # pyright: ignore[reportArgumentType]
        bar.set_reactive(ScrollBar.position, bar.validate_position(self.scroll_y))  # pyright: ignore[reportArgumentType]
        if _thumb(bar) != before:
            bar.refresh()

    def scroll_to_line(self, at: int) -> None:
        """Put a line at the top, as far as there are lines below it."""
        self.scroll_target_y = self.scroll_y = max(at, 0)

    def reveal(self, at: int, *, center: bool = False) -> None:
        """Scroll just far enough to show a line, or so that it is in the middle."""
        top, height = self.scroll_offset.y, max(self.scrollable_content_region.height, 1)
        if top <= at < top + height:
            return
        nearest = at if at < top else at - height + 1
        self.scroll_to_line(at - height // 2 if center else nearest)

    def line_at(self, event: events.Click) -> int | None:
        """Return the line under the pointer, None below the last one."""
        at = self.scroll_offset.y + event.get_content_offset_capture(self).y
        return at if 0 <= at < self.line_count else None


def _thumb(bar: ScrollBar) -> tuple[int, int]:
    """Return where the scrollbar's thumb begins and how long it is, in eighths of a cell as it is drawn."""
    cells, lines, window = bar.size.height, bar.window_virtual_size, bar.window_size
    if not cells or not window or lines <= window:
        return 0, 0
    length = max(1, window * cells / lines)
    return int((cells - length) * bar.position / (lines - window) * 8), math.ceil(length * 8)


class LineList(LineView):
    """Lines with a cursor. A subclass says in `cursor_moved` what a move leads to."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cursor = 0
        """The line that the cursor is on."""

    def cursor_moved(self) -> None:
        """Handle a move of the cursor to another line."""

    def place_cursor(self, at: int) -> None:
        """Put the cursor on a line, or on the nearest that exists; nothing is drawn or announced."""
        self.cursor = max(0, min(at, self.line_count - 1))

    def move_to(self, at: int) -> None:
        """Move the cursor to a line and show it."""
        before = self.cursor
        self.place_cursor(at)
        self.reveal(self.cursor)
        if self.cursor != before:
            self.redraw_line(before)
            self.redraw_line(self.cursor)
            self.cursor_moved()

    def action_move(self, by: int) -> None:
        """Move down by so many lines; up if negative."""
        self.move_to(self.cursor + by)

    def action_move_page(self, by: int) -> None:
        """Move down by so many pages; up if negative."""
        self.action_move(by * max(self.scrollable_content_region.height - 1, 1))

    def action_first(self) -> None:
        """Go to the first line."""
        self.move_to(0)

    def action_last(self) -> None:
        """Go to the last line."""
        self.move_to(self.line_count - 1)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draw the cursor's line again: it looks different while the focus is elsewhere."""
        super().watch_has_focus(has_focus)
        self.redraw_line(self.cursor)
