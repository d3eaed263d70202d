"""Messages that the journal has for long, judged again: by worker processes where there are many of them."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from ..messages import Marks, Receipt
from ..stores.base import Entry
from ..verdict import Finding
from .judge import Judge
from .pace import Pace
from .pieces import WORK_BYTES, WORK_RECEIPTS, Handed, JudgedReceipt
from .prepared import JudgedMessage
from .receipts import ReceiptReader
from .summaries import with_found
from .workers import AHEAD, Worker, Workers

T = TypeVar("T")

_SECOND = int(Marks.SECOND_RECEIPT)


class Backlog:
    """Judges receipts again that are in the index already.

    `busy` returns True while the indexer has a backlog of its own: then workers are left to that. Without
    workers, or while none is free, this process judges.
    """

    def __init__(self, reader: ReceiptReader, workers: Workers | None, busy: Callable[[], bool]) -> None:
        self._reader = reader
        self._workers = workers
        self._busy = busy

    async def judged(
        self, pieces: AsyncIterator[tuple[T, Sequence[Receipt]]], *, many: bool
    ) -> AsyncGenerator[tuple[T, list[JudgedReceipt]]]:
        """Yield each piece with its receipts judged, each message by itself, in the order of the pieces.

        The pieces that follow are judged meanwhile, if there are `many` messages.
        """
        pace = Pace()
        pace.begin()
        judge = Judge(self._reader, pace)
        given: deque[tuple[T, _Piece]] = deque()
        try:
            async for about, receipts in pieces:
                while given and (given[-1][1].worker is None or len(given) >= self._ahead):
                    yield given[0][0], await given[0][1].judged(judge)
                    given.popleft()
                    await pace.breathe()
                given.append((about, self._given(receipts, many)))
            while given:
                yield given[0][0], await given[0][1].judged(judge)
                given.popleft()
                await pace.breathe()
        finally:
            if self._workers is not None:
                for _, piece in given:
                    if piece.worker is not None:
                        self._workers.drop(piece.worker)
                self._workers.rest()

    def again(self, one: JudgedMessage, marks: int, found: tuple[Finding, ...]) -> Entry | None:
        """Return the row of a message that the index has with these marks, and with what is `found` of it.

        Returns None if it would get other marks now: it has to be judged with those that it has.
        """
        if marks & _SECOND:
            one = self._reader.as_copy(one)
        entry = one.prepared.entry
        if entry.summary.marks != marks:
            return None
        return with_found(entry, found, self._reader.adjusted(one.prepared.called, found)) if found else entry

    def _given(self, receipts: Sequence[Receipt], many: bool) -> _Piece:
        workers = self._workers
        if not many or workers is None or self._reader.runs_functions or self._busy():
            return _Piece(receipts)
        workers.need()
        accepted = [receipt for receipt in receipts if receipt.refused is None]
        worker = workers.free(self) if accepted else None
        if worker is None:
            return _Piece(receipts)
        workers.give(worker, accepted, self)
        return _Piece(
            receipts, worker, Handed(receipts, self._reader, partial(workers.answer, worker), worker.done)
        )

    @property
    def _ahead(self) -> int:
        """How many pieces workers have at a time."""
        return 0 if self._workers is None else AHEAD * len(self._workers.pids)


class _Piece:
    """Receipts, and the worker that judges them, None for this process."""

    def __init__(
        self, receipts: Sequence[Receipt], worker: Worker | None = None, handed: Handed | None = None
    ) -> None:
        self._receipts = receipts
        self.worker = worker
        self._handed = handed

    async def judged(self, judge: Judge) -> list[JudgedReceipt]:
        """Return the receipts with their messages; `judge` does what no worker has done."""
        if self._handed is None:
            return [await judge.one(receipt) for receipt in self._receipts]
        judged: list[JudgedReceipt] = []
        while self._handed.receipts:
            judged += await self._handed.answer(judge.one)
        return judged


def pieces_of(receipts: Sequence[Receipt]) -> Iterator[list[Receipt]]:
    """Yield receipts as many as are judged together."""
    piece: list[Receipt] = []
    size = 0
    for receipt in receipts:
        if piece and (len(piece) == WORK_RECEIPTS or size + len(receipt.body) > WORK_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(receipt)
        size += len(receipt.body)
    if piece:
        yield piece
