"""The journal in one SQLite file: an asyncio face on the writer's thread and the readers' connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path

from ...api.models import Page, Summary
from ...delivery import Delivery, DeliveryState
from ...messages import Receipt
from ...settings import JournalSettings
from ...verdict import Finding
from ..base import Counts, Entry
from . import reader
from .damage import Damage
from .faults import SQLITE_ERRORS, store_fault
from .lock import JournalLock
from .place import check_file, chosen_path, ephemeral_path, make_file, make_folder, remove_ephemeral
from .reader import Reader
from .store import Store
from .writer import Writer


class SqliteJournal:
    """`Journal` in a SQLite file, see `core.stores.base` for what each method promises.

    WAL with synchronous=FULL: what `append` returned for is on disk. Opened with `open_journal`.
    """

    def __init__(self, store: Store, lock: JournalLock, settings: JournalSettings) -> None:
        self._store = store
        self._lock = lock
        self._ephemeral = settings.ephemeral
        self._reader = Reader(store.path)
        self._writer = Writer(store, settings.max_bytes, lock, self._reader)
        self._closed = False
        self._damage = Damage(self._spoil)
        self._writer.watch(self._damage.files_say)

    @property
    def path(self) -> str:
        """Where it lies, for people."""
        return str(self._store.path)

    @property
    def ephemeral(self) -> bool:
        """True when it is removed as it is closed."""
        return self._ephemeral

    def announce(self, url: str) -> None:
        """Note the URL at which this engine can be attached to, for a second one that wants the journal."""
        self._lock.announce(url)

    def watch(self, told: Callable[[str], None]) -> None:
        """Have `told` called with what is wrong with the files, and with "" once it is no more."""
        self._damage.watch(told)

    def append(self, receipt: Receipt) -> Awaitable[int]:
        """Make it durable and return its `seq`."""
        return self._writer.append(receipt)

    async def unindexed(self, limit: int = 256) -> list[Receipt]:
        """The oldest receipts that have no index entries yet; fewer than `limit` when they are large."""
        return self._damage.seen(await self._reader.quick.run(reader.unindexed, limit))

    async def receipts(self, after: int = 0, limit: int = 256) -> list[Receipt]:
        """Receipts with a `seq` above `after`, oldest first; fewer than `limit` when they are large."""
        return self._damage.seen(await self._reader.quick.run(reader.receipts, after, limit))

    async def index(self, entries: Sequence[Entry], upto: int) -> None:
        """Store the entries of all receipts up to and including `upto`, at once."""

        def work() -> None:
            self._store.index(entries, upto)
            self._writer.rotation.settled(None)

        await self._writer.run(work)

    async def seen(self, message_ids: Sequence[str], since: int) -> set[str]:
        """Those of the messageIds that an indexed message, received at or after `since` (ms), has."""
        return await self._reader.quick.run(reader.seen, message_ids, since)

    async def receipt(self, seq: int) -> Receipt | None:
        """One receipt as it came."""
        found = await self._reader.quick.run(reader.receipt, seq)
        if found is not None:
            self._damage.seen((found,))
        return found

    async def summary(self, id: int) -> Summary | None:
        """One line of the list."""
        return await self._reader.quick.run(reader.summary, id)

    async def replays(self, message_id: str, after: int, limit: int = 20) -> list[Summary]:
        """See `Journal.replays`."""
        return await self._reader.quick.run(reader.replays, message_id, after, limit)

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        text: str = "",
    ) -> Page:
        """A stretch of the list: the newest `limit`, or those next to an id, that contain `text`."""
        lane = self._reader.search if text else self._reader.quick
        return await lane.run(reader.page, before, after, limit, text)

    async def owed(self, after: int = 0, limit: int = 1000) -> list[Summary]:
        """Return messages to be sent, oldest first, with an id above `after`; held ones are left out."""
        return await self._reader.quick.run(reader.owed, after, limit)

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

    async def findings(self, ids: Sequence[int]) -> dict[int, tuple[Finding, ...]]:
        """What the rules on the stream found in these messages; those without any are left out."""
        return await self._reader.quick.run(reader.findings, ids)

    async def revise(self, findings: Sequence[tuple[int, int, int]]) -> None:
        """Set the errors and warnings of messages; those cleared meanwhile are left out."""
        await self._writer.run(lambda: self._store.revise(findings))

    async def deliveries(self, id: int) -> list[Delivery]:
        """All attempts for one message, oldest first."""
        return await self._reader.quick.run(reader.deliveries, id)

    async def keep_settings(self, text: str) -> None:
        """Keep the settings in force, in place of earlier ones; nothing is written if they are the same."""
        if text != self._store.settings:
            await self._writer.run(lambda: self._store.keep_settings(text))

    async def counts(self) -> Counts:
        """The totals; they are kept, not counted."""
        return self._store.counts

    async def clear(self) -> None:
        """Forget everything, for good: the file is emptied and shrunk. Numbers are not used again."""

        def work() -> None:
            self._store.clear()
            self._writer.rotation.settled(0)

        await self._writer.run(work)
        self._damage.forget()

    def _spoil(self, seq: int) -> Awaitable[object]:
        """Have the lines of a damaged receipt marked."""

        def work() -> None:
            if self._store.spoil(seq):
                self._writer.rotation.settled(seq)

        return self._writer.run(work)

    async def close(self) -> None:
        """Finish what is under way, put the log away and let go of the lock."""
        if self._closed:
            return
        self._closed = True
        await self._reader.close()
        await self._writer.close()
        await asyncio.to_thread(_let_go, self._lock, self._store.path if self._ephemeral else None)


async def open_journal(settings: JournalSettings, *, must_exist: bool = False) -> SqliteJournal:
    """Open, and create if need be, the journal that the settings name, and lock it.

    Raises JournalLocked while another engine holds it, JournalTooNew for a later version's file, and
    JournalError with the reason for every other path that cannot be a journal, or, with `must_exist`,
    where there is none yet.
    """
    lock, store = await asyncio.to_thread(_open, settings, must_exist)
    return SqliteJournal(store, lock, settings)


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
