"""Sees batches through: tries again what failed, and looks for the record that Mixpanel cannot digest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import chain, islice

from ..delivery import Outcome
from .aside import TRY_AGAIN_MS, Aside
from .batch import Batch
from .clock import wait_before_retry
from .ledger import Attempt
from .outcomes import Action, Verdict
from .records import Record, only_sets
from .search import Step
from .sender import Parcel, Sender, Services, in_words

_CHOICE = 64
"""Records among which one is chosen to learn whether Mixpanel accepts any."""


class Courier(Sender):
    """Sends parcels until their records are settled or set aside, or forwarding halts or stops.

    `halt` is called with the reason.
    """

    def __init__(
        self,
        services: Services,
        *,
        mixpanel_url: str,
        secrets: tuple[str, ...],
        halt: Callable[[str], None],
    ) -> None:
        super().__init__(services, mixpanel_url=mixpanel_url, secrets=secrets)
        self.arrived = asyncio.Event()
        """Set when records were added to the queue."""
        self._queue = services.queue
        self._interrupt = services.interrupt
        self._halt = halt
        self._asking: dict[str, asyncio.Lock] = {}
        self._turn = 0

    async def next_change(self) -> None:
        """Wait until more may be sent, or until it is time for a try that was put off."""
        changed, at = self._services.changed.wait(), self.next_time()
        if at is None:
            await changed
        else:
            await first(changed, self._clock.sleep((at - self._clock.steady()) / 1000))

    async def deliver(self, parcel: Parcel) -> None:
        """See a batch through: all its records settled or set aside, or forwarding halted or stopped."""
        if parcel.aside is not None:
            await self._retry(parcel, parcel.aside)
            return
        todo = deque([parcel])
        while todo and await self._may_send(todo[0].batch):
            parcel = todo.popleft()
            parcel.behind = todo
            todo.extendleft(reversed(await self._attempt(parcel)))

    async def _may_send(self, batch: Batch) -> bool:
        """Wait until the pace allows a request; False if nothing may be sent any more."""
        pace, route = self._services.pace, batch.route
        while pace.is_full(route) and not self._interrupt.is_set():
            await first(pace.ended(route), self._interrupt.wait())
        delay = pace.delay(len(batch), self._clock.steady())
        if delay and not self._interrupt.is_set():
            await self._pause(delay)
        return not self._interrupt.is_set()

    # --- one try -----------------------------------------------------------------------------------

    async def _attempt(self, parcel: Parcel) -> list[Parcel]:
        """Send once and deal with the answer; what is left to send, in order."""
        attempt, verdict = await self.send(parcel)
        if verdict.action is Action.SETTLE:
            await self.settle(parcel, attempt, verdict)
            return []
        return await self._again(parcel, attempt, verdict)

    async def _again(self, parcel: Parcel, attempt: Attempt, verdict: Verdict) -> list[Parcel]:
        batch = parcel.batch
        if verdict.action is Action.HALT:
            self._halt(verdict.words)
        pause = 0.0
        if verdict.action is Action.RETRY:
            parcel.failures += 1
            pause = wait_before_retry(parcel.failures, self._services.rng, verdict.after)
            self.trouble(batch.route, in_words(attempt, verdict), pause)
        # An outage of hours says the same each minute: once is enough, unless the line takes back ON_ITS_WAY.
        if verdict.words not in parcel.logged or not batch.repeatable:
            parcel.logged.add(verdict.words)
            words = verdict.words
            if verdict.action in (Action.HALVE, Action.SINGLY):
                words = f"{words}; sent again in parts, to learn which of {len(batch)} it is"
            await self.record(self.ledger.note(batch, attempt, Outcome.RETRY, words), [])
        match verdict.action:
            case Action.HALVE:
                self.troubles.pop(batch.route, None)
                return parcel.split(batch.halves())
            case Action.SINGLY:
                self.troubles.pop(batch.route, None)
                return parcel.split(batch.singles())
            case Action.RETRY:
                if verdict.suspect:
                    return await self._search(parcel, attempt, verdict, pause)
                await self._pause(pause)
                return [parcel]
            case _:
                return []

    async def _pause(self, seconds: float, *others: Awaitable[object]) -> None:
        """Wait, but not when halted or stopped, nor when one of the others is done."""
        await first(self._clock.sleep(seconds), self._interrupt.wait(), *others)

    # --- a record that Mixpanel cannot digest ------------------------------------------------------

    async def _search(self, parcel: Parcel, attempt: Attempt, verdict: Verdict, pause: float) -> list[Parcel]:
        """Deal with an answer that a record may have caused; what is left to send, in order."""
        endpoint, suspicion = self.endpoint(parcel.batch), parcel.suspicion
        suspicion.failed(endpoint, attempt.request, len(parcel.batch))
        while (step := suspicion.step(endpoint, len(parcel.batch))) is Step.ASK:
            until = self._clock.steady() + round(pause * 1000)
            answered = await self._ask(parcel)
            if answered:
                continue
            # Noted before the pause: what Mixpanel accepts meanwhile counts.
            suspicion.outage(endpoint)
            self.trouble(parcel.batch.route, in_words(attempt, verdict), pause)
            if answered is None:
                # The next record that comes can tell.
                self.arrived.clear()
                await self._pause(pause, self.arrived.wait())
                pause = (until - self._clock.steady()) / 1000
                if pause > 0 and not self._interrupt.is_set():
                    continue
            else:
                await self._pause(pause)
            return [parcel]
        if step is Step.WAIT:
            await self._pause(pause)
            return [parcel]
        # Mixpanel accepts others: they need not wait.
        self.troubles.pop(parcel.batch.route, None)
        self._services.changed.set()
        match step:
            case Step.HALVE:
                return parcel.halves()
            case Step.AGAIN:
                return [parcel]
            case _:
                await self._set_aside(parcel, attempt, verdict)
                return []

    async def _set_aside(self, parcel: Parcel, attempt: Attempt, verdict: Verdict) -> None:
        """Let others pass a record that Mixpanel refuses with 5xx again and again."""
        (record,) = parcel.batch.records
        due = self._clock.steady() + TRY_AGAIN_MS
        self.shelf.put(Aside(record, due, parcel.number, in_words(attempt, verdict)))
        words = f"{verdict.words}; set aside, for Mixpanel accepts others; tried again every 10 minutes"
        await self.record(*self.ledger.set_aside(parcel.batch, attempt, words))

    async def _retry(self, parcel: Parcel, aside: Aside) -> None:
        """Try once what is set aside."""
        attempt, verdict = await self.send(parcel)
        aside.number = parcel.number
        if verdict.action is Action.SETTLE:
            self.shelf.drop(aside.record)
            await self.settle(parcel, attempt, verdict)
            return
        if verdict.action is Action.HALT:
            self._halt(verdict.words)
        words = f"{verdict.words}; still set aside, tried again in 10 minutes"
        await self.record(*self.ledger.set_aside(parcel.batch, attempt, words))

    async def _ask(self, parcel: Parcel) -> bool | None:
        """Learn from one other record whether Mixpanel accepts others; None if there is none to send."""
        async with self._asking.setdefault(parcel.batch.route.path, asyncio.Lock()):
            since = parcel.suspicion.since
            if since is not None and self.endpoint(parcel.batch).answered > since:
                return True
            if self._interrupt.is_set():
                return False
            answered = await self._ask_one(parcel)
            if answered is False:
                # That one may be like the one that is looked for: another one the next time.
                self._turn += 1
            return answered

    async def _ask_one(self, parcel: Parcel) -> bool | None:
        route, turn = parcel.batch.route, self._turn
        if (record := self._queue.pick(route, self.held.keys(), turn)) is not None:
            answered = await self._probe(record)
            if not answered:
                self._queue.put_first(record)
            return answered
        behind, own = parcel.apart()
        others = behind or own
        # Two of them, for one may be the record that is looked for.
        for record in (others[(turn + more) % len(others)] for more in range(min(2, len(others)))):
            parcel.number += 1
            if await self._probe(record, parcel.number):
                parcel.leave_out(record)
                return True
        if len(others) < 2 and (ahead := self._ahead(parcel)):
            return await self._probe(ahead[turn % len(ahead)], ahead=True)
        return False if others else None

    def _ahead(self, parcel: Parcel) -> list[Record]:
        """Return records that wait for this batch alone, and may be sent ahead of it and again in their
        turn.
        """
        waiting = self._queue.blocked_by(parcel.batch.route, self.held.keys(), parcel.batch.holds)
        later = chain(parcel.batch.records[1:], *(part.batch.records for part in parcel.behind), waiting)
        return list(islice(filter(only_sets, later), _CHOICE))

    async def _probe(self, record: Record, number: int = 1, *, ahead: bool = False) -> bool:
        """Send one record; whether Mixpanel accepted it. `ahead` of its turn, it is sent again then."""
        probe = Parcel(Batch((record,)), number - 1)
        self.hold(probe.batch)
        try:
            attempt, verdict = await self.send(probe)
            if verdict.action is Action.HALT:
                self._halt(verdict.words)
            if verdict.action is Action.SETTLE and not ahead:
                await self.settle(probe, attempt, verdict)
            else:
                said = "; sent ahead of its turn, to learn whether Mixpanel accepts others" if ahead else ""
                line = self.ledger.note(probe.batch, attempt, Outcome.RETRY, verdict.words + said)
                await self.record(line, [])
            return verdict.action is Action.SETTLE
        finally:
            self.release(probe.batch)


async def first(*waits: Awaitable[object]) -> None:
    """Return when the first is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
