"""Users and groups of the whole journal: gathered once, kept up as messages are indexed, kept in the journal.

A start goes on from what the last engine kept. Where there is nothing, or other settings made it, all
messages are read again in the background, oldest first; what that makes takes the place of what was gathered
of new messages meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from ..aggregates.gathered import Gathered
from ..api.models import Coverage, Summary
from ..checks.stream import said_by
from ..errors import JournalError
from ..index.pace import Pace
from ..index.receipts import ReceiptReader
from ..messages import Message, Receipt, message_number, seq_of
from ..stores.base import START, Cursor, Index, Snapshot, Stores
from ..verdict import Translation
from .active import ActiveSettings
from .supervisor import Supervisor

logger = logging.getLogger(__name__)

RECEIPTS = 32
"""Receipts that are read at a time."""
LINES = 10_000
"""Lines of the list that are read for them at a time."""
LOOK_EVERY = 30.0
"""Seconds between two looks at whether enough has come to keep it again."""
WORTH_KEEPING = 20_000
SHARE_KEPT = 4
"""Messages, and the part of all messages, after which it is kept again while the engine runs."""


class Gathering:
    """Gathers users and groups in the background of an engine, and keeps them.

    `pause` keeps the indexer between two pieces of work; `waiting` returns how many messages
    were received and are not in the index yet.
    """

    def __init__(
        self,
        stores: Stores,
        reader: ReceiptReader,
        active: ActiveSettings,
        supervisor: Supervisor,
        pause: Callable[[], AbstractAsyncContextManager[None]],
        waiting: Callable[[], int],
    ) -> None:
        self._stores = stores
        self._reader = reader
        self._active = active
        self._supervisor = supervisor
        self._pause = pause
        self._waiting = waiting
        self._making: Gathered | None = None
        """What is made of the messages since the oldest, while not all of them are read."""
        self._position: Cursor = START
        """The last receipt whose messages are in it."""
        self._keeping = asyncio.Lock()
        self._kept = 0
        """Messages that were gathered when it was kept last."""
        self._restored = False
        self._whole = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # --- what viewers see ------------------------------------------------------------------------

    @property
    def shown(self) -> Gathered:
        """What covers the most messages now."""
        live, making = self._active.gathered, self._making
        return live if making is None or making.messages < live.messages else making

    async def covered(self) -> Coverage:
        """Return which messages are in `shown`, and how many are not yet."""
        received = (await self._stores.index.counts()).received
        shown, waiting = self.shown, self._waiting()
        if self._making is None:
            return shown.covered(waiting)
        return shown.covered(max(1, received - shown.messages) + waiting)

    async def settled(self, within: float | None = None) -> None:
        """Wait until all messages are gathered, at most `within` seconds."""
        try:
            async with asyncio.timeout(within):
                await self._whole.wait()
        except TimeoutError:
            return

    # --- the life of an engine --------------------------------------------------------------------

    async def restore(self) -> None:
        """Take over what the last engine kept. Call it before the indexer adds messages."""
        if self._restored:
            return
        self._restored = True
        kept = await self._stores.index.snapshot()
        found = self._active.new_gathered()
        if kept is None or kept[0].revision != self._active.gathered_by:
            kept = None
        elif not await asyncio.to_thread(found.restore, kept[1]):
            logger.warning("users and groups as they were kept cannot be read; messages are read again")
            kept, found = None, self._active.new_gathered()
        position = START if kept is None else kept[0].position
        if await self._up_to_date(position):
            self._active.gather(found)
            self._kept = found.messages
            self._whole.set()
        else:
            self._begin(found, position)

    async def _up_to_date(self, position: Cursor) -> bool:
        """Return whether the index has no messages behind the receipt at this position."""
        index = self._stores.index
        if position >= index.position:
            return True
        page = await index.page(after=message_number(position + 1, 0) - 1, limit=1)
        return not page.summaries

    def start(self) -> None:
        """Begin to keep what is gathered, now and then."""
        self._supervisor.start("keeping users and groups", self._keep_up)

    def again(self) -> None:
        """Gather all messages again, by the settings in force."""
        self._begin(self._active.new_gathered(), START)

    def forget(self) -> None:
        """Note that the journal was emptied."""
        self._stop()
        self._making, self._kept = None, 0
        self._whole.set()

    async def keep(self) -> None:
        """Keep what is gathered in the journal, unless it is not whole or nothing has come since."""
        if self._stores.ephemeral:
            return
        async with self._keeping:
            async with self._pause():
                position, gathered = self._stores.index.position, self._active.gathered
                if not self._whole.is_set() or gathered.messages == self._kept:
                    return
                if seq_of(gathered.last) > position:
                    return  # the indexer has seen messages that could not be written yet
                revision, count = self._active.gathered_by, gathered.messages
                parts = await asyncio.to_thread(lambda: list(gathered.packed()))
            await self._stores.index.keep_snapshot(Snapshot(position, revision), parts)
            self._kept = count

    async def close(self) -> None:
        """Keep what is gathered, for the next start; a failure costs that nothing but time."""
        try:
            await self.keep()
        except JournalError as error:
            logger.warning("users and groups cannot be kept: %s", error)

    # --- reading ---------------------------------------------------------------------------------

    def _begin(self, gathered: Gathered, position: Cursor) -> None:
        self._stop()
        self._whole.clear()
        self._making, self._position, self._kept = gathered, position, -1
        self._task = self._supervisor.start("gathering users and groups", self._gather)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            new = self._active.gathered.messages - self._kept
            if new >= max(WORTH_KEEPING, self._kept // SHARE_KEPT):
                await self.keep()

    async def _gather(self) -> None:
        """Add all messages from `_position` on, then put the result in force."""
        pace = Pace()
        pace.begin()
        making = self._making
        while making is not None and making is self._making:
            if await self._read(making, pace):
                continue
            async with self._pause():  # with the indexer at rest there is an end
                if await self._read(making, pace):
                    continue
                if making is self._making:
                    self._active.gather(making)
                    self._making = None
                    self._whole.set()
        await self.keep()

    async def _read(self, making: Gathered, pace: Pace) -> bool:
        """Add the messages of the next receipts; return False if there are no more in the index."""
        index = self._stores.index
        found = await self._stores.receipts.read(self._position, RECEIPTS)
        receipts = [one for one in found if one.seq <= index.position]
        if not receipts:
            return False
        lines = await lines_of(index, receipts)
        for receipt in receipts:
            messages = await self._reader.load_from(receipt, lines)
            for message in await self._reader.with_outcomes(self._stores, messages):
                translation = await self._reader.translated(message)
                if making is not self._making:
                    return False
                add(making, message, translation)
                await pace.breathe()
            self._position = receipt.seq
        return True


async def lines_of(index: Index, receipts: Sequence[Receipt]) -> dict[int, Summary]:
    """Return the lines of the messages of successive receipts, by id."""
    after, before = message_number(receipts[0].seq, 0) - 1, message_number(receipts[-1].seq + 1, 0)
    lines: dict[int, Summary] = {}
    more = True
    while more:
        page = await index.page(after=after, limit=LINES)
        lines |= {line.id: line for line in page.summaries if line.id < before}
        more = page.more and bool(page.summaries) and page.summaries[-1].id < before
        after = page.summaries[-1].id if page.summaries else after
    return lines


def add(gathered: Gathered, message: Message, translation: Translation) -> None:
    """Add a message; one that fails is left out, and logged."""
    try:
        gathered.add(said_by(message, translation, message.received_at))
    except Exception:
        # As with every message that fails: the others are read.
        logger.exception("message %d cannot be gathered", message.id)
