"""The stores of one engine that shares streams with others: a copy of the streams, and a spool, in files
here.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from ...errors import JournalError, JournalLocked
from ...messages import Receipt
from ...settings import JournalSettings
from ..base import Cursor, Drop, Stores
from ..sqlite.copy import StreamCopy, open_copy, remove_copy
from ..sqlite.stores import open_file
from . import streams, tasks
from .address import Address, cache_paths, read_address
from .connection import MESSAGE_NOT_FOUND, ApiFault, Away, Connection
from .log import NatsReceipts
from .outbox import NatsOutbox
from .room import Room
from .spool import Spool
from .streams import Streams, open_streams
from .wire import Note

logger = logging.getLogger(__name__)

ENGINES = 32
"""So many engines of one machine can share the same streams."""
_LOOK = 1.0
_RECONNECT = 2.0
_WATCH = 3.0
"""Seconds between two looks whether the streams are still the same."""


class NatsStores:
    """`Stores` in streams of NATS JetStream, see `core.stores.base` for what each method promises."""

    ephemeral = False
    shared = True

    def __init__(self, connection: Connection, copy: StreamCopy, kept: Stores, max_bytes: int) -> None:
        self._connection = connection
        self._copy = copy
        self._kept = kept
        self._max_bytes = max_bytes
        self._first = 0
        """Receipts below it are gone from the stream."""
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        self.index = copy.followed
        self.outbox = NatsOutbox(connection, copy, self._indexed, secrets.token_hex(6))
        self.requests = copy.requests
        spool = Spool(kept, self._publish, self._catch_up, self._tell)
        self.receipts = NatsReceipts(connection, copy, spool, Room(connection, copy, self._gone))
        self.index.before = self._before_add
        connection.changed = self._tell

    async def start(self, *, connected: bool) -> None:
        """Begin to follow the streams."""
        await self.receipts.spool.open()
        work = {
            "following the receipts": self.receipts.follower.run,
            "following the outcomes": self.outbox.follower.run,
            "publishing what was kept": self.receipts.spool.run,
            "watching the streams": self._watch_streams,
        }
        if not connected:
            work["connecting to NATS"] = self._connect
        self._tasks = [tasks.start(name, one) for name, one in work.items()]

    @property
    def path(self) -> str:
        """Where the streams are, for people."""
        return self._connection.address.shown

    def size(self) -> int:
        """Return how many bytes the files of this engine take."""
        return self._copy.size() + self._kept.size()

    def announce(self, url: str) -> None:
        """Note the URL at which this engine can be attached to."""
        self._copy.announce(url)

    def watch_clear(self, cleared: Callable[[Drop], Awaitable[None]]) -> None:
        """Call `cleared` once another engine has cleared the streams, see `Stores.watch_clear`."""
        self.outbox.cleared = cleared

    async def clear(self) -> None:
        """Delete everything from the streams, and from the copies of all engines."""
        address = self._connection.address
        found = await streams.info(self._connection, address.receipts)
        upto = int(found["state"]["last_seq"])
        await self._connection.api(f"STREAM.PURGE.{address.receipts}", {"seq": upto + 1})
        self._first = upto + 1
        await self.receipts.spool.forget()
        seq = await self.outbox.publish(Note("cleared", self.outbox.node, upto=upto), None)
        await self.outbox.reach(seq)
        await self._connection.api(f"STREAM.PURGE.{address.outcomes}", {"seq": seq})

    async def close(self) -> None:
        """Finish what is under way and let go of files and connection."""
        if self._closed:
            return
        self._closed = True
        self._connection.changed = lambda: None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._connection.close()
        await self._kept.close()
        await self._copy.close()

    # --- what the parts ask of each other ----------------------------------------------------------

    async def _publish(self, receipt: Receipt) -> Cursor:
        return await self.receipts.publish(receipt)

    async def _catch_up(self) -> None:
        await self.receipts.catch_up()

    def _tell(self) -> None:
        self.receipts.tell()

    async def _gone(self, upto: int, seqs: Sequence[int]) -> None:
        await self.outbox.gone(upto, seqs)
        await streams.purge_outcomes(self._connection)

    async def _before_add(self, upto: Cursor) -> None:
        if upto > self._copy.last:
            await self.receipts.caught_up()

    async def _indexed(self, seq: Cursor) -> None:
        """Wait until the messages of a receipt are in the index, if the stream still has it."""
        while seq >= self._first and not await self.index.reach(seq, _LOOK):
            try:
                await self._look(seq)
            except Away as error:
                logger.debug("whether receipt %d is still there is asked again: %s", seq, error)

    async def _look(self, seq: Cursor) -> None:
        if seq <= self._copy.last and await self._copy.receipts.get(seq) is not None:
            return
        stream = self._connection.address.receipts
        try:
            await self._connection.api(f"STREAM.MSG.GET.{stream}", {"seq": seq})
        except ApiFault as fault:
            if fault.code != MESSAGE_NOT_FOUND:
                raise
            found = await streams.info(self._connection, stream)
            self._first = max(self._first, int(found["state"]["first_seq"]), seq + 1)

    async def _watch_streams(self) -> None:
        """Write nothing any more once the streams are others than those that the copy is of."""
        while True:
            await asyncio.sleep(_WATCH)
            try:
                if self._connection.ended:
                    # As when a user's JWT has expired. The file may have another one meanwhile.
                    await self._connection.open()
                    self._tell()
                created = await streams.created(self._connection)
            except JournalError as error:
                logger.debug("the streams cannot be looked at: %s", error)
                continue
            if created != self._copy.origin:
                self._connection.barred = (
                    f"The streams at {self.path} were deleted and made again. Start this segtap again: "
                    f"requests "
                    "are kept on this machine's disk until then."
                )
                self._tell()
                return

    async def _connect(self) -> None:
        while True:
            await asyncio.sleep(_RECONNECT)
            try:
                await self._connection.open()
                await open_streams(self._connection, self._max_bytes)
            except JournalError as error:
                logger.debug("NATS is still away: %s", error)
            else:
                self._tell()
                return


async def open_nats(settings: JournalSettings) -> NatsStores:
    """Open the journal in streams that the settings name; make the streams if needed. See
    `core.stores.open`.
    """
    address = read_address(settings.path)
    connection = Connection(address)
    copy = await _open_copy(address)
    try:
        kept = await open_file(msgspec.structs.replace(settings, path=str(_spool_of(Path(copy.path)))))
        try:
            found = await _connect(connection, copy, settings.max_bytes)
            if found is not None:
                copy = await _fitting(copy, found)
            await _adopt(address, Path(copy.path), kept, settings)
            opened = NatsStores(connection, copy, kept, settings.max_bytes)
            await opened.start(connected=found is not None)
            return opened
        except BaseException:
            await kept.close()
            raise
    except BaseException:
        await connection.close()
        await copy.close()
        raise


async def _open_copy(address: Address) -> StreamCopy:
    locked: JournalLocked | None = None
    for path in cache_paths(address, ENGINES):
        try:
            return await open_copy(path)
        except JournalLocked as error:
            locked = error
    assert locked is not None
    raise locked


async def _adopt(address: Address, own: Path, kept: Stores, settings: JournalSettings) -> None:
    """Take over what engines of this machine that do not run any more could not publish."""
    for path in cache_paths(address, ENGINES):
        file = _spool_of(path)
        if path == own or not file.exists():
            continue
        try:
            left = await open_file(msgspec.structs.replace(settings, path=str(file)))
        except JournalLocked:
            continue
        try:
            while some := await left.receipts.read(left.index.position):
                for receipt in some:
                    await kept.receipts.append(receipt)
                await left.index.add([], some[-1].seq)
        finally:
            await left.close()


def _spool_of(copy: Path) -> Path:
    return copy.with_suffix(".spool.db")


async def _connect(connection: Connection, copy: StreamCopy, max_bytes: int) -> Streams | None:
    """Connect; None if NATS is away and this engine's files have what an earlier run knew."""
    try:
        await connection.open()
        return await open_streams(connection, max_bytes)
    except Away as error:
        if not copy.origin:
            raise
        logger.warning("started without NATS: %s", error)
        return None


async def _fitting(copy: StreamCopy, found: Streams) -> StreamCopy:
    """Return a copy of the streams that are there: this one, or a new one if they were made again."""
    outdated = copy.last > found.receipts_last or copy.noted > found.outcomes_last
    if copy.origin and (copy.origin != found.origin or outdated):
        logger.warning("the streams were made again: the copy at %s is made again, too", copy.path)
        path = Path(copy.path)
        await remove_copy(copy)
        copy = await open_copy(path)
    if not copy.origin:
        await copy.keep_origin(found.origin)
    return copy
