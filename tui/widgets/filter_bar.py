"""The filter's line: what is typed filters at once; Enter keeps it, Esc clears it, Up recalls others.

A filter that cannot be read is not applied: what is wrong is underlined, the line says why, and the filter
before stays in force. Suggestions for the part at the cursor are listed beside the box. Tab writes the first;
the arrows move into the list, and then Enter writes the marked one. Otherwise Enter belongs to the filter.

It is over 350 lines because typing, suggestions and faults share the keys of one box.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.highlighter import Highlighter
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Label

from ... import core
from ...core.errors import FilterFault
from ...core.text import clean
from ..filter_memory import Filters
from ..keymap import first
from ..keys import bindings
from ..model.mending import mended
from .completion_list import CompletionList
from .in_order import LineBox
from .text_block import TextBlock

if TYPE_CHECKING:
    from ...core.query.completion import Spot
    from ..model.completion import Candidate

SETTLE = 0.12
"""Seconds without a key before what is typed is searched for."""


class FaultHighlighter(Highlighter):
    """Underlines the characters of the box that cannot be read."""

    def __init__(self, box: FilterInput) -> None:
        self._box = box

    def highlight(self, text: Text) -> None:
        """Underline the fault."""
        if self._box.fault is not None:
            text.stylize(self._box.get_component_rich_style("filter-input--fault"), *self._box.fault)


class FilterInput(LineBox):
    """The box itself, with the filter's own keys."""

    BINDINGS = bindings("filter")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"filter-input--fault"}
    fault: reactive[tuple[int, int] | None] = reactive(None)
    """The characters that cannot be read, from and to."""

    def __init__(self, *, placeholder: str) -> None:
        super().__init__(
            placeholder=placeholder,
            compact=True,
            select_on_focus=False,
            highlighter=FaultHighlighter(self),
        )

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
        """Write the marked suggestion; without one keep the filter and go back to the list."""
        if not self.bar.write_marked():
            self.bar.keep()

    def action_drop(self) -> None:
        """Leave the list of suggestions; outside of it clear the filter and go back to the list."""
        if not self.bar.unmark():
            self.bar.drop()

    def action_recall(self, by: int) -> None:
        """Mark the next suggestion, or put an earlier or later filter into the box."""
        self.bar.move(by)

    def action_save(self) -> None:
        """Save the filter under a name."""
        self.bar.save()

    def action_complete(self) -> None:
        """Write the marked suggestion, else the first."""
        self.bar.complete()


class FilterBar(Horizontal):
    """The filter's line under the list. `text` is the filter in force, "" for none."""

    class Changed(Message):
        """Another filter is in force."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Used(Message):
        """A filter was used, to be remembered."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class SaveAsked(Message):
        """The filter in the box is to be saved under a name."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Asked(Message):
        """Suggestions are wanted for a part of the filter; `FilterBar.offer` shows them."""

        def __init__(self, spot: Spot) -> None:
            super().__init__()
            self.spot = spot

    def __init__(self, back_to: Widget, *, id: str | None = None) -> None:
        """Create the bar; `back_to` gets the focus when the box is left."""
        super().__init__(id=id)
        self._back_to = back_to
        self.text = ""
        self.filters = Filters()
        """The filters used last, and those saved under a name."""
        self._at: int | None = None
        self._draft = ""
        self._settle: Timer | None = None
        self._off = ""
        self._mended = ""
        """The filter with what is suggested in place of its fault, "" if nothing is."""
        self.fault = ""
        """What is wrong with the filter in the box, "" if it can be read."""
        self.completion = CompletionList()
        self._spot: Spot | None = None
        """The part that the suggestions are for."""

    def compose(self) -> ComposeResult:
        yield Label("/", id="filter-mark")
        yield FilterInput(placeholder="part of a name, a user, a value … or type:track warn:error")
        yield TextBlock(id="filter-fault")
        yield self.completion

    @property
    def history(self) -> tuple[str, ...]:
        """The filters used last, the latest at the end."""
        return self.filters.history

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
        self._suggest()

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
        try:
            core.parse_filter(text)
        except FilterFault as fault:
            self._mended = mended(fault)
            mendable = bool(self._mended) and not self.completion.candidates
            self._show_fault(_words_of(fault, mendable), _place_of(fault, text))
            return
        self._mended = ""
        self._show_fault("")
        text = text.strip()
        if text != self.text:
            self.text = text
            self.post_message(self.Changed(text))

    def _show_fault(self, words: str, place: tuple[int, int] | None = None) -> None:
        self.fault = words
        self.box.fault = place
        label = self.query_one("#filter-fault", TextBlock)
        label.put(Content(words))
        label.display = bool(words)

    def _remember(self, text: str) -> None:
        text = text.strip()
        if text and (not self.history or self.history[-1] != text):
            self.filters = self.filters.used(text)
            self.post_message(self.Used(text))
        self._at = None

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._at is not None and event.value == self.history[self._at]:
            self.completion.hide()
        else:
            self._at = None
            self._suggest()
        self.box.fault = None  # its place may be another by now
        if self._settle is not None:
            self._settle.stop()
        self._settle = self.set_timer(SETTLE, lambda: self._apply(event.value))

    # Suggestions

    def _suggest(self) -> None:
        """Offer what is known at once, and ask for the rest."""
        from ...core.query.completion import spot_at

        text = self.box.value
        self._spot = spot_at(text, self.box.cursor_position)
        if self._spot is None:
            self.completion.hide()
            return
        self.offer(self._spot)
        self.post_message(self.Asked(self._spot))

    def offer(self, spot: Spot, more: Sequence[Candidate] = ()) -> None:
        """Show suggestions for a part of the filter, unless another part is written by now.

        Saved filters, fields and times need no answer of the engine; `more` is what that answered.
        """
        from ..model.completion import at_once, completes, saved_for

        box = self.box
        if spot != self._spot or not box.has_focus or self._at is not None:
            return
        known = (*saved_for(spot, self.filters.saved, box.value), *at_once(spot), *more)
        candidates = [one for one in known if completes(spot, one, box.value)]
        before = cell_len(box.value[: spot.start]) - box.scroll_offset.x
        corner = box.content_region.offset
        self.completion.show(candidates, Offset(corner.x + max(before, 0), corner.y))

    def complete(self) -> None:
        """Write the marked suggestion, else the first; without one, what is suggested in place of a fault."""
        if self.completion.candidates:
            self._write(self.completion.marked or self.completion.candidates[0])
            return
        self._apply(self.box.value)
        if self._mended:
            self.box.value = self._mended
            self.box.cursor_position = len(self._mended)

    def write_marked(self) -> bool:
        """Write the suggestion that the reader moved to; returns False if there is none."""
        marked = self.completion.marked
        if marked is not None:
            self._write(marked)
        return marked is not None

    def unmark(self) -> bool:
        """Close the suggestions if the reader is among them; returns False otherwise."""
        if self.completion.marked is None:
            return False
        self.completion.hide()
        return True

    def move(self, by: int) -> None:
        """Go to the next or previous suggestion, or to a later or earlier filter."""
        if self._at is None and self.completion.move(by):
            return
        self.recall(by)

    def _write(self, candidate: Candidate) -> None:
        """Put a suggestion in place of the part that it is for, and offer what may follow."""
        from ...core.query.completion import spot_at

        box, spot = self.box, self._spot
        if spot is None or spot != spot_at(box.value, box.cursor_position):
            self._suggest()  # the cursor was moved
            return
        box.value = box.value[: spot.start] + candidate.text + box.value[spot.end :]
        box.cursor_position = spot.start + len(candidate.text)
        self._at = None
        self._suggest()

    @on(CompletionList.Clicked)
    def _clicked(self, event: CompletionList.Clicked) -> None:
        event.stop()
        self._write(event.candidate)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Close the suggestions when the box is left."""
        self.completion.hide()

    def save(self) -> None:
        """Ask for a name for the filter in the box, unless there is none or it cannot be read."""
        self._apply(self.box.value)
        if self.text and not self.fault:
            self.completion.hide()
            self.post_message(self.SaveAsked(self.text))

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


def _words_of(fault: FilterFault, mendable: bool) -> str:
    """Return the suggestion, its key, and then what is wrong, since a narrow line cuts off the end."""
    if not fault.suggestion:
        return fault.sentence
    suggestion = clean(fault.suggestion)
    how = f" ({first('filter.complete')})" if mendable else ""
    return f"Try {suggestion}{how} – {fault.sentence.removesuffix(f' Try: {suggestion}')}"


def _place_of(fault: FilterFault, text: str) -> tuple[int, int]:
    """Return the characters to underline; where something is missing at the end, the last one."""
    start = min(fault.start, max(len(text) - 1, 0))
    return start, max(fault.end, start + 1)
