"""Names and values over time: spellings, types, and names without end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...catalogue import stream as rule
from ...messages import Json, JsonObject
from ...paths import child
from ...text import shown
from ...verdict import Finding
from .digest import BITS, MAX_NAME
from .memory import Recent
from .observed import Seen, StreamLimits

_BETWEEN = re.compile(r"[\s_\-.]+")
_SPELLINGS = 4
"""The most spellings of one name that are reported; more would only repeat the finding."""

_KINDS: dict[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}
_OF_BIT = {bit: _KINDS[kind] for kind, bit in BITS.items()}


class Names:
    """Remembers names of events, properties and traits, and the types of values."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._known: dict[str, Recent[str, bool]] = {}
        self._spellings: dict[str, Recent[str, tuple[str, ...]]] = {}
        for what in ("event", "page", "screen", "property", "trait"):
            self._known[what] = Recent(limits.names)
            self._spellings[what] = Recent(limits.names)
        self._types: Recent[tuple[str, str, str], int] = Recent(2 * limits.names)
        self._shapes: set[int] = set()
        """Hashes of the names and types that messages had, all of which are known."""
        self._lost = 0
        """How many names were forgotten when the shapes were last cleared."""
        self._pages: set[int] = set()
        self._events: set[int] = set()

    @property
    def forgotten(self) -> int:
        """Names that are no longer known."""
        tables = (*self._known.values(), *self._spellings.values(), self._types)
        return sum(table.forgotten for table in tables)

    def look(self, seen: Seen) -> Iterator[Finding]:
        """What is odd about the names and types of the message."""
        if seen.second:
            return
        what = "event" if seen.type == "track" else seen.type
        if seen.name and what in self._known:
            path = "$.event" if what == "event" else "$.name"
            if len(seen.name) <= MAX_NAME and seen.name not in self._known[what]:
                self._known[what].put(seen.name, True)
                yield from self._spelling(what, seen.name, path)
            yield from self._count(seen, path)
        if seen.is_event:
            yield from self._members(seen, "property", seen.properties, "$.properties")
        elif seen.type in ("identify", "group"):
            yield from self._members(seen, "trait", seen.traits, "$.traits")

    def _members(self, seen: Seen, what: str, members: JsonObject, path: str) -> Iterator[Finding]:
        # Properties of an event, traits of users, traits of groups: each has its own types.
        of = seen.name if seen.type == "track" else ""
        shape = hash((seen.type, of, seen.members))
        if shape in self._shapes:
            return  # most messages have the names and types of an earlier one
        known = self._known[what]
        for name, bit in seen.members:
            if name not in known:
                known.put(name, True)
                yield from self._spelling(what, name, child(path, name))
            if bit and not (self._types.get((seen.type, of, name)) or 0) & bit:
                yield from self._type(seen, of, name, members[name], path)
        self._shapes.add(shape)
        if self.forgotten != self._lost or len(self._shapes) > self._limits.names:
            # Forgotten names must be learned again, so every shape is looked at again.
            self._shapes.clear()
            self._lost = self.forgotten

    def _spelling(self, what: str, name: str, path: str) -> Iterator[Finding]:
        if len(name) > MAX_NAME:
            return
        plain = _BETWEEN.sub("", name).casefold()
        if what in ("property", "trait"):
            plain = plain.removeprefix("$")
        if not plain:
            return
        table = self._spellings[what]
        before = table.get(plain)
        if before is None:
            table.put(plain, (name,))
        elif name not in before and len(before) < _SPELLINGS:
            table.put(plain, (*before, name))
            noun = {"event": "event", "page": "page name", "screen": "screen name"}.get(what, what)
            yield rule.NAME_CASING.finding(
                path,
                f"{noun} {shown(name, 60)} came as {shown(before[0], 60)} before: Mixpanel tells them apart",
            )

    def _type(self, seen: Seen, of: str, name: str, value: Json, path: str) -> Iterator[Finding]:
        """Note a type that the property did not have before."""
        key, bit = (seen.type, of, name), BITS[type(value)]
        before = self._types.get(key)
        self._types.put(key, (before or 0) | bit)
        if before is not None:
            first = _OF_BIT[before & -before]
            where = f" of {shown(of, 40)}" if of else ""
            now = _OF_BIT[bit]
            yield rule.PROPERTY_TYPE_DRIFT.finding(
                child(path, name),
                f"{shown(name, 40)[1:-1]}{where} was {first} before, here it is {now}: {shown(value, 40)}",
            )

    def _count(self, seen: Seen, path: str) -> Iterator[Finding]:
        track = seen.type == "track"
        names = self._events if track else self._pages
        steps = self._limits.event_names if track else self._limits.page_names
        if len(names) >= steps[-1]:
            return  # the last thing that there is to say has been said
        before = len(names)
        names.add(hash(seen.name))
        if len(names) == before or len(names) not in steps:
            return
        if track:
            yield rule.EVENT_NAME_CARDINALITY.finding(
                path, f"{len(names):,} distinct event names so far, the newest {shown(seen.name, 60)}"
            )
        else:
            yield rule.PAGE_NAME_CARDINALITY.finding(
                path,
                f"{len(names):,} distinct names of pages and screens so far, the newest"
                f" {shown(seen.name, 60)}",
            )
