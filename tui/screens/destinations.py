"""One message in both of Segment's Mixpanel destinations, and what a move between them would cost."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from ...core.compare import Comparison
from ...core.compare.table import text_of, whole_lines
from ...core.text import clean, shorten
from ..clipboard import copy
from ..render.plain import app_of, is_plain, worded
from ..widgets.compared_view import ComparedView

NAME_SHOWN = 48
COPIED_WIDTH = 120


class Destinations(ModalScreen[None]):
    """The drops in words on top, both translations below.

    `message` names the message, `settings` the place of the settings, for people.
    """

    AUTO_FOCUS = "ComparedView"
    DEFAULT_CSS = """
    Destinations {
        background: $background;
        & > .banner { height: 1; padding: 0 1; background: $panel; color: $foreground; }
        & > ComparedView { border: round $border; border-title-color: $accent; border-title-style: bold; }
        &.-ascii > ComparedView { border: ascii $border; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,d", "leave", "Back", id="compare.back"),
        Binding("a", "every", "What is the same, too", id="compare.every"),
        Binding("y", "copy", "Copy", id="compare.copy"),
    ]

    def __init__(self, comparison: Comparison, *, message: str, settings: str) -> None:
        super().__init__()
        self.comparison = comparison
        self.message = message
        self.settings = settings
        self.banner = Static(classes="banner")
        self.compared = ComparedView(comparison)

    def compose(self) -> ComposeResult:
        yield self.banner
        yield self.compared

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")
        name = shorten(clean(self.message), NAME_SHOWN)
        about = Content.assemble(
            ("Actions and classic-cloud", "bold $accent"),
            (f"  Esc back · a all · y copy · by {clean(self.settings)}", "$dim"),
        )
        self.banner.update(worded(self, about))
        self.compared.border_title = worded(self, Content(f"What moving costs ─ {name}"))  # pyright: ignore[reportAttributeAccessIssue]

    def action_leave(self) -> None:
        """Go back to the list."""
        self.dismiss()

    def action_every(self) -> None:
        """Show what is the same, too, or only what differs."""
        self.compared.show_every(not self.compared.every)

    def action_copy(self) -> None:
        """Copy the comparison as text."""
        lines = whole_lines(self.comparison, COPIED_WIDTH, every=self.compared.every)
        self.notify(f"Copied the comparison: {copy(app_of(self), chr(10).join(text_of(lines)))}")
