"""A rule's whole story on the screen, as `segtap explain` tells it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from ...core.checks.rule import Rule
from ...core.commands.rules import WIDTH, explanation
from ..clipboard import copy
from ..marks import SEVERITY_STYLES
from ..plain import app_of, is_plain, worded


class RuleStory(ModalScreen[None]):
    """What, why, fix, source, and an example before and after; laid out for the width there is."""

    DEFAULT_CSS = """
    RuleStory {
        align: center middle;
        background: $background 60%;
        & > VerticalScroll {
            width: 100%;
            max-width: 106;
            height: 100%;
            max-height: 44;
            padding: 0 1;
            background: $surface;
            border: round $border;
            border-title-color: $accent;
            border-title-style: bold;
            border-subtitle-color: $dim;
            scrollbar-size-vertical: 1;
        }
        &.-ascii > VerticalScroll { border: ascii $border; }
        & Static { height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,e", "leave", "Back", id="story.back"),
        Binding("j", "scroll(1)", "Down", id="story.down"),
        Binding("k", "scroll(-1)", "Up", id="story.up"),
        Binding("y", "copy", "Copy", id="story.copy"),
    ]

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.rule = rule
        self.page = Static()
        self.box = VerticalScroll(self.page)

    def compose(self) -> ComposeResult:
        yield self.box

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")
        self.box.border_title = worded(self, Content(self.rule.id))  # pyright: ignore[reportAttributeAccessIssue]
        self.box.border_subtitle = worded(self, Content("y copy · Esc back"))  # pyright: ignore[reportAttributeAccessIssue]
        self.box.focus()

    def on_resize(self) -> None:
        """Lay the lines out for the width."""
        width = max(40, min(WIDTH, self.size.width - 6))
        lines = [self._styled(line, number) for number, line in enumerate(explanation(self.rule, width))]
        self.page.update(worded(self, Content("\n").join(lines)))

    def _styled(self, line: str, number: int) -> Content:
        if not number:
            return Content.styled(line, f"bold {SEVERITY_STYLES[self.rule.severity]}")
        label, _, rest = line.partition(" ")
        if label in ("What", "Why", "Fix", "Source", "Example", "Before", "After"):
            return Content.assemble((label, "bold $accent"), (f" {rest}" if rest else "", "$foreground"))
        return Content.styled(line, "$dim" if number == 1 else "$foreground")

    def action_scroll(self, by: int) -> None:
        """So many lines down."""
        self.box.scroll_relative(y=by, animate=False)

    def action_leave(self) -> None:
        """Back to where it was opened."""
        self.dismiss()

    def action_copy(self) -> None:
        """Copy the story as text."""
        self.notify(f"Copied the rule: {copy(app_of(self), chr(10).join(explanation(self.rule)))}")
