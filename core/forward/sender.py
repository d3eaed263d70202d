"""One try after the other: sends a batch once, and writes down what became of its records.

What is kept here is made from the journal again at each start: see `Forwarder`.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from ..delivery import Delivery, DeliveryState, Outcome
from ..masks import masks_of
from ..stores.base import Outbox
from .aside import TRY_AGAIN_MS, Aside, Shelf
from .batch import Batch, Queue
from .clock import Clock, wait_before_retry
from .ledger import DROPPED_BY_POLICY, ON_ITS_WAY, Attempt, Ledger, States
from .outcomes import Action, Answer, Judgement, Verdict, judge
from .pace import Pace
from .records import BatchKey, Record
from .search import Endpoint, Suspicion, Trouble
from .wire import WireForm

OnDelivery = Callable[[Sequence[Delivery], Sequence[tuple[int, DeliveryState]]], None]
Post = Callable[[WireForm], Awaitable[Answer]]


@dataclass
class Parcel:
    """A batch and what has been tried with it. `aside`: it is the next try of a record that is set aside."""

    batch: Batch
    number: int = 0
    failures: int = 0
    logged: set[str] = field(default_factory=set[str])
    suspicion: Suspicion = field(default_factory=Suspicion)
    behind: deque[Parcel] = field(default_factory=lambda: deque[Parcel]())
    """The parts of the same batch that are sent after it."""
    aside: Aside | None = None

    def split(self, batches: Sequence[Batch]) -> list[Parcel]:
        """Return parts of it, to be sent in order."""
        return [Parcel(batch, self.number) for batch in batches]

    def halves(self) -> list[Parcel]:
        """Return both halves, as parts of a search."""
        return [
            Parcel(batch, self.number, self.failures, set(self.logged), Suspicion(searching=True))
            for batch in self.batch.halves()
        ]

    def apart(self) -> tuple[list[Record], list[Record]]:
        """Return records that may be sent first: of the parts behind it, and of its own if it has several."""
        held: set[str] = set()
        behind: list[Record] = []
        own: list[Record] = []
        for part in (self, *self.behind):
            found = own if part is self else behind
            for record in part.batch.records:
                if held.isdisjoint(record.waits):
                    found.append(record)
                held |= record.holds
        return behind, own if len(self.batch) > 1 else []

    def leave_out(self, record: Record) -> None:
        """Forget a record of its own or of the parts behind it: it has been sent by itself."""
        for part in (self, *self.behind):
            if record in part.batch.records:
                part.batch = part.batch.without(record)
        for part in [part for part in self.behind if not part.batch.records]:
            self.behind.remove(part)


@dataclass(frozen=True, slots=True)
class Services:
    """What a forwarder and those who send for it work with, for as long as it lives.

    `post` sends one request. `on_delivery` is called after writes to the journal, `on_trouble` when what is
    waited for changes. `changed` is set when more may be sent; `interrupt` ends all waiting. `pace` outlives
    what is known of the journal.
    """

    outbox: Outbox
    post: Post
    queue: Queue
    clock: Clock
    rng: Random
    changed: asyncio.Event
    interrupt: asyncio.Event
    on_delivery: OnDelivery | None
    on_trouble: Callable[[], None]
    pace: Pace


class Sender:
    """Sends parcels once, and writes down what became of their records."""

    def __init__(self, services: Services, *, mixpanel_url: str, secrets: tuple[str, ...]) -> None:
        self.ledger = Ledger()
        self.shelf = Shelf()
        self.held: Counter[str] = Counter()
        """What is on its way, of what later records have to wait for."""
        self.troubles: dict[BatchKey, Trouble] = {}
        self._services = services
        self._clock = services.clock
        self.mixpanel_url = mixpanel_url
        self.secrets = secrets
        """What the settings keep secret: words that hold any of it are not written down as they come."""
        self._sending: dict[asyncio.Task[None], Parcel] = {}
        self._burnt: Counter[BatchKey] = Counter()
        self._endpoints: dict[str, Endpoint] = {}

    def faults(self) -> list[str]:
        """Return what is wrong, as texts for the header."""
        texts = [f"{words} (trying again)" for words, _ in self.retries()][:1]
        if self.shelf:
            one = next(iter(self.shelf))
            count = len({aside.record.message for aside in self.shelf})
            are = "message is" if count == 1 else "messages are"
            texts.append(
                f"{count:,} {are} stuck: Mixpanel {one.record.route.path} answers {one.words} (tried again "
                "every 10 minutes)"
            )
        return texts

    def retries(self) -> list[tuple[str, int]]:
        """Return what is waited for: the reason as text, and when the next try is made (ms, 0: unknown)."""
        now = self._clock.steady()
        shown = self._clock.now() - now
        return [
            (
                f"Mixpanel {route.path}: {trouble.words}",
                at + shown if (at := trouble.again or trouble.until) else 0,
            )
            for route, trouble in self.troubles.items()
            if trouble.until is None or trouble.until > now
        ]

    def trouble(self, route: BatchKey, words: str, pause: float) -> None:
        """Note why nothing is sent on a route until the try in so many seconds."""
        self.troubles[route] = Trouble(words, again=self._clock.steady() + round(pause * 1000))
        self._services.on_trouble()

    def paused_routes(self) -> list[BatchKey]:
        """Return the routes on which nothing is sent for some time, or until a try succeeds."""
        return [route for route, trouble in self.troubles.items() if trouble.until is not None]

    def may_try(self, route: BatchKey) -> bool:
        """Return whether the pause of a route in trouble is over."""
        until = self.troubles[route].until
        return until is not None and until <= self._clock.steady()

    def next_time(self) -> int | None:
        """Return when a try that was put off is due (ms); None if nothing waits for time."""
        now = self._clock.steady()
        times = [trouble.until for trouble in self.troubles.values() if trouble.until is not None]
        times += [aside.due for aside in self.shelf]
        return min((time for time in times if time > now), default=None)

    def keep_aside(self, record: Record, earlier: Sequence[Delivery]) -> None:
        """Keep a record that an earlier run had set aside, until its next try."""
        line = next(line for line in reversed(earlier) if line.operation == record.operation)
        # A clock that was set back must not put the try off for longer.
        ago = max(0, self._clock.now() - line.at)
        due = self._clock.steady() - ago + TRY_AGAIN_MS
        words = f"{line.status or ''} {line.words.partition(';')[0]}".strip()
        self.shelf.put(Aside(record, due, words=words))

    def hold(self, batch: Batch) -> None:
        """Let later records wait for this batch."""
        self.held.update(batch.holds)

    def release(self, batch: Batch) -> None:
        """Let them wait no more."""
        self.held.subtract(batch.holds)
        self.held = +self.held

    async def record(self, deliveries: Sequence[Delivery], states: States) -> None:
        """Write to the journal, then say so. Raises JournalError."""
        if not deliveries and not states:
            return
        owing = {id for id, _ in states if id in self.ledger}
        await self._services.outbox.record(deliveries, states, owing)
        if self._services.on_delivery is not None:
            tried = {line.message for line in deliveries if line.message in self.ledger}
            now = {id: self.ledger.state(id) for id in tried} | dict(states)
            self._services.on_delivery(deliveries, list(now.items()))

    def unanswered(self) -> list[Parcel]:
        """Return the parcels that must not be sent again and have no answer yet."""
        return [parcel for parcel in self._sending.values() if not parcel.batch.repeatable]

    async def give_up(self, parcels: Sequence[Parcel]) -> None:
        """Write down that it cannot be known what became of these."""
        words = "segtap stopped before Mixpanel answered; not sent again, for it would count twice"
        uncertain = self._by_policy(Judgement(Outcome.UNCERTAIN, words))
        for parcel in parcels:
            attempt = Attempt(self._clock.now(), parcel.number)
            await self.record(*self.ledger.settle(parcel.batch, attempt, [uncertain] * len(parcel.batch)))

    def _by_policy(self, judgement: Judgement) -> Judgement:
        """Return the judgement, or that the record is dropped if the settings want that of uncertain ones."""
        if judgement.outcome is not Outcome.UNCERTAIN or self._services.pace.settings.uncertain != "drop":
            return judgement
        return Judgement(Outcome.DROPPED, f"{judgement.words}; {DROPPED_BY_POLICY}")

    async def send(self, parcel: Parcel) -> tuple[Attempt, Verdict]:
        """Send once; what was tried, and what the answer means."""
        batch = parcel.batch
        parcel.number += 1
        attempt = Attempt(self._clock.now(), parcel.number)
        if not batch.repeatable:
            await self.record(self.ledger.note(batch, attempt, Outcome.UNCERTAIN, ON_ITS_WAY), [])
        task = asyncio.current_task()
        assert task is not None
        endpoint = self.endpoint(batch)
        number = endpoint.number()
        self._sending[task] = parcel
        pace = self._services.pace
        began = self._clock.steady()
        with pace.under_way(batch.route) as sent:
            answer = await self._services.post(batch.wire(self.mixpanel_url))
        del self._sending[task]
        took = self._clock.steady() - began
        # A server may repeat what it was sent, in a message's property as well as in a header.
        secrets = (*batch.records[0].secrets, *self.secrets)
        verdict = judge(answer, batch, masks_of(secrets))
        accepted = verdict.action is Action.SETTLE and not _is_uncertain(verdict)
        pace.answered(batch.route, sent, answer.status, accepted=accepted)
        if accepted:
            endpoint.accepted(number)
        return Attempt(attempt.at, parcel.number, answer.status, took, number), verdict

    async def settle(self, parcel: Parcel, attempt: Attempt, verdict: Verdict) -> None:
        """Write down what became of each record."""
        batch = parcel.batch
        if _is_uncertain(verdict):
            # Without a pause an outage would make every record that adds uncertain, one after the other.
            self._burnt[batch.route] += 1
            pause = wait_before_retry(self._burnt[batch.route], self._services.rng)
            until = self._clock.steady() + round(pause * 1000)
            self.troubles[batch.route] = Trouble(in_words(attempt, verdict), until)
        else:
            self._burnt.pop(batch.route, None)
            self.troubles.pop(batch.route, None)
        judgements = [self._by_policy(judgement) for judgement in verdict.records]
        lines, states = self.ledger.settle(batch, attempt, judgements)
        judged = zip(batch.records, verdict.records, strict=True)
        accepted = [record for record, said in judged if said.outcome is Outcome.SENT] if self.shelf else []
        for aside in self.shelf.undone_by(accepted):
            self.shelf.drop(aside.record)
            more, moved = self._overtaken(aside, attempt)
            lines, states = lines + more, states + moved
        await self.record(lines, states)

    def _overtaken(self, aside: Aside, attempt: Attempt) -> tuple[list[Delivery], States]:
        words = f"{aside.words}; not sent again, for a newer update of the same properties was accepted"
        refused = Judgement(Outcome.REFUSED, words)
        return self.ledger.settle(Batch((aside.record,)), Attempt(attempt.at, aside.number), [refused])

    def endpoint(self, batch: Batch) -> Endpoint:
        """Return where the batch goes."""
        return self._endpoints.setdefault(batch.route.path, Endpoint())


def _is_uncertain(verdict: Verdict) -> bool:
    return any(judgement.outcome is Outcome.UNCERTAIN for judgement in verdict.records)


def in_words(attempt: Attempt, verdict: Verdict) -> str:
    """Return status and words of an answer."""
    return f"{attempt.status or ''} {verdict.words}".strip()
