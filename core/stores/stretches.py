"""Reads receipts at given positions with few queries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

from ..messages import Receipt
from .base import Cursor, ReadableLog, just_before

_MOST = 64
"""Receipts that are asked for at once."""


async def receipts_at(log: ReadableLog, positions: Sequence[Cursor]) -> AsyncIterator[Receipt]:
    """Yield the receipts at these ascending positions; those that are no longer there are left out.

    Receipts that follow one another are read together: a query for each would cost as much as reading it.
    """
    for stretch in _stretches(positions):
        after, last = just_before(stretch[0]), stretch[-1]
        while after < last:
            if last - after == 1:
                one = await log.get(last)
                found = [] if one is None else [one]
            else:
                found = await log.read(after, last - after)
            if not found:
                break
            for receipt in found:
                if receipt.seq > last:
                    break
                yield receipt
            after = found[-1].seq


def _stretches(positions: Sequence[Cursor]) -> Iterator[Sequence[Cursor]]:
    """Yield the positions in stretches without a gap."""
    start = 0
    for at in range(1, len(positions) + 1):
        ends = at == len(positions) or positions[at] != positions[at - 1] + 1
        if ends or at - start == _MOST:
            yield positions[start:at]
            start = at
