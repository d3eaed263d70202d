"""Users as viewers are given them: the ids that Mixpanel holds for one, and what joined them."""

from __future__ import annotations

import heapq
from typing import Literal

import msgspec

from ..api.models import Coverage
from ..settings import IdentityMode

SHORT_MEMBERS, SHORT_LINKS, SHORT_NOTES = 100, 50, 50
"""Ids, links and notes in a short form: a user may have thousands of devices, a till thousands of users."""
DEVICE = "$device:"
"""Stands before a device's id in a Simplified project: device X is `$device:X`, user X is another user."""

LinkKind = Literal["identify", "alias", "event", "merge"]


class Link(msgspec.Struct, frozen=True):
    """Two ids that a request names together.

    `anonymous` is the former id for an alias, and any other id for `$merge`.
    """

    kind: LinkKind
    user: str
    anonymous: str


class Member(msgspec.Struct, frozen=True):
    """One id of a cluster: how many events it has, and whether it has a profile."""

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


class UserRow(msgspec.Struct, frozen=True):
    """One user: all ids that Mixpanel has for them, their number of events, and whether a profile exists."""

    ids: list[str]
    events: int
    profile: bool


def in_short(cluster: Cluster, wanted: str = "") -> Cluster:
    """Return the cluster with its first ids, links and notes only.

    Held in any case, as far as there is room: the id that is wanted, users' ids, ids that contain what is
    wanted; case does not matter.
    """
    members, links, notes = cluster.members, cluster.links, cluster.notes
    if len(members) <= SHORT_MEMBERS and len(links) <= SHORT_LINKS and len(notes) <= SHORT_NOTES:
        return cluster
    text = wanted.casefold()
    ranks = [
        (
            one.id not in (wanted, DEVICE + wanted),
            one.kind != "user",
            not text or text not in one.id.casefold(),
            at,
        )
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
