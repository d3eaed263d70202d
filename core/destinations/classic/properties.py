"""The properties of events and profiles as the classic destination writes them.

Source: Segment's published cloud integration. Objects inside become JSON text; lists stay lists.
"""

from __future__ import annotations

from typing import cast

from ...mapping import Refused
from ...mapping.javascript import MISSING, json_number, keys_in_order, stringify
from ...messages import Json, JsonObject
from ..browsers import browser
from .dates import Instant, Part, iso, text, to_seconds
from .message import Call, Fields, Person, find, first, member, plain_trait, remove, truthy
from .options import Options
from .tables import BY_DEVICE, EVENT, GROUP_TRAITS, LIFTED, MOBILE, TRAITS, UTM


def event_properties(call: Call, options: Options) -> Fields:
    """Return the properties of an event: the message's own, what its context tells, the user's traits."""
    own = call.properties()
    if not isinstance(own, dict):
        raise Refused("properties is not an object: Segment's classic destination fails on it.")
    user = call.person(call.in_context("traits"))
    properties: Fields = {**own}
    for name in LIFTED:
        remove(properties, name)
    _extend(properties, _from_message(call, own, options))
    properties["mp_name_tag"] = first(user.name(), user.email(), call.id)
    _extend(properties, _browser(call))
    _extend(properties, _from_device(call))
    campaign = call.in_context("campaign")
    if truthy(campaign):
        for name, key in UTM:
            properties[name] = member(campaign, key)
    if options.source_name:
        properties["segment_source_name"] = options.source_name
    properties = {
        name: _flat(value) for name, value in properties.items() if value is not None and value is not MISSING
    }
    traits = profile(call, user)
    if isinstance(traits, dict):
        for name, value in traits.items():
            prefix = "$" if options.legacy_super_properties and not name.startswith("$") else ""
            properties[prefix + name] = value
    return properties


def _from_message(call: Call, own: Fields, options: Options) -> Fields:
    ms = call.timestamp.ms
    worked_out: Fields = {
        "=id": call.id,
        "=library": f"Segment: {text(call.library)}",
        "=referrer": first(
            call.in_context("referrer.url"), call.in_context("page.referrer"), find(own, "referrer")
        ),
        "=searchEngine": find(own, "searchEngine"),
        "=time": Instant(None) if ms is None else ms // 1000,
        "=token": options.token,
        "=username": find(own, "username"),
    }
    made: Fields = {}
    for name, source in EVENT:
        if source[0] == "=":
            made[name] = worked_out[source]
        elif source.startswith("app."):
            made[name] = member(call.in_context("app"), source[4:])
        else:
            made[name] = call.in_context(source)
    return made


def profile(call: Call, person: Person) -> Part:
    """Return a user's traits under Mixpanel's names, with what the context tells of the device."""
    if not isinstance(person.traits, dict):
        return person.traits
    traits: Fields = {**person.traits}
    for name, mixpanels in TRAITS:
        value = person[name]
        if value is not None and value is not MISSING:
            traits[mixpanels] = value
            traits.pop(name, None)
    for name, _ in TRAITS:
        remove(traits, name, plain_trait)
    _extend(traits, _browser(call))
    _cut_created(traits)
    _extend(traits, _from_device(call))
    return {name: _flat(value) for name, value in traits.items()}


def group_profile(given: Fields) -> Fields:
    """Return a group's traits under Mixpanel's names."""
    traits: Fields = {**given}
    for name, mixpanels in GROUP_TRAITS:
        value = find(given, name)
        if value is not None and value is not MISSING:
            traits[mixpanels] = value
    for name, _ in GROUP_TRAITS:
        remove(traits, name, plain_trait)
    _cut_created(traits)
    return {name: _flat(value) for name, value in traits.items()}


def _cut_created(traits: Fields) -> None:
    if truthy(traits.get("$created")):
        created = to_seconds(traits["$created"])
        if created is None:
            del traits["$created"]
        else:
            traits["$created"] = created


def _browser(call: Call) -> Fields:
    user_agent = call.in_context("userAgent")
    if not user_agent or not isinstance(user_agent, str):
        return {}
    name, version = browser(user_agent)
    return {"$browser": name, "$browser_version": version} if name else {}


def _from_device(call: Call) -> Fields:
    kind = member(call.in_context("device"), "type")
    table = MOBILE + BY_DEVICE.get(kind, ()) if isinstance(kind, str) else MOBILE
    made: Fields = {}
    for name, source in table:
        part, _, key = source.partition(".")
        made[name] = member(call.in_context(part), key)
    return made


def _extend(target: Fields, more: Fields) -> None:
    for name, value in more.items():
        if value is not MISSING:
            target[name] = value


def _flat(value: Part) -> Part:
    return str(stringify(leaving(value))) if isinstance(value, dict) else value


def leaving(value: Part) -> Json:
    """Return a value as it leaves in JSON: dates as text, JavaScript's numbers, nothing that is undefined."""
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, int | float):
        return json_number(value)
    if isinstance(value, Instant):
        return iso(value)
    if isinstance(value, dict):
        made: JsonObject = {}
        for key in keys_in_order(cast(JsonObject, value)):
            if value[key] is not MISSING:
                made[key] = leaving(value[key])
        return made
    if isinstance(value, list):
        made_list: list[Json] = []
        for item in value:
            made_list.append(leaving(item))
        return made_list
    return None
