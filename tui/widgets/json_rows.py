"""The rows of JSON as a tree that folds: lines drawn as they are needed, a cursor, marks at places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ...core.messages import Json
from ...core.verdict import SEVERITY_WEIGHT, Severity
from ..model.json_path import child_path, resolve
from ..model.json_tree import JsonTree, Row
from ..pane_keys import bindings
from ..render import clock
from ..render.glyphs import ASCII, UNICODE, Marks, severity_mark
from ..render.json import ASCII_FOLDS, FOLDS, GUTTER, TIMES, Piece, row_pieces, value_pieces
from ..render.plain import marks_of, plain
from .style_cache import StyleCache

CACHED = 2000
AGES_EVERY = 1.0
"""Seconds between two looks at the clock, so that `4 s ago` does not grow stale."""


class JsonRows(ScrollView, can_focus=True):
    """The rows of one document, with a cursor."""

    STYLES = ("key", "string", "number", "literal", "punctuation", "dim", "error", "warning", "info")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"json--{name}" for name in STYLES),
        "json--cursor",
        "json--highlight",
    }
    DEFAULT_CSS = """
    JsonRows {
        padding: 0 1 0 0;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .json--key { color: $json-key; }
        & > .json--string { color: $json-string; }
        & > .json--number { color: $json-number; }
        & > .json--literal { color: $json-literal; }
        & > .json--punctuation { color: $json-punctuation; }
        & > .json--dim { color: $dim; }
        & > .json--error { color: $mark-error; text-style: bold; }
        & > .json--warning { color: $mark-warning; text-style: bold; }
        & > .json--info { color: $accent; text-style: bold; }
        & > .json--cursor { background: $row-cursor; }
        & > .json--highlight { background: $row-highlight; }
    }
    """
    BINDINGS = bindings("json")

    class Moved(Message):
        """The cursor is on another row (None: the document has none)."""

        def __init__(self, row: Row | None) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.marks: Marks = UNICODE
        self.folds: dict[str, bool] = {}
        self.shorten_token: Callable[[Row], str | None] | None = None
        self._document = JsonTree({})
        self._filled: frozenset[str] = frozenset()
        self._notes: dict[str, str] = {}
        self._flags: dict[str, Severity] = {}
        self._flags_within: dict[str, Severity] = {}
        self._cursor = 0
        self._highlight: str | None = None
        self._strips: dict[int, Strip] = {}
        self._style = StyleCache(self, "json")

    def on_mount(self) -> None:
        super().on_mount()
        self.marks = marks_of(self)
        self.set_interval(AGES_EVERY, self._age)

    def _age(self) -> None:
        """How long ago a time was stays true; no other line is drawn again."""
        for line in [line for line in self._strips if self._tells_time(line)]:
            del self._strips[line]
            self.refresh_line(line)
        if self._tells_time(self._cursor):
            self.post_message(self.Moved(self.row))

    def _tells_time(self, line: int) -> bool:
        return (
            line < len(self._document) and not self._document.scalar and self._document.row(line).key in TIMES
        )

    @property
    def document(self) -> JsonTree:
        """The rows as they are folded now."""
        return self._document

    @property
    def cursor(self) -> int:
        """The line that the cursor is on."""
        return self._cursor

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return None if self._document.scalar else self._document.row(self._cursor)

    def show(
        self,
        value: Json,
        *,
        root: str = "$",
        filled: Iterable[str] = (),
        flags: Mapping[str, Severity] | None = None,
        notes: Mapping[str, str] | None = None,
    ) -> None:
        """Show another document; `notes` stand behind the values at their paths.

        The cursor stays on the same path where the new one has it in view.
        """
        here = self.row
        self._document = JsonTree(value, root=root, folds=self.folds)
        self._filled = frozenset(filled)
        self._notes = dict(notes or {})
        self._flags, self._flags_within = _flags_of(flags or {}, value, root)
        self._highlight = None
        self._cursor = 0
        same = None if here is None else self._visible(here.path)
        if same is not None:
            self._cursor = same
        self._changed()
        if same is None:
            self.scroll_to(y=0, animate=False, force=True)
        self.post_message(self.Moved(self.row))

    def show_path(self, path: str, *, move: bool = False) -> bool:
        """Unfold, scroll to and highlight a place; with `move` put the cursor there. False: not in here."""
        row = self._document.reveal(path)
        self._highlight = None if row is None else row.path
        self._changed()
        if row is None:
            return False
        line = self._document.line(row)
        if move:
            self.move_to(line)
        self._into_view(line, center=True)
        return True

    def move_to(self, line: int) -> None:
        """Put the cursor on a line."""
        self._cursor = max(0, min(line, len(self._document) - 1))
        self._repaint()
        self._into_view(self._cursor)
        self.post_message(self.Moved(self.row))

    def action_move(self, lines: int) -> None:
        """Down by so many lines, or up."""
        self.move_to(self._cursor + lines)

    def action_move_page(self, pages: int) -> None:
        """Down by a page, or up."""
        self.move_to(self._cursor + pages * max(self.scrollable_content_region.height - 1, 1))

    def action_first(self) -> None:
        """To the first line."""
        self.move_to(0)

    def action_last(self) -> None:
        """To the last line."""
        self.move_to(len(self._document) - 1)

    def action_toggle_fold(self) -> None:
        """Open or fold the container under the cursor."""
        row = self.row
        if row is not None:
            self._open(row, not row.is_open)

    def action_unfold(self) -> None:
        """Open the container, or go to its first value."""
        row = self.row
        if row is None:
            return
        if row.is_open:
            self.move_to(self._cursor + 1)
        else:
            self._open(row, True)

    def action_fold(self) -> None:
        """Fold the container, or go to the one that this value is in."""
        row = self.row
        if row is None:
            return
        if row.is_open:
            self._open(row, False)
        elif row.branch.parent is not None:
            self.move_to(self._document.line(Row(row.branch.parent, row.branch.index)))

    def action_unfold_all(self) -> None:
        """Open every container."""
        self._all(self._document.open_all)

    def action_fold_all(self) -> None:
        """Fold every container."""
        self._all(self._document.fold_all)

    def on_click(self, event: events.Click) -> None:
        line = event.y + self.scroll_offset.y
        if self._document.scalar or line >= len(self._document):
            return
        self.move_to(line)
        self.action_toggle_fold()

    def on_focus(self) -> None:
        self._repaint()

    def on_blur(self) -> None:
        self._repaint()

    def on_resize(self) -> None:
        self._repaint()

    def notify_style_update(self) -> None:
        self._style.clear()
        self._strips.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        line = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        strip = self._strips.get(line)
        if strip is None or strip.cell_length != width:
            if len(self._strips) >= CACHED:
                self._strips.clear()
            strip = self._strips[line] = self._paint(line, width)
        return strip

    def _paint(self, line: int, width: int) -> Strip:
        if line >= len(self._document):
            return Strip.blank(width, self.rich_style)
        ground = self.rich_style
        if self._document.scalar:
            pieces = [
                Piece(" " * GUTTER, "dim"),
                *value_pieces(self._document.value, width - GUTTER, self.marks),
            ]
        else:
            row = self._document.row(line)
            path = row.path
            if path == self._highlight:
                ground += self._style("highlight")
            pieces = [self._gutter(row, path), *self._row(row, path, width - GUTTER)]
        if line == self._cursor and self.has_focus:
            ground += self._style("cursor")
        ascii_only = self.marks is ASCII
        segments = [
            Segment(plain(piece.text) if ascii_only else piece.text, ground + self._style(piece.style))
            for piece in pieces
        ]
        return Strip(segments).adjust_cell_length(width, ground)

    def _row(self, row: Row, path: str, width: int) -> Iterable[Piece]:
        return row_pieces(
            row,
            width,
            now=clock.now(),
            filled=path in self._filled,
            token=self.shorten_token(row) if self.shorten_token is not None else None,
            marks=self.marks,
            folds=ASCII_FOLDS if self.marks is ASCII else FOLDS,
            note=self._notes.get(path, ""),
        )

    def _gutter(self, row: Row, path: str) -> Piece:
        flag = self._flags.get(path) if row.is_open else self._flags_within.get(path)
        if flag is not None:
            return Piece(f"{severity_mark(flag, self.marks)} ", flag)
        return Piece(f"{self.marks.arrow} " if path == self._highlight else " " * GUTTER, "info")

    def _open(self, row: Row, opened: bool) -> None:
        if opened:
            if self._document.open(row) is None:
                return
        else:
            self._document.fold(row)
        self._document.remember(row, opened)
        self._changed()
        self.post_message(self.Moved(self.row))

    def _all(self, change: Callable[[], None]) -> None:
        here = self.row
        change()
        line = None if here is None else self._visible(here.path)
        self._cursor = 0 if line is None else line
        self._changed()
        self._into_view(self._cursor)
        self.post_message(self.Moved(self.row))

    def _visible(self, path: str) -> int | None:
        """The line of a path, if nothing needs to be opened for it."""
        before = len(self._document)
        row = self._document.reveal(path)
        if row is None:
            return None
        if len(self._document) == before:
            return self._document.line(row)
        branch = row.branch
        while len(self._document) > before and branch.parent is not None:
            self._document.fold(Row(branch.parent, branch.index))
            branch = branch.parent
        return None

    def _changed(self) -> None:
        self._cursor = max(0, min(self._cursor, len(self._document) - 1))
        self.virtual_size = Size(0, len(self._document))
        self._repaint()

    def _repaint(self) -> None:
        self._strips.clear()
        self.refresh()

    def _into_view(self, line: int, *, center: bool = False) -> None:
        height, top = self.scrollable_content_region.height, self.scroll_offset.y
        if top <= line < top + height:
            return
        nearest = line if line < top else line - height + 1
        self.scroll_to(y=max(line - height // 2 if center else nearest, 0), animate=False, force=True)


def _flags_of(
    flags: Mapping[str, Severity], value: Json, root: str
) -> tuple[dict[str, Severity], dict[str, Severity]]:
    """The flags by the paths that rows have; and the same with, for every container, the worst within it."""
    own: dict[str, Severity] = {}
    within: dict[str, Severity] = {}
    for path, severity in flags.items():
        place = root
        for key in resolve(value, root, path) or ():
            place = child_path(place, key)
            within[place] = min(severity, within.get(place, severity), key=SEVERITY_WEIGHT.__getitem__)
        own[place] = severity
    return own, within
