"""Behind the acknowledgement: receipts become messages, verdicts and lines of the list.

The indexer shares the event loop with ingest. It works in slices of a few milliseconds; as long as the
loop has nothing else to do it goes on at full speed, and when ingest is busy it keeps to a small share,
for what waits here is already safe in the journal.

It is over 350 lines because the order of its steps is what makes nothing be lost, or be listed twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial

import msgspec

from ..api.models import Summary
from ..checks.stream import Digest
from ..delivery import DeliveryState
from ..errors import JournalError
from ..faults import Faults
from ..messages import DEDUPE_WINDOW, Marks, Receipt, seq_of
from ..stores.base import START, Cursor, Entry, Stores
from ..verdict import Finding, Translation
from .fresh import FETCH, Fresh
from .judge import Judge
from .pace import Pace
from .pieces import WORK_BYTES, Handed, JudgedReceipt, Writing, extent_of, ids_in, next_piece, size_of
from .prepared import JudgedMessage
from .receipts import ReceiptReader
from .summaries import as_held, refusal, with_found
from .workers import BACKLOG, Worker, Workers

logger = logging.getLogger(__name__)

RETRY_FIRST, RETRY_MOST = 0.2, 5.0
WRITE_MESSAGES, WRITE_BYTES = 500, 1024 * 1024
"""From so many messages, or bytes of them, on no more pieces of work are written to the index together."""
FEW = 8
"""Messages between two looks at the clock, which cost as much as a rule: some tenths of a millisecond."""

_WOULD_REJECT = int(Marks.WOULD_REJECT)


class Indexer:
    """Indexes all receipts in order, now and as they come. `run` until cancelled.

    `publish` is called with new lines. `offer` is called with each message that waits for Mixpanel and what
    returns its translation, `owed` once these are in the index. While the index cannot be written, that is
    among the `faults`. `count` returns how many messages a new receipt holds; `hold` says whether a message
    that would wait for Mixpanel is held; `waiting` says whether a sender waits until its receipt is on disk.
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
        hold: Callable[[Entry, JudgedMessage], bool] = lambda entry, one: False,
        waiting: Callable[[], bool] = lambda: False,
        workers: Workers | None = None,
    ) -> None:
        self._workers = workers
        self._count = count
        self._stores = stores
        self._reader = reader
        self._publish = publish
        self._offer = offer
        self._hold = hold
        self._owed = owed
        self._faults = faults
        self._pace = Pace(waiting)
        self._judge = Judge(reader, self._pace)
        self._wake = asyncio.Event()
        self._pending: deque[Receipt] = deque()
        self._many = False
        """True if as many receipts wait as are fetched at a time."""
        self._handed: deque[Handed] = deque()
        """Pieces of work that workers have, in the order of their receipts."""
        self._judged: list[JudgedReceipt] = []
        """What is judged, and not written to the index yet."""
        self._judged_by = ""
        """The revision of those verdicts."""
        self._fresh = Fresh()
        self._observed_to = 0
        """The newest message that the rules on the stream have seen. When work is tried again, they see
        nothing twice."""
        self._found: dict[int, tuple[Finding, ...]] = {}
        """What they found in messages that are not in the index yet."""
        self._writing: Writing | None = None
        """What is being written to the index, while the next piece of work is done."""
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

    @property
    def behind(self) -> bool:
        """True if so many messages wait that workers help."""
        return self.waiting >= BACKLOG or self._many

    async def idle(self) -> None:
        """Wait until every receipt appended so far is indexed."""
        await self._resting.wait()

    @contextlib.asynccontextmanager
    async def pause(self) -> AsyncGenerator[None]:
        """Keep the indexer between two pieces of work, once what it has done is in the index."""
        async with self._busy:
            with contextlib.suppress(JournalError):  # it is tried again, and reported, after the pause
                await self._settle()
            yield

    def forget(self) -> None:
        """Drop what was fetched but not indexed; only while paused."""
        if self._workers is not None and self._handed:
            self._workers.stop()
        self._pending.clear()
        self._handed.clear()
        self._judged.clear()
        self._found.clear()
        self._writing = None
        self._fresh = Fresh()
        self.waiting = 0

    async def run(self) -> None:
        """Index until cancelled. While the journal fails, that is reported and tried again."""
        try:
            await self._run()
        finally:
            if self._writing is not None and self._writing.task is not None:
                await asyncio.gather(self._writing.task, return_exceptions=True)

    async def _run(self) -> None:
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
        if not self._judged and not await self._collect():
            return await self._settle()
        if self._judged_by != self._reader.revision:
            # The settings have changed meanwhile, or while what came before was written.
            again = [await self._judge.one(receipt) for receipt, _ in self._judged]
            self._judged, self._judged_by = again, self._reader.revision
        entries = await self._entries(self._judged)
        await self._settle()
        if self._judged_by != self._reader.revision:
            return True
        self._writing = Writing(self._judged, entries, self._judged_by)
        self._write(self._writing)
        self._judged = []
        return True

    async def _collect(self) -> bool:
        """Judge what is written to the index next; return False if there is nothing.

        While workers have more, and nobody waits for the journal, it is more than one piece of work: a
        transaction costs as much as a hundred messages.
        """
        self._judged, self._judged_by = await self._next(), self._reader.revision
        messages, size = extent_of(self._judged)
        while self._handed and messages < WRITE_MESSAGES and size < WRITE_BYTES and not self._pace.receiving:
            self._judged += await self._next()
            messages, size = extent_of(self._judged)
        return bool(self._judged)

    def _write(self, writing: Writing) -> None:
        writing.task = asyncio.create_task(self._add(writing), name="segtap-index-add")

    async def _add(self, writing: Writing) -> None:
        """Write to the index, and publish it at once: a message's line comes before what becomes of it."""
        await self._stores.index.add(writing.entries, writing.judged[-1][0].seq)
        self._publish([entry.summary for entry in writing.entries])

    async def _settle(self) -> bool:
        """Wait until what is being written is in the index; return True if there was any.

        Raises JournalError if it cannot be written: the next call tries it again.
        """
        writing = self._writing
        if writing is None:
            return False
        if writing.task is None:
            if writing.revision != self._reader.revision:
                writing.revision = self._reader.revision
                writing.judged = [await self._judge.one(receipt) for receipt, _ in writing.judged]
                writing.entries = await self._entries(writing.judged)
            self._write(writing)
        assert writing.task is not None
        try:
            await asyncio.shield(writing.task)
        except JournalError:
            writing.task = None
            raise
        self._writing = None
        for receipt, messages in writing.judged:
            if 0 < self._counted_from <= receipt.seq and not isinstance(messages, str):
                self.waiting = max(0, self.waiting - len(messages))
        for id in [id for id in self._found if seq_of(id) <= writing.judged[-1][0].seq]:
            del self._found[id]
        if any(entry.summary.delivery is DeliveryState.WAITING for entry in writing.entries):
            self._owed()
        await self._pace.breathe()
        return True

    async def _entries(self, judged: Sequence[JudgedReceipt]) -> list[Entry]:
        """Return the rows of the index, with what follows from the messages before."""
        seen = await self._seen(judged)
        entries: list[Entry] = []
        for receipt, messages in judged:
            if isinstance(messages, str):
                fault = DeliveryState.NONE if receipt.refused is not None else DeliveryState.FAULT
                entries.append(refusal(msgspec.structs.replace(receipt, refused=messages), fault))
                continue
            replayed = receipt.origin == "replay"
            for number, one in enumerate(messages):
                if number % FEW == 0 and self._pace.spent:
                    await self._pace.breathe()
                entries.append(self._entry(one if replayed else self._marked(one, seen)))
        return entries

    async def _next(self) -> list[JudgedReceipt]:
        """Return the next receipts with their messages, each judged by itself; [] if there are none."""
        await self._fetch()
        if await self._hand_out():
            judged = await self._handed[0].answer(self._judge.one)
            self._pace.begin()  # a worker was waited for
            if not self._handed[0].receipts:
                self._handed.popleft()
            return judged
        if self._reader.runs_functions:
            await self._settle()  # functions may take seconds
            judged = await self._judge.together(next_piece(self._pending))
        else:
            judged, size = list[JudgedReceipt](), 0
            for receipt in next_piece(self._pending):
                one = await self._judge.one(receipt)
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
        if workers is None or self._reader.runs_functions:
            return bool(self._handed)
        if self.behind:
            workers.need()
            while self._pending and (worker := workers.free(self)) is not None:
                self._give(workers, worker, next_piece(self._pending))
                await self._fetch()
        return bool(self._handed)

    def _give(self, workers: Workers, worker: Worker, piece: list[Receipt]) -> None:
        if accepted := [receipt for receipt in piece if receipt.refused is None]:
            workers.give(worker, accepted, self)
        self._handed.append(Handed(piece, self._reader, partial(workers.answer, worker), worker.done))
        for _ in piece:
            self._pending.popleft()

    async def _seen(self, judged: Sequence[JudgedReceipt]) -> set[str]:
        ids = [
            one.prepared.said.message_id
            for receipt, messages in judged
            if not isinstance(messages, str) and receipt.origin != "replay"
            for one in messages
        ]
        if not ids:
            return set()
        since = judged[0][0].received_at - DEDUPE_WINDOW
        seen = set(await self._stores.index.seen(ids, since))
        if self._writing is not None and self._writing.judged is not judged:
            seen.update(ids_in(self._writing.judged, since))
        return seen

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
        entry, said = prepared.entry, prepared.said
        if said.id > self._observed_to:
            found = self._reader.observation(Digest(said, one.whole))
            self._observed_to = said.id
            if found:
                self._found[said.id] = found
        else:
            found = self._found.get(said.id)
        if found:
            entry = with_found(entry, found, self._reader.adjusted(prepared.called, found))
        if entry.summary.delivery is DeliveryState.WAITING:
            if self._hold(entry, one):
                return as_held(entry)
            if not entry.standings:  # with several routes each makes its own
                self._offer(entry.summary, one.source.made)
        return entry
