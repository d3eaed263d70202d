"""Ids by the million in little memory: each text once, in UTF-8, under a number that counts from 1."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from zlib import crc32

PARTS = 256
"""The index is cut into so many: growing one of them never takes longer than some milliseconds."""
_FIRST = 8
_FULL = 0.7
_CHUNK_BITS = 20
_CHUNK = 1 << _CHUNK_BITS
_NARROW = 1 << 32 - _CHUNK_BITS
"""Chunks whose places fit into 32 bits: 4 GB of ids."""
_END = b"\xff"
"""Behind each text. It is in no UTF-8, so that a search finds nothing across two ids."""
_RECENT, _LONG = 16_384, 256
"""Ids whose numbers are at hand, twice as many at most; longer ones are looked up each time."""


class IdStore:
    """Numbers for ids, and the ids by their numbers.

    The index hashes ids without their case, so that a new id meets those that differ from it by case alone.
    `columns` and `restored` are for keeping it.
    """

    def __init__(self) -> None:
        self._chunks = [bytearray()]
        self._starts = array("I", [0])
        """Where an id stands: chunk number and place in it. Ids of one chunk are in their order."""
        self._tags = array("I", [0])
        self._slots = [array("I", bytes(4 * _FIRST)) for _ in range(PARTS)]
        self._used = array("I", bytes(4 * PARTS))
        self.recent: dict[str, int] = {}
        """The numbers of ids that were asked for lately, of some thousands at least."""
        self._before: dict[str, int] = {}
        self.alike: set[int] = set()
        """Ids that have the hash of another one: only these may have twins."""

    def columns(self) -> dict[str, bytearray | array[int]]:
        """Return what the store consists of, by name; the values are those in use."""
        columns: dict[str, bytearray | array[int]] = {
            "starts": self._starts,
            "tags": self._tags,
            "used": self._used,
            "alike": array("I", sorted(self.alike)),
        }
        columns |= {f"slots {part}": slots for part, slots in enumerate(self._slots)}
        columns |= {f"chunk {number}": chunk for number, chunk in enumerate(self._chunks)}
        return columns

    @classmethod
    def restored(cls, columns: Mapping[str, bytes]) -> IdStore:
        """Return the store that these columns are of. Raises KeyError, ValueError."""
        store = cls()
        if len(columns["starts"]) > len(columns["tags"]):
            store._starts = array("Q")
        for name, column in store.columns().items():
            if isinstance(column, array):
                column[:] = array(column.typecode, columns[name])
        store.alike = set(array("I", columns["alike"]))
        store._chunks = [bytearray(columns["chunk 0"])]
        while (chunk := columns.get(f"chunk {len(store._chunks)}")) is not None:
            store._chunks.append(bytearray(chunk))
        return store

    def __len__(self) -> int:
        return len(self._starts) - 1

    def find(self, id: str) -> int:
        """Return the number of an id, 0 when it has none."""
        known = self.recent.get(id)
        if known is not None:
            return known
        part, tag = _place(id)
        return self._look(part, tag, _encoded(id))[0]

    def number(self, id: str) -> int:
        """Return the number of an id, a new one (`len` grows) when it has none yet."""
        recent = self.recent
        number = recent.get(id)
        if number is not None:
            return number
        number = self._before.get(id)
        if number is None:
            part, tag = _place(id)
            data = _encoded(id)
            number, at, alike = self._look(part, tag, data)
            if not number:
                number = self._add(part, tag, at, data)
                if alike:
                    self.alike.update((alike, number))
        if len(id) <= _LONG:
            if len(recent) >= _RECENT:
                self._before, self.recent = recent, {}
            self.recent[id] = number
        return number

    def text(self, number: int) -> str:
        """Return the id of that number."""
        return self._bytes(number).decode("utf-8", "surrogatepass")

    def twins(self, number: int) -> Iterator[int]:
        """Yield other ids that differ from this one by upper and lower case alone."""
        if number not in self.alike:
            return
        id = self.text(number)
        lower = id.lower()
        part, tag = _place(id)
        slots = self._slots[part]
        mask = len(slots) - 1
        at = tag & mask
        while other := slots[at]:
            if other != number and self._tags[other] == tag and self.text(other).lower() == lower:
                yield other
            at = (at + 1) & mask

    def containing(self, text: str) -> Iterator[int]:
        """Yield the ids that contain a text, whatever the case of its letters, each once and in
        their order.
        """
        if not text.isascii():
            wanted = text.casefold()
            yield from (one for one in range(1, len(self) + 1) if wanted in self.text(one).casefold())
            return
        sought = text.encode().lower()
        for chunk, data in enumerate(self._chunks):
            lower = data.lower()
            at = lower.find(sought)
            while at >= 0:
                yield bisect_right(self._starts, chunk << _CHUNK_BITS | min(at, _CHUNK - 1)) - 1
                at = lower.find(sought, lower.index(_END, at))

    def _look(self, part: int, tag: int, data: bytes) -> tuple[int, int, int]:
        """Return the number of an id or 0, its slot or the one where it would go, and an id of the same hash.

        The last is 0 if none was met on the way.
        """
        slots, tags = self._slots[part], self._tags
        mask = len(slots) - 1
        at, alike = tag & mask, 0
        while number := slots[at]:
            if tags[number] == tag:
                if self._bytes(number) == data:
                    break
                alike = number
            at = (at + 1) & mask
        return number, at, alike

    def _bytes(self, number: int) -> bytes | bytearray:
        start = self._starts[number]
        place, chunk = start & (_CHUNK - 1), self._chunks[start >> _CHUNK_BITS]
        return chunk[place : chunk.index(_END, place)]

    def _add(self, part: int, tag: int, at: int, data: bytes) -> int:
        number = len(self._starts)
        chunk = self._chunks[-1]
        if chunk and len(chunk) + len(data) >= _CHUNK:
            chunk = bytearray()
            self._chunks.append(chunk)
            if len(self._chunks) > _NARROW and self._starts.typecode == "I":
                self._starts = array("Q", self._starts)
        self._starts.append(len(self._chunks) - 1 << _CHUNK_BITS | len(chunk))
        self._tags.append(tag)
        chunk += data
        chunk += _END
        slots = self._slots[part]
        slots[at] = number
        self._used[part] += 1
        if self._used[part] >= len(slots) * _FULL:
            self._slots[part] = self._larger(slots)
        return number

    def _larger(self, slots: array[int]) -> array[int]:
        larger = array("I", bytes(8 * len(slots)))
        mask = len(larger) - 1
        for number in slots:
            if number:
                at = self._tags[number] & mask
                while larger[at]:
                    at = (at + 1) & mask
                larger[at] = number
        return larger


def _place(id: str) -> tuple[int, int]:
    """Return the part of the index that an id belongs to, and its hash there (32 bits), in every process."""
    key = crc32(_encoded(id.lower()))
    return key & (PARTS - 1), key >> 8 | (key & (PARTS - 1)) << 24


def _encoded(id: str) -> bytes:
    return id.encode("utf-8", "surrogatepass")
