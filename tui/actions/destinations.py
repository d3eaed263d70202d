"""Show all panes through another of Segment's Mixpanel destinations than the configured one."""

from __future__ import annotations

from ...core.otherwise import NAMES
from .context import Context


async def destinations(on: Context) -> None:
    """Turn to the next destination; after the last one to the configured one."""
    through = await on.details.turn_destination()
    on.header.shown_as = "" if through is None else NAMES[through]
