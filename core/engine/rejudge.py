"""Verdicts that other settings, or another segtap, made: judged again in the background, newest first."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence

from ..api.feed import Feed
from ..api.models import Summary
from ..checks import called
from ..index.backlog import Backlog, pieces_of
from ..index.pace import Pace
from ..index.pieces import JudgedReceipt
from ..index.receipts import ReceiptReader
from ..index.summaries import judged_of, with_found
from ..index.workers import BACKLOG
from ..messages import Receipt, seq_of
from ..stores.base import Revision, Stores
from ..stores.stretches import receipts_at
from ..verdict import Finding
from .supervisor import Supervisor

STRETCH = 50
"""Messages that are judged again at a time; ingest gets its turns between them."""
LONG_STRETCH = 1_000
"""Messages that are looked up at a time where there are so many that workers judge them."""
AT_ONCE = 1_000
"""The newest ones, which viewers see, are judged again before a change of settings is answered."""
LONGEST = 5.0
"""Seconds after which it is answered in any case."""


class Rejudging:
    """Judges stale messages again. `left` says how many messages are still to be looked at."""

    def __init__(
        self, stores: Stores, reader: ReceiptReader, backlog: Backlog, supervisor: Supervisor, feed: Feed
    ) -> None:
        self._stores = stores
        self._reader = reader
        self._backlog = backlog
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
        try:
            changed = await self._stretch()
            if changed:
                await self._others()
        finally:
            self.left = 0
        if changed:
            self._feed.reread()

    async def _others(self) -> None:
        """Judge again what is left, newest first; with workers, if there is much."""
        if self._reader.runs_functions or self.left < BACKLOG:
            pace = Pace()
            pace.begin()
            while await self._stretch():
                await pace.breathe()
            return
        pieces = self._pieces()
        async with contextlib.aclosing(self._backlog.judged(pieces, many=True)) as found:
            async for lines, judged in found:
                await self._revise(lines, judged)
                self._before = min(lines)
                self.left = max(0, self.left - len(lines))
                self._feed.touch()

    async def _pieces(self) -> AsyncIterator[tuple[dict[int, Summary], list[Receipt]]]:
        """Yield receipts with the stale lines of their messages, newest first."""
        before = self._before
        while stale := await self._stores.index.stale(self._reader.revision, before, LONG_STRETCH):
            before = stale[0].id
            lines: dict[int, dict[int, Summary]] = {}
            for line in stale:
                lines.setdefault(seq_of(line.id), {})[line.id] = line
            seqs = sorted(lines)
            for end in range(len(seqs), 0, -STRETCH):
                some = seqs[max(0, end - STRETCH) : end]
                receipts = [one async for one in receipts_at(self._stores.receipts, some)]
                for piece in pieces_of(receipts[::-1]):
                    yield {id: line for one in piece for id, line in lines[one.seq].items()}, piece

    async def _revise(self, lines: Mapping[int, Summary], judged: Sequence[JudgedReceipt]) -> None:
        """Store the new verdicts of these lines."""
        found = await self._stores.index.findings(list(lines))
        revisions: list[Revision] = []
        apart: list[Summary] = []
        for _, messages in judged:
            for one in () if isinstance(messages, str) else messages:
                line = lines.get(one.prepared.said.id)
                if line is None:
                    continue
                entry = self._backlog.again(one, line.marks, found.get(line.id, ()))
                if entry is None:
                    apart.append(line)
                else:
                    revisions.append(Revision(line.id, entry.judged, standings=entry.standings))
        revisions += await self._by_itself(apart)
        if revisions:
            await self._stores.index.revise(revisions)

    async def _stretch(self) -> int:
        """Judge the next messages again, and return how many; 0 when there are no more."""
        index = self._stores.index
        stale = await index.stale(self._reader.revision, self._before, STRETCH)
        if not stale:
            self.left = 0
            self._feed.touch()
            return 0
        if self._before is None:
            self.left = (await index.counts()).received
        if revisions := await self._by_itself(stale):
            await index.revise(revisions)
        self._before = stale[0].id
        self.left = max(0, self.left - len(stale))
        self._feed.touch()
        return len(stale)

    async def _by_itself(self, lines: Sequence[Summary]) -> list[Revision]:
        """Judge the messages of these lines in this process, with the marks that the lines have."""
        reader, revision = self._reader, self._reader.revision
        found = await self._stores.index.findings([line.id for line in lines])
        if reader.ways is not None:
            return await self._along_routes({line.id: line for line in lines}, found)
        revisions: list[Revision] = []
        for message in await reader.load(self._stores, lines):
            own = await reader.inspected(message)
            whole = reader.whole(message, own, found.get(message.id, ()))
            revisions.append(Revision(message.id, judged_of(whole, message.marks, own, revision)))
        return revisions

    async def _along_routes(
        self, lines: Mapping[int, Summary], found: Mapping[int, tuple[Finding, ...]]
    ) -> list[Revision]:
        """Judge messages along each of several routes to Mixpanel."""
        reader = self._reader
        revisions: list[Revision] = []
        async for receipt in receipts_at(self._stores.receipts, sorted({seq_of(id) for id in lines})):
            for message in await reader.recorded(await reader.load_from(receipt, lines)):
                entry = reader.judged(message, receipt).prepared.entry
                if own := found.get(message.id):
                    named = called(message.document)
                    entry = with_found(entry, own, reader.adjusted(named, own))
                revisions.append(Revision(message.id, entry.judged, standings=entry.standings))
        return revisions
