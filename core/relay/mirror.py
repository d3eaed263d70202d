"""A mirror: hands whole requests to Segment, some at a time, and writes down what came of each.

One request that Segment answers with 5xx for ever holds nobody up: after five failures between which others
were accepted it is stuck, and tried every ten minutes. If three different requests fail, it is an outage:
then these alone are tried, one at a time, until one is accepted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from random import Random

import msgspec

from ..delivery import Handover, Outcome, OwedRequest
from ..forward.clock import Clock, wait_before_retry
from ..messages import Receipt
from ..proxy.hosts import Upstream
from ..proxy.passing import NoAnswer, Passing
from ..proxy.words import without_answer
from ..settings import RouteSettings
from ..stores.base import ReadableLog, RequestOutbox
from .mirrored import Meaning, meaning_of, outgoing
from .runner import Runner, log_refused

logger = logging.getLogger(__name__)

FIRST = 4
"""Requests at once to a server of which nothing is known yet."""
OUTAGE = 3
"""Different requests that fail in a row before it is taken for an outage."""
STUCK_AFTER = 5
STUCK_PAUSE = 600.0
"""Seconds between two tries of a request that is stuck."""
ANSWER_SECONDS = 30.0
UNREADABLE = "the journal cannot read this request any more, so it was not sent"


class _Failed(msgspec.Struct):
    """A request that has to be sent again at `due` (ms of the steady clock).

    `accepted` others were by its last failure.
    """

    request: OwedRequest
    attempts: int = 0
    alone: int = 0
    """Failures since before which others were accepted."""
    accepted: int = 0
    due: int = 0
    stuck: bool = False


class Mirror(Runner):
    """Sends what is owed to one mirror. `log` has the requests, and `passing` is the way to the server."""

    def __init__(
        self,
        route: RouteSettings,
        upstream: Upstream,
        outbox: RequestOutbox,
        log: ReadableLog,
        clock: Clock,
        *,
        changed: Callable[[], None] = lambda: None,
        on_handover: Callable[[Handover], None] = lambda one: None,
        passing: Callable[[], Passing] = lambda: Passing(ANSWER_SECONDS),
        rng: Random | None = None,
    ) -> None:
        super().__init__(route.name, outbox, clock, changed)
        self._upstream = upstream
        self._log = log
        self._most = route.max_requests
        self._on_handover = on_handover
        self._new_passing = passing
        self._passing: Passing | None = None
        self._rng = rng or Random()
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._failed: dict[int, _Failed] = {}
        self._at_once = min(FIRST, self._most)
        self._accepted = 0
        self._in_a_row = 0
        """Failures since one was accepted."""
        self._until = 0
        """Before this time (ms of the steady clock) nothing is sent."""
        self._words = ""
        self._answered: list[tuple[Handover, int | None]] = []
        self._writing = asyncio.Lock()
        self._failure: BaseException | None = None

    @property
    def stuck(self) -> int:
        """How many requests are stuck."""
        return sum(one.stuck for one in self._failed.values())

    # --- the loop ----------------------------------------------------------------------------------

    async def _begin(self) -> None:
        self._failed.clear()
        self._answered.clear()
        self._failure = None
        self._in_a_row, self._until, self._words = 0, 0, ""
        self._passing = self._new_passing()

    async def _turn(self) -> None:
        if self._failure is not None:
            raise self._failure
        while not self._stopping and (request := await self._next()) is not None:
            task = asyncio.create_task(self._hand(request), name=f"to {self.name}")
            self._under_way[request.number] = task
            task.add_done_callback(lambda task, number=request.number: self._done(number, task))
        if not self._under_way and not self._owed and not self._more:
            self._idle.set()

    async def _next(self) -> OwedRequest | None:
        """Return the request that may be sent now, None if none may."""
        now = self._clock.steady()
        if len(self._under_way) >= (1 if self._in_a_row else self._at_once) or now < self._until:
            return None
        due = [one for one in self._waiting() if one.due <= now]
        if due:
            return min(due, key=lambda one: one.due).request
        if self._outage:
            return None
        await self._read()
        return self._owed.popleft() if self._owed else None

    @property
    def _outage(self) -> bool:
        """True while only what has failed before is tried."""
        return self._in_a_row > 0 and len(self._failed) - self.stuck >= OUTAGE

    def _waiting(self) -> list[_Failed]:
        """Return the failed requests that are not under way."""
        return [one for number, one in self._failed.items() if number not in self._under_way]

    def _next_try(self) -> int | None:
        if self._failure is not None:
            return self._clock.steady()
        if len(self._under_way) >= (1 if self._in_a_row else self._at_once):
            return None
        again = min((one.due for one in self._waiting()), default=None)
        if (self._owed or self._more) and not self._outage:
            return self._until if again is None else max(self._until, min(again, self._clock.steady()))
        return None if again is None else max(self._until, again)

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        self._under_way.pop(number, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = error
        self._woken.set()

    # --- one request -------------------------------------------------------------------------------

    async def _hand(self, request: OwedRequest) -> None:
        receipt = await self._log.get(request.receipt)
        before = self._failed.get(request.number)
        attempt = 1 if before is None else before.attempts + 1
        began = self._clock.steady()
        status = 0
        if receipt is None or receipt.damaged:
            meaning = Meaning(Outcome.REFUSED, UNREADABLE)
        else:
            status, meaning = await self._send(receipt)
        handover = Handover(
            route=self.name,
            receipt=request.receipt,
            at=self._clock.now(),
            outcome=meaning.outcome,
            status=status,
            words=meaning.words,
            attempt=attempt,
            took=self._clock.steady() - began,
        )
        if meaning.outcome is Outcome.RETRY:
            await self._try_again(request, handover, meaning)
            return
        self._failed.pop(request.number, None)
        if status:
            self._accepted += 1
            self._in_a_row, self._until, self._words = 0, 0, ""
            self._at_once = min(self._most, self._at_once + 1)
        self._tell()
        await self._write(handover, request.number)

    async def _send(self, receipt: Receipt) -> tuple[int, Meaning]:
        """Return status and meaning of the answer."""
        assert self._passing is not None
        going = outgoing(receipt)
        try:
            passed = await self._passing.send(
                self._upstream, going.method, going.target, going.headers, going.body
            )
        except NoAnswer as error:
            return 0, Meaning(Outcome.RETRY, without_answer(self._upstream, str(error)))
        if passed.rest is not None:
            async for _ in passed.rest:
                pass  # a long answer, of which the beginning was read
        return passed.status, meaning_of(
            self._upstream, passed.status, dict(passed.headers), passed.readable()
        )

    async def _try_again(self, request: OwedRequest, handover: Handover, meaning: Meaning) -> None:
        """Put a request off, and find out whether it is the only one that fails."""
        failed = self._failed.setdefault(request.number, _Failed(request))
        failed.attempts += 1
        failed.alone += failed.attempts == 1 or self._accepted > failed.accepted
        failed.accepted = self._accepted
        now = self._clock.steady()
        pause = wait_before_retry(failed.attempts, self._rng, meaning.after)
        becomes_stuck = failed.alone >= STUCK_AFTER and not failed.stuck
        if failed.alone >= STUCK_AFTER:
            failed.stuck, pause = True, STUCK_PAUSE
        failed.due = now + round(pause * 1000)
        if not failed.stuck:
            self._in_a_row += 1
            self._words = meaning.words
            if meaning.all_wait:
                self._at_once = max(1, self._at_once // 2)
            if meaning.all_wait or self._in_a_row > 1 or handover.status == 0:
                wait = wait_before_retry(self._in_a_row, self._rng, meaning.after)
                self._until = max(self._until, now + round(wait * 1000))
        self._tell()
        if becomes_stuck:
            stuck = msgspec.structs.replace(handover, outcome=Outcome.STUCK)
            logger.warning("%s: a request is stuck: %s", self.name, meaning.words)
            await self._write(stuck, None)

    async def _write(self, handover: Handover, settled: int | None) -> None:
        """Write what came of a request, together with others that were answered meanwhile."""
        self._answered.append((handover, settled))
        async with self._writing:
            if not self._answered:
                return
            answered, self._answered = self._answered, []
            numbers = [number for _, number in answered if number is not None]
            await self._outbox.record([one for one, _ in answered], numbers)
            for one, _ in answered:
                if one.outcome is Outcome.REFUSED:
                    log_refused(one)
                self._on_handover(one)

    def _tell(self) -> None:
        texts = [f"{self._words} (trying again)"] if self._in_a_row else []
        if stuck := self.stuck:
            texts.append(f"{stuck:,} {'request is' if stuck == 1 else 'requests are'} stuck")
        self._say(f"The mirror {self.name}: {' · '.join(texts)}" if texts else "")

    # --- the end -----------------------------------------------------------------------------------

    async def _end(self, grace: float) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=grace)
        if self._failure is not None:
            raise self._failure

    async def _abandon(self) -> None:
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._under_way.clear()
        if self._passing is not None:
            await self._passing.close()
            self._passing = None
