"""Judges what a hung worker process had: the message it hung on gets known, and the others are judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ..faults import Faults
from ..messages import Receipt, message_number
from ..settings import Settings
from .judging import READING
from .wire import Answer, AnsweredReceipt, Work
from .worker_process import Worker, WorkerGone, start_worker


class OneByOne:
    """A worker process that names each message before it judges it.

    If it hangs or ends then, that message is marked as one that segtap cannot judge, and another process goes
    on. `command` starts one, `settings` and `inflated` are those of `Workers`. What is found is reported to
    `faults`.
    """

    def __init__(
        self,
        command: Sequence[str],
        settings: Callable[[], tuple[Settings, str]],
        inflated: Callable[[str], bytes | None],
        faults: Faults,
    ) -> None:
        self._command = command
        self._settings = settings
        self._inflated = inflated
        self._faults = faults
        self._worker: Worker | None = None
        self._turn = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """True while it judges a receipt."""
        return self._turn.locked()

    def take(self) -> list[Worker]:
        """Return its process, if there is one, and forget it."""
        worker, self._worker = self._worker, None
        return [] if worker is None else [worker]

    async def answer(self, receipts: Sequence[Receipt]) -> Answer:
        """Return the answer for the first of these receipts."""
        async with self._turn:
            return await self._answer(receipts[0])

    async def _answer(self, receipt: Receipt) -> Answer:
        given_up: dict[int, str] = {}
        while True:
            _, revision = self._settings()
            worker, begun = self._worker, -1
            try:
                worker = self._worker = worker or await start_worker(self._command)
                worker.use(*self._settings())
                text = self._inflated(receipt.uid)
                worker.give(Work((receipt,), (text,), one_by_one=True, given_up=tuple(given_up.items())))
                while not (answer := await worker.answer()).receipts:
                    begun = answer.begins
            except OSError as error:
                return self._refused(receipt, revision, f"no worker process can be started: {error}")
            except WorkerGone as error:
                if worker is not self._worker:
                    continue  # it was stopped
                for ended in self.take():
                    ended.kill()
                    await ended.end()
                if begun < 0 or begun in given_up:
                    return self._refused(receipt, revision, f"the process that reads it was {error}")
                message = message_number(receipt.seq, begun)
                words = f"segtap gave up on message {message}: the process that judges it was {error}"
                self._faults.report(READING, words)
                given_up[begun] = words
            except BaseException:
                for stopped in self.take():
                    stopped.kill()
                raise
            else:
                if given_up and answer.receipts[0].unable:
                    return self._refused(receipt, revision, "; ".join(given_up.values()))
                return answer

    def _refused(self, receipt: Receipt, revision: str, why: str) -> Answer:
        """Return that none of a receipt's messages can be judged."""
        words = f"segtap failed to read request {receipt.seq}: {why}"
        self._faults.report(READING, words)
        return Answer(revision, (AnsweredReceipt(why=words),))
