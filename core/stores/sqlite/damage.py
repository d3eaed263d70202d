"""Receipts that turn out to be damaged as they are read: said once, and their lines marked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from ...errors import JournalError
from ...messages import Receipt

log = logging.getLogger(__name__)

Receipts = TypeVar("Receipts", bound=Sequence[Receipt])


class Damage:
    """What an open journal says of itself: of its files, and of receipts in it. Used from the event loop.

    `spoil` marks the lines of a receipt.
    """

    def __init__(self, spoil: Callable[[int], Awaitable[object]]) -> None:
        self._spoil = spoil
        self._found: set[int] = set()
        self._marking: set[asyncio.Task[None]] = set()
        self._files = ""
        self._report: Callable[[str], None] = lambda _: None

    def watch(self, report: Callable[[str], None]) -> None:
        """Call `report` with all that is wrong, and with "" once nothing is."""
        self._report = report

    def files_say(self, text: str) -> None:
        """Pass on what is wrong with the files."""
        self._files = text
        self._tell()

    def seen(self, receipts: Receipts) -> Receipts:
        """Return the receipts; damaged ones that were not known are marked in the background."""
        for receipt in receipts:
            if receipt.damaged and receipt.seq not in self._found:
                self._found.add(receipt.seq)
                task = asyncio.create_task(self._mark(receipt.seq), name="segtap-damage")
                self._marking.add(task)
                task.add_done_callback(self._marking.discard)
        return receipts

    def forget(self) -> None:
        """Note that the journal was emptied."""
        self._found.clear()
        self._tell()

    async def _mark(self, seq: int) -> None:
        try:
            await self._spoil(seq)
        except JournalError as error:
            log.error("the messages of damaged request %d cannot be marked: %s", seq, error)
        self._tell()

    def _tell(self) -> None:
        count = len(self._found)
        damaged = ""
        if count:
            requests = "1 request" if count == 1 else f"{count:,} requests"
            damaged = f"Damaged in the journal, marked in the list and not sent: {requests}."
        self._report(" · ".join(text for text in (self._files, damaged) if text))
