"""A histogram of durations, as Prometheus counts them."""

from __future__ import annotations

from bisect import bisect_left

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
"""Upper bounds of the buckets in seconds: from a commit to an outage of Mixpanel that lasted hours."""


class Histogram:
    """Durations in buckets, with their number and sum."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        """The number of durations in each bucket by itself; the last one has no upper bound."""
        self.total = 0.0
        """The sum of all durations, in seconds."""

    @property
    def count(self) -> int:
        """The number of durations."""
        return sum(self.buckets)

    def observe(self, seconds: float, times: int = 1) -> None:
        """Count a duration that so many messages had. A clock that was set back gives 0."""
        seconds = max(seconds, 0.0)
        self.buckets[bisect_left(BOUNDS, seconds)] += times
        self.total += seconds * times
