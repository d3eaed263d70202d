"""The marks of a screen in a filter: `is:marked` becomes the name of a set that the engine keeps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from ..chosen import MARKED, Chosen
from ..errors import FilterFault

KEPT = 64
"""Sets of marks that are remembered: steps of later marks may name earlier ones."""


def asks_marks(filter: str) -> bool:
    """Return True if a filter may ask for marks."""
    return MARKED in filter.lower()


class MarkNames:
    """What is marked, by the names that filters have for it. `marks` returns what is marked now."""

    def __init__(self, marks: Callable[[], Chosen]) -> None:
        self._marks = marks
        self._known: dict[str, Chosen] = {}
        self._sent: set[str] = set()

    def named(self, filter: str) -> str:
        """Return the filter with the name of the present marks; it keeps its meaning when they change.

        One that cannot be read stays as it is: the engine says what is wrong.
        """
        if not asks_marks(filter):
            return filter
        from ..query.sets import named

        chosen = self._marks()
        try:
            written = named(filter, chosen.name)
        except FilterFault:
            return filter
        if written != filter:
            self._known.pop(chosen.name, None)
            self._known[chosen.name] = chosen
            while len(self._known) > KEPT:
                del self._known[next(iter(self._known))]
        return written

    async def ready(self, filter: str, send: Callable[[Chosen], Awaitable[object]]) -> str:
        """Return the filter with named marks, once the engine has all sets that it names."""
        if not asks_marks(filter):
            return filter
        written = self.named(filter)
        names: dict[str, None] = {}
        self._gather(written, names)
        for name in names:
            if name not in self._sent:
                await send(self._known[name])
                self._sent.add(name)
        return written

    def forget_sent(self) -> None:
        """Send every set again when it is asked for next: another engine answers."""
        self._sent.clear()

    def _gather(self, filter: str, names: dict[str, None]) -> None:
        """Add the sets that a filter needs, each behind those that it needs itself."""
        for name in self._names(filter):
            if name in self._known and name not in names:
                for inner in self._known[name].filters:
                    self._gather(inner, names)
                names[name] = None

    def _names(self, filter: str) -> Collection[str]:
        from ..query import parse
        from ..query.sets import names_of

        try:
            return names_of(parse(filter).node)
        except FilterFault:
            return ()
