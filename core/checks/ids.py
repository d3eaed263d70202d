"""Rules on ids as they stand in the message and in the requests: placeholders, and spaces around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..catalogue import calls as rule
from ..catalogue.values import ID_WHITESPACE, PLACEHOLDER_GROUP_ID
from ..messages import Json, JsonObject
from ..paths import child
from ..settings import Destination
from ..text import shown
from ..verdict import Finding
from .group_keys import DEFAULT_KEY, group_ids, keys_in_settings
from .placeholders import PLACEHOLDERS, is_good, leftover
from .settings import CheckSettings
from .spaces import stripped, which_end
from .subject import Subject
from .values import number_as_id

_WHOSE = {"userId": "user", "anonymousId": "visitor", "groupId": "group", "previousId": "user"}
_RECORD_IDS = ("distinct_id", "$user_id", "$device_id")
_UNTIL_KNOWN = {
    "userId": rule.PLACEHOLDER_USER_ID.fix,
    "anonymousId": "send a UUID as anonymousId",
    "previousId": "send the id that was used before as previousId",
    "groupId": "call group when the group's id is known, and send that",
    "context.groupId": "leave context.groupId out until the group is known",
}
"""What to send where the text does not hold the id that was meant."""
_OWN_MAPPING = "map the field to what holds a user's id, or leave it out of the message until there is one"
_MANY = {
    "user": "everyone who has it is one user",
    "visitor": "everyone who has it is one visitor",
    "group": "all that have it are one group",
}
_DEFAULT_KEYS = (DEFAULT_KEY,)
_NO_GROUP = PLACEHOLDERS - {"0", "-1", "true", "false", "unknown", "anon", "anonymous", "na"}
"""Placeholders for a group's id: Mixpanel's list without the words that may be the id of a group."""


def ids(subject: Subject) -> Sequence[Finding]:
    """Find placeholders, and spaces around ids: in the message, and in its requests."""
    document, context = subject.document, subject.context
    found: list[Finding] = []
    for field in ("userId", "anonymousId", "previousId"):
        value = document.get(field)
        if value is None:
            continue
        if not isinstance(value, str):
            found += _number(value, field, subject.type)
        elif not is_good(value):
            found += placeholder(
                value, field, f"$.{field}", call=subject.type, imported=_is_imported(subject)
            )
            found += spaces_around(value, field, f"$.{field}", _WHOSE[field], call=subject.type)
    # The classic destination reads a group's id from a trait or property only, and ignores calls without.
    read = subject.destination.kind != "classic-cloud" or not subject.translation.operations
    if "groupId" in document:
        found += _group_id(document["groupId"], "groupId", read=read)
        if subject.type == "group" and read:
            found += _empty_group(document["groupId"], "groupId", "$.groupId")
    if "groupId" in context:
        found += _group_id(context["groupId"], "context.groupId", read=read)
    if subject.events:
        path, _, sent = subject.events[0]  # the other records of a message have the same ids
        if subject.destination.subscriptions is not None:
            found += _ids_of_event(subject, path, sent)
        for key in group_keys(subject.settings, subject.destination):
            if key in sent:
                found += _groups(subject, child(f"{path}.properties", key), sent[key], key)
    elif subject.type == "identify":
        found += _in_profile(subject)
        keys = group_keys(subject.settings, subject.destination)
        for path, record in subject.profiles:
            for operation, update in record.items():
                if isinstance(update, dict) and not update.keys().isdisjoint(keys):
                    for key in keys:
                        if key in update:
                            found += _groups(subject, child(f"{path}.{operation}", key), update[key], key)
    elif subject.type == "group":
        found += _in_profile(subject)
    return found


def _number(value: Json, field: str, call: Json) -> Iterator[Finding]:
    """Yield the findings on an id that is not text: a number, or true or false."""
    if isinstance(value, int):
        yield from number_as_id(field, value)
    if isinstance(value, bool) or value in (0, -1):
        yield from placeholder(value, field, f"$.{field}", call=call)


def _group_id(value: Json, name: str, *, read: bool) -> Iterator[Finding]:
    if isinstance(value, int):
        yield from number_as_id(name, value)
    elif read and isinstance(value, str) and not is_good(value):
        yield from _placeholder_group(value, name, f"$.{name}")
        yield from spaces_around(value, name, f"$.{name}", "group")


def _empty_group(value: Json, name: str, path: str) -> Iterator[Finding]:
    if value is None or value == "":
        yield PLACEHOLDER_GROUP_ID.finding(
            path,
            f"{shown(name, 40)[1:-1]} is {shown(value)}: not a group",
            fix=_UNTIL_KNOWN.get(name),
        )


def _until_known(name: str, call: Json) -> str:
    """Return what to send where the text does not hold the id that was meant."""
    if name == "userId" and call in ("identify", "alias"):
        return f"call {call} when the userId is known, and send that"
    return _UNTIL_KNOWN.get(name, f"leave {shown(name, 40)[1:-1]} out while the id is not known")


def is_placeholder(group: str) -> bool:
    """Return True if the text stands for a missing id of a group."""
    return group.lower() in _NO_GROUP or leftover(group) is not None


def _placeholder_group(value: str, name: str, path: str, fix: str = "") -> Iterator[Finding]:
    found = leftover(value)
    if found is not None or value.lower() in _NO_GROUP:
        what = found.what if found is not None else "is a placeholder"
        yield PLACEHOLDER_GROUP_ID.finding(
            path,
            f"{shown(name, 40)[1:-1]} {shown(value)} {what}: {_MANY['group']} to Mixpanel",
            fix=(found.fix if found is not None else "") or fix or _UNTIL_KNOWN.get(name),
        )


def _is_imported(subject: Subject) -> bool:
    """Return False if what is sent goes elsewhere than to /import, whose page alone has the list."""
    sent = subject.translation.operations
    return not sent or any("/import" in operation.request.url for operation in sent)


def placeholder(
    value: Json, name: str, path: str, *, call: Json = None, fix: str = "", imported: bool = True
) -> Iterator[Finding]:
    """Yield the finding on an id that is a placeholder, of that call.

    `fix` is for requests that no Segment message is behind. With `imported` the id goes to /import.
    """
    text = value if isinstance(value, str) else str(value).lower()
    whose = _WHOSE.get(name, "user")
    if text.lower() in PLACEHOLDERS:
        refused = text in PLACEHOLDERS and name in ("userId", "anonymousId", "distinct_id", "$distinct_id")
        if name == "previousId":
            what = f"is a placeholder: {_MANY[whose]}"
        elif not imported:
            what = f"is a placeholder: {_MANY[whose]}, and /import refuses their events"
        else:
            as_id = "" if name.endswith("distinct_id") else " as distinct_id"
            what = f"is a placeholder: Mixpanel {'refuses' if refused else 'may refuse'} it{as_id}"
        yield rule.PLACEHOLDER_USER_ID.finding(
            path,
            f"{name} {shown(value)} {what}",
            severity=None if refused else "warning",
            fix=fix or _until_known(name, call),
        )
    elif isinstance(value, str) and (found := leftover(value)):
        yield rule.PLACEHOLDER_USER_ID.finding(
            path,
            f"{name} {shown(value)} {found.what}: {_MANY[whose]} to Mixpanel",
            severity="warning",
            fix=fix or (found.fix if name != "anonymousId" else "") or _until_known(name, call),
        )


def _ids_of_event(subject: Subject, path: str, sent: JsonObject) -> Iterator[Finding]:
    """Yield ids that a workspace's own mappings take from elsewhere in the message."""
    for name in _RECORD_IDS:
        value = sent.get(name)
        if isinstance(value, str) and not is_good(value) and value not in _named(subject):
            yield from placeholder(value, name, f"{path}.properties.{name}", fix=_OWN_MAPPING)
            yield from spaces_around(value, name, f"{path}.properties.{name}", "user")
            return


def group_keys(settings: CheckSettings, destination: Destination) -> Sequence[str]:
    """Return the properties that name groups: the default key, those of the settings and of the project."""
    known = settings.group_keys
    if known is None and destination.subscriptions is None and destination.kind == "actions":
        return _DEFAULT_KEYS
    return list(dict.fromkeys((DEFAULT_KEY, *keys_in_settings(known, destination))))


def _groups(subject: Subject, path: str, value: Json, key: str) -> Iterator[Finding]:
    """Yield the groups that an event or a profile names: one, or a list of them. `path` leads into the
    requests.
    """
    named_too = subject.destination.kind != "classic-cloud"  # which reads no groupId
    for index, one in enumerate(group_ids(value)):
        good = is_good(one) and bool(one) if isinstance(one, str) else one is not None
        if good or (named_too and one and one in _named(subject)):
            continue
        where = path_in_message(subject, child(path, index) if isinstance(value, list) else path)
        yield from _empty_group(one, key, where)
        if isinstance(one, str):
            yield from _placeholder_group(one, key, where)
            yield from spaces_around(one, key, where, "group")


def path_in_message(subject: Subject, path: str) -> str:
    """Return the place in the message that a value of the requests comes from; else its place in them."""
    source = subject.source_of(path)
    return source.source if source is not None and source.place else path


def _in_profile(subject: Subject) -> Iterator[Finding]:
    for where, body in subject.profiles:
        for name in ("$distinct_id", "$group_id"):
            value = body.get(name)
            if isinstance(value, str) and not is_good(value) and value not in _named(subject):
                path, label = f"{where}.{name}", name
                if name == "$group_id":
                    path, label = _trait_of_group(subject, body, value) or (path, label)
                    yield from _placeholder_group(value, label, path, fix=_UNTIL_KNOWN["groupId"])
                yield from spaces_around(value, label, path, "group" if name == "$group_id" else "user")


def _named(subject: Subject) -> set[Json]:
    """Return the ids that stand in the message's own fields, which are judged there."""
    if subject.destination.kind == "classic-cloud":
        given = [subject.document.get(name) for name in _WHOSE if name != "groupId"]
    else:
        given = [*(subject.document.get(name) for name in _WHOSE), subject.context.get("groupId")]
    return {value for value in given if isinstance(value, str)}


def _trait_of_group(subject: Subject, body: JsonObject, value: str) -> tuple[str, str] | None:
    """Return the trait that gives a group's profile its id, and its name: one that is named as the
    group key.
    """
    key, traits = body.get("$group_key"), subject.document.get("traits")
    if isinstance(key, str) and isinstance(traits, dict) and traits.get(key) == value:
        return child("$.traits", key), key
    return None


def spaces_around(value: Json, name: str, path: str, whose: str, *, call: Json = None) -> Iterator[Finding]:
    """Yield the finding on an id with spaces at an end; placeholders are left to placeholder-user-id."""
    if not isinstance(value, str):
        return
    inner = stripped(value)
    if inner == value or inner.lower() in PLACEHOLDERS or leftover(value):
        return
    label = shown(name, 40)[1:-1]
    if not inner:
        yield ID_WHITESPACE.finding(
            path,
            f"{label} {shown(value)} is nothing but spaces: {_MANY[whose]} to Mixpanel",
            fix=_until_known(name, call),
        )
        return
    yield ID_WHITESPACE.finding(
        path,
        f"{label} {shown(value)} has {which_end(value)}: to Mixpanel another {whose} than {shown(inner)}",
        fix=f"send it without them: {shown(inner, 80)[1:-1]}",
    )
