"""Journals of earlier versions: they open, and what this version keeps of messages is filled in."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from engines import engine_settings, running_engine
from indexing import Running
from journal_values import look, recount
from queries import holding

from segtap.core import stores
from segtap.core.delivery import DeliveryCounts, DeliveryState, Outcome
from segtap.core.errors import JournalTooNew
from segtap.core.index import refill as refilling
from segtap.core.index.backlog import Backlog
from segtap.core.index.refill import refill
from segtap.core.messages import message_number
from segtap.core.settings import JournalSettings
from segtap.core.stores import ReadOnlyStores
from segtap.core.stores.base import Condition
from segtap.core.stores.sqlite.schema import VERSION

DATA = Path(__file__).parents[2] / "data/journal"
STATES = ["off", "waiting", "sent", "refused", "uncertain", "held", "stuck", "fault", "none", "none"]
"""Of the messages in the files, which are in receipts 1 to 9; 10 was refused.

In the file of version 4, the receipt 11 is not in the index. Version 5 is the same after an engine read it.
"""


@pytest.fixture(params=(4, 5))
def version(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def old(tmp_path: Path, version: int) -> Path:
    path = tmp_path / "journal.db"
    shutil.copyfile(DATA / f"version-{version}.sqlite", path)
    return path


async def test_a_journal_opens_with_all_that_it_holds(old: Path, version: int) -> None:
    before = look(old, "SELECT * FROM receipts"), look(old, "SELECT * FROM deliveries")
    kept = await stores.open(str(old))
    try:
        lines = (await kept.index.page()).summaries
        assert [line.delivery for line in lines][:10] == STATES
        assert [(line.type, line.name, line.user) for line in lines[:9]] == [
            ("track", f"Order {number}", f"u-{number}") for number in range(1, 10)
        ]
        assert [line.id >> 20 for line in await kept.outbox.owed()] == [2, 5, 7]
        (attempt,) = await kept.outbox.deliveries(message_number(3, 0))
        assert attempt.outcome is Outcome.SENT
        (finding,) = (await kept.index.findings([message_number(3, 0)]))[message_number(3, 0)]
        assert finding.rule == "second-receipt"
        assert await kept.index.settings() == '{"identity":"simplified"}'
        assert kept.index.unfilled == (0, 10 if version == 4 else 11)
        counts = await kept.index.counts()
        assert counts == recount(old)
        states = dict.fromkeys(DeliveryState, 1)
        if version == 5:
            states[DeliveryState.OFF] = 2
        assert counts.deliveries == DeliveryCounts(**states)
        assert counts.judged == 0
        await kept.outbox.record([], [(message_number(2, 0), DeliveryState.SENT)])
        assert await kept.index.counts() == recount(old)
        # A filter cannot know yet what the rows lack, so that it lets all of them through.
        condition = Condition("event = ?", ("Order 4",), lambda found: not found.filled)
        assert len((await kept.index.page(condition=condition)).summaries) == len(lines)
    finally:
        await kept.close()
    assert (look(old, "SELECT * FROM receipts"), look(old, "SELECT * FROM deliveries")) == before


async def test_an_engine_fills_in_what_an_older_index_lacks(old: Path, tmp_path: Path) -> None:
    settings = engine_settings(tmp_path)
    owed = "SELECT id, delivery, marks, owed FROM messages WHERE id < 10 << 20 ORDER BY id"
    before = look(old, owed)
    path = Path(settings.journal.path)
    assert path == old
    async with running_engine(settings) as (engine, _):
        await engine.refilled()
        await engine.indexed()
        index = engine.parts.stores.index
        assert index.unfilled == (0, 0)
        condition = Condition("event = ? AND user_id = 'u-4'", ("Order 4",))
        (line,) = (await index.page(condition=condition)).summaries
        assert line.id == message_number(4, 0)
        found = (await index.page(condition=holding("GRÜSSE"))).summaries
        assert [one.id >> 20 for one in found] == list(range(1, 10))
        rows = look(path, "SELECT event, anonymous_id, write_key, library, sent, text_cut FROM lines")
        assert rows[3] == ("Order 4", "a-4", "key", "analytics-node", 1, 0)
        assert rows[10][0] == "Late"
        assert look(path, owed) == before
        (rules,) = look(path, "SELECT rules FROM lines WHERE id = 3 << 20")[0]
        assert " second-receipt " in rules
        assert (await index.counts()).judged == 10
        for table, column in (("kinds", "kind"), ("verdicts", "judged")):
            used = look(path, f"SELECT {column}, count(*) FROM messages WHERE {column} > 0 GROUP BY 1")
            assert look(path, f"SELECT id, uses FROM {table} ORDER BY id") == used
        assert look(path, "SELECT sum(messages) FROM tallies WHERE rule = ''") == [(11,)]


async def test_filling_in_goes_on_where_it_stopped(old: Path, version: int) -> None:
    kept = await stores.open(str(old))
    await kept.index.fill([], 4)
    await kept.close()
    kept = await stores.open(str(old))
    assert kept.index.unfilled == (4, 10 if version == 4 else 11)
    await kept.clear()
    assert kept.index.unfilled == (0, 0)
    await kept.close()
    kept = await stores.open(str(old))
    assert kept.index.unfilled == (0, 0)
    await kept.close()


async def test_a_file_is_searched_without_being_changed(old: Path) -> None:
    before = old.read_bytes()
    kept = ReadOnlyStores(JournalSettings(path=str(old)))

    def matches(found: object) -> bool:
        receipt = found.receipt()  # type: ignore[attr-defined]
        return receipt is not None and b"Order 6" in receipt.body

    (line,) = (await kept.index.page(condition=Condition("event = 'x'", (), matches))).summaries
    assert line.id == message_number(6, 0)
    await kept.close()
    assert old.read_bytes() == before


async def test_a_newer_journal_is_refused_and_not_touched(old: Path) -> None:
    db = sqlite3.connect(old)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    before = old.read_bytes()
    with pytest.raises(JournalTooNew, match="written by a newer segtap"):
        await stores.open(str(old))
    assert old.read_bytes() == before


async def test_workers_fill_in_what_the_engine_would(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refilling, "BACKLOG", 0)
    found: list[list[tuple[object, ...]]] = []
    judged_here: list[int] = []
    for most in (0, 1):
        path = shutil.copyfile(old, old.parent / f"{most}.db")
        kept, run = await stores.open(str(path)), Running(most=most)
        try:
            if most:
                await run.up()
            said: list[str] = []
            await refill(kept, run.reader, Backlog(run.reader, run.workers, lambda: False), said.append)
            assert said[-1].endswith(": 100%.")
            assert kept.index.unfilled == (0, 0)
        finally:
            await run.workers.close()
            await kept.close()
        found.append(look(path, "SELECT * FROM lines ORDER BY id"))
        judged_here.append(run.judged_here)
    assert found[0] == found[1]
    # While the worker is busy this process judges, too: how many depends on the machine.
    assert judged_here[1] < judged_here[0]
