"""kill -9 at any moment loses no acknowledged receipt, and leaves an index that fits what is there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import journal_kill_target as kill_target
import pytest
from journal_values import look, recount, unindexed

from segtap.core import stores
from segtap.core.messages import Receipt
from segtap.core.settings import JournalSettings
from segtap.core.stores import Stores

pytestmark = pytest.mark.kill

ROUNDS = 6


def run_and_kill(path: Path, round_: int, after: int) -> list[tuple[int, str]]:
    """Kill the process once it acknowledged `after` receipts; all that it acknowledged."""
    target = subprocess.Popen(
        [sys.executable, kill_target.__file__, str(path), str(round_)], stdout=subprocess.PIPE
    )
    assert target.stdout is not None
    with target, target.stdout as out:
        lines = [out.readline() for _ in range(after)]
        os.kill(target.pid, signal.SIGKILL)
        lines += out.read().splitlines(keepends=True)
    assert target.returncode == -signal.SIGKILL
    words = [line.decode().split() for line in lines if line.endswith(b"\n")]
    return [(int(seq), uid) for seq, uid in words]


async def all_receipts(journal: Stores) -> dict[int, Receipt]:
    found: dict[int, Receipt] = {}
    while some := await journal.receipts.read(after=max(found, default=0)):
        found.update((receipt.seq, receipt) for receipt in some)
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
async def test_nothing_acknowledged_is_lost(path: Path) -> None:
    chance = random.Random(20)
    acknowledged: dict[int, str] = {}
    for round_ in range(ROUNDS):
        said = run_and_kill(path, round_, chance.randrange(1, 1500))
        assert not acknowledged.keys() & {seq for seq, _ in said}
        acknowledged.update(said)
        journal = await stores.open(JournalSettings(path=str(path)))
        try:
            kept = await all_receipts(journal)
            assert {seq: kept[seq].uid for seq in acknowledged} == acknowledged
            assert all(receipt.body == kill_target.body(receipt.uid) for receipt in kept.values())
            assert sorted(kept) == list(range(1, max(kept) + 1))
            indexed = [seq for (seq,) in look(path, "SELECT id >> 20 FROM messages ORDER BY id")]
            waiting = [receipt.seq for receipt in await unindexed(journal, 10_000)]
            first = waiting[0] if waiting else max(kept) + 1
            assert indexed == [seq for seq in range(1, first) for _ in range(kill_target.MESSAGES)]
            delivered = [id for (id,) in look(path, "SELECT message FROM deliveries ORDER BY message")]
            assert delivered == [
                id for (id,) in look(path, "SELECT id FROM messages WHERE delivery = 'sent' ORDER BY id")
            ]
            assert await journal.index.counts() == recount(path)
        finally:
            await journal.close()
    assert look(path, "PRAGMA integrity_check") == [("ok",)]
