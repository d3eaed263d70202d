"""Fills in what the index of an earlier version lacks, from the receipts, in the background."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

import msgspec

from ..api.models import Summary
from ..messages import Marks, Receipt, message_number, position_of
from ..stores.base import Cursor, Entry, Stores
from ..verdict import Finding
from .backlog import Backlog
from .pieces import JudgedReceipt
from .receipts import ReceiptReader
from .summaries import entry_of, judged_of, refusal
from .workers import BACKLOG

RECEIPTS = 32
"""Receipts that are filled in at a time."""
LINES = 10_000
"""Lines of the list that are read for them at a time."""


async def refill(
    stores: Stores, reader: ReceiptReader, backlog: Backlog, progress: Callable[[str], None]
) -> None:
    """Fill in all that is missing; `progress` is called with how far it is.

    Marks and deliveries stay as they are. A start after a stop goes on from where it was.
    """
    first, end = stores.index.unfilled
    if (first, end) == (0, 0):
        return
    many = (await stores.index.counts()).received >= BACKLOG
    async with contextlib.aclosing(backlog.judged(_pieces(stores, first, end), many=many)) as found:
        async for upto, judged in found:
            entries: list[Entry] = []
            for receipt, messages in judged:
                entries += await _entries(stores, reader, backlog, (receipt, messages))
            await stores.index.fill(entries, upto)
            done = (upto - first) / max(1, end - first)
            progress(f"The journal is of an earlier segtap; its messages are read again: {done:.0%}.")


async def _pieces(stores: Stores, start: Cursor, end: Cursor) -> AsyncIterator[tuple[Cursor, list[Receipt]]]:
    """Yield the receipts after `start` up to `end`, with where the index is complete then."""
    while receipts := [one for one in await stores.receipts.read(start, RECEIPTS) if one.seq <= end]:
        start = receipts[-1].seq
        yield start, receipts
    if start < end:
        yield end, []


async def _entries(
    stores: Stores, reader: ReceiptReader, backlog: Backlog, judged: JudgedReceipt
) -> list[Entry]:
    receipt, messages = judged
    after, before = message_number(receipt.seq, 0) - 1, message_number(receipt.seq + 1, 0)
    lines = (await stores.index.page(after=after, before=before, limit=LINES)).summaries
    if not lines:
        return []
    if receipt.refused is not None:
        return [msgspec.structs.replace(refusal(receipt), summary=lines[0])]
    if isinstance(messages, str):
        refused = refusal(msgspec.structs.replace(receipt, refused=messages))
        return [msgspec.structs.replace(refused, summary=line) for line in lines]
    known = {line.id: line for line in lines}
    found = await stores.index.findings(list(known))
    entries: list[Entry] = []
    for one in messages:
        line = known.get(one.prepared.said.id)
        if line is None:
            continue
        observed = found.get(line.id, ())
        entry = backlog.again(one, line.marks, observed)
        if entry is None:
            entries += await _by_itself(reader, receipt, line, observed)
        else:
            entries.append(msgspec.structs.replace(entry, summary=line, findings=observed))
    return entries


async def _by_itself(
    reader: ReceiptReader, receipt: Receipt, line: Summary, observed: tuple[Finding, ...]
) -> list[Entry]:
    """Judge one message in this process, with the marks that its line has."""
    read = await reader.read(receipt, {position_of(line.id)})
    entries: list[Entry] = []
    for message in () if isinstance(read, str) else read:
        marked = msgspec.structs.replace(message, marks=Marks(line.marks))
        revision, verdict = reader.revision, await reader.inspected(marked)
        judged = judged_of(reader.whole(marked, verdict, observed), marked.marks, verdict, revision)
        entries.append(entry_of(line, marked, receipt, judged, observed))
    return entries
