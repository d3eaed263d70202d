"""What messages show of group keys: who is in a group, and which events and profiles carry a key. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ..checks.group_keys import (
    group_ids,
    group_text,
    is_id,
    keys_in_settings,
    meant_key,
    written_properties,
)
from ..checks.ids import is_placeholder
from ..checks.stream import Said
from ..checks.stream.group_evidence import EVENT, PROFILE, Elsewhere, Evidence, EvidenceKept
from ..checks.stream.memory import Recent
from ..checks.stream.packed import Members, bytes_of, whole
from ..messages import JsonObject
from ..settings import Destination

EVIDENCE = 5
"""The newest messages that are named for each part."""
_IDS = 20_000
_KEPT_EVENTS = 200
"""The newest events that are counted for a key that comes to be known after them."""
_MOST_VALUES = 5_000
_MOST_KEYS = 50
_MOST_NAMES = 2_000
"""Events that are counted for a key, and traits of profiles that are followed."""
OTHERS = "(other events)"
"""The name under which events are counted once there are too many."""
_MEMBERS = 100_000
"""Users and visitors in groups that are remembered, between half as many and so many."""
_NO_GROUP: frozenset[str] = frozenset()


class Counts(msgspec.Struct):
    """The number of times that an event carried a key, and came without it from a user in a group."""

    carrying: int = 0
    lacking: int = 0


class UnknownValue(msgspec.Struct):
    """A value of a key that may be no group's id: how often it came, the newest messages, and the event."""

    event: str
    count: int = 0
    from_member: bool = False
    messages: list[int] = msgspec.field(default_factory=list[int])


class _Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    name: str
    properties: Members
    member_of: frozenset[str]
    message: int


class _EventKept(msgspec.Struct, frozen=True, array_like=True):
    name: str
    properties: JsonObject
    member_of: frozenset[str]
    message: int


class TrafficKept(msgspec.Struct, frozen=True, array_like=True):
    """What `GroupTraffic` remembers, as plain data."""

    group_calls: int
    written: dict[str, list[int]]
    written_by: dict[str, str]
    likely: str
    ids_as_keys: list[int]
    meant: dict[str, str]
    on_profiles: dict[str, list[int]]
    profiles: list[int]
    events: dict[str, dict[str, Counts]]
    lacking: dict[str, list[int]]
    any_event: bool
    ids: dict[str, list[str]]
    values: list[tuple[str, str, UnknownValue]]
    members: list[tuple[str, list[str]]]
    evidence: EvidenceKept
    newest: list[_EventKept]
    keys: list[str]


class GroupTraffic:
    """Follows the group keys of the settings, of group calls, and the names that carry their ids instead.

    `known` are Mixpanel's keys; None if they are unknown. Give it the messages in their order. What it
    remembers is bounded: beyond that, further keys, events and members are not followed.
    """

    def __init__(self, destination: Destination, known: Sequence[str] | None) -> None:
        self.destination = destination
        self.known = None if known is None else tuple(known)
        self.group_calls = 0
        self.written: dict[str, list[int]] = {}
        """The keys that groups were written under, each with the newest messages."""
        self.written_by: dict[str, str] = {}
        """The subscription that wrote them."""
        self.likely = ""
        """The trait that names the group in a call that the destination ignored."""
        self.ids_as_keys: list[int] = []
        self.meant: dict[str, str] = {}
        """For a key that Segment writes and that is not the one meant: that one."""
        self.on_profiles: dict[str, list[int]] = {}
        self.profiles: list[int] = []
        """Messages that wrote a user's profile."""
        self.events: dict[str, dict[str, Counts]] = {}
        """By key and event."""
        self.lacking: dict[str, list[int]] = {}
        self.any_event = False
        self._ids: dict[str, set[str]] = {}
        self._values: dict[tuple[str, str], UnknownValue] = {}
        self._members: Recent[str, frozenset[str]] = Recent(_MEMBERS)
        """The keys of the groups that a user or visitor is in."""
        self._any_member = False
        self._evidence = Evidence(_IDS)
        self._newest: deque[_Event] = deque(maxlen=_KEPT_EVENTS)
        self._keys: list[str] = []
        self._sought: list[bytes] = []
        """The bytes of these keys."""
        for key in keys_in_settings(known, destination):
            self._follow(key)

    def kept(self) -> TrafficKept:
        """Return everything that is remembered."""
        return TrafficKept(
            self.group_calls,
            self.written,
            self.written_by,
            self.likely,
            self.ids_as_keys,
            self.meant,
            self.on_profiles,
            self.profiles,
            self.events,
            self.lacking,
            self.any_event,
            {key: list(ids) for key, ids in self._ids.items()},
            [(key, text, value) for (key, text), value in self._values.items()],
            [(id, list(self._members.get(id) or ())) for id in self._members.remembered()],
            self._evidence.kept(),
            [_EventKept(one.name, whole(one.properties), one.member_of, one.message) for one in self._newest],
            self._keys,
        )

    def restore(self, kept: TrafficKept) -> None:
        """Remember what `kept` gave, for the same settings."""
        self.group_calls, self.any_event, self.likely = kept.group_calls, kept.any_event, kept.likely
        self.written, self.written_by, self.meant = kept.written, kept.written_by, kept.meant
        self.ids_as_keys, self.on_profiles, self.profiles = kept.ids_as_keys, kept.on_profiles, kept.profiles
        self.events, self.lacking = kept.events, kept.lacking
        self._ids = {key: set(ids) for key, ids in kept.ids.items()}
        self._values = {(key, text): value for key, text, value in kept.values}
        for id, keys in kept.members:
            self._members.put(id, frozenset(keys))
            self._any_member = True
        self._evidence.restore(kept.evidence)
        self._newest.extend(
            [_Event(one.name, one.properties, one.member_of, one.message) for one in kept.newest]
        )
        self._keys, self._sought = kept.keys, [bytes_of(key) for key in kept.keys]

    def add(self, said: Said) -> None:
        """Add one message, by what it says; a copy, which Segment would drop, is left out."""
        if said.second:
            return
        if said.type == "group":
            self._group(said)
        if said.kept_back:
            return
        if said.profiles:
            self._profile(said)
        if said.events:
            self._events(said)

    def _follow(self, key: str) -> None:
        """Count the key on events from now on, and on the newest before."""
        if key in self._keys or len(self._keys) >= _MOST_KEYS:
            return
        self._keys.append(key)
        self._sought.append(bytes_of(key))
        for event in self._newest:
            self._count(key, event)

    def _group(self, said: Said) -> None:
        self.group_calls += 1
        self.likely = said.likely_key or self.likely
        if said.kept_back:
            return
        message = said.id
        keys = {str(one.record.get("$group_key")) for one in said.groups}
        for one in said.groups:
            record = one.record
            key, id = str(record.get("$group_key")), record.get("$group_id")
            if is_id(one, record, self.destination, (said.group, said.user)):
                note(self.ids_as_keys, message)
                continue
            if key not in self.written and len(self.written) >= _MOST_KEYS:
                continue
            note(self.written.setdefault(key, []), message)
            self.written_by.setdefault(key, one.subscription)
            ids = self._ids.setdefault(key, set())
            if len(ids) <= _IDS:
                ids.add(group_text(id))
            self._follow(key)
            if self.known is not None and key not in self.known:
                meant = meant_key(record, self.destination, self.known)
                if meant is not None:
                    self.meant[key] = meant
            else:
                self._instead(self._evidence.group(key, id, written_properties(record), keys))
            person = said.user or said.anonymous
            if person:
                expected = frozenset((self.meant.get(key, key),))
                self._members.put(person, (self._members.get(person) or _NO_GROUP) | expected)
                self._any_member = True

    def _profile(self, said: Said) -> None:
        values: JsonObject = {}
        for _, update in said.profiles:
            values.update(update)
        if not values:
            return
        note(self.profiles, said.id)
        for key in values:
            if key in self.on_profiles or len(self.on_profiles) < _MOST_NAMES:
                note(self.on_profiles.setdefault(key, []), said.id)
        self._instead(self._evidence.look(PROFILE, values))

    def _events(self, said: Said) -> None:
        self.any_event = True
        groups = self._groups_of(said) if self._any_member else _NO_GROUP
        for one in said.events:
            properties = one.properties
            event = _Event(str(one.event), properties, groups, said.id)
            self._newest.append(event)
            if groups or not properties.lacks(self._sought):
                for key in self._keys:
                    self._count(key, event)
            if found := self._evidence.look(EVENT, properties):
                self._instead(found)

    def _groups_of(self, said: Said) -> frozenset[str]:
        keys = (self._members.get(id) or _NO_GROUP for id in (said.user, said.anonymous) if id)
        return _NO_GROUP.union(*keys)

    def _instead(self, found: Iterable[Elsewhere]) -> None:
        for one in found:
            if self.known is None or one.name in self.known:
                self.meant[one.key] = one.name
                self._follow(one.name)

    def _count(self, key: str, event: _Event) -> None:
        carries = event.properties.get(key) not in (None, "", [])
        member = key in {self.meant.get(one, one) for one in event.member_of}
        if not carries and not member:
            return  # its user is in no such group
        events = self.events.setdefault(key, {})
        name = event.name if event.name in events or len(events) < _MOST_NAMES else OTHERS
        counts = events.setdefault(name, Counts())
        if carries:
            counts.carrying += 1
            self._note_values(key, event, member)
        else:
            counts.lacking += 1
            note(self.lacking.setdefault(key, []), event.message)

    def _note_values(self, key: str, event: _Event, member: bool) -> None:
        texts = [group_text(one) for one in group_ids(event.properties[key])]
        ids = self._ids.get(key, set())
        if any(text in ids for text in texts):
            return
        for text in texts:
            if not text or is_placeholder(text) or len(self._values) >= _MOST_VALUES:
                continue
            value = self._values.setdefault((key, text), UnknownValue(event.name))
            value.count += 1
            value.from_member |= member
            note(value.messages, event.message)

    def group_ids(self) -> set[str]:
        """Return the groups that group calls named, as far as they are remembered."""
        found: set[str] = set()
        return found.union(*self._ids.values())

    def unknown_values(self, key: str) -> Iterator[tuple[str, UnknownValue]]:
        """Yield the values that no group call has: in another spelling, or of users who are in a group."""
        ids = self._ids.get(key, set())
        if len(ids) > _IDS:
            return  # not all of them are remembered
        folded = {id.casefold() for id in ids}
        for (of, text), value in self._values.items():
            if of == key and ids and text not in ids and (value.from_member or text.casefold() in folded):
                yield text, value


def note(messages: list[int], message: int) -> None:
    """Keep the newest few, oldest first: those that are still at hand."""
    messages.append(message)
    del messages[:-EVIDENCE]
