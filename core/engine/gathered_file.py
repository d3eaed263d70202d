"""Users and groups of a journal that no engine holds: what its last engine kept, and what came after that."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from ..aggregates.gathered import Gathered
from ..faults import Faults
from ..index.receipts import ReceiptReader
from ..messages import DEDUPE_WINDOW, Marks, Message, Receipt
from ..pipeline.intake import parse_receipt
from ..settings import Settings
from ..sources.bounds import bounds_of
from ..stores.base import START, Cursor, Stores
from .active import ActiveSettings
from .gathering import RECEIPTS, add, lines_of


async def gathered_in(stores: Stores, settings: Settings) -> Gathered:
    """Gather users and groups of all messages of a journal, by these settings.

    Nothing is read again of what the journal keeps, if such settings made it.
    """
    active = ActiveSettings(settings)
    parse = partial(parse_receipt, bounds=bounds_of(settings.ingest))
    reader = ReceiptReader(parse, active.judge, Faults(), keeper=active)
    gathered, position = await _kept(stores, active)
    seen: set[str] = set()
    while receipts := await stores.receipts.read(position, RECEIPTS):
        indexed = [one for one in receipts if one.seq <= stores.index.position]
        lines = await lines_of(stores.index, indexed) if indexed else {}
        for receipt in receipts:
            if receipt.seq <= stores.index.position:
                messages = await reader.with_outcomes(stores, await reader.load_from(receipt, lines))
            else:
                messages = await _new(stores, reader, receipt, seen)
            for message in messages:
                add(gathered, message, await reader.translated(message))
        position = receipts[-1].seq
    return gathered


async def _kept(stores: Stores, active: ActiveSettings) -> tuple[Gathered, Cursor]:
    """Return what the journal keeps, and the last receipt in it; nothing, if other settings made it."""
    kept = await stores.index.snapshot()
    gathered = active.new_gathered()
    if kept is not None and kept[0].revision == active.gathered_by and gathered.restore(kept[1]):
        return gathered, kept[0].position
    return active.new_gathered(), START


async def _new(stores: Stores, reader: ReceiptReader, receipt: Receipt, seen: set[str]) -> Sequence[Message]:
    """Return the messages of a receipt that is not in the index, copies marked; `seen` gets their ids."""
    read = "" if receipt.refused is not None else await reader.read(receipt)
    if isinstance(read, str):
        return ()
    if receipt.origin == "replay":
        return read
    since = receipt.received_at - DEDUPE_WINDOW
    seen |= await stores.index.seen([message.message_id for message in read], since)
    marked: list[Message] = []
    for message in read:
        if message.message_id in seen and not message.marks & Marks.WOULD_REJECT:
            message = msgspec.structs.replace(message, marks=message.marks | Marks.SECOND_RECEIPT)
        elif not message.marks & Marks.WOULD_REJECT:
            seen.add(message.message_id)
        marked.append(message)
    return marked
