"""Fills in what the index of an earlier version lacks, from the receipts, in the background."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ..messages import Marks, Receipt, message_number
from ..stores.base import Entry, Stores
from .pace import Pace
from .receipts import ReceiptReader
from .summaries import entry_of, judged_of, refusal

RECEIPTS = 32
"""Receipts that are filled in at a time."""
LINES = 10_000
"""Lines of the list that are read for them at a time."""


async def refill(stores: Stores, reader: ReceiptReader, progress: Callable[[str], None]) -> None:
    """Fill in all that is missing; `progress` is called with how far it is.

    Marks and deliveries stay as they are. A start after a stop goes on from where it was.
    """
    pace = Pace()
    pace.begin()
    first, _ = stores.index.unfilled
    while (unfilled := stores.index.unfilled) != (0, 0):
        start, end = unfilled
        receipts = [one for one in await stores.receipts.read(start, RECEIPTS) if one.seq <= end]
        entries: list[Entry] = []
        for receipt in receipts:
            entries += await _entries(stores, reader, receipt, pace)
        await stores.index.fill(entries, receipts[-1].seq if receipts else end)
        done = (receipts[-1].seq - first) / max(1, end - first) if receipts else 1.0
        progress(f"The journal is of an earlier segtap; its messages are read again: {done:.0%}.")


async def _entries(stores: Stores, reader: ReceiptReader, receipt: Receipt, pace: Pace) -> list[Entry]:
    after, before = message_number(receipt.seq, 0) - 1, message_number(receipt.seq + 1, 0)
    lines = (await stores.index.page(after=after, before=before, limit=LINES)).summaries
    if not lines:
        return []
    if receipt.refused is not None:
        return [msgspec.structs.replace(refusal(receipt), summary=lines[0])]
    messages = await reader.read(receipt)
    if isinstance(messages, str):
        refused = refusal(msgspec.structs.replace(receipt, refused=messages))
        return [msgspec.structs.replace(refused, summary=line) for line in lines]
    known = {line.id: line for line in lines}
    found = await stores.index.findings(list(known))
    entries: list[Entry] = []
    for message in messages:
        line = known.get(message.id)
        if line is None:
            continue
        marked = msgspec.structs.replace(message, marks=Marks(line.marks))
        observed = found.get(message.id, ())
        revision, verdict = reader.revision, await reader.inspected(marked)
        judged = judged_of(reader.whole(marked, verdict, observed), marked.marks, verdict, revision)
        entries.append(entry_of(line, marked, receipt, judged, observed))
        await pace.breathe()
    return entries
