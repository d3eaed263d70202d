"""Has worker processes make the records of what is owed to Mixpanel, where that is much."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence

from ..delivery import Owed
from ..forward.made import Made
from ..messages import Receipt, seq_of
from ..settings import Settings
from ..stores.base import ReadableLog
from ..stores.stretches import receipts_at
from .encoded import decoded
from .wire import Encode
from .worker_process import Worker
from .workers import BACKLOG, Workers

PIECE_MESSAGES, PIECE_BYTES = 150, 256 * 1024
"""One piece of work: at most so many messages, and bytes of their receipts; one receipt at least."""
OWN_SHARE = 8
"""With one worker, the engine makes one in so many itself: it has less other work than that has."""
MOST_BYTES = 8 * 1024 * 1024
"""Receipts of a stretch that are with workers at a time; the engine reads those that follow one by one."""


class Given:
    """Messages that workers have. `made` waits for what they make of them."""

    def __init__(self, workers: Workers, usable: Callable[[], bool]) -> None:
        self.ids: set[int] = set()
        self._workers = workers
        self._usable = usable
        self._with: deque[Worker] = deque()

    def give(self, worker: Worker, work: Encode) -> None:
        """Note that a worker has a piece of work."""
        self._with.append(worker)
        self.ids.update(id for marks in work.marks for id, _ in marks)

    async def made(self) -> dict[int, Made]:
        """Return what was made of the messages, without those of a worker that ended."""
        made: dict[int, Made] = {}
        while self._with:
            worker = self._with[0]
            found = await self._workers.encoded(worker)
            self._with.popleft()
            worker.done()
            if found is not None and self._usable():
                made |= decoded(found)
        return made

    def close(self) -> None:
        """Stop the workers whose answers nobody waits for any more."""
        for worker in self._with:
            self._workers.drop(worker)


class OwedRecords:
    """Hands owed messages to workers.

    `busy` returns True while the indexer has a backlog: then workers are left to that. `plain` returns False
    while insert functions have to run first. `settings` are those in force.
    """

    def __init__(
        self,
        log: ReadableLog,
        workers: Workers,
        settings: Callable[[], Settings],
        *,
        busy: Callable[[], bool],
        plain: Callable[[], bool],
    ) -> None:
        self._log = log
        self._workers = workers
        self._settings = settings
        self._busy = busy
        self._plain = plain

    @contextlib.asynccontextmanager
    async def given(self, owed: Sequence[Owed]) -> AsyncGenerator[Given]:
        """Give workers some of these messages, or none; what they have not made at the end is dropped."""
        settings = self._settings()
        given = Given(self._workers, lambda: self._settings() is settings)
        try:
            if len(owed) >= BACKLOG and self._plain() and not self._busy():
                self._workers.need()
                if count := len(self._workers.pids):
                    share = len(owed) if count > 1 else len(owed) - len(owed) // OWN_SHARE
                    await self._hand_out(owed[:share], given)
            yield given
        finally:
            given.close()
            self._workers.rest()

    async def _hand_out(self, owed: Sequence[Owed], given: Given) -> None:
        marks: dict[int, list[tuple[int, int]]] = {}
        for one in owed:
            marks.setdefault(seq_of(one.id), []).append((one.id, one.marks))
        piece: list[Receipt] = []
        messages = size = total = 0
        async for receipt in receipts_at(self._log, list(marks)):
            if receipt.refused is not None:
                continue
            full = messages + len(marks[receipt.seq]) > PIECE_MESSAGES
            if piece and (full or size + len(receipt.body) > PIECE_BYTES):
                if not self._give(piece, marks, given):
                    return
                piece, messages, size = [], 0, 0
            piece.append(receipt)
            messages += len(marks[receipt.seq])
            size += len(receipt.body)
            total += len(receipt.body)
            if total > MOST_BYTES:
                break
        if piece:
            self._give(piece, marks, given)

    def _give(self, piece: Sequence[Receipt], marks: dict[int, list[tuple[int, int]]], given: Given) -> bool:
        """Give a piece to the worker with the least to do; return False if all work for others."""
        worker = self._workers.least(given)
        if worker is None:
            return False
        work = Encode(tuple(piece), tuple([tuple(marks[receipt.seq]) for receipt in piece]))
        self._workers.hand(worker, work, given)
        given.give(worker, work)
        return True
