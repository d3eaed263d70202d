"""What the five panes have in common: a frame with a title, the message that they show, a text to copy."""

from __future__ import annotations

from typing import ClassVar, cast

from textual.app import App
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ...core.text import clean, shorten
from ...core.views import MessageDetail, Summary
from ..marks import UNICODE, Marks

NAME_SHOWN = 48


class Pane(Vertical):
    """A framed part of the screen about one message (or one refused request).

    Setting `detail` shows another message. The title says what is shown; the frame's foot says of which
    message, so that it can be told while the list runs on.
    """

    TITLE: ClassVar[str] = ""
    DEFAULT_CSS = """
    Pane {
        border: round $border-blurred;
        border-title-color: $dim;
        border-title-style: bold;
        border-subtitle-color: $dim;
        background: $background;
        &:focus-within {
            border: round $border;
            border-title-color: $accent;
        }
        & .note { height: auto; padding: 0 1; }
        & .quiet { color: $dim; }
    }
    """

    detail: reactive[MessageDetail | None] = reactive(None)
    _ready = False

    def on_mount(self) -> None:
        """Show what has been set so far."""
        self._ready = True
        self.watch_detail(self.detail)

    def watch_detail(self, detail: MessageDetail | None) -> None:
        """Another message is selected."""
        if not self._ready:
            return
        self.border_subtitle = Content("" if detail is None else identity(detail.summary))  # pyright: ignore[reportAttributeAccessIssue]
        self.fill(detail)

    def fill(self, detail: MessageDetail | None) -> None:
        """Show the message; None: nothing is selected."""
        raise NotImplementedError

    def copy_text(self) -> str:
        """What copying the pane gives: what it shows, as text."""
        raise NotImplementedError

    def title(self, about: str = "") -> None:
        """Say in the frame what is shown."""
        words = f"{self.TITLE} ─ {clean(about)}" if about else self.TITLE
        self.border_title = Content(words)  # pyright: ignore[reportAttributeAccessIssue]


def app_of(widget: Widget) -> App[object]:
    """The app, whatever it returns in the end."""
    return cast("App[object]", widget.app)  # pyright: ignore[reportUnknownMemberType]


def marks_of(widget: Widget) -> Marks:
    """The marks that the app draws with: Unicode or ASCII."""
    marks = getattr(app_of(widget), "marks", None)
    return marks if isinstance(marks, Marks) else UNICODE


def identity(summary: Summary) -> str:
    """A message in a few words: `track Order Completed · user-77`."""
    name = shorten(clean(summary.name), NAME_SHOWN)
    call = f"{summary.type} {name}" if name and name != summary.type else summary.type or name
    return f"{call} · {shorten(clean(summary.user), 32)}" if summary.user else call
