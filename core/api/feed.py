"""The live feed: what is new goes to every viewer, in few frames, and never waits for a slow one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence

from ..delivery import DeliveryState
from .models import Change, EngineState, FeedBatch, Summary

FRAME_INTERVAL = 0.1
"""Seconds between two frames to one viewer: 10 a second at most. The first after a rest goes at once."""
NO_STATUSES: Mapping[int, int] = {}
MAX_ADDED = 4_000
MAX_CHANGED = 10_000
"""What is held for a viewer between frames. Beyond it the oldest go: summaries are counted as missed; after
lost changes, what the viewer holds is outdated."""


class _Seat:
    """One viewer's place: what it has not been sent yet."""

    def __init__(self) -> None:
        self.added: deque[Summary] = deque(maxlen=MAX_ADDED)
        self.changed: dict[int, Change] = {}
        self.handed: dict[int, None] = {}
        self.missed = 0
        self.outdated = False
        self.cleared = False
        self.reread = False
        self.wake = asyncio.Event()

    def add(self, summaries: Sequence[Summary]) -> None:
        overflow = len(self.added) + len(summaries) - MAX_ADDED
        if overflow > 0:
            self.missed += overflow
        self.added.extend(summaries)
        self.wake.set()

    def change(self, states: Iterable[tuple[int, DeliveryState]], statuses: Mapping[int, int]) -> None:
        for id, delivery in states:
            before = self.changed.get(id)
            known = before.status if before is not None and before.delivery is delivery else 0
            self.changed[id] = Change(id, delivery, statuses.get(id, known))
        while len(self.changed) > MAX_CHANGED:
            del self.changed[next(iter(self.changed))]
            self.outdated = True
        self.wake.set()

    def hand(self, receipt: int) -> None:
        self.handed[receipt] = None
        if len(self.handed) > MAX_CHANGED:
            del self.handed[next(iter(self.handed))]
            self.outdated = True
        self.wake.set()

    def clear(self) -> None:
        self.added.clear()
        self.changed.clear()
        self.handed.clear()
        self.missed = 0
        self.outdated = False
        self.cleared = True
        self.wake.set()

    def take(self, state: EngineState) -> FeedBatch:
        batch = FeedBatch(
            added=tuple(self.added),
            changed=tuple(self.changed.values()),
            handed=tuple(self.handed),
            state=state,
            missed=self.missed,
            outdated=self.outdated,
            cleared=self.cleared,
            reread=self.reread,
        )
        self.added.clear()
        self.changed.clear()
        self.handed.clear()
        self.missed = 0
        self.outdated = self.cleared = self.reread = False
        return batch


class Feed:
    """Hands summaries, delivery changes and the engine's state to any number of viewers.

    `state` is asked once a frame. Publishing costs an append for each viewer and never waits.
    """

    def __init__(self, state: Callable[[], Awaitable[EngineState]]) -> None:
        self._state = state
        self._seats: set[_Seat] = set()
        self._listeners: list[Callable[[bool], None]] = []
        self._closed = False

    @property
    def viewers(self) -> int:
        """How many are watching."""
        return len(self._seats)

    @property
    def closed(self) -> bool:
        """True once the engine stops."""
        return self._closed

    def listen(self, listener: Callable[[bool], None]) -> None:
        """Call `listener` after each publication, each change and at the end.

        It is given True if what was published before is void.
        """
        self._listeners.append(listener)

    def publish(self, summaries: Sequence[Summary]) -> None:
        """Hand new lines of the list, in order, to every viewer."""
        for seat in self._seats:
            seat.add(summaries)
        self._tell_listeners()

    def change(
        self, states: Sequence[tuple[int, DeliveryState]], statuses: Mapping[int, int] = NO_STATUSES
    ) -> None:
        """Hand new states of messages, as (message id, state), to every viewer.

        `statuses` are the HTTP statuses of those that Mixpanel refused.
        """
        for seat in self._seats:
            seat.change(states, statuses)
        self._tell_listeners()

    def hand(self, receipt: int) -> None:
        """Tell every viewer that a whole request was handed to a route."""
        for seat in self._seats:
            seat.hand(receipt)

    def touch(self) -> None:
        """Send the engine's state to every viewer."""
        for seat in self._seats:
            seat.wake.set()

    def clear(self) -> None:
        """Tell every viewer that the journal was emptied: what was published before is void."""
        for seat in self._seats:
            seat.clear()
        self._tell_listeners(void=True)

    def reread(self) -> None:
        """Tell every viewer that messages are read by other settings: what it holds of them is void."""
        for seat in self._seats:
            seat.reread = True
            seat.wake.set()
        self._tell_listeners(void=True)

    def close(self) -> None:
        """End every viewer's iteration."""
        self._closed = True
        self.touch()
        self._tell_listeners()

    def _tell_listeners(self, *, void: bool = False) -> None:
        for listener in self._listeners:
            listener(void)

    async def watch(self) -> AsyncGenerator[FeedBatch]:
        """Yield frames for one viewer until the feed closes. The first holds the state and no messages."""
        seat = _Seat()
        self._seats.add(seat)
        try:
            yield FeedBatch(state=await self._state())
            while True:
                await seat.wake.wait()
                if self._closed:
                    return
                seat.wake.clear()
                # The state is asked first: asking takes a moment in which more may arrive.
                state = await self._state()
                yield seat.take(state)
                await asyncio.sleep(FRAME_INTERVAL)
        finally:
            self._seats.discard(seat)
