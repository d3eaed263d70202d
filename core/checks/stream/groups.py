"""Groups over time: whether a group's users carry its key on their events and profiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...inspection import Finding, Translation
from ...messages import JsonObject
from ...paths import child
from ...settings import Destination
from ...text import shown
from ..catalogue import stream as rule
from ..settings import CheckSettings
from .memory import Recent
from .observed import Seen, StreamLimits, object_of, text_of
from .users import Users

DEFAULT_KEY = "$group_id"
"""The group key of Segment's Actions destination where its mapping names none."""
MAX_KEYS = 8
"""Group keys that are followed; Mixpanel takes 6 at most."""


def group_keys_of(translation: Translation) -> list[str]:
    """The group keys of the group profiles that the translation writes."""
    return [
        key for record in records_at(translation, "/groups") if (key := text_of(record.get("$group_key")))
    ]


def profile_keys_of(translation: Translation) -> set[str]:
    """The properties of the user's profile that the translation sets."""
    keys: set[str] = set()
    for record in records_at(translation, "/engage"):
        for operation in ("$set", "$set_once", "$union", "$append"):
            keys.update(object_of(record.get(operation)))
    return keys


def keys_in_settings(known: Sequence[str] | None, destination: Destination) -> list[str]:
    """The group keys that are named anywhere: Mixpanel's, if they are known, and those of the destination."""
    keys = list(known or ())
    if destination.kind == "classic-cloud":
        traits = destination.settings.get("groupIdentifierTraits")
        keys += [trait for trait in (traits if isinstance(traits, list) else []) if isinstance(trait, str)]
    else:
        for one in destination.subscriptions or ():
            key = one.mapping.get("group_key")
            if one.enabled and one.partner_action == "groupIdentifyUser":
                keys.append(key if isinstance(key, str) and key else DEFAULT_KEY)
        if destination.subscriptions is None:
            keys.append(DEFAULT_KEY)
    return list(dict.fromkeys(keys))


def records_at(translation: Translation, endpoint: str) -> Iterable[JsonObject]:
    """The records that the translation sends to an endpoint (`/groups`)."""
    for operation in translation.operations:
        if operation.request.url.partition("?")[0].rstrip("/").endswith(endpoint):
            yield from operation.request.records()


class Groups:
    """Follows the group keys that Segment uses, and those that the settings name."""

    def __init__(self, limits: StreamLimits, users: Users) -> None:
        self._users = users
        self._bits: dict[str, int] = {}
        self._judged_by: tuple[CheckSettings, Destination] | None = None
        self._told: Recent[tuple[str, str], bool] = Recent(limits.names)

    def look(self, seen: Seen) -> Iterator[Finding]:
        """What is missing of the group key."""
        if seen.second:
            return
        if self._judged_by is None or self._judged_by != (seen.settings, seen.destination):
            self._judged_by = seen.settings, seen.destination
            for key in keys_in_settings(seen.settings.group_keys, seen.destination):
                self._bit(key)
        if seen.type == "group":
            yield from self._group(seen)
        elif seen.type == "identify":
            yield from self._identify(seen)
        elif seen.is_event:
            yield from self._event(seen)

    def _bit(self, key: str) -> int:
        bit = self._bits.get(key)
        if bit is None and len(self._bits) < MAX_KEYS:
            bit = self._bits[key] = 1 << len(self._bits)
        return bit or 0

    def _names(self, bits: int) -> list[str]:
        return [key for key, bit in self._bits.items() if bits & bit]

    def _group(self, seen: Seen) -> Iterator[Finding]:
        known = seen.settings.group_keys
        for key in dict.fromkeys(group_keys_of(seen.translation)):
            if known is not None and key not in known and self._told.first_time(("mismatch", key), True):
                yield self._mismatch(key, known)
            bit = self._bit(key)
            if not bit or self._users.mark_group(seen, bit) is None:
                continue
            identified, on_profile = self._users.profile(seen, 0)
            if identified and not on_profile & bit:
                yield from self._not_on_profile(seen, key)

    def _mismatch(self, key: str, known: tuple[str, ...]) -> Finding:
        near = next((one for one in known if one.casefold() == key.casefold()), None)
        listed = ", ".join(shown(one, 40) for one in known) or "none at all"
        words = f"{shown(near, 40)} in another spelling" if near is not None else listed
        return rule.GROUP_KEY_MISMATCH.finding(
            "$.groupId",
            f"Segment writes this group under {shown(key, 40)}; Mixpanel's group keys, by the settings, are "
            f"{words}",
        )

    def _identify(self, seen: Seen) -> Iterator[Finding]:
        if not seen.distinct_id:
            return
        sets = profile_keys_of(seen.translation)
        bits = sum(bit for key, bit in self._bits.items() if key in sets or key in seen.traits)
        _, on_profile = self._users.profile(seen, bits)
        if not seen.traits:
            return
        for key in self._names(self._users.groups_of(seen) & ~on_profile):
            yield from self._not_on_profile(seen, key)

    def _not_on_profile(self, seen: Seen, key: str) -> Iterator[Finding]:
        if self._told.first_time((f"profile of {seen.distinct_id}", key), True):
            yield rule.GROUP_KEY_MISSING_ON_PROFILE.finding(
                child("$.traits", key) if seen.type == "identify" else "$.groupId",
                f"user {shown(seen.distinct_id)} is in a group of {shown(key, 40)}, and has no trait {key}"
                + _unless_known(seen),
                severity=None if seen.settings.group_keys is not None else "info",
            )

    def _event(self, seen: Seen) -> Iterator[Finding]:
        if not seen.events:
            return
        bits = self._users.groups_of(seen)
        for key in self._names(bits) if bits else ():
            if all(key in properties for _, _, properties in seen.events):
                continue
            event = text_of(seen.events[0][1].get("event"))
            if not self._told.first_time((f"event {event}", key), True):
                continue
            hint = (
                "send context.groupId with it"
                if key == "$group_id"
                else f"send {key} as a property of the event"
            )
            yield rule.GROUP_KEY_MISSING_ON_EVENT.finding(
                "$.context.groupId" if key == "$group_id" else child("$.properties", key),
                f"{shown(event, 60)} does not carry {shown(key, 40)}, though its user is in a group"
                + _unless_known(seen),
                fix=hint,
                severity=None if seen.settings.group_keys is not None else "info",
            )


def _unless_known(seen: Seen) -> str:
    return (
        ""
        if seen.settings.group_keys is not None
        else " (mixpanel_group_keys is not set: unknown if it matters)"
    )
