"""The three stores in one SQLite file: coroutines in front of the writer's thread and the readers'.

It is over 350 lines because the stores share one writer, its counts and what they answer after a commit.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path

from ...api.models import Summary
from ...delivery import Delivery, DeliveryState, Handover, Owed, OwedRequest
from ...messages import Receipt
from ...settings import JournalSettings
from ..base import (
    START,
    Condition,
    CountedField,
    Counts,
    Cursor,
    Drop,
    Entry,
    Judged,
    Outbox,
    Revision,
    Snapshot,
    Summed,
)
from ..tallies import StepOf, Stretch, Tallies
from ..unshared import UnsharedOutbox
from . import reader, requests, routed, snapshots, totals
from .damage import Damage
from .faults import SQLITE_ERRORS, store_fault
from .lanes import Reader
from .lock import JournalLock
from .place import (
    check_file,
    chosen_path,
    companions,
    ephemeral_path,
    make_file,
    make_folder,
    remove_ephemeral,
)
from .readonly import SqliteDeliveries, SqliteHandovers, SqliteLines
from .store import Store
from .writer import Writer


class SqliteReceipts:
    """`ReceiptLog` in a SQLite file. WAL with synchronous=FULL: what `append` returned for is on disk."""

    def __init__(self, store: Store, writer: Writer, reader_: Reader) -> None:
        self._store = store
        self._writer = writer
        self._reader = reader_
        self._damage = Damage(self._spoil)
        writer.watch(self._damage.files_say)

    def append(self, receipt: Receipt) -> Awaitable[Cursor]:
        """Make a receipt durable and return its position."""
        return self._writer.append(receipt)

    def check(self) -> Awaitable[None]:
        """Try whether a receipt could be appended, by a write that changes nothing."""
        return self._writer.check()

    def follow(self, receive: Callable[[Sequence[Receipt]], None]) -> None:
        """Call `receive` in the event loop with each receipt appended from now on, in order."""
        self._writer.follow(receive)

    def watch(self, report: Callable[[str], None]) -> None:
        """Call `report` with what is wrong with the files, and with "" once they are well again."""
        self._damage.watch(report)

    async def read(self, after: Cursor = START, limit: int = 256) -> list[Receipt]:
        """Return receipts after a position, oldest first; fewer than `limit` when they are large."""
        found = await self._reader.quick.run(reader.receipts, after, limit)
        # A damaged file may hold numbers that were not given out yet, as it says: nobody may index them.
        return self._damage.seen([one for one in found if one.seq <= self._store.last_seq])

    async def get(self, seq: Cursor) -> Receipt | None:
        """Return the receipt at this position."""
        found = await self._reader.quick.run(reader.receipt, seq)
        if found is not None:
            self._damage.seen((found,))
        return found

    def forget_damage(self) -> None:
        """Note that the journal was emptied."""
        self._damage.forget()

    def _spoil(self, seq: Cursor) -> Awaitable[object]:
        """Have the lines of a damaged receipt marked."""

        def work() -> None:
            if self._store.spoil(seq):
                self._writer.rotation.settled(seq)

        return self._writer.run(work)


class SqliteIndex(SqliteLines):
    """`Index` in a SQLite file."""

    def __init__(self, store: Store, writer: Writer, reader_: Reader) -> None:
        super().__init__(reader_)
        self._store = store
        self._writer = writer

    @property
    def position(self) -> Cursor:
        """The last receipt whose messages are in the index."""
        return self._store.indexed

    async def add(self, entries: Sequence[Entry], upto: Cursor) -> None:
        """Store the entries of all receipts up to and including `upto`, in one transaction."""

        def work() -> None:
            self._store.index(entries, upto)
            self._writer.rotation.settled(None)

        await self._writer.run(work)

    async def seen(self, message_ids: Sequence[str], since: int) -> set[str]:
        """Return those of the messageIds that a message in the index, received at or after `since`, has."""
        return await self._reader.quick.run(reader.seen, message_ids, since)

    async def verdicts(self, ids: Sequence[int]) -> dict[int, Judged]:
        """Return `revision` and `verdict` of these messages, without those that have none."""
        return await self._reader.quick.run(reader.verdicts, ids)

    async def stale(self, revision: str, before: int | None = None, limit: int = 200) -> list[Summary]:
        """Return the newest messages below an id whose verdict has another revision, oldest first."""
        upto = reader.ENDLESS if before is None else before
        return await self._reader.search.run(reader.stale, revision, upto, limit)

    async def revise(self, revisions: Sequence[Revision]) -> None:
        """Store what messages are judged to be now; those cleared meanwhile are left out."""

        def work() -> None:
            lowest = self._store.revise(revisions)
            if lowest is not None:
                self._writer.rotation.settled(lowest)

        await self._writer.run(work)

    @property
    def unfilled(self) -> tuple[Cursor, Cursor]:
        """After which receipt and up to which one messages lack what this version keeps of them."""
        return self._store.filled

    async def fill(self, entries: Sequence[Entry], upto: Cursor) -> None:
        """Store what those messages lack, up to the receipt `upto`, in one transaction."""
        await self._writer.run(lambda: self._store.fill(entries, upto))

    @property
    def changes(self) -> int:
        """A number that grows when lines that are in the index change or go."""
        return self._store.line_changes

    async def counts(self) -> Counts:
        """Return the totals; they are kept, not counted."""
        return self._store.counts

    async def tallies(self, step_of: StepOf, events: int, newest: int) -> Tallies:
        """Return all messages in numbers, see `Index.tallies`."""
        return await self._reader.search.run(totals.tallies, step_of, events, newest)

    async def values(self, field: CountedField) -> dict[str, int]:
        """Return how many messages have each value of a field, see `Index.values`."""
        return await self._reader.quick.run(totals.values, field)

    async def stretch(
        self,
        condition: Condition,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 1_000,
    ) -> Stretch:
        """Return what is counted of the lines that fulfil a condition, see `Index.stretch`."""
        return await self._reader.search.run(totals.stretch, condition, before, after, limit)

    async def snapshot(self) -> tuple[Snapshot, list[bytes]] | None:
        """Return what was last kept with `keep_snapshot`, None if there is nothing."""
        return await self._reader.search.run(snapshots.read)

    async def keep_snapshot(self, snapshot: Snapshot, parts: Sequence[bytes]) -> None:
        """Keep parts in place of earlier ones, some at a time, so that receipts get their turns."""
        store = self._store

        def write(some: Sequence[bytes]) -> Callable[[], int]:
            return lambda: store.run(snapshots.add_parts, some)

        firsts = [await self._writer.run(write(some)) for some in snapshots.stretches(parts)]
        if firsts:
            first, end = firsts[0], firsts[0] + len(parts)
            await self._writer.run(lambda: store.run(snapshots.finish, snapshot, first, end))

    async def newest(self, rules: Collection[str]) -> dict[tuple[str, str], int]:
        """Return the newest message for each of these rules and each type of message that had it."""
        return await self._reader.quick.run(totals.newest_with, sorted(rules))

    async def settings(self) -> str:
        """Return the settings that were last kept, "" if there are none."""
        return self._store.settings

    async def keep_settings(self, text: str) -> None:
        """Keep the settings in force, in place of earlier ones; nothing is written if they are the same."""
        if text != self._store.settings:
            await self._writer.run(lambda: self._store.keep_settings(text))


class SqliteOutbox(UnsharedOutbox, SqliteDeliveries):
    """`Outbox` in a SQLite file."""

    def __init__(self, store: Store, writer: Writer, reader_: Reader) -> None:
        super().__init__(reader_)
        self._store = store
        self._writer = writer

    async def owed(self, after: int = 0, limit: int = 1000) -> list[Owed]:
        """Return messages to be sent, oldest first, with an id above `after`; held ones are left out."""
        return await self._reader.quick.run(reader.owed, after, limit)

    def along(self, route: str, *, rest: bool, summed: Summed) -> Outbox:
        """Return what is owed along one of several routes to Mixpanel, and what became of it there."""
        return SqliteRouteOutbox(self._store, self._writer, self._reader, route, rest, summed)

    async def deliveries_of(self, ids: Sequence[int]) -> dict[int, list[Delivery]]:
        """Return all attempts for each of these messages, oldest first; those without any are left out."""
        return await self._reader.quick.run(reader.deliveries_of, ids)

    async def record(
        self,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
    ) -> None:
        """Write attempts and the new states of their messages; those cleared meanwhile are left out."""

        def work() -> None:
            lowest = self._store.record(deliveries, states, owing)
            if lowest is not None:
                self._writer.rotation.settled(lowest)

        await self._writer.run(work)


class SqliteRouteOutbox(UnsharedOutbox):
    """`Outbox` of one of several routes in a SQLite file, see `Outbox.along`."""

    def __init__(
        self, store: Store, writer: Writer, reader_: Reader, route: str, rest: bool, summed: Summed
    ) -> None:
        self._store = store
        self._writer = writer
        self._reader = reader_
        self._route = route
        self._rest = rest
        self._summed = summed

    async def owed(self, after: int = 0, limit: int = 1000) -> list[Owed]:
        """Return messages to be sent, oldest first, with an id above `after`; held ones are left out."""
        return await self._reader.quick.run(_owed_along, self._route, after, limit, self._rest)

    async def deliveries(self, id: int) -> list[Delivery]:
        """Return all attempts for one message along the route, oldest first."""
        return (await self.deliveries_of([id])).get(id, [])

    async def deliveries_of(self, ids: Sequence[int]) -> dict[int, list[Delivery]]:
        """Return all attempts along the route for each of these messages, oldest first."""
        return await self._reader.quick.run(_deliveries_along, ids, self._route, self._rest)

    def along(self, route: str, *, rest: bool, summed: Summed) -> Outbox:
        """Return what is owed along another route."""
        return SqliteRouteOutbox(self._store, self._writer, self._reader, route, rest, summed)

    async def record(
        self,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
    ) -> None:
        """Write attempts and the states of their messages on the route; cleared ones are left out."""

        def work() -> list[tuple[int, DeliveryState, bool]]:
            lowest, sums = self._store.record_along(self._route, deliveries, states, owing)
            if lowest is not None:
                self._writer.rotation.settled(lowest)
            return sums

        self._summed(deliveries, states, await self._writer.run(work))


def _owed_along(db: sqlite3.Connection, route: str, after: int, limit: int, rest: bool) -> list[Owed]:
    if routed.made(db):
        return routed.owed(db, route, after, reader.bounded(limit), rest)
    return reader.owed(db, after, limit) if rest else []


def _deliveries_along(
    db: sqlite3.Connection, ids: Sequence[int], route: str, rest: bool
) -> dict[int, list[Delivery]]:
    if routed.made(db):
        return routed.deliveries_of(db, ids, route, rest)
    return reader.deliveries_of(db, ids) if rest else {}


class SqliteRequests(SqliteHandovers):
    """`RequestOutbox` in a SQLite file."""

    def __init__(self, store: Store, writer: Writer, reader_: Reader) -> None:
        super().__init__(reader_)
        self._store = store
        self._writer = writer

    async def owed(self, route: str, after: int = 0, limit: int = 256) -> list[OwedRequest]:
        """Return what is owed to a route with a number above `after`, in the order of the numbers."""
        return await self._reader.quick.run(requests.owed, route, after, limit)

    async def record(self, handovers: Sequence[Handover], settled: Sequence[int] = ()) -> None:
        """Write what came of requests, and settle debts, in one transaction."""

        def work() -> None:
            lowest = self._store.run(requests.record, handovers, settled)
            if lowest is not None:
                self._writer.rotation.settled(lowest)

        await self._writer.run(work)

    async def drop(self, route: str) -> int:
        """Owe nothing to a route any more, and return how many requests that were."""

        def work() -> int:
            dropped, lowest = self._store.run(requests.drop, route)
            if lowest is not None:
                self._writer.rotation.settled(lowest)
            return dropped

        return await self._writer.run(work)

    def owe_refusals_to(self, routes: Sequence[str]) -> None:
        """Owe a receipt to these routes whenever a record of it is refused."""
        self._store.refusals_to = tuple(routes)


class SqliteStores:
    """`Stores` in one SQLite file, see `core.stores.base` for what each method promises."""

    def __init__(self, store: Store, lock: JournalLock, settings: JournalSettings) -> None:
        self._store = store
        self._lock = lock
        self._ephemeral = settings.ephemeral
        self._reader = Reader(store.path)
        self._writer = Writer(store, settings, lock, self._reader)
        self._closed = False
        self.receipts = SqliteReceipts(store, self._writer, self._reader)
        self.index = SqliteIndex(store, self._writer, self._reader)
        self.outbox = SqliteOutbox(store, self._writer, self._reader)
        self.requests = SqliteRequests(store, self._writer, self._reader)

    @property
    def path(self) -> str:
        """The file, for people."""
        return str(self._store.path)

    @property
    def ephemeral(self) -> bool:
        """True if the file is deleted on close."""
        return self._ephemeral

    def size(self) -> int:
        """Return how many bytes the file and those beside it take on the disk."""
        files = (self._store.path, *companions(self._store.path))
        return sum(file.stat().st_size for file in files if file.exists())

    @property
    def shared(self) -> bool:
        """False: one engine at a time uses it."""
        return False

    def watch_clear(self, cleared: Callable[[Drop], Awaitable[None]]) -> None:
        """Do nothing: no other engine clears it."""

    def announce(self, url: str) -> None:
        """Note the URL at which this engine can be attached to, for a second one that wants the journal."""
        self._lock.announce(url)

    async def clear(self) -> None:
        """Delete everything, for good: the file is emptied and shrunk. Positions are not used again."""

        def work() -> None:
            self._store.clear()
            self._writer.rotation.settled(0)

        await self._writer.run(work)
        self.receipts.forget_damage()

    async def close(self) -> None:
        """Finish what is under way, put the log away and let go of the lock."""
        if self._closed:
            return
        self._closed = True
        await self._reader.close()
        await self._writer.close()
        await asyncio.to_thread(_let_go, self._lock, self._store.path if self._ephemeral else None)


async def open_file(settings: JournalSettings, *, must_exist: bool = False) -> SqliteStores:
    """Open the file that the settings name, create it if needed, and lock it. See `core.stores.open`."""
    lock, store = await asyncio.to_thread(_open, settings, must_exist)
    return SqliteStores(store, lock, settings)


def _open(settings: JournalSettings, must_exist: bool) -> tuple[JournalLock, Store]:
    if settings.ephemeral:
        path = ephemeral_path()
    else:
        path = chosen_path(settings.path)
        check_file(path, must_exist=must_exist)
        make_folder(path.parent)
    lock = JournalLock(path)
    try:
        lock.acquire()
        make_file(path)
        return lock, Store(path)
    except BaseException as error:
        _let_go(lock, path if settings.ephemeral else None)
        if isinstance(error, SQLITE_ERRORS):
            raise store_fault(error, path) from error
        raise


def _let_go(lock: JournalLock, throw_away: Path | None) -> None:
    lock.release()
    if throw_away is not None:
        remove_ephemeral(throw_away)
