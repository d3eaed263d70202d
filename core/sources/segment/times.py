"""Segment's clock arithmetic: timestamp = receivedAt − (sentAt − originalTimestamp)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from ...messages import Json

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def read_time(value: Json) -> int | None:
    """Return milliseconds since the epoch of an ISO 8601 text (without offset: UTC), or None if it
    is none.
    """
    return _read_text(value) if isinstance(value, str) and 8 <= len(value) <= 64 else None


@lru_cache(maxsize=256)
def _read_text(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None


def iso(milliseconds: int) -> str:
    """Return `2026-11-24T21:57:09.140Z`, as Segment writes it. Raises OverflowError outside the years
    1–9999.
    """
    moment = _EPOCH + milliseconds * _MILLISECOND
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def corrected(timestamp: int, sent_at: int, received_at: int) -> str | None:
    """Return the moment of the call by the server's clock, or None when no calendar has it. All in
    milliseconds.
    """
    try:
        return iso(received_at - (sent_at - timestamp))
    except OverflowError:
        return None
