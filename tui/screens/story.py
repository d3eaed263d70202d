"""A page of text over the screen, laid out for the width there is; it can be copied."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from ..clipboard import copy
from ..dialog_keys import bindings
from ..keymap import first
from ..render.plain import app_of, is_plain, worded
from ..widgets.text_block import TextBlock

WIDTH = 100


class Story(ModalScreen[None]):
    """The whole story of one thing."""

    DEFAULT_CSS = """
    Story {
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
        & TextBlock { height: auto; }
    }
    """
    BINDINGS = bindings("story")
    WHAT: ClassVar[str] = ""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.about = name
        self.page = TextBlock()
        self.box = VerticalScroll(self.page)

    @abstractmethod
    def styled(self, width: int) -> Iterable[Content]:
        """Lay out the text for a width."""

    @abstractmethod
    def text(self) -> str:
        """Return the text for the clipboard."""

    def compose(self) -> ComposeResult:
        yield self.box

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")
        self.box.border_title = worded(self, Content(self.about))  # pyright: ignore[reportAttributeAccessIssue]
        keys = worded(self, Content(f"{first('story.copy')} copy · {first('story.back')} back"))
        self.box.border_subtitle = keys  # pyright: ignore[reportAttributeAccessIssue]
        self.box.focus()

    def on_resize(self) -> None:
        """Lay the lines out for the width."""
        self.fill()

    def fill(self) -> None:
        """Show the lines as they are now."""
        width = max(40, min(WIDTH, self.size.width - 6))
        self.page.put(Content("\n").join(self.styled(width)))

    def action_scroll(self, by: int) -> None:
        """Scroll down by so many lines."""
        self.box.scroll_relative(y=by, animate=False)

    def action_leave(self) -> None:
        """Go back to where it was opened."""
        self.dismiss()

    def action_copy(self) -> None:
        """Copy the story as text."""
        self.notify(f"Copied the {self.WHAT}: {copy(app_of(self), self.text())}")
