"""What is not well in an engine, and the log as ingest sees it: a failure to append is shown."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import JournalError
from ..messages import Receipt
from ..stores.base import Cursor, ReceiptLog


class Faults:
    """What is not well just now, by part; the header shows it."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._texts: dict[str, str] = {}
        self._changed = changed

    def set(self, part: str, text: str) -> None:
        """Say what is wrong with a part, or with "" that it is well again."""
        if self._texts.get(part, "") == text:
            return
        if text:
            self._texts[part] = text
        else:
            self._texts.pop(part, None)
        self._changed()

    def __str__(self) -> str:
        return " · ".join(dict.fromkeys(self._texts.values()))


class WatchedLog:
    """The log that ingest appends to; a failure is shown among the faults until an append succeeds."""

    def __init__(self, receipts: ReceiptLog, faults: Faults) -> None:
        self._receipts = receipts
        self._faults = faults
        self._failed = False

    async def append(self, receipt: Receipt) -> Cursor:
        """Make a receipt durable and return its position; see `ReceiptLog.append`."""
        try:
            seq = await self._receipts.append(receipt)
        except JournalError as error:
            self._failed = True
            self._faults.set("journal", str(error))
            raise
        if self._failed:
            self._failed = False
            self._faults.set("journal", "")
        return seq
