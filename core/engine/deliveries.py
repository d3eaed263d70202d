"""What became of messages at Mixpanel, a request a line, and what the user decides about them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import msgspec

from ..api.deliveries import DeliveryRow, Undecided
from ..api.models import Summary
from ..delivery import Decision, Delivery, DeliveryState, Outcome, RouteStanding
from ..forward.decisions import ON_ITS_WAY_NOW, decide, last_attempts
from ..forward.sender import OnDelivery
from ..stores.base import Outbox, Stores
from ..text import clean
from .forwarders import Forwarders

LISTED = "delivery:uncertain,refused,stuck,waiting,held,fault"
"""The filter of a list for which none is given: what was neither accepted nor left unsent on purpose."""
CHUNK = 1_000
"""Messages that are looked at together."""

_WORDS: dict[Outcome, str] = {Outcome.RETRY: "waiting", Outcome.DRY_RUN: "waiting"}

Lines = AsyncIterator[tuple[Summary, ...]]
OutboxOf = Callable[[str], Outbox]
Rest = Callable[[], AbstractAsyncContextManager[set[int]]]
"""Keeps everybody from sending; gives the messages of which a request is under way nevertheless."""


async def delivery_rows(stores: Stores, lines: Lines) -> AsyncGenerator[list[DeliveryRow]]:
    """Yield a row for each request of these messages that was tried, and one for each message without any."""
    async for some in lines:
        messages = [line for line in some if not line.refused]
        ids = [line.id for line in messages]
        attempts = await stores.outbox.deliveries_of(ids)
        standings = await stores.index.standings(ids)
        yield [
            row
            for line in messages
            for row in rows_of(line, attempts.get(line.id, ()), standings.get(line.id, ()))
        ]


def rows_of(
    line: Summary, attempts: Sequence[Delivery], standings: Sequence[RouteStanding] = ()
) -> list[DeliveryRow]:
    """Return the rows of one message, those of each of its routes where there are several."""
    if not standings:
        return _rows_of(line, attempts)
    return [
        row
        for one in standings
        for row in _rows_of(
            msgspec.structs.replace(line, delivery=one.delivery),
            [tried for tried in attempts if tried.route in ("", one.route)],
            one.route,
        )
    ]


def _rows_of(line: Summary, attempts: Sequence[Delivery], route: str = "") -> list[DeliveryRow]:
    row = DeliveryRow(
        id=line.id,
        message_id=line.message_id,
        type=line.type,
        name=line.name,
        user=line.user,
        received_at=line.received_at,
        delivery=line.delivery,
        outcome=line.delivery.value,
        route=route,
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
    *,
    route: str = "",
    outbox_of: OutboxOf | None = None,
) -> tuple[list[int], list[Undecided]]:
    """Carry out a decision about messages; returns those that it changed, and why it did not change others.

    `tell` is called after each write to the journal. A message with several routes is decided about along
    each of them, or along `route` alone; `outbox_of` gives the outbox of a route.
    """
    changed: list[int] = []
    others: list[Undecided] = []
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        async with rest() as under_way:
            found = _Decided(decision, now(), under_way)
            standings = await stores.index.standings(some)
            attempts = await stores.outbox.deliveries_of(some)
            for id in some:
                line = await stores.index.summary(id)
                if line is None or line.refused:
                    others.append(Undecided(id, "", "the journal has no such message"))
                    continue
                ways = standings.get(id)
                along = [one for one in ways or () if route in ("", one.route)]
                if route and not along:
                    why = f"it does not go along the route {clean(route)}"
                    others.append(Undecided(id, line.delivery.value, why))
                    continue
                tried = attempts.get(id, ())
                if ways is None:
                    whys = [found.decide(id, line.delivery, tried)]
                else:
                    whys = [found.decide(id, one.delivery, tried, one.route) for one in along]
                if all(whys):
                    why = "; ".join(dict.fromkeys(filter(None, whys)))
                    others.append(Undecided(id, line.delivery.value, why))
                else:
                    changed.append(id)
            for name, (lines, states) in found.by_route.items():
                if not name:
                    await stores.outbox.record(lines, states)
                    tell(lines, states)
                else:
                    outbox = (outbox_of or _outbox_in(stores))(name)
                    await outbox.record(lines, states)
    return changed, others


def _outbox_in(stores: Stores) -> OutboxOf:
    return lambda route: stores.outbox.along(route, rest=False, summed=lambda lines, states, sums: None)


class _Decided:
    """What a decision about some messages changes, by the name of the route; "": where there is one."""

    def __init__(self, decision: Decision, now: int, under_way: Collection[int]) -> None:
        self.by_route: dict[str, tuple[list[Delivery], list[tuple[int, DeliveryState]]]] = {}
        self._decision: Decision = decision
        self._now = now
        self._under_way = under_way

    def decide(self, id: int, state: DeliveryState, tried: Sequence[Delivery], route: str = "") -> str:
        """Decide about a message; returns why that changes nothing, "" if it does."""
        own = [one for one in tried if one.route in ("", route)]
        made = decide(self._decision, id, state, own, self._now)
        if id in self._under_way:
            made = ON_ITS_WAY_NOW
        if isinstance(made, str):
            return made
        lines, states = self.by_route.setdefault(route, ([], []))
        lines += made.lines
        states.append((id, made.state))
        return ""


class Deliveries:
    """What a running engine does about deliveries: decisions of the user, and requests without an answer."""

    def __init__(
        self,
        stores: Stores,
        forwarders: Forwarders,
        outboxes: Mapping[str, Outbox],
        on_delivery: OnDelivery,
        now: Callable[[], int],
    ) -> None:
        self._stores = stores
        self._forwarders = forwarders
        self._outboxes = outboxes
        self._on_delivery = on_delivery
        self._now = now

    async def decide(
        self, decision: Decision, ids: Sequence[int], route: str = ""
    ) -> tuple[list[int], list[Undecided]]:
        """Carry out a decision about messages, see `decide_all`."""
        elsewhere = _outbox_in(self._stores)
        return await decide_all(
            decision,
            ids,
            self._stores,
            self._now,
            self._forwarders.at_rest,
            self._on_delivery,
            route=route,
            outbox_of=lambda name: self._outboxes.get(name) or elsewhere(name),
        )

    async def find_unanswered(self) -> None:
        """Find the messages that were on their way when an earlier engine died: they are uncertain.

        While it forwards, the forwarder does that by itself.
        """
        for outbox in self._outboxes.values() or (self._stores.outbox,):
            await self._find_unanswered(outbox)

    async def _find_unanswered(self, outbox: Outbox) -> None:
        after = 0
        while True:
            async with self._forwarders.at_rest():
                if self._forwarders.running:
                    return
                owed = await outbox.owed(after=after, limit=CHUNK)
                if not owed:
                    return
                after = owed[-1].id
                waiting = [one.id for one in owed if one.delivery is DeliveryState.WAITING]
                attempts = await outbox.deliveries_of(waiting)
                found = [
                    (id, DeliveryState.UNCERTAIN)
                    for id, tried in attempts.items()
                    if any(one.outcome is Outcome.UNCERTAIN for one in last_attempts(tried).values())
                ]
                if found:
                    # Other operations of theirs may still have to be sent.
                    await outbox.record((), found, {id for id, _ in found})
                    if not self._outboxes:
                        self._on_delivery((), found)
