"""The base of the five panes: a title, a message, and a text to copy.

A key in the list fills every pane in sight, so a pane asks for a new layout, which draws the whole screen,
only when the height of a part changes, and draws only the title's line when the title changes.
"""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.reactive import reactive

from ...core.api.models import MessageDetail
from ...core.text import clean
from ..render.plain import worded
from .pane_search import PaneSearch
from .titled import Titled


class Pane(PaneSearch, Titled):
    """A part of the screen about one message or one refused request.

    Setting `detail` shows another message. The title on the line above says what is shown; of which message,
    the caption of all panes says.
    """

    TITLE: ClassVar[str] = ""
    DEFAULT_CSS = """
    Pane {
        border-top: solid $border-blurred;
        border-title-color: $dim;
        border-title-style: bold;
        background: $background;
        &:focus-within {
            border-top: solid $border;
            border-title-color: $accent;
        }
        & .note { height: auto; padding: 0 1; }
        & .quiet { color: $dim; }
    }
    """

    detail: reactive[MessageDetail | None] = reactive(None, repaint=False)
    _ready = False
    _shows = _number = ""

    def on_mount(self) -> None:
        """Show the message that was set before."""
        self._ready = True
        self.watch_detail(self.detail)

    def watch_detail(self, detail: MessageDetail | None) -> None:
        """Show another message."""
        if not self._ready:
            return
        self.fill(detail)
        self._put_title()

    def named_by(self, key: str) -> None:
        """Name in the title the key that leads here; "" where a tab above does."""
        self._number = key
        if self._ready:
            self._put_title()

    def _put_title(self) -> None:
        """Say on the line above what is shown."""
        name = f"{self._number} {self.TITLE}" if self._number else self.TITLE
        lead = "" if self.styles.border_left[0] else " "  # beside a frame Textual puts one
        words = f"{lead}{name} ─ {self._shows} " if self._shows else f"{lead}{name} "
        self.put_titles(worded(self, Content(words)))

    def fill(self, detail: MessageDetail | None) -> None:
        """Show the message; None if none is selected."""
        raise NotImplementedError

    def copy_text(self) -> str:
        """Return what the pane shows as text, for the clipboard."""
        raise NotImplementedError

    def title(self, about: str = "") -> None:
        """Say in the title what is shown."""
        self._shows = clean(about)
        self._put_title()
