"""JSON to read: rows that fold, with keys to search, to jump, to fold to a level and to copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
from textual import events

from ...core.messages import Json
from ...core.text import clean
from ...core.verdict import Severity
from ..clipboard import copy
from ..model.json_search import Hits, find_key, find_text
from ..model.json_tree import Row
from ..pane_keys import bindings
from ..render.json import NumberText, is_long
from ..render.plain import app_of
from .json_rows import JsonRows
from .pane_search import Found, Searching


class JsonReader(JsonRows):
    """The rows of one document under the keys of a reader.

    A search goes on in the next document that is shown, until it ends.
    """

    BINDINGS = bindings("json")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._search = Searching("")
        self._hits = Hits([])
        self._hit = 0
        self._level_wanted = False

    def show(
        self,
        value: Json,
        *,
        root: str = "$",
        filled: Iterable[str] = (),
        flags: Mapping[str, Severity] | None = None,
        notes: Mapping[str, str] | None = None,
    ) -> None:
        super().show(value, root=root, filled=filled, flags=flags, notes=notes)
        if self._search.text:
            self._look("")

    # Searching

    def search(self, wanted: Searching) -> None:
        """Find a text or a key and mark what matches; "" ends the search."""
        here = self.row
        self._search = wanted
        self._look("" if here is None else here.path)
        if self._hits.paths:
            self.show_path(self._hits.paths[self._hit])
        else:
            self._highlight = None
            self.redraw()

    def turn_hit(self, by: int) -> None:
        """Go to the next match, or the one before; the last leads to the first."""
        if self._hits.paths:
            self._hit = (self._hit + by) % len(self._hits.paths)
            self.show_path(self._hits.paths[self._hit], move=True)
        self._tell()

    def keep_hit(self) -> None:
        """Put the cursor on the match that is shown."""
        if self._hits.paths:
            self.show_path(self._hits.paths[self._hit], move=True)

    def _look(self, start: str) -> None:
        text, tree = self._search.text, self.document
        if not text:
            self._hits = Hits([])
        elif self._search.keys:
            self._hits = find_key(tree.value, tree.root_path, text)
        else:
            self._hits = find_text(tree.value, tree.root_path, text, start)
        self._hit = self._hits.first
        self._found = frozenset(self._hits.paths)
        self._wanted = None if self._search.keys else text
        self._tell()

    def _tell(self) -> None:
        self.post_message(Found(len(self._hits.paths), self._hit + 1, self._hits.more))

    # Copying

    def action_copy_value(self) -> None:
        """Copy the value under the cursor: a text without quotes, anything else as JSON."""
        row = self.row
        if row is not None and row.hidden:  # it stands for the rest of its array
            self._copy(f"the value of {clean(row.branch.path)}", indented(row.branch.value))
            return
        value = self.document.value if row is None else row.value
        name = "the value" if row is None else f"the value of {clean(row.path)}"
        self._copy(name, value if isinstance(value, str) else indented(value))

    def action_copy_path(self) -> None:
        """Copy the path of the value under the cursor."""
        row = self.row
        self._copy("the path", self.document.root_path if row is None else row.path)

    def _copy(self, what: str, text: str) -> None:
        self.notify(f"Copied {what}: {copy(app_of(self), text)}")

    # Folding

    def action_fold_level(self) -> None:
        """Wait for the digit that says to which level the document is to be folded."""
        self._level_wanted = True
        self.notify("Fold to level 1 to 9: 1 shows only the outermost names.", timeout=3)

    def on_key(self, event: events.Key) -> None:
        """Take the digit after the key of the fold level; any other key means what it always does."""
        wanted, self._level_wanted = self._level_wanted, False
        if wanted and event.character is not None and event.character in "123456789":
            event.stop()
            event.prevent_default()
            level = int(event.character)
            self.level_shown = level
            self.folds.clear()
            self._all(lambda: self.document.open_to(level))

    def action_toggle_fold(self) -> None:
        """Unfold or fold the container under the cursor; open a text that is cut."""
        row = self.row
        if row is None:
            return
        if row.hidden:
            self.document.list_more(row.branch)
            self._changed()
        elif is_long(row.value):
            from ..screens.value import WholeValue

            app_of(self).push_screen(WholeValue(row.path, str(row.value)))
        else:
            self._open(row, not row.is_open)

    def action_unfold(self) -> None:
        """Unfold the container, or go to its first value."""
        row = self.row
        if row is None:
            return
        if row.is_open:
            self.move_to(self.cursor + 1)
        else:
            self._open(row, True)

    def action_fold(self) -> None:
        """Fold the container, or go to the container of this value."""
        row = self.row
        if row is None:
            return
        if row.is_open:
            self._open(row, False)
        elif row.branch.parent is not None:
            self.move_to(self.document.line(Row(row.branch.parent, row.branch.index)))

    def action_unfold_all(self) -> None:
        """Unfold every container, and let the next documents unfold as far as there is room."""
        self.level_shown = None
        self._all(self.document.open_all)

    def action_fold_all(self) -> None:
        """Fold every container."""
        self._all(self.document.fold_all)

    def on_click(self, event: events.Click) -> None:
        row = self.row_at(event.y + self.scroll_offset.y)
        if self.document.scalar or row < 0:
            return
        self.move_to(row)
        self.action_toggle_fold()

    def _open(self, row: Row, opened: bool) -> None:
        if opened:
            if self.document.open(row) is None:
                return
        else:
            self.document.fold(row)
        self.document.remember(row, opened)
        self._changed()
        self.post_message(self.Moved(self.row))

    def _all(self, change: Callable[[], None]) -> None:
        here = self.row
        change()
        line = None if here is None else self._visible(here.path)
        self.cursor = 0 if line is None else line
        self._changed()
        self.reveal(self.cursor)
        self.post_message(self.Moved(self.row))


def indented(value: Json) -> str:
    """Return a value as indented JSON, its numbers as they were spelled."""
    return msgspec.json.format(msgspec.json.encode(_spelled(value)), indent=2).decode("utf-8", "replace")


def _spelled(value: Json) -> object:
    if isinstance(value, NumberText):
        return msgspec.Raw(value.encode())
    if isinstance(value, dict):
        return {key: _spelled(inner) for key, inner in value.items()}
    return [_spelled(inner) for inner in value] if isinstance(value, list) else value
