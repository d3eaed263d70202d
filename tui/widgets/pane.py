"""What the five panes have in common: a frame with a title, the message that they show, a text to copy."""

from __future__ import annotations

from typing import ClassVar

from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from ...core.api.models import MessageDetail, Summary
from ...core.text import clean, shorten
from ..render.plain import worded

NAME_SHOWN = 48
REASON_SHOWN = 90


class Pane(Vertical):
    """A framed part of the screen about one message (or one refused request).

    Setting `detail` shows another message. The title says what is shown; the frame's foot says of which
    message. While `holding` the title says both: the list has gone on to another message.
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
    holding: reactive[bool] = reactive(False)
    _ready = False
    _lacks = _shows = ""

    def on_mount(self) -> None:
        """Show what has been set so far."""
        self._ready = True
        self.watch_detail(self.detail)

    def watch_detail(self, detail: MessageDetail | None) -> None:
        """Another message is selected."""
        if not self._ready:
            return
        self._put_titles()
        self.fill(detail)

    def watch_holding(self) -> None:
        """The list went on to another message, or the pane shows the highlighted one again."""
        if self._ready:
            self._put_titles()

    def _put_titles(self) -> None:
        """Say in the frame what is shown, and of which message."""
        detail = self.detail
        foot = shorten(clean(self._lacks), REASON_SHOWN) if detail is None else identity(detail.summary)
        parts = [Content(self.TITLE)]
        if self.holding and detail is not None:
            parts.append(Content.styled(f"holding {foot}", "bold $foreground"))
            foot = ""
        elif self._shows:
            parts.append(Content(self._shows))
        self.border_title = worded(self, Content(" ─ ").join(parts))  # pyright: ignore[reportAttributeAccessIssue]
        self.border_subtitle = worded(self, Content(foot))  # pyright: ignore[reportAttributeAccessIssue]

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
        self._shows = clean(about)
        self._put_titles()


def identity(summary: Summary) -> str:
    """A message in a few words: `track Order Completed · user-77`."""
    name = shorten(clean(summary.name), NAME_SHOWN)
    if summary.refused:
        return f"{'damaged' if summary.damaged else 'refused'} request · {name}"
    call = f"{summary.type} {name}" if name and name != summary.type else summary.type or name
    return f"{call} · {shorten(clean(summary.user), 32)}" if summary.user else call
