"""The journal stays below its limit: the oldest go first, and none that is still needed."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from indexing import until
from journal_values import a_receipt, an_attempt, an_entry, look, recount, rotated, unindexed

from segtap.core import stores
from segtap.core.config import load
from segtap.core.delivery import DeliveryState
from segtap.core.errors import JournalFull, SettingsError
from segtap.core.settings import JournalSettings
from segtap.core.stores import Stores
from segtap.core.stores.sqlite.deletion import STEP_MESSAGES
from segtap.core.stores.sqlite.rotation import Rotation

LIMIT = 1024 * 1024
BODY = 10_000


@pytest.fixture
async def small(path: Path) -> AsyncIterator[Stores]:
    journal = await stores.open(JournalSettings(path=str(path), max_bytes=LIMIT))
    yield journal
    await journal.close()


async def take(journal: Stores, state: DeliveryState | None) -> int:
    """One receipt, indexed with that state; None leaves it unindexed."""
    seq = await journal.receipts.append(a_receipt(body=os.urandom(BODY)))
    if state is not None:
        await journal.index.add([an_entry(seq, state=state)], seq)
    return seq


async def fill(journal: Stores, state: DeliveryState | None) -> list[int]:
    """Receipts until no more fit."""
    taken: list[int] = []
    while len(taken) < 3 * LIMIT / BODY:
        try:
            taken.append(await take(journal, state))
        except JournalFull:
            return taken
    raise AssertionError("the journal never filled")


def kept(path: Path) -> list[int]:
    return [seq for (seq,) in look(path, "SELECT seq FROM receipts ORDER BY seq")]


async def test_the_oldest_go_and_the_file_stays_small(small: Stores, path: Path) -> None:
    count = 5 * LIMIT // BODY
    for _ in range(count):
        seq = await take(small, DeliveryState.OFF)
        if seq % 10 == 0:
            await small.outbox.record([an_attempt(seq << 20)], [(seq << 20, DeliveryState.SENT)])
    left = kept(path)
    assert left == list(range(left[0], count + 1))
    assert len(left) * BODY > LIMIT * 0.4
    assert look(path, "SELECT DISTINCT id >> 20 FROM messages ORDER BY id") == [(seq,) for seq in left]
    assert {seq for (seq,) in look(path, "SELECT message >> 20 FROM deliveries")} == {
        seq for seq in left if seq % 10 == 0
    }
    assert await small.index.counts() == recount(path)
    assert (await small.index.counts()).received == len(left)
    pages, size = look(path, "PRAGMA page_count")[0][0], look(path, "PRAGMA page_size")[0][0]
    assert pages * size < LIMIT * 1.1


async def test_what_is_owed_stays_and_others_go_around_it(small: Stores, path: Path) -> None:
    owed = [await take(small, DeliveryState.WAITING) for _ in range(20)]
    held = [await take(small, DeliveryState.HELD) for _ in range(5)]
    for _ in range(3 * LIMIT // BODY):
        await take(small, DeliveryState.OFF)
    left = kept(path)
    assert left[:25] == owed + held
    assert left[25:] == list(range(left[25], left[-1] + 1))
    assert left[25] > 26
    assert [line.id >> 20 for line in await small.outbox.owed()] == owed


async def test_one_owed_message_keeps_its_whole_receipt(small: Stores, path: Path) -> None:
    seq = await small.receipts.append(a_receipt(body=os.urandom(BODY)))
    await small.index.add([an_entry(seq, position, state=DeliveryState.SENT) for position in range(9)], seq)
    seq = await small.receipts.append(a_receipt(body=os.urandom(BODY)))
    batch = [an_entry(seq, position, state=DeliveryState.SENT) for position in range(9)]
    await small.index.add([*batch, an_entry(seq, (1 << 20) - 1, state=DeliveryState.WAITING)], seq)
    for _ in range(2 * LIMIT // BODY):
        await take(small, DeliveryState.SENT)
    assert kept(path)[0] == seq
    assert look(path, "SELECT count(*) FROM messages WHERE id >> 20 = ?", (seq,)) == [(10,)]


async def test_full_of_owed_ones_takes_no_more_until_some_settle(small: Stores, path: Path) -> None:
    taken = await fill(small, DeliveryState.WAITING)
    assert kept(path) == taken
    with pytest.raises(JournalFull, match=r"waits for Mixpanel \(\d+ messages\).*max_bytes"):
        await take(small, DeliveryState.WAITING)
    assert len((await small.index.page()).summaries) == len(taken)
    settled = taken[3:8]
    await small.outbox.record(
        [an_attempt(seq << 20) for seq in settled], [(seq << 20, DeliveryState.SENT) for seq in settled]
    )
    assert await take(small, DeliveryState.WAITING) == taken[-1] + 1
    assert [seq for seq in taken if seq not in kept(path)] == settled
    await fill(small, DeliveryState.WAITING)
    await small.outbox.record([], [(taken[0] << 20, DeliveryState.REFUSED)])
    await take(small, DeliveryState.WAITING)
    assert taken[0] not in kept(path)


async def test_what_is_not_indexed_is_never_deleted(small: Stores, path: Path) -> None:
    taken = await fill(small, None)
    assert kept(path) == taken
    with pytest.raises(JournalFull, match="still being read"):
        await take(small, None)
    await small.index.add([an_entry(seq, state=DeliveryState.NONE) for seq in taken], taken[-1])
    await take(small, None)
    assert kept(path)[0] > taken[0]


async def test_numbers_are_not_used_again_when_all_went(small: Stores, path: Path) -> None:
    seqs = [await take(small, DeliveryState.SENT) for _ in range(50)]
    await small.receipts.append(a_receipt(body=os.urandom(LIMIT - 200_000)))
    assert kept(path) == [seqs[-1] + 1]
    await small.index.add([], seqs[-1] + 1)
    with pytest.raises(JournalFull, match="does not fit"):
        await small.receipts.append(a_receipt(body=os.urandom(2 * LIMIT)))
    assert kept(path) == []
    await small.close()
    again = await stores.open(JournalSettings(path=str(path)))
    assert await again.receipts.append(a_receipt()) == seqs[-1] + 2
    assert [receipt.seq for receipt in await unindexed(again)] == [seqs[-1] + 2]
    await again.close()


async def test_a_step_deletes_few_messages_and_the_totals_stay_exact(
    small: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete, steps = small._store.delete, list[int]()

    def watched(numbers: Sequence[int]) -> None:
        steps.append(-small._store.counts.received)
        delete(numbers)
        steps[-1] -= -small._store.counts.received

    monkeypatch.setattr(small._store, "delete", watched)
    for _ in range(60):
        seq = await small.receipts.append(a_receipt(body=os.urandom(BODY)))
        batch = [an_entry(seq, position, state=DeliveryState.SENT) for position in range(100)]
        await small.index.add(batch, seq)
    await rotated(small)
    assert len(steps) > 0
    assert all(-STEP_MESSAGES <= step < 0 for step in steps), steps
    assert await small.index.counts() == recount(path)


async def test_room_is_made_before_a_receipt_needs_it(
    small: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2 * LIMIT // BODY):
        await take(small, DeliveryState.OFF)
    await rotated(small)

    def deletes(numbers: Sequence[int]) -> None:
        raise AssertionError("a receipt waits")

    monkeypatch.setattr(small._store, "delete", deletes)
    small._writer.rotation.make_room(BODY)


async def test_a_lower_limit_takes_hold_before_anything_arrives(path: Path) -> None:
    journal = await stores.open(JournalSettings(path=str(path)))
    for _ in range(3 * LIMIT // BODY):
        await take(journal, DeliveryState.OFF)
    await journal.close()
    smaller: Any = await stores.open(JournalSettings(path=str(path), max_bytes=LIMIT))
    await until(lambda: len(kept(path)) * BODY < LIMIT)
    assert await smaller.index.counts() == recount(path)
    await smaller.close()


async def test_a_receipt_does_not_wait_until_all_above_a_lower_limit_is_deleted(path: Path) -> None:
    journal: Any = await stores.open(JournalSettings(path=str(path)))
    for _ in range(3 * LIMIT // BODY):
        await take(journal, DeliveryState.OFF)
    store = journal._store
    rotation = Rotation(store, LIMIT // 4)

    def work() -> tuple[int, int]:
        before = store.used()
        rotation.make_room(BODY)
        return before, store.used()

    before, after = await journal._writer.run(work)
    assert LIMIT < after < before - BODY
    await journal.close()


# --- by age ----------------------------------------------------------------------------------------

DAY = 86_400_000


async def aged(journal: Stores, days: int, state: DeliveryState | None) -> int:
    """A receipt of so many days ago; those of before now are negative."""
    now = time.time_ns() // 1_000_000
    seq = await journal.receipts.append(msgspec.structs.replace(a_receipt(), received_at=now - days * DAY))
    if state is not None:
        await journal.index.add([an_entry(seq, state=state)], seq)
    return seq


async def expired(journal: Any) -> None:
    """Have the journal look for old ones until there are no more; as it does by itself once a minute."""
    rotation = journal._writer.rotation
    rotation._look_for_old = 0.0
    while not rotation._look_for_old:
        await journal._writer.run(rotation.expire)


async def test_old_messages_go_unless_they_are_owed(path: Path) -> None:
    journal = await stores.open(JournalSettings(path=str(path), max_age="30d"))
    owed = await aged(journal, 50, DeliveryState.WAITING)
    for _ in range(300):
        await aged(journal, 40, DeliveryState.SENT)
    ahead = await aged(journal, -3, DeliveryState.SENT)
    await aged(journal, 31, DeliveryState.REFUSED)
    young = await aged(journal, 29, DeliveryState.SENT)
    unread = await aged(journal, 90, None)
    await expired(journal)
    assert kept(path) == [owed, ahead, young, unread]
    assert (await journal.index.counts()).received == 3

    await journal.outbox.record([an_attempt(owed << 20)], [(owed << 20, DeliveryState.SENT)])
    await journal.index.add([an_entry(unread, state=DeliveryState.OFF)], unread)
    await expired(journal)
    assert kept(path) == [ahead, young]
    assert await journal.index.counts() == recount(path)
    await journal.close()


async def test_nothing_goes_for_its_age_where_none_is_set(journal: Stores, path: Path) -> None:
    seq = await aged(journal, 5_000, DeliveryState.SENT)
    await journal._writer.run(journal._writer.rotation.expire)
    assert kept(path) == [seq]


async def test_many_owed_ones_are_looked_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segtap.core.stores.sqlite.rotation._LOOKED_AT", 8)
    journal = await stores.open(JournalSettings(path=str(path), max_age="1h"))
    owed = [await aged(journal, 2, DeliveryState.WAITING) for _ in range(40)]
    await expired(journal)
    rotation = journal._writer.rotation
    assert rotation._old_passed == owed[-1]
    await journal.outbox.record([], [(owed[3] << 20, DeliveryState.OFF)])
    await expired(journal)
    assert kept(path) == [seq for seq in owed if seq != owed[3]]
    await journal.close()


async def test_old_messages_in_memory_go_too() -> None:
    journal = await stores.open(JournalSettings(path="memory:", max_age="2d"))
    owed = await aged(journal, 3, DeliveryState.WAITING)
    await aged(journal, 3, DeliveryState.SENT)
    new = await aged(journal, 1, DeliveryState.SENT)
    await journal.receipts.append(a_receipt())
    assert [one.seq for one in await journal.receipts.read()][:2] == [owed, new]


@pytest.mark.parametrize(("text", "ms"), [("", 0), ("90m", 5_400_000), ("30d", 30 * DAY), ("8w", 56 * DAY)])
def test_ages(text: str, ms: int) -> None:
    assert JournalSettings(max_age=text).max_age_ms == ms


@pytest.mark.parametrize("text", ["0d", "30", "d", "1.5d", "-1d", "30 days", "1y"])
def test_an_age_that_is_none_is_refused_with_an_example(text: str, tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text(f'[journal]\nmax_age = "{text}"\n')
    with pytest.raises(SettingsError, match=r'as in "30d"'):
        load(environ={}, file=file)
