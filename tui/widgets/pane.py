"""The base of the five panes: a frame with a title, a message, and a text to copy.

A key in the list fills every pane in sight, so a pane asks for a new layout, which draws the whole screen,
only when the height of a part changes, and draws only the frame's lines when its titles change.
"""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.geometry import Region
from textual.reactive import reactive
from textual.widgets import Static

from ...core.api.models import MessageDetail, Summary
from ...core.text import clean, shorten
from ..render.plain import worded
from .pane_search import PaneSearch

NAME_SHOWN = 48
REASON_SHOWN = 90


class Pane(PaneSearch):
    """A framed part of the screen about one message or one refused request.

    Setting `detail` shows another message. The frame's title says what is shown, its foot of which message.
    While `holding`, another message is selected in the list, and the title names the one that is shown.
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

    detail: reactive[MessageDetail | None] = reactive(None, repaint=False)
    holding: reactive[bool] = reactive(False, repaint=False)
    _ready = False
    _lacks = _shows = ""

    def on_mount(self) -> None:
        """Show the message that was set before."""
        self._ready = True
        self.watch_detail(self.detail)

    def watch_detail(self, detail: MessageDetail | None) -> None:
        """Show another message."""
        if not self._ready:
            return
        self.fill(detail)
        self._put_titles()

    def watch_holding(self) -> None:
        """Name the shown message in the title, or no longer."""
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
        self._put_title(Content(" ─ ").join(parts))
        self._put_foot(Content(foot))

    def _put_title(self, title: Content) -> None:
        last, self._border_title = self._border_title, worded(self, title)
        if last is None or not last.is_same(self._border_title):
            self._redraw_row(0)

    def _put_foot(self, foot: Content) -> None:
        last, self._border_subtitle = self._border_subtitle, worded(self, foot)
        if last is None or not last.is_same(self._border_subtitle):
            self._redraw_row(self.outer_size.height - 1)

    def _redraw_row(self, y: int) -> None:
        """Draw one row of the pane again. Setting Textual's `border_title` draws the whole pane."""
        inside = self.content_offset
        self.refresh(Region(-inside.x, y - inside.y, self.outer_size.width, 1))

    def lacks(self, why: str) -> None:
        """Give the reason why there is no message to show, "" if none needs to be given."""
        if why != self._lacks:
            self._lacks = why
            if self.detail is None:
                self.watch_detail(None)

    def fill(self, detail: MessageDetail | None) -> None:
        """Show the message; None if none is selected."""
        raise NotImplementedError

    def copy_text(self) -> str:
        """Return what the pane shows as text, for the clipboard."""
        raise NotImplementedError

    def say(self, place: Static, words: Content) -> None:
        """Show a text in a part of the pane."""
        words, last = worded(self, words), place.content
        if isinstance(last, Content) and last.is_same(words):
            return
        rows = words.get_height({}, max(place.size.width, 1))
        place.update(words, layout=not place.size or rows != place.size.height)

    def title(self, about: str = "") -> None:
        """Say in the frame's title what is shown."""
        self._shows = clean(about)
        self._put_titles()


def identity(summary: Summary) -> str:
    """Name a message in one line: `track Order Completed · user-77`."""
    name = shorten(clean(summary.name), NAME_SHOWN)
    if summary.refused:
        return f"{'damaged' if summary.damaged else 'refused'} request · {name}"
    call = f"{summary.type} {name}" if name and name != summary.type else summary.type or name
    return f"{call} · {shorten(clean(summary.user), 32)}" if summary.user else call
