"""The three stores in memory: for tests, and for engines that keep nothing.

Positions are given out with gaps between them, so that code that counts on dense ones fails early.

This module is over 350 lines, for it has all three stores.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import msgspec

from ..api.models import Page, Summary
from ..delivery import (
    OWED_STATES,
    Delivery,
    DeliveryCounts,
    DeliveryState,
    Owed,
    RouteStanding,
    refused_receipts,
)
from ..errors import JournalFull
from ..messages import Marks, Receipt, seq_of
from ..verdict import Finding
from .base import (
    MOST_TRIED,
    SMALL_REQUEST,
    START,
    Condition,
    CountedField,
    Counts,
    Cursor,
    Drop,
    Entry,
    Found,
    Judged,
    Outbox,
    Revision,
    Snapshot,
    Summed,
)
from .memory_requests import MemoryDebts, MemoryRequests
from .memory_routed import MemoryRouteOutbox, standing_counts, with_marks
from .memory_totals import line_of, severities_of, values_of
from .tallies import StepOf, Stretch, Tallies, tallies_of
from .unshared import UnsharedOutbox

MEMORY = "memory:"
"""The path that stands for stores in memory."""
STEP = 3
"""From one position to the next."""
_READ_BYTES = 2 * 1024 * 1024
"""`read` stops after so many bytes of bodies."""


@dataclass
class Memory:
    """What the three stores share."""

    max_bytes: int
    max_age: int = 0
    """Milliseconds after which receipts go that are not owed; 0: none for its age."""
    receipts: dict[Cursor, Receipt] = field(default_factory=dict[Cursor, Receipt])
    entries: dict[int, Entry] = field(default_factory=dict[int, Entry])
    attempts: dict[int, list[Delivery]] = field(default_factory=dict[int, list[Delivery]])
    owing: set[int] = field(default_factory=set[int])
    """Messages that are owed whatever their state."""
    along: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    """Messages that are owed along a route whatever their state there."""
    debts: MemoryDebts = field(default_factory=MemoryDebts)
    position: Cursor = START
    last: Cursor = START
    bytes: int = 0
    settings: str = ""
    snapshot: tuple[Snapshot, list[bytes]] | None = None
    changes: int = 0
    """Grows when entries change or go."""

    def owed(self, entry: Entry) -> bool:
        """Return whether something of the message is still to be sent."""
        return entry.summary.delivery in OWED_STATES or entry.summary.id in self.owing

    def make_room(self, incoming: int) -> None:
        """Delete the oldest receipts that are indexed and not owed until `incoming` more bytes fit."""
        if self.bytes + incoming <= self.max_bytes:
            return
        needed = {seq_of(entry.summary.id) for entry in self.entries.values() if self.owed(entry)}
        needed |= self.debts.needed()
        for seq in [seq for seq in self.receipts if seq <= self.position and seq not in needed]:
            self.delete(seq)
            if self.bytes + incoming <= self.max_bytes:
                return
        raise JournalFull("The journal in memory has reached its limit. Raise max_bytes under [journal].")

    def expire(self, now: int) -> None:
        """Delete the receipts that are indexed, not owed and too old at this time (ms)."""
        old = [seq for seq, one in self.receipts.items() if one.received_at < now - self.max_age]
        if self.max_age and old:
            needed = {seq_of(entry.summary.id) for entry in self.entries.values() if self.owed(entry)}
            for seq in old:
                if seq <= self.position and seq not in needed:
                    self.delete(seq)

    def delete(self, seq: Cursor) -> None:
        """Delete a receipt with its messages and their attempts."""
        self.bytes -= len(self.receipts.pop(seq).body)
        self.changes += 1
        self.debts.forget(seq)
        for id in [id for id in self.entries if seq_of(id) == seq]:
            del self.entries[id]
            self.attempts.pop(id, None)
            self.owing.discard(id)

    def lines(self, after: int = 0) -> Iterator[Entry]:
        """Yield the entries above an id, oldest first."""
        return (self.entries[id] for id in sorted(self.entries) if id > after)


class MemoryReceipts:
    """`ReceiptLog` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._receive: Callable[[Sequence[Receipt]], None] = lambda _: None
        self._refused = 0
        """Bytes of the last receipt, if there was no room for it."""

    async def append(self, receipt: Receipt) -> Cursor:
        """Keep a receipt and return its position."""
        memory = self._memory
        memory.expire(time.time_ns() // 1_000_000)
        self._refused = len(receipt.body)
        memory.make_room(self._refused)
        self._refused = 0
        memory.last += STEP
        kept = msgspec.structs.replace(receipt, seq=memory.last)
        memory.receipts[kept.seq] = kept
        memory.bytes += len(kept.body)
        memory.debts.owe(kept.routes, kept.seq)
        self._receive((kept,))
        return kept.seq

    async def check(self) -> None:
        """Raise JournalFull if nothing fits any more, or what was refused still does not."""
        self._memory.make_room(max(SMALL_REQUEST, min(self._refused, MOST_TRIED)))
        self._refused = 0

    def follow(self, receive: Callable[[Sequence[Receipt]], None]) -> None:
        """Call `receive` with each receipt appended from now on."""
        self._receive = receive

    def watch(self, report: Callable[[str], None]) -> None:
        """Do nothing: memory is not damaged by others."""

    async def read(self, after: Cursor = START, limit: int = 256) -> list[Receipt]:
        """Return receipts after a position, oldest first; fewer than `limit` when they are large."""
        found: list[Receipt] = []
        size = 0
        for seq, receipt in self._memory.receipts.items():
            if seq > after:
                found.append(receipt)
                size += len(receipt.body)
                if len(found) >= limit or size >= _READ_BYTES:
                    break
        return found

    async def get(self, seq: Cursor) -> Receipt | None:
        """Return the receipt at this position."""
        return self._memory.receipts.get(seq)


class MemoryIndex:
    """`Index` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @property
    def position(self) -> Cursor:
        """The last receipt whose messages are in the index."""
        return self._memory.position

    async def add(self, entries: Sequence[Entry], upto: Cursor) -> None:
        """Store the entries of all receipts up to and including `upto`."""
        memory = self._memory
        if upto > memory.last or any(seq_of(entry.summary.id) > upto for entry in entries):
            raise ValueError(
                f"messages above receipt {upto}, or receipt {upto} above the last, {memory.last}"
            )
        memory.entries.update(
            (entry.summary.id, entry) for entry in entries if seq_of(entry.summary.id) > memory.position
        )
        memory.position = max(memory.position, upto)

    async def seen(self, message_ids: Sequence[str], since: int) -> set[str]:
        """Return those of the messageIds that a message received at or after `since` has."""
        lines = (entry.summary for entry in self._memory.entries.values())
        return set(message_ids) & {line.message_id for line in lines if line.received_at >= since} - {""}

    async def summary(self, id: int) -> Summary | None:
        """Return one line of the list."""
        entry = self._memory.entries.get(id)
        return entry.summary if entry else None

    async def replays(self, message_id: str, after: int, limit: int = 20) -> list[Summary]:
        """Return the newest replays with that messageId and an id above `after`, oldest first."""
        lines = (entry.summary for entry in self._memory.lines(after))
        found = [
            line
            for line in lines
            if message_id and line.message_id == message_id and line.marks & Marks.REPLAY
        ]
        return found[-limit:]

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        condition: Condition | None = None,
    ) -> Page:
        """Return a stretch of the list, see `ReadableIndex.page`."""
        if condition is not None and condition.late is not None:
            return self._in_time(before, after, limit, condition, condition.late)
        found = [
            entry.summary
            for entry in self._memory.lines(after or 0)
            if (before is None or entry.summary.id < before) and self._fulfils(condition, entry)
        ]
        kept = found[:limit] if after is not None else found[-limit:]
        return Page(summaries=tuple(kept), more=len(found) > len(kept))

    def _in_time(
        self,
        before: int | None,
        after: int | None,
        limit: int,
        condition: Condition,
        late: Callable[[], bool],
    ) -> Page:
        """Return the lines next to an id that fulfil a condition, as many as are found in time."""
        found: list[Summary] = []
        more, searched_to = False, 0
        lines = list(self._memory.lines(after or 0))
        for entry in lines if after is not None else reversed(lines):
            id = entry.summary.id
            if before is not None and id >= before:
                continue
            if self._fulfils(condition, entry):
                if more := len(found) == limit:
                    break
                found.append(entry.summary)
            if more := late():
                searched_to = id
                break
        return Page(
            summaries=tuple(found if after is not None else reversed(found)),
            more=more,
            searched_to=searched_to,
        )

    async def findings(self, ids: Sequence[int]) -> dict[int, tuple[Finding, ...]]:
        """Return what the rules on the stream found in these messages."""
        entries = {id: self._memory.entries[id] for id in ids if id in self._memory.entries}
        return {id: entry.findings for id, entry in entries.items() if entry.findings}

    async def verdicts(self, ids: Sequence[int]) -> dict[int, Judged]:
        """Return `revision` and `verdict` of these messages."""
        entries = {id: self._memory.entries[id] for id in ids if id in self._memory.entries}
        return {id: entry.judged for id, entry in entries.items() if entry.judged.revision}

    async def stale(self, revision: str, before: int | None = None, limit: int = 200) -> list[Summary]:
        """Return the newest messages below an id whose verdict has another revision."""
        found = [
            entry.summary
            for entry in self._memory.lines(0)
            if entry.judged.revision != revision
            and not entry.summary.refused
            and (before is None or entry.summary.id < before)
        ]
        return found[-limit:]

    def _fulfils(self, condition: Condition | None, entry: Entry) -> bool:
        if condition is None or condition.matches is None:
            return True
        receipt = self._memory.receipts.get(seq_of(entry.summary.id))
        return condition.matches(Found(entry, True, lambda: receipt, lambda: entry.text))

    async def revise(self, revisions: Sequence[Revision]) -> None:
        """Store what messages are judged to be now."""
        self._memory.changes += 1
        for one in revisions:
            if entry := self._memory.entries.get(one.id):
                line = msgspec.structs.replace(
                    entry.summary,
                    errors=one.judged.errors,
                    warnings=one.judged.warnings,
                    delivery=entry.summary.delivery if one.delivery is None else one.delivery,
                    marks=entry.summary.marks if one.marks is None else one.marks,
                )
                self._memory.entries[one.id] = msgspec.structs.replace(
                    entry,
                    summary=line,
                    judged=one.judged,
                    standings=with_marks(entry.standings, one.standings),
                )
                if one.delivery is not None:
                    self._memory.owing.discard(one.id)

    @property
    def unfilled(self) -> tuple[Cursor, Cursor]:
        """No messages lack anything: memory holds none of an earlier version."""
        return START, START

    async def fill(self, entries: Sequence[Entry], upto: Cursor) -> None:
        """Do nothing, see `unfilled`."""

    @property
    def changes(self) -> int:
        """A number that grows when lines that are in the index change or go."""
        return self._memory.changes

    async def counts(self) -> Counts:
        """Return the totals."""
        lines = [entry.summary for entry in self._memory.entries.values()]
        messages = [line for line in lines if not line.refused]

        def standing(state: DeliveryState) -> int:
            return sum(line.delivery == state for line in messages)

        return Counts(
            received=len(messages),
            refused=len(lines) - len(messages),
            deliveries=DeliveryCounts(**{state: standing(state) for state in DeliveryState}),
            teed=sum(bool(line.marks & Marks.TEED) for line in messages),
            errors=sum(bool(line.errors) for line in lines),
            warnings=sum(bool(line.warnings and not line.errors) for line in lines),
            judged=sum(
                entry.judged.sent is not None and not entry.summary.refused
                for entry in self._memory.entries.values()
            ),
        )

    async def tallies(self, step_of: StepOf, events: int, newest: int) -> Tallies:
        """Return all messages in numbers."""
        entries = list(self._memory.lines())
        return tallies_of(map(line_of, entries), severities_of(entries), step_of, events, newest)

    async def values(self, field: CountedField) -> dict[str, int]:
        """Return how many messages have each value of a field."""
        return values_of(self._memory.lines(), field)

    async def stretch(
        self,
        condition: Condition,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 1_000,
    ) -> Stretch:
        """Return what is counted of the lines that fulfil a condition, see `Index.stretch`."""
        entries = [
            entry for entry in self._memory.lines(after or 0) if before is None or entry.summary.id < before
        ]
        some = entries[-limit:] if after is None else entries[:limit]
        if not some:
            return Stretch()
        return Stretch(
            lines=tuple(line_of(entry) for entry in some if self._fulfils(condition, entry)),
            severities=severities_of(self._memory.lines()),
            looked=len(some),
            first=some[0].summary.id,
            last=some[-1].summary.id,
        )

    async def snapshot(self) -> tuple[Snapshot, list[bytes]] | None:
        """Return what was last kept with `keep_snapshot`."""
        return self._memory.snapshot

    async def keep_snapshot(self, snapshot: Snapshot, parts: Sequence[bytes]) -> None:
        """Keep parts in place of earlier ones."""
        self._memory.snapshot = snapshot, list(parts)

    async def newest(self, rules: Collection[str]) -> dict[tuple[str, str], int]:
        """Return the newest message for each of these rules and each type."""
        return {
            (rule, entry.summary.type): entry.summary.id
            for entry in self._memory.lines()
            for rule in entry.judged.rules
            if rule in rules
        }

    async def standings(self, ids: Sequence[int]) -> dict[int, tuple[RouteStanding, ...]]:
        """Return how these messages stand on each of their routes, without those that have none."""
        entries = {id: self._memory.entries[id] for id in ids if id in self._memory.entries}
        return {id: entry.standings for id, entry in entries.items() if entry.standings}

    async def standing_counts(self) -> dict[str, DeliveryCounts]:
        """Return how many messages stand where on each route that has any."""
        return standing_counts(self._memory.entries.values())

    async def settings(self) -> str:
        """Return the settings that were last kept."""
        return self._memory.settings

    async def keep_settings(self, text: str) -> None:
        """Keep the settings in force."""
        self._memory.settings = text


class MemoryOutbox(UnsharedOutbox):
    """`Outbox` in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def owed(self, after: int = 0, limit: int = 1000) -> list[Owed]:
        """Return messages to be sent, oldest first, with an id above `after`; held ones are left out."""
        owed = (entry.summary for entry in self._memory.lines(after) if self._memory.owed(entry))
        found = (line for line in owed if line.delivery is not DeliveryState.HELD)
        return [Owed(line.id, line.marks, line.delivery, line.received_at) for line in islice(found, limit)]

    async def record(
        self,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
    ) -> None:
        """Keep attempts and the new states of their messages."""
        memory = self._memory
        memory.changes += bool(states)
        for delivery in deliveries:
            if delivery.message in memory.entries:
                memory.attempts.setdefault(delivery.message, []).append(delivery)
        for seq in refused_receipts(d for d in deliveries if d.message in memory.entries):
            memory.debts.owe(memory.debts.refusals_to, seq)
        for id, state in states:
            if entry := memory.entries.get(id):
                line = msgspec.structs.replace(entry.summary, delivery=state)
                memory.entries[id] = msgspec.structs.replace(entry, summary=line)
                if id in owing:
                    memory.owing.add(id)
                else:
                    memory.owing.discard(id)

    def along(self, route: str, *, rest: bool, summed: Summed) -> Outbox:
        """Return what is owed along one of several routes to Mixpanel, and what became of it there."""
        return MemoryRouteOutbox(self, self._memory.entries, self._memory.along, route, rest, summed)

    async def deliveries_of(self, ids: Sequence[int]) -> dict[int, list[Delivery]]:
        """Return all attempts for each of these messages, oldest first; those without any are left out."""
        return {id: list(found) for id in ids if (found := self._memory.attempts.get(id))}

    async def deliveries(self, id: int) -> list[Delivery]:
        """Return all attempts for one message, oldest first."""
        return list(self._memory.attempts.get(id, ()))


class MemoryStores:
    """`Stores` in memory. `memory` holds what they keep."""

    ephemeral = True
    shared = False
    path = MEMORY

    def __init__(self, max_bytes: int = 1 << 30, max_age: int = 0) -> None:
        self.memory = Memory(max_bytes, max_age)
        self.receipts = MemoryReceipts(self.memory)
        self.index = MemoryIndex(self.memory)
        self.outbox = MemoryOutbox(self.memory)
        self.requests = MemoryRequests(self.memory.debts, self.memory.receipts.keys())

    def size(self) -> int:
        """Return how many bytes the bodies of the receipts have."""
        return self.memory.bytes

    def watch_clear(self, cleared: Callable[[Drop], Awaitable[None]]) -> None:
        """Do nothing: no other engine clears it."""

    def announce(self, url: str) -> None:
        """Do nothing: no other engine can want the same memory."""

    async def clear(self) -> None:
        """Delete all receipts, messages, deliveries and debts."""
        memory = self.memory
        memory.debts.clear()
        for seq in list(memory.receipts):
            memory.delete(seq)
        memory.position = memory.last
        memory.snapshot = None

    async def close(self) -> None:
        """Keep what is held for as long as this object lives."""
