"""Finding the other copy of an action: among those that came before, or among all that are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from ..messages import JsonObject
from .actions import Action

Mode = Literal["cloud", "device"]
MOST_WAITING = 2_048
"""Copies that wait for the other one; beyond that the oldest are left without."""


class Copy(msgspec.Struct, gc=False):
    """One copy of an action: the message, the mode that it came in, and its properties or traits.

    `time` is the action's, or when the copy was received where the action has none. `order` tells copies
    apart; the first one wins where nothing else decides.
    """

    id: int
    mode: Mode
    action: Action
    time: float
    parts: JsonObject
    order: int = 0


def copy_of(id: int, mode: Mode, action: Action, parts: JsonObject, received: float, order: int = 0) -> Copy:
    """Return a copy of an action; `received` is the time in place of the action's, if that has none."""
    return Copy(id, mode, action, received if action.time is None else action.time, parts, order)


class Pairing:
    """Copies that came without the other one so far. Each is paired once.

    Of several that fit, the one with the most equal properties is the other copy, then one of the same user,
    then the nearest in time.
    """

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._waiting: dict[int, Copy] = {}
        self._by_name: dict[str, dict[int, Copy]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, id: int, mode: Mode, action: Action, parts: JsonObject, received: float) -> int | None:
        """Return the id of the other copy of an action, or keep this one until the other comes.

        The arguments are those of `copy_of`. A message with several actions is added once for each.
        """
        one = copy_of(id, mode, action, parts, received, self._next)
        best = max(self._fitting(one), key=lambda other: _rank(one, other), default=None)
        if best is not None:
            self._remove(best)
            return best.id
        self._next += 1
        self._waiting[one.order] = one
        for name in action.names:
            self._by_name.setdefault(name, {})[one.order] = one
        if len(self._waiting) > self._most:
            self._remove(next(iter(self._waiting.values())))
        return None

    def _fitting(self, one: Copy) -> Iterator[Copy]:
        for name in one.action.names:
            for other in self._by_name.get(name, {}).values():
                if other.mode != one.mode and _fits(one, other):
                    yield other

    def _remove(self, one: Copy) -> None:
        del self._waiting[one.order]
        for name in one.action.names:
            waiting = self._by_name[name]
            del waiting[one.order]
            if not waiting:
                del self._by_name[name]


def pairs_among(copies: Sequence[Copy]) -> Iterator[tuple[Copy, Copy]]:
    """Yield the pairs of copies, those with the most equal properties first; each copy is in one at most.

    Unlike `Pairing`, it knows all of them: one whose own copy is missing does not take that of another.
    """
    by_name: dict[str, list[Copy]] = {}
    for one in copies:
        if one.mode == "device":
            for name in one.action.names:
                by_name.setdefault(name, []).append(one)
    clouds = [one for one in copies if one.mode == "cloud"]
    fitting = [
        (one, other)
        for one in clouds
        for other in _once(other for name in one.action.names for other in by_name.get(name, ()))
        if _fits(one, other)
    ]
    paired: set[int] = set()
    for one, other in sorted(fitting, key=lambda both: _rank(*both), reverse=True):
        if id(one) not in paired and id(other) not in paired:
            paired |= {id(one), id(other)}
            yield one, other


def _once(copies: Iterable[Copy]) -> Iterable[Copy]:
    return {id(one): one for one in copies}.values()


def _fits(one: Copy, other: Copy) -> bool:
    here, there = one.action, other.action
    if abs(one.time - other.time) > here.within:
        return False
    if here.page and there.page:
        return here.page == there.page
    return here.user == there.user or not here.user or not there.user


def _rank(one: Copy, other: Copy) -> tuple[int, int, float, int]:
    here, there = one.action.user, other.action.user
    same_user = 1 if not here or not there else 2 * (here == there)
    return equal_parts(one.parts, other.parts), same_user, -abs(one.time - other.time), -other.order


def equal_parts(one: JsonObject, other: JsonObject) -> int:
    """Return how many properties have the same value in both."""
    return sum(name in other and other[name] == value for name, value in one.items())
