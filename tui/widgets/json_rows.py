"""The rows of a JSON document, with a cursor, marks and notes at paths; `json_reader` has its keys."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import ClassVar

from textual.message import Message
from textual.strip import Strip

from ...core.messages import Json
from ...core.verdict import SEVERITY_WEIGHT, Severity
from ..model.json_path import child_path, resolve
from ..model.json_tree import JsonTree, Row
from ..render import clock
from ..render.glyphs import UNICODE, Glyphs, severity_mark
from ..render.json import GUTTER, Piece, moment, value_pieces, with_hits
from ..render.json_row import ASCII_FOLDS, FOLDS, Placed, placed, row_pieces, under_pieces
from ..render.plain import marks_of
from .row_lines import RowLines

CHANGED = "~"
"""The mark of a value that changed since the last message of the same kind."""
MOST_PLACED = 1_500
"""Rows up to which a value may stand on a line of its own."""
AGES_EVERY = 1.0
"""Seconds after which a relative time such as "4 s ago" is drawn again."""


class JsonRows(RowLines):
    """The rows of one document, with a cursor."""

    PREFIX = "json"
    STYLES = ("key", "string", "number", "literal", "punctuation", "dim", "error", "warning", "info")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"json--{name}" for name in STYLES),
        "json--hit",
        "json--cursor",
        "json--highlight",
        "json--beside",
    }
    DEFAULT_CSS = """
    JsonRows {
        scrollbar-gutter: stable;
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
        & > .json--hit { background: $accent; color: $background; text-style: bold; }
        & > .json--cursor { background: $row-cursor; }
        & > .json--highlight { background: $row-highlight; }
        & > .json--beside { background: $row-cursor-blurred; }
    }
    """

    class Moved(Message):
        """The cursor is on another row; None if the document is a single value."""

        def __init__(self, row: Row | None) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.marks: Glyphs = UNICODE
        self.folds: dict[str, bool] = {}
        self.level_shown: int | None = None
        """The level to which each document is folded, None: as many rows as there is room for are open."""
        self.shorten_token: Callable[[Row], str | None] | None = None
        self._document = JsonTree({})
        self._filled: frozenset[str] = frozenset()
        self._notes: dict[str, str] = {}
        self._places: list[Placed] = []
        """Where each row has its value; empty while each row has one line."""
        self._flags: dict[str, Severity] = {}
        self._flags_within: dict[str, Severity] = {}
        self.changes: Mapping[str, str] = {}
        """Values that changed since an earlier document, by their paths, with a few words."""
        self._changed_within: frozenset[str] = frozenset()
        self.wrapped = False
        """True if a string that does not fit into a line has as many as it needs."""
        self.arrows: Mapping[str, str] = {}
        """The rows whose values come from the document beside, by path, and the style of their arrow."""
        self.asides: Mapping[str, str] = {}
        """Words behind values where there is room for them, by path."""
        self._highlight: str | None = None
        self._found: frozenset[str] = frozenset()
        self._wanted: str | None = None
        """The text to mark in the rows of `_found`; None: their keys are marked."""

    def on_mount(self) -> None:
        super().on_mount()
        self.marks = marks_of(self)
        self.set_interval(AGES_EVERY, self._age)

    def _age(self) -> None:
        """Draw the times in sight again, so that "4 s ago" stays true."""
        top = self.scroll_offset.y
        for line in range(top, min(top + self.size.height, self.line_count)):
            if self._has_time(row := self.row_at(line)):
                self.redraw_line(row)
        if self._has_time(self.cursor):
            self.post_message(self.Moved(self.row))

    def _has_time(self, row: int) -> bool:
        if self._document.scalar or not 0 <= row < len(self._document):
            return False
        shown = self._document.row(row)
        return moment(shown.key, shown.value) is not None

    @property
    def document(self) -> JsonTree:
        """The rows as they are folded now."""
        return self._document

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return None if self._document.scalar else self._document.row(self.cursor)

    def show(
        self,
        value: Json,
        *,
        root: str = "$",
        filled: Iterable[str] = (),
        flags: Mapping[str, Severity] | None = None,
        notes: Mapping[str, str] | None = None,
    ) -> None:
        """Show a document, with `notes` after the values at their paths.

        The cursor stays on the same path if that path is in view in the new document.
        """
        here = self.row
        self._document = JsonTree(value, root=root, folds=self.folds, level=self.level_shown)
        self._places = []
        self._filled = frozenset(filled)
        self._notes = dict(notes or {})
        self._flags, self._flags_within = _flags_of(flags or {}, value, root)
        self._highlight = None
        self.changes, self._changed_within = {}, frozenset()
        self.cursor = 0
        same = None if here is None else self._visible(here.path)
        if same is not None:
            self.cursor = same
        self._changed()
        if same is None:
            self.scroll_to_line(0)
        self.post_message(self.Moved(self.row))

    def mark_changes(self, changes: Mapping[str, str]) -> None:
        """Mark values that changed since an earlier document, until another one is shown."""
        if changes == self.changes:
            return
        self.changes = changes
        within = _flags_of(dict.fromkeys(changes, "info"), self._document.value, self._document.root_path)[1]
        self._changed_within = frozenset(within)
        self.redraw()

    def show_path(self, path: str, *, move: bool = False) -> bool:
        """Unfold, scroll to and highlight a path; with `move` put the cursor there.

        Returns False if the document lacks it.
        """
        row = self._document.reveal(path)
        self._highlight = None if row is None else row.path
        self._changed()
        if row is None:
            return False
        line = self._document.line(row)
        if move:
            self.move_to(line)
        self.reveal(line, center=True)
        return True

    def move_to(self, at: int) -> None:
        super().move_to(at)
        self.point_beside()
        self.post_message(self.Moved(self.row))

    # Drawing

    @property
    def row_count(self) -> int:
        return len(self._document)

    def wrap(self, wrapped: bool) -> None:
        """Give strings that do not fit into a line as many as they need, or cut them."""
        if wrapped != self.wrapped:
            self.wrapped = wrapped
            if self.is_attached:
                self.lay_out()

    def heights(self) -> list[int]:
        """Return how many lines each row takes; one each in a very long document."""
        count, width = len(self._document), self.width - GUTTER
        self._places = []
        if self._document.scalar or count > MOST_PLACED or width <= 0:
            return [1] * count
        self._places = [self._placed(self._document.row(at), width) for at in range(count)]
        return [place.lines for place in self._places]

    def line_key(self, at: int) -> Hashable:
        row = self.row_at(at)
        return at, self.has_focus and row == self.cursor, row == self.beside

    def paint_line(self, at: int, width: int) -> Strip:
        """Draw a line of the document."""
        row = self.row_at(at)
        if row < 0:
            return Strip.blank(width, self.style.ground)
        part = self._lines[at][1] if self._lines is not None else 0
        return self._paint_row(row, part, width)

    def _paint_row(self, at: int, part: int, width: int) -> Strip:
        ground = self.style.ground
        if self._document.scalar:
            pieces = [
                Piece(" " * GUTTER, "dim"),
                *value_pieces(self._document.value, width - GUTTER, self.marks),
            ]
        else:
            row = self._document.row(at)
            path = row.path
            if path == self._highlight:
                ground += self.style("highlight")
            place = self._places[at] if at < len(self._places) else None
            if place is not None and part:
                pieces = [Piece(" " * GUTTER, "dim"), *under_pieces(place, part, row.value)]
                if path in self._found:
                    pieces = [*with_hits(pieces, self._wanted)]
            else:
                pieces = [*self._gutter(row, path), *self._row(row, path, width - GUTTER, place)]
        if at == self.cursor and self.has_focus:
            ground += self.style("cursor")
        elif at == self.beside:
            ground += self.style("beside")
        return self.strip(((piece.text, piece.style) for piece in pieces), width, ground)

    def _row(self, row: Row, path: str, width: int, place: Placed | None) -> Iterable[Piece]:
        pieces = row_pieces(
            row,
            width,
            now=clock.now(),
            at=place,
            filled=path in self._filled,
            token=self.shorten_token(row) if self.shorten_token is not None else None,
            marks=self.marks,
            folds=ASCII_FOLDS if self.marks.ascii else FOLDS,
            note=self._notes.get(path, ""),
            changed=self.changes.get(path, ""),
            aside=self.asides.get(path, ""),
        )
        return with_hits(pieces, self._wanted) if path in self._found and not row.hidden else pieces

    def _placed(self, row: Row, width: int) -> Placed:
        token = self.shorten_token(row) if self.shorten_token is not None else None
        return placed(row, width, wrapped=self.wrapped, token=token)

    def _gutter(self, row: Row, path: str) -> list[Piece]:
        """Draw the arrow of a value that comes from the document beside, and the mark of a finding."""
        flag = self._flags.get(path) if row.is_open else self._flags_within.get(path)
        changed = path in (self.changes if row.is_open else self._changed_within)
        mark = severity_mark(flag, self.marks) if flag is not None else CHANGED if changed else " "
        if path in self.arrows:
            return [Piece(self.marks.arrow, self.arrows[path]), Piece(mark, flag or "info")]
        if flag is not None:
            return [Piece(f"{mark} ", flag)]
        if path == self._highlight:
            return [Piece(f"{self.marks.arrow} ", "info")]
        return [Piece(f"{CHANGED} " if changed else " " * GUTTER, "info")]

    def _visible(self, path: str) -> int | None:
        """Return the line of a path, None if a container would have to be unfolded for it."""
        row = self._document.visible(path)
        return None if row is None else self._document.line(row)

    def _changed(self) -> None:
        self.place_cursor(self.cursor)
        self.lay_out()


def _flags_of(
    flags: Mapping[str, Severity], value: Json, root: str
) -> tuple[dict[str, Severity], dict[str, Severity]]:
    """Return the flags by row path, and the same with the worst flag inside each container."""
    own: dict[str, Severity] = {}
    within: dict[str, Severity] = {}
    for path, severity in flags.items():
        place = root
        for key in resolve(value, root, path) or ():
            place = child_path(place, key)
            within[place] = min(severity, within.get(place, severity), key=SEVERITY_WEIGHT.__getitem__)
        own[place] = severity
    return own, within
