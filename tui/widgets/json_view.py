"""A JSON document to read and walk through: folds, columns, colours by type, times in words.

`json_rows` draws the rows, line by line; `JsonView` adds the foot that shows the whole value under the
cursor. What a document costs to show depends on what of it is open and visible, not on its size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from ...core.messages import Json
from ...core.text import clean, shorten, size
from ...core.verdict import Severity
from ..model.json_tree import Row
from ..render import clock
from ..render.json import FILLED_IN, NumberText, Words, other_clock, time_twins, value_pieces
from .json_reader import JsonReader
from .json_rows import JsonRows
from .text_block import TextBlock

FOOT_CHARACTERS = 600


class JsonView(Vertical):
    """Rows and, while they have the focus, a foot with the path and the whole value under the cursor."""

    DEFAULT_CSS = """
    JsonView {
        height: 1fr;
        & > JsonRows { height: 1fr; }
        & > .json-foot {
            display: none;
            height: auto;
            max-height: 6;
            padding: 0 1;
            background: $panel;
            color: $foreground;
        }
        &:focus-within > .json-foot { display: block; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = JsonReader()
        self.foot = TextBlock(classes="json-foot")
        self.source_of: Callable[[str], str] | None = None
        """Where the value at a path comes from, in words; "" when that is not known."""
        self._key: object = None
        self._filled: frozenset[str] = frozenset()

    def compose(self) -> ComposeResult:
        yield self.rows
        yield self.foot

    def show(
        self,
        value: Json,
        *,
        root: str = "$",
        filled: Iterable[str] = (),
        flags: Mapping[str, Severity] | None = None,
        notes: Mapping[str, str] | None = None,
        key: object = None,
    ) -> None:
        """Show another document, see `JsonRows.show`. Under the `key` of the last one all stays as it is."""
        if key is not None and key == self._key:
            return
        self._key = key
        self._filled = frozenset(filled)
        self.rows.show(value, root=root, filled=self._filled, flags=flags, notes=notes)

    def show_path(self, path: str, *, move: bool = False) -> bool:
        """Highlight a place; False when it is not in the document."""
        return self.rows.show_path(path, move=move)

    def on_json_rows_moved(self, event: JsonRows.Moved) -> None:
        event.stop()
        if self.has_focus_within:  # else the foot is hidden, and on_descendant_focus fills it
            self._fill_foot()

    def on_descendant_focus(self) -> None:
        """Fill the foot, which is shown now."""
        self._fill_foot()

    def _fill_foot(self) -> None:
        row = self.rows.row
        self.foot.put(Content("") if row is None else self._about(row))

    def _about(self, row: Row) -> Content:
        if row.hidden:
            return Content.styled(f"{row.hidden:,} more items of {clean(row.branch.path)}", "$dim")
        value = row.value
        token = self.rows.shorten_token(row) if self.rows.shorten_token is not None else None
        if token is not None:
            value = token
        notes = [FILLED_IN] if row.path in self._filled else []
        match value:
            case NumberText() | Words():
                text = clean(value[:FOOT_CHARACTERS])
            case str():
                text = shorten(clean(value[: FOOT_CHARACTERS + 1]), FOOT_CHARACTERS)
                if len(value) > FOOT_CHARACTERS:
                    notes.append(f"{size(len(value.encode('utf-8', 'surrogatepass')))} in all")
            case _:
                text = "".join(piece.text for piece in value_pieces(value, FOOT_CHARACTERS, self.rows.marks))
        changed = self.rows.changes.get(row.path)
        notes += [] if changed is None else [f"{clean(changed)}, in the last message of the same kind"]
        notes += time_twins(row.key, value, clock.now())[:1]
        other = other_clock(row.key, value)
        notes += [] if other is None else [other]
        lines = [Content.styled(clean(row.path), "$dim"), Content(text)]
        source = self.source_of(row.path) if self.source_of is not None else ""
        lines += [Content.styled(clean(source), "$accent")] if source else []
        lines += [Content.styled(" · ".join(notes), "$dim")] if notes else []
        return Content("\n").join(lines)
