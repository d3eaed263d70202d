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
from typing import TypeAlias

import msgspec

from ..api.models import Summary
from ..delivery import DeliveryState
from ..errors import JournalError
from ..faults import Faults
from ..messages import DEDUPE_WINDOW, Marks, Receipt
from ..stores.base import START, Cursor, Entry, Stores
from ..verdict import Finding, Translation
from .pace import Pace
from .prepared import JudgedMessage
from .receipts import LARGE_MESSAGE, ReceiptReader, is_large
from .summaries import refusal, with_found

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

_WOULD_REJECT = int(Marks.WOULD_REJECT)
_JudgedReceipt: TypeAlias = tuple[Receipt, "list[JudgedMessage] | str"]
"""A receipt with its messages, or with why it has none."""


class Indexer:
    """Indexes all receipts in order, now and as they come. `run` until cancelled.

    `publish` is called with new lines. `offer` is called with each message that waits for Mixpanel and what
    returns its translation, `owed` once these are in the index. While the index cannot be written, that is
    among the `faults`. `count` returns how many messages a new receipt holds.
    """

    def __init__(
        self,
        stores: Stores,
        reader: ReceiptReader,
        *,
        publish: Callable[[Sequence[Summary]], None],
        offer: Callable[[Summary, Callable[[], Translation]], None],
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
        judged = await self._judge(_piece(self._pending))
        receipts = [receipt for receipt, _ in judged]
        seen = await self._seen(judged)
        entries: list[Entry] = []
        for receipt, messages in judged:
            if isinstance(messages, str):
                fault = DeliveryState.NONE if receipt.refused is not None else DeliveryState.FAULT
                entries.append(refusal(msgspec.structs.replace(receipt, refused=messages), fault))
                continue
            replayed = receipt.origin == "replay"
            for one in messages:
                if self._pace.spent:
                    await self._pace.breathe()
                entries.append(self._entry(one if replayed else self._marked(one, seen)))
        await self._stores.index.add(entries, receipts[-1].seq)
        for receipt, messages in judged:
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

    async def _judge(self, receipts: Sequence[Receipt]) -> list[_JudgedReceipt]:
        """Judge the messages of the first of these receipts, each by itself, in this process."""
        judged: list[_JudgedReceipt] = []
        size = 0
        for receipt in receipts:
            if self._pace.spent:
                await self._pace.breathe()
            if receipt.refused is not None:
                judged.append((receipt, receipt.refused))
                continue
            reader = self._reader
            messages = await reader.read(receipt) if is_large(receipt) else reader.messages(receipt)
            if isinstance(messages, str):
                judged.append((receipt, messages))
                continue
            found: list[JudgedMessage] = []
            for message in messages:
                size += message.size
                if self._pace.spent:
                    await self._pace.breathe()
                if message.size > LARGE_MESSAGE:
                    found.append(await asyncio.to_thread(reader.judged, message, receipt))
                else:
                    found.append(reader.judged(message, receipt))
            judged.append((receipt, found))
            # A body of a few kilobytes can unpack to megabytes: no more of them are held at once.
            if size > WORK_BYTES:
                break
        return judged

    async def _seen(self, judged: Sequence[_JudgedReceipt]) -> set[str]:
        ids = [
            one.prepared.said.message_id
            for receipt, messages in judged
            if not isinstance(messages, str) and receipt.origin != "replay"
            for one in messages
        ]
        if not ids:
            return set()
        return set(await self._stores.index.seen(ids, judged[0][0].received_at - DEDUPE_WINDOW))

    def _marked(self, one: JudgedMessage, seen: set[str]) -> JudgedMessage:
        """Return the message, as a copy if its id was seen before; its id counts as seen from here on.

        A message that Segment would refuse is neither a copy nor seen: the next one with its id counts.
        """
        if one.prepared.entry.summary.marks & _WOULD_REJECT:
            return one
        id = one.prepared.said.message_id
        if id in seen:
            return self._reader.as_copy(one)
        seen.add(id)
        return one

    def _entry(self, one: JudgedMessage) -> Entry:
        """Return the message's row of the index, with what follows from the messages before it."""
        prepared = one.prepared
        entry, id = prepared.entry, prepared.said.id
        found = self._observed.get(id)
        if found is None:
            found = self._observed[id] = self._reader.observation(one.digest)
        if found:
            entry = with_found(entry, found, self._reader.adjusted(prepared.called, found))
        if entry.summary.delivery is DeliveryState.WAITING:
            self._offer(entry.summary, one.made)
        return entry


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
