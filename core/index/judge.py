"""Judging receipts in the engine's own process, in slices that leave others their turns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import islice

from ..messages import Message, Receipt
from .pace import Pace
from .pieces import WORK_BYTES, JudgedReceipt
from .prepared import JudgedMessage
from .receipts import LARGE_MESSAGE, ReceiptReader, is_large


class Judge:
    """Judges receipts, each message by itself. `pace` says when others get a turn."""

    def __init__(self, reader: ReceiptReader, pace: Pace) -> None:
        self._reader = reader
        self._pace = pace

    async def one(self, receipt: Receipt) -> JudgedReceipt:
        """Judge a receipt's messages, each by itself, in this process."""
        if self._reader.runs_functions:
            return (await self.together([receipt]))[0]
        messages = await self._read(receipt)
        return receipt, messages if isinstance(messages, str) else await self._all(messages, receipt)

    async def together(self, piece: Sequence[Receipt]) -> list[JudgedReceipt]:
        """Judge the first of these receipts, after insert functions have run on their messages together."""
        reader = self._reader
        while True:
            revision = reader.revision
            read: list[tuple[Receipt, list[Message] | str]] = []
            messages: list[Message] = []
            for receipt in piece:
                found = await self._read(receipt)
                read.append((receipt, found))
                messages += [] if isinstance(found, str) else found
                if sum([message.size for message in messages]) > WORK_BYTES:
                    break
            recorded = iter(await reader.recorded(messages))
            self._pace.begin()  # a process was waited for
            judged: list[JudgedReceipt] = []
            for receipt, found in read:
                if isinstance(found, str):
                    judged.append((receipt, found))
                else:
                    own = list(islice(recorded, len(found)))
                    judged.append((receipt, await self._all(own, receipt)))
            if reader.revision == revision:
                return judged

    async def _read(self, receipt: Receipt) -> list[Message] | str:
        """Return a receipt's messages, or why it has none."""
        if self._pace.spent:
            await self._pace.breathe()
        if receipt.refused is not None:
            return receipt.refused
        reader = self._reader
        return await reader.read(receipt) if is_large(receipt) else reader.messages(receipt)

    async def _all(self, messages: Sequence[Message], receipt: Receipt) -> list[JudgedMessage]:
        pace, reader = self._pace, self._reader
        judged: list[JudgedMessage] = []
        for message in messages:
            if pace.spent:
                await pace.breathe()
            if message.size > LARGE_MESSAGE:
                judged.append(await asyncio.to_thread(reader.judged, message, receipt))
            else:
                judged.append(reader.judged(message, receipt))
        return judged
