"""Groups over time: whether a group's users carry its key on their events and profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from ...catalogue import stream as rule
from ...catalogue.values import PLACEHOLDER_GROUP_ID
from ...destinations.actions.presets import preset_path
from ...destinations.explain import explain
from ...messages import Json, JsonObject
from ...paths import child
from ...places import in_body, read_place
from ...settings import Destination
from ...text import shown
from ...verdict import Finding
from ..group_keys import (
    DEFAULT_KEY,
    is_id,
    keys_in_settings,
    meant_key,
    near,
    own_key,
    path_in,
    quoted,
    subscription_of,
    written_keys,
    written_properties,
)
from ..settings import CheckSettings
from .group_evidence import EVENT, PROFILE, Elsewhere, Evidence
from .group_values import GroupValues
from .memory import Recent
from .observed import StreamLimits, object_of, text_of
from .packed import Members, bytes_of
from .seen import Seen
from .users import StreamUsers

MAX_KEYS = 8
"""Group keys that are followed; Mixpanel takes 6 at most."""
_ROOT = "$."


class Groups:
    """Follows the group keys that Segment uses, and those that the settings name."""

    def __init__(self, limits: StreamLimits, users: StreamUsers) -> None:
        self._users = users
        self._bits: dict[str, int] = {}
        self._sought: list[bytes] = []
        """The bytes of these keys."""
        self._judged_by: tuple[CheckSettings, Destination] | None = None
        self._reported: Recent[tuple[str, str], bool] = Recent(limits.names)
        self._evidence = Evidence(limits.names)
        self._instead: dict[str, str] = {}
        """For a key that Segment writes and that is not the one meant: that one."""
        self._written_by: dict[str, str] = {}
        """The subscription that writes groups under a key."""
        self._expected: dict[int, Sequence[str]] = {}
        """The keys for each set of bits that came."""
        self._any = False
        """Set once anybody is in a group."""
        self.values = GroupValues(limits, self._in_group)

    def look(self, seen: Seen) -> Iterable[Finding]:
        """Find what is missing of the group key."""
        if seen.second:
            return ()
        by = self._judged_by
        if by is None or by[0] is not seen.settings or by[1] is not seen.destination:
            self._judge_by(seen.settings, seen.destination)
        if seen.said.type in ("group", "identify"):
            return self._group(seen) if seen.said.type == "group" else self._identify(seen)
        return self._events(seen) if seen.said.events else ()

    def _judge_by(self, settings: CheckSettings, destination: Destination) -> None:
        if self._judged_by != (settings, destination):
            self._instead.clear()
            self._expected.clear()
            for key in keys_in_settings(settings.group_keys, destination):
                self._bit(key)
        self._judged_by = settings, destination

    def _bit(self, key: str) -> int:
        bit = self._bits.get(key)
        if bit is None and len(self._bits) < MAX_KEYS:
            bit = self._bits[key] = 1 << len(self._bits)
            self._sought.append(bytes_of(key))
        return bit or 0

    def _in_group(self, seen: Seen, key: str) -> bool:
        return bool(self._users.groups_of(seen) & self._bit(key))

    def _names(self, bits: int) -> Sequence[str]:
        """Return the keys that events and profiles have to carry."""
        names = self._expected.get(bits)
        if names is None:
            keys = [key for key, bit in self._bits.items() if bits & bit]
            names = self._expected[bits] = tuple(dict.fromkeys(self._instead.get(key, key) for key in keys))
        return names

    def _use(self, meant: str, key: str) -> None:
        """Expect the key that is meant in place of the one that Segment writes."""
        self._instead[key] = meant
        self._expected.clear()

    # Group calls

    def _group(self, seen: Seen) -> Iterator[Finding]:
        known, said = seen.settings.group_keys, seen.said
        records = [
            one
            for one in said.groups
            if text_of(one.record.get("$group_key"))
            # group-key-not-a-name says it
            and not is_id(one, one.record, seen.destination, (said.group, said.user))
        ]
        written = {str(one.record["$group_key"]) for one in records}
        for one in records:
            record = one.record
            key, id, given = str(record["$group_key"]), record.get("$group_id"), written_properties(record)
            self._written_by.setdefault(key, one.subscription)
            if known is not None and key not in known:
                meant = meant_key(record, seen.destination, known)
                if self._reported.first_time(("mismatch", key), True):
                    yield self._mismatch(seen, one.subscription, key, meant)
                if meant is None:
                    continue
                self._use(meant, key)
            else:
                for other in self._evidence.group(key, id, given, written):
                    yield from self._elsewhere(seen, other, child("$.traits", other.name))
                if key not in self._instead and not self.values.knows(key, id):
                    path = in_body(one.request, "$group_id")
                    yield from self.values.group(key, id, partial(_source, seen, path))
            yield from self._member(seen, key)

    def _member(self, seen: Seen, key: str) -> Iterator[Finding]:
        """Note that the sender is in a group of this key."""
        bit = self._bit(self._instead.get(key, key))
        member = self._users.mark_group(seen, bit) if bit else None
        if member is None:
            return
        self._any = True
        identified, on_profile = member
        if identified and not on_profile & bit and not self._likely(seen, self._evidence.on_profiles(key)):
            yield from self._not_on_profile(seen, self._instead.get(key, key))

    def _mismatch(self, seen: Seen, subscription: str, key: str, meant: str | None) -> Finding:
        known = seen.settings.group_keys or ()
        close = near(key, known)
        listed = ", ".join(shown(one, 40) for one in known) or "none at all"
        words = f"{shown(close, 40)} in another spelling" if close is not None else listed
        if meant is not None:
            fix = own_key(meant, seen.destination, of=subscription)
        elif known and all(one in written_keys(seen.destination) for one in known):
            fix = f"turn subscription {quoted(subscription)} off, whose key Mixpanel does not have"
        elif known:
            fix = rule.GROUP_KEY_MISMATCH.fix
        else:
            fix = f"make {shown(key, 40)} a group key in Mixpanel's Project Settings, and name it in"
            fix += " mixpanel_group_keys"
        return rule.GROUP_KEY_MISMATCH.finding(
            child("$.traits", key) if key in _object(seen, "traits") else "$.groupId",
            f"Segment writes this group under {shown(key, 40)}; Mixpanel's group keys, by the settings, are "
            f"{words}",
            fix=fix,
        )

    def _elsewhere(self, seen: Seen, one: Elsewhere, path: str) -> Iterator[Finding]:
        """Find a group call and an event that have the group's id under different names."""
        known = seen.settings.group_keys
        if known is not None and one.name not in known:
            return
        self._use(one.name, one.key)
        fix = own_key(one.name, seen.destination, of=self._written_by.get(one.key, ""))
        yield rule.GROUP_KEY_MISMATCH.finding(
            path,
            f"Segment writes groups under {shown(one.key, 40)}, while group calls and events have their"
            f" ids as {shown(one.name, 40)}",
            fix=fix if known is not None else f"{fix}, if that is Mixpanel's group key",
            severity="warning",
        )

    # Profiles

    def _identify(self, seen: Seen) -> Iterator[Finding]:
        if not seen.said.distinct_id:
            return
        updates = seen.said.profiles
        values = updates[0][1] if len(updates) == 1 else _together(updates)
        bits = sum(bit for key, bit in self._bits.items() if key in values)
        on_profile = self._users.profile(seen, bits)
        for one in self._evidence.look(PROFILE, values):
            yield from self._elsewhere(seen, one, _source(seen, _path(updates, one.name)))
        if bits:
            for key in self._bits:
                if key in values and not self.values.knows(key, values[key]):
                    yield from self._value(seen, key, values[key], _path(updates, key), "the profile")
        if not values:
            return  # nothing is written: other rules say why
        for key in self._names(self._users.groups_of(seen)) if self._any else ():
            if key in values or self._bit(key) & on_profile:
                continue
            if not self._likely(seen, self._evidence.held(key, values)):
                yield from self._not_on_profile(seen, key)

    def _likely(self, seen: Seen, names: Iterator[str]) -> bool:
        """Return True if one of the names may be Mixpanel's group key."""
        known = seen.settings.group_keys
        return any(known is None or name in known for name in names)

    def _not_on_profile(self, seen: Seen, key: str) -> Iterator[Finding]:
        if self._reported.first_time((f"profile of {seen.said.distinct_id}", key), True):
            path = child("$.traits", key) if seen.said.type == "identify" else "$.groupId"
            fix = None
            if seen.said.type == "identify" and key in _object(seen, "traits"):
                fix = f"take {shown(key, 40)} into User Properties (traits) of the identifyUser subscription"
            yield rule.GROUP_KEY_MISSING_ON_PROFILE.finding(
                path,
                f"user {shown(seen.said.distinct_id)} is in a group of {shown(key, 40)}, and has no trait"
                f" {key}{_unless_known(seen)}",
                fix=fix or f"send {key} as a trait of identify, with the list of the user's groups",
                severity=None if seen.settings.group_keys is not None else "info",
            )

    # Events

    def _events(self, seen: Seen) -> Iterable[Finding]:
        first = seen.said.events[0].properties
        elsewhere = self._evidence.look(EVENT, first)
        keys = () if first.lacks(self._sought) else [key for key in self._bits if key in first]
        if elsewhere or keys or (self._any and self._users.groups_of(seen)):
            return self._event(seen, elsewhere, keys)
        return ()

    def _event(self, seen: Seen, elsewhere: Sequence[Elsewhere], keys: Sequence[str]) -> Iterator[Finding]:
        event, *others = seen.said.events
        first, name, inside = event.properties, text_of(event.event), f"{event.path}.properties"
        for one in elsewhere:
            yield from self._elsewhere(seen, one, _source(seen, child(inside, one.name)))
        for key in keys:
            if not self.values.knows(key, first[key]):
                yield from self._value(seen, key, first[key], child(inside, key), shown(name, 60))
        bits = self._users.groups_of(seen) if self._any else 0
        for key in self._names(bits) if bits else ():
            if _carries(first, key) and all(_carries(one.properties, key) for one in others):
                continue
            if (f"event {name}", key) in self._reported:
                continue
            if not self._likely(seen, self._evidence.held(key, first)):
                yield from self._lacks(seen, name, key)

    def _value(self, seen: Seen, key: str, value: Json, path: str, where: str) -> Iterator[Finding]:
        """Hold a value of the key to the groups that were written."""
        if key not in self._instead.values():  # their groups are written under another key so far
            yield from self.values.look(seen, key, value, partial(_source, seen, path), where)

    def _lacks(self, seen: Seen, event: str, key: str) -> Iterator[Finding]:
        if not self._reported.first_time((f"event {event}", key), True):
            return
        path, fix, also = _how_to_carry(seen, key)
        empty = _object(seen, "context").get("groupId", 0)
        if path == "$.context.groupId" and empty in (None, ""):
            yield PLACEHOLDER_GROUP_ID.finding(
                path, f"context.groupId is {shown(empty)}: {shown(event, 60)} counts for no group"
            )
            return
        yield rule.GROUP_KEY_MISSING_ON_EVENT.finding(
            path,
            f"{shown(event, 60)} does not carry {shown(key, 40)}, though its user is in a group{also}"
            + _unless_known(seen),
            fix=fix,
            severity=None if seen.settings.group_keys is not None else "info",
        )


def _carries(properties: Members, key: str) -> bool:
    return key in properties and properties[key] != []


def _object(seen: Seen, name: str) -> JsonObject:
    return object_of(seen.document.get(name))


def _together(updates: Sequence[tuple[str, JsonObject]]) -> JsonObject:
    return {name: value for _, update in updates for name, value in update.items()}


def _path(updates: Sequence[tuple[str, JsonObject]], name: str) -> str:
    """Return where a property of the profile stands in the translation; the last one counts."""
    places = (child(path, name) for path, update in reversed(updates) if name in update)
    return next(places, child("$.traits", name))


def _source(seen: Seen, path: str, step: str = "") -> str:
    """Find the place in the message that a value of the requests comes from; else its place in them."""
    path += step
    whole = seen.whole()
    document, translation = whole.document, whole.translation
    source = explain(document, seen.destination, translation, now=seen.said.now).source_at(path)
    return source.source if source is not None and source.place else path


def _how_to_carry(seen: Seen, key: str) -> tuple[str, str, str]:
    """Return how the first event of a message comes to carry the key: the path to name, the fix, and a
    remark.
    """
    first = seen.said.events[0].properties
    context, properties = _object(seen, "context"), _object(seen, "properties")
    as_property = child("$.properties", key)
    send = f"send {key} as a property of the event"
    if seen.destination.kind == "classic-cloud":
        also = f"; {DEFAULT_KEY} is not its group key" if DEFAULT_KEY in first and key != DEFAULT_KEY else ""
        if "groupId" in context:
            also += "; the classic destination does not read context.groupId"
        return as_property, send, also
    made_by = seen.translation.operations[read_place(seen.said.events[0].path).request]
    subscription = subscription_of(made_by, seen.destination)
    mapping = subscription.mapping if subscription is not None else {}
    named = quoted(subscription.name) if subscription is not None else "of events"
    if key != DEFAULT_KEY:
        also = f"; {DEFAULT_KEY} is not its group key" if DEFAULT_KEY in first else ""
        path = path_in(mapping, "event_properties")
        if path == "":
            return as_property, f"map Event Properties in subscription {named}", also
        if path is None or path == "$.properties":
            if key in properties:
                return as_property, f"take {key} into Event Properties of subscription {named}", also
            return as_property, send, also
        where = child(path, key)
        return where, f"send {where.removeprefix(_ROOT)}, which subscription {named} reads", also
    also = f"; the property {DEFAULT_KEY} is left out" if DEFAULT_KEY in properties else ""
    path = path_in(mapping, "group_id")
    usual = preset_path("group_id")
    if path == "":
        fix = f'map Group ID in subscription {named}: group_id = {{ "@path" = "{usual}" }}'
        return usual, fix + ("" if context.get("groupId") else ", and send context.groupId"), also
    if path is None:
        return usual, f"mend Group ID in the mapping of subscription {named}: it gives nothing here", also
    return path, f"send {path.removeprefix(_ROOT)} with it", also


def _unless_known(seen: Seen) -> str:
    return (
        ""
        if seen.settings.group_keys is not None
        else " (mixpanel_group_keys is not set: unknown if it matters)"
    )
