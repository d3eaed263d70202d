"""The stories of a user and of an event: found in the index, the newest messages first.

A user's messages are searched for by the ids that Mixpanel has for them; a search ends when its time is up,
and goes on with the next request. An event's properties are read in the background, while somebody asks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec

from ..api.models import Coverage, Page
from ..errors import InputError
from ..identities.model import in_short
from ..identities.users import cluster_of
from ..index.pace import Pace
from ..index.receipts import ReceiptReader
from ..messages import JsonObject
from ..query import Names, names_of
from ..query.sql import CUT_AT
from ..query.wildcards import encodable
from ..stores.base import Condition, Found, Stores
from ..stores.tallies import EventKey, counted_as
from ..stories.model import EventStory, UserStory
from ..stories.properties import Properties, holder_of
from ..stories.user import Ids, ids_of, moments
from ..verdict import Severity
from . import leased
from .active import ActiveSettings
from .gathering import Gathering
from .leased import Kept, Leased
from .search import line_candidates
from .searched import searched_above
from .statuses import with_statuses
from .summing import Summing

LINES = 2_000
"""Messages of an event that are found together; of the first ones fewer, to answer soon."""
FIRST_LINES = 200
MOST_EVENTS = 4
"""Events whose properties are kept."""
GONE = "Message {} is no longer in the journal: it was cleared, or made room for newer ones."


class Stories:
    """Answers with stories. Call it from the engine's loop."""

    def __init__(
        self,
        stores: Stores,
        reader: ReceiptReader,
        active: ActiveSettings,
        gathering: Gathering,
        summing: Summing,
    ) -> None:
        self._stores = stores
        self._reader = reader
        self._active = active
        self._gathering = gathering
        self._summing = summing
        self._events = Kept[EventKey, _Reading](MOST_EVENTS)
        self._made_for: object = active.gathered

    async def user(
        self,
        id: str,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        wait: int | None = None,
    ) -> UserStory:
        """Return the messages of the user with this id: those before or after a message, or the newest.

        The search ends after `wait` milliseconds with what was found so far, see `UserStory.searched_to`.
        """
        until = None if wait is None else time.monotonic() + wait / 1000
        await self._gathering.settled(leased.WAIT if wait is None else min(leased.WAIT, wait / 1000))
        cluster = cluster_of(self._gathering.shown.users, id)
        ids = ids_of(cluster, id)
        names: dict[int, Names] = {}
        rules: dict[int, dict[str, Severity]] = {}
        condition = user_condition(self._reader, ids, names, rules)
        if until is not None:
            condition = msgspec.structs.replace(condition, late=lambda: time.monotonic() >= until)
        index = self._stores.index
        newest = (await index.page(limit=1)).summaries
        page = await index.page(before=before, after=after, limit=limit, condition=condition)
        page = await with_statuses(self._stores, page)
        read = await self._reader.documents(self._stores, [line.id for line in page.summaries])
        documents: dict[int, JsonObject] = {one.id: one.document for one in read}
        return UserStory(
            id=id,
            cluster=None if cluster is None else in_short(cluster, id),
            moments=moments(page.summaries, names, rules, documents, ids),
            more=page.more,
            reached=_reached(page, newest[0].id if newest else 0, after),
            searched_to=page.searched_to,
            searched=await searched_above(index, page.searched_to) if page.searched_to else 0,
            covered=await self._gathering.covered(),
        )

    async def event(self, type: str = "", name: str = "", message: int = 0, limit: int = 200) -> EventStory:
        """Return the messages of an event in numbers, and their properties as far as they were read.

        With `message` it is the event of that message. Raises InputError if the journal does not have it.
        """
        key = await self._event_of(message) if message else (type, name)
        if self._made_for is not self._active.gathered:
            self.reset()  # other settings, or the journal was cleared
            self._made_for = self._active.gathered
        condition = _of_event(key)
        reading = self._events.get(key, lambda: _Reading(self._stores, self._reader, key[0], condition))
        overview, _ = await asyncio.gather(
            self._summing.of(f"{key[0]}\0{key[1]}", lambda: condition), reading.work.ask()
        )
        found, behind = reading.found, 0
        if not reading.done or overview.covered.behind:
            known = await self._stores.index.values("event" if key[1] else "type")
            behind = max(1, known.get(key[1] or key[0], 0) - found.messages)
        return EventStory(
            type=key[0],
            name=key[1],
            overview=overview,
            holder=holder_of(key[0]),
            properties=found.stories(limit),
            total=found.total,
            open=found.open,
            covered=Coverage(
                messages=found.messages,
                first=found.first,
                last=found.last,
                since=found.since,
                until=found.until,
                behind=behind,
            ),
            start=found.start,
            step=found.step,
            slots=found.slots(),
        )

    async def _event_of(self, message: int) -> EventKey:
        """Return the event of a message."""
        line = await self._stores.index.summary(message)
        if line is None:
            raise InputError(GONE.format(message))
        if line.refused:
            raise InputError("A refused request is not an event.")
        read = await self._reader.documents(self._stores, [message])
        event = names_of(read[0].document, line.type).event[:CUT_AT] if read else ""
        return counted_as(line.type, line.name, event, refused=False)

    def reset(self) -> None:
        """Forget what was read."""
        self._events.reset()

    async def close(self) -> None:
        """Stop reading."""
        await self._events.close()


def user_condition(
    reader: ReceiptReader, ids: Ids, names: dict[int, Names], rules: dict[int, dict[str, Severity]]
) -> Condition:
    """Return the condition for a user's messages; it notes names and rules of those that it accepts."""
    candidate = line_candidates(reader)

    def matches(found: Found) -> bool:
        id = found.entry.summary.id
        if found.entry.summary.refused:
            return False
        own = candidate(found).names()
        if not ids.include(own) and id not in ids.joins:
            return False
        names[id] = own
        rules[id] = dict(found.entry.judged.rules)
        return True

    chosen = "IN (SELECT value FROM json_each(?))"
    return Condition(
        f"user_id {chosen} OR user_id = '' AND anonymous_id {chosen} OR id {chosen}",
        (_json(ids.users), _json(ids.anonymous), msgspec.json.encode(list(ids.joins)).decode()),
        matches,
    )


def _json(ids: frozenset[str]) -> str:
    """Return ids as a JSON array, each as long as the index keeps it."""
    return msgspec.json.encode([encodable(id)[:CUT_AT] for id in ids]).decode()


def _reached(page: Page, newest: int, after: int | None) -> int:
    """Return the id up to which was searched: after that one, what is newer is found."""
    if after is None:
        return max([newest, *(line.id for line in page.summaries)])
    if page.searched_to:
        return page.searched_to
    if page.more and page.summaries:
        return page.summaries[-1].id
    return max([newest, after, *(line.id for line in page.summaries)])


def _of_event(key: EventKey) -> Condition:
    """Return the condition for the messages of an event, as the summary counts them."""
    type, name = key

    def matches(found: Found) -> bool:
        line = found.entry.summary
        own = counted_as(line.type, line.name, found.entry.names.event, refused=line.refused)
        return own == key

    of_kinds, parameters = "type = ?", [type]
    if name:
        # The line may spell a name otherwise: without control characters, with fewer blanks, cut elsewhere.
        odd = f"event GLOB '*[^ -~]*' OR length(event) >= {CUT_AT}"
        of_kinds, parameters = f"type = ? AND (replace(event, ' ', '') = ? OR {odd})", [type, _solid(name)]
    return Condition(f"kind IN (SELECT id FROM kinds WHERE {of_kinds})", tuple(parameters), matches)


def _solid(name: str) -> str:
    return encodable(name.replace(" ", ""))


class _Reading:
    """Reads the properties of an event's messages, the newest first, then what has come since."""

    def __init__(self, stores: Stores, reader: ReceiptReader, type: str, condition: Condition) -> None:
        self.found = Properties(type)
        self.work = Leased("segtap-event-story", "reading the properties of an event", self._read)
        self._stores = stores
        self._reader = reader
        self._condition = condition
        self.done = False
        """True once every message was read that was there when somebody asked."""
        self._whole = False
        """True once the oldest message was read."""
        self._low: int | None = None
        self._high = 0
        """The ids between which all messages were looked at."""

    async def _read(self) -> None:
        pace = Pace()
        pace.begin()
        self.done = False
        while self.work.wanted:
            if not await self._stretch(pace):
                self.done = True
                return

    async def _stretch(self, pace: Pace) -> bool:
        """Read some more messages; return False if all were read."""
        index = self._stores.index
        condition = msgspec.structs.replace(self._condition, late=_deadline())
        newest = max((line.id for line in (await index.page(limit=1)).summaries), default=0)
        if self._low is None:
            self._whole = not newest
            if not newest:
                return False
            self._low, self._high = newest + 1, newest
        newer = await index.page(after=self._high, limit=LINES, condition=condition)
        ids = [line.id for line in newer.summaries]
        await self._add(ids, pace)
        self._high = max(self._high, newer.searched_to, *ids, 0 if newer.more else newest)
        if ids or newer.more:
            return True
        if self._whole:
            return False
        limit = LINES if self.found.messages else FIRST_LINES
        older = await index.page(before=self._low, limit=limit, condition=condition)
        ids = [line.id for line in older.summaries]
        await self._add(ids[::-1], pace)
        self._low = min(self._low, *ids, older.searched_to or self._low)
        self._whole = not older.more
        return True

    async def _add(self, ids: list[int], pace: Pace) -> None:
        """Add the messages with these ids, in this order."""
        read = {
            message.id: message
            async for messages in self._reader.by_receipt(self._stores, ids)
            for message in messages
        }
        for id in ids:
            if (message := read.get(id)) is not None:
                self.found.add(id, message.received_at, message.document)
                await pace.breathe()


def _deadline() -> Callable[[], bool]:
    """Return what says that a search has taken long enough for the progress to be shown."""
    until = time.monotonic() + leased.WAIT / 2
    return lambda: time.monotonic() >= until
