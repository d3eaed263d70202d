"""Requests that were received while NATS was away: on this machine's disk, and published once it is back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

from ...errors import JournalError
from ...messages import Receipt
from ..base import START, Stores

logger = logging.getLogger(__name__)

AT_ONCE = 256
PAUSE = 0.5
"""Seconds between two tries to publish."""
DOUBTED = 10_000
"""The oldest of an earlier run's that may be in the stream already: those that got no answer are the
first.
"""

Publish = Callable[[Receipt], Awaitable[object]]


class Spool:
    """A log of requests in a file, of which those up to its index's position are published.

    While it is `active` every request goes through it, so that they are published in the order in which they
    came. `publish` raises JournalError for what could not be published, `catch_up` waits until it is known
    what of `doubtful` the stream has.
    """

    def __init__(
        self,
        kept: Stores,
        publish: Publish,
        catch_up: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self._kept = kept
        self._publish = publish
        self._catch_up = catch_up
        self._changed = changed
        self._writing = 0
        self._last = START
        self._clearing = False
        self._cleared = asyncio.Condition()
        self.waiting = 0
        """Requests that are not published yet."""
        self.doubtful: set[str] = set()
        """Those of them that were published without an answer, by their uid: the stream may have them."""
        self.landed: set[str] = set()
        """Those of `doubtful` that came out of the stream."""
        self.active = False
        self._wake = asyncio.Event()

    async def open(self) -> None:
        """Find what an earlier run has left."""
        position = self._kept.index.position
        while left := await self._kept.receipts.read(position):
            position = self._last = left[-1].seq
            self.waiting += len(left)
            room = DOUBTED - len(self.doubtful)
            self.doubtful.update([one.uid for one in left[: max(0, room)]])
        self._activate(bool(self.waiting))

    async def keep(self, receipt: Receipt, *, doubtful: bool = False) -> None:
        """Make a request durable on this machine. Raises JournalFull when no more may be kept."""
        async with self._cleared:
            await self._cleared.wait_for(lambda: not self._clearing)
        if doubtful:
            self.doubtful.add(receipt.uid)
        self._writing += 1
        self._activate(True)
        try:
            self._last = max(self._last, await self._kept.receipts.append(receipt))
            self.waiting += 1
        finally:
            self._writing -= 1
        self._changed()

    async def check(self) -> None:
        """Try whether a request could be kept. Raises JournalError if not."""
        await self._kept.receipts.check()

    async def forget(self) -> None:
        """Delete what is kept."""
        async with self._cleared:
            await self._kept.clear()
        self.waiting = 0

    async def run(self) -> None:
        """Publish what is kept, in order, whenever there is something, until cancelled."""
        while True:
            await self._wake.wait()
            try:
                await self._catch_up()
                await self._drain()
            except JournalError as error:
                logger.debug("what was received while NATS was away waits: %s", error)
                await asyncio.sleep(PAUSE)

    async def _drain(self) -> None:
        kept = self._kept
        while self.active:
            some = await kept.receipts.read(kept.index.position, AT_ONCE)
            if some:
                await self._publish_all(some)
            elif not self._writing and kept.index.position >= self._last:
                await self._empty()

    async def _publish_all(self, some: Sequence[Receipt]) -> None:
        """Publish requests in order, and note how far that went. Raises what publishing the first one raised
        that could not be.
        """
        tasks = [asyncio.create_task(self._one(receipt), name="segtap-spool-publish") for receipt in some]
        done = 0
        try:
            for task in tasks:
                await task
                done += 1
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if done:
                await self._kept.index.add([], some[done - 1].seq)
                self.waiting -= done
                self.doubtful.difference_update([one.uid for one in some[:done]])
                self.landed.difference_update([one.uid for one in some[:done]])
                self._changed()

    async def _one(self, receipt: Receipt) -> None:
        if receipt.uid in self.landed or receipt.damaged:
            return
        self.doubtful.add(receipt.uid)
        await self._publish(receipt)

    async def _empty(self) -> None:
        """Go back to publishing directly, and free the file's room."""
        self._clearing = True
        try:
            with contextlib.suppress(JournalError):  # the room is freed the next time
                await self._kept.clear()
        finally:
            async with self._cleared:
                # Whoever waits for this makes it active again.
                self.waiting = 0
                self.doubtful.clear()
                self.landed.clear()
                self._activate(False)
                self._clearing = False
                self._cleared.notify_all()
        self._changed()

    def _activate(self, active: bool) -> None:
        self.active = active
        if active:
            self._wake.set()
        else:
            self._wake.clear()
