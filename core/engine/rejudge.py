"""Verdicts that other settings, or another segtap, made: judged again in the background, newest first."""

from __future__ import annotations

import asyncio
import time

from ..api.feed import Feed
from ..index.pace import Pace
from ..index.receipts import ReceiptReader
from ..index.summaries import judged_of
from ..stores.base import Revision, Stores
from .supervisor import Supervisor

STRETCH = 50
"""Messages that are judged again at a time; ingest gets its turns between them."""
AT_ONCE = 1_000
"""The newest ones, which viewers see, are judged again before a change of settings is answered."""
LONGEST = 5.0
"""Seconds after which it is answered in any case."""


class Rejudging:
    """Judges stale messages again. `left` says how many messages are still to be looked at."""

    def __init__(self, stores: Stores, reader: ReceiptReader, supervisor: Supervisor, feed: Feed) -> None:
        self._stores = stores
        self._reader = reader
        self._supervisor = supervisor
        self._feed = feed
        self._task: asyncio.Task[None] | None = None
        self._before: int | None = None
        self.left = 0

    async def begin(self) -> None:
        """Judge the newest messages again, by the settings in force; `start` goes on with the others."""
        if self._task is not None:
            self._task.cancel()
        self._before, self.left = None, 0
        done, until = 0, time.monotonic() + LONGEST
        while done < AT_ONCE and (stretch := await self._stretch()):
            done += stretch
            if time.monotonic() > until:
                break  # insert functions may take seconds for a stretch
            await asyncio.sleep(0)

    def start(self, *, after: asyncio.Task[None] | None = None) -> None:
        """Judge all others again in the background, once the task `after` has ended."""
        self._task = self._supervisor.start("judging messages again", lambda: self._run(after))

    async def done(self) -> None:
        """Wait until all are judged."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self, after: asyncio.Task[None] | None) -> None:
        if after is not None:
            await asyncio.wait({after})
        pace = Pace()
        pace.begin()
        changed = False
        try:
            while await self._stretch():
                changed = True
                await pace.breathe()
        finally:
            self.left = 0
        if changed:
            self._feed.reread()

    async def _stretch(self) -> int:
        """Judge the next messages again, and return how many; 0 when there are no more."""
        index, reader = self._stores.index, self._reader
        revision = reader.revision
        stale = await index.stale(revision, self._before, STRETCH)
        if not stale:
            self.left = 0
            self._feed.touch()
            return 0
        if self._before is None:
            self.left = (await index.counts()).received
        ids = [line.id for line in stale]
        found = await index.findings(ids)
        revisions: list[Revision] = []
        for message in await reader.load(self._stores, stale):
            own = await reader.inspected(message)
            whole = reader.whole(message, own, found.get(message.id, ()))
            revisions.append(Revision(message.id, judged_of(whole, message.marks, own, revision)))
        if revisions:
            await index.revise(revisions)
        self._before = ids[0]
        self.left = max(0, self.left - len(stale))
        self._feed.touch()
        return len(stale)
