"""What Mixpanel's identity cluster of a user becomes, out of what is sent there. Pure.

Sources: Mixpanel's pages on identifying users under Original and Simplified ID merge, and on `$identify` and
`$create_alias`. Original joins ids by these events, up to 500 of them; Simplified joins a `$device_id` to the
first `$user_id` that an event has beside it, and never two user ids.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from ..inspection import IDENTITY_EVENTS, Translation
from ..messages import UUID4, Json, JsonObject
from ..settings import IdentityMode
from ..text import counted, shown
from ..views import Coverage

MAX_IDS = 500
"""Ids in a cluster of an Original project."""
SHORT_MEMBERS, SHORT_LINKS, SHORT_NOTES = 100, 50, 50
"""Ids, links and notes in a short form: a user may have thousands of devices, a till thousands of users."""
DEVICE = "$device:"
JOINING = ("$identify", "$create_alias")
"""Events that name two ids."""

LinkKind = Literal["identify", "alias", "event"]


class Link(msgspec.Struct, frozen=True):
    """Two ids that a request names together. `anonymous` may be a former id, for an alias."""

    kind: LinkKind
    user: str
    anonymous: str


class Member(msgspec.Struct, frozen=True):
    """One id of a cluster: how many events have it as distinct_id, whether a profile was written to it."""

    id: str
    kind: Literal["user", "anonymous"]
    events: int = 0
    profile: bool = False


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """What of a cluster a short form does not hold: ids, their events and profiles, links, notes."""

    ids: int = 0
    events: int = 0
    profiles: int = 0
    links: int = 0
    notes: int = 0


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """One user as Mixpanel sees it.

    `distinct_id` is what its events are listed under: in an Original project Mixpanel chooses any of the
    members, and the user id stands for that. `notes` say what was not joined, and why; `links` are those that
    took effect, each with the message that made it. `last` is the newest message with one of the ids.
    `left_out` counts what a short form does not hold.
    """

    mode: IdentityMode
    distinct_id: str
    members: tuple[Member, ...]
    links: tuple[tuple[Link, int], ...] = ()
    notes: tuple[str, ...] = ()
    last: int = 0
    left_out: LeftOut = LeftOut()

    @property
    def ids(self) -> int:
        """How many ids it has."""
        return len(self.members) + self.left_out.ids

    @property
    def events(self) -> int:
        """Events of all its ids."""
        return sum(member.events for member in self.members) + self.left_out.events

    @property
    def profiles(self) -> int:
        """How many of its ids a profile was written to."""
        return sum(member.profile for member in self.members) + self.left_out.profiles


class Users(msgspec.Struct, frozen=True, kw_only=True):
    """The users found, the one seen last first. `total` counts those that were not asked for, too.

    `covered` are the messages looked at.
    """

    mode: IdentityMode
    clusters: tuple[Cluster, ...] = ()
    total: int = 0
    covered: Coverage = Coverage()


class UserFound(msgspec.Struct, frozen=True):
    """The cluster that an id is in, None when no message covered has the id."""

    cluster: Cluster | None = None


def in_short(cluster: Cluster, wanted: str = "") -> Cluster:
    """The cluster with its first ids, links and notes only.

    Held in any case, as far as there is room: the id that is wanted, users' ids, ids that contain what is
    wanted; case does not matter.
    """
    members, links, notes = cluster.members, cluster.links, cluster.notes
    if len(members) <= SHORT_MEMBERS and len(links) <= SHORT_LINKS and len(notes) <= SHORT_NOTES:
        return cluster
    text = wanted.casefold()
    ranks = [
        (one.id != wanted, one.kind != "user", not text or text not in one.id.casefold(), at)
        for at, one in enumerate(members)
    ]
    held = sorted(rank[-1] for rank in heapq.nsmallest(SHORT_MEMBERS, ranks))
    kept = set(held)
    rest = [one for at, one in enumerate(members) if at not in kept]
    return msgspec.structs.replace(
        cluster,
        members=tuple(members[at] for at in held),
        links=links[:SHORT_LINKS],
        notes=notes[:SHORT_NOTES],
        left_out=LeftOut(
            ids=len(rest),
            events=sum(one.events for one in rest),
            profiles=sum(one.profile for one in rest),
            links=max(len(links) - SHORT_LINKS, 0),
            notes=max(len(notes) - SHORT_NOTES, 0),
        ),
    )


def links_of(translation: Translation) -> list[Link]:
    """The ids that the requests name together."""
    found: list[Link] = []
    for event, properties in _events(translation):
        if event == "$identify":
            user, anonymous, kind = properties.get("$identified_id"), properties.get("$anon_id"), "identify"
        elif event == "$create_alias":
            user, anonymous, kind = properties.get("alias"), properties.get("distinct_id"), "alias"
        else:
            user, anonymous, kind = properties.get("$user_id"), properties.get("$device_id"), "event"
        if isinstance(user, str) and isinstance(anonymous, str) and user and anonymous and user != anonymous:
            found.append(Link(kind, user, anonymous))
    return found


def id_in(translation: Translation) -> str:
    """The id that a message is about: its event's distinct_id, or its profile's; "" when it names none."""
    profile = ""
    for record in _records(translation):
        properties = record.get("properties")
        if isinstance(record.get("event"), str) and isinstance(properties, dict):
            for name in ("$identified_id", "alias", "distinct_id", "$anon_id"):
                id = properties.get(name)
                special = name != "distinct_id"
                if isinstance(id, str) and id and (not special or record["event"] in JOINING):
                    return id
        id = record.get("$distinct_id")
        if isinstance(id, str) and "$group_key" not in record:
            profile = profile or id
    return profile


def _events(translation: Translation) -> Iterable[tuple[str, JsonObject]]:
    for record in _records(translation):
        event, properties = record.get("event"), record.get("properties")
        if isinstance(event, str) and isinstance(properties, dict):
            yield event, properties


def _records(translation: Translation) -> Iterable[JsonObject]:
    for operation in translation.operations:
        yield from operation.request.records()


class Identities:
    """Takes translated messages in their order, and tells the cluster of any id in them."""

    def __init__(self, mode: IdentityMode) -> None:
        self.mode: IdentityMode = mode
        self._cluster_of: dict[str, int] = {}
        self._ids: dict[int, list[str]] = {}
        self._links: dict[int, list[tuple[Link, int]]] = {}
        self._notes: dict[str, list[tuple[str, Link, bool]]] = {}
        self._events: dict[str, int] = {}
        self._profiles: set[str] = set()
        self._aliases: dict[str, str] = {}
        self._users: set[str] = set()
        self._last: dict[int, int] = {}
        self._now = 0

    def add(self, translation: Translation, message: int = 0, user: Json = None) -> None:
        """Take in what one message sends. `message` is its id, for the evidence.

        `user` is the userId that the message has: requests that write a profile, and those of the classic
        destination, do not tell a user's id from another one.
        """
        self._now = message
        if isinstance(user, str | int) and not isinstance(user, bool) and user != "":
            self._users.add(str(user))
        for link in links_of(translation):
            self._users.add(link.user)
            if self.mode == "simplified":
                self._simplified(link, message)
            else:
                self._original(link, message)
        for record in _records(translation):
            profile = record.get("$distinct_id")
            if isinstance(profile, str) and profile and "$group_key" not in record:
                self._profiles.add(profile)
                self._known(profile)
        for event, properties in _events(translation):
            id, user = properties.get("distinct_id"), properties.get("$user_id")
            if event in IDENTITY_EVENTS or not isinstance(id, str) or not id:
                continue
            if isinstance(user, str) and user:
                self._users.add(user)
            self._known(id)
            self._events[id] = self._events.get(id, 0) + 1

    def cluster(self, id: str) -> Cluster | None:
        """The cluster that an id is in, or None for one that was never sent."""
        number = self._cluster_of.get(id.removeprefix(DEVICE))
        return None if number is None else self._make(number)

    def clusters(self) -> list[Cluster]:
        """All of them, the largest first."""
        made = [self._make(number) for number in self._ids]
        return sorted(made, key=lambda one: len(one.members), reverse=True)

    def newest(self, text: str = "", limit: int = 200) -> tuple[list[Cluster], int]:
        """At most `limit` clusters, the one seen last first, and how many there are.

        With `text`, those with an id that contains it; case does not matter.
        """
        wanted = text.casefold()
        found = [
            number
            for number, ids in self._ids.items()
            if not wanted or any(wanted in id.casefold() for id in ids)
        ]
        first = heapq.nlargest(limit, found, key=lambda number: (self._last[number], number))
        return [self._make(number) for number in first], len(found)

    def _make(self, number: int) -> Cluster:
        ids = self._ids[number]
        members = tuple(
            Member(
                id,
                "user" if id in self._users else "anonymous",
                self._events.get(id, 0),
                id in self._profiles,
            )
            for id in ids
        )
        user = next((one.id for one in members if one.kind == "user"), "")
        distinct_id = user or (DEVICE + ids[0] if self.mode == "simplified" else ids[0])
        notes = list(dict.fromkeys(note for id in ids for note in self._notes_of(id)))
        notes += self._lost_profiles(members) if self.mode == "simplified" else []
        return Cluster(
            mode=self.mode,
            distinct_id=distinct_id,
            members=members,
            links=tuple(self._links.get(number, ())),
            notes=tuple(notes),
            last=self._last[number],
        )

    def _lost_profiles(self, members: Sequence[Member]) -> list[str]:
        return [
            f"the profile of anonymous {shown(one.id)} stands by itself: it was written under that id without"
            f" {DEVICE}, and Simplified ID merge carries none over"
            for one in members
            if one.profile and one.kind == "anonymous"
        ]

    def _known(self, id: str) -> int:
        """The number of the id's cluster, a new one when it is new."""
        number = self._cluster_of.get(id)
        if number is None:
            number = self._cluster_of[id] = len(self._cluster_of)
            self._ids[number] = [id]
        self._last[number] = self._now
        return number

    def _note(self, link: Link, words: str, *, stays: bool = False) -> None:
        """Note why a link joins nothing; moot when another one joins its ids, unless it `stays`."""
        for id in (link.user, link.anonymous):
            notes = self._notes.setdefault(id, [])
            if (words, link, stays) not in notes:
                notes.append((words, link, stays))

    def _notes_of(self, id: str) -> Iterable[str]:
        for words, link, stays in self._notes.get(id, ()):
            if stays or self._cluster_of[link.user] != self._cluster_of[link.anonymous]:
                yield words

    def _original(self, link: Link, message: int) -> None:
        user, anonymous = self._known(link.user), self._known(link.anonymous)
        if link.kind == "event" or user == anonymous:
            return  # events with both ids join nothing
        others = [id for id in self._ids[anonymous] if id in self._users]
        if link.kind == "identify":
            if not UUID4.fullmatch(link.anonymous):
                self._note(link, f"{shown(link.anonymous)} is no UUIDv4: $identify does not join it")
                return
            if others:
                self._note(
                    link,
                    f"{shown(link.anonymous)} belongs to {shown(others[0])}: $identify does not join it to"
                    f" {shown(link.user)}",
                )
                return
        elif link.user in self._aliases:
            first = shown(self._aliases[link.user])
            self._note(link, f"alias {shown(link.user)} maps to {first}: an alias maps to one id only")
            return
        elif len(self._ids[user]) > 1 or self._events.get(link.user):
            self._note(
                link,
                f"{shown(link.user)} was in use before its alias call, and Mixpanel documents an alias as a"
                " new id: whether they are joined, it does not say",
                stays=True,
            )
        if link.kind == "alias":
            self._aliases[link.user] = link.anonymous
        if len(self._ids[user]) + len(self._ids[anonymous]) > MAX_IDS:
            self._note(link, f"the cluster is full: {counted(MAX_IDS, 'id')} at most")
            return
        self._join(user, anonymous, link, message)

    def _simplified(self, link: Link, message: int) -> None:
        user, device = self._known(link.user), self._known(link.anonymous)
        if user == device:
            return
        if link.kind != "event":
            what = "$identify" if link.kind == "identify" else "$create_alias"
            self._note(link, f"{what} does nothing here: an event with $device_id and $user_id joins them")
            return
        others = [id for id in self._ids[device] if id in self._users]
        if others:
            self._note(
                link,
                f"device {shown(link.anonymous)} belongs to {shown(others[0])}: what {shown(link.user)}"
                " does on it is theirs, and nothing is joined",
            )
            return
        self._join(user, device, link, message)

    def _join(self, user: int, other: int, link: Link, message: int) -> None:
        for id in self._ids[other]:
            self._cluster_of[id] = user
        self._ids[user] += self._ids.pop(other)
        self._last.pop(other)
        self._links[user] = [*self._links.get(user, ()), *self._links.pop(other, ()), (link, message)]
