"""Users and groups of the messages that match a filter: found in the background, while somebody asks.

Which ids are one user's is a matter of all messages, so a filter chooses among the users of the journal:
those of whom a message matches. For groups, the events that match are counted; the group and identify calls
of all messages are read with them, since they tell who is in a group.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from ..aggregates.gathered import Gathered
from ..api.models import Coverage, Summary
from ..index.pace import Pace
from ..index.receipts import ReceiptReader
from ..query import Names, parse
from ..settings import Settings
from ..sources.bounds import bounds_of
from ..stores.base import Condition, Found, Stores
from .active import ActiveSettings
from .gathering import add
from .leased import Kept, Leased
from .search import Search

LINES = 1_000
"""Lines that are looked at together."""
MOST = 4
"""Filters of which what was found is kept."""
CALLS = "type:group,identify"
"""Messages that tell who is in a group, and which profiles carry its key."""


class Matching:
    """The messages that match one filter, read from the oldest on.

    `ids` counts them by userId and anonymousId. With `groups`, their traffic is gathered there.
    """

    def __init__(
        self,
        stores: Stores,
        reader: ReceiptReader,
        settings: Settings,
        filter: str,
        groups: Gathered | None = None,
    ) -> None:
        self.ids: Counter[str] = Counter()
        self.groups = groups
        self.changes = stores.index.changes
        self.work = Leased("segtap-narrowed", "reading what matches a filter", self._read)
        self._stores = stores
        self._reader = reader
        bounds = bounds_of(settings.ingest)
        self._search = Search(stores, reader, parse(filter), bounds)
        self._wider = None
        if groups is not None:
            self._wider = Search(stores, reader, parse(f"({filter}) or {CALLS}"), bounds)
        self._covered = Coverage()

    async def covered(self) -> Coverage:
        """Return which messages match, of all that the journal lists or that can be read in `WAIT`."""
        await self.work.ask()
        counts = await self._stores.index.counts()
        behind = counts.received + counts.refused - self._covered.looked
        return msgspec.structs.replace(self._covered, behind=max(0, behind))

    async def _read(self) -> None:
        pace = Pace()
        pace.begin()
        while self.work.wanted and await self._stretch(pace):
            pass

    async def _stretch(self, pace: Pace) -> bool:
        """Read the next lines; return False if there are no more."""
        found: list[tuple[Summary, Names]] = []
        calls: list[Summary] = []
        condition = self._condition(found, calls)
        stretch = await self._stores.index.stretch(condition, after=self._covered.last, limit=LINES)
        if not stretch.looked:
            return False
        if self.groups is not None:
            lines = sorted([*calls, *(line for line, _ in found)], key=lambda one: one.id)
            async for messages in self._reader.loading(self._stores, lines):
                for message in messages:
                    add(self.groups, message, await self._reader.translated(message))
                    await pace.breathe()
        for line, names in found:
            self.ids.update({names.user_id, names.anonymous_id} - {""})
            self._note(line)
        self._covered = msgspec.structs.replace(
            self._covered, last=stretch.last, looked=self._covered.looked + stretch.looked
        )
        await pace.breathe()
        return True

    def _condition(self, found: list[tuple[Summary, Names]], calls: list[Summary]) -> Condition:
        """Return the condition for the lines to read; it notes those that match, and calls that do not."""
        narrow = self._search.condition()
        wide = narrow if self._wider is None else self._wider.condition()

        def matches(line: Found) -> bool:
            if narrow.matches is None or narrow.matches(line):
                found.append((line.entry.summary, line.entry.names))
            elif wide is not narrow and wide.matches is not None and wide.matches(line):
                calls.append(line.entry.summary)
            return False

        return msgspec.structs.replace(wide, matches=matches)

    def _note(self, line: Summary) -> None:
        """Count a message that matches."""
        covered = self._covered
        refused = line.refused
        self._covered = msgspec.structs.replace(
            covered,
            messages=covered.messages + (not refused),
            refused=covered.refused + refused,
            first=covered.first or line.id,
            since=min(covered.since or line.received_at, line.received_at),
            until=max(covered.until, line.received_at),
        )


class Narrowing:
    """Keeps what matches the filters that were asked for last. Call it from the engine's loop."""

    def __init__(self, stores: Stores, reader: ReceiptReader, active: ActiveSettings) -> None:
        self._stores = stores
        self._reader = reader
        self._active = active
        self._kept = Kept[tuple[str, bool], Matching](MOST)
        """By filter and whether groups are gathered."""
        self._made_for: tuple[Settings, Gathered] = active.settings, active.gathered

    def matching(self, filter: str, *, groups: bool) -> Matching:
        """Return what is read for a filter. Raises FilterFault."""
        active = self._active
        before, gathered = self._made_for
        if active.settings is not before or active.gathered is not gathered:
            self.reset()  # other settings, or the journal was cleared
            self._made_for = active.settings, active.gathered

        def make() -> Matching:
            gathering = active.new_gathered() if groups else None
            return Matching(self._stores, self._reader, active.settings, filter, gathering)

        return self._kept.get((filter, groups), make, self._is_old)

    def _is_old(self, found: Matching) -> bool:
        """Return True if lines have changed since, and nobody has looked at it for a while."""
        return not found.work.wanted and found.changes != self._stores.index.changes

    def reset(self) -> None:
        """Forget what was found."""
        self._kept.reset()

    async def close(self) -> None:
        """Stop reading."""
        await self._kept.close()
