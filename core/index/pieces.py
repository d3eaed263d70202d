"""Pieces of work: receipts that are judged together, and those that a worker process has."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from ..checks.stream import Whole
from ..messages import JsonObject, Marks, Receipt
from ..stores.base import Entry
from ..verdict import Translation
from .prepared import JudgedMessage
from .wire import NOTHING, Answer, AnsweredReceipt, read_translation

WORK_RECEIPTS = 64
WORK_BYTES = 256 * 1024
WORK_SPAN = 1_000
"""One piece of work: at most so many receipts, bytes as received, and milliseconds between first and last."""

_WOULD_REJECT = int(Marks.WOULD_REJECT)
JudgedReceipt: TypeAlias = tuple[Receipt, "list[JudgedMessage] | str"]
"""A receipt with its messages, or with why it has none."""
Judge: TypeAlias = Callable[[Receipt], Awaitable[JudgedReceipt]]
"""Judges a receipt in this process."""


class Again(Protocol):
    """Reads a message again that a worker has read, for a finding or a `[[hold]]`: `ReceiptReader`."""

    @property
    def revision(self) -> str:
        """What names verdicts that are made now."""
        ...

    def again(self, receipt: Receipt, id: int) -> Whole:
        """Return the message of this id, which came in the receipt, and what becomes of it."""
        ...

    def document(self, receipt: Receipt, id: int) -> JsonObject:
        """Return the message of this id, which came in the receipt."""
        ...


def next_piece(pending: Iterable[Receipt]) -> list[Receipt]:
    """Return the first of these receipts, as many as are judged together."""
    size = 0
    piece: list[Receipt] = []
    for receipt in pending:
        size += len(receipt.body)
        apart = piece and abs(receipt.received_at - piece[0].received_at) > WORK_SPAN
        if piece and (apart or size > WORK_BYTES or len(piece) == WORK_RECEIPTS):
            break
        piece.append(receipt)
    return piece


def size_of(judged: JudgedReceipt) -> int:
    """Return the bytes of the messages."""
    _, messages = judged
    return 0 if isinstance(messages, str) else sum([one.prepared.size for one in messages])


def extent_of(judged: Iterable[JudgedReceipt]) -> tuple[int, int]:
    """Return how many messages these are, and their bytes."""
    sizes = [one.prepared.size for _, some in judged if not isinstance(some, str) for one in some]
    return len(sizes), sum(sizes)


def ids_in(judged: Iterable[JudgedReceipt], since: int) -> Iterator[str]:
    """Yield the ids of messages received since then that Segment would not refuse."""
    for receipt, messages in judged:
        if not isinstance(messages, str) and receipt.received_at >= since:
            for one in messages:
                if not one.prepared.entry.summary.marks & _WOULD_REJECT:
                    yield one.prepared.said.message_id


class _Worked(NamedTuple):
    """The source of messages of a receipt that a worker has judged."""

    again: Again
    receipt: Receipt
    translation: msgspec.Raw

    def whole(self, id: int) -> Whole:
        return self.again.again(self.receipt, id)

    def document(self, id: int) -> JsonObject:
        return self.again.document(self.receipt, id)

    def made(self) -> Translation:
        return read_translation(self.translation)


class Handed:
    """Receipts that a worker has. `answer` returns them judged, some at a time; then `receipts` is empty.

    `ask` waits for the next answer to the receipts that are left, None if the worker has ended; what it has
    not done is judged here.
    `done` is called once the worker has answered for all.
    """

    def __init__(
        self,
        receipts: Sequence[Receipt],
        again: Again,
        ask: Callable[[Sequence[Receipt]], Awaitable[Answer | None]],
        done: Callable[[], None],
    ) -> None:
        self.receipts = deque(receipts)
        self._again = again
        self._ask = ask
        self._done = done
        self._left = sum(receipt.refused is None for receipt in receipts)
        """Receipts that the worker still has to answer for."""
        self._answered: deque[AnsweredReceipt] = deque()
        """Receipts that it has answered for, and that are not in what `answer` returned."""
        self._ended = False

    async def answer(self, judge: Judge) -> list[JudgedReceipt]:
        """Return the next receipts with their messages. `judge` does what the worker could not do."""
        if not self._answered and self._left and not self._ended:
            answer = await self._ask([one for one in self.receipts if one.refused is None])
            if answer is None:
                self._ended = True
            else:
                self._left -= len(answer.receipts)
                if not self._left:
                    self._done()
                usable = answer.revision == self._again.revision
                unable = AnsweredReceipt(unable=True)
                self._answered.extend(answer.receipts if usable else [unable for _ in answer.receipts])
        judged: list[JudgedReceipt] = []
        size = 0
        # The receipts are dropped at the end: if this is cancelled, all of it is done again.
        answered = iter(self._answered)
        for receipt in self.receipts:
            if size > WORK_BYTES:
                break
            if receipt.refused is not None:
                judged.append((receipt, receipt.refused))
                continue
            said = next(answered, None)
            if said is None and not self._ended:
                break
            if said is None or said.unable:
                one = await judge(receipt)
            else:
                one = receipt, said.why or self._judged(said, receipt)
            judged.append(one)
            size += size_of(one)
        for receipt, _ in judged:
            self.receipts.popleft()
            if receipt.refused is None and self._answered:
                self._answered.popleft()
        return judged

    def _judged(self, answered: AnsweredReceipt, receipt: Receipt) -> list[JudgedMessage]:
        # Most messages do not wait for Mixpanel, and share what reads the receipt again.
        shared = _Worked(self._again, receipt, NOTHING)
        return [
            JudgedMessage(
                prepared,
                shared
                if message.translation == NOTHING
                else _Worked(self._again, receipt, message.translation),
            )
            for prepared, message in zip(answered.prepared(), answered.messages, strict=True)
        ]


class Writing:
    """A piece of work that is being written to the index by `task`; None once that has failed."""

    def __init__(self, judged: list[JudgedReceipt], entries: list[Entry], revision: str) -> None:
        self.judged = judged
        self.entries = entries
        self.revision = revision
        self.task: asyncio.Task[None] | None = None
