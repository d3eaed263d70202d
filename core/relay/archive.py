"""An archive: gathers the lines of requests, and writes them as gzipped objects, an hour of a source in each.

An object is written when it is full, when its first line has waited for long enough, and at a stop. Until
then its requests are owed, and a start after kill -9 reads them again. Of a source's hour there is one object
at a time that is not written down as done, and its name follows from its first request: what was written just
before a crash is written over, and no line is in two objects.
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from random import Random

from ..delivery import Handover, Outcome, OwedRequest
from ..forward.clock import Clock, wait_before_retry
from ..messages import Receipt
from ..stores.base import ReadableLog, RequestOutbox
from .archived import Place, name_of
from .objects import NotWritten, Objects
from .runner import Runner, log_refused

FULL = 16 * 1024 * 1024
"""Compressed bytes from which an object is written."""
MOST = 4 * FULL
"""Bytes of all objects that are gathered: beyond them the largest is written."""
UNREADABLE = "the journal cannot read this request any more, so it is not in the archive"
_GZIP = 31

LinesOf = Callable[[Receipt], Awaitable[tuple[Place, bytes]]]
"""Returns where a request belongs, and its lines."""


class _Gathered:
    """The lines for one object so far, since `since` (ms of the steady clock)."""

    def __init__(self, name: str, since: int) -> None:
        self.name = name
        self.since = since
        self.debts: list[OwedRequest] = []
        self.size = 0
        self._parts: list[bytes] = []
        self._compressor = zlib.compressobj(6, zlib.DEFLATED, _GZIP)

    def add(self, debt: OwedRequest, lines: bytes) -> None:
        """Add the lines of one request."""
        self.debts.append(debt)
        part = self._compressor.compress(lines)
        self._parts.append(part)
        self.size += len(part)

    def data(self) -> bytes:
        """Return the object; lines can still be added."""
        return b"".join(self._parts) + self._compressor.copy().flush()


class Archive(Runner):
    """Writes what is owed to one archive. `lines` makes a request's lines, `every` is seconds at most."""

    def __init__(
        self,
        name: str,
        objects: Objects,
        lines: LinesOf,
        outbox: RequestOutbox,
        log: ReadableLog,
        clock: Clock,
        *,
        every: float,
        changed: Callable[[], None] = lambda: None,
        on_handover: Callable[[Handover], None] = lambda one: None,
        rng: Random | None = None,
        full: int = FULL,
    ) -> None:
        super().__init__(name, outbox, clock, changed)
        self._objects = objects
        self._lines = lines
        self._log = log
        self._every = round(every * 1000)
        self._on_handover = on_handover
        self._rng = rng or Random()
        self._full = full
        self._gathered: dict[Place, _Gathered] = {}
        self._failures = 0
        self._until = 0
        """Before this time (ms of the steady clock) nothing is written, after a failure."""

    async def _begin(self) -> None:
        self._gathered.clear()
        self._failures, self._until = 0, 0

    async def _turn(self) -> None:
        while not self._stopping:
            await self._write_due()
            if sum(one.size for one in self._gathered.values()) >= MOST:
                return  # it cannot be written just now
            await self._read()
            if not self._owed:
                break
            while self._owed and not self._stopping:
                await self._gather(self._owed.popleft())
        if not self._stopping and not self._failures:
            self._idle.set()

    async def _gather(self, debt: OwedRequest) -> None:
        """Add a request to the object that it belongs to, and write that once it is full."""
        receipt = await self._log.get(debt.receipt)
        if receipt is None or receipt.damaged:
            refused = self._handover(debt, Outcome.REFUSED, UNREADABLE)
            await self._outbox.record([refused], [debt.number])
            log_refused(refused)
            self._on_handover(refused)
            return
        place, lines = await self._lines(receipt)
        one = self._gathered.get(place)
        if one is None:
            since = self._clock.steady()
            one = self._gathered[place] = _Gathered(name_of(place, debt.number, receipt), since)
        one.add(debt, lines)
        if one.size >= self._full:
            await self._write(place)

    async def _write_due(self) -> None:
        """Write what has waited for long enough, or is too large to wait."""
        now = self._clock.steady()
        if now < self._until:
            return
        places = self._gathered
        for place in [place for place, one in places.items() if self._is_due(one, now)]:
            await self._write(place)
        if sum(one.size for one in places.values()) >= MOST:
            await self._write(max(places, key=lambda place: places[place].size))

    def _is_due(self, one: _Gathered, now: int) -> bool:
        return one.since + self._every <= now or one.size >= self._full

    async def _write(self, place: Place) -> None:
        """Write one object and what came of its requests; put it off if that fails."""
        now = self._clock.steady()
        if now < self._until:
            return
        one = self._gathered[place]
        try:
            await self._objects.put(one.name, one.data())
        except NotWritten as error:
            self._failures += 1
            pause = wait_before_retry(self._failures, self._rng)
            self._until = now + round(pause * 1000)
            self._say(f"The archive {self.name}: {error} (trying again)")
            return
        self._failures, self._until = 0, 0
        self._say("")
        written = [self._handover(debt, Outcome.SENT, one.name) for debt in one.debts]
        await self._outbox.record(written, [debt.number for debt in one.debts])
        del self._gathered[place]
        for handover in written:
            self._on_handover(handover)

    def _handover(self, debt: OwedRequest, outcome: Outcome, words: str) -> Handover:
        return Handover(self.name, debt.receipt, self._clock.now(), outcome, words=words)

    def _next_try(self) -> int | None:
        if not self._gathered:
            return None
        first = min(one.since for one in self._gathered.values()) + self._every
        return max(first, self._until) if not self._failures else self._until

    async def _end(self, grace: float) -> None:
        """Write what is gathered, unless that fails just now."""
        for place in list(self._gathered):
            await self._write(place)

    async def _abandon(self) -> None:
        self._gathered.clear()
