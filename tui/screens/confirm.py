"""A question with two answers; the harmless one is chosen unless the person says otherwise."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from ...core.text import clean
from ..plain import is_plain, worded

TIGHT = Size(50, 16)
"""Below this the dialog takes the whole terminal."""


class Answer(Static, can_focus=True):
    """One of the answers: Enter, Space or a click takes it."""

    DEFAULT_CSS = """
    Answer {
        width: auto;
        height: 1;
        margin: 0 1;
        padding: 0 2;
        background: $panel;
        color: $foreground;
        &:hover { background: $row-cursor-blurred; }
        &:focus { background: $accent; color: $background; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "give", "Take it", id="confirm.take")]

    class Given(Message):
        """The answer was taken."""

        def __init__(self, answer: Answer) -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, text: Content, *, id: str) -> None:
        super().__init__(text, id=id)

    def action_give(self) -> None:
        """Take this answer."""
        self.post_message(self.Given(self))

    def on_click(self) -> None:
        self.action_give()


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
        &.-ascii > Vertical { border: ascii $border; }
        & VerticalScroll { height: auto; max-height: 60vh; margin-bottom: 1; scrollbar-size-vertical: 1; }
        & .question { height: auto; color: $foreground; }
        & Horizontal { height: auto; width: auto; }
        & Center { height: auto; }
        & .keys { color: $dim; height: auto; margin-top: 1; text-align: center; }
        /* A terminal with little room: the answers stay in sight, the question scrolls. */
        &.-tight > Vertical { width: 100%; max-width: 100%; height: 100%; max-height: 100%; padding: 0; }
        &.-tight VerticalScroll { height: 1fr; max-height: 100%; margin: 0; }
        &.-tight Horizontal { layout: vertical; }
        &.-tight Answer { padding: 0; margin: 0; }
        &.-tight .keys { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes"),
        Binding("n,escape,q", "answer(False)", "No", id="confirm.no"),
        Binding("pagedown", "scroll(1)", "Read on", id="confirm.down"),
        Binding("pageup", "scroll(-1)", "Back", id="confirm.up"),
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
            with VerticalScroll(can_focus=False):
                yield Static(worded(self, Content(paragraphs)), classes="question")
            with Center(), Horizontal():
                yield Answer(worded(self, Content(self.no)), id="no")
                yield Answer(worded(self, Content(self.yes)), id="yes")
            yield Static(Content("Enter: the marked answer, y: yes, n or Esc: no"), classes="keys")

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < TIGHT.width or event.size.height < TIGHT.height, "-tight")

    def action_scroll(self, pages: int) -> None:
        """Read on in a long question."""
        view = self.query_one(VerticalScroll)
        view.scroll_relative(y=pages * max(view.size.height - 1, 1), animate=False)

    def on_answer_given(self, event: Answer.Given) -> None:
        event.stop()
        self.dismiss(event.answer.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Take an answer."""
        self.dismiss(answer)

    def action_other(self) -> None:
        """Mark the other answer."""
        self.query_one("#yes" if self.query_one("#no").has_focus else "#no").focus()
