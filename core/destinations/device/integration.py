"""Segment's integration: which calls of Mixpanel's SDK a message makes in the page.

Source: segmentio/analytics.js-integrations, integrations/mixpanel. The message is seen through Segment's
facade, as in the classic cloud destination.
"""

from __future__ import annotations

from typing import cast

from ...mapping.javascript import MISSING, Missing, keys_in_order
from ...messages import Json, JsonObject
from ..classic.dates import Instant, Part, as_written
from ..classic.dates import text as text_of
from ..classic.message import Call, Fields, find, first, plain_key, truthy
from .inverted import NotJoined, invert
from .options import DeviceOptions
from .sdk import Sdk
from .tables import DELETED, PEOPLE_ID, TRAITS
from .values import group_json, json_of, same, union_as_texts

NOT_A_TEXT = "The event's name is not a text: the page's code ends with a TypeError."
CANNOT_JOIN = (
    "A list of objects has to be inverted, but another property has the new name and is neither a list nor a "
    "text: the page's code ends with a TypeError, and nothing is sent."
)


def enabled(document: JsonObject) -> bool:
    """Return whether the message's integrations object lets it through to Mixpanel."""
    given = document.get("integrations")
    if not isinstance(given, dict):
        return True
    own = given.get("Mixpanel")
    return own is not False and (given.get("All") is not False or truthy(cast(Part, own)))


def identify(call: Call, sdk: Sdk, options: DeviceOptions) -> None:
    """Identify the user, tag it with a name, and register and set the traits."""
    given = call.fields.get("traits")
    person = call.person(given if isinstance(given, dict) else {})
    user_id = call.user_id
    if truthy(user_id):
        sdk.identify(json_of(user_id))
    tag = first(person.email(), find(person.traits, "username"), user_id)
    if truthy(tag):
        sdk.register({"mp_name_tag": json_of(tag)})
    named = cast(Fields, person.traits)
    for name, mixpanels in TRAITS:
        value = person[name]
        if value is not None and value is not MISSING:
            named[mixpanels] = value
            named.pop(name, None)
    if truthy(named.get("$created")):
        _remove(named, "createdAt")
    traits = _object_of(named)
    to_union: JsonObject = {}
    to_set: JsonObject = {}
    for name in keys_in_order(traits):
        value = traits[name]
        if isinstance(value, list) and value:
            to_union[name] = value
            former = sdk.store.get(name)
            if isinstance(former, list):
                traits[name] = union_as_texts(former, value)
        else:
            to_set[name] = value
    if options.all_traits:
        sdk.register(traits)
        if options.people:
            sdk.people_set(to_set)
            sdk.people_union(to_union)
        return
    sdk.register(_picked(traits, _mixpanels_names(options.super_properties)))
    if options.people:
        listed = _mixpanels_names((*options.people_properties, *(name for name, _ in TRAITS)))
        if chosen := _picked(to_set, listed):
            sdk.people_set(chosen)
        if chosen := _picked(to_union, listed):
            sdk.people_union(chosen)


def track(sdk: Sdk, options: DeviceOptions, event: Part, own: Part, now: int) -> str:
    """Count and send an event, then register those of its properties that are listed as super properties.

    Return why the page's code fails on it, "" if it does not.
    """
    if not isinstance(event, str):
        return NOT_A_TEXT
    given: Fields = dict(own) if isinstance(own, dict) else {}
    listed = _picked(_object_of(given), options.super_properties)
    if options.source_name:
        given["segment_source_name"] = options.source_name
    for name in DELETED:
        given.pop(name, None)
    try:
        properties = invert(_object_of(given))
    except NotJoined:
        return CANNOT_JOIN
    if options.people:
        if event.lower() in options.event_increments:
            sdk.people_increment(event, 1)
            sdk.people_set({f"Last {event}": as_written(Instant(now), milliseconds=False)})
        for name in keys_in_order(properties):
            if name.lower() in options.prop_increments:
                sdk.people_increment(name, properties[name])
    sdk.track(event, properties)
    sdk.register(listed)
    return ""


def page(call: Call, sdk: Sdk, options: DeviceOptions, now: int) -> str:
    """Send an event for a page under the name of the first page option that applies, or nothing."""
    category, name = call.fields.get("category"), call.fields.get("name")
    if options.consolidated_pages or options.all_pages:
        title: Part = None
    elif options.categorized_pages and truthy(category):
        title = f"{text_of(category)} {text_of(name)}" if truthy(name) else category
    elif options.named_pages and truthy(name):
        title = name
    else:
        return ""
    event = f"Viewed {text_of(title)} Page" if truthy(title) else "Loaded a Page"
    return track(sdk, options, event, call.properties(), now)


def group(call: Call, sdk: Sdk, options: DeviceOptions) -> None:
    """Describe the group once for every key, then put the user into it."""
    group_id = call.fields.get("groupId")
    if not truthy(group_id) or not truthy(call.user_id):
        return
    named = json_of(group_id)
    given = first(call.fields.get("traits"), call.fields.get("properties"))
    if isinstance(given, dict) and given:
        traits = cast(JsonObject, group_json(given))
        for key in options.group_keys:
            sdk.group_set_once(key, named, traits)
    for key in options.group_keys:
        sdk.set_group(key, named)


def alias(call: Call, sdk: Sdk, original: Json | Missing) -> None:
    """Make the new id an alias of the original, unless the user has it already."""
    to = json_of(first(call.fields.get("userId"), call.fields.get("to")))
    known = (sdk.store.get("distinct_id"), sdk.store.get(PEOPLE_ID))
    if truthy(cast(Part, to)) and not any(same(to, one) for one in known):
        sdk.alias(to, original)


def _object_of(fields: Fields) -> JsonObject:
    return cast(JsonObject, json_of(fields))


def _mixpanels_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_MIXPANELS.get(name, name) for name in names)


_MIXPANELS = dict(TRAITS)


def _picked(properties: JsonObject, names: tuple[str, ...]) -> JsonObject:
    return {name: properties[name] for name in names if name in properties}


def _remove(fields: Fields, name: str) -> None:
    wanted = plain_key(name)
    found = next((key for key in fields if plain_key(key) == wanted), None)
    if found is not None:
        del fields[found]
