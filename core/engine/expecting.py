"""What tests ask of the messages since the last reset, and the waiting until it comes true.

A message counts once it is judged. Whoever waits first searches the index; new messages are then read once
for all who wait, when the feed says that there are any.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Sequence

from ..api.feed import Feed
from ..api.matches import MOST_MATCHES, MOST_NEAR, Match, Matches, Near, Unmet, why_not_sent
from ..api.models import MessageDetail
from ..api.refusal import Refusal
from ..errors import FilterFault, InputError, JournalError
from ..index.indexer import Indexer
from ..index.receipts import ReceiptReader
from ..messages import JsonObject, Receipt, message_number, seq_of
from ..pipeline.envelope import request_of
from ..pipeline.reading import read_document
from ..query import Query
from ..query.near import NearMiss, Nearness
from ..sources.bounds import Bounds
from ..stores.base import START, Condition, Cursor, Found, Stores
from .search import Search, line_candidates

MOST_WAITING = 1_000
"""Tests that may wait at the same time."""
MOST_TAKEN, TAKEN_AT_ONCE = 10_000, 256
"""Messages that one `take` returns, and requests that are read together for it."""
PATIENCE = 60.0
"""Seconds that what was received has to be judged in, after the time of a test is over."""
PAUSE = 0.01
"""Seconds between two readings of new messages, so that one reading has more of them."""
LOOKED, LOOKED_IF_MET = 2_000, 200
"""The newest messages among which those that almost match are sought."""


class _Seat:
    """One test that waits: what it has found up to `reached`, None while it still has to search."""

    def __init__(self, query: Query, after: int) -> None:
        self.query = query
        self.after = after
        self.volatile = query.asks("delivery") or query.asks("is")
        self.requests = query.asks("is")
        self.ids: array[int] = array("q")
        self.reached: int | None = None
        self.changes: tuple[int, int] = (0, 0)
        self.fault: Exception | None = None
        self.news = asyncio.Event()

    def takes(self, found: Found) -> bool:
        """Return True if this test looks at a line: refused requests are no messages."""
        return self.requests or not found.entry.summary.refused


class Expecting:
    """Answers tests. Call it from the engine's loop."""

    def __init__(
        self,
        stores: Stores,
        reader: ReceiptReader,
        bounds: Callable[[], Bounds],
        indexer: Indexer,
        feed: Feed,
    ) -> None:
        self._stores = stores
        self._reader = reader
        self._bounds = bounds
        self._indexer = indexer
        self._feed = feed
        self._after = 0
        """Messages with a higher id are since the last reset."""
        self._appended: Cursor = START
        self._seats: set[_Seat] = set()
        self._voided = 0
        self._stirred = asyncio.Event()
        self._pulse = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        feed.listen(self._published)

    def appended(self, receipts: Sequence[Receipt]) -> None:
        """Take note of what was appended to the log, see `ReceiptLog.follow`."""
        self._appended = receipts[-1].seq

    async def reset(self) -> Matches:
        """Let tests see only what is received from now on. Tests that wait keep what they see."""
        self._after = message_number(await self._last() + 1, 0) - 1
        return Matches((), ())

    async def take(self) -> list[JsonObject]:
        """Return the messages since the last reset as they were received, and move the reset behind them.

        They are 10,000 at most, and those of one request more; the next call has the rest.
        """
        last, taken = await self._last(), list[JsonObject]()
        after = seq_of(self._after)
        while after < last and len(taken) < MOST_TAKEN:
            receipts = await self._stores.receipts.read(after, TAKEN_AT_ONCE)
            for receipt in receipts:
                if len(taken) >= MOST_TAKEN:
                    break
                after = receipt.seq
                read = "" if receipt.refused is not None else await self._reader.read(receipt)
                if not isinstance(read, str):
                    taken += [read_document(one.original) for one in read if not one.unread]
            if not receipts:
                after = last
            await asyncio.sleep(0)
        self._after = max(self._after, message_number(after + 1, 0) - 1)
        return taken

    async def messages(self, filter: str) -> Matches:
        """Return the messages received so far that match, once they are judged. Raises FilterFault."""
        seat = _Seat(self._reader.sets.query(filter), self._after)
        await self._judged(await self._last())
        await self._search(seat)
        return await self._answer(seat, met=True)

    async def wait(self, filter: str, count: int, exact: bool, within: float) -> Matches:
        """Wait until at least `count` messages match; with `exact`, exactly so many when the time is over.

        Raises Unmet if that does not come true `within` so many seconds, FilterFault.
        """
        if len(self._seats) >= MOST_WAITING:
            raise Refusal(503, "Too many wait", f"{MOST_WAITING} tests wait already.")
        ends = asyncio.get_running_loop().time() + within
        seat = _Seat(self._reader.sets.query(filter), self._after)
        self._seats.add(seat)
        try:
            decided = await self._decided(seat, count, exact, ends)
        finally:
            self._seats.discard(seat)
        if not decided:
            last = await self._last()
            await self._judged(last)
            await self._search(seat)
            seat.ids = array("q", [id for id in seat.ids if seq_of(id) <= last])
        met = len(seat.ids) == count if exact else len(seat.ids) >= count
        matches = await self._answer(seat, met=met)
        if not met:
            raise Unmet(matches)
        return matches

    async def _decided(self, seat: _Seat, count: int, exact: bool, ends: float) -> bool:
        """Wait until more time cannot change the outcome (True), or until the time is over (False)."""
        while True:
            self._check_open()
            seat.news.clear()
            if asyncio.get_running_loop().time() >= ends:
                return False
            if seat.reached is None or seat.changes != self._changes(seat):
                await self._search(seat)
            if seat.fault is not None:
                raise seat.fault
            found = len(seat.ids)
            if (not exact and found >= count) or (exact and found > count and not seat.volatile):
                return True
            self._read_on()
            try:
                async with asyncio.timeout_at(ends):
                    await seat.news.wait()
            except TimeoutError:
                return False

    async def _search(self, seat: _Seat) -> None:
        """Find what matches so far, for one test alone: from where it is, or from its start."""
        changes, reached = self._changes(seat), self._upto()
        if seat.reached is None or seat.changes != changes:
            seat.reached, seat.ids = None, array("q")
        begin = seat.after if seat.reached is None else seat.reached
        search = Search(self._stores, self._reader, seat.query, self._bounds())
        found = seat.ids[:]
        async for lines in search.matches(after=begin):
            found.extend(
                line.id for line in lines if line.id <= reached and (seat.requests or not line.refused)
            )
        seat.ids, seat.reached, seat.changes = found, reached, changes

    # -- new messages, for all who wait

    def _read_on(self) -> None:
        self._stirred.set()
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_new(), name="segtap-expecting")

    async def _read_new(self) -> None:
        """Read new messages for as long as somebody waits."""
        while self._seats:
            await self._stirred.wait()
            self._stirred.clear()
            try:
                await self._read_once()
            except JournalError as error:
                for seat in self._seats:
                    seat.fault = error
            for seat in self._seats:
                if seat.fault is not None or self._feed.closed or seat.changes != self._changes(seat):
                    seat.news.set()
            await asyncio.sleep(PAUSE)

    async def _read_once(self) -> None:
        upto = self._upto()
        places = {
            seat: seat.reached for seat in self._seats if seat.reached is not None and seat.reached < upto
        }
        if not places:
            return
        found: dict[_Seat, list[int]] = {seat: [] for seat in places}
        candidate_of = line_candidates(self._reader)

        def look(line: Found) -> bool:
            id, candidate = line.entry.summary.id, candidate_of(line)
            if id <= upto:
                for seat, reached in places.items():
                    if id > reached and seat.fault is None and seat.takes(line):
                        try:
                            if seat.query.matches(candidate):
                                found[seat].append(id)
                        except FilterFault as fault:
                            seat.fault = fault
            return False

        await self._stores.index.page(after=min(places.values()), limit=1, condition=Condition(matches=look))
        for seat, reached in places.items():
            # One that has searched meanwhile has found the same by itself.
            if seat in self._seats and seat.reached == reached:
                seat.ids.extend(sorted(found[seat]))
                seat.reached = upto
                if found[seat]:
                    seat.news.set()

    def _published(self, void: bool) -> None:
        self._voided += void
        self._stirred.set()
        self._pulse.set()
        self._pulse = asyncio.Event()

    def _changes(self, seat: _Seat) -> tuple[int, int]:
        """Return what differs once lines that a test has looked at may be others."""
        return self._voided, self._stores.index.changes if seat.volatile else 0

    def _upto(self) -> int:
        """Return the highest id that a message in the index can have."""
        return message_number(self._stores.index.position + 1, 0) - 1

    async def _last(self) -> Cursor:
        """Return the position of the last receipt."""
        if self._appended == START:
            # Nothing since the start; an earlier run may have left what is not in the index yet.
            await self._indexer.idle()
        return max(self._appended, self._stores.index.position)

    async def _judged(self, last: Cursor) -> None:
        """Wait until the messages of all receipts up to `last` are judged. Raises JournalError."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self._stores.index.position < last:
                    self._check_open()
                    await self._pulse.wait()
        except TimeoutError:
            raise JournalError(
                f"What was received is still to be judged after {PATIENCE:g} s. Ask again later."
            ) from None

    def _check_open(self) -> None:
        if self._feed.closed:
            raise Refusal(503, "The engine stops", "The engine stops. Start it again, and ask then.")

    # -- answers

    async def _answer(self, seat: _Seat, *, met: bool) -> Matches:
        matches: list[Match] = []
        for id in seat.ids[:MOST_MATCHES]:
            try:
                matches.append(match_of(await self._reader.detail(self._stores, id)))
            except InputError:
                continue  # it made room for newer ones meanwhile
        near = await self._near(seat, LOOKED_IF_MET if met else LOOKED)
        return Matches(tuple(matches), near, len(seat.ids) if len(seat.ids) > MOST_MATCHES else 0)

    async def _near(self, seat: _Seat, looked: int) -> tuple[Near, ...]:
        """Return the newest messages that almost match, the closest first, then the oldest."""
        nearness, candidate_of = Nearness(seat.query), line_candidates(self._reader)
        if not nearness.conditions:
            return ()
        upto = seat.reached or 0
        found: list[tuple[float, int, str, NearMiss]] = []

        def look(line: Found) -> bool:
            summary = line.entry.summary
            if seat.after < summary.id <= upto and not summary.refused:
                miss = nearness.of(candidate_of(line))
                if miss is not None:
                    found.append((miss.failures, summary.id, summary.message_id, miss))
            return True

        try:
            await self._stores.index.page(limit=looked, condition=Condition(matches=look))
        except FilterFault:
            return ()  # an expression that takes too long here was fast enough for those that match
        closest = sorted(found, key=lambda one: one[:2])[:MOST_NEAR]
        return tuple(Near(message_id, str(miss)) for _, _, message_id, miss in closest)


def match_of(detail: MessageDetail) -> Match:
    """Return a message as tests get it."""
    return Match(
        message=read_document(detail.document) if detail.document else None,
        requests=tuple(
            request_of(one.request, show_secrets=False) for one in detail.verdict.translation.operations
        ),
        warnings=detail.verdict.findings,
        not_sent=why_not_sent(detail.verdict, detail.receipt.refused, detail.summary.marks),
        delivery=detail.summary.delivery,
    )
