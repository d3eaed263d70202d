"""How work behind the acknowledgement shares the event loop with ingest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Pace:
    """Decides when the indexer lets others run, and for how long.

    It watches how much of the thread's time the others take: when that is little, the loop gets one turn
    between two slices; when ingest takes all it can get, the indexer keeps to `LEAST` of the time. What it
    waits for (the journal's threads, which ingest needs as well) counts as its work.
    While a sender waits for the disk, as `waiting` says, the indexer rests for up to `PATIENCE`: its work
    would hold up the thread that writes, and each step of the answer.
    """

    SLICE, SLICE_BUSY = 0.001, 0.0005
    """Longest slice of uninterrupted work, in an idle and in a busy loop. A request waits for one at each
    of its steps."""
    PATIENCE = 0.004
    BUSY = 0.2
    """The part of the time from which others count as having much to do."""
    LEAST = 0.03
    REST = 0.001
    """Seconds of the shortest rest by the clock: event loops do not measure shorter ones."""
    LOOP_COST = 0.00005
    """Seconds that a rest itself costs in the loop, which is nobody's work."""
    MEMORY = 0.05
    """Seconds over which the others' part is averaged, about."""
    RECENT = 0.25
    """Seconds for which more requests are expected after one."""

    def __init__(self, waiting: Callable[[], bool] = lambda: False) -> None:
        self._waiting = waiting
        self._began = time.perf_counter()
        self._others = 0.0
        self._waited = float("-inf")

    def begin(self) -> None:
        """Work begins after a rest."""
        self._began = time.perf_counter()

    @property
    def busy(self) -> bool:
        """True while others have much to do."""
        return self._others > self.BUSY

    @property
    def receiving(self) -> bool:
        """True while others have much to do, or a sender waited for the disk just now."""
        return self.busy or self._waiting() or self._began - self._waited < self.RECENT

    @property
    def spent(self) -> bool:
        """True once the slice is used up, so that `breathe` rests."""
        stretch = self.SLICE_BUSY if self._others > self.BUSY else self.SLICE
        return time.perf_counter() - self._began >= stretch

    async def breathe(self) -> None:
        """Call between two small steps: returns at once until the slice is used up."""
        before, used = time.perf_counter(), time.thread_time()
        worked = before - self._began
        if worked < (self.SLICE_BUSY if self._others > self.BUSY else self.SLICE):
            return
        # Ingest that takes half of the thread's time takes all it can get: the rest it waits for the disk.
        rest = worked * (1 / max(self.LEAST, 1 - 2 * self._others) - 1)
        await asyncio.sleep(rest if rest >= self.REST else 0)
        while self._waiting():
            self._waited = time.perf_counter()
            if self._waited - before >= max(rest, self.PATIENCE):
                break
            await asyncio.sleep(self.REST)
        self._began = time.perf_counter()
        rested, used = self._began - before, time.thread_time() - used
        # A single turn of the loop is all used by others: there, it is part of the whole time.
        span = rested if rested >= self.REST else worked + rested
        part = min(1.0, max(0.0, used - self.LOOP_COST) / span)
        self._others += (part - self._others) * min(1.0, span / self.MEMORY)
