"""The HTTP statuses with which Mixpanel refused messages, for lines of the list."""

from __future__ import annotations

import msgspec

from ..api.models import Page
from ..delivery import DeliveryState, refusal_statuses
from ..stores.base import Stores


async def with_statuses(stores: Stores, page: Page) -> Page:
    """Return the page with the HTTP status of each message that Mixpanel refused."""
    refused = [line.id for line in page.summaries if line.delivery is DeliveryState.REFUSED]
    if not refused:
        return page
    attempts = await stores.outbox.deliveries_of(refused)
    statuses = refusal_statuses(one for id in attempts for one in attempts[id])
    lines = (
        msgspec.structs.replace(line, status=statuses[line.id]) if line.id in statuses else line
        for line in page.summaries
    )
    return msgspec.structs.replace(page, summaries=tuple(lines))
