"""Pages of a damaged journal change places: whoever reads on from the last row comes to an end."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from damage import PAGE, make, pages_of

from segtap.core import stores
from segtap.core.errors import JournalError
from segtap.core.settings import JournalSettings
from segtap.core.stores.stretches import receipts_at


def swap(path: Path, table: str) -> None:
    """Let the first and the last page with rows of a table change places."""
    pages = sorted(pages_of(path, table))
    data = bytearray(path.read_bytes())
    one, other = (slice((page - 1) * PAGE, page * PAGE) for page in (pages[0], pages[-1]))
    data[one], data[other] = data[other], data[one]
    path.write_bytes(data)


async def test_reading_requests_on_comes_to_an_end(path: Path) -> None:
    await make(path, 60)
    swap(path, "receipts")
    journal = await stores.open(JournalSettings(path=str(path)))
    try:
        after, found = 0, list[int]()
        async with asyncio.timeout(20):
            while some := await journal.receipts.read(after, 8):
                found += [receipt.seq for receipt in some]
                after = some[-1].seq
        assert found == sorted(set(found))
        asked = [1, 2, 3, 50]
        got = [receipt.seq async for receipt in receipts_at(journal.receipts, asked)]
        assert set(got) <= set(asked)
    finally:
        await journal.close()


async def test_reading_messages_on_comes_to_an_end(path: Path) -> None:
    await make(path, 300)
    swap(path, "messages")
    journal = await stores.open(JournalSettings(path=str(path)))
    try:
        after, before, found, back, owed = 0, 1 << 60, list[int](), list[int](), list[int]()
        async with asyncio.timeout(20):
            with contextlib.suppress(JournalError):  # rows that SQLite itself finds damaged
                while some := (await journal.index.page(after=after, limit=40)).summaries:
                    found += [line.id for line in some]
                    after = some[-1].id
            with contextlib.suppress(JournalError):
                while some := (await journal.index.page(before=before, limit=40)).summaries:
                    back += [line.id for line in reversed(some)]
                    before = some[0].id
            after = 0
            with contextlib.suppress(JournalError):
                while waiting := await journal.outbox.owed(after, 20):
                    owed += [one.id for one in waiting]
                    after = waiting[-1].id
        assert found or back or owed
        assert found == sorted(set(found))
        assert back == sorted(set(back), reverse=True)
        assert owed == sorted(set(owed))
    finally:
        await journal.close()
