"""Starts the requests that may be sent now, and knows those that are under way."""

from __future__ import annotations

import asyncio
from collections import Counter

from .aside import TRY_AGAIN_MS
from .batch import Batch
from .courier import Courier, first
from .records import BatchKey
from .sender import Parcel, Services


class Dispatcher:
    """The requests under way: each is a task that sees one batch through with the `courier`.

    Nothing is started while `Services.interrupt` is set.
    """

    def __init__(self, services: Services, courier: Courier) -> None:
        self.courier = courier
        self.failure: BaseException | None = None
        """What ended one of the tasks."""
        self._services = services
        self._under_way: dict[asyncio.Task[None], Batch] = {}
        self._retries = 0
        """How many of them try again what is set aside."""
        self._busy: Counter[BatchKey] = Counter()

    @property
    def idle(self) -> bool:
        """True while nothing is under way."""
        return not self._under_way

    @property
    def only_retries(self) -> bool:
        """True while nothing is under way but tries of what is set aside."""
        return len(self._under_way) == self._retries

    def messages(self) -> set[int]:
        """Return the messages of which something is under way."""
        return {record.message for batch in self._under_way.values() for record in batch.records}

    def dispatch(self) -> None:
        """Start what may be sent now."""
        if self._services.interrupt.is_set():
            return
        courier, queue = self.courier, self._services.queue
        held = courier.held
        for route in courier.paused_routes():
            # After a pause rather a record that may be sent twice than one that adds.
            if self._may_go(route) and (record := queue.pick(route, held.keys(), 0)) is not None:
                self._start(Parcel(Batch((record,))))
        while (batch := queue.take(courier.held.keys(), self._may_go)) is not None:
            self._start(Parcel(batch))

    def take_up(self) -> None:
        """Try again what is set aside and due."""
        if self._services.interrupt.is_set():
            return
        now = self._services.clock.steady()
        for aside in self.courier.shelf.due(now):
            record = aside.record
            free = self.courier.held.keys().isdisjoint(record.waits | record.holds)
            if free and self._may_go(record.route):
                aside.due = now + TRY_AGAIN_MS
                self._start(Parcel(Batch((record,)), aside.number, aside=aside))

    async def settled(self, patience: float) -> None:
        """Wait until nothing is under way, at most so many seconds."""
        if self._under_way:
            await first(asyncio.wait(self._under_way), self._services.clock.sleep(patience))

    async def abandon(self) -> None:
        """Cancel what is under way."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _may_go(self, route: BatchKey) -> bool:
        """Return whether another request may be sent on the route: a few at once, one after a pause."""
        most = self._services.pace.at_once(route)
        if route in self.courier.troubles:
            most = 1 if self.courier.may_try(route) else 0
        return self._busy[route] < most

    def _start(self, parcel: Parcel) -> None:
        batch, courier = parcel.batch, self.courier
        courier.hold(batch)
        self._busy[batch.route] += 1
        self._retries += parcel.aside is not None

        def done(task: asyncio.Task[None]) -> None:
            del self._under_way[task]
            courier.release(batch)
            self._busy[batch.route] -= 1
            self._retries -= parcel.aside is not None
            if not task.cancelled() and (error := task.exception()) is not None:
                self.failure = self.failure or error
            self._services.changed.set()

        task = asyncio.create_task(courier.deliver(parcel), name=f"to {batch.route.path}")
        self._under_way[task] = batch
        task.add_done_callback(done)
