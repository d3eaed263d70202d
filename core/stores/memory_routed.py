"""How messages in memory stand on each of several routes to Mixpanel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import msgspec

from ..delivery import (
    OWED_STATES,
    Delivery,
    DeliveryCounts,
    DeliveryState,
    Owed,
    RouteStanding,
    standing_along,
    summed,
)
from .base import Entry, Outbox, Summed
from .unshared import UnsharedOutbox


class MemoryRouteOutbox(UnsharedOutbox):
    """`Outbox` of one of several routes in memory, see `Outbox.along`.

    `outbox` has the messages of all routes, `entries` their lines. `owing` are messages that are owed along a
    route whatever their state there.
    """

    def __init__(
        self,
        outbox: Outbox,
        entries: dict[int, Entry],
        owing: set[tuple[int, str]],
        route: str,
        rest: bool,
        summed: Summed,
    ) -> None:
        self._outbox = outbox
        self._entries = entries
        self._owing = owing
        self._route = route
        self._rest = rest
        self._summed = summed

    async def owed(self, after: int = 0, limit: int = 1000) -> list[Owed]:
        """Return messages to be sent, oldest first, with an id above `after`; held ones are left out."""
        unrouted = {one.id: one for one in await self._outbox.owed(after, len(self._entries) + 1)}
        found: list[Owed] = []
        for id, entry in sorted(self._entries.items()):
            line, standing = entry.summary, standing_along(entry.standings, self._route)
            if id <= after:
                continue
            if (
                standing is not None
                and standing.delivery is not DeliveryState.HELD
                and self._owes(id, standing)
            ):
                found.append(Owed(id, line.marks, standing.delivery, line.received_at))
            elif self._rest and not entry.standings and id in unrouted:
                found.append(unrouted[id])
        return found[:limit]

    async def deliveries(self, id: int) -> list[Delivery]:
        """Return all attempts for one message along the route, oldest first."""
        return (await self.deliveries_of([id])).get(id, [])

    async def deliveries_of(self, ids: Sequence[int]) -> dict[int, list[Delivery]]:
        """Return all attempts along the route for each of these messages, oldest first."""
        names = (self._route, "") if self._rest else (self._route,)
        every = await self._outbox.deliveries_of(ids)
        own = {id: [one for one in tried if one.route in names] for id, tried in every.items()}
        return {id: tried for id, tried in own.items() if tried}

    def along(self, route: str, *, rest: bool, summed: Summed) -> Outbox:
        """Return what is owed along another route."""
        return MemoryRouteOutbox(self._outbox, self._entries, self._owing, route, rest, summed)

    async def record(
        self,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
    ) -> None:
        """Keep attempts and the states of their messages on the route."""
        before = {id: entry.summary.delivery for id, entry in self._entries.items()}
        sums: list[tuple[int, DeliveryState]] = []
        owed: set[int] = set()
        for id, state in states:
            if (entry := self._entries.get(id)) is None:
                continue
            line = entry.summary
            if (known := standing_along(entry.standings, self._route)) is None:
                new = RouteStanding(self._route, state, line.errors, line.warnings)
                standings = (*entry.standings, new)
            else:
                moved = msgspec.structs.replace(known, delivery=state)
                standings = tuple(moved if one is known else one for one in entry.standings)
            self._entries[id] = msgspec.structs.replace(entry, standings=standings)
            (self._owing.add if id in owing else self._owing.discard)((id, self._route))
            sums.append((id, summed(one.delivery for one in standings)))
            if any(self._owes(id, one) for one in standings):
                owed.add(id)
        named = [msgspec.structs.replace(one, route=self._route) for one in deliveries]
        await self._outbox.record(named, sums, owed)
        concerned = sorted(({one.message for one in deliveries} | {id for id, _ in sums}) & before.keys())
        after = {id: self._entries[id].summary.delivery for id in concerned}
        self._summed(
            deliveries, states, [(id, state, state is not before[id]) for id, state in after.items()]
        )

    def _owes(self, id: int, standing: RouteStanding) -> bool:
        return standing.delivery in OWED_STATES or (id, standing.route) in self._owing


def standing_counts(entries: Iterable[Entry]) -> dict[str, DeliveryCounts]:
    """Return how many messages stand where on each route that has any."""
    found: dict[str, Counter[str]] = {}
    for entry in entries:
        for one in entry.standings:
            found.setdefault(one.route, Counter())[one.delivery.value] += 1
    return {route: DeliveryCounts(**states) for route, states in found.items()}


def with_marks(
    standings: Sequence[RouteStanding], again: Sequence[RouteStanding]
) -> tuple[RouteStanding, ...]:
    """Return the standings with the errors and warnings of a message that was judged again."""
    new = {one.route: one for one in again}
    return tuple(
        msgspec.structs.replace(one, errors=found.errors, warnings=found.warnings)
        if (found := new.get(one.route)) is not None
        else one
        for one in standings
    )
