"""People behind the ids: one with two userIds, several under one, and ids that are new each time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from ...catalogue import identities as rule
from ...identities.model import DEVICE
from ...text import counted, shown
from ...verdict import Finding
from ..place import SERVER_LIBRARY
from .digest import LONGEST, WHO
from .memory import Recent, hashed
from .observed import StreamLimits
from .seen import Seen
from .users import Device, StreamUsers

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DIGITS = re.compile(r"\D+")
_MOST_LIBRARIES = 1_000
_REPEATED = 4
"""Sets of such traits that are known again; clients send a few by turns."""


class _Person(msgspec.Struct):
    """What was sent of one userId."""

    emails: list[str]
    phones: list[str]
    names: list[str]
    proven: list[int]
    """When the newest devices that are really used were first used by it."""
    shared: bool = False
    said: dict[tuple[str, ...], tuple[list[str], list[str]]] = msgspec.field(
        default_factory=dict[tuple[str, ...], tuple[list[str], list[str]]]
    )
    """E-mails and phones by the values that they were read from last: most messages repeat these."""


class People:
    """Remembers who a userId is: e-mails, phones, names and devices, of the users seen last."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._persons: Recent[str, _Person] = Recent(limits.texts)
        self._emails: Recent[str, str] = Recent(limits.texts)
        self._phones: Recent[str, str] = Recent(limits.texts)
        self._pairs: Recent[int, bool] = Recent(4 * limits.texts)
        self._in_a_row: dict[str, int] = {}
        """By library; a server's event of somebody known takes it out again."""
        self._cases: Recent[str, bool] = Recent(limits.texts)

    def look(self, seen: Seen, users: StreamUsers) -> Sequence[Finding]:
        """Return what the message says of the person behind its userId."""
        if seen.second:
            return ()
        found: list[Finding] = []
        ids = seen.identities.ids
        if ids.count > seen.known_ids:
            alike = ids.store.alike
            for number in range(seen.known_ids + 1, ids.count + 1):
                if number in alike:
                    found += self._casing(seen, number)
        if seen.said.who:
            found += self._contacts(seen, users)
        device = users.device
        if device is not None and (device.proven or device.fresh):
            found += self._devices(seen, device)
        if seen.said.is_event:
            if users.new:
                found += self._always_new(seen)
            elif self._in_a_row:
                self._in_a_row.pop(seen.said.library, None)
        return found

    def first_pair(self, user: str, other: str) -> bool:
        """Return True if nothing was said yet of these two users together."""
        return self._pairs.first_time(hashed(user) ^ hashed(other), True)

    def same_person(self, seen: Seen, user: str, other: str) -> str:
        """Return what two users have in common that is one person's, "" if nothing is known of it."""
        known, owner = self._persons.get(user), self._persons.get(other)
        emails, phones, _ = _of_message(seen) if seen.said.user == user else ([], [], [])
        if known is not None:
            emails, phones = [*emails, *known.emails], [*phones, *known.phones]
        if owner is None:
            return ""
        if any(one in owner.emails for one in emails):
            return "e-mail"
        return "phone" if any(one in owner.phones for one in phones) else ""

    def _casing(self, seen: Seen, number: int) -> Iterator[Finding]:
        store = seen.identities.ids.store
        for twin in store.twins(number):
            if seen.identities.ids.root(twin) == seen.identities.ids.root(number):
                continue  # joined on purpose, by an alias or a $merge
            id, other = store.text(number).removeprefix(DEVICE), store.text(twin).removeprefix(DEVICE)
            if not self._cases.first_time(id, True):
                return
            path = (
                "$.userId" if id == seen.said.user else "$.anonymousId" if id == seen.said.anonymous else "$"
            )
            yield rule.ID_CASING.finding(path, f"{shown(other)} came before, now {shown(id)}: two users")
            return

    def _contacts(self, seen: Seen, users: StreamUsers) -> Iterator[Finding]:
        who = seen.said.who
        if not any(who) and "@" not in seen.said.user:
            return
        person = self._persons.get(seen.said.user)
        if person is not None and (known := person.said.get(who)) is not None and self._owns(seen, *known):
            return
        emails, phones, names = _of_message(seen)
        if not (emails or phones or names):
            return
        person = self._person(seen.said.user)
        if who not in person.said and len(person.said) >= _REPEATED:
            del person.said[next(iter(person.said))]
        person.said[who] = emails, phones
        for what, values, owners in (("e-mail", emails, self._emails), ("phone", phones, self._phones)):
            for value in values:
                before = owners.get(value)
                owners.put(value, seen.said.user)
                if before is None or before == seen.said.user or same_case(before, seen.said.user):
                    continue
                if seen.identities.joined(before, seen.said.user):
                    continue
                changed = users.device is not None and users.device.before == before
                if not (changed or what == "e-mail") or not self.first_pair(before, seen.said.user):
                    continue
                if changed:
                    yield rule.USER_ID_CHANGED.finding(
                        "$.userId",
                        f"{shown(before)} and now {shown(seen.said.user)} have the same {what}: one person,"
                        " two userIds",
                    )
                else:
                    yield rule.EMAIL_TWO_USERS.finding(
                        "$.userId",
                        f"{shown(value)} came with userId {shown(before)} before, now with"
                        f" {shown(seen.said.user)}",
                    )
        for what, values, known in (
            ("e-mails", emails, person.emails),
            ("phones", phones, person.phones),
            ("names", names, person.names),
        ):
            for value in values:
                if any(one.startswith(value) or value.startswith(one) for one in known):
                    continue  # the same, or as far as it was typed
                if len(known) < self._limits.identities_shared:
                    known.append(value)
            if len(known) >= self._limits.identities_shared and not person.shared:
                person.shared = True
                some = ", ".join(shown(one, 40) for one in known[:3])
                yield rule.USER_ID_SHARED.finding(
                    "$.userId", f"userId {shown(seen.said.user)} has {len(known)} different {what}: {some}"
                )

    def _owns(self, seen: Seen, emails: list[str], phones: list[str]) -> bool:
        """Return True if these are still known as the user's: nothing is found, and they count as seen."""
        user = seen.said.user
        if any(self._emails.get(one) != user for one in emails):
            return False
        if any(self._phones.get(one) != user for one in phones):
            return False
        for one in emails:
            self._emails.put(one, user)
        for one in phones:
            self._phones.put(one, user)
        return True

    def _devices(self, seen: Seen, device: Device) -> Iterator[Finding]:
        if device.proven:
            person, limits = self._person(seen.said.user), self._limits
            at = seen.said.now if seen.said.at is None else seen.said.at
            person.proven = [*person.proven[1 - limits.devices :], at]
            soon = max(person.proven) - min(person.proven) <= limits.devices_within
            if len(person.proven) == limits.devices and soon and not person.shared:
                person.shared = True
                yield rule.USER_ID_SHARED.finding(
                    "$.userId",
                    f"userId {shown(seen.said.user)} is used on {limits.devices} devices within"
                    f" {counted(limits.devices_within // 60_000, 'minute')}",
                )
        if device.fresh == self._limits.churn_after:
            known = self._persons.get(seen.said.user)
            if known is None or not known.shared:
                yield rule.ANONYMOUS_ID_CHURN.finding(
                    "$.anonymousId",
                    f"{device.fresh} messages of user {shown(seen.said.user)} in a row have an anonymousId"
                    " that was never seen before",
                )

    def _always_new(self, seen: Seen) -> Iterator[Finding]:
        """Find events of a server in a row, each of another user; this one is of a user never seen before."""
        library = seen.said.library
        if library and not is_server(seen):
            return
        if not library and seen.said.own_code:
            return  # a browser's or a phone's own code
        if len(self._in_a_row) > _MOST_LIBRARIES:
            self._in_a_row.clear()
        count = self._in_a_row[library] = self._in_a_row.get(library, 0) + 1
        if count == self._limits.new_users:
            what = "userId" if seen.said.user else "anonymousId"
            yield rule.ALWAYS_NEW_USER.finding(
                f"$.{what}",
                f"{count} events of {shown(library) if library else 'a server'} in a row have each"
                f" {'a' if seen.said.user else 'an'} {what} that was never seen before",
            )

    def _person(self, user: str) -> _Person:
        person = self._persons.get(user)
        if person is None:
            person = _Person([], [], [], [])
            self._persons.put(user, person)
        return person


def is_server(seen: Seen) -> bool:
    """Return True for a message of one of Segment's server libraries."""
    return _is_server(seen.said.library)


@lru_cache(maxsize=256)
def _is_server(library: str) -> bool:
    return SERVER_LIBRARY.match(library) is not None


def same_case(one: str, other: str) -> bool:
    """Return True for ids that differ by case alone: `id-casing` says that."""
    return one.casefold() == other.casefold()


def _of_message(seen: Seen) -> tuple[list[str], list[str], list[str]]:
    """Return e-mails, phones and names of the user in the message, in one spelling."""
    emails, phones, names = list[str](), list[str](), list[str]()
    said = list(map(_plain, seen.said.who))
    for start in range(0, len(said) - len(WHO) + 1, len(WHO)):
        email, phone, name, first, last = said[start : start + len(WHO)]
        if email:
            emails.append(email)
        digits = _DIGITS.sub("", phone)
        if len(digits) >= _SHORTEST_PHONE:
            phones.append(digits)
        if name := name or (f"{first} {last}" if first and last else ""):
            names.append(name)
    if _EMAIL.fullmatch(seen.said.user):
        emails.append(_plain(seen.said.user))
    return list(dict.fromkeys(emails)), list(dict.fromkeys(phones)), list(dict.fromkeys(names))


_SHORTEST_PHONE = 7


def _plain(text: str) -> str:
    return " ".join(text[:LONGEST].split()).casefold()
