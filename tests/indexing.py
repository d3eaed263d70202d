"""Indexers on a journal in memory, which judge by real settings, with worker processes or without."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from fault_log import FaultLog
from memory_journal import MemoryJournal
from odd_lines import track

from segtap.core.api.models import Summary
from segtap.core.engine.active import ActiveSettings
from segtap.core.index import workers
from segtap.core.index.indexer import Indexer
from segtap.core.index.receipts import ReceiptReader
from segtap.core.index.workers import Workers
from segtap.core.messages import Receipt
from segtap.core.pipeline.intake import parse_receipt
from segtap.core.settings import DestinationSettings, Settings
from segtap.core.stores import Entry
from segtap.core.verdict import Translation

NOW = 1_795_557_600_000
SETTINGS = Settings(destination=DestinationSettings(token="a1b2c3d4e5f60718293a4b5c6d7e8ff9"))
NO_WORKER = (sys.executable, "-c", "raise SystemExit(7)")
"""A worker process that never starts."""


def batch(*lines: bytes, at: int = NOW, **how: Any) -> Receipt:
    body = b'{"batch":[' + b",".join(line.removeprefix(b"\xef\xbb\xbf").strip() for line in lines) + b"]}"
    fields = {"uid": f"uid-{at}", "wanted": True, **how}
    return Receipt(received_at=at, method="POST", path="/v1/batch", body=body, **fields)


def numbered(count: int, first: int = 0) -> list[Receipt]:
    """So many receipts of one message each."""
    return [
        batch(track(b"{}").replace(b"m-1", b"n-%d" % number), at=NOW + number)
        for number in range(first, first + count)
    ]


class Running:
    """An indexer on a journal in memory, which judges by real settings, with worker processes or without."""

    def __init__(self, *, most: int = 1, command: Sequence[str] = workers.COMMAND) -> None:
        self.journal = MemoryJournal()
        self.active = ActiveSettings(SETTINGS)
        self.published: list[Summary] = []
        self.offered: list[tuple[int, Translation]] = []
        self.judged_here = 0
        self.faults = FaultLog()
        self.reader = ReceiptReader(
            parse_receipt,
            self._judge,
            self.faults,
            observe=self.active.observe,
            adjust=self.active.adjust,
            keeper=self.active,
        )
        self.workers = Workers(
            lambda: (self.active.settings, self.active.revision),
            lambda uid: None,
            self.faults,
            most=most,
            command=command,
        )
        self.indexer = Indexer(
            self.journal,
            self.reader,
            publish=self._publish,
            offer=lambda summary, made: self.offered.append((summary.id, made())),
            owed=lambda: None,
            faults=self.faults,
            workers=self.workers,
        )
        self.each: Callable[[], None] = lambda: None

    def _judge(self, message: Any) -> Any:
        self.judged_here += 1
        return self.active.judge(message)

    def _publish(self, summaries: Sequence[Summary]) -> None:
        self.published += summaries
        self.each()

    @property
    def entries(self) -> list[Entry]:
        return list(self.journal.entries.values())

    @property
    def ids(self) -> list[str]:
        return [summary.message_id for summary in self.published]

    async def up(self) -> None:
        """Start the workers, and wait until they are ready."""
        self.workers.need()
        await until(lambda: bool(self.workers.pids))


@contextlib.asynccontextmanager
async def running(receipts: Sequence[Receipt], **how: Any) -> AsyncIterator[Running]:
    """An indexer that begins with these receipts in its log."""
    run = Running(**how)
    for receipt in receipts:
        await run.journal.receipts.append(receipt)
    run.journal.receipts.follow(run.indexer.appended)
    if run.workers._most and how.get("command") != NO_WORKER:
        await run.up()
    task = asyncio.create_task(run.indexer.run())
    try:
        yield run
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await run.workers.close()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.01)
