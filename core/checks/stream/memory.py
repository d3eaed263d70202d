"""What stream rules remember: bounded, with the oldest forgotten first, and counted.

Ids are kept as 64-bit hashes in flat arrays, some 30 bytes each: a million distinct ones take tens of
megabytes where dictionaries would take hundreds. A table is cut into many small ones, so that growing or
forgetting never holds the event loop for longer than a few milliseconds.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

import msgspec

V = TypeVar("V")
K = TypeVar("K", bound=Hashable)

PARTS = 256
_MASK = (1 << 64) - 1
_FIRST = 8
"""Slots of a part when it is new."""
_SMALL = 128
"""Parts with fewer slots grow by more, so that they are moved less often."""
_FULL = 0.7


def hashed(text: str) -> int:
    """Return a number for a text, never 0, within this process."""
    return hash(text) & _MASK or 1


class Slot(msgspec.Struct, gc=False):
    """The place of an id: `columns[i][at]` is what column i holds for it. Valid until the next `place`."""

    columns: list[array[int]]
    at: int
    new: bool


class IdTable:
    """Numbers by hashed id, for about `capacity` ids; beyond that the least recently seen are forgotten.

    `columns` are array type codes, one a column; every value begins as 0. `forgotten` counts.
    """

    def __init__(self, capacity: int, columns: Sequence[str]) -> None:
        self._limit = max(_FIRST // 2, -(-capacity // PARTS))
        self._codes = tuple(columns)
        self._parts = [_Part(self._codes, _FIRST) for _ in range(PARTS)]
        self.forgotten = 0

    def __len__(self) -> int:
        return sum(part.used for part in self._parts)

    def place(self, key: int, tick: int) -> Slot:
        """Return the slot of an id, made when it is new; it counts as seen at `tick`."""
        part = self._parts[key & (PARTS - 1)]
        keys, mask = part.keys, part.size - 1
        at = (key >> 8) & mask
        while (there := keys[at]) and there != key:  # `find`, without the call
            at = (at + 1) & mask
        new = not there
        if new:
            if part.used >= self._limit:
                self.forgotten += self._forget(part)
                at = part.find(key)
            if part.used >= part.size * _FULL:
                part.rebuild(self._codes, part.size * (4 if part.size < _SMALL else 2), None)
                at = part.find(key)
            part.keys[at] = key
            part.used += 1
        part.ticks[at] = tick & 0xFFFFFFFF
        return Slot(part.columns, at, new)

    def look(self, key: int) -> Slot | None:
        """Return the slot of an id that was placed and not forgotten; does not count as seeing it."""
        part = self._parts[key & (PARTS - 1)]
        at = part.find(key)
        return Slot(part.columns, at, False) if part.keys[at] else None

    def _forget(self, part: _Part) -> int:
        """Forget the least recently seen quarter of a part."""
        ticks = sorted(part.ticks[at] for at in range(part.size) if part.keys[at])
        before = part.used
        part.rebuild(self._codes, part.size, ticks[len(ticks) // 4])
        if part.used == before:  # all were seen at the same moment
            part.rebuild(self._codes, part.size, None, skip=before // 4)
        return before - part.used


class _Part:
    """One open-addressed table; its size is a power of two."""

    __slots__ = ("columns", "keys", "size", "ticks", "used")

    def __init__(self, codes: Sequence[str], size: int) -> None:
        self._make(codes, size)

    def _make(self, codes: Sequence[str], size: int) -> None:
        self.size = size
        self.used = 0
        self.keys = array("Q", bytes(8 * size))
        self.ticks = array("I", bytes(array("I").itemsize * size))
        self.columns = [array(code, bytes(array(code).itemsize * size)) for code in codes]

    def find(self, key: int) -> int:
        """Return where the key is, or where it would go."""
        keys, mask = self.keys, self.size - 1
        at = (key >> 8) & mask
        while (there := keys[at]) and there != key:
            at = (at + 1) & mask
        return at

    def rebuild(self, codes: Sequence[str], size: int, since: int | None, *, skip: int = 0) -> None:
        """Move to `size` slots; without those seen before `since`, and without the first `skip`."""
        keys, ticks, columns = self.keys, self.ticks, self.columns
        self._make(codes, size)
        pairs = list(zip(self.columns, columns, strict=True))
        for old, key in enumerate(keys):
            if not key or (since is not None and ticks[old] < since):
                continue
            if skip:
                skip -= 1
                continue
            at = self.find(key)
            self.keys[at] = key
            self.ticks[at] = ticks[old]
            for column, before in pairs:
                column[at] = before[old]
            self.used += 1


class Recent(Generic[K, V]):
    """A dictionary of the most recent entries, between `capacity` / 2 and `capacity` of them."""

    def __init__(self, capacity: int) -> None:
        self._half = max(1, capacity // 2)
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def __contains__(self, key: K) -> bool:
        return key in self._young or key in self._old

    def get(self, key: K) -> V | None:
        """Return what is kept under the key, or None."""
        found = self._young.get(key)
        return self._old.get(key) if found is None else found

    def values(self) -> list[V]:
        """Return everything that is kept, the oldest first."""
        return [*self._old.values(), *self._young.values()]

    def remembered(self) -> list[K]:
        """Return the keys that are kept, the oldest first."""
        return [*self._old, *self._young]

    def put(self, key: K, value: V) -> None:
        """Keep it as the most recent."""
        young = self._young
        if key in young:  # as most are that come again and again
            young[key] = value
            return
        self._old.pop(key, None)
        young[key] = value
        if len(young) >= self._half:
            self._age()

    def swap(self, key: K, value: V) -> V | None:
        """Keep it as the most recent, and return what was kept under the key before, or None."""
        young = self._young
        before = young.get(key)
        young[key] = value
        if before is None:
            before = self._old.pop(key, None)
            if len(young) >= self._half:
                self._age()
        return before

    def _age(self) -> None:
        self.forgotten += len(self._old)
        self._old, self._young = self._young, {}

    def first_time(self, key: K, value: V) -> bool:
        """Keep the key, and return whether it is new."""
        if key in self:
            return False
        self.put(key, value)
        return True
