"""Writes the messages of a journal as lines: all of them, or those that match a filter.

The index says which messages match, and only their requests are read; what it does not have yet is read from
the log.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence

from ..index.receipts import ReceiptReader
from ..json_text import json_bytes
from ..messages import Message, Receipt, position_of, seq_of
from ..query import Query, Tally
from ..sources.bounds import Bounds
from ..sources.mixpanel.exported import record_line
from ..stores.base import START, Cursor, Stores, just_before
from .search import NewMessage, Search

STRETCH = 256
"""Receipts read at a time."""
CHUNK = 256 * 1024
"""About as many bytes are held at a time."""
_ONE_LINE = re.compile(rb"[\r\n]+")
"""Line ends: within JSON they stand between values only."""


class Export:
    """One export. `damaged` is called with each request that is left out because it cannot be read."""

    def __init__(
        self,
        stores: Stores,
        reader: ReceiptReader,
        query: Query,
        bounds: Bounds,
        damaged: Callable[[Receipt], None] = lambda receipt: None,
    ) -> None:
        self._stores = stores
        self._reader = reader
        self._query = query
        self._damaged = damaged
        self._search = Search(stores, reader, query, bounds)
        self._reported: set[Cursor] = set()

    @property
    def tally(self) -> Tally:
        """What explains an export without messages."""
        return self._search.tally

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield the messages, one a line and many at once, oldest first; refused requests are left out.

        Raises FilterFault when a regular expression takes too long.
        """
        async for text in _joined(self._messages()):
            yield text

    async def lines_of(self, ids: Sequence[int]) -> AsyncIterator[bytes]:
        """Yield these messages in the same way; those that the journal does not have are left out."""
        async for text in _joined(self._of_ids(ids)):
            yield text

    async def _messages(self) -> AsyncIterator[list[Message]]:
        if self._query.node is None:
            async for _, messages in self._after(START):
                yield messages
            return
        indexed = self._stores.index.position
        async for lines in self._search.matches():
            async for messages in self._of_ids([line.id for line in lines if not line.refused]):
                yield messages
        async for receipt, messages in self._after(indexed):
            new = [NewMessage(message, receipt, self._reader, self._query) for message in messages]
            yield await asyncio.to_thread(self._matching, new)

    def _matching(self, new: Sequence[NewMessage]) -> list[Message]:
        return [one.message for one in new if self._query.matches(one, self.tally)]

    async def _after(self, after: Cursor) -> AsyncIterator[tuple[Receipt, list[Message]]]:
        """Yield the receipts after a position with their messages."""
        while receipts := await self._stores.receipts.read(after, STRETCH):
            for receipt in receipts:
                yield receipt, await self._read(receipt, None)
            after = receipts[-1].seq

    async def _of_ids(self, ids: Sequence[int]) -> AsyncIterator[list[Message]]:
        """Yield these messages."""
        places: dict[Cursor, set[int]] = {}
        for id in ids:
            places.setdefault(seq_of(id), set()).add(position_of(id))
        held: dict[Cursor, Receipt] = {}
        last = max(places, default=START)
        for seq in sorted(places):
            if seq not in held:
                limit = max(1, min(STRETCH, last - seq + 1))
                read = await self._stores.receipts.read(just_before(seq), limit)
                held = {receipt.seq: receipt for receipt in read}
            if (receipt := held.pop(seq, None)) is not None:
                yield await self._read(receipt, places[seq])

    async def _read(self, receipt: Receipt, only: set[int] | None) -> list[Message]:
        if receipt.damaged and receipt.seq not in self._reported:
            self._reported.add(receipt.seq)
            self._damaged(receipt)
        if receipt.refused is not None:
            return []
        read = await self._reader.read(receipt, only)
        # Ingest gets its turns meanwhile.
        await asyncio.sleep(0)
        return [] if isinstance(read, str) else read


async def _joined(found: AsyncIterator[list[Message]]) -> AsyncIterator[bytes]:
    """Yield messages as lines, about `CHUNK` bytes at a time."""
    waiting = bytearray()
    async for messages in found:
        for message in messages:
            waiting += export_line(message)
        if len(waiting) > CHUNK:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def export_line(message: Message) -> bytes:
    """Write a message as a line: one that is too large to be read as it was received, and a record of
    Mixpanel's own SDKs with its endpoint.
    """
    if message.source_kind == "mixpanel":
        return record_line(message) + b"\n"
    if message.unread:
        return _ONE_LINE.sub(b" ", message.original) + b"\n"
    return json_bytes(message.document) + b"\n"
