"""Finding the other copy of an action among those that came before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from ..messages import JsonObject
from .actions import Action

Mode = Literal["cloud", "device"]
MOST_WAITING = 2_048
"""Copies that wait for the other one; beyond that the oldest are left without."""


class _Waiting(msgspec.Struct, gc=False):
    id: int
    mode: Mode
    action: Action
    time: float
    parts: JsonObject
    order: int


class Pairing:
    """Copies that came without the other one so far. Each is paired once.

    Of several that fit, the one with the most equal properties is the other copy, then the nearest in time.
    """

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._waiting: dict[int, _Waiting] = {}
        self._by_name: dict[str, dict[int, _Waiting]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, id: int, mode: Mode, action: Action, parts: JsonObject, received: float) -> int | None:
        """Return the id of the other copy of an action, or keep this one until the other comes.

        `parts` are its properties or traits; `received` is the time in place of the action's, if that has
        none. A message with several actions is added once for each.
        """
        one = _Waiting(id, mode, action, received if action.time is None else action.time, parts, self._next)
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

    def _fitting(self, one: _Waiting) -> Iterator[_Waiting]:
        for name in one.action.names:
            for other in self._by_name.get(name, {}).values():
                if other.mode != one.mode and _fits(one, other):
                    yield other

    def _remove(self, one: _Waiting) -> None:
        del self._waiting[one.order]
        for name in one.action.names:
            waiting = self._by_name[name]
            del waiting[one.order]
            if not waiting:
                del self._by_name[name]


def _fits(one: _Waiting, other: _Waiting) -> bool:
    here, there = one.action, other.action
    if abs(one.time - other.time) > here.within:
        return False
    if here.page and there.page:
        return here.page == there.page
    return here.user == there.user or not here.user or not there.user


def _rank(one: _Waiting, other: _Waiting) -> tuple[int, float, int]:
    return equal_parts(one.parts, other.parts), -abs(one.time - other.time), -other.order


def equal_parts(one: JsonObject, other: JsonObject) -> int:
    """Return how many properties have the same value in both."""
    return sum(name in other and other[name] == value for name, value in one.items())
