"""The journal beside a model of dictionaries, through any order of calls, restarts and crashes."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

from examples import examples
from hypothesis import HealthCheck, Phase, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from journal_values import a_receipt, an_attempt, an_entry, look, recount, revision, rotated, unindexed
from msgspec.structs import replace
from queries import holding

from segtap.core import stores
from segtap.core.api.models import Summary
from segtap.core.delivery import OWED_STATES, Delivery, DeliveryState, Owed
from segtap.core.errors import JournalFull
from segtap.core.messages import Marks, Receipt
from segtap.core.settings import JournalSettings
from segtap.core.stores import Entry

LIMIT = 160 * 1024
OWED = tuple(OWED_STATES)

Messages = list[tuple[DeliveryState, Marks, str]]
"""The messages of one receipt."""

bodies = strategies.sampled_from((0, 1_000, 15_000, 40_000))
messages: strategies.SearchStrategy[Messages] = strategies.lists(
    strategies.tuples(
        strategies.sampled_from(DeliveryState),
        strategies.sampled_from((Marks.NONE, Marks.TEED, Marks.REFUSED, Marks.TEED | Marks.SECOND_RECEIPT)),
        strategies.sampled_from(("Order Completed", "order refunded", "Ünknown 100%")),
    ),
    max_size=4,
)


class JournalMachine(RuleBasedStateMachine):
    """Each rule does the same to the journal and to the model; the invariants compare them."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="segtap-test-"))
        self.path = self.folder / "journal.db"
        self.receipts: dict[int, Receipt] = {}
        self.lines: dict[int, Summary] = {}
        self.attempts: dict[int, list[Delivery]] = {}
        self.indexed = 0
        self.last = 0

    def teardown(self) -> None:
        self.runner.run(self.journal.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    @initialize()
    def open(self) -> None:
        settings = JournalSettings(path=str(self.path), max_bytes=LIMIT)
        self.journal = self.runner.run(stores.open(settings))
        self.forget_what_rotation_took()

    @rule(body=bodies, together=strategies.integers(1, 3), read=strategies.lists(messages, max_size=3))
    def receive(self, body: int, together: int, read: list[Messages]) -> None:
        self.append(body, together)
        self.index(read)

    def append(self, body: int, together: int) -> None:
        new = [a_receipt(f"r{self.last + i}", body=os.urandom(body)) for i in range(1, together + 1)]

        async def append() -> list[int | BaseException]:
            return await asyncio.gather(*map(self.journal.receipts.append, new), return_exceptions=True)

        for receipt, seq in zip(new, self.runner.run(append()), strict=True):
            if isinstance(seq, int):
                assert seq == self.last + 1
                self.last = seq
                self.receipts[seq] = receipt
            else:
                assert isinstance(seq, JournalFull)
        self.forget_what_rotation_took()

    def forget_what_rotation_took(self) -> None:
        self.runner.run(rotated(self.journal))
        kept = {receipt.seq for receipt in self.runner.run(self.journal.receipts.read(limit=10_000))}
        gone = self.receipts.keys() - kept
        assert kept <= self.receipts.keys()
        deletable = {seq for seq in self.receipts if seq <= self.indexed and not self.owes(seq)}
        assert gone <= deletable
        assert not any(seq < max(gone, default=0) for seq in deletable - gone)
        self.forget(gone)

    def forget(self, gone: set[int]) -> None:
        for seq in gone:
            del self.receipts[seq]
        self.lines = {id: line for id, line in self.lines.items() if id >> 20 not in gone}
        self.attempts = {id: made for id, made in self.attempts.items() if id in self.lines}

    def owes(self, seq: int) -> bool:
        return any(id >> 20 == seq and line.delivery in OWED for id, line in self.lines.items())

    @rule(batch=strategies.lists(messages, min_size=1, max_size=3))
    def index(self, batch: list[Messages]) -> None:
        waiting = self.runner.run(unindexed(self.journal, len(batch))) if batch else []
        entries: list[Entry] = [
            an_entry(receipt.seq, position, state=state, marks=marks, name=name)
            for receipt, found in zip(waiting, batch, strict=False)
            for position, (state, marks, name) in enumerate(found)
        ]
        if waiting:
            self.runner.run(self.journal.index.add(entries, waiting[-1].seq))
            self.indexed = waiting[-1].seq
            self.lines.update((entry.summary.id, entry.summary) for entry in entries)
            self.forget_what_rotation_took()

    @precondition(lambda self: self.lines)
    @rule(data=strategies.data())
    def record(self, data: strategies.DataObject) -> None:
        known = strategies.sampled_from([*self.lines, 5 << 50])
        ids = data.draw(strategies.lists(known, unique=True, max_size=5))
        states = [(id, data.draw(strategies.sampled_from(DeliveryState))) for id in ids]
        attempts = [an_attempt(id, attempt=len(self.attempts.get(id, ())) + 1) for id in ids[::2]]
        self.runner.run(self.journal.outbox.record(attempts, states))
        for id, state in states:
            if id in self.lines:
                self.lines[id] = replace(self.lines[id], delivery=state)
        for attempt in attempts:
            if attempt.message in self.lines:
                self.attempts.setdefault(attempt.message, []).append(attempt)
        self.forget_what_rotation_took()

    @precondition(lambda self: self.lines)
    @rule(data=strategies.data(), errors=strategies.integers(0, 2), warnings=strategies.integers(0, 2))
    def revise(self, data: strategies.DataObject, errors: int, warnings: int) -> None:
        ids = data.draw(strategies.lists(strategies.sampled_from([*self.lines, 5 << 50]), unique=True))
        self.runner.run(self.journal.index.revise([revision(id, errors, warnings) for id in ids]))
        for id in ids:
            if id in self.lines:
                self.lines[id] = replace(self.lines[id], errors=errors, warnings=warnings)
        self.forget_what_rotation_took()

    @rule()
    def restart(self) -> None:
        self.runner.run(self.journal.close())
        self.open()

    @rule()
    def crash(self) -> None:
        """Go on from what was on disk, as after a kill: the log is not moved, nothing is closed."""
        kept = [(file, file.read_bytes()) for file in self.folder.iterdir() if not file.name.endswith("lock")]
        self.runner.run(self.journal.close())
        for file, content in kept:
            if not file.name.endswith("-shm"):
                file.write_bytes(content)
        self.open()

    @rule()
    def clear(self) -> None:
        self.runner.run(self.journal.clear())
        self.forget(set(self.receipts))
        self.indexed = self.last

    @invariant()
    def totals_are_those_of_the_rows(self) -> None:
        assert self.runner.run(self.journal.index.counts()) == recount(self.path)

    @invariant()
    def shared_rows_count_the_messages_that_use_them(self) -> None:
        for table, column in (("kinds", "kind"), ("verdicts", "judged")):
            used = look(
                self.path, f"SELECT {column}, count(*) FROM messages WHERE {column} > 0 GROUP BY 1 ORDER BY 1"
            )
            assert look(self.path, f"SELECT id, uses FROM {table} ORDER BY id") == used

    @invariant()
    def lists_are_those_of_the_model(self) -> None:
        lines = [self.lines[id] for id in sorted(self.lines)]
        assert list(self.runner.run(self.journal.index.page(limit=10_000)).summaries) == lines
        found = self.runner.run(self.journal.index.page(condition=holding("ORDER"), limit=10_000)).summaries
        assert list(found) == [line for line in lines if line.name.lower().startswith("order")]
        owed = self.runner.run(self.journal.outbox.owed(limit=10_000))
        assert owed == [
            Owed(line.id, line.marks, line.delivery, line.received_at)
            for line in lines
            if line.delivery in (DeliveryState.WAITING, DeliveryState.STUCK)
        ]

    @invariant()
    def receipts_are_those_of_the_model(self) -> None:
        kept = self.runner.run(self.journal.receipts.read(limit=10_000))
        assert {r.seq: (r.uid, r.body) for r in kept} == {
            seq: (r.uid, r.body) for seq, r in self.receipts.items()
        }
        waiting = self.runner.run(unindexed(self.journal, 10_000))
        assert [r.seq for r in waiting] == sorted(seq for seq in self.receipts if seq > self.indexed)

    @invariant()
    def attempts_are_those_of_the_model(self) -> None:
        for id in self.lines:
            assert self.runner.run(self.journal.outbox.deliveries(id)) == self.attempts.get(id, [])


TestJournal = JournalMachine.TestCase
TestJournal.settings = examples(
    25,
    stateful_step_count=30,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
