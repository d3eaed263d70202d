"""Reads the list's messages from the engine: live frames, older pages on demand, the filter's matches.

It knows the engine as a `Viewer` and the list as a `MessageView`, and runs on the app's event loop.
It is over 350 lines because all that reads the list takes its turn in one place.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import Any

import msgspec

from ...core.api.models import Change, EngineState, FeedBatch, Page
from ...core.api.viewer import Viewer
from ...core.errors import EngineError, SegtapError
from .detail_source import DetailSource
from .hidden import Hidden
from .list_view import MessageView
from .window import with_change

FIRST = 1_000
"""Messages read at the start, and whenever the newest are asked for."""
PAGE = 500
"""Messages read at a time while scrolling or catching up."""
WAIT = 250
"""Milliseconds after which a search is answered with what it found so far."""
PATIENCE = (0.5, 1, 2, 4, 8, 15)
"""Seconds between attempts to reach a lost engine."""

Reconnect = Callable[[], Awaitable[Viewer]]


@dataclass(frozen=True)
class ListListener:
    """The listener that a `ListSource` calls."""

    state: Callable[[EngineState], None]
    arrived: Callable[[int], None]
    lost: Callable[[str], None]
    """The engine was lost, with the reason; "" once it is back."""
    loaded: Callable[[], None]
    trouble: Callable[[SegtapError], None]
    renumbered: Callable[[], None]
    """From now on, ids are those of other messages: the journal was cleared, or it is another one."""

    async def quietly(self, work: Awaitable[object]) -> bool:
        """Await it. Ignore a lost engine, which the feed reports; show any other error to the user.

        Returns False if the engine was lost.
        """
        try:
            await work
        except EngineError:
            return False
        except SegtapError as error:
            self.trouble(error)
        return True


class ListSource:
    """The way from one viewer to one list."""

    def __init__(
        self,
        viewer: Viewer,
        view: MessageView,
        details: DetailSource,
        listener: ListListener,
        reconnect: Reconnect | None = None,
    ) -> None:
        self.viewer: Viewer = viewer
        self.view = view
        self.hidden = Hidden()
        self.route = ""
        """The one of several routes to Mixpanel on which messages are shown; "": on all of them."""
        self._moved: set[int] = set()
        """Messages whose delivery changed, on whichever route: it is read for the one that is shown."""
        self.text = ""
        self.searching = False
        self.stopped = False
        """True once the reader stopped the search."""
        self.searched = 0
        """About how many messages the search looked at; 0 for one that was soon done."""
        self.seeking = ""
        """Which matches are searched for beside those in the list: "oldest", "older" or "newer"."""
        self.notes: tuple[str, ...] = ()
        """Why a filter matches nothing, as far as that is known."""
        self._details = details
        self._listener = listener
        self._reconnect = reconnect
        self._scanned = 0
        self._newest = 0
        self._before = 0
        """Where the search continues: below this id; 0 once it has ended."""
        self._turn = 0
        """Raised whenever the list is read from the start: pages of an earlier turn are dropped."""
        self._engine: tuple[int, int] | None = None
        self._journal = ""
        self._reading = asyncio.Lock()
        self._paging: set[str] = set()
        self._heard: list[dict[int, Change]] = []
        """For each page that is being read, the changes that came meanwhile: the page can be older."""
        self._again = asyncio.Event()
        self._behind = asyncio.Event()
        self._outdated = False
        """True if changes of messages in the list were left out by the feed."""

    # The live feed

    async def run(self) -> None:
        """Follow the feed until cancelled. When the engine is lost, report it and reconnect."""
        tries = 0
        while True:
            connected = False
            try:
                if tries and self._reconnect is not None:
                    last, self.viewer = self.viewer, await self._reconnect()
                    await last.close()
                connected = first = True
                async with contextlib.aclosing(self.viewer.feed()) as frames:
                    async for frame in frames:
                        if tries:
                            self._listener.lost("")
                            tries = 0
                        await self._take(frame, first=first)
                        first = False
                why = f"The engine at {self.viewer.url} has stopped."
            except EngineError as error:
                why = str(error)
            if connected and self._reconnect is not None:
                why = f"The engine at {self.viewer.url} has stopped. Another one is started in its place."
            self._listener.lost(why)
            patience = PATIENCE[min(tries, len(PATIENCE) - 1)]
            tries += 1
            self._again.clear()
            try:
                await asyncio.wait_for(self._again.wait(), patience)
            except TimeoutError:
                continue

    def retry(self) -> None:
        """Try to reconnect now."""
        self._again.set()

    async def _take(self, frame: FeedBatch, *, first: bool) -> None:
        if frame.cleared:
            self._turn += 1
            self._details.clear()
            self._scanned = self._newest = 0
            self._listener.renumbered()
            self.view.reset(Page(summaries=()))
            self._listener.loaded()
        if frame.state is not None:
            self._listener.state(frame.state)
            if first:
                await self._begin(frame.state)
        if frame.reread:
            # The settings changed, so marks and details did, too.
            self._details.clear()
            await self.load(keep=self.view.selected)
            self._details.read_again()
        if frame.added:
            self._newest = max(self._newest, frame.added[-1].id)
        if frame.added or frame.missed:
            self._listener.arrived(len(frame.added) + frame.missed)
        indirect = self.text or self.route or frame.missed or self._behind.is_set() or self._reading.locked()
        if indirect and (frame.added or frame.missed):
            # The filter searches more than a summary has, and missed messages are only in the journal.
            self._behind.set()
        elif frame.added:
            self.view.extend(frame.added)
            self._scanned = max(self._scanned, self._newest)
            self._listener.loaded()
        if frame.changed and self.route:
            self._moved.update(change.id for change in frame.changed)
            self._behind.set()
        elif frame.changed:
            self.view.change(frame.changed)
            for heard in self._heard:
                heard.update((change.id, change) for change in frame.changed)
        if frame.outdated:
            self._details.read_again()
            self._outdated = True
            self._behind.set()
        self._details.hear(frame)

    async def _begin(self, state: EngineState) -> None:
        """Read the list, or after a reconnection to the same engine only what was missed."""
        if self._engine == (state.pid, state.started_at):
            self._behind.set()
            return
        if self._engine is not None and (state.ephemeral or state.journal != self._journal):
            self._listener.renumbered()
        self._engine, self._journal = (state.pid, state.started_at), state.journal
        self._details.clear()
        self._scanned = self._newest = 0
        await self.load(keep=self.view.selected)

    async def catch_up(self) -> None:
        """Read what the frames left out, in order, until cancelled."""
        while True:
            await self._behind.wait()
            async with self._reading:
                self._behind.clear()
                read = await self._listener.quietly(self._catch_up())
                if self._outdated:
                    self._outdated = False
                    await self._listener.quietly(self._refresh())
                elif self._moved:
                    moved, self._moved = self._moved, set()
                    await self._listener.quietly(self._refresh(moved))
            if not read:
                # A tunnel may lose this connection alone: what comes next may not be put after the gap.
                self._behind.set()
                await asyncio.sleep(PATIENCE[0])

    async def _refresh(self, moved: Collection[int] = ()) -> None:
        """Read again how the messages in the list were delivered, or the part of it that has moved."""
        turn, filter, rows = self._turn, self.search, self.view.window.rows
        first, last = (rows[0].id - 1, rows[-1].id) if rows else (0, 0)
        if moved:
            first, last = max(first, min(moved) - 1), min(last, max(moved))
        while first < last and turn == self._turn:
            page = await self._page(after=first, limit=FIRST, filter=filter)
            if turn == self._turn:
                self.view.change([Change(row.id, row.delivery, row.status) for row in page.summaries])
            first = page.summaries[-1].id if page.summaries else last

    async def _catch_up(self) -> None:
        turn, filter = self._turn, self.search
        while turn == self._turn:
            target = self._newest
            page = await self._page(after=self._scanned, limit=PAGE, filter=filter)
            if turn != self._turn:
                return
            self.view.extend(page.summaries)
            last = page.summaries[-1].id if page.summaries else 0
            if len(page.summaries) < PAGE:
                self._scanned = max(self._scanned, target, last)
                break
            self._scanned = max(self._scanned, last)
        self._listener.loaded()

    @property
    def newest(self) -> int:
        """The highest id that is known."""
        rows = self.view.window.rows
        return max(self._newest, self._scanned, rows[-1].id if rows else 0)

    # Pages of the journal

    async def load(self, *, keep: int | None = None) -> None:
        """Read the newest messages; with a filter, read on until it has all matches or the window is full.

        Matches are shown as they are found, the newest first. In between, new messages are read.
        """
        self._turn += 1
        turn, filter = self._turn, self.search
        self.searching, self.stopped, self.searched, self._before = bool(filter), False, 0, 0
        self.notes = ()
        self._listener.loaded()
        async with self._reading:
            if turn == self._turn:
                await self._listener.quietly(self._load(turn, filter, keep))
            lost = keep is not None and not self.view.selection.following and self.view.selected != keep
            if filter and turn == self._turn and keep is not None and lost:
                # At once: after a long search the list would jump under the reader.
                await self._listener.quietly(self._hold(keep, filter))
        while turn == self._turn and self._before:
            async with self._reading:
                if turn == self._turn:
                    await self._listener.quietly(self._search_on(turn, filter))
        if turn == self._turn:
            self.searching = False
            self._listener.loaded()

    async def _load(self, turn: int, filter: str, keep: int | None) -> None:
        target = self._newest
        page = await self._page(limit=FIRST, filter=filter, wait=WAIT if filter else None)
        if turn != self._turn:
            return
        last = page.summaries[-1].id if page.summaries else 0
        self._scanned = max(target, last, page.reached)
        self._newest = max(self._newest, last)
        self.view.reset(page, keep=keep)
        if filter:
            self._note_progress(page)
        self._listener.loaded()

    async def _search_on(self, turn: int, filter: str) -> None:
        before, self._before = self._before, 0
        page = await self._page(before=before, limit=FIRST, filter=filter, wait=WAIT)
        if turn == self._turn:
            self.view.prepend(page)
            self._note_progress(page)
            self._listener.loaded()

    async def _page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int,
        filter: str = "",
        wait: int | None = None,
    ) -> Page:
        """Read a page of the journal, with the changes in it that came while it was on its way."""
        heard: dict[int, Change] = {}
        self._heard.append(heard)
        try:
            page = await self.hidden.page(
                self.viewer,
                before=before,
                after=after,
                limit=limit,
                filter=filter,
                wait=wait,
                route=self.route,
            )
        finally:
            self._heard = [other for other in self._heard if other is not heard]
        if not heard or self.route:
            return page
        rows = (with_change(row, heard[row.id]) if row.id in heard else row for row in page.summaries)
        return msgspec.structs.replace(page, summaries=tuple(rows))

    def _note_progress(self, page: Page) -> None:
        window = self.view.window
        if page.more and len(window) < window.limit:
            self._before = page.searched_to or (page.summaries[0].id if page.summaries else 0)
        self.searched = page.searched or self.searched
        self.notes = page.notes

    def stop(self) -> bool:
        """Stop a search that shows how far it is; what was found stays. Returns False if there is none."""
        if not (self.searching or self.seeking) or not self.searched:
            return False
        self._turn += 1
        if self.seeking:
            self.seeking = ""
            self._listener.loaded()
            return True
        self.searching, self.stopped, self._before = False, True, 0
        self._listener.loaded()
        return True

    @property
    def search(self) -> str:
        """The filter in force, "" for none."""
        return self.text

    async def filter(self, text: str, *, keep: int | None = None) -> None:
        """Show only messages that match this filter.

        The selected message, or the one to `keep`, stays selected if it matches, however old it is.
        """
        self.text = text
        await self.load(keep=self.view.selected if keep is None else keep)

    async def older(self) -> None:
        """Read the page above the window."""
        await self._once("older", self._older())

    async def _older(self) -> None:
        window, turn = self.view.window, self._turn
        if not window.rows or not window.more_above or self.searching or self.stopped:
            return
        async for page in self._seek("older", before=window.rows[0].id):
            if turn == self._turn:
                self.view.prepend(page)
                self._listener.loaded()

    async def newer(self) -> None:
        """Read the page below the window, after the reader went far up."""
        await self._once("newer", self._newer())

    async def _newer(self) -> None:
        window, turn = self.view.window, self._turn
        if not window.rows or not window.more_below:
            return
        async for page in self._seek("newer", after=window.rows[-1].id):
            if turn == self._turn:
                self.view.extend_below(page, more=page.more)
                self._listener.loaded()

    async def _seek(
        self, what: str, *, before: int | None = None, after: int | None = None
    ) -> AsyncGenerator[Page]:
        """Yield a page of messages next to an id: without a filter at once, else as matches are found.

        How far a long search is can be seen meanwhile; another turn ends it.
        """
        turn, filter, found = self._turn, self.search, 0
        wait = WAIT if filter else None
        self.searched = 0
        try:
            while True:
                page = await self._page(
                    before=before, after=after, limit=PAGE - found, filter=filter, wait=wait
                )
                if turn != self._turn:
                    return
                found += len(page.summaries)
                going = bool(page.searched_to) and found < PAGE
                self.seeking, self.searched = what if going else "", page.searched
                if page.summaries or not going:
                    yield msgspec.structs.replace(
                        page, more=page.more if after is None else going or found >= PAGE
                    )
                if not going or turn != self._turn:
                    return
                self._listener.loaded()
                before, after = (page.searched_to, None) if after is None else (None, page.searched_to)
        finally:
            if self.seeking and turn == self._turn:
                self.seeking = ""
                self._listener.loaded()

    async def _once(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Read a page unless one in that direction is being read: scrolling asks with each line."""
        if name in self._paging:
            work.close()
            return
        self._paging.add(name)
        try:
            async with self._reading:
                await self._listener.quietly(work)
        finally:
            self._paging.discard(name)

    async def oldest(self) -> None:
        """Read the oldest page of the journal."""
        async with self._reading:
            await self._listener.quietly(self._oldest())

    async def _oldest(self) -> None:
        self._turn += 1
        turn, first = self._turn, True
        self.searching = False
        async for page in self._seek("oldest", after=0):
            if turn == self._turn and first:
                self.stopped = False
                self.view.hold_from(page)
            elif turn == self._turn:
                self.view.extend_below(page, more=page.more)
            first = False
            self._listener.loaded()

    async def show(self, id: int) -> bool:
        """Select a message. Returns False if the journal lacks it.

        If it is not in the window, the page that ends with it is read; a filter that hides it is dropped.
        """
        self.hidden.show([id])
        if self.view.select_id(id):
            return True
        async with self._reading:
            filters = (self.search, "") if self.search else ("",)
            for filter in filters:
                if await self._hold(id, filter):
                    return True
        return False

    async def _hold(self, id: int, filter: str) -> bool:
        """Show the page of the filter's matches that ends with a message; False if it is not among them."""
        turn = self._turn
        page = await self._page(before=id + 1, limit=PAGE, filter=filter, wait=WAIT if filter else None)
        if not page.summaries or page.summaries[-1].id != id or turn != self._turn:
            return False
        self._turn += 1
        self.text, self.searching, self.stopped = filter, False, False
        self.view.hold_upto(page)
        self._listener.loaded()
        return True
