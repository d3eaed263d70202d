"""A screen about many messages that keeps itself fresh while it is open, and leads to single ones."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from textual.content import Content
from textual.screen import Screen
from textual.worker import Worker

from ...core.api.models import Coverage, Summary
from ...core.api.viewer import Viewer
from ...core.errors import SegtapError
from ...core.text import clean, shorten
from ..clipboard import copy
from ..keymap import commands, first
from ..model.narrowing import both
from ..render.detail import READING, FilterBy, Line, reading_words
from ..render.plain import app_of, is_plain, marks_of
from ..render.summary import SEARCHED
from ..widgets.ranked_list import RankedList, Row
from ..widgets.text_block import TextBlock

FRESH = 1.0
"""Seconds between two looks at whether something came."""
MESSAGES_READ = 60
"""Messages that are named on such a screen: their lines are read, so many at most."""


class Source(Protocol):
    """What such a screen is about: the main screen."""

    @property
    def viewer(self) -> Viewer:
        """The engine."""
        ...

    @property
    def search(self) -> str:
        """The filter of the list as the engine reads it, "" if there is none."""
        ...

    @property
    def pulse(self) -> int:
        """A counter that changes whenever the feed delivered something."""
        ...


@dataclass(frozen=True)
class Chosen:
    """Messages to go to, the one wanted most first, and the pane to open, or ""."""

    messages: tuple[int, ...]
    pane: str = ""


@dataclass(frozen=True)
class SwitchTo:
    """The request to go to another such screen: the name of the main screen's action that opens it."""

    action: str


class Following(Screen[Chosen | FilterBy | SwitchTo | None]):
    """A screen that asks the engine again when messages arrive, and keeps its rows in place."""

    NAME = ""
    KEYS: Sequence[tuple[str, str]] = ()
    DEFAULT_CSS = """
    Following {
        background: $background;
        & .line { height: 1; padding: 0 1; background: $panel; color: $foreground; }
        & .teaches { height: 1fr; padding: 1 2; display: none; }
        & .panel {
            border: round $border-blurred;
            border-title-color: $dim;
            border-title-style: bold;
            border-subtitle-color: $dim;
            &:focus-within { border: round $border; border-title-color: $accent; }
        }
        & .head { height: 1; padding: 0 0 0 1; color: $dim; }
        & #parts { height: 1fr; layout: horizontal; }
        &.-ascii .panel { border: ascii $border-blurred; }
        &.-ascii .panel:focus-within { border: ascii $border; }
        &.-empty #parts { display: none; }
        &.-empty .teaches { display: block; }
    }
    """

    def __init__(self, source: Source, at: tuple[str, ...] = ()) -> None:
        """Prepare the screen; `at` is the key of the row that it begins on, once it is there."""
        super().__init__()
        self.source = source
        self.at = at
        self.banner = TextBlock(classes="line")
        self.teaches = TextBlock(classes="teaches")
        self.keys_line = TextBlock(classes="line")
        self.lost = ""
        """Why the engine does not answer, else ""."""
        self.stopped = False
        """True once the reader stopped the reading of what matches the filter."""
        self.found: dict[int, Summary | None] = {}
        self._newest = 0
        self._pulse = -1
        self._asking: Worker[None] | None = None

    def on_mount(self) -> None:
        self.set_class(is_plain(self), "-ascii")
        self.draw()
        self.look()
        self.set_interval(FRESH, self.look)

    # What each of them is

    @property
    @abstractmethod
    def covered(self) -> Coverage | None:
        """The messages that the last answer is made of, None before the first answer."""

    @abstractmethod
    async def ask(self) -> None:
        """Ask the engine, and show what it answers. Raises SegtapError."""

    @abstractmethod
    def draw(self) -> None:
        """Draw everything for the present size."""

    @abstractmethod
    def facts(self) -> Content:
        """Return the text of the banner after the screen's name."""

    @abstractmethod
    def copied(self) -> tuple[str, str]:
        """Return what copying gives, as a name and a text."""

    # Keeping fresh

    @property
    def whole(self) -> bool:
        """True if the last answer covered every message of its time, or the reader wants no more."""
        return self.stopped or (self.covered is not None and not self.covered.behind)

    def look(self, *, again: bool = False) -> None:
        """Ask again when something came since the last asking, or when that was not answered whole."""
        unchanged = self.whole and not self.lost and self._pulse == self.source.pulse
        if not again and (unchanged or self.stopped):
            return
        if again or self._asking is None or self._asking.is_finished:
            self._pulse = self.source.pulse
            self._asking = self.run_worker(self._ask, group="ask", exclusive=True)

    async def _ask(self) -> None:
        try:
            await self.ask()
        except SegtapError as error:
            self.lost = clean(str(error))
            self.draw_lost()
        else:
            if self.lost:
                self.lost = ""
                self.draw()  # which also reads the messages that could not be read meanwhile

    def draw_lost(self) -> None:
        """Draw the parts that change when the engine does not answer."""
        self.draw_lines()

    def draw_lines(self) -> None:
        """Draw the line at the top and the keys at the bottom."""
        marks, brand = marks_of(self), Content.styled(self.NAME, "bold $accent")
        facts = (
            Content.styled(f"{marks.error} {self.lost}", "bold $mark-error") if self.lost else self.facts()
        )
        width = max(self.size.width - 2, 1)
        text = Content("  ").join([brand, facts] if facts.plain else [brand]).truncate(width, ellipsis=True)
        self.banner.put(text)
        keys = self.KEYS[-1:] if self.has_class("-empty") else self.KEYS
        self.keys_line.put(key_words(width, keys))

    @property
    def searched(self) -> str:
        """The filter of the list, short enough for a line; "" if there is none."""
        return shorten(clean(self.source.search), SEARCHED)

    def reading(self) -> str:
        """Say how far the reading is, and which key stops it; "" once everything is read."""
        words = reading_words(self.covered) if self.covered is not None else ""
        if not words or not self.searched:
            return words
        return (
            words.replace(READING, "stopped at")
            if self.stopped
            else f"{words}, {first(f'{self.KEYS[-1][0]}')} stops"
        )

    def within(self) -> str:
        """Return ` that match order`, or "" without a filter."""
        return f" that match {self.searched}" if self.searched else ""

    def keep_keys(self, target: RankedList) -> None:
        """Give the keys to the list when nothing has them: while there was nothing, it was out of sight."""
        if self.focused is None and not self.has_class("-empty"):
            self.call_after_refresh(target.focus)

    # The messages that are named

    def read_messages(self, ids: Iterable[int]) -> None:
        """Read the lines of these messages, then draw again."""
        missing = [id for id in dict.fromkeys(ids) if id not in self.found][:MESSAGES_READ]
        if missing:
            self.run_worker(partial(self._read, missing), group="messages", exclusive=True)

    def heard_of(self, covered: Coverage) -> None:
        """Clear the cache after the journal was cleared, because message ids restart."""
        if covered.behind:
            return
        if covered.last < self._newest:
            self.found.clear()
        self._newest = covered.last

    async def _read(self, ids: list[int]) -> None:
        try:
            for id in ids:
                page = await self.source.viewer.page(after=id - 1, limit=1)
                at = page.summaries[0] if page.summaries else None
                self.found[id] = at if at is not None and at.id == id else None
        except SegtapError as error:
            self.lost = clean(str(error))
            self.draw_lines()  # no more: drawing reads what is missing, again and again
        else:
            self.draw()

    # Acts

    def open_line(self, line: Line, row: tuple[str, ...] | None = None) -> None:
        """Leave for the message, or the filter, that a line leads to; others lead nowhere."""
        if line.messages:
            self.dismiss(Chosen(line.messages))
        elif line.text:
            self.filter_by(line.text, line.key if row is None else row)

    def filter_by(self, term: str, row: tuple[str, ...]) -> None:
        """Leave for the messages that match a term, within the filter of the list."""
        self.dismiss(FilterBy(both(self.source.search, term), row))

    def open_over(self, screen: Following) -> None:
        """Open another such screen over this one: what is chosen there leaves both, Esc leads back here."""
        self.app.push_screen(screen, self._left)  # pyright: ignore[reportUnknownMemberType]

    def _left(self, chosen: Chosen | FilterBy | SwitchTo | None) -> None:
        if chosen is not None:
            self.dismiss(chosen)

    def begin_at(self, *lists: RankedList) -> None:
        """Put the cursor on the row that the screen begins on, once one of these lists has it."""
        for one in lists:
            if self.at and any(row.key == self.at for row in one.rows):
                one.select(self.at)
                self.set_focus(one)
                self.at = ()

    def action_copy(self) -> None:
        """Copy it as text."""
        what, text = self.copied()
        if not text:
            self.notify("There is nothing to copy yet.", severity="warning")
            return
        self.notify(f"Copied {what}: {copy(app_of(self), text)}")

    def action_switch(self, action: str) -> None:
        """Go to another screen about many messages, without the list in between."""
        self.dismiss(SwitchTo(action))

    def stop(self) -> bool:
        """Stop reading what matches the filter; returns False if that is not under way."""
        if not self.searched or self.whole or self.covered is None:
            return False
        self.stopped = True
        self.draw()
        return True

    def action_leave(self) -> None:
        """Stop reading what matches the filter; with nothing to stop, go back to the list."""
        if not self.stop():
            self.dismiss(None)


def show_lines(view: RankedList, lines: Sequence[Line], about: str = "") -> None:
    """Put lines into a list; `about` tells those of one thing from those of another."""
    view.show([Row((about, *line.key), partial(_paint, line)) for line in lines])


def _paint(line: Line, width: int) -> tuple[tuple[str, str], ...]:
    return line.spans


def key_words(width: int, keys: Sequence[tuple[str, str]]) -> Content:
    """Return the keys of commands that fit in so many cells; the last, which leads back, stays longest."""
    parts = [
        Content.assemble((f"{first(id) if id in commands() else id} ", "bold $accent"), (words, "$dim"))
        for id, words in keys
    ]
    text = Content("   ").join(parts)
    while text.cell_length > width and len(parts) > 1:
        del parts[-2]
        text = Content("   ").join(parts)
    return text.truncate(max(width, 1), ellipsis=True)
