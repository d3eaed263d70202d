"""Says how far a search is whose time was up."""

from __future__ import annotations

from ..stores.base import Index


async def searched_above(index: Index, id: int) -> int:
    """Return about how many lines have this id or a higher one, as if all requests were equally large.

    Counting them would read the whole index, of which a search may need nothing.
    """
    oldest = (await index.page(after=0, limit=1)).summaries
    newest = (await index.page(limit=1)).summaries
    if not oldest or not newest:
        return 0
    counts = await index.counts()
    last, first = newest[0].id, oldest[0].id
    part = (last - id) / (last - first) if last > first else 1.0
    return max(1, round(min(part, 1.0) * (counts.received + counts.refused)))
