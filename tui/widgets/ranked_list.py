"""A list whose rows are replaced while it is read: the cursor stays on its row."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.message import Message
from textual.strip import Strip

from ..pane_keys import bindings
from ..render.detail import Span
from ..render.plain import marks_of
from .line_list import LineList

Key = tuple[str, ...]
"""What identifies a row."""


@dataclass(frozen=True)
class Row:
    """One row: `paint` gives its pieces for a width in cells, and need not fill it."""

    key: Key
    paint: Callable[[int], Sequence[Span]]


class RankedList(LineList, inherit_bindings=False):
    """Rows to walk through, each with a key that stays the same when the rows are replaced."""

    PREFIX = "ranked"
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
        """The cursor is on another row; the key is None when no rows are left."""

        def __init__(self, ranked: RankedList, key: Key | None) -> None:
            super().__init__()
            self.ranked = ranked
            self.key = key

        @property
        def control(self) -> RankedList:
            return self.ranked

    class Chosen(Message):
        """A row was opened with Enter or a double click."""

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
        """The text shown when there are no rows."""
        self._moved = False
        """True once the reader has moved the cursor."""

    @property
    def key(self) -> Key | None:
        """The key of the row that the cursor is on."""
        return self.rows[self.cursor].key if self.cursor < len(self.rows) else None

    def show(self, rows: Sequence[Row], *, on_top: bool = False) -> None:
        """Replace the rows. The cursor stays on its row, at the same height where possible.

        With `on_top` it is on the first row instead, until the reader moves it.
        """
        before, above = self.key, self.cursor - self.scroll_offset.y
        self.rows = rows
        places = {row.key: at for at, row in enumerate(rows)}
        on_top = on_top and not self._moved
        self.cursor = 0 if on_top else places.get(before or (), min(self.cursor, max(len(rows) - 1, 0)))
        self.resize_lines()
        if before in places and self.scroll_offset.y and not on_top:
            self.scroll_to_line(self.cursor - above)
        self.reveal(self.cursor)
        self.redraw()
        if self.key != before:
            self.post_message(self.Highlighted(self, self.key))

    def select(self, key: Key) -> None:
        """Put the cursor on the row with that key, if there is one."""
        for at, row in enumerate(self.rows):
            if row.key == key:
                self.move_to(at)
                return

    def move_to(self, at: int) -> None:
        self._moved = True
        if self.rows:
            super().move_to(at)

    def cursor_moved(self) -> None:
        self.post_message(self.Highlighted(self, self.key))

    def action_choose(self) -> None:
        """Open the row that the cursor is on."""
        if self.key is not None:
            self.post_message(self.Chosen(self, self.key))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the row under the pointer; a double click opens it."""
        at = self.line_at(event)
        if at is None:
            return
        self.move_to(at)
        if event.chain == 2:
            self.action_choose()

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self.resize_lines()
        self.reveal(self.cursor)

    # Drawing

    @property
    def line_count(self) -> int:
        return len(self.rows)

    def line_key(self, at: int) -> Hashable:
        return at, at == self.cursor and (2 if self.has_focus else 1)

    def paint_line(self, at: int, width: int) -> Strip:
        """Draw a row, with the cursor's mark and background if it is on it."""
        ground, here = self.style.ground, at == self.cursor
        if here:
            ground += self.style("here" if self.has_focus else "away")
        mark = marks_of(self).cursor if here and self.has_focus else " "
        return self.strip([(mark, "cursor"), *self.rows[at].paint(width - 1)], width, ground)

    def paint_blank(self, y: int, width: int) -> Strip:
        """Draw the text that stands in place of rows."""
        return self.strip([(f" {self.nothing}", "dim")] if y == 0 and not self.rows else (), width)


def kept_order(shown: Sequence[Key], fresh: Sequence[tuple[Key, int]]) -> list[Key]:
    """Return the order of rows that change while they are read: those already shown keep their places.

    `fresh` are all rows, each with the number of its group; groups follow one another. A row that is new, or
    has moved to another group, goes to the end of its group.
    """
    place = {key: at for at, key in enumerate(shown)}
    return [key for key, _ in sorted(fresh, key=lambda one: (one[1], place.get(one[0], len(place))))]
