"""What became of messages at Mixpanel, a request a line, and what the user decides about them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import msgspec

from ..api.deliveries import DeliveryRow, Undecided
from ..api.models import Summary
from ..delivery import Decision, Delivery, DeliveryState, Outcome
from ..forward.decisions import ON_ITS_WAY_NOW, decide, last_attempts
from ..forward.forwarder import Forwarder
from ..forward.sender import OnDelivery
from ..stores.base import Stores

LISTED = "delivery:uncertain,refused,stuck,waiting,held,fault"
"""The filter of a list for which none is given: what was neither accepted nor left unsent on purpose."""
CHUNK = 1_000
"""Messages that are looked at together."""

_WORDS: dict[Outcome, str] = {Outcome.RETRY: "waiting", Outcome.DRY_RUN: "waiting"}

Lines = AsyncIterator[tuple[Summary, ...]]
Rest = Callable[[], AbstractAsyncContextManager[set[int]]]
"""Keeps everybody from sending; gives the messages of which a request is under way nevertheless."""


async def delivery_rows(stores: Stores, lines: Lines) -> AsyncIterator[list[DeliveryRow]]:
    """Yield a row for each request of these messages that was tried, and one for each message without any."""
    async for some in lines:
        messages = [line for line in some if not line.refused]
        attempts = await stores.outbox.deliveries_of([line.id for line in messages])
        yield [row for line in messages for row in rows_of(line, attempts.get(line.id, ()))]


def rows_of(line: Summary, attempts: Sequence[Delivery]) -> list[DeliveryRow]:
    """Return the rows of one message."""
    row = DeliveryRow(
        id=line.id,
        message_id=line.message_id,
        type=line.type,
        name=line.name,
        user=line.user,
        received_at=line.received_at,
        delivery=line.delivery,
        outcome=line.delivery.value,
    )
    if not attempts:
        return [row]
    return [
        msgspec.structs.replace(
            row,
            request=operation + 1,
            endpoint=last.endpoint,
            outcome=_WORDS.get(last.outcome, last.outcome.value),
            status=last.status,
            words=last.words,
            index=last.index,
            of=last.of,
            attempts=last.attempt,
            at=last.at,
        )
        for operation, last in last_attempts(attempts).items()
    ]


@contextlib.asynccontextmanager
async def nothing_under_way() -> AsyncGenerator[set[int]]:
    """Stand in for a forwarder where there is none."""
    yield set()


async def decide_all(
    decision: Decision,
    ids: Sequence[int],
    stores: Stores,
    now: Callable[[], int],
    rest: Rest = nothing_under_way,
    tell: OnDelivery = lambda lines, states: None,
) -> tuple[list[int], list[Undecided]]:
    """Carry out a decision about messages; returns those that it changed, and why it did not change others.

    `tell` is called after each write to the journal.
    """
    changed: list[int] = []
    others: list[Undecided] = []
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        async with rest() as under_way:
            lines: list[Delivery] = []
            states: list[tuple[int, DeliveryState]] = []
            attempts = await stores.outbox.deliveries_of(some)
            for id in some:
                line = await stores.index.summary(id)
                if line is None or line.refused:
                    others.append(Undecided(id, "", "the journal has no such message"))
                    continue
                made = decide(decision, id, line.delivery, attempts.get(id, ()), now())
                if id in under_way:
                    made = ON_ITS_WAY_NOW
                if isinstance(made, str):
                    others.append(Undecided(id, line.delivery.value, made))
                    continue
                lines += made.lines
                states.append((id, made.state))
            if states:
                await stores.outbox.record(lines, states)
                tell(lines, states)
                changed += [id for id, _ in states]
    return changed, others


class Deliveries:
    """What a running engine does about deliveries: decisions of the user, and requests without an answer."""

    def __init__(
        self, stores: Stores, forwarder: Forwarder, on_delivery: OnDelivery, now: Callable[[], int]
    ) -> None:
        self._stores = stores
        self._forwarder = forwarder
        self._on_delivery = on_delivery
        self._now = now

    async def decide(self, decision: Decision, ids: Sequence[int]) -> tuple[list[int], list[Undecided]]:
        """Carry out a decision about messages, see `decide_all`."""
        return await decide_all(
            decision,
            ids,
            self._stores,
            self._now,
            self._forwarder.at_rest,
            self._on_delivery,
        )

    async def find_unanswered(self) -> None:
        """Find the messages that were on their way when an earlier engine died: they are uncertain.

        While it forwards, the forwarder does that by itself.
        """
        after = 0
        while True:
            async with self._forwarder.at_rest():
                if self._forwarder.running:
                    return
                owed = await self._stores.outbox.owed(after=after, limit=CHUNK)
                if not owed:
                    return
                after = owed[-1].id
                waiting = [one.id for one in owed if one.delivery is DeliveryState.WAITING]
                attempts = await self._stores.outbox.deliveries_of(waiting)
                found = [
                    (id, DeliveryState.UNCERTAIN)
                    for id, tried in attempts.items()
                    if any(one.outcome is Outcome.UNCERTAIN for one in last_attempts(tried).values())
                ]
                if found:
                    # Other operations of theirs may still have to be sent.
                    await self._stores.outbox.record((), found, {id for id, _ in found})
                    self._on_delivery((), found)
