"""The one thread that writes: receipts that wait are committed together, then other work has its turn.

An append is answered after the commit that holds it. Index and delivery rows go in transactions of
their own between those commits, so that no receipt waits for more than one of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ...errors import JournalError, JournalFull
from ...messages import Receipt
from ...settings import JournalSettings
from ..base import MOST_TRIED, SMALL_REQUEST
from .checkpoints import Checkpoints
from .faults import SQLITE_ERRORS, closed_fault, free_cursors, store_fault
from .lanes import Reader
from .lock import JournalLock
from .rescue import LOOK_EVERY, Rescue
from .rotation import Rotation
from .rows import ReceiptRow, pack_receipt
from .store import Store

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_ROWS = 512
MAX_BYTES = 8 * 1024 * 1024
"""One commit takes no more than so many receipts, nor goes on taking after so many bytes."""

GATHER_FROM, GATHER_BYTES = 8, 256 * 1024
GATHER, GATHER_STEP, GATHER_ENOUGH = 0.003, 0.0005, 32
"""After a commit of so many small receipts more are on their way: the next one waits for up to so many
seconds, until so many are there to share it. The threads share one interpreter, and each commit makes both
wait for one another. Large receipts are better packed, by this thread, while others come."""

SHRINK_REST = 0.005
"""Seconds between two steps of rotation while nothing else is to be done, for what else the machine does."""
ROTATION_RETRY = 5.0
"""Seconds before deleting is tried again after SQLite refused it."""

_Append = tuple[Receipt, "asyncio.Future[int]"]
_Work = tuple[Callable[[], Any], "asyncio.Future[Any]"]
_Answer = tuple["asyncio.Future[Any]", Any, BaseException | None]


class Writer:
    """Runs a Store in a thread of its own, for one event loop."""

    def __init__(self, store: Store, settings: JournalSettings, lock: JournalLock, reader: Reader) -> None:
        self.store = store
        self.rotation = Rotation(store, settings.max_bytes, settings.max_age_ms)
        self._loop = asyncio.get_running_loop()
        self._checkpoints = Checkpoints(store)
        self._rescue = Rescue(store, lock, self._checkpoints, reader.paused, self._tell)
        self._report: Callable[[str], None] = lambda _: None
        self._receive: Callable[[Sequence[Receipt]], None] = lambda _: None
        self._jobs: queue.SimpleQueue[_Append | _Work | None] = queue.SimpleQueue()
        self._works: deque[_Work] = deque()
        self._refused = 0
        """Bytes of the commit that SQLite has refused, 0 if it took the last one."""
        self._rotating = False
        """True while there is more to delete."""
        self._rotate_at = 0.0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="segtap-journal-writer", daemon=True)
        self._thread.start()

    def append(self, receipt: Receipt) -> asyncio.Future[int]:
        """Queue a receipt; the future gives its number once it is on disk."""
        self._check_open()
        future: asyncio.Future[int] = self._loop.create_future()
        self._jobs.put((receipt, future))
        return future

    def put(self, rows: Sequence[ReceiptRow], numbers: Sequence[int]) -> asyncio.Future[None]:
        """Queue receipts that have their numbers from another log, to be written in one commit."""

        def work() -> None:
            self.store.append(rows, numbers)
            self._checkpoints.wrote(sum(len(row.data) for row in rows))

        return self.run(work)

    def run(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Queue other work on the store."""
        self._check_open()
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put((work, future))
        return future

    def check(self) -> asyncio.Future[None]:
        """Queue a write that changes nothing; the future fails where appending a receipt would.

        It is as large as what was refused: where that does not fit, there may be room for a little.
        """

        def work() -> None:
            self._rescue.admit()
            room = min(self._refused, MOST_TRIED)
            self.rotation.make_room(max(room, SMALL_REQUEST))
            try:
                self.store.touch(room)
            except SQLITE_ERRORS as error:
                self._rescue.recover(error)
                self.store.touch(room)
            self._rescue.committed()
            self._refused = 0

        return self.run(work)

    def watch(self, report: Callable[[str], None]) -> None:
        """Call `report`, in the loop, with what is wrong with the files, and with "" once nothing is."""
        self._report = report

    def follow(self, receive: Callable[[Sequence[Receipt]], None]) -> None:
        """Call `receive` in the loop with the receipts of each commit, with their numbers, in order."""
        self._receive = receive

    async def close(self) -> None:
        """Finish what is queued, put the log away and let go of the file."""
        if not self._closing:
            self._closing = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _check_open(self) -> None:
        if self._closing:
            raise closed_fault(self.store.path)

    def _run(self) -> None:
        going = True
        while going or self._works:
            appends, going = self._take() if going else ([], False)
            if appends:
                written = self._commit(appends)
                if going and len(appends) >= GATHER_FROM and written <= GATHER_BYTES:
                    self._gather()
            idle = not appends and not self._works
            if self._works:
                self._do(self._works.popleft())
            self._rotate()
            self._rescue.look()
            self._checkpoints.between_commits(idle=idle and not self._rotating)
        self._rescue.look(at_once=True)
        self._checkpoints.close()
        self.store.close()

    def _take(self) -> tuple[list[_Append], bool]:
        """Take receipts for one commit, putting other work aside; False once the end of the queue is met."""
        appends: list[_Append] = []
        taken = 0
        while len(appends) < MAX_ROWS and taken < MAX_BYTES:
            try:
                idle = not appends and not self._works
                rest = SHRINK_REST if self._rotating else LOOK_EVERY
                job = self._jobs.get(block=idle, timeout=rest if idle else None)
            except queue.Empty:
                break
            if job is None:
                return appends, False
            if isinstance(job[0], Receipt):
                appends.append(job)  # pyright: ignore[reportArgumentType]
                taken += len(job[0].body)
            else:
                self._works.append(job)  # pyright: ignore[reportArgumentType]
        return appends, True

    def _gather(self) -> None:
        until = time.monotonic() + GATHER
        while self._jobs.qsize() < GATHER_ENOUGH and time.monotonic() < until:
            time.sleep(GATHER_STEP)

    def _commit(self, appends: Sequence[_Append]) -> int:
        """Write receipts and answer for them; returns how many bytes that were."""
        rows: list[ReceiptRow] = []
        futures: list[asyncio.Future[int]] = []
        packed: list[Receipt] = []
        written: list[Receipt] = []
        answers: list[_Answer] = []
        for receipt, future in appends:
            try:
                rows.append(pack_receipt(receipt))
                futures.append(future)
                packed.append(receipt)
            except (TypeError, ValueError, OverflowError) as error:
                answers.append((future, None, error))
            except BaseException as error:  # no memory to pack it; as below
                answers.append((future, None, _fault(error, self.store.path)))
        incoming = sum(len(row.data) for row in rows)
        routes = {place: receipt.routes for place, receipt in enumerate(packed) if receipt.routes}
        try:
            self._rescue.admit()
            try:
                numbers = self._write(rows, incoming, routes)
            except SQLITE_ERRORS as error:
                self._rescue.recover(error)
                numbers = self._write(rows, incoming, routes)
            self._rescue.committed()
        except BaseException as error:  # were this thread to end, nobody had an answer again
            fault = _fault(error, self.store.path)
            self._refused = incoming if isinstance(error, (*SQLITE_ERRORS, JournalFull)) else 0
            answers += [(future, None, fault) for future in futures]
        else:
            self._refused = 0
            self._checkpoints.wrote(incoming)
            answers += [(future, seq, None) for future, seq in zip(futures, numbers, strict=True)]
            written = [
                msgspec.structs.replace(receipt, seq=seq)
                for receipt, seq in zip(packed, numbers, strict=True)
            ]
        self._answer(answers, written)
        return incoming

    def _write(
        self, rows: Sequence[ReceiptRow], incoming: int, routes: Mapping[int, Sequence[str]]
    ) -> Sequence[int]:
        self.rotation.make_room(incoming)
        return self.store.append(rows, routes=routes)

    def _rotate(self) -> None:
        """Delete what has become too old, and make room unless receipts wait."""
        if time.monotonic() < self._rotate_at:
            return
        try:
            self.rotation.expire()
            self._rotating = self._jobs.empty() and self.rotation.make_room_ahead()
        except SQLITE_ERRORS as error:
            self._rotating = False
            self._rotate_at = time.monotonic() + ROTATION_RETRY
            log.warning("deleting old messages put off: %s", store_fault(error, self.store.path))

    def _do(self, work: _Work) -> None:
        """Do other work and answer for it, once it would outlive this process."""
        answer = _outcome(work, self.store.path)
        with contextlib.suppress(JournalError):  # it was reported; the work itself is done
            self._rescue.committed()
        self._answer([answer])

    def _tell(self, text: str) -> None:
        with contextlib.suppress(RuntimeError):  # as in _answer
            self._loop.call_soon_threadsafe(lambda: self._report(text))

    def _answer(self, answers: Sequence[_Answer], written: Sequence[Receipt] = ()) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to hear it
            self._loop.call_soon_threadsafe(self._settle, answers, written)

    def _settle(self, answers: Sequence[_Answer], written: Sequence[Receipt]) -> None:
        if written:
            self._receive(written)
        _settle(answers)


def _fault(error: BaseException, path: Path) -> JournalError:
    if isinstance(error, JournalError):
        return error
    if isinstance(error, SQLITE_ERRORS):
        return store_fault(error, path)
    log.error("the journal's writer failed", exc_info=error)
    return JournalError(
        f"segtap failed to write to {path}: {type(error).__name__}: {error}. Report this "
        "with the log's traceback, and start segtap again if it goes on."
    )


def _outcome(work: _Work, path: Path) -> _Answer:
    call, future = work
    try:
        return future, call(), None
    except SQLITE_ERRORS as error:
        return future, None, store_fault(error, path)
    except BaseException as error:  # whatever it is, it belongs to the caller that waits
        free_cursors(error)
        return future, None, error


def _settle(answers: Sequence[_Answer]) -> None:
    for future, result, error in answers:
        if future.done():  # the caller was cancelled; what it wrote stays written
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
