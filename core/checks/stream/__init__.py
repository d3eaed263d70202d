"""The rules on the stream: what only several messages together show. State over time, bounded memory.

A message passes in two steps: `digest` says what is in it and needs no other message, and
`StreamChecker.observe` compares that with what came before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from ...catalogue import stream as rule
from ...identities.table import Identities
from ...messages import CALL_TYPES
from ...settings import Destination
from ...text import counted, shown
from ...verdict import Finding
from ..settings import DEFAULTS, CheckSettings
from .device import DeviceCalls
from .digest import Digest, Said, Whole, digest, of_copy, said_by
from .groups import Groups
from .joining import Joining
from .memory import Recent
from .modes import Modes
from .names import Names
from .observed import Loose, Observed, StreamLimits
from .people import People
from .repeats import Repeats
from .seen import Seen
from .sources import Sources
from .super_properties import BROWSER, SuperProperties
from .users import StreamUsers

__all__ = [
    "Digest",
    "Forgotten",
    "Loose",
    "Observed",
    "Said",
    "StreamChecker",
    "StreamLimits",
    "Whole",
    "digest",
    "of_copy",
    "said_by",
]


class Forgotten(msgspec.Struct, frozen=True):
    """The number of each kind that is no longer remembered, because newer ones took their place."""

    message_ids: int = 0
    users: int = 0
    names: int = 0

    def __bool__(self) -> bool:
        return bool(self.message_ids or self.users or self.names)

    def __str__(self) -> str:
        """Return what the rules no longer know, as text; "" when nothing was forgotten."""
        parts = [
            counted(count, noun)
            for count, noun in (
                (self.message_ids, "messageId"),
                (self.users, "user or anonymous id"),
                (self.names, "name"),
            )
            if count
        ]
        return f"forgotten, the oldest first: {', '.join(parts)}" if parts else ""


class StreamChecker:
    """Observes messages in their order, and names what they do wrong together.

    `settings` and `destination` are what the rules judge by. A finding belongs to the message that completes
    the mistake. What is remembered is bounded by `limits`; `forgotten` counts the rest. `identities` are the
    users that Mixpanel has so far: that table grows with them, and whoever speaks of users reads it.
    """

    def __init__(
        self,
        settings: CheckSettings = DEFAULTS,
        destination: Destination | None = None,
        *,
        limits: StreamLimits | None = None,
    ) -> None:
        self._limits = limits or StreamLimits()
        self.identities = Identities(settings.identity)
        self.use(settings, destination or Destination())
        self.reset()

    def use(self, settings: CheckSettings, destination: Destination) -> None:
        """Judge by these from now on; what was seen stays known, but no users of another ID merge."""
        self._settings, self._destination = settings, destination
        if settings.identity != self.identities.mode:
            self.forget_users()

    def forget_users(self) -> None:
        """Begin the table of users again: what was sent before was translated by other settings."""
        self.identities = Identities(self._settings.identity)

    def reset(self) -> None:
        """Forget every message."""
        limits = self._limits
        self.forget_users()
        self._repeats = Repeats(limits)
        self._modes = Modes(limits)
        self._users = StreamUsers(limits)
        self._people = People(limits)
        self._joining = Joining(limits, self._people)
        self._groups = Groups(limits, self._users)
        self._names = Names(limits)
        self._sources = Sources(limits)
        self._device_calls = DeviceCalls(limits)
        self._super_properties = SuperProperties(limits)
        self._clocks: Recent[str, bool] = Recent(limits.texts)
        self.observed = 0
        """The number of the newest message."""

    @property
    def device_traffic(self) -> bool:
        """True once a record of Mixpanel's own SDK was observed."""
        return self._modes.device_traffic

    @property
    def waiting(self) -> int | None:
        """The number of the oldest message that later ones may still clear of a mistake."""
        numbers = (self._groups.values.waiting, self._joining.waiting)
        return min((number for number in numbers if number is not None), default=None)

    def settle(self, upto: int | None = None) -> Iterator[tuple[int, Finding]]:
        """Wait no longer for messages up to a number, or for any: yield the findings that were waiting.

        Each comes with the number of its message.
        """
        yield from self._groups.values.settle(upto)
        yield from self._joining.settle(upto, self.identities)

    @property
    def forgotten(self) -> Forgotten:
        """What had to be forgotten so far."""
        return Forgotten(self._repeats.ids.forgotten, self._users.ids.forgotten, self._names.forgotten)

    def observe(self, given: Digest, identities: Identities | None = None) -> tuple[Finding, ...]:
        """Find what a message completes. Call it once for each message, in their order.

        A message that Segment would not hand to Mixpanel (refused, blocked, filtered out) is skipped.
        `identities` is the table of users for a message that is in the usual one already.
        """
        self.observed += 1
        said = given.said
        if said.kept_back and said.source_kind == "segment":
            return ()
        identities = identities or self.identities
        known = identities.ids.count
        steps = () if said.second or said.kept_back else identities.add(said.named, said.id)
        # In the order of the fields: naming them would cost as much as a rule, for every message.
        one = Seen(
            said,
            given.whole,
            said.second,
            self._settings,
            self._destination,
            identities,
            steps,
            known,
            self.observed,
        )
        if said.source_kind == "mixpanel":
            twice = self._modes.device(one)
            of_device = (*self._repeats.device(one), *self._device_calls.look(one))
            return of_device if twice is None else (twice, *of_device)
        if said.type not in CALL_TYPES:
            return ()
        found = self._found(one)
        return tuple(found) if found else ()

    def _found(self, one: Seen) -> Sequence[Finding]:
        said = one.said
        found: list[Finding] = []
        # Most of these find nothing in most messages: asking is cheaper than adding nothing.
        if some := self._repeats.look(one):
            found += some
        if (twice := self._modes.cloud(one)) is not None:
            found.append(twice)
        if one.steps or one.settings.identity == "simplified":
            found += self._joining.look(one)
        if some := self._users.look(one):
            found += some
        if some := self._people.look(one, self._users):
            found += some
        if some := self._groups.look(one):
            found += some
        if some := self._names.look(one):
            found += some
        if said.platform and (some := self._sources.look(one)):
            found += some
        if said.library == BROWSER and (some := self._super_properties.look(one)):
            found += some
        if said.skew is not None and abs(said.skew) > self._limits.skew:
            found += self._clock(said, said.skew)
        return found

    def _clock(self, said: Said, skew: int) -> Iterator[Finding]:
        """Yield a sender's clock that is off: `sentAt` is written as the request leaves."""
        if not said.replay and self._clocks.first_time(said.device or said.anonymous or said.library, True):
            off = abs(skew) / 60_000
            way = "behind" if skew > 0 else "ahead"
            who = shown(said.library) if said.library else "the sender"
            yield rule.CLOCK_SKEW.finding("$.sentAt", f"the clock of {who} is {off:,.0f} min {way}")
