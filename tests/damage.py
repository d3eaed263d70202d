"""Damaged journals for tests: what to damage, bits flipped in it, and which pages hold which request."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from journal_values import a_receipt, an_attempt, an_entry

from segtap.core import stores
from segtap.core.delivery import DeliveryState, Outcome
from segtap.core.json_text import json_bytes
from segtap.core.messages import message_number
from segtap.core.settings import JournalSettings
from segtap.core.stores import Stores
from segtap.core.stores.sqlite.salvage.pages import Pages
from segtap.core.stores.sqlite.salvage.records import TABLE_LEAF, rows
from segtap.core.stores.sqlite.salvage.tables import Tables, shape

PAGE = 4096
STATES = (
    *(DeliveryState.SENT, DeliveryState.WAITING, DeliveryState.SENT, DeliveryState.OFF),
    *(DeliveryState.REFUSED, DeliveryState.UNCERTAIN, DeliveryState.SENT),
)


def body(number: int) -> bytes:
    """A batch of one to three messages, some so long that they go over several pages."""
    chance = random.Random(number)
    messages = [
        {
            "type": "track",
            "event": f"Event {number % 5}",
            "userId": f"u-{number % 9}",
            "messageId": f"m-{number}-{position}",
            "properties": {"text": chance.randbytes(chance.choice([20, 200, 900, 6_000])).hex()},
        }
        for position in range(1 + number % 3)
    ]
    return json_bytes({"batch": messages})


async def fill(journal: Stores, numbers: Iterable[int], *, indexed: bool = True) -> None:
    """Requests with their messages in the index, each in a state that fits its attempts."""
    for number in numbers:
        state = STATES[number % len(STATES)]
        wanted = state is not DeliveryState.OFF
        seq = await journal.receipts.append(a_receipt(f"r-{number}", body=body(number), wanted=wanted))
        if not indexed:
            continue
        ids = [message_number(seq, position) for position in range(1 + number % 3)]
        await journal.index.add(
            [
                an_entry(seq, position, state=DeliveryState.OFF, message_id=f"m-{number}-{position}")
                if state is DeliveryState.OFF
                else an_entry(seq, position, message_id=f"m-{number}-{position}")
                for position in range(len(ids))
            ],
            seq,
        )
        if state in (DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.UNCERTAIN):
            outcome = Outcome(state.value)
            await journal.outbox.record([an_attempt(id, outcome) for id in ids], [(id, state) for id in ids])


async def make(path: Path, requests: int = 300) -> None:
    """A journal that was closed cleanly."""
    journal = await stores.open(JournalSettings(path=str(path)))
    await fill(journal, range(requests))
    await fill(journal, range(requests, requests + 5), indexed=False)
    await journal.close()


def flip(data: bytes, bits: int, chance: random.Random, *, first: int = 0) -> bytes:
    """The bytes with so many bits flipped, from a place on."""
    changed = bytearray(data)
    for _ in range(bits):
        changed[chance.randrange(first, len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def garbage(data: bytes, part: float, chance: random.Random) -> bytes:
    """The bytes with a part of the pages overwritten by noise."""
    changed = bytearray(data)
    pages = len(data) // PAGE
    for page in chance.sample(range(pages), int(pages * part)):
        changed[page * PAGE : (page + 1) * PAGE] = chance.randbytes(PAGE)
    return bytes(changed)


def pages_of_receipts(path: Path) -> dict[int, set[int]]:
    """Which pages of a sound file hold which request, found without any tree."""
    pages = Pages(path)
    found: dict[int, set[int]] = {}
    try:
        for number in range(2, pages.count + 1):
            page = pages.page(number)
            if page[0] != TABLE_LEAF:
                continue
            touched: set[int] = set()

            def page_of(further: int, touched: set[int] = touched) -> bytes:
                touched.add(further)
                return pages.page(further)

            for cell in rows(page, 0, pages.usable, page_of):
                if cell.values is not None and shape(cell.values) == "receipts":
                    found[cell.rowid] = {number, *touched}
                touched.clear()
    finally:
        pages.close()
    return found


def pages_of(path: Path, table: str) -> list[int]:
    """The pages of a sound file with the rows of a table."""
    pages = Pages(path)
    try:
        return list(Tables(pages, lambda: None).leaves(table))
    finally:
        pages.close()


def differing_pages(one: bytes, other: bytes) -> set[int]:
    """The numbers of the pages that are not the same."""
    return {at // PAGE + 1 for at in range(0, len(one), PAGE) if one[at : at + PAGE] != other[at : at + PAGE]}


def receipts_in(path: Path) -> dict[int, tuple[object, ...]]:
    """The rows of the requests, as SQLite reads them."""
    db = sqlite3.connect(path)
    try:
        return {row[0]: row[1:] for row in db.execute("SELECT seq, received_at, form, data FROM receipts")}
    finally:
        db.close()


def states_in(path: Path) -> dict[int, str]:
    """Where each message stands, as SQLite reads it."""
    db = sqlite3.connect(path)
    try:
        return dict(db.execute("SELECT id, delivery FROM messages"))
    finally:
        db.close()
