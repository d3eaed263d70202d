"""Users over time: who was identified, which ids are joined, how much one user sends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ...catalogue import stream as rule
from ...text import counted, shown
from ...verdict import Finding
from .digest import Said
from .memory import IdTable, Recent, hashed
from .observed import StreamLimits
from .seen import Seen

_IDENTIFIED, _WITHOUT_TRAITS, _TOLD_PROFILE, _TOLD_LATE, _COUNTED = (1 << bit for bit in range(5))
_MOST = 0xFFFF
_DAY_MS = 24 * 3600 * 1000


_OWN_IDS = (
    "give each device, service and test an id of its own: the classic destination sends no event without one"
)


class Device(msgspec.Struct, frozen=True):
    """What was known of a message's anonymousId, which came with a userId.

    `before` is the user who had it last, "" if nobody had. `fresh` counts messages of the user in a row whose
    anonymousId was never seen before. `proven`: it just became one that is used, not made for one message.
    """

    before: str
    fresh: int
    proven: bool


class StreamUsers:
    """Remembers of each userId and each anonymousId what became of it."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self.ids = IdTable(limits.ids, "BBBHHIHq")
        columns = self.ids.columns
        (self._flags, self._in_groups, self._profiles, self._fresh) = columns[:4]
        (self._days, self._today, self._totals, self._links) = columns[4:]
        self._texts: Recent[int, str] = Recent(limits.texts)
        """The userIds, to be quoted."""
        self.device: Device | None = None
        """Of the message that was looked at last; None if it had not both ids, or there is nothing to say."""
        self.new = False
        """True if nobody had seen the user of that message, or the device of an unknown one."""
        self._groups: int | None = None
        """The groups of that message's user and device; None where they were not looked up."""
        self._own = 0
        """The number of that message's user, or of the device of an unknown one; 0 where it was not asked."""

    def look(self, seen: Seen) -> Iterable[Finding]:
        """Find what the message says of its user."""
        said = seen.said
        self.device, self.new, self._groups, self._own = None, False, None, 0
        if seen.second or not said.distinct_id or said.type == "alias":
            return ()
        if said.user and said.anonymous:
            own = self._device(said)
        elif said.is_event or said.type == "identify":
            own = self._number(said)
            self._groups = self._in_groups[own]
        else:
            return ()
        self._own = own
        if said.is_event:
            return self._event(seen, own)
        return self._identify(seen, own) if said.type == "identify" else ()

    def mark_group(self, seen: Seen, bit: int) -> tuple[bool, int] | None:
        """Note that the user belongs to a group of this key; None if the message names nobody.

        Returns whether the user was identified, and the group keys on the profile, as bits.
        """
        if not seen.said.distinct_id:
            return None
        at = self._own or self._number(seen.said)
        self._in_groups[at] |= bit
        self._groups = None
        return bool(self._flags[at] & _IDENTIFIED), self._profiles[at]

    def groups_of(self, seen: Seen) -> int:
        """Return the group keys, as bits, of the user or of the device; `seen` was looked at last."""
        if self._groups is not None:
            return self._groups
        bits = 0
        for key in (_user_key(seen.said.user), _anonymous_key(seen.said.anonymous)):
            bits |= self._in_groups[self.ids.look(key)] if key else 0
        return bits

    def profile(self, seen: Seen, bits: int) -> int:
        """Note group keys on the user's profile; all that are there, as bits."""
        at = self._own or self._number(seen.said)
        self._profiles[at] |= bits
        return self._profiles[at]

    def _number(self, said: Said) -> int:
        """Return the number of the user, or of the device of an unknown one, and note if it is new."""
        tick = said.now // 1000
        if said.user:
            key = _user_key(said.user)
            self._texts.know(key, said.user)
        else:
            key = _anonymous_key(said.anonymous)
        at = self.ids.known(key, tick)
        if not at:
            at = self.ids.add(key, tick)
            self.new = True
        return at

    def _device(self, said: Said) -> int:
        """Note what is known of the device of a message that has both ids; return the user's number."""
        user, anonymous, tick = said.user, said.anonymous, said.now // 1000
        ids, texts, flags, fresh = self.ids, self._texts, self._flags, self._fresh
        # As `_user_key` and `_anonymous_key` do.
        user_key, device_key = hash("u" + user) or 1, hash("a" + anonymous) or 1
        device = ids.known(device_key, tick)
        new = not device
        if new:
            device = ids.add(device_key, tick)
        before, self._links[device] = self._links[device], user_key
        # It was used before: by nobody known, or by this user.
        proven = not new and before in (0, user_key) and not flags[device] & _COUNTED
        if proven:
            flags[device] |= _COUNTED
        of_device = self._in_groups[device]
        texts.know(user_key, user)
        at = ids.known(user_key, tick)
        if not at:
            at = ids.add(user_key, tick)
            self.new = True
        self._groups = of_device | self._in_groups[at]
        fresh[at] = in_a_row = min(_MOST, fresh[at] + 1) if new else 0
        changed = before not in (0, user_key)
        if changed or in_a_row or proven:
            self.device = Device((texts.get(before) or "") if changed else "", in_a_row, proven)
        return at

    def _identify(self, seen: Seen, at: int) -> Iterator[Finding]:
        if not seen.said.user:
            return
        flags = self._flags[at]
        if not flags & (_IDENTIFIED | _TOLD_LATE) and self._totals[at]:
            flags |= _TOLD_LATE
            yield rule.IDENTIFY_AFTER_TRACK.finding(
                "$.userId",
                f"{_events(self._totals[at])} of user {shown(seen.said.user)} came before this identify",
            )
        flags |= _IDENTIFIED if seen.said.has_traits else _WITHOUT_TRAITS
        self._flags[at] = flags

    def _event(self, seen: Seen, at: int) -> Sequence[Finding]:
        said, flags = seen.said, self._flags
        total = self._totals[at]
        if total < _MOST:
            self._totals[at] = total = total + 1
        found: list[Finding] = []
        # Nobody's are those that a subscription without the id fields sends.
        if said.events and said.events[0].distinct_id:
            day = (said.now if said.at is None else said.at) // _DAY_MS & _MOST
            today = 1
            if self._days[at] == day:
                today = self._today[at] + 1
            else:
                self._days[at] = day
            self._today[at] = today
            if today == self._limits.hot_shard + 1:
                found.append(self._amount(seen))
        if total < self._limits.no_profile_after or not said.user:
            return found
        if not flags[at] & (_IDENTIFIED | _TOLD_PROFILE):
            found.append(_no_profile(seen, total, without_traits=bool(flags[at] & _WITHOUT_TRAITS)))
            flags[at] |= _TOLD_PROFILE
        return found

    def _amount(self, seen: Seen) -> Finding:
        return rule.HOT_SHARD.finding(
            "$.userId" if seen.said.user else "$.anonymousId",
            f"{shown(seen.said.distinct_id)} has over {self._limits.hot_shard:,} events of this day",
            fix=_OWN_IDS if seen.destination.kind == "classic-cloud" else None,
        )


def _no_profile(seen: Seen, total: int, *, without_traits: bool) -> Finding:
    why = "identify came without traits" if without_traits else "no identify"
    fix = None
    if seen.destination.kind == "classic-cloud" and not seen.destination.settings.get("people"):
        why += ", and Use Mixpanel People is off"
        fix = f"people = true under [classic], as in Segment; {rule.NO_PROFILE.fix}"
    return rule.NO_PROFILE.finding(
        "$.userId",
        f"user {shown(seen.said.user)} has {_events(total)} and {why}: no profile is made",
        # It may have been made before anything was received here.
        severity="warning",
        fix=fix,
    )


def _user_key(user: str) -> int:
    return hashed("u" + user) if user else 0


def _anonymous_key(anonymous: str) -> int:
    return hashed("a" + anonymous) if anonymous else 0


def _events(count: int) -> str:
    return f"{count:,} or more events" if count >= _MOST else counted(count, "event")
