"""Which messages of the list match a filter that the list itself does not have."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Collection, Iterable, Sequence

from ...core.api.models import Summary
from ...core.api.viewer import Viewer
from ...core.errors import SegtapError
from .list_view import MessageView

PAGE = 1_000
"""Matches that are asked for at a time."""
WAIT = 250
"""Milliseconds after which a search is answered with what it found so far."""


class Matching:
    """A filter, and its matches among the messages that the list holds, up to the id `upto`.

    `viewer` returns the engine; `changed` is called when more is known.
    """

    def __init__(
        self,
        viewer: Callable[[], Viewer],
        view: MessageView,
        changed: Callable[[], object],
        upto: int = sys.maxsize,
    ) -> None:
        self.text = ""
        """The filter, "" for none."""
        self.upto = upto
        self._viewer = viewer
        self._view = view
        self._changed = changed
        self._ids: set[int] = set()
        self._low = self._high = 0
        """The messages from the one id to the other were searched; none if the first is higher."""
        self._turn = 0
        self._wanted = asyncio.Event()

    def use(self, text: str) -> None:
        """Search for the matches of this filter; for none with ""."""
        self.text = text
        self._turn += 1
        self._ids.clear()
        self._low = self._high = 0
        self.look()
        self._changed()

    def know(self, ids: Iterable[int], low: int, high: int) -> None:
        """Take over which messages between two ids match, in place of a search."""
        self._ids, self._low, self._high = set(ids), low, high

    def matches(self, id: int) -> bool | None:
        """Return whether the message matches, None if that is not known yet."""
        return id in self._ids if self._low <= id <= self._high else None

    def dims(self, id: int) -> bool:
        """Return True if there is a filter, and the message is known not to match."""
        return bool(self.text) and self.matches(id) is False

    def look(self) -> None:
        """Search the messages that the list holds by now."""
        if self.text:
            self._wanted.set()

    async def run(self) -> None:
        """Search what the list holds, whenever that changed, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.search()
            except SegtapError:
                continue  # the header says that the engine is lost

    async def search(self) -> None:
        """Search the messages that the list holds and that were not searched before."""
        turn, rows = self._turn, self._view.window.rows
        if not self.text or not rows:
            return
        first, last = rows[0].id, min(rows[-1].id, self.upto)
        if first > last:
            return
        if not self._high or last < self._low or first > self._high:
            self._ids.clear()
            self._low, self._high = last + 1, last
        while self._low > first:
            page = await self._viewer().page(before=self._low, limit=PAGE, filter=self.text, wait=WAIT)
            if turn != self._turn:
                return
            self._ids.update(line.id for line in page.summaries)
            reached = page.searched_to or (page.summaries[0].id if page.more and page.summaries else first)
            self._low = min(reached, self._low - 1)
            self._changed()
        while self._high < last:
            page = await self._viewer().page(after=self._high, limit=PAGE, filter=self.text)
            if turn != self._turn:
                return
            self._ids.update(line.id for line in page.summaries)
            self._high = page.summaries[-1].id if page.more and page.summaries else max(last, page.reached)
            self._changed()


class Matchings:
    """Several filters, and their matches among the messages that the list holds."""

    def __init__(
        self, viewer: Callable[[], Viewer], view: MessageView, changed: Callable[[], object]
    ) -> None:
        self._viewer = viewer
        self._view = view
        self._changed = changed
        self._by_filter: dict[str, Matching] = {}
        self._wanted = asyncio.Event()

    def matches(self, filter: str, id: int) -> bool | None:
        """Return whether a message matches one of the filters, None if that is not known yet."""
        found = self._by_filter.get(filter)
        return None if found is None else found.matches(id)

    def use(self, filter: str, upto: int, held: Sequence[Summary] = ()) -> None:
        """Search for matches of a filter up to an id; `held` are those that the list holds, if known."""
        found = self._by_filter.setdefault(filter, Matching(self._viewer, self._view, self._changed))
        found.upto = max(upto, found.upto if found.text else 0)
        if held:
            found.use(filter)
            found.know((line.id for line in held), held[0].id, held[-1].id)
        elif not found.text:
            found.use(filter)
        self._wanted.set()

    def keep(self, filters: Collection[str]) -> None:
        """Forget all but these filters."""
        for filter in self._by_filter.keys() - set(filters):
            del self._by_filter[filter]

    def look(self) -> None:
        """Search the messages that the list holds by now."""
        if self._by_filter:
            self._wanted.set()

    async def run(self) -> None:
        """Search what the list holds, whenever that changed, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            for matching in list(self._by_filter.values()):
                with contextlib.suppress(SegtapError):  # the header says that the engine is lost
                    await matching.search()
