"""Time for the forwarder: a clock that tests can turn, and how long to wait before trying again."""

from __future__ import annotations

import asyncio
import time
from random import Random
from typing import Protocol

FIRST_WAIT = 2.0
LONGEST_WAIT = 60.0
JITTER = (1.0, 5.0)
LONGEST_ASKED = 3600.0
"""The most of a Retry-After that is honoured, in seconds."""


class Clock(Protocol):
    """The time now, and waiting."""

    def now(self) -> int:
        """Return milliseconds since the epoch, as the machine's clock shows them."""
        ...

    def steady(self) -> int:
        """Return milliseconds that nobody sets forward or back: all that is waited for goes by them."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        ...


class SystemClock:
    """The machine's own."""

    def now(self) -> int:
        """Return milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def steady(self) -> int:
        """Return milliseconds that nobody sets forward or back."""
        return time.monotonic_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        await asyncio.sleep(seconds)


def wait_before_retry(attempt: int, rng: Random, asked: float | None = None) -> float:
    """Return seconds to wait after the failed `attempt` (from 1): 2 s doubling to 60 s, and 1–5 s of jitter.

    `asked` is the server's Retry-After: never less than that. As Mixpanel's reference advises.
    """
    doubled = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempt - 1, 10))
    return max(doubled, min(asked or 0.0, LONGEST_ASKED)) + rng.uniform(*JITTER)
