"""A list whose rows are replaced from time to time: the cursor stays on its row, whatever comes around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..pane_keys import bindings
from ..render.detail import Span
from ..render.plain import is_plain, marks_of, plain
from .style_cache import StyleCache

Key = tuple[str, ...]
"""What a row is about, and stays about."""


@dataclass(frozen=True)
class Row:
    """One row: `paint` gives its pieces for a width in cells, and need not fill it."""

    key: Key
    paint: Callable[[int], Sequence[Span]]


class RankedList(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows to walk through. Only what is in sight is drawn."""

    CALLS: ClassVar = ("track", "identify", "page", "screen", "group", "alias", "mixpanel-direct", "refused")
    STYLES: ClassVar = ("text", "dim", "error", "warning", "info", "ok", "waiting", "bold", "cursor", *CALLS)
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"ranked--{name}" for name in (*STYLES, "here", "away")}
    DEFAULT_CSS = """
    RankedList {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        background: $background;
        & > .ranked--text { color: $foreground; }
        & > .ranked--bold { color: $foreground; text-style: bold; }
        & > .ranked--dim { color: $dim; }
        & > .ranked--error { color: $mark-error; text-style: bold; }
        & > .ranked--warning { color: $mark-warning; }
        & > .ranked--info { color: $accent; }
        & > .ranked--ok { color: $mark-ok; }
        & > .ranked--waiting { color: $mark-waiting; }
        & > .ranked--cursor { color: $accent; text-style: bold; }
        & > .ranked--here { background: $row-cursor; }
        & > .ranked--away { background: $row-cursor-blurred; }
        & > .ranked--track { color: $track; }
        & > .ranked--identify { color: $identify; }
        & > .ranked--page { color: $page; }
        & > .ranked--screen { color: $screen; }
        & > .ranked--group { color: $group; }
        & > .ranked--alias { color: $alias; }
        & > .ranked--mixpanel-direct { color: $mixpanel-direct; }
        & > .ranked--refused { color: $refused; }
    }
    """
    BINDINGS = bindings("ranked")

    class Highlighted(Message):
        """The cursor is on another row, or there are none any more (None)."""

        def __init__(self, ranked: RankedList, key: Key | None) -> None:
            super().__init__()
            self.ranked = ranked
            self.key = key

        @property
        def control(self) -> RankedList:
            return self.ranked

    class Chosen(Message):
        """Enter, or a double click, on a row."""

        def __init__(self, ranked: RankedList, key: Key) -> None:
            super().__init__()
            self.ranked = ranked
            self.key = key

        @property
        def control(self) -> RankedList:
            return self.ranked

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()
        self.nothing = ""
        """What is said when there are no rows."""
        self._cursor = 0
        self._moved = False
        """True once the reader has moved the cursor."""
        self._style = StyleCache(self, "ranked")

    @property
    def key(self) -> Key | None:
        """The row that the cursor is on."""
        return self.rows[self._cursor].key if self._cursor < len(self.rows) else None

    def show(self, rows: Sequence[Row], *, on_top: bool = False) -> None:
        """Replace the rows: the cursor stays on the row that it is on, at the same height where possible.

        With `on_top` it stands on the first row instead, until the reader moves it.
        """
        before, above = self.key, self._cursor - self.scroll_offset.y
        self.rows = rows
        places = {row.key: at for at, row in enumerate(rows)}
        on_top = on_top and not self._moved
        self._cursor = 0 if on_top else places.get(before or (), min(self._cursor, max(len(rows) - 1, 0)))
        self.virtual_size = Size(0, len(rows))
        if before in places and self.scroll_offset.y and not on_top:
            self._scroll(self._cursor - above)
        self._reveal()
        self.refresh()
        if self.key != before:
            self.post_message(self.Highlighted(self, self.key))

    def select(self, key: Key) -> None:
        """Put the cursor on a row, if there is one of that key."""
        for at, row in enumerate(self.rows):
            if row.key == key:
                self._move(at)
                return

    def action_move(self, by: int) -> None:
        """So many rows down."""
        self._move(self._cursor + by)

    def action_move_page(self, by: int) -> None:
        """So many pages down."""
        self._move(self._cursor + by * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """To the first row."""
        self._move(0)

    def action_last(self) -> None:
        """To the last row."""
        self._move(len(self.rows) - 1)

    def action_choose(self) -> None:
        """Open what the cursor is on."""
        if self.key is not None:
            self.post_message(self.Chosen(self, self.key))

    def on_click(self, event: events.Click) -> None:
        """The cursor to the row under the pointer; a double click opens it."""
        at = self.scroll_offset.y + event.get_content_offset_capture(self).y
        if not 0 <= at < len(self.rows):
            return
        self._move(at)
        if event.chain == 2:
            self.action_choose()

    def on_resize(self) -> None:
        """The cursor stays in sight."""
        self.virtual_size = Size(0, len(self.rows))
        self._reveal()

    def _move(self, to: int) -> None:
        self._moved = True
        to = max(0, min(to, len(self.rows) - 1))
        if not self.rows or to == self._cursor:
            return
        self._cursor = to
        self._reveal()
        self.refresh()
        self.post_message(self.Highlighted(self, self.key))

    def _reveal(self) -> None:
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if self._cursor < top:
            self._scroll(self._cursor)
        elif self._cursor >= top + height:
            self._scroll(self._cursor - height + 1)

    def _scroll(self, to: int) -> None:
        self.scroll_to(y=max(to, 0), animate=False, force=True, immediate=True)

    def watch_has_focus(self, has_focus: bool) -> None:
        """The cursor is drawn otherwise while the keys are elsewhere."""
        super().watch_has_focus(has_focus)
        self.refresh()

    # Drawing

    def notify_style_update(self) -> None:
        self._style.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        width = self.scrollable_content_region.width
        at, ground = y + self.scroll_offset.y, self.rich_style
        if at >= len(self.rows):
            spans: Iterable[Span] = [(f" {self.nothing}", "dim")] if y == 0 and not self.rows else ()
        else:
            here = at == self._cursor
            if here:
                ground += self._style("here" if self.has_focus else "away")
            mark = marks_of(self).cursor if here and self.has_focus else " "
            spans = [(mark, "cursor"), *self.rows[at].paint(width - 1)]
        ascii_only = is_plain(self)
        segments = [
            Segment(plain(text) if ascii_only else text, ground + self._style(style)) for text, style in spans
        ]
        return Strip(segments).adjust_cell_length(width, ground)


def kept_order(shown: Sequence[Key], fresh: Sequence[tuple[Key, int]]) -> list[Key]:
    """The order for rows that are read while they change: those shown already stay where they are.

    `fresh` are all rows there are, each with its group; groups follow one another. A row that is new, or that
    came into a graver group, goes to the end of its group.
    """
    place = {key: at for at, key in enumerate(shown)}
    return [key for key, _ in sorted(fresh, key=lambda one: (one[1], place.get(one[0], len(place))))]
