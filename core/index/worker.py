"""A process beside the engine that judges messages: `python -m segtap.core.index.worker`.

It reads settings and receipts on stdin, and writes on stdout what it made of them (`wire`). It ends when
stdin closes, so that it cannot outlive the engine.
"""

from __future__ import annotations

import gc
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial

import msgspec

from ..delivery import DeliveryState
from ..faults import Faults
from ..forward.credentials import service_account_of
from ..forward.made import Made, made_of
from ..messages import Message, Receipt, position_of
from ..pipeline import compile_settings, run, run_together
from ..pipeline.intake import parse_receipt
from ..pipeline.stages import sent
from ..settings import Settings
from ..sources.bounds import bounds_of
from ..verdict import Verdict
from .encoded import Encoded, encoded
from .judging import READING, Inspect, Judging
from .marks import with_marks
from .prepared import JudgedMessage, Prepared
from .revision import revision_of
from .ways import Ways, ways_of
from .wire import (
    LENGTH,
    NOTHING,
    AnsweredReceipt,
    Encode,
    PackedAnswer,
    Use,
    Work,
    answered_receipt,
    frame,
    pack,
    read_order,
)

ANSWER_BYTES = 256 * 1024
"""Bytes of messages after which a worker answers: no more of them are held at once."""
COLLECT_AFTER = 64
"""Pieces of work between two collections of garbage: messages hold no cycles, so that there is little."""
TOGETHER = 32
"""Messages of a receipt that are translated before the first of them is checked: so few that no time limit
passes meanwhile unless one of them hangs."""
READ = 1 << 16
SIGN_EVERY = 1.0
"""Seconds after which a worker that has not answered says that it is at work."""
GIVEN_UP_FIX = (
    "Look in segtap.toml and the tracking plan for a regular expression that takes very long on this "
    "message. If there is none, export the message and report it to segtap. It is not sent: replay it later."
)


class LogLines(logging.Handler):
    """Keeps the lines of the log for the next answer."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, with its traceback."""
        self.lines.append(self.format(record))


class WorkerJudging(Judging):
    """Judges by one version of the settings."""

    def __init__(self, settings: Settings, faults: Faults) -> None:
        self._revision = revision_of(settings)
        self._compiled, self._bounds = compile_settings(settings), bounds_of(settings.ingest)
        self._account = service_account_of(settings.destination)
        self._ways = ways_of(settings)
        self._text: bytes | None = None
        self._given_up: dict[int, str] = {}
        self._inspect_all = partial(run_together, settings=self._compiled)
        super().__init__(self._read, partial(run, settings=self._compiled), faults)

    @property
    def revision(self) -> str:
        """The settings' revision."""
        return self._revision

    @property
    def ways(self) -> Ways | None:
        """The routes to Mixpanel where there are several, else None."""
        return self._ways

    def answered(
        self,
        receipt: Receipt,
        text: bytes | None,
        begins: Callable[[int], None],
        given_up: Sequence[tuple[int, str]] = (),
        *,
        one_by_one: bool = False,
    ) -> tuple[AnsweredReceipt, int]:
        """Judge a receipt's messages; `text` is its body if it was inflated. Also return their size.

        `begins` is called with the position of the message that is judged next, now and then and for each one
        if they are judged `one_by_one`; see `Work` for that and `given_up`.
        """
        self._text, self._given_up = text, dict(given_up)
        messages = self.messages(receipt)
        if isinstance(messages, str):
            return AnsweredReceipt(why=messages), 0
        judged: list[tuple[Prepared, msgspec.Raw]] = []
        step = 1 if one_by_one or given_up else TOGETHER
        for at in range(0, len(messages), step):
            begins(position_of(messages[at].id))
            some = messages[at : at + step]
            if step == 1:
                judged.append(_packed(self.judged(some[0], receipt)))
            else:
                judged += map(_packed, self.together(some, receipt, self._inspect_all))
        return answered_receipt(judged), sum([message.size for message in messages])

    def owed(self, receipt: Receipt, marks: Mapping[int, int]) -> list[tuple[int, Made]]:
        """Return what the forwarder makes of the messages of a receipt that have these marks."""
        self._text = None
        read = self.messages(receipt, [position_of(id) for id in marks])
        if isinstance(read, str):
            return []
        return [
            (
                message.id,
                made_of(
                    message.id,
                    message.type,
                    message.marks,
                    partial(sent, message, self._compiled),
                    self._account,
                    message.source_kind,
                ),
            )
            for message in with_marks(marks, read)
        ]

    def verdict(self, message: Message, inspect: Inspect | None = None) -> Verdict:
        """Return the verdict on a message; one that is given up is not judged, that is its verdict."""
        if (words := self._given_up.get(position_of(message.id))) is None:
            return super().verdict(message, inspect)
        return self.faulty(words, GIVEN_UP_FIX)

    def _read(self, receipt: Receipt, only: Collection[int] | None = None, /) -> list[Message]:
        return parse_receipt(receipt, only, self._bounds, self._text)


def _packed(judged: JudgedMessage) -> tuple[Prepared, msgspec.Raw]:
    """Return a message with its packed translation, if it waits for Mixpanel."""
    prepared = judged.prepared
    entry = prepared.entry
    waits = entry.summary.delivery is DeliveryState.WAITING and not entry.standings
    return prepared, msgspec.Raw(pack(judged.source.made())) if waits else NOTHING


class Worker:
    """The process's work: it does what the orders say, and writes the answers to the file descriptor
    `out`.
    """

    def __init__(self, out: int) -> None:
        self._out = out
        self._faults = Faults()
        self._judging: WorkerJudging | None = None
        self._done = 0
        self._answered_at = 0.0
        self._log = LogLines()
        logging.getLogger("segtap").addHandler(self._log)

    def do(self, order: Use | Work | Encode) -> None:
        """Do what an order says."""
        if isinstance(order, Use):
            self._judging = WorkerJudging(order.settings, self._faults)
            self._answer(self._judging, [])
            gc.freeze()
            return
        assert self._judging is not None, "settings come first"
        if isinstance(order, Encode):
            self._encode(self._judging, order)
        else:
            self._work(self._judging, order)
        self._done += 1
        if self._done % COLLECT_AFTER == 0:
            gc.collect()

    def _work(self, judging: WorkerJudging, work: Work) -> None:
        ready: list[msgspec.Raw] = []
        held = 0

        def begins(position: int) -> None:
            if work.one_by_one:
                self._answer(judging, [], position)
            elif time.monotonic() - self._answered_at > SIGN_EVERY:
                self._answer(judging, [])

        for receipt, text in zip(work.receipts, work.texts, strict=True):
            answered, size = judging.answered(
                receipt, text, begins, work.given_up, one_by_one=work.one_by_one
            )
            try:
                packed = pack(answered)
            except (UnicodeEncodeError, OverflowError, RecursionError):
                # Numbers and texts that msgpack cannot hold: the engine reads these messages itself.
                packed = pack(AnsweredReceipt(unable=True))
            ready.append(msgspec.Raw(packed))
            held += size
            if held > ANSWER_BYTES:
                self._answer(judging, ready)
                ready, held = [], 0
        if ready:
            self._answer(judging, ready)

    def _encode(self, judging: WorkerJudging, work: Encode) -> None:
        """Make the records of owed messages; the engine makes those that are not in the answer."""
        made: list[tuple[int, Made]] = []
        for receipt, marks in zip(work.receipts, work.marks, strict=True):
            made += judging.owed(receipt, dict(marks))
            if time.monotonic() - self._answered_at > SIGN_EVERY:
                self._answer(judging, [])
        try:
            self._answer(judging, [], encoded=encoded(made))
        except (UnicodeEncodeError, OverflowError, RecursionError):
            self._answer(judging, [], encoded=Encoded())

    def _answer(
        self,
        judging: WorkerJudging,
        receipts: list[msgspec.Raw],
        begins: int = -1,
        encoded: Encoded | None = None,
    ) -> None:
        fault, log = str(self._faults), tuple(self._log.lines)
        answer = PackedAnswer(judging.revision, tuple(receipts), fault, log, begins, encoded)
        data = memoryview(frame(answer))
        self._faults.clear(READING)
        self._log.lines.clear()
        while data:
            data = data[os.write(self._out, data) :]
        self._answered_at = time.monotonic()


def read_orders(source: int, orders: queue.SimpleQueue[bytes]) -> None:
    """Put each order that comes into the queue. Ends the process once nobody can send any more."""
    # In a thread of its own: the engine's end is noticed whatever a message keeps the worker busy with.
    buffer = bytearray()
    while part := os.read(source, READ):
        buffer += part
        while len(buffer) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(buffer)
            end = LENGTH.size + length
            if len(buffer) < end:
                break
            orders.put(bytes(buffer[LENGTH.size : end]))
            del buffer[:end]
    os._exit(0)


def main() -> None:
    """Work until the engine closes stdin, or no longer reads the answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the engine ends its workers when it stops
    gc.disable()
    # What anything prints must not stand among the answers.
    out = os.dup(1)
    os.dup2(2, 1)
    orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=read_orders, args=(0, orders), name="segtap-orders", daemon=True).start()
    worker = Worker(out)
    with suppress(BrokenPipeError):
        while True:
            worker.do(read_order(orders.get()))


if __name__ == "__main__":
    sys.exit(main())
