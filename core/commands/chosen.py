"""Many messages of a journal, chosen without a list of all their ids: one by one, or by a filter.

A screen that marks a million messages keeps the filter and the newest id, not a million numbers.
`walk` finds the messages in the journal, oldest first, and `count` says how many there are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import NamedTuple

from ..api.models import Summary
from ..api.viewer import Viewer
from ..chosen import Chosen

PAGE = 1_000
"""Messages asked for at a time."""
CHUNK = 500
"""Messages found one by one that are handed on together."""
WAIT = 250
"""Milliseconds after which a search is answered with what it found so far."""


class Line(NamedTuple):
    """A message that is chosen, and when it was received (ms)."""

    id: int
    received_at: int


class _Stream:
    """The messages that match one filter, read in order. All up to `reached` are known."""

    def __init__(self, viewer: Viewer, filter: str, after: int, end: int) -> None:
        self.filter = filter
        self.reached = after
        self._viewer = viewer
        self._end = end
        self._held: list[Summary] = []

    async def read_on(self) -> None:
        """Read the next messages."""
        wait = WAIT if self.filter else None
        page = await self._viewer.page(after=self.reached, limit=PAGE, filter=self.filter, wait=wait)
        self._held += [line for line in page.summaries if line.id <= self._end]
        if page.searched_to:
            self.reached = min(page.searched_to, self._end)
        elif page.more and page.summaries:
            self.reached = min(page.summaries[-1].id, self._end)
        else:
            self.reached = self._end

    def take(self, upto: int) -> list[Summary]:
        """Return the messages up to an id, and forget them."""
        taken = [line for line in self._held if line.id <= upto]
        self._held = self._held[len(taken) :]
        return taken


async def walk(viewer: Viewer, chosen: Chosen, only: str = "") -> AsyncIterator[list[Line]]:
    """Yield the chosen messages, oldest first, some at a time; with `only`, those that match it as well.

    The lists may be empty: each says that more of the journal was searched.
    """
    singles = sorted(chosen.single)
    if not chosen.steps and not only:
        on = [Line(id, chosen.single[id].received_at) for id in singles if chosen.single[id].on]
        for at in range(0, len(on), CHUNK):
            yield on[at : at + CHUNK]
        return
    end = chosen.last
    at = 0 if chosen.steps or not singles else singles[0] - 1
    filters = tuple(dict.fromkeys((*chosen.filters, *((only,) if only else ()))))
    streams = [_Stream(viewer, filter, at, end) for filter in filters]
    before = 0
    while at < end:
        for stream in streams:
            if stream.reached == at:
                await stream.read_on()
        at = min(stream.reached for stream in streams)
        found: dict[int, int] = {}
        matching: dict[str, set[int]] = {}
        refused: set[int] = set()
        for stream in streams:
            lines = stream.take(at)
            matching[stream.filter] = {line.id for line in lines}
            found |= {line.id: line.received_at for line in lines}
            refused |= {line.id for line in lines if line.refused}
        while before < len(singles) and singles[before] <= at:
            id = singles[before]
            found.setdefault(id, chosen.single[id].received_at)
            before += 1
        wanted = matching[only] if only else found.keys()

        def matches(filter: str, id: int, matching: Mapping[str, set[int]] = matching) -> bool:
            return id in matching[filter]

        ids = sorted((found.keys() & wanted) - refused)
        yield [Line(id, found[id]) for id in ids if chosen.holds(id, matches)]


async def count(
    viewer: Viewer, chosen: Chosen, only: str = "", so_far: Callable[[int], bool] | None = None
) -> int:
    """Return how many messages are chosen; with `only`, how many of them match it as well.

    `so_far` is called with the number found while the journal is searched; False ends the search.
    """
    if not chosen.steps and not only:
        return sum(one.on for one in chosen.single.values())
    if not only and len(chosen.steps) == 1 and not chosen.steps[0].filter:
        upto = chosen.steps[0].upto
        total = await _received(viewer, upto)
        if total is not None:
            singles = [(id, chosen.holds(id, lambda filter, id: True)) for id in chosen.single]
            more = sum(bool(on) for id, on in singles if id > upto)
            return total + more - sum(not on for id, on in singles if id <= upto)
    total = 0
    async for lines in walk(viewer, chosen, only):
        total += len(lines)
        if so_far is not None and not so_far(total):
            break
    return total


async def _received(viewer: Viewer, upto: int) -> int | None:
    """Return how many messages there are up to an id, None if the engine has not counted all of them."""
    covered = (await viewer.overview()).covered
    if covered.behind or covered.older:
        return None
    low, high = sorted((covered.last, upto))
    stream = _Stream(viewer, "", low, high)
    between = 0
    while stream.reached < high:
        await stream.read_on()
        between += sum(not line.refused for line in stream.take(stream.reached))
    return covered.messages + (between if upto > covered.last else -between)
