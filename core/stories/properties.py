"""The properties of an event over time: which types, in how many messages, and when a type changed. Pure.

What is kept is bounded: beyond the limits below, properties are not followed.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence

from ..aggregates.counts import STEPS
from ..messages import RAW_TYPE, Json, JsonObject
from .model import PropertyStory, TypeChange, TypeSeen

MOST_SLOTS = 40
MOST_PROPERTIES = 2_000
MOST_CHANGES = 20
MAX_DEPTH = 4
"""Objects inside one another whose properties are followed."""
MOST_ITEMS = 20
"""Items of an array whose values are looked at."""
LONGEST_NAME = 256
"""Characters of a name that are kept."""
NULL = "null"

Path = tuple[str, ...]


def holder_of(type: str) -> str:
    """Return where messages of a type have what they tell: `properties` or `traits`."""
    return "traits" if type in ("identify", "group") else "properties"


def held_in(document: JsonObject, type: str) -> JsonObject:
    """Return what a message tells; for a record of Mixpanel's own SDKs that is not an event, the record."""
    held = document.get(holder_of(type))
    if isinstance(held, dict):
        return held
    return document if type == RAW_TYPE and "event" not in document else {}


class _Type:
    __slots__ = ("first", "last", "messages", "since", "slots", "until")

    def __init__(self, id: int, at: int) -> None:
        self.messages = 0
        self.first = self.last = id
        self.since = self.until = at
        self.slots: Counter[int] = Counter()


class _Property:
    __slots__ = ("changes", "changes_total", "messages", "newest", "oldest", "types")

    def __init__(self) -> None:
        self.messages = 0
        self.types: dict[str, _Type] = {}
        self.oldest: tuple[str, int, int] | None = None
        """Type, message and time of the oldest value that is not null."""
        self.newest = ""
        """The type of the newest value that is not null."""
        self.changes: deque[TypeChange] = deque()
        """The newest first."""
        self.changes_total = 0


class Properties:
    """Gathers the properties of messages; each that is added is newer, or older, than all before."""

    def __init__(self, type: str) -> None:
        self.type = type
        self.messages = 0
        self.open = False
        """True once there were more properties than are followed."""
        self.first = self.last = 0
        self.since = self.until = 0
        self.step = STEPS[0]
        self._found: dict[Path, _Property] = {}
        self._slots: Counter[int] = Counter()

    def add(self, id: int, at: int, document: JsonObject) -> None:
        """Add the message with that id, which was received at `at` (ms)."""
        newer = id > self.last
        if not self.messages:
            self.first, self.since, self.until = id, at, at
        self.messages += 1
        self.first, self.last = min(self.first, id), max(self.last, id)
        self.since, self.until = min(self.since, at), max(self.until, at)
        while self.until // self.step - self.since // self.step >= MOST_SLOTS and self.step < STEPS[-1]:
            self._widen()
        slot = at // self.step
        self._slots[slot] += 1
        for path, type in types_in(held_in(document, self.type)):
            found = self._found.get(path)
            if found is None:
                if len(self._found) >= MOST_PROPERTIES:
                    self.open = True
                    continue
                found = self._found[path] = _Property()
            self._add(found, type, id, at, slot, newer)

    def _add(self, found: _Property, type: str, id: int, at: int, slot: int, newer: bool) -> None:
        found.messages += 1
        seen = found.types.get(type)
        if seen is None:
            seen = found.types[type] = _Type(id, at)
        seen.messages += 1
        seen.slots[slot] += 1
        if id < seen.first:
            seen.first, seen.since = id, at
        if id > seen.last:
            seen.last, seen.until = id, at
        if type == NULL:
            return
        oldest = found.oldest
        if oldest is None:
            found.oldest, found.newest = (type, id, at), type
        elif newer:
            if type != found.newest:
                found.changes.appendleft(TypeChange(id, at, found.newest, type))
                self._changed(found)
            found.newest = type
        else:
            if type != oldest[0]:
                found.changes.append(TypeChange(oldest[1], oldest[2], type, oldest[0]))
                self._changed(found)
            found.oldest = type, id, at

    def _changed(self, found: _Property) -> None:
        found.changes_total += 1
        if len(found.changes) > MOST_CHANGES:
            found.changes.pop()  # the oldest

    def _widen(self) -> None:
        """Make the slots longer, each a multiple of one before."""
        longer = STEPS[STEPS.index(self.step) + 1]
        many, self.step = longer // self.step, longer
        self._slots = _joined(self._slots, many)
        for found in self._found.values():
            for seen in found.types.values():
                seen.slots = _joined(seen.slots, many)

    @property
    def total(self) -> int:
        """How many properties are followed."""
        return len(self._found)

    @property
    def _range(self) -> range:
        return range(self.since // self.step, self.until // self.step + 1) if self.messages else range(0)

    @property
    def start(self) -> int:
        """When the first slot begins (ms)."""
        return self.since - self.since % self.step

    def slots(self) -> tuple[int, ...]:
        """Return how many messages are in each slot, the oldest first."""
        return tuple(self._slots[slot] for slot in self._range)

    def stories(self, limit: int) -> tuple[PropertyStory, ...]:
        """Return the properties: those that changed their type first, then by messages, then by path."""
        order = sorted(
            self._found.items(), key=lambda one: (not one[1].changes_total, -one[1].messages, one[0])
        )
        slots = self._range
        return tuple(
            PropertyStory(
                path=path,
                messages=one.messages,
                types=_types(one.types, slots),
                changes=tuple(one.changes),
                changes_total=one.changes_total,
            )
            for path, one in order[:limit]
        )


def _types(types: dict[str, _Type], slots: range) -> tuple[TypeSeen, ...]:
    """Return the types, the one seen first at the top."""
    return tuple(
        TypeSeen(
            type=name,
            messages=one.messages,
            first=one.first,
            last=one.last,
            since=one.since,
            until=one.until,
            slots=tuple(one.slots[slot] for slot in slots),
        )
        for name, one in sorted(types.items(), key=lambda one: (one[1].first, one[0]))
    )


def _joined(slots: Counter[int], many: int) -> Counter[int]:
    joined: Counter[int] = Counter()
    for slot, count in slots.items():
        joined[slot // many] += count
    return joined


def types_in(held: JsonObject) -> Iterator[tuple[Path, str]]:
    """Yield each property with the type of its value; where items of an array differ: `number or string`."""
    found: dict[Path, str | set[str]] = {}
    _note(found, (), held, 0)
    for path, type in found.items():
        yield path, type if isinstance(type, str) else " or ".join(sorted(type))


def _note(found: dict[Path, str | set[str]], path: Path, held: JsonObject, depth: int) -> None:
    for name, value in held.items():
        own = (*path, name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME])
        type = type_of(value)
        known = found.get(own)
        if known is None:
            found[own] = type
        elif isinstance(known, set):
            known.add(type)
        elif known != type:
            found[own] = {known, type}
        if depth + 1 < MAX_DEPTH:
            if isinstance(value, dict):
                _note(found, own, value, depth + 1)
            elif isinstance(value, list):
                _note_items(found, own, value, depth + 1)


def _note_items(found: dict[Path, str | set[str]], path: Path, items: Sequence[Json], depth: int) -> None:
    for item in items[:MOST_ITEMS]:
        if isinstance(item, dict):
            _note(found, path, item, depth)


def type_of(value: Json) -> str:
    """Return JSON's name of a value's type."""
    match value:
        case None:
            return NULL
        case bool():
            return "boolean"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return "number"
