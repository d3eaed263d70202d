"""One engine at a time, and nobody is locked out by one that is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from journal_values import a_receipt

from segtap.core import stores
from segtap.core.errors import JournalError, JournalLocked
from segtap.core.settings import JournalSettings
from segtap.core.stores import Stores, holder_of
from segtap.core.stores.sqlite import lock as journal_lock
from segtap.core.stores.sqlite.lock import Holder, JournalLock, lock_file, read_holder

HOLD = """
import asyncio, sys
from segtap.core import stores
from segtap.core.settings import JournalSettings

async def hold(path, url):
    journal = await stores.open(JournalSettings(path=path))
    if url:
        journal.announce(url)
    print("held", flush=True)
    await asyncio.Event().wait()

asyncio.run(hold(*sys.argv[1:]))
"""


def another_engine(path: Path, url: str = "") -> subprocess.Popen[str]:
    """A process that holds the journal; it does so when this returns."""
    engine = subprocess.Popen([sys.executable, "-c", HOLD, str(path), url], stdout=subprocess.PIPE, text=True)
    assert engine.stdout is not None
    assert engine.stdout.readline() == "held\n"
    return engine


def end(engine: subprocess.Popen[str]) -> None:
    assert engine.stdout is not None
    engine.kill()
    engine.wait()
    engine.stdout.close()


async def test_a_second_engine_is_told_of_the_first_and_how_to_attach(path: Path) -> None:
    engine = another_engine(path, "http://127.0.0.1:8765")
    try:
        with pytest.raises(JournalLocked) as refusal:
            await stores.open(JournalSettings(path=str(path)))
        assert f"process {engine.pid}" in str(refusal.value)
        assert "segtap attach http://127.0.0.1:8765" in str(refusal.value)
        assert str(path) in str(refusal.value)
        holder = holder_of(path)
        assert holder is not None
        assert (holder.pid, holder.url) == (engine.pid, "http://127.0.0.1:8765")
    finally:
        end(engine)


async def test_an_engine_that_does_not_listen_yet_is_named_without_a_url(path: Path) -> None:
    engine = another_engine(path)
    try:
        with pytest.raises(JournalLocked, match=f"process {engine.pid}") as refusal:
            await stores.open(JournalSettings(path=str(path)))
        assert "attach" not in str(refusal.value)
    finally:
        end(engine)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
async def test_a_killed_engine_leaves_no_lock(path: Path) -> None:
    engine = another_engine(path, "http://127.0.0.1:8765")
    os.kill(engine.pid, signal.SIGKILL)
    end(engine)
    assert lock_file(path).read_text()  # its note is still there
    assert holder_of(path) is None
    journal = await stores.open(JournalSettings(path=str(path)))
    assert await journal.receipts.append(a_receipt()) == 1
    await journal.close()


async def test_the_lock_holds_within_one_process_too(journal: Stores, path: Path) -> None:
    with pytest.raises(JournalLocked):
        await stores.open(JournalSettings(path=str(path)))
    assert await journal.receipts.append(a_receipt()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
async def test_another_name_for_the_same_file_is_the_same_journal(journal: Stores, path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(JournalLocked):
        await stores.open(JournalSettings(path=str(link)))


async def test_closing_lets_the_next_one_in(path: Path) -> None:
    for _ in range(2):
        journal = await stores.open(JournalSettings(path=str(path)))
        await journal.close()
        assert holder_of(path) is None


async def test_one_that_leaves_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = JournalLock(path)
    lock.acquire()
    refused = threading.Event()
    try_it = JournalLock.try_acquire

    def trying(self: JournalLock) -> bool:
        taken = try_it(self)
        if not taken:
            refused.set()
        return taken

    monkeypatch.setattr(JournalLock, "try_acquire", trying)
    monkeypatch.setattr(journal_lock, "_PATIENCE", 60)
    opening = asyncio.ensure_future(stores.open(JournalSettings(path=str(path))))
    await asyncio.to_thread(refused.wait)
    lock.release()
    await (await opening).close()


def test_a_shorter_note_replaces_a_longer_one(path: Path) -> None:
    lock = JournalLock(path)
    lock.acquire()
    for url in ("http://127.0.0.1:8765/with/a/long/path", "http://[::1]:1"):
        lock.announce(url)
        holder = holder_of(path)
        assert holder is not None
        assert holder.url == url
    lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize("kind", ["symlink", "dangling", "hard link", "pipe"])
async def test_the_lock_is_written_through_no_link(tmp_path: Path, path: Path, kind: str) -> None:
    victim = tmp_path / "victim.txt"
    if kind != "dangling":
        victim.write_text("precious")
    planted = lock_file(path)
    match kind:
        case "hard link":
            os.link(victim, planted)
        case "pipe":
            os.mkfifo(planted)
        case _:
            planted.symlink_to(victim)
    for ask in (
        lambda: stores.open(JournalSettings(path=str(path))),
        lambda: asyncio.to_thread(holder_of, path),
    ):
        with pytest.raises(JournalError, match="remove it, or choose another file") as refusal:
            await ask()
        assert str(planted) in str(refusal.value)
    if kind == "dangling":
        assert not victim.exists()
    else:
        assert victim.read_text() == "precious"
    assert not path.exists()


async def test_another_programs_lock_file_is_left_as_it_is(tmp_path: Path) -> None:
    theirs = tmp_path / "Cargo.lock"
    theirs.write_text("# This file is automatically @generated by Cargo.\n")
    with pytest.raises(JournalError, match="belongs to another program"):
        await stores.open(JournalSettings(path=str(tmp_path / "Cargo")))
    assert theirs.read_text() == "# This file is automatically @generated by Cargo.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_a_lock_whose_file_was_removed_keeps_nobody_out_and_says_so(path: Path) -> None:
    first, second = JournalLock(path), JournalLock(path)
    first.acquire()
    assert first.in_place()
    lock_file(path).unlink()
    assert not first.in_place()
    second.acquire()
    assert second.in_place()
    assert not first.in_place()
    first.release()
    assert holder_of(path) is not None
    second.release()


def test_asking_who_holds_a_journal_changes_nothing(path: Path) -> None:
    lock_file(path).write_text(note := '{"pid":1,"url":"http://127.0.0.1:8765","started":0}')
    assert holder_of(path) is None
    assert lock_file(path).read_text() == note


@pytest.mark.parametrize("note", [b'{"url": "\xe9", "pid": 1}', b"\xff\xfe", b"", b"[]"])
def test_a_note_in_the_lock_that_cannot_be_read_names_nobody(tmp_path: Path, note: bytes) -> None:
    path = tmp_path / "journal.db.lock"
    path.write_bytes(note)
    assert read_holder(path) == Holder()
