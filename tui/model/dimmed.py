"""Which messages of the list a filter leaves out, while they are dimmed instead of hidden."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ...core.api.viewer import Viewer
from ...core.errors import SegtapError
from .list_view import MessageView

PAGE = 1_000
"""Matches that are asked for at a time."""
WAIT = 250
"""Milliseconds after which a search is answered with what it found so far."""


class Dimmed:
    """The filter whose matches stand out, and the matches among the messages that the list holds.

    `viewer` returns the engine; `changed` is called when more is known.
    """

    def __init__(
        self, viewer: Callable[[], Viewer], view: MessageView, changed: Callable[[], object]
    ) -> None:
        self.text = ""
        """The filter, "" if nothing is dimmed."""
        self._viewer = viewer
        self._view = view
        self._changed = changed
        self._ids: set[int] = set()
        self._low = self._high = 0
        """The messages from the one id to the other were searched; none if the first is higher."""
        self._turn = 0
        self._wanted = asyncio.Event()

    def use(self, text: str) -> None:
        """Dim what does not match this filter; nothing with ""."""
        self.text = text
        self._turn += 1
        self._ids.clear()
        self._low = self._high = 0
        self.look()
        self._changed()

    def dims(self, id: int) -> bool:
        """Return True if the message is known not to match."""
        return bool(self.text) and self._low <= id <= self._high and id not in self._ids

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
                await self._search()
            except SegtapError:
                continue  # the header says that the engine is lost

    async def _search(self) -> None:
        turn, rows = self._turn, self._view.window.rows
        if not self.text or not rows:
            return
        first, last = rows[0].id, rows[-1].id
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
