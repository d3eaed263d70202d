"""Users over time: who was identified, which ids are joined, how much one user sends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ...catalogue import stream as rule
from ...text import counted, shown
from ...verdict import Finding
from .digest import Said
from .memory import IdTable, Recent, Slot, hashed
from .observed import StreamLimits
from .seen import Seen

_IDENTIFIED, _WITHOUT_TRAITS, _TOLD_PROFILE, _TOLD_LATE, _COUNTED = (1 << bit for bit in range(5))
_FLAGS, _GROUPS, _PROFILE, _FRESH, _DAY, _TODAY, _TOTAL, _LINK = range(8)
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
        self.ids = IdTable(limits.ids, "BBBHHIHQ")
        self._texts: Recent[int, str] = Recent(limits.texts)
        self.device: Device | None = None
        """Of the message that was looked at last; None if it did not have both ids."""
        self.new = False
        """True if nobody had seen the user of that message, or the device of an unknown one."""
        self._groups: int | None = None
        """The groups of that message's user and device; None where they were not looked up."""
        self._own: Slot | None = None
        """The slot of that message's user, or of the device of an unknown one."""

    def look(self, seen: Seen) -> Iterable[Finding]:
        """Find what the message says of its user."""
        self.device, self.new, self._groups, self._own = None, False, None, None
        said = seen.said
        if seen.second or not said.distinct_id or said.type == "alias":
            return ()
        identifies = said.type == "identify"
        if said.user and said.anonymous:
            slot = self._device(said)
        elif identifies or said.is_event:
            slot = self._slot(said, user=bool(said.user))
            self.new = slot.new
            self._groups = slot.columns[_GROUPS][slot.at]
        else:
            return ()
        self._own = slot
        if identifies:
            return self._identify(seen, slot)
        return self._event(seen, slot) if said.is_event else ()

    def mark_group(self, seen: Seen, bit: int) -> tuple[bool, int] | None:
        """Note that the user belongs to a group of this key; None if the message names nobody.

        Returns whether the user was identified, and the group keys on the profile, as bits.
        """
        if not seen.said.distinct_id:
            return None
        slot = self._own or self._slot(seen.said, user=bool(seen.said.user))
        columns, at = slot.columns, slot.at
        columns[_GROUPS][at] |= bit
        self._groups = None
        return bool(columns[_FLAGS][at] & _IDENTIFIED), columns[_PROFILE][at]

    def groups_of(self, seen: Seen) -> int:
        """Return the group keys, as bits, of the user or of the device; `seen` was looked at last."""
        if self._groups is not None:
            return self._groups
        bits = 0
        for key in (_user_key(seen.said.user), _anonymous_key(seen.said.anonymous)):
            slot = self.ids.look(key) if key else None
            bits |= slot.columns[_GROUPS][slot.at] if slot is not None else 0
        return bits

    def profile(self, seen: Seen, bits: int) -> int:
        """Note group keys on the user's profile; all that are there, as bits."""
        slot = self._own or self._slot(seen.said, user=bool(seen.said.user))
        slot.columns[_PROFILE][slot.at] |= bits
        return slot.columns[_PROFILE][slot.at]

    def _slot(self, said: Said, *, user: bool) -> Slot:
        text = said.user if user else said.anonymous
        key = _user_key(text) if user else _anonymous_key(text)
        self._texts.put(key, text)
        return self.ids.place(key, said.now // 1000)

    def _device(self, said: Said) -> Slot:
        """Note what is known of the device of a message that has both ids; return the user's slot."""
        user_key, device_key, tick = _user_key(said.user), _anonymous_key(said.anonymous), said.now // 1000
        self._texts.put(device_key, said.anonymous)
        device = self.ids.place(device_key, tick)
        columns, at, new = device.columns, device.at, device.new
        links, flags = columns[_LINK], columns[_FLAGS][at]
        before, links[at] = links[at], user_key
        # It was used before: by nobody known, or by this user.
        proven = not new and before in (0, user_key) and not flags & _COUNTED
        if proven:
            columns[_FLAGS][at] = flags | _COUNTED
        groups = columns[_GROUPS][at]
        self._texts.put(user_key, said.user)
        user = self.ids.place(user_key, tick)
        columns, at = user.columns, user.at
        self._groups = groups | columns[_GROUPS][at]
        self.new = user.new
        fresh = min(_MOST, columns[_FRESH][at] + 1) if new else 0
        columns[_FRESH][at] = fresh
        changed = before not in (0, user_key)
        known = (self._texts.get(before) or "") if changed else ""
        self.device = Device(known, fresh, proven)
        return user

    def _identify(self, seen: Seen, user: Slot) -> Iterator[Finding]:
        if not seen.said.user:
            return
        columns, at = user.columns, user.at
        flags = columns[_FLAGS][at]
        if not flags & (_IDENTIFIED | _TOLD_LATE) and columns[_TOTAL][at]:
            flags |= _TOLD_LATE
            yield rule.IDENTIFY_AFTER_TRACK.finding(
                "$.userId",
                f"{_events(columns[_TOTAL][at])} of user {shown(seen.said.user)} came before this identify",
            )
        flags |= _IDENTIFIED if seen.said.has_traits else _WITHOUT_TRAITS
        columns[_FLAGS][at] = flags

    def _event(self, seen: Seen, slot: Slot) -> Iterator[Finding]:
        columns, at = slot.columns, slot.at
        columns[_TOTAL][at] = min(_MOST, columns[_TOTAL][at] + 1)
        if (amount := self._amount(seen, slot)) is not None:
            yield amount
        if not seen.said.user:
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
                f"user {shown(seen.said.user)} has {_events(total)} and {why}: no profile is made",
                # It may have been made before anything was received here.
                severity="warning",
                fix=fix,
            )

    def _amount(self, seen: Seen, slot: Slot) -> Finding | None:
        if not seen.said.events or not seen.said.events[0].distinct_id:
            return None  # an event of nobody, which a subscription without the id fields sends
        columns, at = slot.columns, slot.at
        day = (seen.said.now if seen.said.at is None else seen.said.at) // _DAY_MS & _MOST
        if columns[_DAY][at] != day:
            columns[_DAY][at] = day
            columns[_TODAY][at] = 0
        columns[_TODAY][at] += 1
        if columns[_TODAY][at] != self._limits.hot_shard + 1:
            return None
        return rule.HOT_SHARD.finding(
            "$.userId" if seen.said.user else "$.anonymousId",
            f"{shown(seen.said.distinct_id)} has over {self._limits.hot_shard:,} events of this day",
            fix=_OWN_IDS if seen.destination.kind == "classic-cloud" else None,
        )


def _user_key(user: str) -> int:
    return hashed("u" + user) if user else 0


def _anonymous_key(anonymous: str) -> int:
    return hashed("a" + anonymous) if anonymous else 0


def _events(count: int) -> str:
    return f"{count:,} or more events" if count >= _MOST else counted(count, "event")
