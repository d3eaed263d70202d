"""Receipts at given positions are read together where they follow one another."""

from __future__ import annotations

import msgspec
import pytest
from memory_journal import MemoryJournal

from segtap.core.messages import Receipt
from segtap.core.stores import memory
from segtap.core.stores.base import Cursor
from segtap.core.stores.stretches import receipts_at


class Counting:
    """A log that counts its queries, without the receipts in `gone`. It reads two at once."""

    def __init__(self, journal: MemoryJournal, gone: set[int]) -> None:
        self._log = journal.receipts
        self._gone = gone
        self.queries = 0

    async def read(self, after: Cursor = 0, limit: int = 256) -> list[Receipt]:
        self.queries += 1
        return [one for one in await self._log.read(after, 256) if one.seq not in self._gone][: min(limit, 2)]

    async def get(self, seq: Cursor) -> Receipt | None:
        self.queries += 1
        return None if seq in self._gone else await self._log.get(seq)


@pytest.mark.parametrize(
    ("positions", "gone", "queries"),
    [
        ([], set[int](), 0),
        ([3], set[int](), 1),
        ([3], {3}, 1),
        ([1, 2, 3, 4, 5, 6], set[int](), 3),
        ([1, 2, 3, 4, 5, 6], {2, 3}, 2),
        ([1, 2, 3, 4], {1, 2, 3, 4}, 1),
        ([5, 6, 7, 8], {5, 6, 7, 8, 9, 10}, 1),
        ([1, 3, 5], set[int](), 3),
        ([1, 2, 4, 5], {5}, 2),
    ],
)
async def test_receipts_are_read_in_stretches(
    positions: list[int], gone: set[int], queries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "STEP", 1)
    journal = MemoryJournal()
    receipt = Receipt(uid="r", received_at=1, method="POST", path="/v1/t")
    for number in range(1, 9):
        await journal.receipts.append(msgspec.structs.replace(receipt, uid=f"r-{number}"))
    log = Counting(journal, gone)
    assert [one.seq async for one in receipts_at(log, positions)] == [p for p in positions if p not in gone]
    assert log.queries == queries
