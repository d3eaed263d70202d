"""The users that Mixpanel has, built from the requests alone. Pure; grows with users, not with messages.

Sources: Mixpanel's pages on identifying users under Original and Simplified ID merge, on migrating from one
to the other, and on `$identify`, `$create_alias` and `$merge` with their decision trees. Original joins ids
by these events, up to 500 of them; Simplified joins a `$device_id` to the first `$user_id` that an event has
beside it, and never two user ids. Where the pages leave something open: an alias that was in use is joined,
exactly 500 ids are joined, a device with two users stays with the first.
"""

from __future__ import annotations

import msgspec

from ..messages import UUID4
from ..settings import IdentityMode
from .clusters import ALIAS, IDENTIFIED, LISTED, PROFILE, USER, Clusters
from .model import DEVICE, LinkKind
from .named import Named
from .notes import MAX_IDS, Reason


class Step(msgspec.Struct, frozen=True):
    """What a message did to two ids that it names together.

    `owner` is the user that the anonymous id belonged to before, "" if nobody. `events` are those that it
    had, with all that was joined to it. Ids that are refused a second time make no step, except with APART.
    """

    kind: LinkKind
    user: str
    anonymous: str
    reason: Reason
    owner: str = ""
    events: int = 0


class Identities:
    """The table of users, made of translated messages in their order; it knows the user of every id in them.

    Ids are compared letter by letter. In a Simplified project a device has `$device:` before its id, which
    keeps it apart from a user of that id.
    """

    def __init__(self, mode: IdentityMode, ids: Clusters | None = None) -> None:
        self.mode: IdentityMode = mode
        self.ids = ids or Clusters(mode)
        self._simplified = mode == "simplified"
        self._steps: list[Step] = []
        self._message = 0
        self._paired = False
        """An event of the message named both of its ids."""

    def add(self, named: Named, message: int = 0) -> tuple[Step, ...]:
        """Add the ids that one message names, and return what it did. `message` is its id, for evidence."""
        if not named.records and not named.user:
            return ()
        self._message, self._paired = message, False
        for one in named.records:
            if one.kind == "event":
                self._event(one.id, one.user, one.device)
            elif one.kind == "profile":
                self._profile(one.id)
            else:
                self._special(one.kind, one.user, one.device, imported=one.imported, by_sdk=one.by_sdk)
        if named.user and not self._paired:
            self._own(named.user, named.anonymous)
        if not self._steps:
            return ()
        steps = tuple(self._steps)
        self._steps.clear()
        return steps

    def joined(self, one: str, other: str) -> bool:
        """Return True if two ids, as Mixpanel holds them, are one user's."""
        first, second = self.ids.store.find(one), self.ids.store.find(other)
        return bool(first and second) and self.ids.root(first) == self.ids.root(second)

    def _event(self, distinct_id: str, user: str, device: str) -> None:
        if self._simplified:
            known = DEVICE + device if device else ""
            id = user or known or distinct_id
            if user and known:
                self._both(user, known)
        else:
            id = distinct_id
            if user and device and user != device:
                self._paired = True
                self._apart(user, device)
        if id:
            ids = self.ids
            # As `known` begins: most ids are among the recent ones.
            number = ids.store.recent.get(id) or ids.known(id)
            ids.events[number] += 1
            if user:
                of_user = number if user == id else ids.known(user)
                if not ids.flags[of_user] & USER:
                    ids.mark_user(of_user)
            ids.touch(ids.root(number), self._message)

    def _profile(self, id: str) -> None:
        ids = self.ids
        number = ids.known(id)
        ids.flags[number] |= PROFILE
        ids.touch(ids.root(number), self._message)

    def _own(self, user: str, anonymous: str) -> None:
        """Note whose id this is, and that another came in the same message, which does not join them."""
        ids, find = self.ids, self.ids.store.find
        number = find(user)
        if number and not self._simplified:
            ids.mark_user(number)
        if not number or not anonymous or user == anonymous or self._steps:
            return
        device = DEVICE + anonymous if self._simplified and find(DEVICE + anonymous) else anonymous
        other = find(device)
        if other and ids.root(number) != ids.root(other):
            self._apart(user, device)

    def _special(
        self, kind: LinkKind, user: str, other: str, *, imported: bool, by_sdk: bool = False
    ) -> None:
        """Apply `$identify`, `$create_alias` or `$merge`, in the order of Mixpanel's decision trees."""
        ids = self.ids
        if self._simplified:
            device = kind == "identify" or (not ids.store.find(other) and ids.store.find(DEVICE + other))
            self._refused(kind, user, DEVICE + other if device else other, Reason.IGNORED)
            return
        one, two = ids.known(user), ids.known(other)
        first, second = ids.root(one), ids.root(two)
        reason = Reason.JOINED
        if kind == "merge":
            reason = reason if imported else Reason.MERGE_BY_TRACK
        elif one == two:
            return
        else:
            ids.mark_user(one)
        taken = first != second and ids.size(second) > 1 and ids.flags[second] & IDENTIFIED
        if kind == "identify":
            ids.flags[first] |= IDENTIFIED
        if first == second:
            return
        if kind == "identify":
            # Of its own SDKs Mixpanel accepts their prefix: the release notes of mixpanel-iphone 5.0.2.
            if not UUID4.fullmatch(other.removeprefix(DEVICE) if by_sdk else other):
                reason = Reason.NOT_UUID4
            elif taken:
                reason = Reason.TAKEN
        elif kind == "alias":
            used = ids.size(first) > 1 or ids.events[one] or ids.flags[one] & PROFILE
            aliased = ids.flags[one] & ALIAS
            reason = Reason.ALIAS_TAKEN if aliased else Reason.LATE_ALIAS if used else reason
        joins = reason in (Reason.JOINED, Reason.LATE_ALIAS)
        if joins and ids.size(first) + ids.size(second) > MAX_IDS:
            reason, joins = Reason.FULL, False
        if not joins:
            self._refused(kind, user, other, reason)
            return
        if kind == "alias":
            ids.flags[one] |= ALIAS
        self._join(kind, one, two, reason)

    def _both(self, user: str, device: str) -> None:
        """Join the device of an event with both ids (simplified ID merge), unless it is another user's."""
        ids = self.ids
        self._paired = True
        one, two = ids.known(user), ids.known(device)
        root = ids.root(two)
        if ids.root(one) == root:
            return
        if ids.owner[root]:
            self._refused("event", user, device, Reason.OTHERS)
        else:
            ids.flags[two] &= ~PROFILE  # what it held is not preserved
            self._join("event", one, two, Reason.JOINED)

    def _apart(self, user: str, anonymous: str) -> None:
        """Note two ids in one message that joins nothing."""
        ids = self.ids
        recent = ids.store.recent
        one = recent.get(user) or ids.known(user)
        two = recent.get(anonymous) or ids.known(anonymous)
        root = ids.root(two)
        if ids.root(one) == root:
            return
        # In a Simplified project a bare id is a user's own.
        if ids.owner[root] not in (0, two):
            self._refused("event", user, anonymous, Reason.OTHERS)
        elif ids.flags[root] & LISTED:  # otherwise nothing is missed
            self._refused("event", user, anonymous, Reason.APART)

    def _refused(self, kind: LinkKind, user: str, other: str, reason: Reason) -> None:
        ids = self.ids
        one, two = ids.known(user), ids.known(other)
        root = ids.root(two)
        if ids.root(one) != root:
            new = ids.note(one, two, reason)
            if new or reason is Reason.APART:
                self._steps.append(self._step(kind, user, other, reason, root))

    def _join(self, kind: LinkKind, one: int, two: int, reason: Reason) -> None:
        ids = self.ids
        user, other = ids.store.text(one), ids.store.text(two)
        self._steps.append(self._step(kind, user, other, reason, ids.root(two)))
        if reason is Reason.LATE_ALIAS:
            ids.note(one, two, reason)
        ids.join(kind, one, two, self._message)

    def _step(self, kind: LinkKind, user: str, other: str, reason: Reason, root: int) -> Step:
        ids = self.ids
        owner = ids.owner[root]
        name = ids.store.text(owner) if owner else ""
        return Step(kind, user, other, reason, name, ids.events_of(root))
