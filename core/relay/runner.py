"""What all routes of whole requests share: how they run, what they wait for, and their faults."""

from __future__ import annotations

import abc
import asyncio
import logging
from collections import deque
from collections.abc import Callable

from ..delivery import Handover, OwedRequest
from ..forward.clock import Clock
from ..forward.courier import first
from ..stores.base import RequestOutbox

logger = logging.getLogger(__name__)

READ = 256
"""Debts that are read at a time."""


def log_refused(one: Handover) -> None:
    """Log a request that its route never gets."""
    facts = {"route": one.route, "receipt": one.receipt, "status": one.status, "words": one.words}
    logger.warning("a request is refused", extra=facts)


class Runner(abc.ABC):
    """Hands what is owed to one route to it until it is stopped.

    Nothing is kept that the journal does not know: kill it at any point, and the next run goes on from there.
    `name` is that of the debts, `changed` is called when `fault` is another.
    """

    def __init__(self, name: str, outbox: RequestOutbox, clock: Clock, changed: Callable[[], None]) -> None:
        self.name = name
        self._outbox = outbox
        self._clock = clock
        self._report = changed
        self._fault = ""
        self._owed: deque[OwedRequest] = deque()
        self._after = 0
        """The number of the last debt that was read."""
        self._more = True
        self._woken = asyncio.Event()
        self._finished = asyncio.Event()
        self._idle = asyncio.Event()
        self._running = self._stopping = False
        self._grace = 0.0

    @property
    def fault(self) -> str:
        """Why the route does not get its requests just now, "" if it does."""
        return self._fault

    def wake(self) -> None:
        """Note that more is owed."""
        self._more = True
        self._idle.clear()
        self._woken.set()

    async def wait_idle(self) -> None:
        """Return when all that is owed has been dealt with or waits for another try."""
        await self._idle.wait()

    async def stop(self, grace: float = 5.0) -> None:
        """Begin nothing more; wait up to `grace` seconds for what is under way. `run` then returns."""
        if self._running:
            self._stopping, self._grace = True, grace
            self._woken.set()
            await self._finished.wait()

    async def run(self) -> None:
        """Hand over until `stop`. Raises JournalError when outcomes cannot be written, and has stopped."""
        if self._running:
            raise RuntimeError(f"the route {self.name} runs already")
        self._running, self._stopping = True, False
        self._finished.clear()
        self._idle.clear()
        self._owed.clear()
        self._after, self._more = 0, True
        try:
            await self._begin()
            while not self._stopping:
                self._woken.clear()
                await self._turn()
                await self._next_change()
            await self._end(self._grace)
        finally:
            await self._abandon()
            self._running = False
            self._set_fault("")
            self._finished.set()
            self._idle.set()

    @abc.abstractmethod
    async def _begin(self) -> None:
        """Start from what the journal says."""

    @abc.abstractmethod
    async def _turn(self) -> None:
        """Begin whatever may be begun now."""

    @abc.abstractmethod
    def _next_try(self) -> int | None:
        """Return when something is to be tried again (ms of the steady clock), None if nothing is."""

    @abc.abstractmethod
    async def _end(self, grace: float) -> None:
        """Let what is under way end, for so many seconds."""

    @abc.abstractmethod
    async def _abandon(self) -> None:
        """Let go of everything."""

    async def _read(self) -> None:
        """Read further debts if none is at hand."""
        if not self._owed and self._more:
            self._more = False
            found = await self._outbox.owed(self.name, self._after, READ)
            if found:
                self._owed.extend(found)
                self._after = found[-1].number
                self._more = True

    async def _next_change(self) -> None:
        at = self._next_try()
        if at is None:
            await self._woken.wait()
        elif (left := at - self._clock.steady()) > 0:
            await first(self._woken.wait(), self._clock.sleep(left / 1000))
        else:
            await asyncio.sleep(0)

    def _say(self, fault: str) -> None:
        """Set the fault; the log has when there is one and when it is over, not each try in between."""
        if bool(fault) != bool(self._fault):
            if fault:
                logger.warning("%s", fault, extra={"route": self.name})
            elif not self._stopping:
                logger.info("the route gets its requests again", extra={"route": self.name})
        self._set_fault(fault)

    def _set_fault(self, fault: str) -> None:
        if fault != self._fault:
            self._fault = fault
            self._report()
