"""Keeps the list fed: live frames, older stretches on demand, the filter's matches, the selected detail.

It talks to the engine through a `Viewer` alone, and to the screen through the list and a few callbacks.
All of it runs on the app's event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from ...core.api.client import Viewer
from ...core.api.models import EngineState, FeedBatch, MessageDetail, Page
from ...core.errors import EngineError, InputError, SegtapError
from ..widgets.message_list import MessageList
from .detail_cache import DetailCache

FIRST = 1_000
"""Messages read at the start, and again whenever the newest are asked for."""
STRETCH = 500
"""Messages read at a time while scrolling or catching up."""
PATIENCE = (0.5, 1, 2, 4, 8, 15)
"""Seconds between tries to reach a lost engine."""
RESTED = 0.08
"""Seconds without another key after which the detail is read, while a key is held down."""
LONGEST = 0.4
"""Seconds after which a detail is read although the key is still held down."""
FOLLOWING = 0.5
"""Seconds between two details while the list follows, so that the panes do not flicker."""

Reconnect = Callable[[], Awaitable[Viewer]]


@dataclass(frozen=True)
class Callbacks:
    """What the screen wants to hear."""

    state: Callable[[EngineState], None]
    arrived: Callable[[int], None]
    lost: Callable[[str], None]
    loaded: Callable[[], None]
    detail: Callable[[MessageDetail | None, str], None]
    """The selected message's detail; None and why, when there is none to show."""
    settled: Callable[[], None]
    """No other message was selected since the last detail, for as long as a following list rests."""
    trouble: Callable[[SegtapError], None]


class Feeding:
    """The flow between one viewer and one list."""

    def __init__(
        self, viewer: Viewer, view: MessageList, tell: Callbacks, reconnect: Reconnect | None = None
    ) -> None:
        self.viewer = viewer
        self.view = view
        self.text = ""
        self.searching = False
        self._tell = tell
        self._reconnect = reconnect
        self._scanned = 0
        self._newest = 0
        self._turn = 0
        self._engine: tuple[int, int] | None = None
        self._reading = asyncio.Lock()
        self._stretching: set[str] = set()
        self._again = asyncio.Event()
        self._behind = asyncio.Event()
        self._wanted: int | None = None
        self._wants = 0
        self._wanting = asyncio.Event()
        self._hurry = asyncio.Event()
        self.resting = False
        """True while the list follows and no other detail is read, so that the panes can be read."""
        self._details = DetailCache()

    # The live feed

    async def run(self) -> None:
        """Follow the feed for good; when the engine is lost, say so and reach for it again."""
        tries = 0
        while True:
            connected = False
            try:
                if tries and self._reconnect is not None:
                    last, self.viewer = self.viewer, await self._reconnect()
                    await last.close()
                connected = first = True
                async for frame in self.viewer.feed():
                    if tries:
                        self._tell.lost("")
                        tries = 0
                    await self._take(frame, first=first)
                    first = False
                why = f"The engine at {self.viewer.url} has stopped."
            except EngineError as error:
                why = str(error)
            if connected and self._reconnect is not None:
                why = f"The engine at {self.viewer.url} has stopped. Another one is started in its place."
            self._tell.lost(why)
            patience = PATIENCE[min(tries, len(PATIENCE) - 1)]
            tries += 1
            self._again.clear()
            try:
                await asyncio.wait_for(self._again.wait(), patience)
            except TimeoutError:
                continue

    def retry(self) -> None:
        """Reach for the engine now."""
        self._again.set()

    async def _take(self, frame: FeedBatch, *, first: bool) -> None:
        if frame.cleared:
            self._turn += 1
            self._details.clear()
            self._scanned = self._newest = 0
            self.view.reset(Page(summaries=()))
            self._tell.loaded()
        if frame.state is not None:
            self._tell.state(frame.state)
            if first:
                await self._begin(frame.state)
        if frame.reread:
            # Other settings: marks and panes are as the engine has them now.
            self._details.clear()
            await self.load(keep=self.view.selected)
            self.want(self._wanted)
        if frame.added:
            self._newest = max(self._newest, frame.added[-1].id)
        if frame.added or frame.missed:
            self._tell.arrived(len(frame.added) + frame.missed)
        indirect = self.text or frame.missed or self._behind.is_set() or self._reading.locked()
        if indirect and (frame.added or frame.missed):
            # Search looks at more than a summary holds, and only the journal has what was missed.
            self._behind.set()
        elif frame.added:
            self.view.extend(frame.added)
            self._scanned = max(self._scanned, self._newest)
            self._tell.loaded()
        if frame.changed:
            self.view.change(frame.changed)
        if self._wanted in self._details.hear(frame):
            self.want(self._wanted)

    async def _begin(self, state: EngineState) -> None:
        """The first frame of a connection: read the list, or after a break what was missed."""
        if self._engine == (state.pid, state.started_at):
            self._behind.set()
            return
        self._engine = (state.pid, state.started_at)
        self._details.clear()
        self._scanned = self._newest = 0
        await self.load(keep=self.view.selected)

    async def catch_up(self) -> None:
        """For good: read what the frames did not bring, in order."""
        while True:
            await self._behind.wait()
            async with self._reading:
                self._behind.clear()
                await self._quietly(self._catch_up())

    async def _catch_up(self) -> None:
        turn, text = self._turn, self.text
        while turn == self._turn:
            target = self._newest
            page = await self.viewer.page(after=self._scanned, limit=STRETCH, text=text)
            if turn != self._turn:
                return
            self.view.extend(page.summaries)
            last = page.summaries[-1].id if page.summaries else 0
            if len(page.summaries) < STRETCH:
                self._scanned = max(self._scanned, target, last)
                break
            self._scanned = max(self._scanned, last)
        self._tell.loaded()

    # Stretches of the journal

    async def load(self, *, keep: int | None = None) -> None:
        """Read the newest; with a filter, read on until all its matches are counted or the window is full."""
        self._turn += 1
        turn, text = self._turn, self.text
        self.searching = bool(text)
        self._tell.loaded()
        async with self._reading:
            if turn == self._turn:
                await self._quietly(self._load(turn, text, keep))
        if turn == self._turn:
            self.searching = False
            self._tell.loaded()

    async def _load(self, turn: int, text: str, keep: int | None) -> None:
        target = self._newest
        page = await self.viewer.page(limit=FIRST, text=text)
        if turn != self._turn:
            return
        last = page.summaries[-1].id if page.summaries else 0
        self._scanned = max(target, last)
        self._newest = max(self._newest, last)
        self.view.reset(page, keep=keep)
        self._tell.loaded()
        window = self.view.window
        while text and page.more and page.summaries and len(window) < window.limit:
            page = await self.viewer.page(before=page.summaries[0].id, limit=FIRST, text=text)
            if turn != self._turn:
                return
            self.view.prepend(page)
            self._tell.loaded()

    async def filter(self, text: str) -> None:
        """Show only what holds this text; the selected message stays selected if it does."""
        self.text = text
        await self.load(keep=self.view.selected)

    async def older(self) -> None:
        """The stretch above what is held."""
        await self._stretch("older", self._older())

    async def _older(self) -> None:
        window, turn = self.view.window, self._turn
        if not window.rows or not window.more_above:
            return
        page = await self.viewer.page(before=window.rows[0].id, limit=STRETCH, text=self.text)
        if turn == self._turn:
            self.view.prepend(page)
            self._tell.loaded()

    async def newer(self) -> None:
        """The stretch below what is held, after the reader went far up."""
        await self._stretch("newer", self._newer())

    async def _newer(self) -> None:
        window, turn = self.view.window, self._turn
        if not window.rows or not window.more_below:
            return
        page = await self.viewer.page(after=window.rows[-1].id, limit=STRETCH, text=self.text)
        if turn == self._turn:
            self.view.extend_below(page, more=len(page.summaries) == STRETCH)
            self._tell.loaded()

    async def _stretch(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Scrolling asks again and again: one request of a kind is enough."""
        if name in self._stretching:
            work.close()
            return
        self._stretching.add(name)
        try:
            async with self._reading:
                await self._quietly(work)
        finally:
            self._stretching.discard(name)

    async def oldest(self) -> None:
        """The very first stretch of the journal."""
        async with self._reading:
            await self._quietly(self._oldest())

    async def _oldest(self) -> None:
        self._turn += 1
        turn = self._turn
        page = await self.viewer.page(after=0, limit=STRETCH, text=self.text)
        if turn == self._turn:
            self.view.hold_from(page)
            self._tell.loaded()

    async def show(self, id: int) -> bool:
        """Select this message; False when the journal has it no more.

        Where it is not held, the stretch around it is read; a filter that hides it is dropped.
        """
        if self.view.select_id(id):
            return True
        async with self._reading:
            page = await self.viewer.page(before=id + 1, limit=STRETCH)
            if not page.summaries or page.summaries[-1].id != id:
                return False
            self._turn += 1
            self.text, self.searching = "", False
            self.view.hold_upto(page)
        self._tell.loaded()
        return True

    # The selected message

    def want(self, id: int | None) -> None:
        """This message is selected: its detail is wanted."""
        self._wanted = id
        self._wants += 1
        self._wanting.set()
        if not self.view.following:
            self.hurry()

    def hurry(self) -> None:
        """Read the detail that is wanted now: somebody stopped to read it."""
        self._hurry.set()

    async def details(self) -> None:
        """For good: fetch the detail of what is selected, the latest only, and not too often."""
        while True:
            if not self._wanting.is_set():
                self._tell.settled()
            await self._wanting.wait()
            self._wanting.clear()
            wanted = self._wanted
            if wanted is None:
                self._tell.detail(None, "")
                continue
            self._hurry.clear()
            await self._quietly(self._detail(wanted))
            await self._rest()

    async def _rest(self) -> None:
        """Keep the panes as they are: for a while if the list follows, else until the cursor rests."""
        if not self.view.following:
            await self._until_cursor_rests()
            return
        self.resting = True
        try:
            await asyncio.wait_for(self._hurry.wait(), FOLLOWING)
        except TimeoutError:
            return
        finally:
            self.resting = False

    async def _until_cursor_rests(self) -> None:
        """Return at once after a single key; while a key is held down, between `RESTED` and `LONGEST`.

        Filling five panes costs many times what moving the cursor does, and nobody reads them meanwhile.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST
        while loop.time() < end:
            seen = self._wants
            await asyncio.sleep(RESTED)
            if seen == self._wants:
                return

    async def _detail(self, id: int) -> None:
        detail = self._details.get(id)
        if detail is None:
            self._details.begin()
            try:
                detail = await self.viewer.detail(id)
            except InputError as error:  # cleared, or rotated out of the journal: the list still shows it
                if self._wanted in (None, id):
                    self._tell.detail(None, str(error))
                return
            if not self._details.keep(id, detail) and self._wanted == id:
                self.want(id)
        if self._wanted is None or self._wanted == id or self.view.following:
            self._tell.detail(detail, "")

    async def _quietly(self, work: Awaitable[None]) -> None:
        """Do it; a lost engine is told by the feed, any other refusal is told to the reader."""
        try:
            await work
        except EngineError:
            return
        except SegtapError as error:
            self._tell.trouble(error)
