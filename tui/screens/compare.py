"""Comparisons of one message: with another one, with its other copy, and with what Mixpanel gets."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen

from ...core.messages import Json
from ...core.text import clean, shorten
from ..clipboard import copy
from ..model.compared import SideBySide, SideLine
from ..pane_keys import bindings
from ..render.json import value_pieces
from ..render.plain import app_of, is_plain, marks_of
from ..widgets.side_by_side import SideBySideView
from ..widgets.text_block import TextBlock
from .live_screen import key_words

NAME_SHOWN = 60
VALUE_SHOWN = 600


class Compare(ModalScreen[int]):
    """One comparison at a time; the key that opened it turns to the next one.

    It dismisses with the message to go to, 0 for none.
    """

    AUTO_FOCUS = "SideBySideView"
    DEFAULT_CSS = """
    Compare {
        background: $background;
        & > .banner { height: 1; padding: 0 1; background: $panel; color: $foreground; }
        & > .sides { height: 1; padding: 0 2; color: $dim; }
        & > SideBySideView { padding: 0 1; }
        & > .nothing { height: auto; padding: 1 2; color: $dim; display: none; }
        & > .foot { height: auto; max-height: 8; padding: 0 1; background: $panel; color: $foreground; }
    }
    """
    BINDINGS = bindings("compare")

    def __init__(self, message: str, comparisons: Sequence[SideBySide]) -> None:
        super().__init__()
        self.message = message
        self.comparisons = comparisons
        self.at = 0
        self.banner = TextBlock(classes="banner")
        self.sides = TextBlock(classes="sides")
        self.view = SideBySideView()
        self.nothing = TextBlock(classes="nothing")
        self.foot = TextBlock(classes="foot")
        self.keys_line = TextBlock(classes="banner")

    @property
    def comparison(self) -> SideBySide:
        """The comparison that is shown."""
        return self.comparisons[self.at]

    def compose(self) -> ComposeResult:
        yield self.banner
        yield self.sides
        yield self.nothing
        yield self.view
        yield self.foot
        yield self.keys_line

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")
        self._show(every=False)

    def on_resize(self) -> None:
        """Put the words into the new width."""
        self._put_words()

    def on_side_by_side_view_moved(self, event: SideBySideView.Moved) -> None:
        event.stop()
        self.foot.display = event.line is not None
        if event.line is not None:
            self.foot.put(self._about(event.line))

    def action_turn(self, by: int) -> None:
        """Show the next comparison, or the one before."""
        self.at = (self.at + by) % len(self.comparisons)
        self._show(every=self.view.every)

    def action_every(self) -> None:
        """Show what is the same, too, or only what differs."""
        self._show(every=not self.view.every)

    def action_copy(self) -> None:
        """Copy the comparison as text."""
        self.notify(f"Copied the comparison: {copy(app_of(self), self.comparison.text())}")

    def action_go(self) -> None:
        """Go to the other message."""
        if self.comparison.other:
            self.dismiss(self.comparison.other)

    def action_leave(self) -> None:
        """Go back to where it was opened."""
        self.dismiss(0)

    def _show(self, *, every: bool) -> None:
        self.view.show(self.comparison, every=every)
        empty = not self.view.line_count
        self.nothing.display = empty
        if empty:
            same = (
                "Both are the same, apart from ids and times."
                if self.comparison.lines
                else "Nothing to compare."
            )
            self.nothing.put(Content(same))
        self._put_words()

    def _put_words(self) -> None:
        of, shown = len(self.comparisons), self.comparison
        place = f"{self.at + 1} of {of}" if of > 1 else ""
        width = max(self.size.width - 2, 1)
        banner = Content.assemble(
            (shown.name, "bold $accent"),
            (f"  {shorten(clean(self.message), NAME_SHOWN)}", "$foreground"),
            (f"  {shown.result}", "bold $foreground"),
            (f"  {place}", "$dim"),
        )
        self.banner.put(banner.truncate(width, ellipsis=True))
        arrow = marks_of(self).arrow
        sides = f"{clean(shown.left)} {arrow} {clean(shown.right)}"
        self.sides.put(Content(sides).truncate(width, ellipsis=True))
        beside = any(line.right_label is not None for line in shown.lines)
        keys = [
            *([("compare.next", "next comparison")] if of > 1 else []),
            *(
                []
                if beside
                else [("compare.every", "only what differs" if self.view.every else "what is the same, too")]
            ),
            *([("compare.go", "to the other message")] if shown.other else []),
            ("compare.copy", "copy"),
            ("compare.back", "back"),
        ]
        self.keys_line.put(key_words(width, keys))

    def _about(self, line: SideLine) -> Content:
        """Return the line in full: its path, both values, and its note."""
        lines = [Content.styled(clean(line.path), "$dim")]
        if line.left is not None:
            lines.append(Content(self._whole(line.left)))
        if line.right is not None and (line.left is None or line.differs or line.right_label is not None):
            name = f"{clean(line.right_label)} " if line.right_label else ""
            lines.append(
                Content.assemble((f"{marks_of(self).arrow} ", "$accent"), f"{name}{self._whole(line.right)}")
            )
        if line.note:
            lines.append(Content.styled(clean(line.note), "$accent"))
        return Content("\n").join(lines)

    def _whole(self, value: tuple[Json]) -> str:
        return "".join(piece.text for piece in value_pieces(value[0], VALUE_SHOWN, marks_of(self)))
