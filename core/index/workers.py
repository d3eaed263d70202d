"""The engine's end of its worker processes: started for a backlog, stopped once they have nothing to do."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Sequence

from ..faults import Faults
from ..messages import Receipt
from ..settings import Settings
from .encoded import Encoded
from .judging import READING
from .one_by_one import OneByOne
from .wire import Answer, Encode, Work
from .worker_process import Worker, WorkerGone, start_worker

logger = logging.getLogger(__name__)

WORKERS = "workers"
"""The part of an engine that faults of worker processes belong to."""
BACKLOG = 500
"""Messages that wait, from which on workers are started: some tenths of a second of work."""
MOST = 4
"""Workers at most: what an engine does itself for each message keeps no more of them busy."""
AHEAD = 2
"""Pieces of work that a worker has at a time: the next one is there when it has done one."""
IDLE = 5.0
"""Seconds without work after which workers are stopped."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds without workers after one has failed: doubled with each failure, until one has done its work."""
COMMAND = (sys.executable, "-m", "segtap.core.index.worker")


class Workers:
    """The worker processes of an engine, at most `most`; none with 0.

    `settings` returns those in force and their revision, `inflated` the text of a body that ingest inflated,
    by the receipt's uid. A worker that ends is reported to `faults`; after a pause others may be started.
    """

    def __init__(
        self,
        settings: Callable[[], tuple[Settings, str]],
        inflated: Callable[[str], bytes | None],
        faults: Faults,
        *,
        most: int | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._settings = settings
        self._inflated = inflated
        self._faults = faults
        self._one_by_one = OneByOne(command, settings, inflated, faults)
        self._most = usual_number() if most is None else most
        self._command = command
        self._up: list[Worker] = []
        self._starting: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._pause = FIRST_PAUSE
        self._not_before = 0.0
        self._stopping: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The processes that are ready for work."""
        return [worker.pid for worker in self._up]

    def need(self) -> None:
        """Start workers in the background, unless they run."""
        self._keep()
        if self._closed or asyncio.get_running_loop().time() < self._not_before:
            return
        while len(self._up) + len(self._starting) < self._most:
            task = asyncio.create_task(self._start(), name="segtap-worker")
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    def free(self, owner: object) -> Worker | None:
        """Return the worker with the least to do, None if each has enough, or works for another owner."""
        least = self.least(owner)
        return None if least is None or least.pieces >= AHEAD else least

    def least(self, owner: object) -> Worker | None:
        """Return the worker with the least to do, None if all work for others."""
        own = [worker for worker in self._up if not worker.pieces or worker.owner is owner]
        return min(own, key=lambda worker: worker.pieces, default=None)

    def give(self, worker: Worker, receipts: Sequence[Receipt], owner: object) -> None:
        """Give a worker accepted receipts to judge by the settings in force."""
        texts = tuple([self._inflated(receipt.uid) for receipt in receipts])
        self.hand(worker, Work(tuple(receipts), texts), owner)

    def hand(self, worker: Worker, work: Work | Encode, owner: object) -> None:
        """Hand work to a worker, to be done by the settings in force."""
        self._keep()
        worker.owner = owner
        worker.use(*self._settings())
        worker.give(work)

    async def answer(self, worker: Worker, left: Sequence[Receipt]) -> Answer | None:
        """Return a worker's next answer that has receipts; None if it has ended, which is reported.

        `left` are the receipts that it has not answered for. If it hangs, another one judges them.
        """
        answer = await self._next(worker)
        return await self._one_by_one.answer(left) if answer is None and worker.hung else answer

    async def encoded(self, worker: Worker) -> Encoded | None:
        """Return what a worker makes of the owed messages that it was given; None if it has ended."""
        answer = await self._next(worker)
        return None if answer is None else answer.encoded

    async def _next(self, worker: Worker) -> Answer | None:
        """Return a worker's next answer to an order; None if it has ended, which is reported."""
        try:
            while not worker.gone:
                answer = await worker.answer()
                for line in answer.log:
                    logger.error("a worker process: %s", line)
                if answer.fault:
                    self._faults.report(READING, answer.fault)
                if answer.receipts or answer.encoded is not None:
                    self._pause = FIRST_PAUSE
                    self._faults.clear(WORKERS)
                    return answer
        except WorkerGone as error:
            self._lost(worker, str(error))
        return None

    def rest(self) -> None:
        """Stop the workers after a while, unless there is work, or comes again."""
        busy = self._one_by_one.busy or any(worker.pieces for worker in self._up)
        if self._stopping is None and not busy:
            self._stopping = asyncio.get_running_loop().call_later(IDLE, self.stop)

    def drop(self, worker: Worker) -> None:
        """Stop a worker whose answers nobody waits for any more."""
        if worker in self._up:
            self._up.remove(worker)
            self._end(worker)

    def stop(self) -> None:
        """Stop all workers, whatever they do."""
        self._keep()
        for worker in (*self._up, *self._one_by_one.take()):
            self._end(worker)
        self._up.clear()

    async def close(self) -> None:
        """Stop all workers for good, and wait for their end."""
        self._closed = True
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        self.stop()
        await asyncio.gather(*self._ending)

    async def _start(self) -> None:
        try:
            worker = await start_worker(self._command)
        except OSError as error:
            self._report(f"A worker process cannot be started: {error}")
            return
        try:
            worker.use(*self._settings())
            await worker.answer()
        except WorkerGone as error:
            self._lost(worker, str(error))
            return
        except BaseException:
            self._end(worker)
            raise
        self._up.append(worker)

    def _lost(self, worker: Worker, why: str) -> None:
        if worker in self._up:
            self._up.remove(worker)
        self._end(worker)
        if worker.hung:
            # Another one may start at once: the message that it hung on is not judged a third time.
            logger.error("a worker process was %s", why)
        else:
            self._report(f"A worker process ended ({why})")

    def _report(self, words: str) -> None:
        self._not_before = asyncio.get_running_loop().time() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        logger.error("%s", words)
        self._faults.report(WORKERS, f"{words}. The engine judges messages itself, more slowly.")

    def _end(self, worker: Worker) -> None:
        task = asyncio.create_task(worker.end(), name="segtap-worker-end")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _keep(self) -> None:
        if self._stopping is not None:
            self._stopping.cancel()
            self._stopping = None


def usual_number() -> int:
    """Return how many workers an engine has on this machine: none if it has one core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST, cores - 1)
