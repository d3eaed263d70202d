"""What is owed to routes, in memory: see `RequestOutbox`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from ..delivery import Handover, Outcome, OwedRequest, RouteCounts
from .base import Cursor


@dataclass
class MemoryDebts:
    """The debts, and what came of them."""

    owed: dict[int, tuple[str, Cursor]] = field(default_factory=dict[int, tuple[str, Cursor]])
    handovers: list[Handover] = field(default_factory=list[Handover])
    totals: dict[str, dict[Outcome, int]] = field(default_factory=dict[str, dict[Outcome, int]])
    number: int = 0
    refusals_to: tuple[str, ...] = ()

    def owe(self, routes: Iterable[str], seq: Cursor) -> None:
        """Owe a receipt to routes."""
        for route in routes:
            self.number += 1
            self.owed[self.number] = route, seq
            self.totals.setdefault(route, {})

    def needed(self) -> set[Cursor]:
        """Return the receipts that are owed to a route."""
        return {seq for _, seq in self.owed.values()}

    def forget(self, seq: Cursor) -> None:
        """Forget what came of a receipt that is deleted."""
        self.handovers = [one for one in self.handovers if one.receipt != seq]

    def count(self, route: str, outcome: Outcome, number: int = 1) -> None:
        """Add to the totals of a route."""
        totals = self.totals.setdefault(route, {})
        totals[outcome] = totals.get(outcome, 0) + number

    def clear(self) -> None:
        """Forget everything but the number that was given out last."""
        self.owed.clear()
        self.handovers.clear()
        self.totals.clear()


class MemoryRequests:
    """`RequestOutbox` in memory. `receipts` are those that are still there."""

    def __init__(self, debts: MemoryDebts, receipts: Collection[Cursor]) -> None:
        self._debts = debts
        self._receipts = receipts

    async def owed(self, route: str, after: int = 0, limit: int = 256) -> list[OwedRequest]:
        """Return what is owed to a route with a number above `after`, in the order of the numbers."""
        found = [
            OwedRequest(number, seq)
            for number, (name, seq) in self._debts.owed.items()
            if name == route and number > after
        ]
        return found[:limit]

    async def record(self, handovers: Sequence[Handover], settled: Sequence[int] = ()) -> None:
        """Keep what came of requests, and settle debts."""
        for number in settled:
            self._debts.owed.pop(number, None)
        for one in handovers:
            self._debts.count(one.route, one.outcome)
            if one.receipt in self._receipts:
                self._debts.handovers.append(one)

    async def drop(self, route: str) -> int:
        """Owe nothing to a route any more, and return how many requests that were."""
        dropped = [number for number, (name, _) in self._debts.owed.items() if name == route]
        for number in dropped:
            del self._debts.owed[number]
        self._debts.count(route, Outcome.DROPPED, len(dropped))
        return len(dropped)

    def owe_refusals_to(self, routes: Sequence[str]) -> None:
        """Owe a receipt to these routes whenever a record of it is refused."""
        self._debts.refusals_to = tuple(routes)

    async def handovers(self, receipt: Cursor) -> list[Handover]:
        """Return what is known of one request along all routes, oldest first."""
        return [one for one in self._debts.handovers if one.receipt == receipt]

    async def counts(self) -> dict[str, RouteCounts]:
        """Return the totals of each route."""
        waiting = [route for route, _ in self._debts.owed.values()]
        return {
            route: RouteCounts(
                waiting=waiting.count(route),
                sent=totals.get(Outcome.SENT, 0),
                refused=totals.get(Outcome.REFUSED, 0),
                dropped=totals.get(Outcome.DROPPED, 0),
            )
            for route, totals in self._debts.totals.items()
        }
