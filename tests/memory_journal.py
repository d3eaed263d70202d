"""Stores in memory for tests, with a switch that makes every write fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from segtap.core.delivery import Delivery
from segtap.core.errors import JournalError
from segtap.core.messages import Receipt
from segtap.core.stores import Entry
from segtap.core.stores.memory import MemoryStores

_WRITES = {"receipts": ("append",), "index": ("add", "revise", "keep_settings"), "outbox": ("record",)}


class MemoryJournal(MemoryStores):
    """Every write raises `JournalError` while `failing` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.failing = ""
        self.closed = False
        for part, names in _WRITES.items():
            store = getattr(self, part)
            for name in names:
                setattr(store, name, self._guarded(getattr(store, name)))

    def _guarded(self, write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def guarded(*args: Any, **more: Any) -> Any:
            if self.failing:
                raise JournalError(self.failing)
            return await write(*args, **more)

        return guarded

    @property
    def receipt_rows(self) -> dict[int, Receipt]:
        return self.memory.receipts

    @property
    def entries(self) -> dict[int, Entry]:
        return self.memory.entries

    @property
    def attempts(self) -> dict[int, list[Delivery]]:
        return self.memory.attempts

    async def close(self) -> None:
        self.closed = True
