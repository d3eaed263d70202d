"""Which ids are joined: the rules that say what the table of users did with a message."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ...catalogue import identities as rule
from ...identities.model import DEVICE
from ...identities.notes import Reason, sentence
from ...identities.table import Identities, Step
from ...text import counted, shown
from ...verdict import Finding
from .memory import Recent
from .observed import StreamLimits
from .people import People, is_server, same_case
from .seen import Seen

_JOINS = (Reason.JOINED, Reason.LATE_ALIAS)
_REFUSED = (Reason.NOT_UUID4, Reason.TAKEN, Reason.FULL)


class _Waiting(msgspec.Struct):
    """An identify that a Simplified project ignores, until an event has both ids."""

    number: int
    """Of its message in the stream."""
    user: str
    device: str
    alone: int = 0
    """Events of the device alone since then."""
    over: bool = False


class Joining:
    """Says what was joined and what was not; what it remembers is what it said."""

    def __init__(self, limits: StreamLimits, people: People) -> None:
        self._limits = limits
        self._people = people
        self._reported: Recent[tuple[str, ...], bool] = Recent(4 * limits.texts)
        self._both: Recent[tuple[str, str], int] = Recent(limits.texts)
        """Events with both ids, of two that nothing joins."""
        self._devices: Recent[str, _Waiting] = Recent(limits.texts)
        self._users: Recent[str, _Waiting] = Recent(limits.texts)
        self._open: dict[str, _Waiting] = {}
        """By device: those of which nothing was said yet, the oldest first."""

    def look(self, seen: Seen) -> Iterator[Finding]:
        """Find what the message did to the ids that it names."""
        if seen.second:
            return
        for step in seen.steps:
            if step.reason in _JOINS:
                yield from self._joined(seen, step)
            else:
                yield from self._apart(seen, step)
        if seen.simplified:
            yield from self._ignored(seen)
            yield from self._unfit(seen)

    @property
    def waiting(self) -> int | None:
        """The number of the oldest identify that an event with both ids may still follow; None for none."""
        return next((one.number for one in self._open.values()), None)

    def settle(self, upto: int | None, identities: Identities) -> Iterator[tuple[int, Finding]]:
        """Wait no longer for messages up to a number, or for any: their findings, with their numbers."""
        for device, one in list(self._open.items()):
            if upto is not None and one.number > upto:
                continue
            del self._open[device]
            events = _apart_events(identities, one)
            if events:
                one.over = True
                yield (
                    one.number,
                    rule.IDENTIFY_IGNORED.finding(
                        "$.anonymousId",
                        f"no event has both ids after this identify: {_of(events, device)} {_are(events)} not"
                        f" joined to {shown(one.user)}",
                    ),
                )

    def _joined(self, seen: Seen, step: Step) -> Iterator[Finding]:
        if step.kind == "alias" and step.owner and step.owner not in (step.anonymous, step.user):
            # A visitor who was another user before: the alias makes one of both.
            words = (
                f"{shown(step.anonymous)} belongs to {shown(step.owner)}: this alias makes one user of them"
                f" and {shown(step.user)}"
            )
            yield from self._two_people(seen, step.user, step.owner, "$.previousId", words)
        elif step.reason is Reason.LATE_ALIAS:
            yield rule.ALIAS_ORDER.finding("$.userId", _sentence(seen, step))
        elif step.kind == "event":
            self._open.pop(step.anonymous, None)
        if step.reason is Reason.JOINED and not step.owner and step.events and step.kind != "merge":
            anonymous = step.anonymous.removeprefix(DEVICE)
            become = "become events" if step.events > 1 else "becomes an event"
            yield rule.ANONYMOUS_TO_KNOWN.finding(
                "$.userId", f"{_of(step.events, anonymous)} {become} of user {shown(step.user)}"
            )

    def _apart(self, seen: Seen, step: Step) -> Iterator[Finding]:
        if step.reason is Reason.FULL:
            if self._reported.first_time(("full", step.user), True):
                yield rule.IDENTITY_CLUSTER_LIMIT.finding("$.anonymousId", _sentence(seen, step))
        elif step.reason is Reason.ALIAS_TAKEN:
            yield rule.ALIAS_ORDER.finding("$.userId", _sentence(seen, step))
        elif step.owner and step.owner not in (step.user, step.anonymous):
            if step.kind != "alias" and step.kind != "merge":
                words = _sentence(seen, msgspec.structs.replace(step, reason=_of_owner(step, seen)))
                yield from self._two_people(seen, step.user, step.owner, "$.anonymousId", words)
        elif step.reason is Reason.APART and not seen.simplified:
            yield from self._history(seen, step)
        elif step.reason is Reason.IGNORED and step.kind == "identify":
            waiting = _Waiting(seen.number, step.user, step.anonymous)
            self._devices.put(step.anonymous, waiting)
            self._users.put(step.user, waiting)
            self._open[step.anonymous] = waiting
            if len(self._open) > self._limits.texts:
                del self._open[next(iter(self._open))]

    def _two_people(self, seen: Seen, user: str, owner: str, path: str, words: str) -> Iterator[Finding]:
        """Find two users on one device: two people, or one whose userId changed."""
        if same_case(user, owner) or not self._people.first_pair(user, owner):
            return
        if what := self._people.same_person(seen, user, owner):
            yield rule.USER_ID_CHANGED.finding(
                "$.userId",
                f"{shown(owner)} and now {shown(user)} have the same {what}: one person, two userIds",
            )
        elif seen.simplified:
            yield rule.SHARED_DEVICE.finding(
                path,
                words,
                fix="call reset() at logout: the next person then has an anonymousId of their own",
            )
        else:
            yield rule.SHARED_DEVICE.finding(
                path,
                words,
                fix="call reset() when another person signs in on the device, before their identify; Mixpanel"
                " advises against it at each logout of the same person",
            )

    def _history(self, seen: Seen, step: Step) -> Iterator[Finding]:
        """Find, with original ID merge, the events of a visitor whom nothing joins to the user."""
        if not step.events or _was_refused(seen.identities, step):
            return
        pair = (step.user, step.anonymous)
        count = (self._both.get(pair) or 0) + 1
        self._both.put(pair, count)
        classic = seen.destination.kind == "classic-cloud"
        identifies = seen.said.type == "identify"
        if not identifies and count < self._limits.not_joined_after:
            return
        if not self._reported.first_time(("history", *pair), True):
            return
        words = (
            f"{_of(step.events, step.anonymous)} {_are(step.events)} not joined to user {shown(step.user)}: "
        )
        if classic:
            yield rule.HISTORY_NOT_JOINED.finding(
                "$.anonymousId",
                words + "the classic destination sends no $identify, and no alias has both ids",
                fix="call alias with the new userId and the anonymousId as previousId before the first"
                " identify; or use the destination Mixpanel (Actions)",
            )
        elif identifies:
            yield rule.HISTORY_NOT_JOINED.finding(
                "$.anonymousId",
                words + "the request of this identify has no $identify with both ids",
                fix="map User ID and Anonymous ID in the subscription of identify calls",
            )
        else:
            yield rule.HISTORY_NOT_JOINED.finding("$.anonymousId", words + "no identify has both ids")

    def _ignored(self, seen: Seen) -> Iterator[Finding]:
        """Find, with simplified ID merge, events after an identify that have one of the two ids alone."""
        user, anonymous = seen.said.user, seen.said.anonymous
        if not seen.said.is_event or bool(user) == bool(anonymous):
            return
        known = self._users.get(user) if user else self._devices.get(DEVICE + anonymous)
        if known is None or known.over:
            return
        events = _apart_events(seen.identities, known)
        if not events or (seen.said.user and is_server(seen)):
            return  # a server's event says nothing of those that the device will send
        if seen.said.user:
            self._say(known)
            yield rule.IDENTIFY_IGNORED.finding(
                "$.anonymousId",
                f"user {shown(known.user)} was identified, and this event has no anonymousId:"
                f" {_of(events, known.device)} {_are(events)} not joined",
            )
            return
        known.alone += 1
        if known.alone == self._limits.ignored_after:
            self._say(known)
            yield rule.IDENTIFY_IGNORED.finding(
                "$.userId",
                f"user {shown(known.user)} was identified on this device, and no event since then has userId:"
                f" {_of(events, known.device)} {_are(events)} not joined",
                fix="send userId with the events after login, beside anonymousId",
            )

    def _say(self, known: _Waiting) -> None:
        known.over = True
        self._open.pop(known.device, None)

    def _unfit(self, seen: Seen) -> Iterator[Finding]:
        """Find, with simplified ID merge, an event with a visitor's distinct_id and without $device_id."""
        if seen.said.user or not seen.said.anonymous or not seen.said.is_event:
            return
        for one in seen.said.events:
            properties = one.properties
            if one.distinct_id != seen.said.anonymous:
                continue
            if properties.get("$device_id") or properties.get("$user_id"):
                continue
            if seen.said.anonymous.startswith(DEVICE) or not self._reported.first_time(
                ("unfit", seen.said.anonymous), True
            ):
                continue
            words = (
                f"visitor {shown(seen.said.anonymous)} becomes a known user, whom nothing joins to anybody"
            )
            if seen.destination.kind == "classic-cloud":
                yield rule.MERGE_UNFIT.finding("$.anonymousId", words)
            else:
                yield rule.MERGE_UNFIT.finding(
                    "$.anonymousId", words, fix="map Anonymous ID in the subscription: it becomes $device_id"
                )


def _of_owner(step: Step, seen: Seen) -> Reason:
    """Return what is said of a device that is another user's."""
    if step.reason is Reason.TAKEN and not seen.simplified:
        return Reason.TAKEN
    return Reason.OTHERS


def _sentence(seen: Seen, step: Step) -> str:
    return sentence(
        step.reason,
        user=step.user,
        anonymous=step.anonymous.removeprefix(DEVICE),
        owner=step.owner,
        simplified=seen.simplified,
    )


def _was_refused(identities: Identities, step: Step) -> bool:
    """Return True if another rule says already why the two are not joined."""
    find = identities.ids.store.find
    anonymous = find(step.anonymous)
    return any(
        is_user and other == anonymous and reason in _REFUSED
        for is_user, other, reason in identities.ids.notes(find(step.user))
    )


def _apart_events(identities: Identities, waiting: _Waiting) -> int:
    """Return how many events the device has, 0 once it is joined to a user."""
    ids = identities.ids
    device = ids.store.find(waiting.device)
    root = ids.root(device) if device else 0
    return 0 if ids.owner[root] else ids.events_of(root)


def _of(events: int, device: str) -> str:
    return f"{counted(events, 'event')} of {shown(device.removeprefix(DEVICE))}"


def _are(events: int) -> str:
    return "is" if events == 1 else "are"
