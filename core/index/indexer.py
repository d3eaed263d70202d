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
from functools import partial

import msgspec

from ..api.models import Summary
from ..delivery import DeliveryState
from ..errors import JournalError
from ..faults import Faults
from ..messages import DEDUPE_WINDOW, Marks, Receipt
from ..stores.base import START, Cursor, Entry, Stores
from ..verdict import Finding, Translation
from .pace import Pace
from .pieces import WORK_BYTES, Handed, JudgedReceipt, next_piece, size_of
from .prepared import JudgedMessage
from .receipts import LARGE_MESSAGE, ReceiptReader, is_large
from .summaries import refusal, with_found
from .workers import Worker, Workers

logger = logging.getLogger(__name__)

FETCH = 256
BACKLOG = 500
"""Messages that wait, from which on workers are started: some tenths of a second of work."""
FRESH_RECEIPTS = 4_096
FRESH_BYTES = 16 * 1024 * 1024
"""What is kept in memory of receipts just appended; beyond it they are read from the journal."""
RETRY_FIRST, RETRY_MOST = 0.2, 5.0

_WOULD_REJECT = int(Marks.WOULD_REJECT)


class Indexer:
    """Indexes all receipts in order, now and as they come. `run` until cancelled.

    `publish` is called with new lines. `offer` is called with each message that waits for Mixpanel and what
    returns its translation, `owed` once these are in the index. While the index cannot be written, that is
    among the `faults`. `count` returns how many messages a new receipt holds.
    With `workers`, other processes judge while there is a backlog.
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
        workers: Workers | None = None,
    ) -> None:
        self._workers = workers
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
        self._many = False
        """True if as many receipts wait as are fetched at a time."""
        self._handed: deque[Handed] = deque()
        """Pieces of work that workers have, in the order of their receipts."""
        self._judged: list[JudgedReceipt] = []
        """What is judged and not yet in the index."""
        self._judged_by = ""
        """The revision of those verdicts."""
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
        if self._workers is not None and self._handed:
            self._workers.stop()
        self._pending.clear()
        self._handed.clear()
        self._judged.clear()
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
                if self._workers is not None:
                    self._workers.rest()
                await self._wake.wait()
                self._pace.begin()

    async def _work(self) -> bool:
        """Do one piece of work; return False if there was none."""
        if not self._judged:
            self._judged, self._judged_by = await self._next(), self._reader.revision
            if not self._judged:
                return False
        elif self._judged_by != self._reader.revision:
            # It could not be written, and meanwhile the settings have changed.
            again = [await self._judge(receipt) for receipt, _ in self._judged]
            self._judged, self._judged_by = again, self._reader.revision
        judged = self._judged
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
        await self._stores.index.add(entries, judged[-1][0].seq)
        self._judged = []
        for receipt, messages in judged:
            if 0 < self._counted_from <= receipt.seq and not isinstance(messages, str):
                self.waiting = max(0, self.waiting - len(messages))
        self._observed.clear()
        summaries = [entry.summary for entry in entries]
        self._publish(summaries)
        await self._pace.breathe()
        if any(summary.delivery is DeliveryState.WAITING for summary in summaries):
            self._owed()
        return True

    async def _next(self) -> list[JudgedReceipt]:
        """Return the next receipts with their messages, each judged by itself; [] if there are none."""
        await self._fetch()
        if await self._hand_out():
            judged = await self._handed[0].answer(self._judge)
            self._pace.begin()  # a worker was waited for
            if not self._handed[0].receipts:
                self._handed.popleft()
            return judged
        judged, size = list[JudgedReceipt](), 0
        for receipt in next_piece(self._pending):
            one = await self._judge(receipt)
            judged.append(one)
            # A body of a few kilobytes can unpack to megabytes: no more of them are held at once.
            size += size_of(one)
            if size > WORK_BYTES:
                break
        for _ in judged:
            self._pending.popleft()
        return judged

    async def _fetch(self) -> None:
        if not self._pending:
            self._pending.extend(await self._fresh.take(self._stores))
            self._many = len(self._pending) >= FETCH

    async def _hand_out(self) -> bool:
        """Give workers what they can do next; return True if the next piece of work is at one of them."""
        workers = self._workers
        if workers is None:
            return False
        if self.waiting >= BACKLOG or self._many:
            workers.need()
            while self._pending and (worker := workers.free()) is not None:
                self._give(workers, worker, next_piece(self._pending))
                await self._fetch()
        return bool(self._handed)

    def _give(self, workers: Workers, worker: Worker, piece: list[Receipt]) -> None:
        if accepted := [receipt for receipt in piece if receipt.refused is None]:
            workers.give(worker, accepted)
        self._handed.append(Handed(piece, self._reader, partial(workers.answer, worker), worker.done))
        for _ in piece:
            self._pending.popleft()

    async def _judge(self, receipt: Receipt) -> JudgedReceipt:
        """Judge a receipt's messages, each by itself, in this process."""
        pace, reader = self._pace, self._reader
        if pace.spent:
            await pace.breathe()
        if receipt.refused is not None:
            return receipt, receipt.refused
        messages = await reader.read(receipt) if is_large(receipt) else reader.messages(receipt)
        if isinstance(messages, str):
            return receipt, messages
        judged: list[JudgedMessage] = []
        for message in messages:
            if pace.spent:
                await pace.breathe()
            if message.size > LARGE_MESSAGE:
                judged.append(await asyncio.to_thread(reader.judged, message, receipt))
            else:
                judged.append(reader.judged(message, receipt))
        return receipt, judged

    async def _seen(self, judged: Sequence[JudgedReceipt]) -> set[str]:
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
