"""The log that ingest appends to: a failure to append becomes a fault of the engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from ..errors import JournalError
from ..faults import Faults
from ..messages import Receipt
from ..metrics.histogram import Histogram
from ..stores.base import Cursor, ReceiptLog

Redact = Callable[[Receipt], Awaitable[Receipt]]


class WatchedLog:
    """A `ReceiptLog` for appending; a failure stays among the faults until an append or a check succeeds.

    `took` counts how long appending takes. `redact` returns what may be stored of a receipt.
    """

    def __init__(
        self,
        receipts: ReceiptLog,
        faults: Faults,
        took: Histogram | None = None,
        redact: Redact | None = None,
    ) -> None:
        self._receipts = receipts
        self._faults = faults
        self._took = took or Histogram()
        self._redact = redact
        self._checking: asyncio.Task[None] | None = None
        self.written_at = 0.0
        """When the last append or check succeeded, by `time.monotonic`."""
        self.waiting = 0
        """Receipts that are not on disk yet: somebody waits for the answer to each."""

    async def append(self, receipt: Receipt) -> Cursor:
        """Make a receipt durable and return its position; see `ReceiptLog.append`."""
        self.waiting += 1
        began = time.monotonic()
        try:
            if self._redact is not None:
                receipt = await self._redact(receipt)
            seq = await self._receipts.append(receipt)
        except JournalError as error:
            self._failed(error)
            raise
        finally:
            self.waiting -= 1
        self.written_at = now = time.monotonic()
        self._took.observe(now - began)
        self._faults.clear("journal")
        return seq

    async def check(self) -> None:
        """Try whether a receipt could be appended now: one try for all who ask meanwhile.

        Raises JournalError if not.
        """
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check(), name="segtap-journal-check")
        await asyncio.shield(self._checking)

    async def _check(self) -> None:
        try:
            await self._receipts.check()
        except JournalError as error:
            self._failed(error)
            raise
        self.written_at = time.monotonic()
        self._faults.clear("journal")

    def _failed(self, error: JournalError) -> None:
        self.written_at = 0.0
        self._faults.report("journal", str(error))
