"""Rules on users and profiles: each function is named after its rule and yields its findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..catalogue import users as rule
from ..messages import UUID4, JsonObject
from ..paths import child
from ..text import shown
from ..verdict import Finding
from .placeholders import PLACEHOLDERS, leftover
from .subject import Subject

_JOINS = ("$create_alias", "$merge")


def _bodies(subject: Subject) -> Iterator[tuple[str, JsonObject]]:
    """Yield the single records that are sent, each with its action."""
    for operation in subject.translation.operations:
        body = operation.request.body
        if isinstance(body, dict):
            yield operation.action, body


def _members(body: JsonObject, key: str) -> JsonObject:
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def anonymous_id_not_uuid4(subject: Subject) -> Iterator[Finding]:
    if subject.settings.identity != "original":
        return
    for _, body in _bodies(subject):
        if body.get("event") != "$identify":
            continue
        properties = _members(body, "properties")
        anonymous = properties.get("$anon_id")
        if not properties.get("$identified_id") or not isinstance(anonymous, str):
            continue
        if UUID4.fullmatch(anonymous) is None:
            if anonymous.lower() in PLACEHOLDERS or leftover(anonymous):
                return  # placeholder-user-id says it
            yield rule.ANONYMOUS_ID_NOT_UUID4.finding(
                "$.anonymousId",
                f"anonymousId {shown(anonymous)} is no UUIDv4: $identify does not join it to the user",
            )
            return


def alias_ignored(subject: Subject) -> Iterator[Finding]:
    if subject.settings.identity != "simplified":
        return
    for _, body in _bodies(subject):
        if body.get("event") in _JOINS:
            yield rule.ALIAS_IGNORED.finding(
                "$.type", f"{body['event']} is ignored with the simplified ID merge: nothing is joined"
            )
            return


def array_overwritten(subject: Subject) -> Sequence[Finding]:
    """Find the lists among the traits that Actions writes in place of the ones in the profile."""
    traits = subject.document.get("traits")
    if not isinstance(traits, dict) or list not in map(type, traits.values()):
        return ()
    return [
        rule.ARRAY_OVERWRITTEN.finding(
            child("$.traits", name), f"the list {shown(name, 40)[1:-1]} replaces the one in the profile"
        )
        for _, record in subject.profiles
        for name, value in _members(record, "$set").items()
        if value.__class__ is list and value and name in traits
    ]
