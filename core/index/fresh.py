"""Receipts that were just appended to the log, kept in memory for the indexer."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ..messages import Receipt
from ..stores.base import START, Cursor, Stores

FETCH = 256
"""Receipts that are fetched at a time."""
FRESH_RECEIPTS = 4_096
FRESH_BYTES = 16 * 1024 * 1024
"""What is kept in memory of receipts just appended; beyond it they are read from the journal."""


class Fresh:
    """Receipts just appended, so that they need not be read back as long as the indexer keeps up.

    `take` returns the receipts to index next, without a gap: from memory, else from the log.
    """

    def __init__(self) -> None:
        self._receipts: deque[Receipt] = deque()
        """A run without gaps of what was appended."""
        self._bytes = 0
        self._taken: Cursor = START
        """The last position that `take` returned."""
        self._behind = True
        """True while the log may hold receipts between `_taken` and the first of the run."""
        self._full = False
        """True when the log holds receipts after the run: there was no more room for them here."""

    def add(self, receipts: Sequence[Receipt]) -> None:
        """Append to the run, unless it is full."""
        for receipt in receipts:
            if receipt.seq <= self._taken:
                continue  # the log had it before this was called
            self._full = self._full or self._bytes > FRESH_BYTES or len(self._receipts) >= FRESH_RECEIPTS
            if self._full:
                return
            self._receipts.append(receipt)
            self._bytes += len(receipt.body)

    async def take(self, stores: Stores) -> list[Receipt]:
        """Return the receipts after those that were returned before, [] when there are none."""
        if not self._behind:
            if self._receipts or not self._full:
                return [self._pop() for _ in range(min(FETCH, len(self._receipts)))]
            self._behind, self._full = True, False
        newest = self._receipts[-1].seq if self._receipts else START
        found = await stores.receipts.read(max(self._taken, stores.index.position), FETCH)
        # Without any, what was appended before is no longer in the log.
        upto = found[-1].seq if found else newest
        if not found or (self._receipts and self._receipts[0].seq <= upto):
            self._behind = False
        while self._receipts and self._receipts[0].seq <= upto:
            self._pop()
        self._taken = max(self._taken, upto)
        return found

    def _pop(self) -> Receipt:
        receipt = self._receipts.popleft()
        self._bytes -= len(receipt.body)
        self._taken = receipt.seq
        return receipt
