"""Group Analytics: the four parts that must agree, worked out in one place from settings and messages.

1. Mixpanel's group key is Segment's. 2. group() makes the group's profile. 3. The key is on the user's
profile. 4. The key is on every event. Mixpanel's keys cannot be seen from outside: they are those of
`mixpanel_group_keys`, or unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from ..checks.group_keys import DEFAULT_KEY, group_records, keys_in_settings, profile_updates
from ..checks.request import event_records
from ..inspection import Translation
from ..messages import JsonObject
from ..settings import Destination
from ..text import counted, shown
from ..views import Coverage

Standing = Literal["yes", "partly", "no", "unknown"]
Part = Literal["key agreed", "group profile", "key on user profile", "key on events"]
PARTS: tuple[Part, ...] = ("key agreed", "group profile", "key on user profile", "key on events")
EVIDENCE = 5
"""The newest messages that are named for each part."""


class PartCheck(msgspec.Struct, frozen=True):
    """One of the four parts: where it stands, in words, the messages that show it, and what to do."""

    part: Part
    standing: Standing
    words: str
    messages: tuple[int, ...] = ()
    fix: str = ""


class EventCoverage(msgspec.Struct, frozen=True):
    """How often an event came with the key and without it."""

    event: str
    carrying: int
    lacking: int


class GroupKeyCheck(msgspec.Struct, frozen=True):
    """The four parts of one group key, and which events carry it."""

    key: str
    parts: tuple[PartCheck, ...]
    events: tuple[EventCoverage, ...]

    @property
    def good(self) -> bool:
        """Whether all parts are there."""
        return all(part.standing == "yes" for part in self.parts)


class Groups(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of Group Analytics. `known` are Mixpanel's keys as the settings have them, None: unknown.

    `in_use`: something tells that groups are used. `covered` are the messages looked at.
    """

    keys: tuple[GroupKeyCheck, ...] = ()
    in_use: bool = False
    known: tuple[str, ...] | None = None
    group_calls: int = 0
    covered: Coverage = Coverage()


class GroupChecks:
    """Takes translated messages, and checks each group key. `known` are Mixpanel's keys, None: unknown."""

    def __init__(self, destination: Destination, known: Sequence[str] | None) -> None:
        self._destination = destination
        self._known = known
        self._profiles: dict[str, list[int]] = {}
        self._on_user: dict[str, list[int]] = {}
        self._identified: list[int] = []
        self._events: dict[str, dict[str, tuple[int, int]]] = {}
        self._lacking: dict[str, list[int]] = {}
        self._carried: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self.group_calls = 0

    def add(self, document: JsonObject, translation: Translation, message: int = 0) -> None:
        """Take in one message; `message` is its id."""
        kind = document.get("type")
        if kind == "group":
            self.group_calls += 1
            for key in [str(record.get("$group_key")) for _, _, record in group_records(translation)]:
                _note(self._profiles.setdefault(key, []), message)
        elif kind == "identify":
            keys = {name for _, update in profile_updates(translation) for name in update}
            if keys:
                _note(self._identified, message)
            for key in keys:
                _note(self._on_user.setdefault(key, []), message)
        for _, record, properties in event_records(translation):
            event = str(record.get("event"))
            self._names[event] = self._names.get(event, 0) + 1
            for key in self._candidates():
                carrying, lacking = self._events.setdefault(key, {}).get(event, (0, 0))
                if key in properties:
                    carrying += 1
                else:
                    lacking += 1
                    _note(self._lacking.setdefault(key, []), message)
                self._events[key][event] = carrying, lacking

    def _candidates(self) -> list[str]:
        return list(dict.fromkeys((*keys_in_settings(self._known, self._destination), *self._profiles)))

    @property
    def in_use(self) -> bool:
        """Whether anything tells that groups are used: keys in the settings, or a group call."""
        return bool(self._known or self.group_calls or self._profiles)

    def checks(self) -> list[GroupKeyCheck]:
        """The check of Mixpanel's keys, and of each key that a group call used."""
        keys = [*(self._known or ()), *self._profiles]
        if self._known is None and self.group_calls:
            keys += keys_in_settings(None, self._destination)
        return [self._check(key) for key in dict.fromkeys(keys)]

    def _check(self, key: str) -> GroupKeyCheck:
        return GroupKeyCheck(
            key,
            (self._agreed(key), self._profile(key), self._user(key), self._on_events(key)),
            tuple(
                EventCoverage(event, *counts)
                for event, counts in sorted(self._events.get(key, {}).items(), key=lambda one: -one[1][1])
            ),
        )

    def _agreed(self, key: str) -> PartCheck:
        segment = key in keys_in_settings(None, self._destination) or key in self._profiles
        if self._known is None:
            return PartCheck(
                "key agreed",
                "unknown",
                f"Segment writes groups under {shown(key)}; which group keys Mixpanel has, cannot be seen",
                fix="write Mixpanel's group keys (Project Settings) into segtap.toml as mixpanel_group_keys",
            )
        if key in self._known and segment:
            return PartCheck("key agreed", "yes", f"{shown(key)} is Segment's key and Mixpanel's")
        if key in self._known:
            near = ", ".join(keys_in_settings(None, self._destination)) or "none"
            return PartCheck(
                "key agreed",
                "no",
                f"Mixpanel has the key {shown(key)}, Segment writes no group under it (its keys: {near})",
                fix=self._own_key(key),
            )
        similar = next((one for one in self._known if one.casefold() == key.casefold()), "")
        return PartCheck(
            "key agreed",
            "no",
            f"Segment writes groups under {shown(key)}, Mixpanel has "
            + (
                f"{shown(similar)}: another spelling" if similar else ", ".join(self._known) or "no group key"
            ),
            tuple(self._profiles.get(key, ())),
            f"make {key} a group key in Mixpanel's Project Settings, before more comes: there is no backfill",
        )

    def _own_key(self, key: str) -> str:
        if self._destination.kind == "classic-cloud":
            return f"add {key} to group_identifier_traits under [classic]"
        return f'set group_key = "{key}" in the mapping of the groupIdentifyUser subscription'

    def _profile(self, key: str) -> PartCheck:
        made = self._profiles.get(key, [])
        if made:
            words = f"group() wrote to a profile under {shown(key)}"
            return PartCheck("group profile", "yes", words, tuple(made))
        if self.group_calls:
            words = f"{counted(self.group_calls, 'group call')}, none made a profile under {shown(key)}"
            fix = self._own_key(key)
        else:
            words, fix = "no group call was seen", "call group() with the group's id and traits"
        return PartCheck("group profile", "no" if self.group_calls else "unknown", words, fix=fix)

    def _user(self, key: str) -> PartCheck:
        on = self._on_user.get(key, [])
        if on:
            return PartCheck(
                "key on user profile", "yes", f"identify sends the trait {shown(key)}", tuple(on)
            )
        fix = f"send the trait {key} with identify: the list of the user's group ids"
        if not self._identified:
            words = "no identify with traits was seen"
            return PartCheck("key on user profile", "unknown", words, fix=fix)
        words = f"no identify has the trait {shown(key)}: reports on users cannot use the group"
        return PartCheck("key on user profile", "no", words, tuple(self._identified), fix)

    def _on_events(self, key: str) -> PartCheck:
        counts = self._events.get(key, {})
        carrying = sum(one for one, _ in counts.values())
        lacking = sum(one for _, one in counts.values())
        if not counts:
            return PartCheck("key on events", "unknown", "no event was seen")
        if not lacking:
            return PartCheck("key on events", "yes", f"all {counted(carrying, 'event')} carry {shown(key)}")
        without = [shown(event, 40) for event, (_, lack) in counts.items() if lack]
        listed = ", ".join(without[:EVIDENCE]) + (
            f" and {len(without) - EVIDENCE:,} more" * (len(without) > EVIDENCE)
        )
        return PartCheck(
            "key on events",
            "partly" if carrying else "no",
            f"{lacking:,} of {counted(carrying + lacking, 'event')} lack {shown(key)}: {listed}",
            tuple(self._lacking.get(key, ())),
            "send context.groupId with every event: it becomes $group_id"
            if key == DEFAULT_KEY and self._destination.kind == "actions"
            else f"send {key} as a property of every event",
        )


def _note(messages: list[int], message: int) -> None:
    """The newest few, oldest first: those that are still at hand."""
    messages.append(message)
    del messages[:-EVIDENCE]
