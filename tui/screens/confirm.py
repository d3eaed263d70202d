"""Questions with two answers or several; the harmless one is chosen unless the person says otherwise."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Center, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from ...core.text import clean
from ..dialog_keys import bindings
from ..keymap import commands, first, label
from ..render.plain import is_plain, worded

TIGHT = Size(50, 16)
"""Below this the dialog takes the whole terminal."""


T = TypeVar("T")


class Option(NamedTuple):
    """An answer of `Choose`: what it gives, its words, and the key that takes it at once."""

    id: str
    text: str
    key: str


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
    BINDINGS = bindings("answer")

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


class Dialog(ModalScreen[T]):
    """A question, which may have paragraphs, above its answers."""

    DEFAULT_CSS = """
    Dialog {
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
    BINDINGS = bindings("dialog")

    @abstractmethod
    def keys(self) -> str:
        """Say what the keys do, below the answers."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question

    def answers(self) -> Sequence[tuple[str, str]]:
        """Return the answers as (id, text), the harmless one first."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with Vertical():
            paragraphs = "\n".join(map(clean, self.question.split("\n")))
            with VerticalScroll(can_focus=False):
                yield Static(worded(self, Content(paragraphs)), classes="question")
            with Center(), Horizontal():
                for id, words in self.answers():
                    yield Answer(worded(self, Content(words)), id=id)
            yield Static(Content(self.keys()), classes="keys")

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < TIGHT.width or event.size.height < TIGHT.height, "-tight")

    def action_scroll(self, pages: int) -> None:
        """Read on in a long question."""
        view = self.query_one(VerticalScroll)
        view.scroll_relative(y=pages * max(view.size.height - 1, 1), animate=False)


class Confirm(Dialog[bool]):
    """Dismisses with True for yes; Enter at once, Esc and n are no."""

    AUTO_FOCUS = "#no"
    BINDINGS = bindings("confirm")

    def __init__(self, question: str, yes: str = "Yes", no: str = "No") -> None:
        super().__init__(question)
        self.yes = yes
        self.no = no

    def answers(self) -> Sequence[tuple[str, str]]:
        return (("no", self.no), ("yes", self.yes))

    def keys(self) -> str:
        no = " or ".join(label(commands()["question.no"]).split()[:2])
        return f"{first('question.take')}: the selected answer, {first('question.yes')}: yes, {no}: no"

    def on_answer_given(self, event: Answer.Given) -> None:
        event.stop()
        self.dismiss(event.answer.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Take an answer."""
        self.dismiss(answer)

    def action_other(self) -> None:
        """Mark the other answer."""
        self.query_one("#yes" if self.query_one("#no").has_focus else "#no").focus()


class Choose(Dialog[str]):
    """Dismisses with the id of the answer taken; the first is the harmless one, which Esc takes, too."""

    AUTO_FOCUS = "Answer"
    DEFAULT_CSS = """
    Choose {
        & > Vertical { max-height: 100%; }
        & VerticalScroll { max-height: 45vh; }
        & Horizontal { layout: vertical; }
        & Answer { width: 44; }
        &.-tight VerticalScroll { max-height: 100%; }
        &.-tight Horizontal { width: 100%; }
        &.-tight Answer { width: 100%; }
    }
    """
    BINDINGS = bindings("choose")

    def __init__(self, question: str, options: Sequence[Option]) -> None:
        super().__init__(question)
        self.options = options

    def answers(self) -> Sequence[tuple[str, str]]:
        return [(option.id, f"{option.key}  {option.text}") for option in self.options]

    def keys(self) -> str:
        take, cancel = first("question.take"), first("choice.cancel")
        return f"{take}: the selected answer, or its letter; {cancel}: the first"

    def on_key(self, event: events.Key) -> None:
        """Choose an answer by its letter."""
        for option in self.options:
            if event.key == option.key:
                event.stop()
                self.dismiss(option.id)

    def on_answer_given(self, event: Answer.Given) -> None:
        event.stop()
        self.dismiss(event.answer.id or "")

    def action_answer(self) -> None:
        """Take the harmless answer."""
        self.dismiss(self.options[0].id)

    def action_move(self, by: int) -> None:
        """Mark the answer above or below; round at the ends."""
        answers = list(self.query(Answer))
        at = next((place for place, answer in enumerate(answers) if answer.has_focus), 0)
        answers[(at + by) % len(answers)].focus()
