"""Asks for a name, or another short text."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ..dialog_keys import bindings
from ..keymap import first
from ..render.plain import is_plain, worded
from ..widgets.in_order import LineBox

LONGEST = 60
"""Characters of a name."""


class NameBox(ModalScreen[str | None]):
    """A box for a name, or for `what`. It gives the text, "" if it was emptied, or None for no change.

    It takes up to `most` characters; `done` is what Enter does.
    """

    DEFAULT_CSS = """
    NameBox {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 70;
            max-width: 96%;
            height: auto;
            padding: 0 1;
            background: $surface;
            border: round $border;
            border-title-color: $accent;
            border-title-style: bold;
            border-subtitle-color: $dim;
        }
        &.-ascii > Vertical { border: ascii $border; }
        & Static { height: auto; color: $dim; margin: 0 0 1 0; }
        & Input { height: 1; border: none; padding: 0; background: $panel; color: $foreground; }
    }
    """
    BINDINGS = bindings("name")

    def __init__(
        self,
        title: str,
        about: str,
        name: str = "",
        others: str = "",
        *,
        what: str = "a name",
        most: int = LONGEST,
        done: str = "saves",
    ) -> None:
        super().__init__()
        self._what = what
        self._most = most
        self._done = done
        self._heading = title
        self._about = about
        self._others = others
        self._known_as = name

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = worded(self, Content(self._heading))  # pyright: ignore[reportAttributeAccessIssue]
            box.border_subtitle = worded(
                self, Content(f"Enter {self._done} · {first('name.cancel')} cancels")
            )  # pyright: ignore[reportAttributeAccessIssue]
            yield Static(worded(self, Content("\n".join(filter(None, (self._about, self._others))))))
            yield LineBox(self._known_as, placeholder=self._what, max_length=self._most, compact=True)

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the name."""
        event.stop()
        self.dismiss(event.value.strip())
