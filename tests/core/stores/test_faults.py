"""A full or failing disk costs the receipts of that moment their acknowledgement, and nothing else."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import sys
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from journal_values import a_receipt, an_attempt, an_entry, look, recount, unindexed

from segtap.core import stores
from segtap.core.delivery import DeliveryCounts, DeliveryState
from segtap.core.errors import JournalError
from segtap.core.messages import Receipt
from segtap.core.settings import JournalSettings
from segtap.core.stores import Counts, Stores
from segtap.core.stores.sqlite.faults import file_fault
from segtap.core.stores.sqlite.rows import ReceiptRow, pack_receipt
from segtap.core.stores.sqlite.store import Store

if sys.platform != "win32":
    import resource


async def room(journal: Stores, pages: int) -> None:
    """Let the file grow to so many pages and no further: SQLite then finds the disk full."""
    await journal._writer.run(
        lambda: journal._store._db.execute(f"PRAGMA max_page_count = {pages}").fetchone()
    )


async def append_until_refused(journal: Stores, body: int) -> tuple[list[int], JournalError]:
    taken: list[int] = []
    for _ in range(1000):
        try:
            taken.append(await journal.receipts.append(a_receipt(body=os.urandom(body))))
        except JournalError as error:
            return taken, error
    raise AssertionError("the journal took everything")


async def test_a_full_disk_refuses_and_room_makes_it_well_again(journal: Stores, path: Path) -> None:
    await room(journal, 100)
    taken, error = await append_until_refused(journal, 20_000)
    assert error.title == "The disk is full"
    assert str(path) in str(error)
    assert [seq for (seq,) in look(path, "SELECT seq FROM receipts")] == taken
    await room(journal, 100_000)
    assert await journal.receipts.append(a_receipt()) == taken[-1] + 1
    await journal.index.add([an_entry(seq) for seq in taken], taken[-1])
    assert await journal.index.counts() == recount(path)


async def test_a_check_on_a_full_disk_does_not_take_room_for_a_little_as_room(journal: Stores) -> None:
    await room(journal, 100)
    taken, _ = await append_until_refused(journal, 50_000)
    await journal._writer.run(lambda: journal._store.touch())  # a little can be written
    with pytest.raises(JournalError, match="no room left"):
        await journal.receipts.check()
    await room(journal, 100_000)
    await journal.receipts.check()
    assert await journal.receipts.append(a_receipt()) == taken[-1] + 1


async def test_no_memory_for_one_receipt_is_told_and_the_others_are_kept(
    journal: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pack(receipt: Receipt) -> ReceiptRow:
        if receipt.body == b"large":
            raise MemoryError
        return pack_receipt(receipt)

    monkeypatch.setattr("segtap.core.stores.sqlite.writer.pack_receipt", pack)
    bodies = (b"{}", b"large", b"{}")
    results = await asyncio.gather(
        *(journal.receipts.append(a_receipt(body=body)) for body in bodies), return_exceptions=True
    )
    assert [type(result) for result in results] == [int, JournalError, int]
    assert "MemoryError" in str(results[1])


async def test_a_fault_of_ours_in_a_commit_is_told_and_the_next_one_goes_on(
    journal: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Store, "append", lambda *_, **__: 1 / 0)
        with pytest.raises(JournalError, match=r"ZeroDivisionError: division by zero\. Report this"):
            await journal.receipts.append(a_receipt())
    assert await journal.receipts.append(a_receipt()) == 1


async def test_all_receipts_of_a_refused_commit_are_refused(journal: Stores, path: Path) -> None:
    await room(journal, 60)
    calls = [journal.receipts.append(a_receipt(f"r{i}", body=os.urandom(5_000))) for i in range(200)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    acknowledged = {result for result in results if isinstance(result, int)}
    assert {seq for (seq,) in look(path, "SELECT seq FROM receipts")} == acknowledged
    assert all(isinstance(result, int | JournalError) for result in results)
    assert len(acknowledged) < 200


class Silent:
    """A connection that writes no receipt and raises nothing, as Python's does when an error is lost."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __getattr__(self, name: str) -> object:
        return getattr(self._db, name)

    def execute(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        if statement.startswith("INSERT INTO receipts"):
            return self._db.execute("UPDATE meta SET value = value WHERE 0")
        return self._db.execute(statement, values)


async def test_receipts_that_were_not_written_are_refused_when_nothing_was_raised(
    journal: Stores, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as silent:
        silent.setattr(journal._store, "_db", Silent(journal._store._db))
        with pytest.raises(JournalError, match="not all of 1 receipts were written"):
            await journal.receipts.append(a_receipt())
    assert await journal.receipts.append(a_receipt()) == 1
    assert look(path, "SELECT seq FROM receipts") == [(1,)]


async def test_cursors_of_what_failed_are_freed_by_the_thread_of_their_connection(journal: Stores) -> None:
    freed_by: list[str] = []

    def work(db: sqlite3.Connection) -> None:
        rows = db.execute("SELECT value FROM meta")
        weakref.finalize(rows, lambda: freed_by.append(threading.current_thread().name))
        raise KeyError("read so far", len(rows.fetchone()))

    with pytest.raises(KeyError):
        await journal._writer.run(lambda: work(journal._store._db))
    with pytest.raises(KeyError):
        await journal._reader.quick.run(work)
    assert freed_by == ["segtap-journal-writer", "segtap-journal-reader_0"]


async def test_index_and_attempts_that_find_no_room_leave_everything_as_it_was(
    journal: Stores, path: Path
) -> None:
    await journal.receipts.append(a_receipt())
    await journal.receipts.append(a_receipt())
    await journal.index.add([an_entry(1)], 1)
    before = await journal.index.counts()
    await room(journal, 1)  # no page more than there are
    with pytest.raises(JournalError, match="no room"):
        await journal.index.add([an_entry(2, name="x" * 100_000)], 2)
    with pytest.raises(JournalError, match="no room"):
        await journal.outbox.record(
            [an_attempt(1 << 20, words="x" * 100_000)], [(1 << 20, DeliveryState.SENT)]
        )
    assert await journal.index.counts() == before == recount(path)
    assert [receipt.seq for receipt in await unindexed(journal)] == [2]
    assert await journal.outbox.deliveries(1 << 20) == []
    await room(journal, 100_000)
    await journal.index.add([an_entry(2)], 2)
    await journal.outbox.record([an_attempt(1 << 20)], [(1 << 20, DeliveryState.SENT)])
    assert (
        await journal.index.counts()
        == Counts(received=2, deliveries=DeliveryCounts(waiting=1, sent=1), warnings=2)
        == recount(path)
    )


async def test_a_full_journal_disk_can_still_be_cleared(journal: Stores, path: Path) -> None:
    await room(journal, 100)
    await append_until_refused(journal, 20_000)
    await journal.clear()
    assert look(path, "SELECT count(*) FROM receipts") == [(0,)]
    await journal.receipts.append(a_receipt())


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
async def test_a_write_that_the_system_refuses_loses_nothing_acknowledged(
    journal: Stores, path: Path
) -> None:
    with no_file_above(300_000):
        taken, error = await append_until_refused(journal, 20_000)
        assert error.title == "The disk fails"
        assert taken
        with pytest.raises(JournalError):
            await journal.receipts.append(a_receipt(body=os.urandom(20_000)))
    after = await journal.receipts.append(a_receipt("after"))
    await journal.close()
    again = await stores.open(JournalSettings(path=str(path)))
    try:
        assert [receipt.seq for receipt in await unindexed(again)] == [*taken, after]
    finally:
        await again.close()


async def test_a_machine_that_gives_out_no_more_threads_stops_no_writer(
    journal: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segtap.core.stores.sqlite.checkpoints.EVERY", 1)
    with monkeypatch.context() as exhausted:

        def refuse(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        exhausted.setattr("threading.Thread.start", refuse)
        async with asyncio.timeout(10):
            numbers = [await journal.receipts.append(a_receipt()) for _ in range(20)]
    assert numbers == list(range(1, 21))


async def test_a_failing_checkpoint_costs_nothing(
    journal: Stores, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("segtap.core.stores.sqlite.checkpoints.checkpoint_once", fail)
    monkeypatch.setattr("segtap.core.stores.sqlite.checkpoints.EVERY", 1)
    for _ in range(20):
        await journal.receipts.append(a_receipt())
    await journal.close()
    assert "checkpoint put off" in caplog.text
    assert look(path, "SELECT count(*) FROM receipts") == [(20,)]


async def test_another_program_that_writes_delays_and_then_refuses(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segtap.core.stores.sqlite.schema._BUSY_SECONDS", 0.05)
    journal = await stores.open(JournalSettings(path=str(path)))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="Another program holds"):
        await journal.receipts.append(a_receipt())
    other.execute("ROLLBACK")
    other.close()
    assert await journal.receipts.append(a_receipt()) == 1
    await journal.close()


async def test_clear_says_when_another_program_still_reads(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segtap.core.stores.sqlite.schema._BUSY_SECONDS", 0.05)
    journal = await stores.open(JournalSettings(path=str(path)))
    await journal.receipts.append(a_receipt())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM receipts").fetchall()
    with pytest.raises(JournalError, match="still reads"):
        await journal.clear()
    assert await journal.receipts.read() == []
    other.close()
    await journal.clear()
    assert await journal.receipts.append(a_receipt()) == 2
    await journal.close()


async def test_clear_forgets_for_good(journal: Stores, path: Path) -> None:
    secret = b"correct horse battery staple " + os.urandom(8).hex().encode()
    for _ in range(50):
        seq = await journal.receipts.append(a_receipt(body=secret + os.urandom(30_000)))
        await journal.index.add([an_entry(seq, name=secret.decode())], seq)
        await journal.outbox.record([an_attempt(seq << 20, words=secret.decode())], [])
    last = await journal.receipts.append(a_receipt(body=secret))
    await journal.clear()
    assert await journal.index.counts() == Counts() == recount(path)
    assert (await journal.index.page()).summaries == ()
    assert await unindexed(journal) == []
    assert await journal.outbox.owed() == []
    for file in path.parent.iterdir():
        assert secret not in file.read_bytes(), file.name
    assert sum(file.stat().st_size for file in path.parent.iterdir()) < 150_000
    await journal.index.add([an_entry(last)], last)  # read before, too late now
    await journal.outbox.record([an_attempt(last << 20)], [(last << 20, DeliveryState.SENT)])
    assert await journal.index.counts() == Counts() == recount(path)
    assert await journal.receipts.append(a_receipt()) == last + 1
    assert [receipt.seq for receipt in await unindexed(journal)] == [last + 1]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "You may not write"),
        (errno.EPERM, "You may not write"),
        (errno.EROFS, "read-only disk"),
        (errno.ENOSPC, "no room left"),
        (errno.EISDIR, "is a folder"),
        (errno.ENOTDIR, "is a file, not a folder"),
        (errno.ENAMETOOLONG, "File name too long"),
    ],
)
def test_what_the_file_system_says_is_put_in_words(number: int, words: str) -> None:
    fault = file_fault(OSError(number, os.strerror(number)), Path("/somewhere/journal.db"))
    assert words in str(fault)
    assert "/somewhere/journal.db" in str(fault)
