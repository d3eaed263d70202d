"""The list of suggestions over the screen, beside the filter's box. The box keeps the keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ..render.plain import worded

if TYPE_CHECKING:
    from ..model.completion import Candidate

ROWS = 7
"""Suggestions in sight; the list scrolls."""
GAP = 2
WIDEST = 78


class CompletionList(OptionList, can_focus=False):
    """Suggestions, none of which is marked until the reader moves into the list."""

    DEFAULT_CSS = """
    CompletionList {
        overlay: screen;
        max-height: 100vh;
        min-width: 0;
        display: none;
        padding: 0;
        border: round $border;
        text-wrap: nowrap;
        background: $panel;
        color: $foreground;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        & > .option-list--option { padding: 0 1; }
        & > .option-list--option-hover { background: $panel; color: $foreground; }
        & > .option-list--option-highlighted {
            background: $row-cursor; color: $foreground; text-style: none;
        }
    }
    """

    class Clicked(Message):
        """A suggestion was clicked."""

        def __init__(self, candidate: Candidate) -> None:
            super().__init__()
            self.candidate = candidate

    def __init__(self) -> None:
        super().__init__(id="completion", markup=False)
        self.candidates: tuple[Candidate, ...] = ()

    @property
    def marked(self) -> Candidate | None:
        """The suggestion that the reader moved to."""
        at = self.highlighted
        return None if at is None or not self.display else self.candidates[at]

    def show(self, candidates: Sequence[Candidate], cursor: Offset) -> None:
        """Offer these where the part that they complete begins: below it, or above where that has no room."""
        at = self.highlighted if self.display else None
        kept = at if at is not None and self.candidates[: at + 1] == tuple(candidates[: at + 1]) else None
        self.candidates = tuple(candidates)
        self.display = bool(candidates)
        if not candidates:
            return
        size = self.screen.size
        notes = max(cell_len(one.note) for one in candidates)
        labels = max(cell_len(one.label) for one in candidates)
        rows = min(len(candidates), ROWS)
        chrome = 5  # frame, padding, and a place for the scrollbar
        width = min(labels + (GAP + notes if notes else 0) + chrome, WIDEST, size.width)
        inner = width - chrome
        self.clear_options()
        self.add_options([Option(self._line(one, labels, inner)) for one in candidates])
        self.highlighted = kept
        height = rows + 2
        self.styles.width, self.styles.height = width, height
        below = cursor.y + 1 + height < size.height
        y = cursor.y + 1 if below else max(cursor.y - height, 0)
        self.absolute_offset = Offset(max(min(cursor.x - 2, size.width - width), 0), y)
        self.refresh(layout=True)

    def hide(self) -> None:
        """Offer nothing."""
        self.candidates = ()
        self.display = False

    def move(self, by: int) -> bool:
        """Mark the next suggestion; above the first one, none. Returns False if there is none to mark."""
        at = self.highlighted
        if not self.display or (at is None and by < 0):
            return False
        to = (-1 if at is None else at) + by
        self.highlighted = None if to < 0 else min(to, len(self.candidates) - 1)
        return True

    def _line(self, one: Candidate, labels: int, width: int) -> Content:
        """Return the suggestion with its note: counts to the right, meanings behind the names."""
        label = worded(self, Content.styled(one.label, "$foreground"))
        if not one.note:
            return label.truncate(width, ellipsis=True)
        note = worded(self, Content.styled(one.note, "$dim"))
        if one.note[:1].isdecimal():
            room = width - note.cell_length - GAP
            label = label.truncate(max(room, 1), ellipsis=True)
            return Content.assemble(label, " " * max(width - label.cell_length - note.cell_length, 1), note)
        gap = " " * (labels - label.cell_length + GAP)
        return Content.assemble(label, gap, note).truncate(width, ellipsis=True)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tell the box of a click."""
        event.stop()
        self.post_message(self.Clicked(self.candidates[event.option_index]))
