"""Names and values over time: spellings, types, and names without end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...catalogue import stream as rule
from ...paths import child
from ...text import shown
from ...verdict import Finding
from .digest import BITS, MAX_NAME
from .memory import Recent
from .observed import StreamLimits, object_of
from .seen import Seen

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


_PATHS = {"event": "$.event", "page": "$.name", "screen": "$.name"}
"""Where the name of an event, a page or a screen stands."""


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

    def look(self, seen: Seen) -> Sequence[Finding]:
        """Find what is odd about the names and types of the message."""
        if seen.second:
            return ()
        said = seen.said
        found: list[Finding] = []
        name, what = said.name, "event" if said.type == "track" else said.type
        if name and what in self._known:
            known = self._known[what]
            if len(name) <= MAX_NAME and name not in known:
                known.put(name, True)
                found += self._spelling(what, name, _PATHS[what])
            if (many := self._count(seen, _PATHS[what])) is not None:
                found.append(many)
        if said.is_event:
            what, where = "property", "properties"
        elif said.type in ("identify", "group"):
            what, where = "trait", "traits"
        else:
            return found
        # Properties of an event, traits of users, traits of groups: each has its own types.
        of = name if said.type == "track" else ""
        shape = hash((said.type, of, said.shape))
        if shape not in self._shapes:  # most messages have the names and types of an earlier one
            found += self._members(seen, what, where, of)
            self._shapes.add(shape)
            if self.forgotten != self._lost or len(self._shapes) > self._limits.names:
                # Forgotten names must be learned again, so every shape is looked at again.
                self._shapes.clear()
                self._lost = self.forgotten
        return found

    def _members(self, seen: Seen, what: str, where: str, of: str) -> Iterator[Finding]:
        known = self._known[what]
        for name, bit in zip(seen.said.names, seen.said.types, strict=True):
            if name not in known:
                known.put(name, True)
                yield from self._spelling(what, name, child(f"$.{where}", name))
            if bit and not (self._types.get((seen.said.type, of, name)) or 0) & bit:
                yield from self._type(seen, of, name, bit, where)

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

    def _type(self, seen: Seen, of: str, name: str, bit: int, where: str) -> Iterator[Finding]:
        """Note a type that the property did not have before."""
        key = seen.said.type, of, name
        before = self._types.get(key)
        self._types.put(key, (before or 0) | bit)
        if before is not None:
            first = _OF_BIT[before & -before]
            whose = f" of {shown(of, 40)}" if of else ""
            now, value = _OF_BIT[bit], object_of(seen.document.get(where)).get(name)
            yield rule.PROPERTY_TYPE_DRIFT.finding(
                child(f"$.{where}", name),
                f"{shown(name, 40)[1:-1]}{whose} was {first} before, here it is {now}: {shown(value, 40)}",
            )

    def _count(self, seen: Seen, path: str) -> Finding | None:
        track = seen.said.type == "track"
        names = self._events if track else self._pages
        steps = self._limits.event_names if track else self._limits.page_names
        if len(names) >= steps[-1]:
            return None  # the last thing that there is to say has been said
        name = hash(seen.said.name)
        if name in names:
            return None
        names.add(name)
        if len(names) not in steps:
            return None
        if track:
            return rule.EVENT_NAME_CARDINALITY.finding(
                path, f"{len(names):,} distinct event names so far, the newest {shown(seen.said.name, 60)}"
            )
        return rule.PAGE_NAME_CARDINALITY.finding(
            path,
            f"{len(names):,} distinct names of pages and screens so far, the newest"
            f" {shown(seen.said.name, 60)}",
        )
