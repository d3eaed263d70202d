"""How work behind the acknowledgement shares the event loop with ingest."""

from __future__ import annotations

import asyncio
import time


class Pace:
    """Decides when the indexer lets others run, and for how long.

    It watches how much of the thread's time the others take while it rests: when that is little, rests are
    short; when ingest takes all it can get, the indexer keeps to `LEAST` of the time. What it waits for (the
    journal's threads, which ingest needs as well) counts as its work.
    """

    SLICE, SLICE_BUSY = 0.005, 0.001
    """Longest slice of uninterrupted work, in an idle and in a busy loop; requests wait at most this long."""
    BUSY = 0.2
    """The part of the time from which others count as having much to do."""
    LEAST = 0.03
    REST = 0.001
    """Seconds of the shortest rest: event loops do not measure shorter ones."""
    LOOP_COST = 0.00005
    """Seconds that a rest itself costs in the loop, which is nobody's work."""
    MEMORY = 0.05
    """Seconds over which the others' part is averaged, about."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._others = 0.0

    def begin(self) -> None:
        """Work begins after a rest."""
        self._began = time.perf_counter()

    @property
    def busy(self) -> bool:
        """True while others have much to do."""
        return self._others > self.BUSY

    @property
    def spent(self) -> bool:
        """True once the slice is used up, so that `breathe` rests."""
        stretch = self.SLICE_BUSY if self._others > self.BUSY else self.SLICE
        return time.perf_counter() - self._began >= stretch

    async def breathe(self) -> None:
        """Call between two small steps: returns at once until the slice is used up."""
        worked = time.perf_counter() - self._began
        if worked < (self.SLICE_BUSY if self._others > self.BUSY else self.SLICE):
            return
        # Ingest that takes half of the thread's time takes all it can get: the rest it waits for the disk.
        share = max(self.LEAST, 1 - 2 * self._others)
        before, used = time.perf_counter(), time.thread_time()
        await asyncio.sleep(max(self.REST, worked * (1 / share - 1)))
        self._began = time.perf_counter()
        rested, used = self._began - before, time.thread_time() - used
        part = min(1.0, max(0.0, used - self.LOOP_COST) / rested)
        self._others += (part - self._others) * min(1.0, rested / self.MEMORY)
