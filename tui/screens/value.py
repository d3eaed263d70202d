"""One long value, whole: wrapped, and as JSON if that is what the text holds."""

from __future__ import annotations

import msgspec
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen

from ...core.text import clean, counted
from ..clipboard import copy
from ..keymap import first
from ..pane_keys import bindings
from ..render.plain import app_of, is_plain, worded
from ..widgets.text_view import TextView


class WholeValue(ModalScreen[None]):
    """A text over the screen; Esc goes back to its row."""

    AUTO_FOCUS = "TextView"
    DEFAULT_CSS = """
    WholeValue {
        align: center middle;
        background: $background 60%;
        & > TextView {
            width: 96%;
            height: 90%;
            background: $surface;
            border: round $border;
            border-title-color: $accent;
            border-title-style: bold;
            border-subtitle-color: $dim;
        }
        &.-ascii > TextView { border: ascii $border; }
    }
    """
    BINDINGS = bindings("value")

    def __init__(self, path: str, text: str) -> None:
        super().__init__()
        self.path = path
        self.text = text
        self.view = TextView()

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")
        about = f"{clean(self.path)} ─ {counted(len(self.text), 'character')}"
        self.view.border_title = worded(self, Content(about))  # pyright: ignore[reportAttributeAccessIssue]
        keys = worded(self, Content(f"{first('value.copy')} copy · {first('value.back')} back"))
        self.view.border_subtitle = keys  # pyright: ignore[reportAttributeAccessIssue]
        inside = json_in(self.text)
        self.view.show(inside or self.text, json=bool(inside))

    def action_copy(self) -> None:
        """Copy the value as it is."""
        self.notify(f"Copied the value: {copy(app_of(self), self.text)}")

    def action_leave(self) -> None:
        """Go back to the row."""
        self.dismiss()


def json_in(text: str) -> str:
    """Return the indented JSON that a text holds, "" if it holds no object or array."""
    if text.lstrip()[:1] not in ("{", "["):
        return ""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return ""
    return msgspec.json.format(text, indent=2)
