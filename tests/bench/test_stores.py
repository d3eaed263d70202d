"""What a journal of real messages costs: on disk, to write, to search; each beside a plain way of doing it.

CPU time in one process, the best of some rounds each: what other programs do in the meantime does not count.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from isal import isal_zlib
from measured import message

from segtap.core.checks.stream import digest
from segtap.core.engine.active import ActiveSettings
from segtap.core.engine.search import Search
from segtap.core.faults import Faults
from segtap.core.index.receipts import ReceiptReader
from segtap.core.index.summaries import entry_of, judged_of, summarize
from segtap.core.messages import Receipt
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.query import parse
from segtap.core.settings import DestinationSettings, JournalSettings, Settings
from segtap.core.sources.bounds import bounds_of
from segtap.core.stores import Entry, ReadOnlyStores
from segtap.core.stores.sqlite.rows import pack_receipt
from segtap.core.stores.sqlite.store import Store
from segtap.core.verdict import with_findings

TOGETHER, RECEIPTS = 100, 60
MESSAGES = TOGETHER * RECEIPTS
ROUNDS = 5
MOST_DISK = 0.6
"""Bytes of the file for a byte of the messages, verdicts included; 0.34 when this was written."""
MOST_WRITING = 12
"""Times what `executemany` takes for rows of six plain columns; 7 when this was written."""
MOST_DELETING = 0.5
"""Times what indexing takes, to delete the same messages step by step; 0.3 when this was written, and 0.7
while the row of each message was read."""
MOST_TEXT, MOST_VALUE = 3, 10
"""Times what reading and inflating every request takes, to search for a word, or for a value; 1 and 4 when
this was written."""


def second(number: int) -> str:
    """That second of a day, as a timestamp."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(1_790_000_000 + number))


class Made(msgspec.Struct):
    """A journal, and what is in it."""

    path: Path
    receipts: list[Receipt]
    entries: list[list[Entry]]
    settings: Settings
    active: ActiveSettings


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    settings = Settings(destination=DestinationSettings(token="a" * 32))
    active = ActiveSettings(settings)
    receipts: list[Receipt] = []
    for seq in range(1, RECEIPTS + 1):
        numbers = range(seq * TOGETHER, (seq + 1) * TOGETHER)
        batch = [message(number, second(number // 100)) for number in numbers]
        body = json.dumps({"batch": batch, "writeKey": "wk"}).encode()
        at = 1_790_000_000_000 + seq * 1_000
        headers = (("host", "127.0.0.1:8765"), ("content-type", "application/json"))
        receipts.append(
            Receipt(
                uid=str(seq),
                received_at=at,
                method="POST",
                path="/v1/batch",
                headers=headers,
                body=body,
                seq=seq,
            )
        )
    made = Made(
        tmp_path_factory.mktemp("stores") / "journal.db",
        receipts,
        [entries_of(active, receipt) for receipt in receipts],
        settings,
        active,
    )
    store = Store(made.path)
    fill(store, made)
    store.checkpoint("TRUNCATE")
    store.close()
    return made


def entries_of(active: ActiveSettings, receipt: Receipt) -> list[Entry]:
    entries: list[Entry] = []
    for one in parse_receipt(receipt):
        verdict = active.judge(one)
        found = active.observe(digest(one, verdict.translation, one.received_at))
        whole = with_findings(verdict, active.adjust(one, found))
        judged = judged_of(whole, one.marks, verdict, active.revision)
        entries.append(entry_of(summarize(one, whole, receipt), one, receipt, judged, found))
    return entries


def fill(store: Store, made: Made) -> float:
    """Append and index all messages; returns the seconds that indexing took."""
    store.append([pack_receipt(receipt) for receipt in made.receipts])
    start = time.process_time()
    for receipt, entries in zip(made.receipts, made.entries, strict=True):
        store.index(entries, receipt.seq)
    return time.process_time() - start


def best(work: Callable[[], float]) -> float:
    return min(work() for _ in range(ROUNDS))


def timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def test_a_message_on_disk(made: Made, record_property: Callable[[str, object], None]) -> None:
    plain = sum(len(receipt.body) for receipt in made.receipts)
    ratio = made.path.stat().st_size / plain
    record_property("file_to_messages", ratio)
    print(f"{made.path.stat().st_size / MESSAGES:.0f} B a message of {plain / MESSAGES:.0f} B: {ratio:.2f}")
    assert ratio < MOST_DISK


def test_writing_the_index(
    made: Made, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    files = (tmp_path / f"{number}.db" for number in range(2 * ROUNDS))

    def indexed() -> float:
        store = Store(next(files))
        store._db.execute("PRAGMA synchronous = OFF")
        took = fill(store, made)
        store.close()
        return took

    def bare() -> float:
        db = sqlite3.connect(next(files), isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")
        db.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, at, name, user, state, message)")
        start = time.process_time()
        for entries in made.entries:
            lines = [entry.summary for entry in entries]
            db.execute("BEGIN")
            db.executemany(
                "INSERT INTO plain VALUES (?, ?, ?, ?, ?, ?)",
                [(one.id, one.received_at, one.name, one.user, "off", one.message_id) for one in lines],
            )
            db.execute("COMMIT")
        took = time.process_time() - start
        db.close()
        return took

    ours, plain = best(indexed), best(bare)
    record_property("index_to_executemany", ours / plain)
    micro = 1e6 / MESSAGES
    print(f"index {ours * micro:.1f} µs, executemany {plain * micro:.1f} µs a message: {ours / plain:.1f}")
    assert ours / plain < MOST_WRITING


def test_deleting_beside_indexing(
    made: Made, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    files = (tmp_path / f"{number}.db" for number in range(ROUNDS))
    writing: list[float] = []
    deleting: list[float] = []
    for file in files:
        store = Store(file)
        store._db.execute("PRAGMA synchronous = OFF")
        writing.append(fill(store, made))
        start = time.process_time()
        while step := store.free_step(0):
            store.delete([seq for seq, _ in step])
        deleting.append(time.process_time() - start)
        assert store.counts.received == 0
        store.close()
    ratio = min(deleting) / min(writing)
    record_property("delete_to_index", ratio)
    micro = 1e6 / MESSAGES
    print(
        f"delete {min(deleting) * micro:.1f} µs, index {min(writing) * micro:.1f} µs a message: {ratio:.2f}"
    )
    assert ratio < MOST_DELETING


@pytest.mark.parametrize(
    ("filter", "most"),
    [
        ("zebra", MOST_TEXT),
        ("user:nobody", MOST_TEXT),
        ("event:nothing", MOST_TEXT),
        ("rule:insert-id-length", MOST_TEXT),
        ("properties.property_3>5", MOST_VALUE),
    ],
)
def test_searching_all_of_it(
    made: Made, filter: str, most: float, record_property: Callable[[str, object], None]
) -> None:
    reader = ReceiptReader(parse_receipt, made.active.judge, Faults(), keeper=made.active)

    def read() -> None:
        db = sqlite3.connect(made.path)
        for (data,) in db.execute("SELECT data FROM receipts"):
            isal_zlib.decompress(data, -15)
        db.close()

    async def search() -> float:
        journal = ReadOnlyStores(JournalSettings(path=str(made.path)))
        query, bounds = parse(filter), bounds_of(made.settings.ingest)
        taken: list[float] = []
        for _ in range(ROUNDS):
            start = time.process_time()
            page = await Search(journal, reader, query, bounds).page(limit=50)
            taken.append(time.process_time() - start)
            assert not page.summaries
        await journal.close()
        return min(taken)

    ours, plain = asyncio.run(search()), best(lambda: timed(read))
    record_property("search_to_reading", ours / plain)
    micro = 1e6 / MESSAGES
    print(f"{filter}: {ours * micro:.2f} µs, reading {plain * micro:.2f} µs a message: {ours / plain:.2f}")
    assert ours / plain < most
