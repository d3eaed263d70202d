"""Behind the acknowledgement: entries, second receipts, faults, and how the loop is shared with ingest."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence

import pytest
from fault_log import FaultLog
from memory_journal import MemoryJournal

from segtap.core.api.models import Summary
from segtap.core.delivery import DeliveryState
from segtap.core.errors import JournalError
from segtap.core.index import fresh, indexer, pieces
from segtap.core.index.indexer import Indexer
from segtap.core.index.judging import Inspect
from segtap.core.index.receipts import ReceiptReader
from segtap.core.messages import DEDUPE_WINDOW, JsonObject, Marks, Message, Origin, Receipt
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.stores import Cursor, Entry
from segtap.core.stores.memory import STEP
from segtap.core.verdict import FAULT_RULE, Finding, Operation, OutgoingRequest, Translation, Verdict

NOW = 1_795_516_863_211
SENDS = Verdict(
    Translation((Operation("Track Calls", "trackEvent", OutgoingRequest("POST", "https://x/import")),))
)


def track(message_id: str, **more: object) -> JsonObject:
    return {"type": "track", "event": "Signed Up", "userId": "user-7", "messageId": message_id, **more}  # pyright: ignore


def receipt(*messages: JsonObject, at: int = NOW, wanted: bool = True, origin: Origin = "sdk") -> Receipt:
    return Receipt(
        uid=f"uid-{at}-{len(messages)}",
        received_at=at,
        method="POST",
        path="/v1/batch",
        body=json.dumps({"batch": list(messages)}).encode(),
        wanted=wanted,
        origin=origin,
    )


class Running:
    """An indexer on a journal in memory, with what it told others."""

    def __init__(self, inspect: Inspect, journal: MemoryJournal | None = None) -> None:
        self.journal = journal or MemoryJournal()
        self.published: list[Summary] = []
        self.owed = 0
        self.offered: list[tuple[Summary, Translation]] = []
        self.fault_reported = asyncio.Event()
        self.faults = FaultLog(lambda text: self.fault_reported.set())
        self.indexer = Indexer(
            self.journal,
            ReceiptReader(parse_receipt, inspect, self.faults),
            publish=self._publish,
            offer=self._offer,
            owed=self._owed,
            faults=self.faults,
        )
        self.journal.receipts.follow(self.indexer.appended)

    def _publish(self, summaries: Sequence[Summary]) -> None:
        self.published += summaries

    def _offer(self, summary: Summary, made: Callable[[], Translation]) -> None:
        self.offered.append((summary, made()))

    def _owed(self) -> None:
        self.owed += 1

    async def take(self, *receipts: Receipt) -> None:
        for each in receipts:
            await self.journal.receipts.append(each)
        await self.indexer.idle()


@contextlib.asynccontextmanager
async def indexing(
    inspect: Inspect = lambda message: SENDS, *, journal: MemoryJournal | None = None
) -> AsyncIterator[Running]:
    running = Running(inspect, journal)
    task = asyncio.create_task(running.indexer.run())
    try:
        yield running
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_each_message_becomes_a_line_that_is_kept_and_published() -> None:
    async with indexing() as run:
        await run.take(receipt(track("m-1"), track("m-2")), receipt(track("m-3")))
        assert [line.message_id for line in run.published] == ["m-1", "m-2", "m-3"]
        assert list(run.published) == [entry.summary for entry in run.journal.entries.values()]
        first = run.published[0]
        assert (first.type, first.name, first.user) == ("track", "Signed Up", "user-7")
        assert first.delivery is DeliveryState.WAITING
        assert run.offered == [(line, SENDS.translation) for line in run.published]
        assert run.owed > 0


async def test_a_line_is_published_once_it_is_in_the_index_while_the_next_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a viewer could be sent what became of a message before the message's line."""
    monkeypatch.setattr(pieces, "WORK_RECEIPTS", 1)
    journal = MemoryJournal()
    seen, add = journal.index.seen, journal.index.add
    written, judging, judged = (asyncio.Event() for _ in range(3))

    async def slow_add(entries: Sequence[Entry], upto: Cursor) -> None:
        await judging.wait()
        await add(entries, upto)
        written.set()

    async def slow_seen(ids: Sequence[str], since: int) -> set[str]:
        if "m-2" in ids:
            judging.set()
            await judged.wait()
        return await seen(ids, since)

    journal.index.add, journal.index.seen = slow_add, slow_seen  # type: ignore[method-assign]
    async with indexing(journal=journal) as run:
        for id in ("m-1", "m-2"):
            await journal.receipts.append(receipt(track(id)))
        await written.wait()
        await asyncio.sleep(0)
        assert [line.message_id for line in run.published] == ["m-1"]
        judged.set()
        await run.indexer.idle()
        assert [line.message_id for line in run.published] == ["m-1", "m-2"]


@pytest.mark.parametrize(
    ("wanted", "verdict", "stands"),
    [
        (True, SENDS, DeliveryState.WAITING),
        (False, SENDS, DeliveryState.OFF),
        (True, Verdict(Translation(unmatched=True)), DeliveryState.NONE),
        (False, Verdict(Translation(unmatched=True)), DeliveryState.NONE),
    ],
)
async def test_where_a_message_stands_when_it_has_been_read(
    wanted: bool, verdict: Verdict, stands: DeliveryState
) -> None:
    async with indexing(lambda message: verdict) as run:
        await run.take(receipt(track("m-1"), wanted=wanted))
        assert run.published[0].delivery is stands


async def test_findings_are_counted_by_severity() -> None:
    findings = tuple(
        Finding("r", severity, "$", "", "") for severity in ("error", "warning", "warning", "info")
    )
    async with indexing(lambda message: Verdict(Translation(), findings)) as run:
        await run.take(receipt(track("m-1")))
        assert (run.published[0].errors, run.published[0].warnings) == (1, 2)


async def test_a_refused_request_is_one_line_with_its_reason() -> None:
    async with indexing() as run:
        await run.take(
            Receipt(
                uid="u",
                received_at=NOW,
                method="POST",
                path="/v1/t",
                body=b"{",
                status=400,
                refused="not JSON",
            )
        )
        (line,) = run.published
        assert (line.type, line.name, line.marks) == ("", "not JSON", Marks.REFUSED)
        assert (line.id, line.refused, line.delivery) == (STEP << 20, True, DeliveryState.NONE)


async def test_a_second_receipt_is_marked_and_never_sent() -> None:
    async with indexing() as run:
        await run.take(receipt(track("m-1")))
        await run.take(receipt(track("m-1"), track("m-2"), at=NOW + 1000))
        marks = [
            (line.message_id, bool(line.marks & Marks.SECOND_RECEIPT), line.delivery)
            for line in run.published
        ]
        assert marks == [
            ("m-1", False, DeliveryState.WAITING),
            ("m-1", True, DeliveryState.NONE),
            ("m-2", False, DeliveryState.WAITING),
        ]


async def test_a_second_copy_in_the_same_request_is_found() -> None:
    async with indexing() as run:
        await run.take(receipt(track("m-1"), track("m-1")))
        assert [bool(line.marks & Marks.SECOND_RECEIPT) for line in run.published] == [False, True]


async def test_a_second_copy_that_waits_beside_the_first_is_found() -> None:
    """Both receipts are read in one go, before either is in the index."""
    running = Running(lambda message: SENDS)
    for _ in range(2):
        await running.journal.receipts.append(receipt(track("m-1")))
    task = asyncio.create_task(running.indexer.run())
    await running.indexer.idle()
    task.cancel()
    assert [bool(line.marks & Marks.SECOND_RECEIPT) for line in running.published] == [False, True]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize(("later", "second"), [(DEDUPE_WINDOW, True), (DEDUPE_WINDOW + 1, False)])
async def test_a_copy_is_found_while_the_first_is_being_written(
    later: int, second: bool, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next piece of work is done meanwhile; if the first cannot be written, both are written later."""
    monkeypatch.setattr(indexer, "RETRY_FIRST", 0.01)
    journal, both, adds = MemoryJournal(), asyncio.Event(), 0
    add = journal.index.add

    async def slow(entries: Sequence[Entry], upto: Cursor) -> None:
        nonlocal adds
        adds += 1
        await both.wait()
        if fails and adds == 1:
            raise JournalError("The disk is full.")
        await add(entries, upto)

    monkeypatch.setattr(journal.index, "add", slow)
    judged: list[str] = []

    def inspect(message: Message) -> Verdict:
        judged.append(message.message_id)
        if len(judged) == 2:
            both.set()
        return SENDS

    await journal.receipts.append(receipt(track("m-1")))
    await journal.receipts.append(receipt(track("m-1"), at=NOW + later))
    async with indexing(inspect, journal=journal) as run:
        await run.indexer.idle()
        assert judged == ["m-1", "m-1"]
        assert [bool(line.marks & Marks.SECOND_RECEIPT) for line in run.published] == [False, second]
        assert [entry.summary for entry in journal.entries.values()] == run.published
        assert adds == 2 + fails


@pytest.mark.parametrize(("later", "second"), [(DEDUPE_WINDOW, True), (DEDUPE_WINDOW + 1, False)])
async def test_a_copy_is_a_second_receipt_for_24_hours(later: int, second: bool) -> None:
    async with indexing() as run:
        await run.take(receipt(track("m-1")))
        await run.take(receipt(track("m-1"), at=NOW + later))
        assert bool(run.published[1].marks & Marks.SECOND_RECEIPT) is second


async def test_a_replay_is_sent_again() -> None:
    async with indexing() as run:
        await run.take(receipt(track("m-1")))
        await run.take(receipt(track("m-1"), origin="replay"))
        again = run.published[1]
        assert again.marks == Marks.REPLAY
        assert again.delivery is DeliveryState.WAITING


async def test_a_message_on_which_inspection_fails_is_shown_and_stops_nobody() -> None:
    def inspect(message: Message) -> Verdict:
        if message.message_id == "m-2":
            raise ZeroDivisionError("broken")
        return SENDS

    async with indexing(inspect) as run:
        await run.take(receipt(track("m-1"), track("m-2"), track("m-3")), receipt(track("m-4")))
        assert [line.message_id for line in run.published] == ["m-1", "m-2", "m-3", "m-4"]
        bad = run.published[1]
        assert (bad.errors, bad.delivery) == (1, DeliveryState.FAULT)
        assert run.faults.said == [f"segtap failed on message {bad.id}: ZeroDivisionError: broken"]
        detail = await ReceiptReader(parse_receipt, inspect, run.faults).detail(run.journal, bad.id)
        assert [finding.rule for finding in detail.verdict.findings] == [FAULT_RULE]
        assert detail.verdict.fault == run.faults.said[0]
        assert b'"m-2"' in detail.document


async def test_a_receipt_on_which_parsing_fails_is_shown_and_stops_nobody() -> None:
    faults = FaultLog()

    def parse(each: Receipt, only: Collection[int] | None = None) -> list[Message]:
        if each.seq == STEP:
            raise KeyError("batch")
        return parse_receipt(each, only)

    running = Running(lambda message: SENDS)
    running.indexer = Indexer(
        running.journal,
        ReceiptReader(parse, lambda message: SENDS, faults),
        publish=running.published.extend,
        offer=lambda summary, made: None,
        owed=lambda: None,
        faults=faults,
    )
    running.journal.receipts.follow(running.indexer.appended)
    task = asyncio.create_task(running.indexer.run())
    await running.take(receipt(track("m-1")), receipt(track("m-2")))
    task.cancel()
    assert [line.name for line in running.published] == [
        f"segtap failed to read request {STEP}: KeyError: 'batch'",
        "Signed Up",
    ]
    assert [line.delivery for line in running.published] == [DeliveryState.FAULT, DeliveryState.WAITING]
    assert faults.said == [f"segtap failed to read request {STEP}: KeyError: 'batch'"]


async def test_a_failing_journal_is_said_and_the_same_work_is_done_when_it_recovers() -> None:
    async with indexing() as run:
        await run.journal.receipts.append(receipt(track("m-1")))
        run.journal.failing = "The disk is full."
        await run.fault_reported.wait()
        assert run.published == []
        run.journal.failing = ""
        await run.indexer.idle()
        assert [line.message_id for line in run.published] == ["m-1"]
        assert run.faults.said[0] == "The disk is full."
        assert run.faults.said[-1] == ""


async def test_names_that_no_encoder_takes_are_listed_all_the_same() -> None:
    long = "x" * 1_000_000
    async with indexing() as run:
        await run.take(
            receipt(
                track("m-1", event="half \ud83d"), track("m-2", event=long), track("m-3", event={"a": [1]})
            )
        )
        names = [line.name for line in run.published]
        assert names[0].startswith("half ")
        names[0].encode()
        assert names[1] == "x" * 255 + "…"
        assert names[2] == '{"a":[1]}'


class Reads(MemoryJournal):
    """Counts how often the indexer had to read back what was appended."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self._read, self.receipts.read = self.receipts.read, self._counted  # type: ignore[method-assign]

    async def _counted(self, after: int = 0, limit: int = 256) -> list[Receipt]:
        self.reads += 1
        await asyncio.sleep(0)
        return await self._read(after, limit)


async def test_what_was_just_appended_is_not_read_back() -> None:
    journal = Reads()
    async with indexing(journal=journal) as run:
        await journal.receipts.append(receipt(track("m-0")))
        await run.indexer.idle()
        before = journal.reads
        for n in range(1, 50):
            await journal.receipts.append(receipt(track(f"m-{n}")))
            await run.indexer.idle()
        assert [line.message_id for line in run.published] == [f"m-{n}" for n in range(50)]
        assert journal.reads == before


@pytest.mark.parametrize("seed", range(20))
async def test_each_receipt_is_indexed_once_and_in_order_however_late_it_is_announced(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Receipts are announced some at a time, memory overflows, pieces are small: none is lost or doubled."""
    monkeypatch.setattr(fresh, "FRESH_RECEIPTS", 5)
    monkeypatch.setattr(fresh, "FETCH", 7)
    monkeypatch.setattr(pieces, "WORK_RECEIPTS", 3)
    rng = random.Random(seed)
    journal = Reads()
    for n in range(rng.randrange(12)):
        await journal.receipts.append(receipt(track(f"m-{n}")))
    already = len(journal.receipt_rows)
    late: list[Receipt] = []
    async with indexing(journal=journal) as run:
        journal.receipts.follow(late.extend)
        for n in range(already, 120):
            await journal.receipts.append(receipt(track(f"m-{n}")))
            if rng.random() < 0.7:
                run.indexer.appended(late)
                late.clear()
            for _ in range(rng.choice((0, 0, 0, 1, 5, 30))):
                await asyncio.sleep(0)
        run.indexer.appended(late)
        await run.indexer.idle()
        assert [line.message_id for line in run.published] == [f"m-{n}" for n in range(120)]


async def test_emptying_the_journal_drops_what_waited_and_goes_on() -> None:
    async with indexing() as run:
        async with run.indexer.pause():
            for n in range(5):
                await run.journal.receipts.append(receipt(track(f"m-{n}")))
            await run.journal.clear()
            run.indexer.forget()
        await run.journal.receipts.append(receipt(track("m-new")))
        await run.indexer.idle()
        assert [line.message_id for line in run.published] == ["m-new"]


def spin(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


EACH = 0.0002
"""Seconds of work that each message takes here."""


async def shared(
    work: Callable[[], None], rest: float, messages: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, float]:
    """The turns that another task had while a backlog was indexed, and the rest that the indexer took (s).

    Counted is what the indexer asks for, not what a clock says: a busy computer changes nothing.
    """
    running = Running(lambda message: (spin(EACH), SENDS)[1])
    for n in range(messages // 100):
        await running.journal.receipts.append(receipt(*(track(f"m-{n}-{i}") for i in range(100))))
    rested = 0.0
    sleep = asyncio.sleep

    async def counting(seconds: float) -> None:
        nonlocal rested
        if asyncio.current_task() is task:
            rested += seconds
        await sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", counting)
    task = asyncio.create_task(running.indexer.run())
    turns = 0
    idle = asyncio.create_task(running.indexer.idle())
    while not idle.done():
        await sleep(rest)
        turns += 1
        work()
    task.cancel()
    return turns, rested


@pytest.mark.bench
async def test_the_loop_is_never_held_for_long_and_an_idle_one_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another task gets its turn between a few messages, and the indexer rests for little of its time."""
    messages = 2_000
    turns, rested = await shared(lambda: None, 0.005, messages, monkeypatch)
    assert turns > messages / 100
    assert rested < messages * EACH / 2


async def test_a_busy_loop_keeps_most_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a task that always has work, the indexer takes the smaller share and still gets on."""
    messages = 200
    _, rested = await shared(lambda: spin(0.001), 0, messages, monkeypatch)
    assert rested > messages * EACH
