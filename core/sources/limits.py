"""Sizes: Segment's own limits, which segtap only points out, and the few that segtap must enforce."""

from __future__ import annotations

from ..text import size

SEGMENT_EVENT_BYTES = 32 * 1024
"""Segment takes one message up to 32 KB (HTTP Tracking API documentation, 'Max Request Size')."""

SEGMENT_BATCH_BYTES = 500 * 1024
"""Segment takes a batch up to 500 KB (same place)."""

SEGMENT_BATCH_MESSAGES = 2500
"""Segment answers 200 to a longer batch, but drops it (same place)."""

SEGMENT_MESSAGE_ID_CHARS = 100
"""Segment documents messageIds of fewer characters (HTTP Tracking API documentation, 'Errors')."""

MAX_BATCH_MESSAGES = 100_000
"""More in one request are refused: forty times what Segment takes, and well inside the position bits."""

REFUSED_BODY_BYTES = 64 * 1024
"""Of a refused request's body this much is kept, to be looked at."""


def excess(count: int, limit: int) -> tuple[str, str]:
    """Return a size over a limit and that limit in words that differ: `40.1 KB`, `32 KB`; in bytes when
    close.
    """
    if size(count) == size(limit):
        return f"{count:,} bytes", f"{limit:,}"
    return size(count), size(limit)
