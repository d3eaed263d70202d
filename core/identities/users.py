"""The users of the table, as viewers are given them and as `segtap users` writes them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice

from ..text import shown
from .clusters import LISTED, PROFILE, USER
from .model import DEVICE, Cluster, Link, Member, UserRow
from .notes import Reason, sentence
from .table import Identities

MOST_NOTES = 1_000
"""Notes of one id that a user has: the newest of them."""


_NO_EVENT = (Reason.IGNORED, Reason.APART)
"""In a Simplified project: no event has both ids."""


def user_rows(table: Identities) -> Iterator[UserRow]:
    """Return every user with an event or a profile, sorted by their first id; ids by code point."""
    ids = table.ids
    roots = [root for root in ids.roots() if ids.flags[root] & LISTED]
    text = ids.store.text
    roots.sort(key=lambda root: min(map(text, ids.ring(root))))
    return (user_row(table, root) for root in roots)


def user_row(table: Identities, root: int) -> UserRow:
    """Return the user of that cluster."""
    ids = table.ids
    ring = list(ids.ring(root))
    profile = any(ids.flags[id] & PROFILE for id in ring)
    return UserRow(sorted(map(ids.store.text, ring)), ids.events_of(root), profile)


def cluster_of(table: Identities, id: str) -> Cluster | None:
    """Return the cluster that an id is in, None for one that was never sent. A device's id may lack
    `$device:`.
    """
    number = table.ids.store.find(id)
    if table.mode == "simplified" and not _is_sent(table, number):
        number = table.ids.store.find(DEVICE + id) or number
    return _cluster(table, table.ids.root(number)) if number else None


def newest(table: Identities, text: str = "", limit: int = 200) -> tuple[list[Cluster], int]:
    """Return up to `limit` clusters, the one seen last first, and how many there are.

    With `text`, those with an id that contains it; case does not matter.
    """
    ids = table.ids
    if not text:
        return [_cluster(table, root) for root in islice(ids.roots(), limit)], ids.total
    found = {root for id in ids.store.containing(text) if ids.flags[root := ids.root(id)] & LISTED}
    return newest_of(table, found, limit=limit)


def roots_of(table: Identities, id: str) -> set[int]:
    """Return the clusters that an id of a message is in, as a user's id and as a device's."""
    ids = table.ids
    numbers = [ids.store.find(id), ids.store.find(DEVICE + id) if table.mode == "simplified" else 0]
    return {root for number in numbers if number and ids.flags[root := ids.root(number)] & LISTED}


def newest_of(
    table: Identities, roots: set[int], text: str = "", limit: int = 200
) -> tuple[list[Cluster], int]:
    """Return up to `limit` of these clusters and how many there are, as `newest` does of all."""
    ids = table.ids
    if text:
        roots = roots & {ids.root(id) for id in ids.store.containing(text)}
    first = heapq.nlargest(limit, roots, key=lambda root: (ids.last[root], root))
    return [_cluster(table, root) for root in first], len(roots)


def clusters(table: Identities) -> Iterator[Cluster]:
    """Return all users, the one seen last first."""
    return (_cluster(table, root) for root in table.ids.roots())


def _is_sent(table: Identities, number: int) -> bool:
    """Return True for an id of a user that Mixpanel has."""
    return bool(number and table.ids.flags[table.ids.root(number)] & LISTED)


def _cluster(table: Identities, root: int) -> Cluster:
    ids = table.ids
    ring = sorted(ids.ring(root), key=lambda id: (not ids.flags[id] & USER, id))
    members = tuple(
        Member(
            ids.store.text(id),
            "user" if ids.flags[id] & USER else "anonymous",
            ids.events[id],
            bool(ids.flags[id] & PROFILE),
        )
        for id in ring
    )
    user = next((one.id for one in members if one.kind == "user"), "")
    links = [
        (Link(kind, ids.store.text(one), ids.store.text(two)), message)
        for kind, one, two, message in ids.links(root)
    ]
    notes = [note for id in ring for note in _notes(table, root, id)]
    notes += [note for one in members for note in _stray_profile(table, root, one.id)]
    return Cluster(
        mode=table.mode,
        distinct_id=user or members[0].id,
        members=members,
        links=tuple(reversed(links)),
        notes=tuple(dict.fromkeys(notes)),
        last=ids.last[root],
    )


def _notes(table: Identities, root: int, id: int) -> list[str]:
    """Return why an id is not joined to others that were named with it, as far as it still holds, oldest
    first.
    """
    ids, found = table.ids, list[str]()
    notes = list(islice(ids.notes(id), MOST_NOTES))
    others = {(is_user, other) for is_user, other, reason in notes if reason is Reason.OTHERS}
    for is_user, other, reason in notes:
        if table.mode == "simplified" and reason in _NO_EVENT and (is_user, other) in others:
            continue  # an event has both ids by now, and why it joins nothing is the other note
        apart = ids.root(other) != root
        if not apart and reason is not Reason.LATE_ALIAS:
            continue
        user, anonymous = (id, other) if is_user else (other, id)
        theirs = ids.root(anonymous)
        if reason is Reason.APART and not ids.flags[theirs] & LISTED:
            continue  # nothing is missed
        owner = ids.owner[theirs]
        found.append(
            sentence(
                reason,
                user=ids.store.text(user),
                anonymous=ids.store.text(anonymous),
                owner=ids.store.text(owner) if owner else "",
                simplified=table.mode == "simplified",
            )
        )
    return found[::-1]


def _stray_profile(table: Identities, root: int, id: str) -> Iterator[str]:
    """Yield a profile that was written under a device's id without `$device:`: it is another user's."""
    if table.mode != "simplified":
        return
    bare = id.removeprefix(DEVICE)
    stray, device = table.ids.store.find(bare), table.ids.store.find(DEVICE + bare)
    if not stray or not device or not table.ids.flags[stray] & PROFILE:
        return
    if table.ids.root(stray) != table.ids.root(device) and not table.ids.events[stray]:
        yield (
            f"the profile of anonymous {shown(bare)} stands by itself: it was written under that id without"
            f" {DEVICE}, and Simplified ID merge carries none over"
        )
