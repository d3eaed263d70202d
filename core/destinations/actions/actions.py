"""The six actions of Segment's Mixpanel destination: from a checked payload to requests.

Source: the published destination `actions-mixpanel`. Each action takes (payload, target, moment) and returns
requests, or raises `Refused` with Segment's words.
"""

from __future__ import annotations

import hashlib
import json
import math
from base64 import b64encode
from collections.abc import Callable
from typing import cast

import msgspec

from ...mapping import Refused
from ...mapping.dates import read_time
from ...mapping.javascript import (
    MISSING,
    Value,
    is_number,
    json_number,
    keys_in_order,
    plain_object,
    to_number,
    to_text,
    truthy,
)
from ...messages import Json, JsonObject
from ...settings import API_HOSTS, SEGMENT_REGIONS
from ...verdict import OutgoingRequest
from ..browsers import browser
from .event_properties import EVENT_PROPERTIES, GROUP_TRAITS, ORDER_ONLY, OWN_PROPERTIES, USER_TRAITS

MAX_INCREMENTS = 20
REFUSED_NO_TRAITS = '"traits" is a required field'
"""How a group call without traits is refused."""

_Names = tuple[tuple[str, tuple[str, ...]], ...]
"""Mixpanel's names, each with the traits that it stands for."""

Action = Callable[[JsonObject, "Target", "Moment"], list[OutgoingRequest]]


class Target(msgspec.Struct, frozen=True):
    """The address of requests and what every one of them carries; what is not set is absent."""

    host: str
    import_url: str
    authorization: str
    token: Value
    source_name: Value


class Moment(msgspec.Struct, frozen=True):
    """What an action may know beside its payload: the clock (ms) and the message."""

    now: int
    document: JsonObject


def target_of(settings: JsonObject) -> Target:
    """Return the target that the settings, under Segment's names, describe.

    A region is compared flag and all, so a plain `EU` is US. Without an apiSecret the project token is the
    user name of Basic auth, as in Segment's newer source.
    """
    region = settings.get("apiRegion")
    host = next((API_HOSTS[key] for key, name in SEGMENT_REGIONS.items() if name == region), API_HOSTS["us"])
    strict = settings.get("strictMode")
    token = settings.get("projectToken")
    secret = settings.get("apiSecret") or token or ""
    user = f"{to_text(secret)}:".encode("utf-8", "replace")
    return Target(
        host=host,
        import_url=f"{host}/import?strict={'1' if strict is None else to_text(strict)}",
        authorization=f"Basic {b64encode(user).decode()}",
        token=settings.get("projectToken", MISSING),
        source_name=settings.get("sourceName", MISSING),
    )


def import_request(target: Target, events: list[Json]) -> OutgoingRequest:
    """Return a request to /import with the events."""
    # By position: naming the fields would cost five times as much.
    return OutgoingRequest(
        "POST", target.import_url, "application/json", target.authorization, None, None, events
    )


def _form(target: Target, path: str, body: JsonObject) -> OutgoingRequest:
    return OutgoingRequest(
        "POST", target.host + path, "application/x-www-form-urlencoded", body=_without_undefined(body)
    )


def _without_undefined(body: JsonObject) -> JsonObject:
    return {key: value for key, value in body.items() if value is not cast(Json, MISSING)}


def _or_next(*values: Value) -> Value:
    """Return `a ?? b ?? c`: the first that is neither undefined nor null, else the last."""
    for value in values:
        if value is not MISSING and value is not None:
            return value
    return values[-1]


def _get(payload: JsonObject, key: str) -> Value:
    return payload.get(key, MISSING)


def _object(payload: JsonObject, key: str) -> JsonObject | None:
    """Return an object field as it leaves in JSON."""
    value = payload.get(key)
    return plain_object(value) if isinstance(value, dict) else None


def event_time(value: Value, now: int) -> int:
    """Return an event's time (ms); now where the field is absent or does not read as a time."""
    if not isinstance(value, (str, int, float)) or not value:
        return now
    time = read_time(value)
    return now if time is None else time


def _insert_id(payload: JsonObject, moment: Moment) -> str:
    """Return the insert id; where none is mapped, one of the message's content stands for Segment's random
    one.
    """
    own = payload.get("insert_id")
    if isinstance(own, str):
        return own
    content = json.dumps(moment.document, sort_keys=True, default=str)
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def _event_properties(payload: JsonObject, target: Target, moment: Moment) -> JsonObject:
    flat = dict(payload)
    flat["=time"] = event_time(payload.get("time"), moment.now)
    flat["=insert_id"] = _insert_id(payload, moment)
    flat["=distinct_id"] = payload.get("distinct_id", "")
    user_agent = payload.get("userAgent")
    if user_agent and isinstance(user_agent, str):
        flat["=browser"], version = browser(user_agent)
        if version is not MISSING:
            flat["=browser_version"] = version
    flat["=source"] = "Iterable" if from_iterable(payload.get("context")) else "segment"
    library = payload.get("library_name")
    if library is not None:
        flat["=library"] = f"Segment Actions: {library}" if library else library
    if target.source_name is not MISSING:
        flat["=source_name"] = target.source_name
    for nested in ("utm_properties", "userAgentData"):
        inside = payload.get(nested)
        if inside and isinstance(inside, dict):
            for key, value in inside.items():
                flat[f"{nested}.{key}"] = value
    properties: JsonObject = {key: flat[source] for key, source in EVENT_PROPERTIES if source in flat}
    own = _object(payload, "event_properties")
    if own:
        if OWN_PROPERTIES.isdisjoint(own):
            properties.update(own)
        else:
            properties.update((key, value) for key, value in own.items() if key not in OWN_PROPERTIES)
    return properties


def from_iterable(context: Json) -> bool:
    """Return True for the context of a message that Iterable sent."""
    integration = context.get("integration") if isinstance(context, dict) else None
    name = integration.get("name") if isinstance(integration, dict) else None
    return name == "Iterable" or (isinstance(name, list) and to_text(name) == "Iterable")


def track_event(payload: JsonObject, target: Target, moment: Moment) -> list[OutgoingRequest]:
    """Return one event to /import."""
    event: JsonObject = {
        "event": payload["event"],
        "properties": _event_properties(payload, target, moment),
    }
    return [import_request(target, [event])]


def track_purchase(payload: JsonObject, target: Target, moment: Moment) -> list[OutgoingRequest]:
    """Return the order and one `Product Purchased` per product, in one request to /import."""
    order = _event_properties(payload, target, moment)
    products = payload.get("products") if payload.get("generatePurchaseEventPerProduct") else None
    time = event_time(payload.get("time"), moment.now)
    return [purchase_request(target, payload["event"], order, products, time, _insert_id(payload, moment))]


def purchase_request(
    target: Target, event: Json, order: JsonObject, products: Value, time: int, insert_id: str
) -> OutgoingRequest:
    """Return a request to /import with the order's event and those of its products, if there is a list."""
    events: list[Json] = [{"event": event, "properties": order}]
    if isinstance(products, list):
        shared = {key: value for key, value in order.items() if key not in ORDER_ONLY}
        for index, product in enumerate(products):
            properties: JsonObject = {
                **shared,
                "$insert_id": f"{index}{insert_id}",
                "time": time - index - 1,
                **plain_object(cast(JsonObject, product)),
            }
            events.append({"event": "Product Purchased", "properties": properties})
    return import_request(target, events)


def identify_user(payload: JsonObject, target: Target, moment: Moment) -> list[OutgoingRequest]:
    """Return `$identify` to /track when there is an anonymous id, and the traits to /engage when there are
    any.
    """
    _need_token(target)
    requests: list[OutgoingRequest] = []
    if payload.get("anonymous_id"):
        properties = {
            "$identified_id": _get(payload, "user_id"),
            "$anon_id": payload["anonymous_id"],
            "token": target.token,
            "segment_source_name": target.source_name,
        }
        event: JsonObject = {
            "event": "$identify",
            "properties": _without_undefined(cast(JsonObject, properties)),
        }
        requests.append(_form(target, "/track", event))
    traits = _object(payload, "traits")
    if traits:
        body = {
            "$token": target.token,
            "$distinct_id": _or_next(_get(payload, "user_id"), _get(payload, "anonymous_id")),
            "$ip": _get(payload, "ip"),
            "$set": _user_profile(traits),
        }
        requests.append(_form(target, "/engage", cast(JsonObject, body)))
    return requests


def _user_profile(traits: JsonObject) -> JsonObject:
    profile = _profile(traits, USER_TRAITS, _USER_SOURCES)
    if traits.get("name") is None:
        first, last = _get(traits, "firstName"), _get(traits, "lastName")
        profile.pop("$name", None)
        if truthy(first) and truthy(last):
            profile["$name"] = f"{to_text(first)} {to_text(last)}"
    return profile


def _sources(names: _Names) -> frozenset[str]:
    return frozenset(source for _, sources in names for source in sources)


_USER_SOURCES, _GROUP_SOURCES = _sources(USER_TRAITS), _sources(GROUP_TRAITS)


def _profile(traits: JsonObject, names: _Names, renamed: frozenset[str]) -> JsonObject:
    """Return traits under Mixpanel's names; a name of its own counts only through the trait that it stands
    for.
    """
    profile: JsonObject = {key: value for key, value in traits.items() if key not in renamed}
    for name, sources in names:
        value: Value = MISSING
        for source in sources:
            value = traits.get(source, MISSING)
            if value is not None and value is not MISSING:
                break
        if value is MISSING:
            profile.pop(name, None)
        else:
            profile[name] = value
    return profile


def group_identify_user(payload: JsonObject, target: Target, moment: Moment) -> list[OutgoingRequest]:
    """Return the group's traits to /groups. A trait that is named like the group key overrides the group
    id.
    """
    group_key = cast(str, payload.get("group_key") or "$group_id")
    traits = _object(payload, "traits")
    if traits is None:
        raise Refused(REFUSED_NO_TRAITS)
    named = _get(traits, group_key)
    body = {
        "$token": target.token,
        "$group_key": group_key,
        "$group_id": named if truthy(named) else _get(payload, "group_id"),
        "$set": _profile(traits, GROUP_TRAITS, _GROUP_SOURCES),
    }
    return [_form(target, "/groups", cast(JsonObject, body))]


def alias(payload: JsonObject, target: Target, moment: Moment) -> list[OutgoingRequest]:
    """Return `$create_alias` to /track."""
    properties = {
        "distinct_id": _get(payload, "distinct_id"),
        "alias": _get(payload, "alias"),
        "token": target.token,
        "segment_source_name": target.source_name,
    }
    event: JsonObject = {
        "event": "$create_alias",
        "properties": _without_undefined(cast(JsonObject, properties)),
    }
    return [_form(target, "/track", event)]


def increment_properties(payload: JsonObject, target: Target, moment: Moment) -> list[OutgoingRequest]:
    """Return numbers to add to a profile, to /engage; booleans, objects and null are passed over."""
    _need_token(target)
    increments = _object(payload, "increment")
    if not increments:
        return []
    if len(increments) > MAX_INCREMENTS:
        raise Refused(f"Exceeded maximum of {MAX_INCREMENTS} properties for increment call")
    add: JsonObject = {}
    for key in keys_in_order(increments):
        value = increments[key]
        if isinstance(value, str) or is_number(value):
            number = to_number(value)
            if math.isnan(number):
                raise Refused(f'The key "{key}" was not numeric')
            add[key] = json_number(number)
    body = {
        "$token": target.token,
        "$distinct_id": _or_next(_get(payload, "user_id"), _get(payload, "anonymous_id")),
        "$ip": _get(payload, "ip"),
        "$add": add,
    }
    return [_form(target, "/engage", cast(JsonObject, body))]


def _need_token(target: Target) -> None:
    if not truthy(target.token):
        raise Refused("Missing project token")


ACTIONS: dict[str, Action] = {
    "trackEvent": track_event,
    "trackPurchase": track_purchase,
    "identifyUser": identify_user,
    "groupIdentifyUser": group_identify_user,
    "alias": alias,
    "incrementProperties": increment_properties,
}
"""The actions under Segment's names."""
