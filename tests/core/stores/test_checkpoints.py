"""The log is moved beside the commits, and what that leaves of the file is not taken for damage."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from pathlib import Path

import pytest
from journal_values import a_receipt, look

from segtap.core.stores import Stores
from segtap.core.stores.sqlite.checkpoints import checkpoint_once
from segtap.core.stores.sqlite.schema import connect_aside, connect_checkpointer
from segtap.core.stores.sqlite.store import Store


def _is_whole(path: Path) -> bool:
    """Whether SQLite reads the file alone, without its log."""
    with contextlib.closing(connect_aside(path)) as db, contextlib.suppress(sqlite3.DatabaseError):
        return bool(db.execute("PRAGMA application_id").fetchone())
    return False


async def test_a_file_into_which_a_part_of_the_log_was_moved_is_not_damaged(
    journal: Stores, path: Path
) -> None:
    guard = journal._store.guard
    for number in range(40):
        # The file grows, somebody reads what is there, and the last page is written once more.
        await journal.receipts.append(a_receipt(body=os.urandom(3_000)))
        with (
            contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reading,
            contextlib.closing(connect_checkpointer(path)) as moving,
        ):
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM receipts").fetchone()
            await journal.receipts.append(a_receipt(body=b"x" * number))
            assert not checkpoint_once(moving).whole
            torn = not _is_whole(path)
            await journal._writer.run(guard.rebase)
            assert await journal._writer.run(lambda: guard.harm_within(checkpointing=False).name) == "NONE"
            if torn:
                break
    assert torn, "the file alone was whole each time"
    await asyncio.sleep(0.3)  # the writer looks at its files meanwhile
    assert await journal.receipts.append(a_receipt("after")) > 0


async def test_commits_do_not_wait_for_a_checkpoint(
    journal: Stores, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own: list[str] = []
    inner = Store.checkpoint

    def counted(store: Store, mode: str = "PASSIVE") -> bool:
        own.append(mode)
        return inner(store, mode)

    monkeypatch.setattr(Store, "checkpoint", counted)
    monkeypatch.setattr("segtap.core.stores.sqlite.checkpoints.EVERY", 300_000)
    for _ in range(30):
        await asyncio.gather(*(journal.receipts.append(a_receipt(body=os.urandom(9_000))) for _ in range(8)))
    assert os.path.getsize(path) > 1_000_000  # the log was moved all the same
    assert own == []


async def test_the_log_starts_over_once_nothing_is_written(
    journal: Stores, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segtap.core.stores.sqlite.checkpoints.EVERY", 300_000)
    monkeypatch.setattr("segtap.core.stores.sqlite.checkpoints.REST_EVERY", 0.0)
    await asyncio.gather(*(journal.receipts.append(a_receipt(body=os.urandom(9_000))) for _ in range(64)))
    checkpoints = journal._writer._checkpoints
    async with asyncio.timeout(20):
        # The writer announces nothing.
        while os.path.getsize(path) < 500_000 or checkpoints.moving or checkpoints._length:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    length = os.path.getsize(f"{path}-wal")
    await journal.receipts.append(a_receipt())
    assert os.path.getsize(f"{path}-wal") == length
    assert look(path, "SELECT count(*) FROM receipts") == [(65,)]


async def test_a_log_without_a_moment_of_rest_has_an_end(
    journal: Stores, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 2_000_000
    monkeypatch.setattr("segtap.core.stores.sqlite.checkpoints.EVERY", 300_000)
    monkeypatch.setattr("segtap.core.stores.sqlite.checkpoints.MOST", most)
    for _ in range(60):
        await asyncio.gather(*(journal.receipts.append(a_receipt(body=os.urandom(9_000))) for _ in range(16)))
    assert os.path.getsize(path) > most
    assert os.path.getsize(f"{path}-wal") < 7_000_000  # of 8,640,000 bytes that were written
