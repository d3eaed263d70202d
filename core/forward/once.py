"""Sends messages to Mixpanel once, to validate them: whether forwarding is on or off.

Nothing is tried again. After an answer that concerns every request (refused credentials, 429, 5xx, none at
all) nothing more is sent. What came of an attempt is written to the journal as forwarding writes it, but a
message keeps the state that it had until all its operations are settled, so nothing becomes owed by it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from random import Random

import msgspec

from ..delivery import NOT_AFTER, NOT_AGAIN, Delivery, DeliveryState, Outcome, Validated
from ..settings import ForwardSettings
from ..stores.base import Outbox
from .batch import Queue
from .client import Transport
from .clock import Clock
from .ledger import Attempt, States
from .outcomes import WAITS, Action, Verdict
from .pace import Pace
from .records import Record
from .sender import OnDelivery, Parcel, Sender, Services, in_words
from .unsent import dry_run_lines

_WORST_FIRST = (Outcome.RETRY, Outcome.UNCERTAIN, Outcome.REFUSED)
"""No verdict counts most: the message is where it was before."""


class Once(Sender):
    """Sends the records of some messages, each once, and writes down what became of them."""

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        clock: Clock,
        *,
        mixpanel_url: str,
        secrets: tuple[str, ...],
        on_delivery: OnDelivery | None = None,
    ) -> None:
        self._queue = Queue()
        services = Services(
            outbox,
            transport.send,
            self._queue,
            clock,
            Random(),
            asyncio.Event(),
            asyncio.Event(),
            on_delivery,
            lambda: None,
            Pace(ForwardSettings()),
        )
        super().__init__(services, mixpanel_url=mixpanel_url, secrets=secrets)
        self._lines: dict[int, dict[int, Delivery]] = {}
        self._now: dict[int, DeliveryState] = {}
        self._stopped = ""
        self._after: float | None = None

    def take(
        self,
        message: int,
        records: Sequence[Record],
        before: Sequence[Delivery],
        state: DeliveryState,
        owed: bool,
    ) -> None:
        """Take up a message with its earlier attempts. One that is `owed` sends only what is left of it."""
        if not owed:
            before = [msgspec.structs.replace(line, outcome=Outcome.RETRY) for line in before]
        left, _ = self.ledger.open(message, records, before, state, kept=True)
        self._queue.add(left)

    async def note_dry_run(self, records: Sequence[Record]) -> None:
        """Write down what would have been sent of a message."""
        await self.record(dry_run_lines(records, (), self._clock.now()), [])

    async def run(self) -> None:
        """Send what was taken up, in order. Raises JournalError if an outcome cannot be written down."""
        while not self._stopped and (batch := self._queue.take(frozenset(), lambda _: True)) is not None:
            todo = deque([Parcel(batch)])
            while todo and not self._stopped:
                todo.extendleft(reversed(await self._attempt(todo.popleft())))

    def result(self, message: int, state: DeliveryState) -> Validated:
        """Return what came of a message that was in `state` before."""
        lines = tuple(self._lines.get(message, {}).values())
        now = self._now.get(message)
        # A message of which a part was dropped before is `off`, which is not the outcome of an attempt.
        outcome = _worst(lines) if now in (None, DeliveryState.OFF) else Outcome(now)
        return Validated(
            id=message,
            outcome=outcome,
            words=_words(lines) if lines else f"{NOT_AFTER}{self._stopped}",
            delivery=now or state,
            deliveries=lines,
            retry_after=self._after if outcome is Outcome.RETRY else None,
        )

    async def record(self, deliveries: Sequence[Delivery], states: States) -> None:
        """Write to the journal, then remember it for `result`."""
        await super().record(deliveries, states)
        for line in deliveries:
            self._lines.setdefault(line.message, {})[line.operation] = line
        self._now.update(states)

    async def _attempt(self, parcel: Parcel) -> list[Parcel]:
        """Send once and deal with the answer; return the parts that have to be sent apart, in order."""
        attempt, verdict = await self.send(parcel)
        batch = parcel.batch
        match verdict.action:
            case Action.SETTLE:
                await self.settle(parcel, attempt, verdict)
                if any(judgement.outcome is Outcome.UNCERTAIN for judgement in verdict.records):
                    self._stop(attempt, verdict)
                return []
            case Action.HALVE:
                await self._note(parcel, attempt, f"{verdict.words}; sent again in parts")
                return parcel.split(batch.halves())
            case Action.SINGLY:
                await self._note(parcel, attempt, f"{verdict.words}; sent again in parts")
                return parcel.split(batch.singles())
            case Action.RETRY | Action.HALT:
                self._stop(attempt, verdict)
                words = verdict.words.removesuffix(WAITS).rstrip(".")
                await self._note(parcel, attempt, f"{words}; {NOT_AGAIN}")
                return []

    def _stop(self, attempt: Attempt, verdict: Verdict) -> None:
        self._stopped, self._after = in_words(attempt, verdict), verdict.after

    async def _note(self, parcel: Parcel, attempt: Attempt, words: str) -> None:
        await self.record(self.ledger.note(parcel.batch, attempt, Outcome.RETRY, words), [])


def _worst(lines: Sequence[Delivery]) -> Outcome | None:
    """Return the outcome that counts of what was sent now; None if nothing was sent."""
    found = {line.outcome for line in lines}
    return next((outcome for outcome in (*_WORST_FIRST, *found) if outcome in found), None)


def _words(lines: Sequence[Delivery]) -> str:
    """Return what Mixpanel said of each operation."""
    return "; ".join(
        dict.fromkeys(
            f"{line.endpoint} {line.status or ''} {line.words}".replace("  ", " ") for line in lines
        )
    )
