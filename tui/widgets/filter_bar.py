"""The filter's line: what is typed filters at once; Enter keeps it, Esc clears it, Up recalls others.

A filter that cannot be read is not applied: the line says what is wrong with it, and the one before stays.
"""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Label

from ... import core
from ...core.errors import FilterFault
from ...core.text import clean
from ..keys import bindings

SETTLE = 0.12
"""Seconds without a key before what is typed is searched for."""
REMEMBERED = 50


class FilterInput(Input):
    """The box itself, with the filter's own keys."""

    BINDINGS = bindings("filter")

    @property
    def bar(self) -> FilterBar:
        """The filter bar that the box is in."""
        bar = self.parent
        assert isinstance(bar, FilterBar)
        return bar

    def on_mount(self) -> None:
        """Stop the cursor's blinking: nothing on the screen moves by itself."""
        self.cursor_blink = False

    def action_keep(self) -> None:
        """Keep the filter and go back to the list."""
        self.bar.keep()

    def action_drop(self) -> None:
        """Clear the filter and go back to the list."""
        self.bar.drop()

    def action_recall(self, by: int) -> None:
        """Put an earlier or later filter into the box."""
        self.bar.recall(by)


class FilterBar(Horizontal):
    """The filter's line under the list. `text` is the filter in force, "" for none."""

    class Changed(Message):
        """Another filter is in force."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, back_to: Widget, *, id: str | None = None) -> None:
        """Create the bar; `back_to` gets the focus when the box is left."""
        super().__init__(id=id)
        self._back_to = back_to
        self.text = ""
        self.history: list[str] = []
        self._at: int | None = None
        self._draft = ""
        self._settle: Timer | None = None
        self._off = ""
        self.fault = ""
        """What is wrong with the filter in the box, "" if it can be read."""

    def compose(self) -> ComposeResult:
        yield Label("/", id="filter-mark")
        yield FilterInput(
            placeholder="part of a name, a user, a value … or type:track warn:error",
            compact=True,
            select_on_focus=False,
        )
        yield Label("", id="filter-fault", markup=False)

    @property
    def box(self) -> FilterInput:
        """The input box."""
        return self.query_one(FilterInput)

    def open(self) -> None:
        """Show the box and give it the keys; it holds the filter in force, or the one switched off."""
        self.display = True
        if not self.box.value and self._off:
            self.box.value = self._off
        self.box.cursor_position = len(self.box.value)
        self.screen.set_focus(self.box)  # at once: the next key belongs to it

    def toggle(self) -> bool:
        """Filter off, or on again as it was; returns False when there is none to switch."""
        if self.text:
            self._off = self.text
            self._apply("")
        elif self._off or self.history:
            self._put(self._off or self.history[-1])
        else:
            return False
        return True

    def put(self, text: str) -> None:
        """Filter by this text, as if it had been typed and kept."""
        self._remember(self.box.value)
        self._put(text)
        self._remember(text)
        self.display = bool(self.text)

    def restore(self, text: str) -> None:
        """Go back to a filter, or to none with ""."""
        if text:
            self.put(text)
        else:
            self.clear()

    def clear(self) -> None:
        """Clear the filter."""
        self._remember(self.box.value)
        self._off = ""
        self._put("")
        self.display = False

    def _put(self, text: str) -> None:
        with self.prevent(Input.Changed):
            self.box.value = text
        self._apply(text)

    def _apply(self, text: str) -> None:
        if self._settle is not None:
            self._settle.stop()
            self._settle = None
        text = text.strip()
        try:
            core.parse_filter(text)
        except FilterFault as fault:
            self._show_fault(_words_of(fault))
            return
        self._show_fault("")
        if text != self.text:
            self.text = text
            self.post_message(self.Changed(text))

    def _show_fault(self, words: str) -> None:
        self.fault = words
        label = self.query_one("#filter-fault", Label)
        label.update(words)
        label.display = bool(words)

    def _remember(self, text: str) -> None:
        text = text.strip()
        if text:
            self.history = [*(old for old in self.history if old != text), text][-REMEMBERED:]
        self._at = None

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._settle is not None:
            self._settle.stop()
        self._settle = self.set_timer(SETTLE, lambda: self._apply(event.value))

    # Focus is moved at once, not by a message: keys typed meanwhile are to go where they belong.

    def keep(self) -> None:
        """Keep the filter and leave the box, which stays visible while there is a filter.

        While the filter cannot be read, the box keeps the keys.
        """
        self._apply(self.box.value)
        if self.fault:
            return
        self._remember(self.box.value)
        self.screen.set_focus(self._back_to)
        self.display = bool(self.text)

    def drop(self) -> None:
        """Clear the filter and leave the box."""
        self.screen.set_focus(self._back_to)
        self.clear()

    def recall(self, by: int) -> None:
        """Put an earlier (-1) or later (1) filter into the box."""
        if not self.history:
            return
        if self._at is None:
            if by > 0:
                return
            self._draft, self._at = self.box.value, len(self.history)
        self._at = max(self._at + by, 0)
        if self._at >= len(self.history):
            self._at, text = None, self._draft
        else:
            text = self.history[self._at]
        self.box.value = text
        self.box.cursor_position = len(text)


def _words_of(fault: FilterFault) -> str:
    """Return the suggestion and then what is wrong, since a narrow line cuts off the end."""
    if not fault.suggestion:
        return fault.sentence
    suggestion = clean(fault.suggestion)
    return f"Try {suggestion} – {fault.sentence.removesuffix(f' Try: {suggestion}')}"
