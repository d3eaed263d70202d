"""How many refused requests are kept: a client that sends rubbish in a loop must not fill the journal."""

from __future__ import annotations


class Allowance:
    """A bucket of `burst` that fills again at `rate` a second. Time is the receipts' own, in milliseconds."""

    def __init__(self, rate: float = 20.0, burst: int = 200) -> None:
        self._rate = rate / 1000
        self._burst = burst
        self._left = float(burst)
        self._at = 0
        self._skipped = 0

    def take(self, now: int) -> int | None:
        """Return how many were left out since the last one that was kept; None to leave this one out, too."""
        self._left = min(self._burst, self._left + max(0, now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            self._skipped += 1
            return None
        self._left -= 1
        skipped, self._skipped = self._skipped, 0
        return skipped
