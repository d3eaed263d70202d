"""A receipt is on disk, whole, before its number is given."""

from __future__ import annotations

import asyncio
import gzip
import os
from pathlib import Path

import msgspec
import pytest
from journal_values import a_receipt, an_entry, look

from segtap.core import stores
from segtap.core.errors import JournalError
from segtap.core.messages import Receipt
from segtap.core.settings import JournalSettings
from segtap.core.stores import Stores
from segtap.core.stores.sqlite import writer as writer_module
from segtap.core.stores.sqlite.rows import pack_receipt
from segtap.core.stores.sqlite.store import Store


async def test_the_number_comes_after_the_row_is_in_the_file(journal: Stores, path: Path) -> None:
    seq = await journal.receipts.append(a_receipt("first"))
    assert look(path, "SELECT seq FROM receipts") == [(seq,)]


async def test_a_receipt_comes_back_as_it_came(journal: Stores) -> None:
    receipt = Receipt(
        uid="8c1f",
        received_at=1_790_000_000_123,
        method="GET",
        path="/v1/pixel/track",
        query="data=eyJ9",
        headers=(("x-a", "1"), ("x-a", "2"), ("user-agent", "Ünïcode \x00 🛒")),
        peer="::1",
        body=bytes(range(256)) * 40,
        wanted=True,
        origin="pixel",
        status=400,
        refused="no type",
    )
    seq = await journal.receipts.append(receipt)
    assert await journal.receipts.get(seq) == msgspec.structs.replace(receipt, seq=seq)
    assert await journal.receipts.get(seq + 1) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"{", os.urandom(100_000), b'{"event":"a"}' * 100_000, gzip.compress(b'{"event":"a"}' * 1000)],
    ids=["empty", "one byte", "random", "repetitive", "gzipped"],
)
async def test_any_body_is_kept_to_the_byte(journal: Stores, body: bytes) -> None:
    seq = await journal.receipts.append(a_receipt(body=body))
    kept = await journal.receipts.get(seq)
    assert kept is not None
    assert kept.body == body


async def test_what_packs_is_packed_and_what_came_packed_is_left_alone(journal: Stores, path: Path) -> None:
    plain = b'{"type":"track","event":"Order Completed","userId":"u-1"}' * 200
    await journal.receipts.append(a_receipt(body=plain))
    await journal.receipts.append(a_receipt(body=gzip.compress(plain)))
    (packed, first), (as_it_came, second) = look(path, "SELECT form, data FROM receipts ORDER BY seq")
    assert packed == 1
    assert len(first) < len(plain) / 5
    assert as_it_came == 0
    assert gzip.compress(plain, mtime=0)[10:] in second


async def test_numbers_follow_the_order_of_calls(journal: Stores, path: Path) -> None:
    numbers = await asyncio.gather(*(journal.receipts.append(a_receipt(f"r{i}")) for i in range(2000)))
    assert numbers == list(range(1, 2001))
    kept: list[Receipt] = []
    while some := await journal.receipts.read(after=kept[-1].seq if kept else 0):
        kept += some
    assert [receipt.uid for receipt in kept] == [f"r{i}" for i in range(2000)]


async def test_waiting_receipts_share_commits(journal: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    append = journal._store.append
    monkeypatch.setattr(
        journal._store, "append", lambda rows, routes: (commits.append(len(rows)), append(rows))[1]
    )
    await asyncio.gather(*(journal.receipts.append(a_receipt()) for _ in range(2000)))
    assert sum(commits) == 2000
    assert max(commits) <= writer_module.MAX_ROWS
    assert len(commits) < 200


async def test_a_commit_takes_a_bounded_number_of_bytes(
    journal: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_BYTES", 100_000)
    commits: list[int] = []
    append = journal._store.append
    monkeypatch.setattr(
        journal._store, "append", lambda rows, routes: (commits.append(len(rows)), append(rows))[1]
    )
    await asyncio.gather(*(journal.receipts.append(a_receipt(body=b"x" * 30_000)) for _ in range(40)))
    assert sum(commits) == 40
    assert max(commits) <= 4


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "caf\udce9"])
async def test_text_that_utf8_cannot_hold_costs_no_receipt(journal: Stores, text: str) -> None:
    receipt = msgspec.structs.replace(a_receipt(), path=f"/v1/{text}", headers=(("x", text),), refused=text)
    seq, other = await asyncio.gather(
        journal.receipts.append(receipt), journal.receipts.append(a_receipt("other"))
    )
    kept = await journal.receipts.get(seq)
    assert kept is not None
    assert kept.body == receipt.body
    assert kept.path == "/v1/" + text.encode("utf-8", "backslashreplace").decode()
    assert await journal.receipts.get(other) is not None


async def test_one_receipt_that_cannot_be_written_fails_alone(journal: Stores) -> None:
    strange = msgspec.structs.replace(a_receipt(), received_at=1 << 70)
    results = await asyncio.gather(
        journal.receipts.append(a_receipt("a")),
        journal.receipts.append(strange),
        journal.receipts.append(a_receipt("b")),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [int, OverflowError, int]


async def test_a_caller_that_gave_up_disturbs_nobody(journal: Stores) -> None:
    calls = [asyncio.ensure_future(journal.receipts.append(a_receipt(f"r{i}"))) for i in range(50)]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(seq, int) for seq in done[1::2])
    assert await journal.receipts.append(a_receipt("after")) == 51


async def test_closing_keeps_what_was_queued_and_takes_nothing_more(path: Path) -> None:
    journal = await stores.open(JournalSettings(path=str(path)))
    calls = [asyncio.ensure_future(journal.receipts.append(a_receipt(f"r{i}"))) for i in range(100)]
    await asyncio.sleep(0)
    await journal.close()
    await journal.close()
    assert await asyncio.gather(*calls) == list(range(1, 101))
    with pytest.raises(JournalError, match="closed"):
        await journal.receipts.append(a_receipt())
    with pytest.raises(JournalError, match="closed"):
        await journal.index.page()
    assert look(path, "SELECT count(*) FROM receipts") == [(100,)]
    assert not path.with_name("journal.db-wal").exists()


async def test_numbers_go_on_after_a_restart(path: Path) -> None:
    for expected in (1, 2, 3):
        journal = await stores.open(JournalSettings(path=str(path)))
        assert await journal.receipts.append(a_receipt()) == expected
        await journal.close()


async def test_a_commit_reaches_the_disk_and_makes_no_checkpoint(journal: Stores) -> None:
    def pragmas() -> list[object]:
        db = journal._store._db
        return [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "wal_autocheckpoint")]

    full = 2
    assert await journal._writer.run(pragmas) == [full, 0]
    await journal.receipts.append(a_receipt())
    await journal.index.add([an_entry(1)], 1)  # which does not wait for the disk
    assert await journal._writer.run(pragmas) == [full, 0]
    with pytest.raises(ValueError, match="above the last"):
        await journal.index.add([], 2)
    assert await journal._writer.run(pragmas) == [full, 0]


def test_what_was_relaxed_stays_so_after_an_index_write(path: Path) -> None:
    store = Store(path)
    store.relax()
    store.append([pack_receipt(a_receipt())])
    store.index([an_entry(1)], 1)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (1,)
    store.close()
