"""`ReceiptLog` in a stream: its order is the order of the stream, for all engines that share it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from ...errors import JournalError, JournalFull
from ...messages import Receipt
from ..base import MOST_TRIED, SMALL_REQUEST, START, Cursor
from ..sqlite.copy import StreamCopy
from ..sqlite.rows import ReceiptRow, pack_receipt, unpack_receipt
from . import streams
from .connection import MESSAGE_NOT_FOUND, NO_ROOM, ApiFault, Away, Connection
from .follower import RECOVERY, Follower, Item
from .room import Room
from .spool import Spool
from .wire import PARTS, pack_row, pieces, unpack_row

logger = logging.getLogger(__name__)

MSG_ID = "Nats-Msg-Id"
PATIENCE = RECOVERY + 2.0
"""Seconds that reading waits for what this engine has appended itself: longer than a lost consumer costs."""
_HEAD_ROOM = 1024
"""Bytes of a message that its headers may take."""
_TRIES = 3


class NatsReceipts:
    """The requests of all engines. `copy` has those that came out of the stream.

    A request that is published is answered once the stream has it on as many servers as it has to. While NATS
    is away, requests go to the `spool`.
    """

    def __init__(self, connection: Connection, copy: StreamCopy, spool: Spool, room: Room) -> None:
        self._connection = connection
        self._copy = copy
        self.spool = spool
        self._room = room
        self._subject = f"{connection.address.stream}.receipts"
        self._parts = f"{connection.address.stream}.parts"
        self._own: dict[str, Receipt] = {}
        """What this engine publishes, until it comes out of the stream: it need not be unpacked then."""
        self._appended = self._followed_from = START
        self._receive: Callable[[Sequence[Receipt]], None] = lambda _: None
        self._report: Callable[[str], None] = lambda _: None
        self._damage = ""
        self._reported = ""
        self._refused = 0
        """Bytes of the last message, if there was no room for it."""
        self.follower = Follower(connection, connection.address.receipts, copy.last, self._arrived)

    # --- for the engine ----------------------------------------------------------------------------

    def append(self, receipt: Receipt) -> Awaitable[Cursor]:
        """Make a receipt durable, and return its position, or START if it has none yet."""
        task = asyncio.create_task(self._append(receipt), name="segtap-append")
        task.add_done_callback(_look)
        return asyncio.shield(task)

    async def check(self) -> None:
        """Try whether a small receipt could be appended, or what was refused."""
        if self.spool.active or not self._connection.connected:
            await self.spool.check()
            return
        found = await self._connection.api(f"STREAM.INFO.{self._connection.address.receipts}")
        most = int(found["config"]["max_bytes"])
        incoming = max(SMALL_REQUEST, min(self._refused, MOST_TRIED))
        if most > 0 and int(found["state"]["bytes"]) + incoming > most:
            await self._room.make(incoming)
        self._refused = 0

    def follow(self, receive: Callable[[Sequence[Receipt]], None]) -> None:
        """Call `receive` with each receipt that comes out of the stream, of any engine, in order."""
        self._receive, self._followed_from = receive, self._appended

    def watch(self, report: Callable[[str], None]) -> None:
        """Call `report` with what is wrong: with the copy's file, or that NATS is away."""
        self._report = report
        self._copy.receipts.watch(self._damaged)
        self.tell()

    async def read(self, after: Cursor = START, limit: int = 256) -> list[Receipt]:
        """Return receipts after a position, oldest first."""
        await self.caught_up()
        return await self._copy.receipts.read(after, limit)

    async def get(self, seq: Cursor) -> Receipt | None:
        """Return the receipt at this position."""
        if seq <= self._appended:
            await self.caught_up()
        return await self._copy.receipts.get(seq)

    async def caught_up(self) -> None:
        """Wait until what this engine has appended has come out of the stream, for a while."""
        if self.follower.position < self._appended:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self.follower.reach(self._appended)

    async def catch_up(self) -> None:
        """Wait until all that the stream has now has come out of it. Raises Away."""
        found = await streams.info(self._connection, self._connection.address.receipts)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self.follower.reach(int(found["state"]["last_seq"]))
                return
        raise Away(f"{self._connection.address.shown} does not send what its stream has.")

    def tell(self) -> None:
        """Report what is wrong, or that nothing is any more."""
        texts = [text for text in (self._connection.barred, self._damage) if text]
        waiting = self.spool.waiting
        if self.spool.active or not self._connection.connected:
            are = "1 request is" if waiting == 1 else f"{waiting:,} requests are"
            shown = self._connection.address.shown
            state = "what came meanwhile is being published"
            if not self._connection.connected:
                why = self._connection.hindered
                state = f"NATS is away: {why}" if why else "NATS is away"
            texts.append(
                f"{shown}: {state}. {are} on this machine's disk, and will be listed and sent once published."
            )
        text = " · ".join(texts)
        if text != self._reported:
            self._reported = text
            self._report(text)

    def _damaged(self, text: str) -> None:
        self._damage = text
        self.tell()

    # --- into the stream ---------------------------------------------------------------------------

    async def _append(self, receipt: Receipt) -> Cursor:
        if not self.spool.active:
            try:
                return await self.publish(receipt)
            except Away as error:
                logger.warning("a request is kept on this machine: %s", error)
                await self.spool.keep(receipt, doubtful=True)
                return START
        await self.spool.keep(receipt)
        return START

    async def publish(self, receipt: Receipt) -> Cursor:
        """Publish a receipt, and return its position. Raises Away if no answer comes, JournalFull."""
        data = pack_row(pack_receipt(receipt))
        self._own[receipt.uid] = receipt
        try:
            headers = {MSG_ID: receipt.uid}
            most = self._connection.max_payload - _HEAD_ROOM
            if len(data) > most:
                *first, data = pieces(data, most)
                headers[PARTS] = ",".join(
                    [
                        str(await self._into(self._parts, part, {MSG_ID: f"{receipt.uid}.{number}"}))
                        for number, part in enumerate(first)
                    ]
                )
            seq = await self._into(self._subject, data, headers)
        except BaseException:
            self._own.pop(receipt.uid, None)
            raise
        self._appended = max(self._appended, seq)
        if seq <= self.follower.position:
            self._own.pop(receipt.uid, None)
        return seq

    async def _into(self, subject: str, data: bytes, headers: dict[str, str]) -> int:
        for _ in range(_TRIES):
            try:
                seq = await self._connection.publish(subject, data, headers)
            except ApiFault as fault:
                if fault.code not in NO_ROOM:
                    raise Away(f"{self._connection.address.shown}: {fault}") from fault
                self._refused = len(data)
                await self._room.make(len(data))
            else:
                self._refused = 0
                return seq
        raise JournalFull(self._room.why())

    # --- out of the stream -------------------------------------------------------------------------

    async def _arrived(self, items: Sequence[Item]) -> None:
        rows: list[ReceiptRow] = []
        receipts: list[Receipt] = []
        for item in items:
            if item.subject != self._subject or item.seq <= self._copy.last:
                continue
            headers = item.headers or {}
            data = item.data
            if PARTS in headers:
                data = await self._whole(headers[PARTS], data)
            row = unpack_row(data)
            uid = headers.get(MSG_ID, "")
            own = self._own.pop(uid, None)
            if uid in self.spool.doubtful:
                self.spool.landed.add(uid)
            rows.append(row)
            receipts.append(
                unpack_receipt(item.seq, row.received_at, row.form, row.data)
                if own is None
                else msgspec.structs.replace(own, seq=item.seq)
            )
        if receipts:
            await self._copy.put(rows, [one.seq for one in receipts])
            self._receive([one for one in receipts if one.seq > self._followed_from])

    async def _whole(self, parts: str, last: bytes) -> bytes:
        """Return a receipt that is in several messages; what cannot be read if one of them is gone."""
        import base64

        data: list[bytes] = []
        for part in parts.split(","):
            try:
                found = await self._connection.api(
                    f"STREAM.MSG.GET.{self._connection.address.receipts}", {"seq": int(part)}
                )
            except (ApiFault, ValueError) as error:
                if isinstance(error, ApiFault) and error.code != MESSAGE_NOT_FOUND:
                    raise
                return b""
            data.append(base64.b64decode(str(found["message"].get("data", ""))))
        return b"".join((*data, last))


def _look(task: asyncio.Task[Cursor]) -> None:
    """Take note of a failure that nobody waits for any more."""
    if not task.cancelled() and isinstance(error := task.exception(), JournalError):
        logger.debug("a request could not be kept: %s", error)
