"""Users over time: who was identified, which ids are joined, how much one user sends."""

from __future__ import annotations

from collections.abc import Iterator

from ...inspection import Finding
from ...text import counted, shown
from ..catalogue import stream as rule
from .memory import IdTable, Recent, Slot, hashed
from .observed import Seen, StreamLimits, text_of

_IDENTIFIED, _WITHOUT_TRAITS, _TOLD_PROFILE, _TOLD_LATE, _JOINED, _WAITS, _TOLD_JOIN, _ALIASED, _TOLD_HOT = (
    1 << bit for bit in range(9)
)
_FLAGS, _GROUPS, _PROFILE, _DEVICES, _FRESH, _DAY, _TODAY, _TOTAL, _LINK = range(9)
_MOST = 0xFFFF
_DAY_MS = 24 * 3600 * 1000


_OWN_IDS = (
    "give each device, service and test an id of its own: the classic destination sends no event without one"
)


class Users:
    """Remembers of each userId and each anonymousId what became of it."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self.ids = IdTable(limits.ids, "HBBHHHIHQ")
        self._texts: Recent[int, str] = Recent(limits.texts)
        self._emails: Recent[int, int] = Recent(limits.texts)
        self._pairs: Recent[int, bool] = Recent(4 * limits.texts)

    def look(self, seen: Seen) -> Iterator[Finding]:
        """What the message tells of its user."""
        if seen.second or not seen.distinct_id:
            return
        if seen.type == "alias":
            yield from self._alias(seen)
            return
        if seen.user and seen.anonymous:
            yield from self._device(seen)
        if seen.type == "identify":
            yield from self._identify(seen)
        elif seen.is_event:
            yield from self._event(seen)

    def mark_group(self, seen: Seen, bit: int) -> Slot | None:
        """Note that the user belongs to a group of this key; their slot."""
        if not seen.distinct_id:
            return None
        slot = self._slot(seen, user=bool(seen.user))
        slot.columns[_GROUPS][slot.at] |= bit
        return slot

    def groups_of(self, seen: Seen) -> int:
        """The group keys, as bits, of the user or of the device."""
        bits = 0
        for key in (_user_key(seen.user), _anonymous_key(seen.anonymous)):
            slot = self.ids.look(key) if key else None
            bits |= slot.columns[_GROUPS][slot.at] if slot is not None else 0
        return bits

    def profile(self, seen: Seen, bits: int) -> tuple[bool, int]:
        """Note keys on the user's profile; whether the user was identified, and all such keys."""
        slot = self._slot(seen, user=bool(seen.user))
        slot.columns[_PROFILE][slot.at] |= bits
        return bool(slot.columns[_FLAGS][slot.at] & _IDENTIFIED), slot.columns[_PROFILE][slot.at]

    def _slot(self, seen: Seen, *, user: bool) -> Slot:
        text = seen.user if user else seen.anonymous
        key = _user_key(text) if user else _anonymous_key(text)
        self._texts.put(key, text)
        return self.ids.place(key, seen.now // 1000)

    def _device(self, seen: Seen) -> Iterator[Finding]:
        """A message that has both ids."""
        user_key = _user_key(seen.user)
        device = self._slot(seen, user=False)
        before = device.columns[_LINK][device.at]
        device.columns[_LINK][device.at] = user_key
        if before == user_key:
            user = self._slot(seen, user=True)
            user.columns[_FRESH][user.at] = 0
            return
        user = self._slot(seen, user=True)
        columns, at = user.columns, user.at
        if before:
            pair = user_key ^ _anonymous_key(seen.anonymous)
            if self._pairs.first_time(pair, True):
                self._pairs.put(before ^ _anonymous_key(seen.anonymous), True)
                yield self._shared(seen, before)
            return
        columns[_DEVICES][at] = min(_MOST, columns[_DEVICES][at] + 1)
        columns[_FRESH][at] = min(_MOST, columns[_FRESH][at] + 1)
        if columns[_FRESH][at] == self._limits.churn_after:
            yield rule.ANONYMOUS_ID_CHURN.finding(
                "$.anonymousId",
                f"{columns[_FRESH][at]} messages of user {shown(seen.user)} in a row have an anonymousId that"
                " was never seen before",
            )
        # The userId itself is one of the 500.
        if seen.settings.identity == "original" and columns[_DEVICES][at] == self._limits.cluster:
            yield rule.IDENTITY_CLUSTER_LIMIT.finding(
                "$.anonymousId",
                f"user {shown(seen.user)} has {self._limits.cluster:,} anonymousIds and a userId: Mixpanel"
                f" joins {self._limits.cluster:,} ids, this one stays another user",
            )

    def _shared(self, seen: Seen, before: int) -> Finding:
        known = self._texts.get(before)
        other = f"userId {shown(known)}" if known is not None else "another userId"
        if seen.settings.identity == "simplified":
            words = "what it did before logging in is the first one's"
        else:
            words = "Mixpanel may join both users into one, for good"
        return rule.SHARED_DEVICE.finding(
            "$.anonymousId",
            f"anonymousId {shown(seen.anonymous)} came with {other} before, now with {shown(seen.user)}:"
            f" {words}",
        )

    def _identify(self, seen: Seen) -> Iterator[Finding]:
        if not seen.user:
            return
        user = self._slot(seen, user=True)
        columns, at = user.columns, user.at
        flags = columns[_FLAGS][at]
        if not flags & (_IDENTIFIED | _TOLD_LATE) and columns[_TOTAL][at]:
            flags |= _TOLD_LATE
            yield rule.IDENTIFY_AFTER_TRACK.finding(
                "$.userId",
                f"{_events(columns[_TOTAL][at])} of user {shown(seen.user)} came before this identify",
            )
        flags |= _IDENTIFIED if seen.traits else _WITHOUT_TRAITS
        columns[_FLAGS][at] = flags
        yield from self._second_user_id(seen)
        if not seen.anonymous:
            return
        key = _anonymous_key(seen.anonymous)
        device = self._slot(seen, user=False)
        earlier = device.columns[_TOTAL][device.at]
        joined = device.columns[_FLAGS][device.at] & _JOINED
        if seen.settings.identity == "original":
            device.columns[_FLAGS][device.at] |= _JOINED
            if earlier and not joined:
                yield _to_known(seen, earlier)
        elif earlier and not joined:
            user = self._slot(seen, user=True)
            user.columns[_FLAGS][user.at] |= _WAITS
            user.columns[_LINK][user.at] = key

    def _second_user_id(self, seen: Seen) -> Iterator[Finding]:
        """Two userIds of one person, told by the address; Simplified projects cannot join them."""
        address = text_of(seen.traits.get("email")).strip().casefold()
        if not address:
            return
        key, user_key = hashed(address), _user_key(seen.user)
        before = self._emails.get(key)
        self._emails.put(key, user_key)
        if before is None or before == user_key or seen.settings.identity == "original":
            return
        if not self._pairs.first_time(before ^ user_key, True):
            return
        known = self._texts.get(before)
        other = f"userId {shown(known)}" if known is not None else "another userId"
        yield rule.IDENTITY_CLUSTER_LIMIT.finding(
            "$.userId",
            f"the same address came with {other} before, now with {shown(seen.user)}: Simplified ID merge"
            " cannot join two userIds",
        )

    def _event(self, seen: Seen) -> Iterator[Finding]:
        slot = self._slot(seen, user=bool(seen.user))
        columns, at = slot.columns, slot.at
        columns[_TOTAL][at] = min(_MOST, columns[_TOTAL][at] + 1)
        yield from self._amount(seen, slot)
        if not seen.user:
            return
        flags, total = columns[_FLAGS][at], columns[_TOTAL][at]
        if not flags & (_IDENTIFIED | _TOLD_PROFILE) and total >= self._limits.no_profile_after:
            columns[_FLAGS][at] |= _TOLD_PROFILE
            why = "identify came without traits" if flags & _WITHOUT_TRAITS else "no identify"
            fix = None
            if seen.destination.kind == "classic-cloud" and not seen.destination.settings.get("people"):
                why += ", and Use Mixpanel People is off"
                fix = f"people = true under [classic], as in Segment; {rule.NO_PROFILE.fix}"
            yield rule.NO_PROFILE.finding(
                "$.userId",
                f"user {shown(seen.user)} has {_events(total)} and {why}: no profile is made",
                # It may have been made before anything was received here.
                severity="warning",
                fix=fix,
            )
        if seen.settings.identity == "simplified":
            yield from self._joined_by_event(seen, slot)
        elif seen.anonymous:
            yield from self._not_joined(seen)

    def _amount(self, seen: Seen, slot: Slot) -> Iterator[Finding]:
        if not seen.events or not seen.events[0][2].get("distinct_id"):
            return  # an event of nobody, which a subscription without the id fields sends
        columns, at = slot.columns, slot.at
        day = (seen.now if seen.at is None else seen.at) // _DAY_MS & _MOST
        if columns[_DAY][at] != day:
            columns[_DAY][at] = day
            columns[_TODAY][at] = 0
        columns[_TODAY][at] += 1
        if columns[_TODAY][at] == self._limits.hot_shard + 1:
            yield rule.HOT_SHARD.finding(
                "$.userId" if seen.user else "$.anonymousId",
                f"{shown(seen.distinct_id)} has over {self._limits.hot_shard:,} events of this day",
                fix=_OWN_IDS if seen.destination.kind == "classic-cloud" else None,
            )

    def _joined_by_event(self, seen: Seen, slot: Slot) -> Iterator[Finding]:
        """Simplified: the first event with both ids joins them."""
        columns, at = slot.columns, slot.at
        if seen.anonymous:
            columns[_FLAGS][at] &= ~_WAITS
            device = self._slot(seen, user=False)
            if device.columns[_TOTAL][device.at] and not device.columns[_FLAGS][device.at] & _JOINED:
                device.columns[_FLAGS][device.at] |= _JOINED
                yield _to_known(seen, device.columns[_TOTAL][device.at])
        elif columns[_FLAGS][at] & _WAITS and not columns[_FLAGS][at] & _TOLD_JOIN:
            columns[_FLAGS][at] |= _TOLD_JOIN
            known = self._texts.get(columns[_LINK][at])
            of = f" of {shown(known)}" if known is not None else ""
            yield rule.IDENTIFY_IGNORED.finding(
                "$.anonymousId",
                f"user {shown(seen.user)} was identified, and this event has no anonymousId: the anonymous"
                f" events{of} are not joined",
            )

    def _not_joined(self, seen: Seen) -> Iterator[Finding]:
        """Original: events with both ids join nothing."""
        device = self._slot(seen, user=False)
        columns, at = device.columns, device.at
        if not columns[_TOTAL][at] or columns[_FLAGS][at] & (_JOINED | _TOLD_JOIN):
            return
        columns[_DEVICES][at] = min(_MOST, columns[_DEVICES][at] + 1)  # of a device: events with both ids
        if columns[_DEVICES][at] == self._limits.not_joined_after:
            columns[_FLAGS][at] |= _TOLD_JOIN
            yield rule.HISTORY_NOT_JOINED.finding(
                "$.anonymousId",
                f"{_events(columns[_TOTAL][at])} of {shown(seen.anonymous)} came before user"
                f" {shown(seen.user)} was known, and no identify has both ids",
            )

    def _alias(self, seen: Seen) -> Iterator[Finding]:
        previous = text_of(seen.document.get("previousId"))
        if not seen.user or not previous or previous == seen.user or not seen.translation.operations:
            return  # nothing is joined; or nothing is sent, for no preset of Segment's takes alias calls
        user = self._slot(seen, user=True)
        columns, at = user.columns, user.at
        flags, total, link = columns[_FLAGS][at], columns[_TOTAL][at], columns[_LINK][at]
        key = _anonymous_key(previous)
        columns[_FLAGS][at] |= _ALIASED
        columns[_LINK][at] = key
        self._texts.put(key, previous)
        device = self.ids.place(key, seen.now // 1000)
        joined = device.columns[_FLAGS][device.at] & _JOINED
        device.columns[_FLAGS][device.at] |= _JOINED
        if seen.settings.identity == "simplified":
            return
        if flags & _ALIASED and link != key:
            known = self._texts.get(link)
            other = f" to {shown(known)}" if known is not None else ""
            yield rule.ALIAS_ORDER.finding(
                "$.userId", f"{shown(seen.user)} was aliased{other} before: Mixpanel keeps the first"
            )
        elif (flags & _IDENTIFIED or total) and not flags & _ALIASED and not joined:
            came = "identify" if flags & _IDENTIFIED else _events(total)
            yield rule.ALIAS_ORDER.finding(
                "$.userId", f"{came} of {shown(seen.user)} came before this alias: the id is in use already"
            )


def _user_key(user: str) -> int:
    return hashed("u" + user) if user else 0


def _anonymous_key(anonymous: str) -> int:
    return hashed("a" + anonymous) if anonymous else 0


def _events(count: int) -> str:
    return f"{count:,} or more events" if count >= _MOST else counted(count, "event")


def _to_known(seen: Seen, earlier: int) -> Finding:
    return rule.ANONYMOUS_TO_KNOWN.finding(
        "$.userId",
        f"{_events(earlier)} of {shown(seen.anonymous)} become events of user {shown(seen.user)}",
    )
