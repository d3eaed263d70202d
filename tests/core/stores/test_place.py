"""Where a journal may lie, who may read it, and what is said of a place that will not do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from journal_values import a_receipt, recount, unindexed

from segtap.core import stores
from segtap.core.delivery import DeliveryCounts, DeliveryState, Outcome
from segtap.core.errors import JournalError, JournalTooNew
from segtap.core.messages import message_number
from segtap.core.settings import JournalSettings
from segtap.core.stores import Counts, Stores, default_path
from segtap.core.stores.sqlite.lock import JournalLock
from segtap.core.stores.sqlite.schema import VERSION

DATA = Path(__file__).parents[2] / "data" / "journal"
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


async def refusal(path: Path | str) -> str:
    with pytest.raises(JournalError) as refused:
        await stores.open(JournalSettings(path=str(path)))
    return str(refused.value)


@posix_only
async def test_only_the_owner_can_read_any_of_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "journal.db"
    before = os.umask(0)
    try:
        journal = await stores.open(JournalSettings(path=str(path)))
        await journal.receipts.append(a_receipt())
    finally:
        os.umask(before)
    assert set(files(path.parent)) == {"journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock"}
    assert {mode(file) for file in path.parent.iterdir()} == {0o600}
    assert mode(path.parent) == mode(path.parent.parent) == 0o700
    await journal.close()


@posix_only
async def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.touch()
    path.chmod(0o644)
    tmp_path.chmod(0o755)
    journal = await stores.open(JournalSettings(path=str(path)))
    assert mode(path) == 0o600
    assert mode(tmp_path) == 0o755  # the folder is the user's own
    await journal.close()


@posix_only
@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
async def test_no_companion_is_written_through_a_link(tmp_path: Path, suffix: str) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("precious")
    victim.chmod(0o644)
    planted = tmp_path / f"journal.db{suffix}"
    planted.symlink_to(victim)
    assert f"{planted} is a symbolic link" in await refusal(tmp_path / "journal.db")
    assert victim.read_text() == "precious"
    assert mode(victim) == 0o644


@posix_only
@pytest.mark.skipif(getattr(os, "getuid", lambda: 1)() != 0, reason="only root can give a link away")
async def test_a_journal_through_another_users_link_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "journal.db"
    link.symlink_to(tmp_path / "elsewhere.db")
    os.chown(link, 12345, 12345, follow_symlinks=False)
    assert "belongs to another user" in await refusal(link)
    assert not (tmp_path / "elsewhere.db").exists()


@posix_only
async def test_the_default_lies_in_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if sys.platform.startswith("linux"):
        assert default_path() == tmp_path / "state" / "segtap" / "journal.db"
    default_path().parent.mkdir(parents=True, mode=0o755)
    journal = await stores.open(JournalSettings())
    assert Path(journal.path) == default_path()
    assert mode(default_path().parent) == 0o700
    await journal.close()


async def test_the_home_folder_may_be_written_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    journal = await stores.open(JournalSettings(path="~/a b#c?.db"))
    assert Path(journal.path) == (tmp_path / "a b#c?.db").resolve()
    await journal.receipts.append(a_receipt())
    assert len(await unindexed(journal)) == 1
    await journal.close()


async def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    assert "is a folder" in await refusal(tmp_path)
    assert files(tmp_path) == {}


@pytest.mark.parametrize(
    "content", [b"hello", b"# Readme\n" * 1000, b"SQLite format 3\0" + b"garbage" * 1000]
)
async def test_another_file_is_no_journal_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "README.md"
    path.write_bytes(content)
    said = await refusal(path)
    assert "journal" in said
    assert str(path) in said
    assert path.read_bytes() == content


async def test_another_programs_database_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE theirs (a)")
    db.commit()
    db.close()
    content = path.read_bytes()
    assert "is not a segtap journal" in await refusal(path)
    assert path.read_bytes() == content


async def test_a_damaged_journal_is_said_to_be(journal: Stores, path: Path) -> None:
    for _ in range(200):
        await journal.receipts.append(a_receipt(body=os.urandom(4000)))
    await journal.close()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 20_000)
    assert "is damaged" in await refusal(path)


async def test_a_newer_journal_is_left_alone(journal: Stores, path: Path) -> None:
    await journal.receipts.append(a_receipt())
    await journal.close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    with pytest.raises(JournalTooNew, match="Update segtap"):
        await stores.open(JournalSettings(path=str(path)))


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_a_journal_of_an_earlier_version_goes_on(tmp_path: Path, version: int) -> None:
    """A file written by version 3: one message in each state, a refused request, a receipt not read yet."""
    path = tmp_path / "journal.db"
    shutil.copyfile(DATA / "version-3.sqlite", path)
    db = sqlite3.connect(path)
    if version < 3:
        db.execute(
            "UPDATE meta SET value = json_remove(value, '$.errors', '$.warnings') WHERE key = 'counts'"
        )
    if version < 2:
        db.execute("ALTER TABLE messages DROP COLUMN findings")
    db.execute(f"PRAGMA user_version = {version}")
    db.commit()
    db.close()
    again = await stores.open(JournalSettings(path=str(path)))
    try:
        expected = Counts(
            received=7,
            refused=1,
            warnings=8,
            deliveries=DeliveryCounts(off=1, waiting=1, sent=1, refused=1, uncertain=1, held=1, none=1),
        )
        assert await again.index.counts() == expected == recount(path)
        states = [line.delivery for line in (await again.index.page()).summaries]
        assert states == ["off", "waiting", "sent", "refused", "uncertain", "held", "none", "none"]
        assert [line.id for line in await again.outbox.owed()] == [message_number(2, 0)]
        (attempt,) = await again.outbox.deliveries(message_number(3, 0))
        assert attempt.outcome is Outcome.SENT
        assert [receipt.seq for receipt in await unindexed(again)] == [9]
        assert await again.index.findings([message_number(1, 0)]) == {}
        await again.outbox.record([], [(message_number(2, 0), DeliveryState.SENT)])
        assert (await again.index.counts()).deliveries.total == 7
        assert await again.index.counts() == recount(path)
    finally:
        await again.close()


async def test_a_journal_that_must_be_there_is_not_made(tmp_path: Path) -> None:
    wanted = JournalSettings(path=str(tmp_path / "typo" / "journal.db"))
    with pytest.raises(JournalError, match="There is no journal at"):
        await stores.open(wanted, must_exist=True)
    assert list(tmp_path.iterdir()) == []
    await (await stores.open(wanted)).close()
    await (await stores.open(wanted, must_exist=True)).close()


async def test_a_path_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "file" in await refusal(tmp_path / "file" / "journal.db")


@pytest.mark.parametrize("url", ["redis://host:6379/segtap", "postgres://host/db"])
async def test_a_url_is_refused_with_what_works(url: str) -> None:
    assert "--journal PATH" in await refusal(url)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs a file system that takes no files")
async def test_a_place_that_takes_no_files_is_refused() -> None:
    assert "/proc/segtap" in await refusal("/proc/segtap/journal.db")


@posix_only
@pytest.mark.skipif(hasattr(os, "getuid") and os.getuid() == 0, reason="root may write anywhere")
async def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "may not write" in await refusal(tmp_path / "journal.db")
    finally:
        tmp_path.chmod(0o700)


async def test_a_throw_away_journal_is_gone_when_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    first = await stores.open(JournalSettings(ephemeral=True))
    second = await stores.open(JournalSettings(ephemeral=True, path="ignored.db"))
    assert first.ephemeral
    assert first.path != second.path
    await first.receipts.append(a_receipt())
    await first.close()
    assert [folder.name for folder in tmp_path.iterdir()] == [Path(second.path).parent.name]
    assert await second.receipts.append(a_receipt()) == 1
    await second.close()
    assert list(tmp_path.iterdir()) == []


async def test_what_a_killed_engine_threw_away_is_removed_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def left_behind(name: str, age: float) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for file in ("journal.db", "journal.db.lock"):
            (folder / file).write_text("")
        long_ago = folder.stat().st_mtime - age
        os.utime(folder, (long_ago, long_ago))
        return folder

    killed = left_behind("segtap-ephemeral-killed", 3600)
    young = left_behind("segtap-ephemeral-young", 0)
    alive = left_behind("segtap-ephemeral-alive", 3600)
    foreign = left_behind("other-killed", 3600)
    lock = JournalLock(alive / "journal.db")
    lock.acquire()
    journal = await stores.open(JournalSettings(ephemeral=True))
    assert not killed.exists()
    assert young.exists()
    assert alive.exists()
    assert foreign.exists()
    await journal.close()
    lock.release()


async def test_a_checkpoint_that_was_cut_off_is_not_damage(
    journal: Stores, path: Path, tmp_path: Path
) -> None:
    """The first page counts pages that only the log has: the file is whole only together with its log."""
    for number in range(300):
        await journal.receipts.append(a_receipt(f"uid-{number}", body=os.urandom(4000)))
    copy = tmp_path / "copy" / "journal.db"
    copy.parent.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    log = Path(f"{copy}-wal").read_bytes()
    size = int.from_bytes(log[8:12], "big")
    frames = [log[at : at + 24 + size] for at in range(32, len(log), 24 + size)]
    (*_, first) = (frame for frame in frames if frame[:4] == (1).to_bytes(4, "big"))
    with copy.open("r+b") as file:
        file.write(first[24:])
    alone = sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        alone.execute("PRAGMA application_id")
    alone.close()
    again = await stores.open(JournalSettings(path=str(copy)))
    try:
        assert len(await again.receipts.read(limit=1_000)) == 300
    finally:
        await again.close()
