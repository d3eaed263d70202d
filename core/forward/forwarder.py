"""Takes what the journal owes to Mixpanel, in order, sends it, and writes each outcome back.

Nothing is kept that the journal does not know: kill it at any point and the next run goes on from there. What
Mixpanel dedupes or what only sets is sent again when in doubt; what adds (`$add`, `$append`, an event without
an insert id) is written down before it is sent, and never sent twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import msgspec

from ..delivery import Delivery, DeliveryState, Outcome
from ..destinations.base import Translator
from ..journal.base import Journal
from ..masks import MASK
from ..messages import Message
from ..settings import DestinationSettings
from ..views import Summary
from .batch import Batch, Limits, Queue
from .client import HttpxTransport, Transport
from .clock import Clock, SystemClock, wait_before_retry
from .ledger import ON_ITS_WAY, Attempt, Ledger, States
from .outcomes import Action, Answer, Judgement, Verdict, judge
from .records import Route, records_of
from .unsent import dry_run_lines, why_nothing
from .wire import check_address

OnDelivery = Callable[[Sequence[Delivery], Sequence[tuple[int, DeliveryState]]], None]
Load = Callable[[Sequence[Summary]], Awaitable[list[Message]]]

_CHUNK = 200
"""Messages read from the journal at once."""

_BREATH = 32
"""Messages translated before others get a turn on the loop: some 2 ms."""


@dataclass
class _Parcel:
    """A batch and what has been tried with it."""

    batch: Batch
    number: int = 0
    failures: int = 0
    told: set[str] = field(default_factory=set[str])
    era: int = 0
    """How often forwarding had been resumed when it was made."""

    def split(self, batches: Sequence[Batch]) -> list[_Parcel]:
        return [_Parcel(batch, self.number, era=self.era) for batch in batches]


class Forwarder:
    """Sends what `journal` owes until it is stopped.

    `load` reads the messages behind summaries. `on_delivery` is called after every write to the journal with
    the attempts and the present state of each message that they concern.
    `on_halt` is called with the reason once forwarding has halted.
    `dry_run` sends nothing: each operation gets one `Outcome.DRY_RUN` line, and the message stays owed, so
    that a dry run takes nothing away from a later real one. `in_flight` is requests at once on each route,
    `window` how many records are read ahead.

    Raises SettingsError when `settings.mixpanel_url` cannot be used.
    """

    def __init__(
        self,
        journal: Journal,
        load: Load,
        translator: Translator,
        *,
        settings: DestinationSettings,
        on_delivery: OnDelivery | None = None,
        on_halt: Callable[[str], None] | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
        rng: Random | None = None,
        limits: Limits | None = None,
        dry_run: bool = False,
        in_flight: int = 4,
        window: int = 4000,
    ) -> None:
        self.use(settings)
        self._journal = journal
        self._load = load
        self._translator = translator
        self._on_delivery = on_delivery
        self._on_halt = on_halt
        self._transport = transport
        self._clock: Clock = clock or SystemClock()
        self._rng = rng or Random()
        self._dry_run = dry_run
        self._in_flight = in_flight
        self._window = window
        self._queue = Queue(limits)
        self._ledger = Ledger()
        self._changed = asyncio.Event()
        self._interrupt = asyncio.Event()
        self._finished = asyncio.Event()
        self._running = self._stopping = False
        self._grace = 0.0
        self._tasks: dict[asyncio.Task[None], _Parcel] = {}
        self._sending: dict[asyncio.Task[None], _Parcel] = {}
        self._busy: Counter[Route] = Counter()
        self._held: Counter[str] = Counter()
        self._troubles: dict[Route, str] = {}
        self._failure: BaseException | None = None
        self._halt_words = ""
        self._era = 0
        self._unreadable = 0
        self._after = 0
        self._newest = 0
        self._more = True
        self._idle = asyncio.Event()

    def use(self, settings: DestinationSettings) -> None:
        """Send to this address from the next request on. Raises SettingsError; all stays as it was then."""
        check_address(settings.mixpanel_url)
        self._mixpanel_url = settings.mixpanel_url

    # --- what others see ---------------------------------------------------------------------------

    @property
    def fault(self) -> str:
        """Why forwarding is not well, for the header; "" when it is."""
        if self._halt_words:
            return self._halt_words
        for route, words in self._troubles.items():
            return f"Mixpanel {route.path}: {words} (trying again)"
        if self._unreadable:
            noun = "message" if self._unreadable == 1 else "messages"
            return f"{self._unreadable} {noun} owed to Mixpanel cannot be read from the journal"
        return ""

    @property
    def halted(self) -> bool:
        """True after a fault that waiting does not mend, until `resume`; what is owed stays owed."""
        return bool(self._halt_words)

    @property
    def halt_words(self) -> str:
        """Why it has halted, "" when it has not."""
        return self._halt_words

    @property
    def running(self) -> bool:
        """True while `run` runs."""
        return self._running

    def wake(self) -> None:
        """New messages are owed."""
        self._more = True
        self._idle.clear()
        self._changed.set()

    def resume(self) -> None:
        """Try again after a fault that halted it."""
        self._halt_words = ""
        self._era += 1
        self._interrupt.set()
        self._changed.set()

    async def wait_idle(self) -> None:
        """Return when all that is owed has been dealt with, or a fault halts it."""
        await self._idle.wait()

    async def stop(self, grace: float = 5.0) -> None:
        """Send nothing more; wait up to `grace` seconds for answers under way. `run` then returns."""
        if not self._running:
            return
        self._stopping, self._grace = True, grace
        self._interrupt.set()
        self._changed.set()
        await self._finished.wait()

    async def run(self) -> None:
        """Send until `stop`. Raises JournalError when outcomes cannot be written: then it has stopped."""
        if self._running:
            raise RuntimeError("this forwarder runs already")
        self._running, self._stopping, self._failure, self._halt_words = True, False, None, ""
        self._finished.clear()
        transport = self._transport or HttpxTransport()
        try:
            await self._begin()
            while not self._stopping and self._failure is None:
                self._changed.clear()
                await self._turn(transport)
                await self._changed.wait()
            if self._failure is not None:
                raise self._failure
            await self._finish()
        finally:
            await self._abandon()
            if self._transport is None:
                await transport.close()
            self._running = False
            self._finished.set()
            self._idle.set()

    # --- the loop ----------------------------------------------------------------------------------

    async def _begin(self) -> None:
        """Start from what the journal says."""
        self._queue.clear()
        self._ledger = Ledger()
        self._troubles.clear()
        self._unreadable = self._after = 0
        self._more = True
        self._idle.clear()
        self._interrupt.clear()
        newest = (await self._journal.page(limit=1)).summaries
        # Only messages up to here can have been tried before.
        self._newest = newest[-1].id if newest else 0

    async def _turn(self, transport: Transport) -> None:
        if self.halted:
            if not self._tasks:
                self._idle.set()
            return
        if self._interrupt.is_set():
            # Resumed: what the halt left half done is read from the journal again.
            if self._tasks:
                return
            await self._begin()
        await self._fill(transport)
        self._dispatch(transport)
        if not self._more and not self._queue and not self._tasks:
            self._idle.set()

    async def _fill(self, transport: Transport) -> None:
        while self._more and len(self._queue) < self._window and not self._stopping and not self.halted:
            # Cleared first, so that a wake during the query is not lost.
            self._more = False
            summaries = await self._journal.owed(after=self._after, limit=_CHUNK)
            if len(summaries) == _CHUNK:
                self._more = True
            if not summaries:
                break
            self._after = summaries[-1].id
            await self._take_in(summaries)
            if len(self._queue) >= self._queue.limits.json_records:
                # While more is at hand, only full batches: half-empty ones cost as many round trips.
                self._dispatch(transport)
            await asyncio.sleep(0)

    async def _take_in(self, summaries: Sequence[Summary]) -> None:
        """Translate messages and put their records in the queue."""
        wanted = [summary for summary in summaries if summary.delivery is not DeliveryState.HELD]
        messages = {message.id: message for message in await self._load(wanted)}
        again = [summary.id for summary in wanted if summary.id <= self._newest]
        earlier = dict(zip(again, await asyncio.gather(*map(self._journal.deliveries, again)), strict=True))
        states: States = []
        lines: list[Delivery] = []
        for position, summary in enumerate(wanted, start=1):
            if position % _BREATH == 0:
                await asyncio.sleep(0)
            message = messages.get(summary.id)
            if summary.refused:
                states.append((summary.id, DeliveryState.NONE))
                continue
            if message is None:
                self._unreadable += 1
                continue
            translation = self._translator.translate(message.document, now=message.received_at)
            if why_nothing(translation, message.type, message.marks, message.source_kind):
                states.append((message.id, DeliveryState.NONE))
                continue
            records = records_of(message.id, translation)
            before = earlier.get(message.id, [])
            if self._dry_run:
                lines += dry_run_lines(records, before, self._clock.now())
                continue
            left, settled = self._ledger.open(message.id, records, before)
            self._queue.add(left)
            states += settled
        await self._record(lines, states)

    def _dispatch(self, transport: Transport) -> None:
        while (batch := self._queue.take(self._held.keys(), self._may_go)) is not None:
            self._held.update(batch.holds)
            self._busy[batch.route] += 1
            parcel = _Parcel(batch, era=self._era)
            task = asyncio.create_task(self._deliver(parcel, transport), name=f"to {batch.route.path}")
            self._tasks[task] = parcel
            task.add_done_callback(self._done)

    def _may_go(self, route: Route) -> bool:
        return not (
            self._stopping or self.halted or route in self._troubles or self._busy[route] >= self._in_flight
        )

    def _done(self, task: asyncio.Task[None]) -> None:
        batch = self._tasks.pop(task).batch
        self._held.subtract(batch.holds)
        self._held = +self._held
        self._busy[batch.route] -= 1
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = self._failure or error
        self._changed.set()

    # --- one batch ---------------------------------------------------------------------------------

    async def _deliver(self, parcel: _Parcel, transport: Transport) -> None:
        """See a batch through: all its records settled, or forwarding halted or stopped."""
        todo = deque([parcel])
        while todo and not self._interrupt.is_set():
            todo.extendleft(reversed(await self._attempt(todo.popleft(), transport)))

    async def _attempt(self, parcel: _Parcel, transport: Transport) -> list[_Parcel]:
        """Send once and deal with the answer; what is left to send, in order."""
        batch = parcel.batch
        parcel.number += 1
        attempt = Attempt(self._clock.now(), parcel.number)
        if not batch.repeatable:
            await self._record(self._ledger.note(batch, attempt, Outcome.UNCERTAIN, ON_ITS_WAY), [])
        task = asyncio.current_task()
        assert task is not None
        self._sending[task] = parcel
        answer = await transport.send(batch.wire(self._mixpanel_url))
        del self._sending[task]
        took = max(0, self._clock.now() - attempt.at)
        attempt = Attempt(attempt.at, parcel.number, answer.status, took)
        verdict = judge(_scrubbed(answer, batch), batch)
        if verdict.action is Action.SETTLE:
            self._troubles.pop(batch.route, None)
            await self._record(*self._ledger.settle(batch, attempt, verdict.records))
            return []
        return await self._again(parcel, attempt, verdict)

    async def _again(self, parcel: _Parcel, attempt: Attempt, verdict: Verdict) -> list[_Parcel]:
        batch = parcel.batch
        # An answer to what was sent before `resume` says nothing of what may have been changed since.
        if verdict.action is Action.HALT and parcel.era == self._era:
            self._halt(verdict.words)
        if verdict.action is Action.RETRY:
            self._troubles[batch.route] = f"{attempt.status or ''} {verdict.words}".strip()
        # An outage of hours says the same each minute: once is enough, unless the line takes back ON_ITS_WAY.
        if verdict.words not in parcel.told or not batch.repeatable:
            parcel.told.add(verdict.words)
            words = verdict.words
            if verdict.action in (Action.HALVE, Action.SINGLY):
                words = f"{words}; sent again in parts, to learn which of {len(batch)} it is"
            await self._record(self._ledger.note(batch, attempt, Outcome.RETRY, words), [])
        match verdict.action:
            case Action.HALVE:
                self._troubles.pop(batch.route, None)
                return parcel.split(batch.halves())
            case Action.SINGLY:
                self._troubles.pop(batch.route, None)
                return parcel.split(batch.singles())
            case Action.RETRY:
                parcel.failures += 1
                await self._pause(wait_before_retry(parcel.failures, self._rng, verdict.after))
                return [parcel]
            case _:
                return []

    def _halt(self, words: str) -> None:
        self._interrupt.set()
        if not self._halt_words:
            self._halt_words = words
            if self._on_halt is not None:
                self._on_halt(words)

    async def _pause(self, seconds: float) -> None:
        """Wait, but not when halted or stopped."""
        await _first(self._clock.sleep(seconds), self._interrupt.wait())

    async def _record(self, deliveries: Sequence[Delivery], states: States) -> None:
        if not deliveries and not states:
            return
        owing = {id for id, _ in states if id in self._ledger}
        await self._journal.record(deliveries, states, owing)
        if self._on_delivery is not None:
            tried = {line.message for line in deliveries if line.message in self._ledger}
            now = {id: self._ledger.state(id) for id in tried} | dict(states)
            self._on_delivery(deliveries, list(now.items()))

    # --- the end -----------------------------------------------------------------------------------

    async def _finish(self) -> None:
        """Give answers under way their time; what adds and got none in that time is uncertain."""
        if self._tasks:
            await _first(asyncio.wait(self._tasks), self._clock.sleep(self._grace))
        unanswered = [parcel for parcel in self._sending.values() if not parcel.batch.repeatable]
        await self._abandon()
        if self._failure is not None:
            raise self._failure
        for parcel in unanswered:
            words = "segtap stopped before Mixpanel answered; not sent again, for it would count twice"
            attempt = Attempt(self._clock.now(), parcel.number)
            judgement = Judgement(Outcome.UNCERTAIN, words)
            await self._record(*self._ledger.settle(parcel.batch, attempt, [judgement] * len(parcel.batch)))

    async def _abandon(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._sending.clear()


async def _first(*waits: Awaitable[object]) -> None:
    """Return when the first is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _scrubbed(answer: Answer, batch: Batch) -> Answer:
    """The answer without our own secrets, should a proxy's error page repeat them."""
    body, words = answer.body, answer.words
    for secret in batch.records[0].secrets:
        body, words = body.replace(secret.encode(), MASK.encode()), words.replace(secret, MASK)
    return msgspec.structs.replace(answer, body=body, words=words)
