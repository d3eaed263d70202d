"""Behind the acknowledgement: receipts become messages, inspections and lines of the list.

The indexer shares the event loop with ingest. It works in slices of a few milliseconds; as long as the
loop has nothing else to do it goes on at full speed, and when ingest is busy it keeps to a small share,
for what waits here is already safe in the journal.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from .delivery import DeliveryState
from .errors import JournalError
from .journal.base import Entry, Journal
from .messages import Marks, Message, Receipt
from .reader import Reader
from .summaries import entry_of, refusal, summarize
from .views import Summary

logger = logging.getLogger(__name__)

DEDUPE_WINDOW = 24 * 3600 * 1000
"""Milliseconds within which Segment drops a message whose id it has seen."""
FETCH = 256
WORK_RECEIPTS = 64
WORK_BYTES = 256 * 1024
WORK_SPAN = 1_000
"""One piece of work: at most so many receipts, bytes as received, and milliseconds between first and last."""
RETRY_FIRST, RETRY_MOST = 0.2, 5.0


class Pace:
    """Decides when the indexer lets others run, and for how long."""

    SLICE = 0.002
    """Seconds of work at a stretch: what one request waits at most for the indexer."""
    BUSY = 0.0004
    """When the others took longer than this in one turn of the loop, ingest counts as busy."""
    SHARE = 0.1
    """The part of the time that the indexer takes while ingest is busy."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    def begin(self) -> None:
        """Work begins after a rest."""
        self._began = time.perf_counter()

    async def breathe(self) -> None:
        """Call between two small steps: returns at once until the slice is used up."""
        worked = time.perf_counter() - self._began
        if worked < self.SLICE:
            return
        before = time.perf_counter()
        await asyncio.sleep(0)
        if time.perf_counter() - before > self.BUSY:
            await asyncio.sleep(worked * (1 / self.SHARE - 1))
        self._began = time.perf_counter()


class Indexer:
    """Indexes all receipts in order, now and as they come. `run` until cancelled.

    `publish` is given new lines, `owed` is called when some of them wait for Mixpanel, and `fault` with
    words when the index cannot be written, or "" when it can again.
    """

    def __init__(
        self,
        journal: Journal,
        reader: Reader,
        *,
        publish: Callable[[Sequence[Summary]], None],
        owed: Callable[[], None],
        fault: Callable[[str], None],
    ) -> None:
        self._journal = journal
        self._reader = reader
        self._publish = publish
        self._owed = owed
        self._fault = fault
        self._pace = Pace()
        self._wake = asyncio.Event()
        self._pending: deque[Receipt] = deque()
        self._busy = asyncio.Lock()
        self._resting = asyncio.Event()

    def wake(self) -> None:
        """A receipt was appended."""
        self._resting.clear()
        self._wake.set()

    async def idle(self) -> None:
        """Wait until every receipt appended so far is indexed."""
        await self._resting.wait()

    def pause(self) -> asyncio.Lock:
        """Hold this to keep the indexer between two pieces of work (the journal is being emptied)."""
        return self._busy

    def forget(self) -> None:
        """Drop what was fetched but not indexed; only while paused."""
        self._pending.clear()

    async def run(self) -> None:
        """Index until cancelled. A failing journal is retried for good, and said."""
        delay = RETRY_FIRST
        while True:
            self._wake.clear()
            try:
                async with self._busy:
                    more = await self._work()
            except JournalError as error:
                # The pieces fetched are kept: nothing was lost, the same work is tried again.
                logger.error("the index cannot be written: %s", error)
                self._fault(str(error))
                await asyncio.sleep(delay)
                delay = min(delay * 2, RETRY_MOST)
                continue
            if delay != RETRY_FIRST:
                delay = RETRY_FIRST
                self._fault("")
            if not more and not self._wake.is_set():
                self._resting.set()
                await self._wake.wait()
                self._pace.begin()

    async def _work(self) -> bool:
        """One piece of work; False when there was none."""
        if not self._pending:
            self._pending.extend(await self._journal.unindexed(FETCH))
            if not self._pending:
                return False
        receipts = _piece(self._pending)
        read = [(receipt, await self._read(receipt)) for receipt in receipts]
        seen = await self._seen(read)
        entries: list[Entry] = []
        for receipt, messages in read:
            if isinstance(messages, str):
                entries.append(refusal(msgspec.structs.replace(receipt, refused=messages)))
                continue
            for message in messages:
                await self._pace.breathe()
                entries.append(self._entry(_mark(message, receipt, seen), receipt))
        await self._journal.index(entries, receipts[-1].seq)
        for _ in receipts:
            self._pending.popleft()
        summaries = [entry.summary for entry in entries]
        self._publish(summaries)
        if any(summary.delivery is DeliveryState.WAITING for summary in summaries):
            self._owed()
        return True

    async def _read(self, receipt: Receipt) -> list[Message] | str:
        await self._pace.breathe()
        if receipt.refused is not None:
            return receipt.refused
        if len(receipt.body) > WORK_BYTES:
            # A large body takes longer than a slice: in a thread, ingest gets its turns meanwhile.
            return await asyncio.to_thread(self._reader.messages, receipt)
        return self._reader.messages(receipt)

    async def _seen(self, read: Sequence[tuple[Receipt, list[Message] | str]]) -> set[str]:
        ids = [
            message.message_id
            for receipt, messages in read
            if not isinstance(messages, str) and receipt.origin != "replay"
            for message in messages
        ]
        if not ids:
            return set()
        return set(await self._journal.seen(ids, read[0][0].received_at - DEDUPE_WINDOW))

    def _entry(self, message: Message, receipt: Receipt) -> Entry:
        inspection = self._reader.inspection(message)
        return entry_of(summarize(message, inspection, receipt), message)


def _piece(pending: deque[Receipt]) -> list[Receipt]:
    first = pending[0]
    size = 0
    piece: list[Receipt] = []
    for receipt in pending:
        size += len(receipt.body)
        apart = abs(receipt.received_at - first.received_at) > WORK_SPAN
        if piece and (apart or size > WORK_BYTES or len(piece) == WORK_RECEIPTS):
            break
        piece.append(receipt)
    return piece


def _mark(message: Message, receipt: Receipt, seen: set[str]) -> Message:
    """The message, marked when its id was seen before; its id counts as seen from here on."""
    if receipt.origin == "replay":
        return message
    if message.message_id in seen:
        return msgspec.structs.replace(message, marks=message.marks | Marks.SECOND_RECEIPT)
    seen.add(message.message_id)
    return message
