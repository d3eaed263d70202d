"""A file that is a copy of what other engines have too, and can be made again from their log."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path

from ...delivery import Delivery, DeliveryState, Owed
from ...settings import JournalSettings
from ..base import START, Cursor, Entry
from . import reader
from .faults import SQLITE_ERRORS, store_fault
from .lanes import Reader
from .lock import JournalLock
from .place import check_file, companions, make_file, make_folder
from .rows import ReceiptRow
from .store import Store
from .stores import SqliteIndex, SqliteStores
from .writer import Writer

UNLIMITED = 1 << 62
_ORIGIN, _NOTED = "origin", "noted"
_AT_ONCE = 500


class FollowedIndex(SqliteIndex):
    """An index of which others want to know how far it is."""

    def __init__(self, store: Store, writer: Writer, reader_: Reader) -> None:
        super().__init__(store, writer, reader_)
        self._moved = asyncio.Condition()
        self.before: Callable[[Cursor], Awaitable[None]] = _nothing
        """Called before entries are added, with the position up to which they are."""

    async def add(self, entries: Sequence[Entry], upto: Cursor) -> None:
        """Store the entries of all receipts up to and including `upto`, in one transaction."""
        await self.before(upto)
        await super().add(entries, upto)
        async with self._moved:
            self._moved.notify_all()

    async def reach(self, position: Cursor, seconds: float) -> bool:
        """Wait until the index is at a position, at most so many seconds; return True if it is."""
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self.position >= position)
        except TimeoutError:
            return False
        return True


async def _nothing(upto: Cursor) -> None:
    pass


class StreamCopy(SqliteStores):
    """The stores in a file whose receipts have their positions from elsewhere.

    `origin` names what it is a copy of, `noted` how far it has what became of the messages.
    """

    def __init__(self, store: Store, lock: JournalLock) -> None:
        super().__init__(store, lock, JournalSettings(path=str(store.path), max_bytes=UNLIMITED))
        store.relax()
        self.followed = FollowedIndex(store, self._writer, self._reader)
        self.origin = store.mark(_ORIGIN)
        self.noted = int(store.mark(_NOTED) or 0)

    @property
    def last(self) -> int:
        """The position of the newest receipt."""
        return self._store.last_seq

    async def keep_origin(self, origin: str) -> None:
        """Keep what this is a copy of."""
        await self._writer.run(lambda: self._store.keep_mark(_ORIGIN, origin))
        self.origin = origin

    async def put(self, rows: Sequence[ReceiptRow], numbers: Sequence[int]) -> None:
        """Write receipts at their positions."""
        await self._writer.put(rows, numbers)

    async def note(
        self,
        position: int,
        deliveries: Sequence[Delivery] = (),
        states: Sequence[tuple[int, DeliveryState]] = (),
        owing: Collection[int] = (),
    ) -> None:
        """Write what became of messages, as `Outbox.record` does, and that it is written up to `position`."""
        await self._writer.run(lambda: self._store.record(deliveries, states, owing, mark=(_NOTED, position)))
        self.noted = position

    async def clear_upto(self, upto: int) -> None:
        """Forget everything, but for receipts above a position."""
        if upto >= self.last:
            await self.clear()
        else:
            await self.drop(upto)

    async def drop(self, upto: int, numbers: Sequence[int] = ()) -> None:
        """Forget the receipts up to a position, and those at some, with their messages."""
        while gone := [one.seq for one in await self.receipts.read(START, _AT_ONCE) if one.seq <= upto]:
            await self._delete(gone)
        await self._delete(numbers)

    async def _delete(self, numbers: Sequence[int]) -> None:
        left = sorted(numbers)
        while left:
            some = left[:_AT_ONCE]
            done = await self._writer.run(functools.partial(self._store.delete_first, some))
            left = left[done:]

    async def oldest_free(self, limit: int) -> list[tuple[int, int]]:
        """Return position and size of the oldest receipts that are indexed and not owed."""
        return await self._writer.run(lambda: self._store.oldest_free(0, limit))

    async def owed_of(self, after: int, limit: int, mine: Callable[[str], bool]) -> list[Owed]:
        """Return messages to be sent of the users for which `mine` is True, oldest first."""
        found: list[Owed] = []
        while len(found) < limit:
            some = await self._reader.quick.run(reader.owed_with_users, after, limit)
            found += [owed for owed, user in some if mine(user)]
            if len(some) < limit:
                break
            after = some[-1][0].id
        return found[:limit]

    async def users_and_states(self, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Return the user id or anonymous id of messages, and the state of their delivery."""
        return await self._reader.quick.run(reader.users_and_states, ids)


async def open_copy(path: Path) -> StreamCopy:
    """Open a file, create it if needed, and lock it. Raises JournalLocked if another engine has it."""
    lock, store = await asyncio.to_thread(_open, path)
    return StreamCopy(store, lock)


async def remove_copy(copy: StreamCopy) -> None:
    """Close a copy and delete its file: the next one is made from the start."""
    path = Path(copy.path)
    await copy.close()
    for file in (path, *companions(path)):
        file.unlink(missing_ok=True)


def _open(path: Path) -> tuple[JournalLock, Store]:
    check_file(path)
    make_folder(path.parent)
    lock = JournalLock(path)
    try:
        lock.acquire()
        make_file(path)
        return lock, Store(path)
    except BaseException as error:
        lock.release()
        if isinstance(error, SQLITE_ERRORS):
            raise store_fault(error, path) from error
        raise
