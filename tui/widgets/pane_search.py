"""Searching inside a pane: `/` opens a line at its foot, `n` and `N` go from hit to hit, Esc ends it."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from ..keys import bindings
from ..pane_keys import bindings as pane_bindings
from .in_order import LineBox
from .text_block import TextBlock


class Searching(NamedTuple):
    """What is searched for: a text, or with `keys` a key by some of its letters. "" ends the search."""

    text: str
    keys: bool = False


@runtime_checkable
class Searchable(Protocol):
    """A part of a pane that can be searched. It posts `Found` whenever what it found changes."""

    def search(self, wanted: Searching) -> None:
        """Find and mark what is wanted, and show the first hit without taking the keys."""
        ...

    def turn_hit(self, by: int) -> None:
        """Go to the next hit, or the one before."""
        ...

    def keep_hit(self) -> None:
        """Go to the hit that is shown."""
        ...


class SearchOpen(Message):
    """A search of the pane was opened, or ended: n, N and Esc belong to it while it is open."""

    def __init__(self, is_open: bool) -> None:
        super().__init__()
        self.is_open = is_open


class Found(Message):
    """What a search found: how many hits, which of them is shown (from 1), and whether there are more."""

    def __init__(self, hits: int, at: int, more: bool = False) -> None:
        super().__init__()
        self.hits = hits
        self.at = at
        self.more = more


class SearchInput(LineBox):
    """The box in which the text is typed."""

    BINDINGS = pane_bindings("search")

    @property
    def bar(self) -> SearchBar:
        """The line that the box is in."""
        bar = self.parent
        assert isinstance(bar, SearchBar)
        return bar

    def on_mount(self) -> None:
        """Stop the cursor's blinking: nothing on the screen moves by itself."""
        self.cursor_blink = False

    def action_keep(self) -> None:
        """Go to the hit; the search stays open."""
        self.bar.post_message(SearchBar.Kept())

    def action_drop(self) -> None:
        """End the search."""
        self.bar.post_message(SearchBar.Dropped())

    def action_turn(self, by: int) -> None:
        """Show the next hit, or the one before, and type on."""
        self.bar.post_message(SearchBar.Turned(by))


class SearchBar(Horizontal):
    """The line: what is searched, and the number of hits."""

    DEFAULT_CSS = """
    SearchBar {
        dock: bottom;
        height: 1;
        background: $panel;
        & > .mark { width: auto; padding: 0 1; color: $accent; text-style: bold; }
        & > SearchInput { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
        & > SearchInput > .input--placeholder { color: $dim; }
        & > .hits { width: auto; padding: 0 1; color: $dim; }
        & > .hits.-none { color: $mark-warning; }
    }
    """

    class Kept(Message):
        """Enter was pressed."""

    class Dropped(Message):
        """Esc was pressed."""

    class Turned(Message):
        """An arrow key was pressed."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self) -> None:
        super().__init__()
        self.keys = False
        self.mark = TextBlock("/", classes="mark")
        self.box = SearchInput(compact=True, select_on_focus=False)
        self.hits = TextBlock("", classes="hits")

    def compose(self) -> ComposeResult:
        yield self.mark
        yield self.box
        yield self.hits

    def open(self, *, keys: bool) -> None:
        """Show the line for a text or for a key, and give it the keys of the keyboard."""
        if keys != self.keys:
            self.box.value = ""
        self.keys = keys
        self.mark.put(Content("'" if keys else "/"))
        self.box.placeholder = "letters of a key" if keys else "text in a key or a value"
        self.display = True
        self.box.cursor_position = len(self.box.value)
        self.screen.set_focus(self.box)  # at once: the next key belongs to it

    def tell(self, found: Found) -> None:
        """Say how many hits there are, and which one is shown."""
        none = bool(self.box.value) and not found.hits
        self.hits.set_class(none, "-none")
        if none:
            words = "no such key" if self.keys else "not in this pane"
        elif not self.box.value:
            words = ""
        else:
            words = f"{found.at:,} of {found.hits:,}{' or more' if found.more else ''}"
        self.hits.put(Content(words))


class PaneSearch(Vertical):
    """The base of a pane that can be searched; the part in focus is what is searched."""

    BINDINGS = bindings("pane")

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._bar: SearchBar | None = None
        self._searched: Widget | None = None

    @property
    def searching(self) -> bool:
        """True while a search is open: n and N go to its hits then."""
        return self._bar is not None and self._bar.display

    def searchable(self) -> Widget | None:
        """Return the part that has the focus and can be searched; else the first that is in sight."""
        parts = [part for part in (self, *self.query("*")) if isinstance(part, Searchable) and part.display]
        return next((part for part in parts if part.has_focus), parts[0] if parts else None)

    async def action_search(self, keys: bool = False) -> None:
        """Open the search for a text, or with `keys` for a key."""
        part = self.searchable()
        if part is None:
            self.notify("There is nothing to search here.")
            return
        if self._bar is None:
            self._bar = SearchBar()
            await self.mount(self._bar)
        if part is not self._searched:
            self._end()
        self._searched = part
        self._bar.open(keys=keys)
        self.post_message(SearchOpen(True))
        self._search()

    def action_turn_hit(self, by: int) -> None:
        """Go to the next hit, or the one before."""
        if isinstance(self._searched, Searchable):
            self._searched.turn_hit(by)

    def action_end_search(self) -> None:
        """End the search; the cursor stays."""
        self._end()
        if self._bar is not None:
            self._bar.display = False
        self.post_message(SearchOpen(False))
        self._focus_searched()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave n, N and Esc to the screen unless a search is open."""
        return self.searching if action in ("turn_hit", "end_search") else True

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._search()

    @on(SearchBar.Kept)
    def _kept(self, event: SearchBar.Kept) -> None:
        event.stop()
        if isinstance(self._searched, Searchable):
            self._searched.keep_hit()
        if self._bar is not None and (self._bar.keys or not self._bar.box.value):
            self.action_end_search()
        else:
            self._focus_searched()

    @on(SearchBar.Dropped)
    def _dropped(self, event: SearchBar.Dropped) -> None:
        event.stop()
        self.action_end_search()

    @on(SearchBar.Turned)
    def _turned(self, event: SearchBar.Turned) -> None:
        event.stop()
        self.action_turn_hit(event.by)

    @on(Found)
    def _count_hits(self, event: Found) -> None:
        event.stop()
        if self._bar is not None:
            self._bar.tell(event)

    def _search(self) -> None:
        if self._bar is not None and isinstance(self._searched, Searchable):
            self._searched.search(Searching(self._bar.box.value, self._bar.keys))

    def _end(self) -> None:
        if isinstance(self._searched, Searchable):
            self._searched.search(Searching(""))

    def _focus_searched(self) -> None:
        part = self._searched
        target = part if part is not None and part.focusable else None
        if target is None and part is not None:
            target = next((inner for inner in part.query("*") if inner.focusable), None)
        if target is not None:
            self.screen.set_focus(target)
