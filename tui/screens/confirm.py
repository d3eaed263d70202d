"""A question with two answers; the harmless one is chosen unless the person says otherwise."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from ...core.text import clean


class Confirm(ModalScreen[bool]):
    """Dismisses with True for yes; Enter at once, Esc and n are no. `question` may have paragraphs."""

    AUTO_FOCUS = "#no"
    DEFAULT_CSS = """
    Confirm {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 64;
            max-width: 90%;
            height: auto;
            max-height: 90%;
            padding: 1 2;
            background: $surface;
            border: round $border;
        }
        & .question { height: auto; color: $foreground; margin-bottom: 1; }
        & Horizontal { height: auto; width: auto; }
        & Center { height: auto; }
        & Button {
            height: 1;
            width: auto;
            min-width: 10;
            margin: 0 1;
            border: none;
            background: $panel;
            color: $foreground;
            text-style: none;
        }
        & Button:hover { background: $row-cursor-blurred; color: $foreground; border: none; }
        & Button:focus {
            background: $accent;
            color: $background;
            text-style: bold;
            border: none;
            background-tint: transparent 0%;
        }
        & .keys { color: $dim; height: auto; margin-top: 1; text-align: center; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes"),
        Binding("n,escape,q", "answer(False)", "No", id="confirm.no"),
        Binding("left,right,up,down,h,l", "other", "The other answer", id="confirm.other"),
    ]

    def __init__(self, question: str, yes: str = "Yes", no: str = "No") -> None:
        super().__init__()
        self.question = question
        self.yes = yes
        self.no = no

    def compose(self) -> ComposeResult:
        with Vertical():
            paragraphs = "\n".join(map(clean, self.question.split("\n")))
            yield Static(Content(paragraphs), classes="question")
            with Center(), Horizontal():
                yield Button(Content(self.no), id="no")
                yield Button(Content(self.yes), id="yes")
            yield Static(Content("Enter takes the marked answer · y yes · n or Esc no"), classes="keys")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Take an answer."""
        self.dismiss(answer)

    def action_other(self) -> None:
        """Mark the other answer."""
        self.query_one("#yes" if self.query_one("#no").has_focus else "#no").focus()
