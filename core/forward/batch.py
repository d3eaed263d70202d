"""Records in order, taken out in batches that share one request each. Pure.

A batch takes, in order, the first record that may go and all that may share its request, up to the limits.
It never overtakes: a record that waits (see `records`) for one still in the queue or on its way stays behind.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Set

import msgspec

from ..verdict import OutgoingRequest
from .records import BatchKey, Record
from .wire import WireForm, assemble

_CHOICE = 64
"""Records among which `Queue.pick` chooses."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one request: records, and bytes before gzip and percent-encoding.

    /import: Mixpanel accepts 2000 records. Its documentation names both 10 MB uncompressed and 2,097,152
    bytes as the limit: below 2 MB uncompressed, a request is within both. The form endpoints accept 2000,
    too, but answer for all at once (`1`: at least one is valid): small batches keep a refusal traceable.
    """

    json_records: int = 2000
    json_bytes: int = 2_000_000
    form_records: int = 50
    form_bytes: int = 500_000

    def at_rate(self, records: int) -> Limits:
        """Return the limits under a cap of so many records a second (0: none): a request holds no more."""
        if not records:
            return self
        return msgspec.structs.replace(
            self, json_records=min(self.json_records, records), form_records=min(self.form_records, records)
        )

    def of(self, route: BatchKey) -> tuple[int, int]:
        """Return (records, bytes) for a request on that route."""
        if route.shape == "json":
            return self.json_records, self.json_bytes
        return (self.form_records, self.form_bytes) if route.shape == "form" else (1, self.form_bytes)


class Batch(msgspec.Struct, frozen=True):
    """Records that travel in one request, in order: one at least, all of the same route."""

    records: tuple[Record, ...]

    def __len__(self) -> int:
        return len(self.records)

    @property
    def route(self) -> BatchKey:
        """What all its records have in common."""
        return self.records[0].route

    @property
    def carrier(self) -> OutgoingRequest:
        """The request, without a body."""
        return self.records[0].carrier

    @property
    def with_service_account(self) -> bool:
        """True if a service account authenticates the request: only that names the project's number."""
        return "project_id=" in self.carrier.url or "project_id" in (self.carrier.query or {})

    @property
    def repeatable(self) -> bool:
        """True when sending the whole batch twice comes to the same as once."""
        return all(record.repeatable for record in self.records)

    @property
    def holds(self) -> frozenset[str]:
        """What later records have to wait for while this is on its way."""
        return frozenset[str]().union(*(record.holds for record in self.records))

    def wire(self, mixpanel_url: str = "") -> WireForm:
        """Return the request as it leaves."""
        return assemble(self.carrier, [record.text for record in self.records], mixpanel_url=mixpanel_url)

    def without(self, record: Record) -> Batch:
        """Return the batch without one of its records."""
        return Batch(tuple(one for one in self.records if one is not record))

    def halves(self) -> list[Batch]:
        """Return the batch in two, in order."""
        middle = len(self.records) // 2
        return [Batch(self.records[:middle]), Batch(self.records[middle:])]

    def singles(self) -> list[Batch]:
        """Return one batch for each record, in order."""
        return [Batch((record,)) for record in self.records]


class Queue:
    """Records waiting to be sent, oldest first."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._records: deque[Record] = deque()
        self._routes: Counter[BatchKey] = Counter()

    def __len__(self) -> int:
        return len(self._records)

    def add(self, records: Iterable[Record]) -> None:
        """Put records behind those that are there."""
        for record in records:
            self._records.append(record)
            self._routes[record.route] += 1

    def clear(self) -> None:
        """Forget all of them."""
        self._records.clear()
        self._routes.clear()

    def put_first(self, record: Record) -> None:
        """Put a record back that `pick` took out: it waits for none of those before it."""
        self._records.appendleft(record)
        self._routes[record.route] += 1

    def pick(self, route: BatchKey, held: Set[str], turn: int) -> Record | None:
        """Take out one record of the route that may go now and may be sent twice; None if there is none.

        `turn` chooses among the first of them, another one each time, should one be refused.
        """
        blocked = set(held)
        found: list[int] = []
        for position, record in enumerate(self._records):
            if record.route == route and record.repeatable and blocked.isdisjoint(record.waits):
                found.append(position)
                if len(found) == _CHOICE:
                    break
            blocked |= record.holds
        if not found:
            return None
        position = found[turn % len(found)]
        record = self._records[position]
        del self._records[position]
        self._left(route, 1)
        return record

    def blocked_by(self, route: BatchKey, held: Set[str], holds: Set[str]) -> Iterator[Record]:
        """Yield the records of the route that wait for nothing but `holds`, which are part of `held`."""
        blocked = set(held)
        for record in self._records:
            waits = record.waits & blocked
            if record.route == route and waits and waits <= holds:
                yield record
            blocked |= record.holds - holds

    def take(self, held: Set[str], may_go: Callable[[BatchKey], bool]) -> Batch | None:
        """Return the next batch, or None when nothing may go now.

        `held` is what batches on their way hold; `may_go` tells whether another request may be sent on a
        route. Costs one pass over the records that stay behind in front of the batch's last.
        """
        allowed = {route: may_go(route) for route in self._routes}
        if not any(allowed.values()):
            return None
        queue, blocked = self._records, set(held)
        taken: list[Record] = []
        skipped: list[Record] = []
        route: BatchKey | None = None
        room, size = 1, 0
        while queue and len(taken) < room:
            record = queue[0]
            own = record.route
            fits = allowed[own] and (route is None or (own == route and not record.alone))
            if not fits or (record.waits and not blocked.isdisjoint(record.waits)):
                blocked |= record.holds
                skipped.append(queue.popleft())
                continue
            most, most_bytes = self.limits.of(own)
            if taken and size + len(record.text) + 1 > most_bytes:
                break
            route, room = own, 1 if record.alone else most
            size += len(record.text) + 1
            taken.append(queue.popleft())
        queue.extendleft(reversed(skipped))
        if route is None:
            return None
        self._left(route, len(taken))
        return Batch(tuple(taken))

    def _left(self, route: BatchKey, count: int) -> None:
        self._routes[route] -= count
        if not self._routes[route]:
            del self._routes[route]
