"""How fast Mixpanel is sent to: how many requests at once on each route, and how many records a second.

A route begins with four requests at once. Each one that succeeds allows one more, up to the most, until the
first 429: that halves the number, and from then on a whole round of successes allows one more. Of several
429 to requests that were under way together only the first halves it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Generator
from dataclasses import dataclass, field

from ..settings import ForwardSettings
from .records import BatchKey

FIRST = 4
"""Requests at once on a route about which nothing is known yet."""
TOO_MANY = 429


@dataclass(slots=True)
class _Route:
    at_once: float
    sent: int = 0
    under_way: int = 0
    halved: int = 0
    """The last request that had been sent when the number was halved, 0 if it never was."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Pace:
    """The pace of all requests to one project. `settings` says how many at once, and the rate, at most."""

    def __init__(self, settings: ForwardSettings) -> None:
        self.settings = settings
        self._routes: dict[BatchKey, _Route] = {}
        self._free_at = 0.0

    def at_once(self, route: BatchKey) -> int:
        """Return how many requests may be under way on the route."""
        return min(self.settings.max_requests, int(self._of(route).at_once))

    def is_full(self, route: BatchKey) -> bool:
        """Return whether another request on the route has to wait for an answer."""
        return self._of(route).under_way >= self.at_once(route)

    def delay(self, records: int, now: int) -> float:
        """Return the seconds that a request with so many records has to wait, and count it.

        `now` is in milliseconds.
        """
        rate = self.settings.max_records_per_second
        if not rate:
            return 0.0
        starts = max(now / 1000, self._free_at)
        self._free_at = starts + records / rate
        return starts - now / 1000

    @contextlib.contextmanager
    def under_way(self, route: BatchKey) -> Generator[int]:
        """Count a request while it is under way; yields its number on the route."""
        found = self._of(route)
        found.sent += 1
        found.under_way += 1
        try:
            yield found.sent
        finally:
            found.under_way -= 1
            found.ended.set()
            found.ended = asyncio.Event()

    def ended(self, route: BatchKey) -> Awaitable[object]:
        """Return what waits until one of the requests that are under way on the route no longer is."""
        return self._of(route).ended.wait()

    def answered(self, route: BatchKey, number: int, status: int, *, accepted: bool) -> None:
        """Note how a request ended. `accepted`: Mixpanel took or refused its records by name."""
        found = self._of(route)
        if status == TOO_MANY:
            if number > found.halved:
                found.at_once = max(1.0, min(found.at_once, self.settings.max_requests) / 2)
                found.halved = found.sent
        elif accepted:
            more = 1 / found.at_once if found.halved else 1.0
            found.at_once = min(float(self.settings.max_requests), found.at_once + more)

    def _of(self, route: BatchKey) -> _Route:
        found = self._routes.get(route)
        if found is None:
            found = self._routes[route] = _Route(min(FIRST, self.settings.max_requests))
        return found
