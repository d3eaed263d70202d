"""Salvage: whatever is damaged, requests on sound pages are in the new journal, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
from pathlib import Path

import pytest
from damage import (
    PAGE,
    differing_pages,
    fill,
    flip,
    garbage,
    make,
    pages_of,
    pages_of_receipts,
    receipts_in,
    states_in,
)
from journal_values import a_receipt, as_version_1, look, recount, unindexed

from segtap.core import stores
from segtap.core.commands.salvage import Report, salvage
from segtap.core.errors import JournalError, JournalLocked
from segtap.core.settings import DestinationSettings, JournalSettings, Settings
from segtap.core.stores.sqlite.rows import SUMMARY_COLUMNS

pytestmark = pytest.mark.kill

OWED = {"waiting", "held", "stuck"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "journal.db"
    asyncio.run(make(path))
    return path


@pytest.fixture
def sound(made: Path, tmp_path: Path) -> Path:
    """A journal of its own for each test."""
    folder = tmp_path / "sound"
    folder.mkdir()
    return Path(shutil.copy(made, folder))


def salvaged(old: Path, new: Path) -> Report:
    settings = Settings(
        journal=JournalSettings(path=str(old)), destination=DestinationSettings(token="a" * 32)
    )
    return salvage(settings, str(new), lambda _: None)


def damaged(sound: Path, content: bytes, log: bytes | None = None) -> tuple[Path, Path]:
    """The damaged file, and where the new one goes."""
    folder = sound.parent.parent / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    old = folder / "journal.db"
    old.write_bytes(content)
    if log is not None:
        old.with_name("journal.db-wal").write_bytes(log)
    return old, folder / "new.db"


def contents(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


async def check(sound: Path, old: Path, new: Path, report: Report, must: set[int]) -> None:
    """The new journal holds what it must, is sound, and sends nothing that was sent."""
    before, after = receipts_in(sound), receipts_in(new)
    assert must <= after.keys()
    assert {seq: after[seq] for seq in must} == {seq: before[seq] for seq in must}
    assert len(after) == report.copied.requests
    assert look(new, "PRAGMA integrity_check") == [("ok",)]
    was, now = states_in(sound), states_in(new)
    for id, state in now.items():
        if id not in was or (id >> 20) not in must:
            continue
        if was[id] in OWED:
            assert state in {was[id], "uncertain"}, (id, was[id], state)
        elif state != was[id]:
            assert state not in OWED, (id, was[id], state)
    journal = await stores.open(JournalSettings(path=str(new)))
    try:
        assert await journal.index.counts() == recount(new)
        again = await unindexed(journal, 10_000)
        assert all(was.keys().isdisjoint({receipt.seq << 20}) for receipt in again)
        assert await journal.receipts.append(a_receipt()) > max(after, default=0)
    finally:
        await journal.close()


async def test_of_a_sound_journal_everything_is_copied_and_it_stays_as_it_is(
    sound: Path, tmp_path: Path
) -> None:
    before = contents(sound.parent)
    new = tmp_path / "deep" / "new.db"
    report = salvaged(sound, new)
    assert contents(sound.parent) == before
    assert report.copied.whole
    assert report.rebuilt == 0
    assert receipts_in(new) == receipts_in(sound)
    for query in (
        f"SELECT {SUMMARY_COLUMNS}, wanted, findings, owed FROM lines",  # an engine fills in the others
        "SELECT * FROM deliveries",
        "SELECT value FROM meta WHERE key IN ('counts', 'indexed')",
    ):
        assert look(new, query) == look(sound, query)
    assert [file.name for file in new.parent.iterdir()] == ["new.db"]
    if os.name == "posix":
        assert new.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("seed", range(25))
async def test_flipped_bits_cost_only_what_they_hit(sound: Path, seed: int) -> None:
    chance = random.Random(seed)
    whole = sound.read_bytes()
    bits = chance.choice([1, 20, 500, 3_000])
    content = flip(whole, bits, chance)
    old, new = damaged(sound, content)
    hit = differing_pages(whole, content)
    must = {seq for seq, pages in pages_of_receipts(sound).items() if not pages & hit}
    before = contents(old.parent)
    try:
        report = salvaged(old, new)
    except JournalError:
        assert not must
        return
    assert {name: digest for name, digest in contents(old.parent).items() if name != "new.db"} == before
    await check(sound, old, new, report, must)


@pytest.mark.parametrize("seed", range(15))
async def test_pages_of_garbage_cost_only_what_was_on_them(sound: Path, seed: int) -> None:
    chance = random.Random(seed)
    whole = sound.read_bytes()
    content = garbage(whole, 0.3, chance)
    old, new = damaged(sound, content)
    hit = differing_pages(whole, content)
    must = {seq for seq, pages in pages_of_receipts(sound).items() if not pages & hit}
    assert must
    report = salvaged(old, new)
    assert not report.copied.whole
    await check(sound, old, new, report, must)


@pytest.mark.parametrize("page", range(1, 12))
async def test_each_page_near_the_beginning_may_be_lost(sound: Path, page: int) -> None:
    whole = sound.read_bytes()
    content = bytearray(whole)
    content[(page - 1) * PAGE : page * PAGE] = b"\xa5" * PAGE
    old, new = damaged(sound, bytes(content))
    must = {seq for seq, pages in pages_of_receipts(sound).items() if page not in pages}
    await check(sound, old, new, salvaged(old, new), must)


async def test_what_was_cut_off_is_missed_and_the_rest_is_there(sound: Path) -> None:
    whole = sound.read_bytes()
    kept = len(whole) // 2 + 1_000
    old, new = damaged(sound, whole[:kept])
    last = kept // PAGE
    must = {seq for seq, pages in pages_of_receipts(sound).items() if max(pages) <= last}
    report = salvaged(old, new)
    await check(sound, old, new, report, must)
    assert report.copied.bad_pages + report.copied.lost_requests > 0


async def test_a_damaged_index_is_made_again_from_the_requests(sound: Path) -> None:
    content = bytearray(sound.read_bytes())
    for page in pages_of(sound, "messages"):
        content[(page - 1) * PAGE : page * PAGE] = bytes(PAGE)
    old, new = damaged(sound, bytes(content))
    report = salvaged(old, new)
    was, now = states_in(sound), states_in(new)
    assert report.rebuilt == len(was) == 600
    assert report.copied.lost_requests == 0
    assert now.keys() == was.keys()
    # Attempts are all there, so it is known of each message whether it was sent.
    assert now == was


async def test_lost_attempts_leave_a_message_uncertain_not_owed(sound: Path) -> None:
    content = bytearray(sound.read_bytes())
    gone = {*pages_of(sound, "messages"), *list(pages_of(sound, "deliveries"))[:1]}
    for page in gone:
        content[(page - 1) * PAGE : page * PAGE] = b"\xff" * PAGE
    old, new = damaged(sound, bytes(content))
    report = salvaged(old, new)
    was, now = states_in(sound), states_in(new)
    assert now.keys() == was.keys()
    assert not OWED & set(now.values())
    assert report.copied.doubted > 0
    for id, state in now.items():
        assert state == was[id] or state == "uncertain"


@pytest.mark.parametrize("seed", range(10))
async def test_a_log_counts_as_far_as_it_is_sound(tmp_path: Path, seed: int) -> None:
    """The newest requests are in the log alone, as after a kill."""
    chance = random.Random(seed)
    sound = tmp_path / "sound" / "journal.db"
    await make(sound, 60)
    journal = await stores.open(JournalSettings(path=str(sound)))
    await fill(journal, range(100, 160))
    whole, log = sound.read_bytes(), sound.with_name("journal.db-wal").read_bytes()
    await journal.close()
    bits = chance.choice([0, 1, 20])
    old, new = damaged(sound, whole, flip(log, bits, chance, first=32 if seed % 2 else 0))
    report = salvaged(old, new)
    now_log = old.with_name("journal.db-wal").read_bytes()
    hit = {(at - 32) // (PAGE + 24) for at in range(32, len(log)) if log[at] != now_log[at]}
    assert report.copied.log_damaged == bool(hit)
    after = receipts_in(new)
    before = receipts_in(sound)
    if not hit:
        assert after == before
    # A body has no checksum of its own: a bit of it that is hit may go unnoticed.
    assert sum(after[seq] != before[seq] for seq in after) <= len(hit)
    assert len(after) >= len(before) - 4 * len(hit)
    was, now = states_in(sound), states_in(new)
    for id, state in now.items():
        if id in was and state in OWED:
            assert was[id] in OWED


async def test_deleted_requests_do_not_come_back(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    await make(path, 300)
    journal = await stores.open(JournalSettings(path=str(path)))
    await journal._writer.run(lambda: journal._store.delete(range(1, 200)))
    await journal.close()
    new = tmp_path / "new.db"
    assert salvaged(path, new).copied.whole
    assert receipts_in(new).keys() == receipts_in(path).keys()


async def test_an_old_one_is_copied_into_the_form_of_today(sound: Path) -> None:
    as_version_1(sound)
    new = sound.with_name("new.db")
    assert salvaged(sound, new).copied.whole
    words = {word for (word,) in look(new, "SELECT DISTINCT delivery FROM messages")}
    assert words == {"sent", "waiting", "off", "refused", "uncertain"}
    assert set(look(new, "SELECT DISTINCT outcome FROM deliveries")) == {
        ("sent",),
        ("refused",),
        ("uncertain",),
    }
    owed = look(new, "SELECT count(*) FROM messages WHERE owed = 1")
    assert owed == look(new, "SELECT count(*) FROM messages WHERE delivery = 'waiting'") != [(0,)]


async def test_nothing_is_overwritten_and_no_running_engine_is_read(sound: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.db"
    there.write_text("mine")
    for name in ("there.db", "there.db-wal"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(JournalError, match="is there already"):
            salvaged(sound, there)
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).unlink()
    with pytest.raises(JournalError, match="There is no journal at"):
        salvaged(tmp_path / "none.db", there)
    (tmp_path / "text.db").write_bytes(b"nothing of ours\n" * 1_000)
    with pytest.raises(JournalError, match="is not a segtap journal"):
        salvaged(tmp_path / "text.db", there)
    journal = await stores.open(JournalSettings(path=str(sound)))
    with pytest.raises(JournalLocked):
        salvaged(sound, there)
    await journal.close()
    assert not there.exists()
    assert not [file for file in tmp_path.iterdir() if file.name.endswith(".part")]
