"""The journal's files are taken away while it is open: it is noticed, and nothing acknowledged is lost.

Real processes, ended with kill -9 at a chosen moment after the notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import journal_kill_target as kill_target
import journal_rescue_target as target
import pytest
from engines import PATIENCE
from journal_values import a_receipt, look, recount

from segtap.core import stores
from segtap.core.errors import JournalError, JournalLocked
from segtap.core.messages import Receipt
from segtap.core.settings import JournalSettings
from segtap.core.stores import Stores

pytestmark = [
    pytest.mark.kill,
    pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be removed there"),
]

GARBAGE = b"another program's file\n" * 5_000
PUT_BACK = "nothing is lost"
BESIDE = "is saved in "


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def replace(path: Path, content: bytes) -> None:
    new = path.with_name("new")
    new.write_bytes(content)
    new.replace(path)


def empty_folder(path: Path) -> None:
    for file in path.parent.iterdir():
        file.unlink()


IN_PLACE: dict[str, Callable[[Path], object]] = {
    "log removed": lambda path: beside(path, "-wal").unlink(),
    "log moved": lambda path: beside(path, "-wal").rename(path.with_name("kept")),
    "log replaced by another file": lambda path: replace(beside(path, "-wal"), GARBAGE),
    "log replaced by an empty file": lambda path: replace(beside(path, "-wal"), b""),
    "log and its index removed": lambda path: (beside(path, "-wal").unlink(), beside(path, "-shm").unlink()),
    "log cut": lambda path: os.truncate(beside(path, "-wal"), 0),
    "index of the log removed": lambda path: beside(path, "-shm").unlink(),
    "file removed": lambda path: path.unlink(),
    "file moved": lambda path: path.rename(path.with_name("moved.db")),
    "file replaced by an empty file": lambda path: replace(path, b""),
    "file cut": lambda path: os.truncate(path, 0),
    "file and log removed": lambda path: (path.unlink(), beside(path, "-wal").unlink()),
    "everything in the folder removed": empty_folder,
    "folder removed": lambda path: shutil.rmtree(path.parent),
    "folder moved": lambda path: path.parent.rename(path.parent.with_name("moved")),
}
"""What can happen after which the journal is put back in its place and goes on."""
TAKEN: dict[str, Callable[[Path], object]] = {
    "file replaced by another file": lambda path: replace(path, GARBAGE),
    "file replaced by a folder": lambda path: (path.unlink(), path.mkdir()),
    "file overwritten": lambda path: path.write_bytes(GARBAGE),
}
"""What takes the place itself."""


@dataclass
class Watched:
    """The target and what it said."""

    process: subprocess.Popen[str]
    acknowledged: dict[int, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def read(self) -> None:
        """Take in one line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.endswith("\n"):
            raise EOFError(line)
        kind, _, rest = line.rstrip("\n").partition(" ")
        if kind == "ack":
            seq, uid = rest.split()
            self.acknowledged[int(seq)] = uid
        else:
            {"told": self.told, "refused": self.refused, "failed": self.failed}[kind].append(rest)

    def read_until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self.read()

    def acknowledge(self, more: int) -> None:
        """Wait for so many further acknowledgements."""
        enough = len(self.acknowledged) + more
        self.read_until(lambda: len(self.acknowledged) >= enough)

    def kill(self) -> None:
        """kill -9, and take in what it still said."""
        os.kill(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(EOFError):
            while True:
                self.read()
        self.process.wait()


@contextlib.contextmanager
def receiving(path: Path) -> Iterator[Watched]:
    process = subprocess.Popen(
        [sys.executable, target.__file__, str(path)], stdout=subprocess.PIPE, text=True, cwd="/"
    )
    with process:
        try:
            yield Watched(process)
        finally:
            process.kill()


async def kept(path: Path) -> dict[int, Receipt]:
    """All receipts that a new engine finds, after it looked whether the file is sound."""
    journal = await stores.open(JournalSettings(path=str(path)), must_exist=True)
    found: dict[int, Receipt] = {}
    try:
        while some := await journal.receipts.read(after=max(found, default=0)):
            found.update((receipt.seq, receipt) for receipt in some)
        assert await journal.index.counts() == recount(path)
    finally:
        await journal.close()
    assert look(path, "PRAGMA integrity_check") == [("ok",)]
    return found


async def check_kept(path: Path, acknowledged: dict[int, str]) -> None:
    found = await kept(path)
    assert {seq: found[seq].uid for seq in acknowledged if seq in found} == acknowledged
    assert all(receipt.body == kill_target.body(receipt.uid) for receipt in found.values())


def appears(path: Path) -> None:
    """Wait for a file."""
    until = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder / "journal.db"


@pytest.mark.parametrize("harm", IN_PLACE)
async def test_it_is_put_back_and_goes_on(path: Path, harm: str) -> None:
    chance = random.Random(harm)
    with receiving(path) as watched:
        watched.acknowledge(chance.randrange(1, 600))
        IN_PLACE[harm](path)
        watched.read_until(lambda: bool(watched.told))
        assert PUT_BACK in watched.told[0]
        watched.acknowledge(chance.choice([0, 0, 1, 300]))
        watched.kill()
    assert watched.refused == []
    await check_kept(path, watched.acknowledged)


@pytest.mark.parametrize("harm", TAKEN)
async def test_a_place_that_is_taken_is_left_alone_and_all_is_saved_beside_it(path: Path, harm: str) -> None:
    with receiving(path) as watched:
        watched.acknowledge(400)
        TAKEN[harm](path)
        watched.read_until(lambda: bool(watched.told))
        before = len(watched.acknowledged)
        watched.read_until(lambda: len(watched.refused) > 20)
        assert len(watched.acknowledged) == before
        watched.kill()
    assert "Nothing more is received" in watched.told[0]
    saved = re.search(rf"{BESIDE}(\S+);", watched.told[0])
    assert saved is not None, watched.told
    await check_kept(Path(saved[1]), watched.acknowledged)
    assert path.is_dir() or path.read_bytes() == GARBAGE
    assert not beside(path, "-wal").exists()


async def test_one_harm_after_another(path: Path) -> None:
    chance = random.Random(5)
    # What is cut off is gone; it can only be put back while all of it is still in memory.
    survivable = sorted(IN_PLACE.keys() - {"file cut"})
    with receiving(path) as watched:
        watched.acknowledge(10)
        for harm in chance.sample(survivable, len(survivable)):
            path.with_name("moved.db").unlink(missing_ok=True)
            shutil.rmtree(path.parent.with_name("moved"), ignore_errors=True)
            before = len(watched.told)
            IN_PLACE[harm](path)
            watched.read_until(lambda before=before: len(watched.told) > before)
            assert PUT_BACK in watched.told[-1], harm
            watched.acknowledge(chance.randrange(200))
        watched.kill()
    await check_kept(path, watched.acknowledged)


async def test_what_is_cut_off_and_not_in_memory_is_said_to_be_lost(journal: Stores, path: Path) -> None:
    told: list[str] = []
    journal.receipts.watch(told.append)
    for number in range(50):
        await journal.receipts.append(a_receipt(f"r{number}", body=os.urandom(3_000)))
    await journal.close()
    again = await stores.open(JournalSettings(path=str(path)))
    again.receipts.watch(told.append)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(JournalError, match="which is damaged: segtap journal salvage --journal") as refusal:
        await again.receipts.append(a_receipt("late"))
    assert "Nothing more is received" in str(refusal.value)
    await again.close()


async def test_what_was_delivered_stays_delivered(path: Path) -> None:
    with receiving(path) as watched:
        watched.acknowledge(300)
        beside(path, "-wal").unlink()
        watched.read_until(lambda: bool(watched.told))
        watched.kill()
    settled = look(path, "SELECT count(*) FROM messages WHERE delivery = 'refused'")
    assert settled > [(0,)]


async def test_a_folder_that_cannot_be_made_again_is_waited_for(path: Path) -> None:
    with receiving(path) as watched:
        watched.acknowledge(200)
        shutil.rmtree(path.parent)
        path.parent.write_text("in the way")
        watched.read_until(lambda: len(watched.refused) > 10 and bool(watched.told))
        assert "cannot be saved yet" in watched.told[0]
        assert "tries again each second" in watched.told[0]
        path.parent.unlink()
        watched.read_until(lambda: PUT_BACK in watched.told[-1])
        watched.acknowledge(100)
        watched.kill()
    await check_kept(path, watched.acknowledged)


async def test_files_that_are_put_back_are_used_again(path: Path) -> None:
    aside = path.parent.with_name("aside")
    with receiving(path) as watched:
        watched.acknowledge(200)
        path.parent.rename(aside)
        path.parent.write_text("in the way")
        watched.read_until(lambda: bool(watched.told))
        path.parent.unlink()
        aside.rename(path.parent)
        watched.read_until(lambda: watched.told[-1] == "" or PUT_BACK in watched.told[-1])
        watched.acknowledge(100)
        watched.kill()
    await check_kept(path, watched.acknowledged)


async def test_a_removed_lock_is_made_again(journal: Stores, path: Path) -> None:
    beside(path, ".lock").unlink()
    await asyncio.to_thread(appears, beside(path, ".lock"))
    with pytest.raises(JournalLocked, match=f"process {os.getpid()}"):
        await stores.open(JournalSettings(path=str(path)))


async def test_another_engine_that_took_the_place_keeps_it(
    journal: Stores, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    journal.receipts.watch(told.append)
    # The second engine is quicker than the next look. One that is under way ends before the receipt is kept.
    monkeypatch.setattr(journal._writer._rescue, "look", lambda **_: None)
    await journal.receipts.append(a_receipt("first"))
    empty_folder(path)
    second = await stores.open(JournalSettings(path=str(path)))
    await second.receipts.append(a_receipt("second"))
    with pytest.raises(JournalError, match="Nothing more is received"):
        await journal.receipts.append(a_receipt("late"))
    assert [receipt.uid for receipt in await second.receipts.read()] == ["second"]
    assert [receipt.uid for receipt in await journal.receipts.read()] == ["first", "late"]
    await second.close()
    saved = Path(journal.path)
    assert saved.name.startswith("journal.db.saved-")
    assert [receipt.uid for receipt in (await kept(path)).values()] == ["second"]
    await journal.close()
    assert [receipt.uid for receipt in (await kept(saved)).values()] == ["first", "late"]
