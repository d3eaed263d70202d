"""Forwarding along several routes to Mixpanel: what each translates by, and who hears of its deliveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from ..api.feed import Feed
from ..api.models import Page
from ..delivery import Delivery, DeliveryState, refusal_statuses, standing_along
from ..index.summaries import summary_along
from ..messages import Message
from ..metrics.meter import Meter
from ..pipeline.stages import sent
from ..stores.base import Stores, Summed
from ..verdict import Translation
from .active import ActiveSettings
from .delivery_log import log_deliveries


class WayTranslator:
    """Translates by the settings of one route; see `OwedTranslator`."""

    def __init__(self, active: ActiveSettings, route: str) -> None:
        self._active = active
        self._route = route

    def owed(self, message: Message) -> Translation:
        """Return what the route's destination makes of the message, by the time of its receipt."""
        return sent(message, self._active.compiled_along(self._route))


def summed_to(feed: Feed, meter: Meter, refused: Callable[[], None], route: str) -> Summed:
    """Return what a store calls after each write along a route; it calls `refused` after refusals."""

    def summed(
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        sums: Sequence[tuple[int, DeliveryState, bool]],
    ) -> None:
        log_deliveries([msgspec.structs.replace(one, route=route) for one in deliveries])
        statuses = refusal_statuses(deliveries)
        meter.deliver([(id, state) for id, state, changed in sums if changed], statuses)
        for _, state in states:
            meter.count_along(route, state.value)
        feed.change([(id, state) for id, state, _ in sums], statuses)
        if statuses:
            refused()

    return summed


async def page_along(stores: Stores, page: Page, route: str) -> Page:
    """Return a page of the list as its messages stand on a route."""
    standings = await stores.index.standings([line.id for line in page.summaries])
    lines = tuple(
        summary_along(line, standing_along(standings.get(line.id, ()), route)) for line in page.summaries
    )
    return msgspec.structs.replace(page, summaries=lines)
