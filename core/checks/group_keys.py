"""Group keys as the settings and the requests have them: which there are, and what writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from ..destinations.actions.presets import preset_subscriptions
from ..identities.requests import id_text
from ..messages import Json, JsonObject
from ..places import in_body
from ..settings import Destination, Subscription
from ..text import shown
from ..verdict import Operation, Translation

DEFAULT_KEY = "$group_id"
"""The group key of Segment's Actions destination where its mapping names none."""
GROUP_ACTION = "groupIdentifyUser"

PROFILE_OPERATIONS = ("$set", "$set_once", "$union", "$append")
"""Parts of a profile update that write properties."""
_TEMPLATE = re.compile(r"\{\{\s*([^}]+?)\s*\}\}")
_LAST_NAME = re.compile(r"([^.\[\]'\"]+)['\"\]]*$")
_ID_NAME = re.compile(r"(?:(?:^|[^A-Za-z])(?:id|Id|ID)s?|[a-z](?:Id|ID)s?|(?:uu|gu|Uu|Gu)id|UUID|GUID)$")
_OWN_NAMES = frozenset(("name", "email", "domain", "website", "url", "phone", "slug"))
"""Fields that every group has its own value of, beside those that are named like ids."""


def group_records(translation: Translation) -> Iterator[tuple[int, Operation, JsonObject]]:
    """Yield each group update of the translation, with its request's number and the operation."""
    for number, operation in enumerate(translation.operations):
        if "/groups" in operation.request.url and path_of(operation).endswith("/groups"):
            for record in operation.request.records():
                yield number, operation, record


def profile_updates(translation: Translation) -> Iterator[tuple[str, JsonObject]]:
    """Yield what the translation writes to users' profiles, each object with its path."""
    for number, operation in enumerate(translation.operations):
        if "/engage" in operation.request.url and path_of(operation).endswith("/engage"):
            for record in operation.request.records():
                for name in PROFILE_OPERATIONS:
                    update = record.get(name)
                    if isinstance(update, dict):
                        yield in_body(number, name), update


def path_of(operation: Operation) -> str:
    """Return Mixpanel's endpoint that an operation sends to, without a query."""
    return operation.request.url.partition("?")[0].rstrip("/")


def group_text(value: Json) -> str:
    """Return a group's id as the text that Mixpanel compares the values of events with; "" for other JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return id_text(value)


def group_ids(value: Json) -> Sequence[Json]:
    """Return the groups that a property or trait names: one, or a list of them."""
    return value if isinstance(value, list) else (value,)


def key_of_mapping(mapping: JsonObject) -> str | None:
    """Return the group key that a mapping writes whatever the message is, or None if the message
    decides it.
    """
    key = mapping.get("group_key")
    if isinstance(key, dict) and "@literal" in key:
        key = key["@literal"]
    if isinstance(key, dict):
        return None
    return key if isinstance(key, str) and key else DEFAULT_KEY


def written_keys(destination: Destination) -> list[str]:
    """Return the group keys that the destination writes by its settings, in their order."""
    if destination.kind == "classic-cloud":
        return _identifier_traits(destination)
    keys = (key_of_mapping(one.mapping) for one in group_subscriptions(destination))
    return list(dict.fromkeys(key for key in keys if key is not None))


def keys_in_settings(known: Sequence[str] | None, destination: Destination) -> list[str]:
    """Return the group keys that are named anywhere: Mixpanel's, if they are known, and those of the
    destination.
    """
    return list(dict.fromkeys((*(known or ()), *written_keys(destination))))


def _identifier_traits(destination: Destination) -> list[str]:
    traits = destination.settings.get("groupIdentifierTraits")
    return [one for one in traits if isinstance(one, str)] if isinstance(traits, list) else []


def subscription_of(operation: Operation, destination: Destination) -> Subscription | None:
    """Find the subscription that made a request; None for the classic destination, which has none."""
    if destination.kind == "classic-cloud":
        return None
    given = preset_subscriptions() if destination.subscriptions is None else destination.subscriptions
    one = given[operation.place] if operation.place < len(given) else None
    same = one is not None and (one.name, one.partner_action) == (operation.subscription, operation.action)
    return one if same else None


def path_in(mapping: JsonObject, field: str) -> str | None:
    """Return the path in the message that a field is mapped to; None if it is mapped to something else.

    "" if it is not mapped at all.
    """
    node = mapping.get(field)
    if node is None or node == "":
        return ""
    path = node.get("@path") if isinstance(node, dict) and len(node) == 1 else None
    return path if isinstance(path, str) else None


class MadeBy(Protocol):
    """Names the subscription and the action that made a record; an `Operation` does."""

    @property
    def subscription(self) -> str: ...
    @property
    def action(self) -> str: ...


def is_id(made_by: MadeBy, record: JsonObject, destination: Destination, ids: Sequence[Json]) -> bool:
    """Return True if the group key is a group's own value, so that each group makes a group key of its own.

    `ids` are the message's groupId and userId.
    """
    if destination.kind == "classic-cloud" or destination.subscriptions is None:
        return False  # the key is a name there
    key, id = record.get("$group_key"), group_text(record.get("$group_id"))
    mappings = [
        one.mapping
        for one in destination.subscriptions
        if one.enabled and one.name == made_by.subscription and one.partner_action == made_by.action
    ]
    if not isinstance(key, str) or any(key_of_mapping(mapping) == key for mapping in mappings):
        return False
    if (id and id in key) or key in ids:
        return True
    paths = [path for mapping in mappings for path in paths_in(mapping.get("group_key"))]
    return any(_gives_an_id(path) for path in paths)


def paths_in(node: Json) -> Iterator[str]:
    """Yield the paths into the message that a mapping reads."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "@path" and isinstance(value, str):
                yield value
            elif name == "@template" and isinstance(value, str):
                yield from _TEMPLATE.findall(value)
            else:
                yield from paths_in(value)
    elif isinstance(node, list):
        for one in node:
            yield from paths_in(one)


def _gives_an_id(path: str) -> bool:
    match = _LAST_NAME.search(path)
    return match is not None and (match[1] in _OWN_NAMES or _ID_NAME.search(match[1]) is not None)


def own_key(key: str, destination: Destination, known: Sequence[str] = (), *, of: str = "") -> str:
    """Return what to do so that Segment writes groups under `key`.

    `of` is the subscription to change; without it, the first whose own key is none of the `known`.
    """
    if destination.kind == "classic-cloud":
        return (
            f"add {shown(key, 60)} to Group Identifier Traits (group_identifier_traits under [classic]),"
            " and send it as a trait of group()"
        )
    named = of or _spare_subscription(destination, known)
    if not named:
        return f"add a subscription for group calls (groupIdentifyUser) with group_key = {shown(key, 60)}"
    return f"set group_key = {shown(key, 60)} in the mapping of subscription {quoted(named)}"


def _spare_subscription(destination: Destination, known: Sequence[str]) -> str:
    """Return the name of the first subscription that writes groups under none of the known keys; "" if all
    do.
    """
    for one in group_subscriptions(destination):
        if key_of_mapping(one.mapping) not in known:
            return one.name or GROUP_ACTION
    return ""


def group_subscriptions(destination: Destination) -> Iterator[Subscription]:
    """Yield the subscriptions of the Actions destination that are on and write groups."""
    if destination.kind == "actions":
        given = preset_subscriptions() if destination.subscriptions is None else destination.subscriptions
        yield from (one for one in given if one.enabled and one.partner_action == GROUP_ACTION)


def quoted(name: str) -> str:
    """Return the name of a subscription as it stands in a sentence."""
    return f"'{shown(name, 60)[1:-1]}'"


def written_properties(record: JsonObject) -> JsonObject:
    """Return the properties that a group update writes."""
    written: JsonObject = {}
    for name in ("$set", "$set_once"):
        update = record.get(name)
        if isinstance(update, dict):
            written.update(update)
    return written


def meant_key(record: JsonObject, destination: Destination, known: Sequence[str]) -> str | None:
    """Return which of Mixpanel's keys a group is meant for that is written under none of them; None if
    unclear.
    """
    written = written_keys(destination)
    left = [one for one in known if one not in written]
    given, id = written_properties(record), group_text(record.get("$group_id"))
    same = next((one for one in left if one in given and group_text(given[one]) == id), None)
    named = next((one for one in left if one in given), None)
    key = record.get("$group_key")
    spelt = near(key, left) if isinstance(key, str) else None
    return same or spelt or named or (left[0] if len(left) == 1 else None)


def likely_keys(traits: JsonObject, id: Json) -> list[str]:
    """Return the traits of a group call that hold its group's id, those named like an id first.

    Without one, those named like an id.
    """
    text = group_text(id)
    same = [name for name, value in traits.items() if text and group_text(value) == text]
    named = [name for name in (same or traits) if _ID_NAME.search(name) and group_text(traits[name])]
    return list(dict.fromkeys((*named, *same)))


def near(key: str, known: Iterable[str]) -> str | None:
    """Return the known key that differs from this one by case only."""
    return next((one for one in known if one.casefold() == key.casefold()), None)
