"""Waits for messages that may share a request: one that is a tenth full costs as much as a full one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .clock import Clock
from .courier import first

MOST_TIMES = 8
"""How many times the wait is repeated at most while many messages are received."""
MANY = 20
"""Messages received during one wait that are many."""


class Linger:
    """A wait of so many seconds, repeated while many messages are received; 0 seconds: no wait."""

    def __init__(self, seconds: float, clock: Clock, interrupt: asyncio.Event) -> None:
        self._seconds = seconds
        self._clock = clock
        self._interrupt = interrupt

    async def fill(self, count: Callable[[], int], most: int, meanwhile: Callable[[], None]) -> None:
        """Wait until a request is full or few messages are received, or until interrupted.

        `count` returns how many are there, of which `most` fill a request. `meanwhile` is called between two
        waits.
        """
        if not self._seconds:
            return
        for _ in range(MOST_TIMES):
            before = count()
            await first(self._interrupt.wait(), self._clock.sleep(self._seconds))
            if self._interrupt.is_set() or count() >= most or count() - before < MANY:
                return
            meanwhile()
