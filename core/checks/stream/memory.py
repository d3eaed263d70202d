"""What stream rules remember: bounded, with the oldest forgotten first, and counted.

Ids are kept as 64-bit hashes in flat arrays, some 50 bytes each with what is known of them: a million
distinct ones take tens of megabytes where dictionaries would take hundreds. The index of a table is cut into
many small ones, so that growing or forgetting never holds the event loop for longer than a few milliseconds.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

V = TypeVar("V")
K = TypeVar("K", bound=Hashable)

PARTS = 256
_FIRST = 8
"""Slots of a part of the index when it is new."""
_SMALL = 128
"""Parts with fewer slots grow by more, so that they are moved less often."""
_FULL = 0.7
_ROOM = 256
"""Ids that there is room for at first; then for an eighth more each time."""


def hashed(text: str) -> int:
    """Return a number of 64 bits for a text, never 0, within this process."""
    return hash(text) or 1


class IdTable:
    """Numbers by hashed id, for about `capacity` ids; beyond that the least recently seen are forgotten.

    Each id has a number, from 1, and `columns[i]` holds at that place what column i has for it: 0 at first.
    `codes` are the columns' array type codes. `forgotten` counts. The number of a forgotten id is given to a
    new one.
    """

    def __init__(self, capacity: int, codes: Sequence[str]) -> None:
        self._limit = max(_FIRST // 2, -(-capacity // PARTS))
        self.columns = tuple([array(code, [0]) for code in codes])
        self._keys = array("q", [0])
        self._ticks = array("I", [0])
        self._parts = [array("I", bytes(4 * _FIRST)) for _ in range(PARTS)]
        """Numbers by hash: tables with open addressing, whose sizes are powers of two."""
        self._left = [min(self._limit, math.ceil(_FIRST * _FULL))] * PARTS
        """For how many more ids there is room in each part."""
        self._room = 1
        self._next = 1
        self._free: list[int] = []
        self.forgotten = 0

    def __len__(self) -> int:
        return self._next - 1 - len(self._free)

    def known(self, key: int, tick: int) -> int:
        """Return the number of an id, which counts as seen at `tick`; 0 if it has none."""
        slots, keys = self._parts[key & (PARTS - 1)], self._keys
        mask = len(slots) - 1
        at = (key >> 8) & mask
        while number := slots[at]:
            if keys[number] == key:
                self._ticks[number] = tick & 0xFFFFFFFF
                return number
            at = (at + 1) & mask
        return 0

    def add(self, key: int, tick: int) -> int:
        """Give a number to an id that has none; it was seen at `tick`."""
        part = key & (PARTS - 1)
        left = self._left[part]
        if not left:
            left = self._make_room(part)
        self._left[part] = left - 1
        if self._free:
            number = self._free.pop()
        else:
            number = self._next
            self._next = number + 1
            if number == self._room:
                self._grow()
        self._keys[number], self._ticks[number] = key, tick & 0xFFFFFFFF
        slots = self._parts[part]
        mask = len(slots) - 1
        at = (key >> 8) & mask
        while slots[at]:
            at = (at + 1) & mask
        slots[at] = number
        return number

    def look(self, key: int) -> int:
        """Return the number of an id, 0 if it has none; does not count as seeing it."""
        slots, keys = self._parts[key & (PARTS - 1)], self._keys
        mask = len(slots) - 1
        at = (key >> 8) & mask
        while (number := slots[at]) and keys[number] != key:
            at = (at + 1) & mask
        return number

    def _grow(self) -> None:
        more = max(_ROOM, self._room // 8)
        for column in (self._keys, self._ticks, *self.columns):
            column.frombytes(bytes(column.itemsize * more))
        self._room += more

    def _make_room(self, part: int) -> int:
        """Make room for another id in a part; return for how many there is."""
        size, numbers = len(self._parts[part]), self._numbers(part)
        if len(numbers) >= self._limit:
            numbers = self._without_oldest(part, numbers)
        if len(numbers) >= size * _FULL:
            size *= 4 if size < _SMALL else 2
            self._place(part, numbers, size)
        return min(self._limit, math.ceil(size * _FULL)) - len(numbers)

    def _numbers(self, part: int) -> list[int]:
        return [number for number in self._parts[part] if number]

    def _place(self, part: int, numbers: Sequence[int], size: int) -> None:
        """Make the index of a part again, with so many slots."""
        slots, keys, mask = array("I", bytes(4 * size)), self._keys, size - 1
        for number in numbers:
            at = (keys[number] >> 8) & mask
            while slots[at]:
                at = (at + 1) & mask
            slots[at] = number
        self._parts[part] = slots

    def _without_oldest(self, part: int, numbers: list[int]) -> list[int]:
        """Forget the least recently seen quarter of a part; return the numbers that are left."""
        ticks = self._ticks
        since = sorted([ticks[number] for number in numbers])[len(numbers) // 4]
        kept = [number for number in numbers if ticks[number] >= since]
        if len(kept) == len(numbers):  # all were seen at the same moment
            kept = numbers[len(numbers) // 4 :]
        self._place(part, kept, len(self._parts[part]))
        gone = set(numbers).difference(kept)
        for column in self.columns:
            for number in gone:
                column[number] = 0
        self._free.extend(gone)
        self.forgotten += len(gone)
        return self._numbers(part)


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

    def know(self, key: K, value: V) -> None:
        """Keep it as the most recent; `value` is always the same for the key."""
        if key not in self._young:  # most come again and again
            self.put(key, value)

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
