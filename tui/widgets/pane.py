"""What the five panes have in common: a frame with a title, the message that they show, a text to copy."""

from __future__ import annotations

from typing import ClassVar

from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from ...core.text import clean, shorten
from ...core.views import MessageDetail, Summary
from ..plain import worded

NAME_SHOWN = 48
REASON_SHOWN = 90


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
    _lacks = ""

    def on_mount(self) -> None:
        """Show what has been set so far."""
        self._ready = True
        self.watch_detail(self.detail)

    def watch_detail(self, detail: MessageDetail | None) -> None:
        """Another message is selected."""
        if not self._ready:
            return
        words = Content(
            shorten(clean(self._lacks), REASON_SHOWN) if detail is None else identity(detail.summary)
        )
        self.border_subtitle = worded(self, words)  # pyright: ignore[reportAttributeAccessIssue]
        self.fill(detail)

    def lacks(self, why: str) -> None:
        """There is no message to show, for this reason; "" when there is no more to it."""
        if why != self._lacks:
            self._lacks = why
            if self.detail is None:
                self.watch_detail(None)

    def fill(self, detail: MessageDetail | None) -> None:
        """Show the message; None: nothing is selected."""
        raise NotImplementedError

    def copy_text(self) -> str:
        """What copying the pane gives: what it shows, as text."""
        raise NotImplementedError

    def say(self, place: Static, words: Content) -> None:
        """Put words on a part of the pane."""
        place.update(worded(self, words))

    def title(self, about: str = "") -> None:
        """Say in the frame what is shown."""
        words = f"{self.TITLE} ─ {clean(about)}" if about else self.TITLE
        self.border_title = worded(self, Content(words))  # pyright: ignore[reportAttributeAccessIssue]


def identity(summary: Summary) -> str:
    """A message in a few words: `track Order Completed · user-77`."""
    name = shorten(clean(summary.name), NAME_SHOWN)
    if summary.refused:
        return f"{'damaged' if summary.damaged else 'refused'} request · {name}"
    call = f"{summary.type} {name}" if name and name != summary.type else summary.type or name
    return f"{call} · {shorten(clean(summary.user), 32)}" if summary.user else call
