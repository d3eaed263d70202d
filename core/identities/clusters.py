"""Ids and the clusters that they are in, in flat arrays: some 50 bytes for an id, and its text.

One that was joined to another, or of which there is a note, takes up to 16 bytes more.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping

from ..settings import IdentityMode
from .model import DEVICE, LinkKind
from .notes import Reason
from .sparse import SparseColumn
from .store import IdStore

USER, PROFILE, ALIAS = 1, 2, 4
"""Flags of an id: it is a user's; it has a profile; it was an alias."""
IDENTIFIED, LISTED = 8, 16
"""Flags of a cluster's root: one of the ids was a `$identified_id`; one has an event or a profile."""
MOST_LOOKED = 256
"""Notes among which a repeated one is looked for; of two ids that both have more no further ones are kept."""
KINDS: tuple[LinkKind, ...] = ("identify", "alias", "event", "merge")


class Clusters:
    """Ids by their numbers, from 1. A cluster is named by its root, one of its ids.

    Columns hold a value for each id; those that say "root" mean something for roots alone.
    """

    def __init__(self, mode: IdentityMode) -> None:
        self.simplified = mode == "simplified"
        self.store = IdStore()
        self.count = 0
        """Ids; numbers are 1 to this."""
        self.total = 0
        """Clusters that are listed."""
        self.events = array("I", [0])
        self.flags = array("B", [0])
        self.owner = array("I", [0])
        """Root: the user's id in the cluster, 0 if it has none."""
        self.last = array("Q", [0])
        """Root: the newest message with an event or a profile."""
        self._parent = array("i", [0])
        """An id of the same cluster that is nearer to the root. Root: how many ids there are, below 0."""
        self._next = SparseColumn()
        """The next id of the same cluster: a ring. 0: the id is alone."""
        self._newer = array("I", [0])
        self._older = array("I", [0])
        """Root: a ring of the clusters that are listed, the newest first; number 0 is its end."""
        self._newest_link = SparseColumn()
        """Root: the cluster's newest link. `_link_before` leads to the others."""
        self._links = (array("B", [0]), array("I", [0]), array("I", [0]), array("Q", [0]))
        self._link_before = array("I", [0])
        self._newest_note = SparseColumn()
        self._note_count = SparseColumn()
        self._notes = (array("B", [0]), array("I", [0]))
        self._note_before = array("I", [0])

    def _arrays(self) -> dict[str, array[int]]:
        """Return the columns by name."""
        named = {
            "events": self.events,
            "flags": self.flags,
            "owner": self.owner,
            "last": self.last,
            "parent": self._parent,
            "newer": self._newer,
            "older": self._older,
            "link before": self._link_before,
            "note before": self._note_before,
        }
        named |= {f"link {at}": column for at, column in enumerate(self._links)}
        named |= {f"note {at}": column for at, column in enumerate(self._notes)}
        return named

    def _sparse(self) -> dict[str, SparseColumn]:
        """Return the columns of which most ids have nothing, by name."""
        return {
            "next": self._next,
            "newest link": self._newest_link,
            "newest note": self._newest_note,
            "note count": self._note_count,
        }

    def columns(self) -> dict[str, bytearray | array[int]]:
        """Return what the clusters consist of, by name; the values are those in use."""
        columns = {**self._arrays(), **self.store.columns()}
        for name, column in self._sparse().items():
            columns |= column.columns(name)
        return columns

    @classmethod
    def restored(cls, mode: IdentityMode, total: int, columns: Mapping[str, bytes]) -> Clusters:
        """Return the clusters that these columns are of. Raises KeyError, ValueError."""
        made = cls(mode)
        made.store = IdStore.restored(columns)
        made.count, made.total = len(made.store), total
        for name, column in made._arrays().items():
            column[:] = array(column.typecode, columns[name])
        made._next = SparseColumn.restored("next", columns)
        made._newest_link = SparseColumn.restored("newest link", columns)
        made._newest_note = SparseColumn.restored("newest note", columns)
        made._note_count = SparseColumn.restored("note count", columns)
        if any(len(column) != made.count + 1 for column in (made.events, made._parent, made._older)):
            raise ValueError("the columns of the users are of different lengths")
        return made

    def known(self, id: str) -> int:
        """Return the number of an id, a cluster of its own when it is new."""
        number = self.store.recent.get(id)
        if number is not None:
            return number
        number = self.store.number(id)
        if number > self.count:
            self.count = number
            # In a Simplified project every id is a user's that is not a device's.
            owned = self.simplified and not id.startswith(DEVICE)
            self.events.append(0)
            self.flags.append(USER if owned else 0)
            self.owner.append(number if owned else 0)
            self.last.append(0)
            self._parent.append(-1)
            self._newer.append(0)
            self._older.append(0)
        return number

    def root(self, number: int) -> int:
        """Return the root of an id's cluster."""
        parent = self._parent
        while (above := parent[number]) > 0:
            higher = parent[above]
            if higher < 0:
                return above
            parent[number] = number = higher
        return number

    def size(self, root: int) -> int:
        """Return how many ids a cluster has."""
        return -self._parent[root]

    def ring(self, number: int) -> Iterator[int]:
        """Yield the ids of an id's cluster, this one first."""
        yield number
        at = self._next[number] or number
        while at != number:
            yield at
            at = self._next[at]

    def events_of(self, root: int) -> int:
        """Return how many events all ids of a cluster have."""
        return (
            self.events[root] if self._parent[root] == -1 else sum(self.events[id] for id in self.ring(root))
        )

    def mark_user(self, number: int) -> None:
        """Note that an id is a user's."""
        if not self.flags[number] & USER:
            self.flags[number] |= USER
            root = self.root(number)
            self.owner[root] = self.owner[root] or number

    def roots(self) -> Iterator[int]:
        """Yield the clusters that are listed, the one seen last first."""
        at = self._older[0]
        while at:
            yield at
            at = self._older[at]

    def touch(self, root: int, message: int) -> None:
        """List the cluster in front: a message has an event or a profile of it."""
        older = self._older
        first = older[0]
        if first == root:
            self.last[root] = message
            return
        newer = self._newer
        if self.flags[root] & LISTED:
            before, after = newer[root], older[root]  # as in `_unlist`
            older[before], newer[after] = after, before
        else:
            self.flags[root] |= LISTED
            self.total += 1
        self.last[root] = message
        # As `_list` does; it was not the first, so that `first` still is.
        older[root], newer[root] = first, 0
        newer[first] = older[0] = root

    def _list(self, root: int) -> None:
        older = self._older[0]
        self._older[root], self._newer[root] = older, 0
        self._newer[older] = self._older[0] = root

    def _unlist(self, root: int) -> None:
        newer, older = self._newer[root], self._older[root]
        self._older[newer], self._newer[older] = older, newer

    def join(self, kind: LinkKind, user: int, other: int, message: int) -> None:
        """Make one cluster of those of two ids; the user of the first one's stays its user."""
        one, two = self.root(user), self.root(other)
        owner = self.owner[one] or self.owner[two]
        both = (self.flags[one] | self.flags[two]) & (IDENTIFIED | LISTED)
        self.total -= bool(self.flags[one] & self.flags[two] & LISTED)
        for root in (one, two):
            if self.flags[root] & LISTED:
                self._unlist(root)
        last = max(self.last[one], self.last[two])
        root, gone = (one, two) if self.size(one) >= self.size(two) else (two, one)
        self._parent[root] += self._parent[gone]
        self._parent[gone] = root
        self._next[root], self._next[gone] = self._next[gone] or gone, self._next[root] or root
        self.flags[root] |= both
        self.owner[root], self.last[root] = owner, last
        self._chain(root, gone, (KINDS.index(kind), user, other, message))
        if both & LISTED:
            self._list(root)

    def _chain(self, root: int, gone: int, link: tuple[int, int, int, int]) -> None:
        """Put the links of two clusters and a new one into one chain, the new one in front."""
        newest = self._newest_link[gone]
        if newest:
            end = newest
            while self._link_before[end]:
                end = self._link_before[end]
            self._link_before[end] = self._newest_link[root]
        else:
            newest = self._newest_link[root]
        self._newest_link[root] = len(self._link_before)
        for column, value in zip(self._links, link, strict=True):
            column.append(value)
        self._link_before.append(newest)

    def links(self, root: int) -> Iterator[tuple[LinkKind, int, int, int]]:
        """Yield what joined a cluster, the newest first: kind, user, other id, message."""
        kinds, users, others, messages = self._links
        at = self._newest_link[root]
        while at:
            yield KINDS[kinds[at]], users[at], others[at], messages[at]
            at = self._link_before[at]

    def note(self, user: int, other: int, reason: Reason) -> bool:
        """Keep why two ids are not joined; False if that is known already."""
        here, there = (user, other) if self._note_count[user] <= self._note_count[other] else (other, user)
        if self._note_count[here] > MOST_LOOKED:
            return False
        reasons, others = self._notes
        at = self._newest_note[here]
        while at:
            if others[at] == there and reasons[at] >> 1 == reason:
                return False
            at = self._note_before[at]
        for id, with_id in ((user, other), (other, user)):
            self._notes[0].append(reason << 1 | (id == user))
            self._notes[1].append(with_id)
            self._note_before.append(self._newest_note[id])
            self._newest_note[id] = len(self._note_before) - 1
            self._note_count[id] += 1
        return True

    def notes(self, number: int) -> Iterator[tuple[bool, int, Reason]]:
        """Yield what is noted of an id, the newest first: whether it is the user's, the other id,
        the reason.
        """
        reasons, others = self._notes
        at = self._newest_note[number]
        while at:
            yield bool(reasons[at] & 1), others[at], _REASONS[reasons[at] >> 1]
            at = self._note_before[at]


_REASONS = tuple(Reason)
