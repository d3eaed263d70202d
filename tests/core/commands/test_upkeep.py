"""What a journal's file holds, and giving back the room that is free in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from big_journal import AT, write_journal

from segtap.core.commands import upkeep
from segtap.core.commands.upkeep import compact, file_stats
from segtap.core.delivery import RouteCounts
from segtap.core.errors import JournalError, JournalLocked
from segtap.core.settings import JournalSettings
from segtap.core.stores.sqlite import requests
from segtap.core.stores.sqlite.faults import DISK_FULL
from segtap.core.stores.sqlite.lock import JournalLock
from segtap.core.stores.sqlite.store import Store


@pytest.fixture
def journal(tmp_path: Path) -> JournalSettings:
    path = tmp_path / "journal.db"
    write_journal(path, 4_000, {7})
    return JournalSettings(path=str(path))


def rows(path: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return [
            row
            for table in ("receipts", "messages", "texts", "deliveries", "meta", "tallies")
            for row in db.execute(f"SELECT * FROM {table}")
        ]


def test_what_a_journal_holds(journal: JournalSettings) -> None:
    found = file_stats(journal)
    assert (found.requests, found.first, found.last) == (4, AT, AT + 3_000)
    assert found.bytes == Path(journal.path).stat().st_size
    assert found.counts is not None
    assert (found.counts.received, found.counts.errors, found.counts.deliveries.off) == (4_000, 1, 4_000)


def test_free_room_is_given_back_and_nothing_else(journal: JournalSettings) -> None:
    with closing(sqlite3.connect(journal.path)) as db, db:
        db.execute("CREATE TABLE gone AS SELECT * FROM receipts")
        db.execute("DROP TABLE gone")
    before, held = file_stats(journal), rows(journal.path)
    assert before.free > 20_000
    done = compact(journal)
    assert done.after <= done.before - before.free // 2
    after = file_stats(journal)
    assert (after.free, after.counts) == (0, before.counts)
    assert rows(journal.path) == held
    store = Store(Path(journal.path))
    assert store.last_seq == 4
    store.close()


def test_a_journal_in_use_is_read_but_not_compacted(journal: JournalSettings) -> None:
    lock = JournalLock(Path(journal.path))
    lock.acquire()
    try:
        assert file_stats(journal).requests == 4
        with pytest.raises(JournalLocked):
            compact(journal)
    finally:
        lock.release()


def test_what_is_owed_to_routes_is_counted(journal: JournalSettings) -> None:
    assert file_stats(journal).routes == {}
    with closing(sqlite3.connect(journal.path)) as db, db:
        requests.make(db)
        db.execute("INSERT INTO route_totals (route, owed, sent) VALUES ('mirror', 3, 1200)")
        db.execute("INSERT INTO route_totals (route, owed) VALUES ('damaged', 'x')")
    assert file_stats(journal).routes == {"mirror": RouteCounts(waiting=3, sent=1200)}


def test_an_empty_file_stays_empty(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.touch()
    done = compact(JournalSettings(path=str(path)))
    assert (done.before, done.after, path.stat().st_size) == (0, 0, 0)


def test_a_disk_without_room_for_a_second_copy(
    journal: JournalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> object:
        raise JournalError("full", title=DISK_FULL)

    held = rows(journal.path)
    monkeypatch.setattr(upkeep, "_compact", full)
    with pytest.raises(JournalError, match=r"no room for a second copy .* It needs \d+ KB on that disk"):
        compact(journal)
    assert rows(journal.path) == held


def test_the_file_of_an_earlier_version_has_no_counts(journal: JournalSettings) -> None:
    with closing(sqlite3.connect(journal.path)) as db, db:
        db.execute("PRAGMA user_version = 5")
    assert file_stats(journal).counts is None


@pytest.mark.parametrize("work", [file_stats, compact])
def test_a_file_that_is_not_a_journal(work: object, tmp_path: Path) -> None:
    assert callable(work)
    for name, content in (("missing", None), ("other", b"nonsense " * 1_000)):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(JournalError):
            work(JournalSettings(path=str(path)))
        assert path.exists() is (content is not None)
