"""The numbers of each of `[[routes]]` at one moment, for those who monitor an engine."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ..delivery import DeliveryCounts, Outcome, RouteCounts
from ..metrics.families import RouteReading
from ..metrics.meter import Meter
from ..relay.choosing import REFUSED
from ..settings import RouteSettings, Settings
from ..stores.base import Outbox, Stores


def age(received_at: int) -> float:
    """Return how many seconds ago something was received; a clock that was set back gives 0."""
    return max(0.0, time.time() - received_at / 1000)


class RouteNumbers:
    """Reads the numbers of the routes that an engine started with.

    `outboxes` are those of the routes to Mixpanel, where messages have deliveries for each.
    """

    def __init__(
        self, settings: Settings, stores: Stores, outboxes: Mapping[str, Outbox], meter: Meter
    ) -> None:
        self._settings = settings
        self._stores = stores
        self._outboxes = outboxes
        self._meter = meter

    async def read(self, owed: int, oldest: float) -> tuple[RouteReading, ...]:
        """Return the numbers of each route, none without `[[routes]]`.

        `owed` messages, the oldest of which is so many seconds old, are those of a single route to Mixpanel
        that takes all.
        """
        if not self._settings.routes:
            return ()
        standings = await self._stores.index.standing_counts() if self._settings.by_route else {}
        counts = await self._stores.requests.counts()
        found: list[RouteReading] = []
        for route in self._settings.routes:
            if route.kind != "mixpanel":
                found.append(await self._whole(route, counts))
            elif self._settings.by_route:
                found.append(await self._to_mixpanel(route, standings.get(route.name, DeliveryCounts())))
            else:
                refused = sum(
                    count for reason, count in self._meter.refused.items() if reason.startswith("mixpanel")
                )
                found.append(
                    RouteReading(
                        route.name, route.kind, self._meter.sent, refused, self._meter.uncertain, owed, oldest
                    )
                )
        return tuple(found)

    async def _to_mixpanel(self, route: RouteSettings, of: DeliveryCounts) -> RouteReading:
        first = await self._outboxes[route.name].owed(limit=1)
        return self._reading(route, of.owed, age(first[0].received_at) if first else 0.0)

    async def _whole(self, route: RouteSettings, counts: Mapping[str, RouteCounts]) -> RouteReading:
        """Return the numbers of a mirror, or of an archive with its refused requests and records."""
        owed, oldest = 0, 0.0
        for name in (route.name, route.name + REFUSED):
            if (one := counts.get(name)) is None or not one.waiting:
                continue
            owed += one.waiting
            for debt in await self._stores.requests.owed(name, limit=1):
                if (receipt := await self._stores.receipts.get(debt.receipt)) is not None:
                    oldest = max(oldest, age(receipt.received_at))
        return self._reading(route, owed, oldest)

    def _reading(self, route: RouteSettings, owed: int, oldest: float) -> RouteReading:
        became = self._meter.along[route.name]
        return RouteReading(
            route.name,
            route.kind,
            became[Outcome.SENT],
            became[Outcome.REFUSED],
            became[Outcome.UNCERTAIN],
            owed,
            oldest,
        )
