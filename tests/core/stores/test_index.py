"""The index behind the receipts: lists, search, what is owed, attempts, totals."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from journal_values import AT, a_receipt, an_attempt, an_entry, recount, revision, unindexed
from queries import holding

from segtap.core import stores
from segtap.core.delivery import DeliveryCounts, DeliveryState, Outcome
from segtap.core.messages import Marks, message_number
from segtap.core.settings import JournalSettings
from segtap.core.stores import Counts, Entry, Stores
from segtap.core.stores.sqlite import deletion as deletion_module
from segtap.core.stores.sqlite import reader as reader_module
from segtap.core.stores.sqlite import search as search_module
from segtap.core.stores.sqlite.schema import connect_reader


async def fill(journal: Stores, count: int, **about: object) -> list[Entry]:
    """`count` receipts of one message each, indexed."""
    entries: list[Entry] = []
    for _ in range(count):
        seq = await journal.receipts.append(a_receipt())
        entries.append(an_entry(seq, **about))  # type: ignore[arg-type]
    await journal.index.add(entries, entries[-1].summary.id >> 20)
    return entries


async def test_unindexed_receipts_come_in_order_until_they_are_indexed(journal: Stores) -> None:
    for i in range(5):
        await journal.receipts.append(a_receipt(f"r{i}"))
    assert [receipt.seq for receipt in await unindexed(journal, 3)] == [1, 2, 3]
    await journal.index.add([an_entry(1), an_entry(2, 0), an_entry(2, 1)], 3)  # the third holds no message
    assert [receipt.uid for receipt in await unindexed(journal)] == ["r3", "r4"]
    assert [line.id for line in (await journal.index.page()).summaries] == [
        message_number(1, 0),
        message_number(2, 0),
        message_number(2, 1),
    ]


async def test_replays_are_found_by_their_message_id(
    journal: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "_NAMESAKES", 6)
    lines = [
        (await fill(journal, 1, marks=marks, message_id=message_id, at=AT + number))[0].summary
        for number, (message_id, marks) in enumerate(
            [("m-1", 0), ("m-1", Marks.REPLAY), ("m-2", Marks.REPLAY), ("", Marks.REPLAY), ("m-1", 0)]
            + [("m-1", Marks.REPLAY)] * 3
        )
    ]
    ids = [line.id for line in lines]

    async def found(message_id: str, after: int = 0, limit: int = 20) -> list[int]:
        return [line.id for line in await journal.index.replays(message_id, after, limit)]

    assert await found("m-1") == [ids[1], ids[5], ids[6], ids[7]]
    assert await found("m-1", after=ids[1]) == ids[5:]
    assert await found("m-1", limit=2) == ids[6:]
    assert await found("m-2") == [ids[2]]
    assert await found("") == []
    await fill(journal, 3, message_id="m-1", at=AT + 100)
    assert await found("m-1") == ids[5:], "only the newest of a messageId are looked at"


async def test_large_receipts_come_a_few_at_a_time(journal: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "READ_BYTES", 100_000)
    for _ in range(5):
        await journal.receipts.append(a_receipt(body=b"x" * 60_000))
    assert len(await unindexed(journal)) == 2
    await journal.receipts.append(a_receipt(body=b"x" * 500_000))
    assert [receipt.seq for receipt in await journal.receipts.read(after=5)] == [6]


async def test_indexing_the_same_receipts_again_changes_nothing(journal: Stores, path: Path) -> None:
    (entry,) = await fill(journal, 1)
    await journal.outbox.record([], [(entry.summary.id, DeliveryState.SENT)])
    await journal.index.add([entry], 1)
    assert (
        (await journal.index.counts())
        == Counts(received=1, deliveries=DeliveryCounts(sent=1), warnings=1)
        == recount(path)
    )


@pytest.mark.parametrize(("seq", "upto"), [(2, 1), (3, 3)])
async def test_messages_of_no_receipt_are_a_mistake_of_the_caller(
    journal: Stores, seq: int, upto: int
) -> None:
    await journal.receipts.append(a_receipt())
    await journal.receipts.append(a_receipt())
    with pytest.raises(ValueError, match="receipt"):
        await journal.index.add([an_entry(seq)], upto)
    assert len(await unindexed(journal)) == 2


async def test_pages_are_oldest_first_and_say_whether_there_are_more(journal: Stores) -> None:
    ids = [entry.summary.id for entry in await fill(journal, 10)]

    async def page(**where: int) -> tuple[list[int], bool]:
        found = await journal.index.page(**where)
        return [line.id for line in found.summaries], found.more

    assert await page(limit=4) == (ids[6:], True)
    assert await page(limit=10) == (ids, False)
    assert await page(before=ids[6], limit=4) == (ids[2:6], True)
    assert await page(before=ids[2], limit=4) == (ids[:2], False)
    assert await page(after=0, limit=4) == (ids[:4], True)
    assert await page(after=ids[5], limit=4) == (ids[6:], False)
    assert await page(after=ids[1], before=ids[8], limit=3) == (ids[2:5], True)
    assert await page(after=ids[9]) == ([], False)


async def test_a_line_comes_back_as_it_was_given(journal: Stores) -> None:
    await journal.receipts.append(a_receipt())
    entry = an_entry(1, name="Ünï \x00 🛒", marks=Marks.TEED | Marks.SECOND_RECEIPT)
    await journal.index.add([entry], 1)
    assert await journal.index.summary(entry.summary.id) == entry.summary
    assert (await journal.index.page()).summaries == (entry.summary,)
    assert await journal.index.summary(entry.summary.id + 1) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("100%", ["100% off"]),
        ("0% O", ["100% off"]),
        ("_", ["snake_case"]),
        ("ÄPFEL", ["Äpfel gekauft"]),
        ("nul\x00b", ["nul\x00byte"]),
        ("zzz", []),
        ("", ["100% off", "snake_case", "Äpfel gekauft", "nul\x00byte", "snakeXcase"]),
    ],
)
async def test_search_is_for_the_text_as_it_stands(journal: Stores, text: str, found: list[str]) -> None:
    names = ["100% off", "snake_case", "Äpfel gekauft", "nul\x00byte", "snakeXcase"]
    for name in names:
        await journal.receipts.append(a_receipt(name))
    await journal.index.add([an_entry(seq, name=name) for seq, name in enumerate(names, 1)], len(names))
    assert [line.name for line in (await journal.index.page(condition=holding(text))).summaries] == found


async def test_search_is_paged(journal: Stores) -> None:
    for _ in range(20):
        await journal.receipts.append(a_receipt())
    await journal.index.add([an_entry(seq, name=("a", "b")[seq % 2]) for seq in range(1, 21)], 20)
    newest = await journal.index.page(condition=holding("b u-1"), limit=4)
    assert [line.id >> 20 for line in newest.summaries] == [13, 15, 17, 19]
    assert newest.more
    rest = await journal.index.page(condition=holding("b u-1"), before=newest.summaries[0].id)
    assert [line.id >> 20 for line in rest.summaries] == [1, 3, 5, 7, 9, 11]
    assert not rest.more


async def test_text_that_utf8_cannot_hold_is_written_out(journal: Stores) -> None:
    await journal.receipts.append(a_receipt())
    await journal.receipts.append(a_receipt())
    await journal.index.add([an_entry(1, name="\ud800"), an_entry(2, message_id="id\udfff")], 2)
    (line, _) = (await journal.index.page()).summaries
    assert line.name == "\\ud800"
    assert len((await journal.index.page(condition=holding("\ud800"))).summaries) == 1
    assert await journal.index.seen(["id\udfff", "id\udffe"], 0) == {"id\udfff"}


async def test_seen_looks_at_indexed_messages_since_then(journal: Stores) -> None:
    for _ in range(3):
        await journal.receipts.append(a_receipt())
    await journal.index.add([an_entry(1, at=AT - 10, message_id="old"), an_entry(2, message_id="new")], 2)
    assert await journal.index.seen(["old", "new", "never", "m-3-0", ""], AT) == {"new"}
    assert await journal.index.seen(["old"], AT - 10) == {"old"}
    assert await journal.index.seen([], 0) == set()


async def test_seen_takes_any_number_of_ids(journal: Stores) -> None:
    await fill(journal, 3)
    asked = [f"m-{seq}-0" for seq in range(5000)]
    assert await journal.index.seen(asked, 0) == {"m-1-0", "m-2-0", "m-3-0"}


async def test_owed_are_those_with_something_to_send(journal: Stores) -> None:
    states = list(DeliveryState)
    for _ in states:
        await journal.receipts.append(a_receipt())
    await journal.index.add([an_entry(seq, state=state) for seq, state in enumerate(states, 1)], len(states))
    stuck, waiting = await journal.outbox.owed()
    assert (stuck.delivery, waiting.delivery) == (DeliveryState.STUCK, DeliveryState.WAITING)
    assert await journal.outbox.owed(after=waiting.id) == []
    await journal.outbox.record([], [(waiting.id, DeliveryState.UNCERTAIN)], owing=[waiting.id])
    assert [line.delivery for line in await journal.outbox.owed()] == [
        DeliveryState.STUCK,
        DeliveryState.UNCERTAIN,
    ]
    await journal.outbox.record([], [(waiting.id, DeliveryState.UNCERTAIN)])
    assert await journal.outbox.owed() == [stuck]


async def test_owed_are_paged_oldest_first(journal: Stores) -> None:
    ids = [entry.summary.id for entry in await fill(journal, 10)]
    first = await journal.outbox.owed(limit=4)
    assert [line.id for line in first] == ids[:4]
    assert [line.id for line in await journal.outbox.owed(after=first[-1].id)] == ids[4:]


async def test_attempts_and_states_are_recorded_together(journal: Stores, path: Path) -> None:
    first, second = (entry.summary.id for entry in await fill(journal, 2))
    tried = an_attempt(first, Outcome.RETRY, words="try again, \ud800")
    await journal.outbox.record([tried, an_attempt(second)], [(second, DeliveryState.SENT)])
    settled = an_attempt(first, Outcome.REFUSED, attempt=2, words="'$insert_id' contains 'ø'")
    await journal.outbox.record([settled], [(first, DeliveryState.REFUSED)])
    (one, two) = await journal.outbox.deliveries(first)
    assert (one.outcome, one.words) == (Outcome.RETRY, "try again, \\ud800")
    assert two == settled
    assert await journal.outbox.owed() == []
    assert (
        await journal.index.counts()
        == Counts(received=2, deliveries=DeliveryCounts(sent=1, refused=1), warnings=2)
        == recount(path)
    )
    line = await journal.index.summary(first)
    assert line is not None
    assert line.delivery is DeliveryState.REFUSED


async def test_what_is_recorded_of_unknown_messages_is_left_out(journal: Stores, path: Path) -> None:
    await journal.outbox.record([an_attempt(77)], [(77, DeliveryState.SENT)])
    assert await journal.outbox.deliveries(77) == []
    assert await journal.index.counts() == Counts() == recount(path)


async def test_totals_and_lists_survive_a_restart(journal: Stores, path: Path) -> None:
    waiting, taken, _ = await fill(journal, 3)
    await journal.outbox.record([an_attempt(taken.summary.id)], [(taken.summary.id, DeliveryState.SENT)])
    for _ in range(3):
        await journal.receipts.append(a_receipt())
    await journal.index.add(
        [
            an_entry(4, state=DeliveryState.OFF, marks=Marks.TEED),
            an_entry(5, state=DeliveryState.NONE, marks=Marks.REFUSED),
        ],
        5,
    )
    expected = Counts(
        received=4, refused=1, deliveries=DeliveryCounts(off=1, waiting=2, sent=1), teed=1, warnings=5
    )
    assert await journal.index.counts() == expected
    before = await journal.index.page()
    await journal.close()
    again = await stores.open(JournalSettings(path=str(path)))
    try:
        assert await again.index.counts() == expected == recount(path)
        assert await again.index.page() == before
        assert await again.outbox.deliveries(taken.summary.id) == [an_attempt(taken.summary.id)]
        assert (await again.outbox.owed())[0].id == waiting.summary.id
        assert [receipt.seq for receipt in await unindexed(again)] == [6]
    finally:
        await again.close()


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda db: reader_module.page(db, None, None, 200), "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (lambda db: reader_module.page(db, 9, None, 200), "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (
            lambda db: search_module.page(db, None, 9, 200, holding("text")),
            "INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
        ),
        (
            lambda db: reader_module.seen(db, ["a", "b"], 5),
            "messages_by_message_id (message_id=? AND received_at>?)",
        ),
        (lambda db: reader_module.owed(db, 5, 10), "messages_owed (owed=? AND rowid>?)"),
        (lambda db: reader_module.deliveries(db, 1), "deliveries_by_message (message=?)"),
        (lambda db: reader_module.receipts(db, 1, 10), "INTEGER PRIMARY KEY (rowid>?)"),
        (
            lambda db: db.execute(deletion_module.OLDEST_FREE, (0, 10, 5)),
            "messages_owed (owed=? AND rowid>? AND rowid<?)",
        ),
    ],
)
async def test_questions_are_answered_by_an_index_and_sort_nothing(
    journal: Stores, path: Path, ask: Callable[[sqlite3.Connection], object], index: str
) -> None:
    db = connect_reader(path)
    try:
        asked: list[str] = []
        db.set_trace_callback(asked.append)
        ask(db)
        db.set_trace_callback(None)
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {asked[-1]}")]
    finally:
        db.close()
    assert any(index in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


async def test_marks_are_revised_and_nothing_else(journal: Stores, path: Path) -> None:
    one, other = await fill(journal, 2)
    before = (await journal.index.page()).summaries
    await journal.index.revise([revision(one.summary.id, 3, 4), revision(message_number(99, 0), 1, 1)])
    after = (await journal.index.page()).summaries
    assert (after[0].errors, after[0].warnings) == (3, 4)
    assert after[1] == before[1]
    assert after[1].id == other.summary.id
    assert (after[0].delivery, after[0].name) == (before[0].delivery, before[0].name)
    counts = await journal.index.counts()
    assert counts == recount(path)
    assert (counts.errors, counts.warnings) == (1, 1), "one has errors now, the other warnings as before"
