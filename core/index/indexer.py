"""Behind the acknowledgement: receipts become messages, verdicts and lines of the list.

The indexer shares the event loop with ingest. It works in slices of a few milliseconds; as long as the
loop has nothing else to do it goes on at full speed, and when ingest is busy it keeps to a small share,
for what waits here is already safe in the journal.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from ..api.models import Summary
from ..delivery import DeliveryState
from ..errors import JournalError
from ..faults import Faults
from ..messages import DEDUPE_WINDOW, Marks, Message, Receipt
from ..stores.base import START, Cursor, Entry, Stores
from ..verdict import Finding, Translation, Verdict
from .pace import Pace
from .receipts import LARGE_MESSAGE, ReceiptReader
from .summaries import entry_of, judged_of, refusal, summarize

logger = logging.getLogger(__name__)

FETCH = 256
WORK_RECEIPTS = 64
WORK_BYTES = 256 * 1024
WORK_SPAN = 1_000
"""One piece of work: at most so many receipts, bytes as received, and milliseconds between first and last."""
FRESH_RECEIPTS = 4_096
FRESH_BYTES = 16 * 1024 * 1024
"""What is kept in memory of receipts just appended; beyond it they are read from the journal."""
RETRY_FIRST, RETRY_MOST = 0.2, 5.0


class Indexer:
    """Indexes all receipts in order, now and as they come. `run` until cancelled.

    `publish` is called with new lines. `offer` is called with each message that waits for Mixpanel and its
    translation, `owed` once these are in the index. While the index cannot be written, that is among the
    `faults`. `count` tells how many messages a new receipt holds.
    """

    def __init__(
        self,
        stores: Stores,
        reader: ReceiptReader,
        *,
        publish: Callable[[Sequence[Summary]], None],
        offer: Callable[[Summary, Message, Translation], None],
        owed: Callable[[], None],
        faults: Faults,
        count: Callable[[Receipt], int] = lambda receipt: 0,
    ) -> None:
        self._count = count
        self._stores = stores
        self._reader = reader
        self._publish = publish
        self._offer = offer
        self._owed = owed
        self._faults = faults
        self._pace = Pace()
        self._wake = asyncio.Event()
        self._pending: deque[Receipt] = deque()
        self._fresh = _Fresh()
        self._observed: dict[int, tuple[Finding, ...]] = {}
        """Of the work that is not in the index yet: when that is tried again, nothing is seen twice."""
        self._busy = asyncio.Lock()
        self._resting = asyncio.Event()
        self.waiting = 0
        """Messages that were received since the start and are not in the index yet."""
        self._counted_from: Cursor = START
        """The first receipt whose messages are counted in it."""

    def appended(self, receipts: Sequence[Receipt]) -> None:
        """Take note of what was appended to the log since the last call, see `ReceiptLog.follow`.

        It is read from memory when its turn comes soon, else from the log.
        """
        self.waiting += sum([self._count(receipt) for receipt in receipts])
        self._counted_from = self._counted_from or receipts[0].seq
        self._fresh.add(receipts)
        self._resting.clear()
        self._wake.set()

    async def idle(self) -> None:
        """Wait until every receipt appended so far is indexed."""
        await self._resting.wait()

    def pause(self) -> asyncio.Lock:
        """Return the lock that keeps the indexer between two pieces of work."""
        return self._busy

    def forget(self) -> None:
        """Drop what was fetched but not indexed; only while paused."""
        self._pending.clear()
        self._observed.clear()
        self._fresh = _Fresh()
        self.waiting = 0

    async def run(self) -> None:
        """Index until cancelled. While the journal fails, that is reported and tried again."""
        delay = RETRY_FIRST
        while True:
            self._wake.clear()
            try:
                async with self._busy:
                    more = await self._work()
            except JournalError as error:
                # The pieces fetched are kept: nothing was lost, the same work is tried again.
                logger.error("the index cannot be written: %s", error)
                self._faults.report("index", str(error))
                await asyncio.sleep(delay)
                delay = min(delay * 2, RETRY_MOST)
                continue
            if delay != RETRY_FIRST:
                delay = RETRY_FIRST
                self._faults.clear("index")
            if not more and not self._wake.is_set():
                self._resting.set()
                await self._wake.wait()
                self._pace.begin()

    async def _work(self) -> bool:
        """Do one piece of work; return False if there was none."""
        if not self._pending:
            self._pending.extend(await self._fresh.take(self._stores))
            if not self._pending:
                return False
        read: list[tuple[Receipt, list[Message] | str]] = []
        size = 0
        for receipt in _piece(self._pending):
            messages = await self._read(receipt)
            read.append((receipt, messages))
            # A body of a few kilobytes can unpack to megabytes: no more of them are held at once.
            size += 0 if isinstance(messages, str) else sum(message.size for message in messages)
            if size > WORK_BYTES:
                break
        receipts = [receipt for receipt, _ in read]
        seen = await self._seen(read)
        entries: list[Entry] = []
        for receipt, messages in read:
            if isinstance(messages, str):
                fault = DeliveryState.NONE if receipt.refused is not None else DeliveryState.FAULT
                entries.append(refusal(msgspec.structs.replace(receipt, refused=messages), fault))
                continue
            for message in messages:
                if self._pace.spent:
                    await self._pace.breathe()
                marked = _mark(message, receipt, seen)
                large, revision = marked.size > LARGE_MESSAGE, self._reader.revision
                verdict = await self._reader.inspected(marked) if large else self._reader.verdict(marked)
                entries.append(self._entry(marked, receipt, verdict, revision))
        await self._stores.index.add(entries, receipts[-1].seq)
        for receipt, messages in read:
            self._pending.popleft()
            if 0 < self._counted_from <= receipt.seq and not isinstance(messages, str):
                self.waiting = max(0, self.waiting - len(messages))
        self._observed.clear()
        summaries = [entry.summary for entry in entries]
        self._publish(summaries)
        await self._pace.breathe()
        if any(summary.delivery is DeliveryState.WAITING for summary in summaries):
            self._owed()
        return True

    async def _read(self, receipt: Receipt) -> list[Message] | str:
        if self._pace.spent:
            await self._pace.breathe()
        if receipt.refused is not None:
            return receipt.refused
        return await self._reader.read(receipt)

    async def _seen(self, read: Sequence[tuple[Receipt, list[Message] | str]]) -> set[str]:
        ids = [
            message.message_id
            for receipt, messages in read
            if not isinstance(messages, str) and receipt.origin != "replay"
            for message in messages
        ]
        if not ids:
            return set()
        return set(await self._stores.index.seen(ids, read[0][0].received_at - DEDUPE_WINDOW))

    def _entry(self, message: Message, receipt: Receipt, verdict: Verdict, revision: str) -> Entry:
        if message.id not in self._observed:
            self._observed[message.id] = self._reader.observation(message, verdict.translation)
        found = self._observed[message.id]
        whole = self._reader.whole(message, verdict, found)
        summary = summarize(message, whole, receipt)
        if summary.delivery is DeliveryState.WAITING and not verdict.fault:
            self._offer(summary, message, verdict.translation)
        judged = judged_of(whole, message.marks, verdict, revision)
        return entry_of(summary, message, receipt, judged, found)


class _Fresh:
    """Receipts just appended, so that they need not be read back as long as the indexer keeps up.

    `take` returns the receipts to index next, without a gap: from memory, else from the log.
    """

    def __init__(self) -> None:
        self._receipts: deque[Receipt] = deque()
        """A run without gaps of what was appended."""
        self._bytes = 0
        self._taken: Cursor = START
        """The last position that `take` returned."""
        self._behind = True
        """True while the log may hold receipts between `_taken` and the first of the run."""
        self._full = False
        """True when the log holds receipts after the run: there was no more room for them here."""

    def add(self, receipts: Sequence[Receipt]) -> None:
        """Append to the run, unless it is full."""
        for receipt in receipts:
            if receipt.seq <= self._taken:
                continue  # the log had it before this was called
            self._full = self._full or self._bytes > FRESH_BYTES or len(self._receipts) >= FRESH_RECEIPTS
            if self._full:
                return
            self._receipts.append(receipt)
            self._bytes += len(receipt.body)

    async def take(self, stores: Stores) -> list[Receipt]:
        """Return the receipts after those that were returned before, [] when there are none."""
        if not self._behind:
            if self._receipts or not self._full:
                return [self._pop() for _ in range(min(FETCH, len(self._receipts)))]
            self._behind, self._full = True, False
        newest = self._receipts[-1].seq if self._receipts else START
        found = await stores.receipts.read(max(self._taken, stores.index.position), FETCH)
        # Without any, what was appended before is no longer in the log.
        upto = found[-1].seq if found else newest
        if not found or (self._receipts and self._receipts[0].seq <= upto):
            self._behind = False
        while self._receipts and self._receipts[0].seq <= upto:
            self._pop()
        self._taken = max(self._taken, upto)
        return found

    def _pop(self) -> Receipt:
        receipt = self._receipts.popleft()
        self._bytes -= len(receipt.body)
        self._taken = receipt.seq
        return receipt


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
    """Return the message, marked if its id was seen before; its id counts as seen from here on.

    A message that Segment would refuse is neither a copy nor seen: the next one with its id counts.
    """
    if receipt.origin == "replay" or message.marks & Marks.WOULD_REJECT:
        return message
    if message.message_id in seen:
        return msgspec.structs.replace(message, marks=message.marks | Marks.SECOND_RECEIPT)
    seen.add(message.message_id)
    return message
