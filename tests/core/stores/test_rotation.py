"""The journal stays below its limit: the oldest go first, and none that is still needed."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from journal_values import a_receipt, an_attempt, an_entry, look, recount, unindexed

from segtap.core import stores
from segtap.core.delivery import DeliveryState
from segtap.core.errors import JournalFull
from segtap.core.settings import JournalSettings
from segtap.core.stores import Stores

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


async def test_a_lower_limit_takes_hold_at_the_next_receipt(path: Path) -> None:
    journal = await stores.open(JournalSettings(path=str(path)))
    for _ in range(3 * LIMIT // BODY):
        await take(journal, DeliveryState.OFF)
    await journal.close()
    smaller = await stores.open(JournalSettings(path=str(path), max_bytes=LIMIT))
    await take(smaller, DeliveryState.OFF)
    assert len(kept(path)) * BODY < LIMIT
    assert await smaller.index.counts() == recount(path)
    await smaller.close()
