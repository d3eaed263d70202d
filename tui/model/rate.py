"""How many messages come in a second: a count for each of the last seconds, and bars drawn of them."""

from __future__ import annotations

from collections import deque
from itertools import islice

SECONDS = 30
OVER = 3
"""Seconds that the shown rate is the mean of."""


class Rate:
    """Counts arrivals by the second. `now` is a monotonic clock in seconds."""

    def __init__(self) -> None:
        self._counts: deque[int] = deque([0] * SECONDS, maxlen=SECONDS)
        self._second: int | None = None

    def add(self, count: int, now: float) -> None:
        """Count messages that were received just now."""
        self._advance(now)
        self._counts[-1] += count

    def per_second(self, now: float) -> int:
        """Return the mean over the last full seconds, rounded up, so that a few messages are not 0."""
        self._advance(now)
        last = list(islice(self._counts, SECONDS - 1 - OVER, SECONDS - 1))
        return -(-sum(last) // OVER)

    def bars(self, width: int, now: float, levels: str) -> str:
        """Draw one bar for each of the last `width` full seconds; the busiest second has the highest."""
        self._advance(now)
        last = list(islice(self._counts, SECONDS - 1 - width, SECONDS - 1))
        top = max(last, default=0)
        if not top:
            return levels[0] * width
        return "".join(levels[-(-count * (len(levels) - 1) // top)] for count in last)

    def _advance(self, now: float) -> None:
        second = int(now)
        passed = 0 if self._second is None else second - self._second
        if self._second is None or passed > 0:
            self._second = second
        for _ in range(min(passed, SECONDS)):
            self._counts.append(0)
