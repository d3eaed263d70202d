"""What messages show of group keys: who is in a group, and which events and profiles carry a key."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ..checks.group_keys import (
    group_ids,
    group_records,
    group_text,
    is_id,
    keys_in_settings,
    likely_keys,
    meant_key,
    profile_updates,
    written_properties,
)
from ..checks.ids import is_placeholder
from ..checks.request import event_records
from ..checks.stream.group_evidence import EVENT, PROFILE, Elsewhere, Evidence
from ..messages import Json, JsonObject
from ..settings import Destination
from ..verdict import Translation

EVIDENCE = 5
"""The newest messages that are named for each part."""
_IDS = 20_000
_KEPT_EVENTS = 200
"""The newest events that are counted for a key that comes to be known after them."""
_MOST_VALUES = 5_000
_NO_GROUP: frozenset[str] = frozenset()


class Counts(msgspec.Struct):
    """How often an event carried a key, and came without it from a user in a group."""

    carrying: int = 0
    lacking: int = 0


class UnknownValue(msgspec.Struct):
    """A value of a key that may be no group's id: how often it came, the newest messages, and the event."""

    event: str
    count: int = 0
    from_member: bool = False
    messages: list[int] = msgspec.field(default_factory=list[int])


class _Event(msgspec.Struct, frozen=True):
    name: str
    properties: JsonObject
    member_of: frozenset[str]
    message: int


class GroupTraffic:
    """Follows the group keys of the settings, of group calls, and the names that carry their ids instead."""

    def __init__(self, destination: Destination, known: Sequence[str] | None) -> None:
        self._destination = destination
        self._known = known
        self.group_calls = 0
        self.written: dict[str, list[int]] = {}
        """The keys that groups were written under, with the newest messages; so are the next."""
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
        self._members: dict[str, frozenset[str]] = {}
        """The keys of the groups that a user or visitor is in."""
        self._evidence = Evidence(_IDS)
        self._newest: deque[_Event] = deque(maxlen=_KEPT_EVENTS)
        self._keys: list[str] = []
        for key in keys_in_settings(known, destination):
            self._follow(key)

    def add(self, document: JsonObject, translation: Translation, message: int) -> None:
        """Take in one message; `message` is its id."""
        kind = document.get("type")
        if kind == "group":
            self._group(document, translation, message)
        elif kind == "identify":
            self._profile(translation, message)
        self._events(document, translation, message)

    def _follow(self, key: str) -> None:
        """Count the key on events from now on, and on the newest before."""
        if key in self._keys:
            return
        self._keys.append(key)
        for event in self._newest:
            self._count(key, event)

    def _group(self, document: JsonObject, translation: Translation, message: int) -> None:
        self.group_calls += 1
        records = list(group_records(translation))
        traits = document.get("traits")
        if not records and isinstance(traits, dict):
            self.likely = next(iter(likely_keys(traits, document.get("groupId"))), self.likely)
        keys = {str(record.get("$group_key")) for _, _, record in records}
        for _, operation, record in records:
            key, id = str(record.get("$group_key")), record.get("$group_id")
            if is_id(operation, record, self._destination, (document.get("groupId"), document.get("userId"))):
                note(self.ids_as_keys, message)
                continue
            note(self.written.setdefault(key, []), message)
            self.written_by.setdefault(key, operation.subscription)
            self._ids.setdefault(key, set()).add(group_text(id))
            self._follow(key)
            if self._known is not None and key not in self._known:
                meant = meant_key(record, self._destination, self._known)
                if meant is not None:
                    self.meant[key] = meant
            else:
                self._instead(self._evidence.group(key, id, written_properties(record), keys))
            expected = frozenset((self.meant.get(key, key),))
            for person in _people(document):
                self._members[person] = self._members.get(person, _NO_GROUP) | expected

    def _profile(self, translation: Translation, message: int) -> None:
        values: JsonObject = {}
        for _, update in profile_updates(translation):
            values.update(update)
        if not values:
            return
        note(self.profiles, message)
        for key in values:
            note(self.on_profiles.setdefault(key, []), message)
        self._instead(self._evidence.look(PROFILE, values))

    def _events(self, document: JsonObject, translation: Translation, message: int) -> None:
        for _, record, properties in event_records(translation):
            self.any_event = True
            event = _Event(str(record.get("event")), properties, self._groups_of(document), message)
            self._newest.append(event)
            for key in self._keys:
                self._count(key, event)
            self._instead(self._evidence.look(EVENT, properties))

    def _groups_of(self, document: JsonObject) -> frozenset[str]:
        ids = (document.get("userId"), document.get("anonymousId"))
        keys = (self._members.get(id, _NO_GROUP) for id in ids if isinstance(id, str) and id)
        return _NO_GROUP.union(*keys)

    def _instead(self, found: Iterable[Elsewhere]) -> None:
        for one in found:
            if self._known is None or one.name in self._known:
                self.meant[one.key] = one.name
                self._follow(one.name)

    def _count(self, key: str, event: _Event) -> None:
        carries = event.properties.get(key) not in (None, "", [])
        member = key in {self.meant.get(one, one) for one in event.member_of}
        if not carries and not member:
            return  # its user is in no such group
        counts = self.events.setdefault(key, {}).setdefault(event.name, Counts())
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

    def unknown_values(self, key: str) -> Iterator[tuple[str, UnknownValue]]:
        """Yield the values that no group call has: in another spelling, or of users who are in a group."""
        ids = self._ids.get(key, set())
        folded = {id.casefold() for id in ids}
        for (of, text), value in self._values.items():
            if of == key and ids and text not in ids and (value.from_member or text.casefold() in folded):
                yield text, value


def note(messages: list[int], message: int) -> None:
    """Keep the newest few, oldest first: those that are still at hand."""
    messages.append(message)
    del messages[:-EVIDENCE]


def _people(document: JsonObject) -> list[str]:
    """Who a group call is about: the user, else the visitor."""
    ids: list[Json] = [document.get("userId"), document.get("anonymousId")]
    return [id for id in ids if isinstance(id, str) and id][:1]
