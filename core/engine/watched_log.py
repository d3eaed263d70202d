"""The log that ingest appends to: a failure to append becomes a fault of the engine."""

from __future__ import annotations

from ..errors import JournalError
from ..faults import Faults
from ..messages import Receipt
from ..stores.base import Cursor, ReceiptLog


class WatchedLog:
    """A `ReceiptLog` for appending; a failure stays among the faults until an append succeeds."""

    def __init__(self, receipts: ReceiptLog, faults: Faults) -> None:
        self._receipts = receipts
        self._faults = faults
        self.waiting = 0
        """Receipts that are not on disk yet: somebody waits for the answer to each."""

    async def append(self, receipt: Receipt) -> Cursor:
        """Make a receipt durable and return its position; see `ReceiptLog.append`."""
        self.waiting += 1
        try:
            seq = await self._receipts.append(receipt)
        except JournalError as error:
            self._faults.report("journal", str(error))
            raise
        finally:
            self.waiting -= 1
        self._faults.clear("journal")
        return seq
