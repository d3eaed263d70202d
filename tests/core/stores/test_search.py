"""Searching the file: what is read of it, what is left out, and how a search is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from journal_values import a_receipt, an_entry, look, revision
from msgspec.structs import replace
from queries import holding

from segtap.core import stores
from segtap.core.messages import Receipt, position_of
from segtap.core.query import parse
from segtap.core.settings import JournalSettings
from segtap.core.stores import Stores
from segtap.core.stores.base import Condition, Found, Judged
from segtap.core.stores.sqlite import text_spans, texts

ENDLESS = "(WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n) < 0"
"""A condition that SQLite never comes to an end with."""


async def fill(journal: Stores, count: int, *, together: int = 1) -> list[int]:
    """Index receipts with a message each, `together` in one step; returns the messages' ids."""
    ids: list[int] = []
    for at in range(0, count, together):
        seqs = [await journal.receipts.append(a_receipt()) for _ in range(together)]
        entries = [an_entry(seq, name=f"Event {at + n}") for n, seq in enumerate(seqs)]
        await journal.index.add(entries, seqs[-1])
        ids += [entry.summary.id for entry in entries]
    return ids


async def listed(journal: Stores, condition: Condition, **where: int) -> list[int]:
    return [line.id for line in (await journal.index.page(condition=condition, **where)).summaries]


async def test_a_search_that_nobody_waits_for_stops_at_the_next_line(journal: Stores) -> None:
    await fill(journal, 20, together=20)
    begun, released, asked = threading.Event(), threading.Event(), 0

    def matches(found: Found) -> bool:
        nonlocal asked
        asked += 1
        begun.set()
        return not released.wait(10)

    search = asyncio.create_task(journal.index.page(condition=Condition(matches=matches)))
    await asyncio.to_thread(begun.wait, 10)
    search.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await search
    released.set()
    assert len(await listed(journal, Condition("name = ?", ("Event 7",)))) == 1
    assert asked == 1


async def test_a_statement_that_nobody_waits_for_is_interrupted(journal: Stores) -> None:
    await fill(journal, 1)
    search = asyncio.create_task(journal.index.page(condition=Condition(ENDLESS)))
    await asyncio.sleep(0)
    search.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await search
    async with asyncio.timeout(10):
        assert len(await listed(journal, Condition("name = ?", ("Event 0",)))) == 1


async def test_stretches_without_the_word_are_not_read(
    journal: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "TOGETHER", 5)
    ids = await fill(journal, 30, together=10)
    condition, asked = holding("event 12"), list[int]()

    def matches(found: Found) -> bool:
        asked.append(found.entry.summary.id)
        return bool(condition.matches and condition.matches(found))

    for where in (
        {},
        {"after": 1},
        {"before": ids[13]},
        {"after": ids[11]},
        {"after": ids[11], "before": ids[13]},
    ):
        asked.clear()
        assert await listed(journal, replace(condition, matches=matches), **where) == [ids[12]]
        assert set(asked) <= set(ids[10:15])
    assert await listed(journal, condition, after=ids[12]) == []
    assert await listed(journal, condition, before=ids[12]) == []


async def test_of_texts_without_the_word_only_those_that_are_cut_are_read(journal: Stores) -> None:
    seq = await journal.receipts.append(a_receipt())
    entries = [replace(an_entry(seq, place), text_cut=place in (2, 5)) for place in range(8)]
    await journal.index.add(entries, seq)
    asked: list[int] = []

    def matches(found: Found) -> bool:
        assert found.entry.text_cut
        asked.append(position_of(found.entry.summary.id))
        return True

    test = holding("elsewhere").texts
    assert len(await listed(journal, Condition(matches=matches, texts=test))) == 2
    assert asked == [5, 2]


async def test_requests_without_a_value_are_left_out(journal: Stores) -> None:
    ids = await fill(journal, 12, together=12)
    asked: list[int] = []

    def positions(receipt: Receipt) -> list[int] | None:
        return {3: [], 4: None, 5: [0], 6: [7]}.get(receipt.seq, [])

    def matches(found: Found) -> bool:
        asked.append(found.entry.summary.id)
        receipt = found.receipt()
        assert receipt is not None
        assert position_of(found.entry.summary.id) == 0
        return True

    condition = Condition(matches=matches, positions=positions)
    assert await listed(journal, condition) == ids[3:5]
    assert asked == [ids[4], ids[3]]
    assert await listed(journal, condition, after=0) == ids[3:5]
    assert await listed(journal, condition, after=ids[3]) == ids[4:5]


async def test_texts_are_packed_together_as_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "TOGETHER", 10)
    path = tmp_path / "journal.db"
    journal = await stores.open(str(path))
    ids = await fill(journal, 25)
    rows = look(path, "SELECT first, last FROM texts ORDER BY first")
    assert rows == [(ids[0], ids[9]), (ids[10], ids[19]), (ids[20], ids[24])]
    await journal.close()
    journal = await stores.open(str(path))
    try:
        ids += await fill(journal, 2)
        assert await listed(journal, holding("event 24")) == [ids[24]]
        assert look(path, "SELECT count(*) FROM texts") == [(4,)]
        await journal._writer.run(lambda: journal._store.delete(range(1, 16)))
        assert look(path, "SELECT first FROM texts ORDER BY first LIMIT 1") == [(ids[10],)]
        assert await listed(journal, holding("event 19")) == [ids[19]]
    finally:
        await journal.close()


async def test_stale_messages_are_looked_for_only_if_there_are_any(
    journal: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await fill(journal, 6, together=6)

    async def stale(name: str) -> list[int]:
        return [line.id for line in await journal.index.stale(name)]

    def judged(id: int, name: str) -> object:
        one = revision(id, 0, 1)
        return replace(one, judged=replace(one.judged, revision=name, sent=True))

    assert await stale("r1") == ids
    await journal.index.revise([judged(id, "r1") for id in ids])  # type: ignore[misc]
    assert await stale("r1") == []
    assert await stale("r2") == ids
    await journal.index.revise([judged(id, "r2") for id in ids[2:]])  # type: ignore[misc]
    assert await stale("r2") == ids[:2]
    assert await stale("r1") == ids[2:]


async def test_a_search_for_errors_looks_at_no_other_messages(journal: Stores) -> None:
    ids: list[int] = []
    for number in range(60):
        seq = await journal.receipts.append(a_receipt())
        bad = number in (5, 40)
        entry = an_entry(seq, name=f"Event {number % 2}")
        judged = Judged(errors=int(bad), sent=True, revision="1")
        line = replace(entry.summary, errors=int(bad))
        await journal.index.add([replace(entry, summary=line, judged=judged)], seq)
        ids.append(line.id)
    query, asked = parse("event warn:error"), list[int]()
    (sql, parameters), (sql_judged, of_judged) = query.to_sql(), query.to_sql(judged=True)

    def matches(found: Found) -> bool:
        asked.append(found.entry.summary.id)
        return found.entry.summary.errors > 0

    condition = Condition(
        sql,
        tuple(parameters),
        matches,
        query.stretch_test(),
        sql_judged=sql_judged,
        parameters_judged=tuple(of_judged),
    )
    assert await listed(journal, condition) == [ids[5], ids[40]]
    assert sorted(asked) == [ids[5], ids[40]]
    assert await listed(journal, condition, after=ids[5], limit=1) == [ids[40]]
    assert await listed(journal, condition, before=ids[40], limit=1) == [ids[5]]
    seq = await journal.receipts.append(a_receipt())
    await journal.index.add([replace(an_entry(seq, name="Event 0"), judged=Judged())], seq)
    asked.clear()
    assert await listed(journal, condition) == [ids[5], ids[40]]
    assert len(asked) > 2, "a message that is not judged yet may have an error"


async def test_a_journal_without_the_index_of_errors_gets_it(path: Path) -> None:
    for _ in range(2):
        journal = await stores.open(JournalSettings(path=str(path)))
        await journal.close()
        assert look(path, "SELECT 1 FROM sqlite_schema WHERE name = 'messages_with_errors'") == [(1,)]
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("DROP INDEX messages_with_errors")


@pytest.mark.parametrize("every", [1, 2, 7, 40, 1_000])
async def test_texts_of_lines_that_columns_leave_out_are_not_unpacked(
    journal: Stores, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    """However many lines the columns accept, the lines found are the same, in both directions."""
    monkeypatch.setattr(texts, "TOGETHER", 4)
    for name, value in (("_TEXTS", 3), ("_SAMPLE", 2), ("_MANY", 4)):
        monkeypatch.setattr(text_spans, name, value)
    unpacked = 0

    class Counting(texts.Texts):
        def __init__(self, *row: Any) -> None:
            nonlocal unpacked
            unpacked += 1
            super().__init__(*row)

    monkeypatch.setattr(text_spans, "Texts", Counting)
    seqs = [await journal.receipts.append(a_receipt()) for _ in range(60)]
    made = [
        an_entry(seq, place, name=f"Event {(3 * at + place) % 6}")
        for at, seq in enumerate(seqs)
        for place in range(3)
    ]
    entries = [
        replace(entry, summary=replace(entry.summary, warnings=int(at % every == 0)))
        for at, entry in enumerate(made)
    ]
    await journal.index.add(entries, seqs[-1])
    wanted = [
        one.summary.id
        for one in entries
        if one.summary.warnings and one.summary.name in ("Event 0", "Event 4")
    ]
    query = parse('("event 0" or "event 4") warn:warning')
    condition = Condition(
        "warnings > 0", (), lambda found: found.entry.summary.id in wanted, query.stretch_test()
    )
    for limit in (1, 2, 200):
        for edge in (0, *(entry.summary.id for entry in entries[::31])):
            after = [id for id in wanted if id > edge]
            assert await listed(journal, condition, after=edge, limit=limit) == after[:limit]
            before = [id for id in wanted if id < edge]
            assert await listed(journal, condition, before=edge, limit=limit) == before[-limit:]
    unpacked = 0
    assert await listed(journal, condition) == wanted
    assert unpacked <= len(entries) // 4 + 2 if every < 7 else unpacked <= len(entries) // every + 1
