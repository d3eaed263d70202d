"""Writes the messages of a journal as lines: all of them, or those that match a filter.

They are written as they were received, as the records that they become at Mixpanel, or as the requests that
they came in.

The index says which messages match, and only their requests are read; what it does not have yet is read from
the log.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from urllib.parse import urlsplit

from ..api.models import Summary
from ..api.operations import ExportOf
from ..codec.har import har_entry
from ..forward.wire import encode_records
from ..index.marks import with_marks
from ..index.receipts import ReceiptReader
from ..json_text import json_bytes
from ..messages import Message, Receipt, position_of, seq_of
from ..query import Query, Tally
from ..sources.bounds import Bounds
from ..sources.mixpanel.exported import exported_line, record_line
from ..sources.mixpanel.records import endpoint_of_path
from ..stores.base import START, Cursor, Stores, just_before
from .search import NewMessage, Search

STRETCH = 256
"""Receipts read at a time."""
CHUNK = 256 * 1024
"""About as many bytes are held at a time."""
_Found = tuple[Receipt, list[Message]]
_ONE_LINE = re.compile(rb"[\r\n]+")
"""Line ends: within JSON they stand between values only."""


def export_line(message: Message) -> bytes:
    """Write a message as a line: one that is too large to be read as it was received, and a record of
    Mixpanel's own SDKs with its endpoint.
    """
    if message.source_kind == "mixpanel":
        return record_line(message) + b"\n"
    if message.unread:
        return _ONE_LINE.sub(b" ", message.original) + b"\n"
    return json_bytes(message.document) + b"\n"


def batch_line(message: Message) -> bytes:
    """Write a message as a batch of its own with its write key, by which a reader knows its source.

    One without a key, one that is too large to be read, and a record of Mixpanel's own SDKs are written as by
    `export_line`.
    """
    key, document = message.write_key, message.document
    if message.source_kind == "mixpanel" or message.unread or not key:
        return export_line(message)
    if document.get("writeKey", key) != key:  # it came with the key of its request, which decides
        document = dict(document)
        document["writeKey"] = key
    return b'{"writeKey":' + json_bytes(key) + b',"batch":[' + json_bytes(document) + b"]}\n"


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

    async def lines(self, what: ExportOf = "messages") -> AsyncIterator[bytes]:
        """Yield what matches as lines, many at once, oldest first.

        "messages": as received plus what was filled in, without refused requests. "batches": the same, each
        as a batch of its own with its write key, where it has one. "records": what each
        message becomes at Mixpanel, a record a line with its endpoint. "requests": the requests that hold a
        message that matches, refused ones too, each as an entry of a HAR file.
        Raises FilterFault when a regular expression takes too long.
        """
        if what in ("messages", "batches"):
            found = self._found(None if self._query.node is None else self._search.matches())
            lines = self._written(found, export_line if what == "messages" else batch_line)
        elif what == "records":
            lines = self._as_records(self._search.matches())
        else:
            lines = self._as_requests(None if self._query.node is None else self._search.matches())
        async for text in _joined(lines):
            yield text

    async def lines_of(self, ids: Sequence[int]) -> AsyncIterator[bytes]:
        """Yield these messages as lines; those that the journal does not have are left out."""
        async for text in _joined(self._written(self._of_ids(ids))):
            yield text

    async def _written(
        self, found: AsyncIterator[_Found], line: Callable[[Message], bytes] = export_line
    ) -> AsyncIterator[bytes]:
        async for _, messages in found:
            yield b"".join(map(line, messages))

    async def _as_records(self, lines: AsyncIterator[Sequence[Summary]]) -> AsyncIterator[bytes]:
        async for _, messages in self._found(lines):
            for message in await self._reader.with_outcomes(self._stores, messages):
                translation = await self._reader.translated(message)
                for operation in translation.operations:
                    endpoint = endpoint_of_path(urlsplit(operation.request.url).path)
                    for record in encode_records(operation.request):
                        yield exported_line(endpoint, record) + b"\n"

    async def _as_requests(self, lines: AsyncIterator[Sequence[Summary]] | None) -> AsyncIterator[bytes]:
        before = START
        async for receipt, messages in self._found(lines, refused=True):
            # The messages of one request may be found in several stretches.
            if receipt.seq == before or receipt.damaged or not (messages or receipt.refused is not None):
                continue
            before = receipt.seq
            yield json_bytes(await asyncio.to_thread(har_entry, receipt)) + b"\n"

    async def _found(
        self, lines: AsyncIterator[Sequence[Summary]] | None, *, refused: bool = False
    ) -> AsyncIterator[_Found]:
        """Yield requests with their messages that these lines name, or all; then those not in the index yet.

        With `refused`, requests that were refused as well, without messages.
        """
        indexed = START
        if lines is not None:
            indexed = self._stores.index.position
            async for some in lines:
                marks = {line.id: line.marks for line in some if refused or not line.refused}
                async for receipt, messages in self._of_ids(list(marks)):
                    yield receipt, with_marks(marks, messages)
        async for receipt, messages in self._after(indexed):
            if lines is None or self._query.node is None:
                yield receipt, messages
            else:
                new = [NewMessage(message, receipt, self._reader, self._query) for message in messages]
                if matching := await asyncio.to_thread(self._matching, new):
                    yield receipt, matching

    def _matching(self, new: Sequence[NewMessage]) -> list[Message]:
        return [one.message for one in new if self._query.matches(one, self.tally)]

    async def _after(self, after: Cursor) -> AsyncIterator[_Found]:
        """Yield the receipts after a position with their messages."""
        while receipts := await self._stores.receipts.read(after, STRETCH):
            for receipt in receipts:
                yield receipt, await self._read(receipt, None)
            after = receipts[-1].seq

    async def _of_ids(self, ids: Sequence[int]) -> AsyncIterator[_Found]:
        """Yield the requests of these messages with them."""
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
                yield receipt, await self._read(receipt, places[seq])

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


async def _joined(texts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield lines about `CHUNK` bytes at a time."""
    waiting = bytearray()
    async for text in texts:
        waiting += text
        if len(waiting) > CHUNK:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
