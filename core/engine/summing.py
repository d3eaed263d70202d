"""The summary of the journal: of all messages from the totals in the index, or of those that match a filter.

The totals are kept as messages are indexed, delivered and judged again, so that they are only read here. What
matches a filter is counted line by line, newest first, in the background and only while somebody asks. What
has come since is added; once lines that were counted have changed, all are counted again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from ..aggregates.counts import (
    MOST_EVENTS,
    NEWEST,
    coverage_of,
    overview_of,
    step_of,
    with_modes,
    with_sources,
)
from ..aggregates.model import Overview
from ..index.receipts import ReceiptReader
from ..messages import RAW_TYPE
from ..modes import Mode
from ..query import parse
from ..sources.bounds import Bounds
from ..stores.base import Condition, Counts, Stores
from ..stores.tallies import LineCounts
from ..verdict import Severity
from .leased import Kept, Leased
from .search import Search

LINES = 2_000
"""Lines that are looked at together."""
PAUSE = 4
"""Counting all lines again begins at the earliest after this many times as long as it took before."""
MOST_FILTERS = 4
"""Filters whose counts are kept."""


class Summing:
    """Answers with summaries. Call it from the engine's loop.

    `waiting` returns how many messages were received and are not in the index yet.
    """

    def __init__(
        self,
        stores: Stores,
        reader: ReceiptReader,
        bounds: Callable[[], Bounds],
        waiting: Callable[[], int] = lambda: 0,
    ) -> None:
        self._stores = stores
        self._reader = reader
        self._bounds = bounds
        self._waiting = waiting
        self._read: tuple[Counts, Overview] | None = None
        """The last answer about all messages, and the totals that it was made at."""
        self._matching = Kept[str, _Matching](MOST_FILTERS)
        """By filter."""

    async def overview(self, filter: str = "") -> Overview:
        """Return the summary of all messages, or of those that match. Raises JournalError, FilterFault."""
        query = parse(filter)
        if query.node is None:
            return await self._all()
        bounds = self._bounds()
        return await self.of(filter, Search(self._stores, self._reader, query, bounds).condition)

    def reset(self) -> None:
        """Forget what was counted: the journal was cleared, or the settings changed."""
        self._matching.reset()
        self._read = None

    async def close(self) -> None:
        """Stop counting."""
        await self._matching.close()
        self._read = None

    async def _all(self) -> Overview:
        counts = await self._stores.index.counts()
        if self._read is None or self._read[0] is not counts:
            tallies = await self._stores.index.tallies(step_of, MOST_EVENTS, NEWEST)
            unjudged = max(0, counts.received - counts.judged - tallies.missing)
            behind = tallies.missing + unjudged
            covered = coverage_of(tallies, behind=behind, unjudged=unjudged)
            self._read = counts, await self._named(overview_of(tallies, covered))
        return _with(self._read[1], self._waiting())

    async def of(self, key: str, condition: Callable[[], Condition]) -> Overview:
        """Return the summary of the messages that fulfil a condition; `key` names it from now on."""
        found = self._matching.get(key, lambda: _Matching(self._stores, condition))
        return _with(await self._named(await found.overview()), self._waiting())

    async def _named(self, overview: Overview) -> Overview:
        """Add the names of sources, and the modes of the events.

        Of a record of Mixpanel's own SDKs the newest one tells the mode.
        """
        raw: dict[str, Mode] = {}
        for event in overview.events:
            if event.type == RAW_TYPE and event.newest:
                line = await self._stores.index.summary(event.newest[0])
                if line is not None:
                    raw[event.name] = line.mode
        counts = {one.source: one.messages for one in overview.sources}
        return with_sources(with_modes(overview, raw), self._reader.sets.by_name(counts))


def _with(overview: Overview, waiting: int) -> Overview:
    """Return the summary with so many more messages to be read."""
    if not waiting:
        return overview
    covered = overview.covered
    more = msgspec.structs.replace(covered, behind=covered.behind + waiting)
    return msgspec.structs.replace(overview, covered=more)


class _Counted:
    """What was counted of the lines with ids `first` to `last`.

    `changes` is the index's number at the beginning.
    """

    def __init__(self, changes: int) -> None:
        self.changes = changes
        self.lines = LineCounts(step_of, NEWEST)
        self.severities: Mapping[str, Severity] = {}
        self.looked = 0
        self.first = self.last = 0
        self.whole = False
        """True once it goes down to the oldest line."""


class _Matching:
    """Counts the messages that fulfil one condition, while somebody asks."""

    def __init__(self, stores: Stores, condition: Callable[[], Condition]) -> None:
        self._stores = stores
        self._condition = condition
        self._counted = _Counted(stores.index.changes)
        self._making: _Counted | None = None
        """Replacement under construction; swapped in once it is whole."""
        self._again_at = 0.0
        self.work = Leased("segtap-summary", "counting what matches a filter", self._count)

    async def overview(self) -> Overview:
        """Return the summary, with all that the journal lists now or as much as can be counted in `WAIT`."""
        await self.work.ask()
        counts = await self._stores.index.counts()
        known, making = self._counted, self._making
        left = max(0, counts.received + counts.refused - (known if making is None else making).looked)
        tallies = known.lines.tallies(known.severities, MOST_EVENTS)
        # Counted again soon, even if no line is missing.
        stale = known.changes != self._stores.index.changes
        return overview_of(tallies, coverage_of(tallies, behind=max(int(stale), left), looked=known.looked))

    async def _count(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        changes = self._stores.index.changes
        if self._counted.whole and self._counted.changes != changes:
            if began < self._again_at:
                return
            self._making = self._making or _Counted(changes)
        counting = self._making or self._counted
        while await self._stretch(counting):
            if not self.work.wanted:
                return
        if self._making is not None:
            self._counted, self._making = self._making, None
        self._again_at = loop.time() + PAUSE * (loop.time() - began)

    async def _stretch(self, counting: _Counted) -> bool:
        """Count the next lines, the newest first; return False when all are counted."""
        condition, index = self._condition(), self._stores.index
        if counting.last:
            found = await index.stretch(condition, after=counting.last, limit=LINES)
            if not found.looked and not counting.whole:
                found = await index.stretch(condition, before=counting.first, limit=LINES)
                counting.whole = not found.looked
        else:
            found = await index.stretch(condition, limit=LINES)
            counting.whole = not found.looked
        if not found.looked:
            return False
        counting.severities = found.severities
        for line in found.lines:
            counting.lines.add(line)
        counting.looked += found.looked
        counting.first = min(counting.first or found.first, found.first)
        counting.last = max(counting.last, found.last)
        await asyncio.sleep(0)
        return True
