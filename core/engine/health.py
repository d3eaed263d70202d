"""What is not well in an engine, and the journal as ingest sees it: watched, so that a failure shows."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ..errors import JournalError
from ..messages import Receipt
from ..stores.base import Journal


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


class WatchedJournal:
    """What ingest writes to: the journal, with the indexer woken and a failure shown."""

    def __init__(self, journal: Journal, appended: Callable[[Receipt], None], faults: Faults) -> None:
        self._journal = journal
        self._appended = appended
        self._faults = faults
        self._failed = False

    async def append(self, receipt: Receipt) -> int:
        """Make it durable and return its `seq`; see `Journal.append`."""
        try:
            seq = await self._journal.append(receipt)
        except JournalError as error:
            self._failed = True
            self._faults.set("journal", str(error))
            raise
        if self._failed:
            self._failed = False
            self._faults.set("journal", "")
        self._appended(msgspec.structs.replace(receipt, seq=seq))
        return seq
