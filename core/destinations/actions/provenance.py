"""Where each value of a request comes from, for messages of Mixpanel (Actions). Only when somebody looks.

It follows `actions` request by request: the tables there (`event_properties`) say which field of the payload
a property is, and `mapping.origins` where the field has it from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

from ...mapping import MISSING, Refused, Value
from ...mapping.dates import read_time
from ...mapping.javascript import truthy, type_name
from ...mapping.origins import Origin, fields_of
from ...messages import Json, JsonObject
from ...places import in_body
from ...settings import Destination, Subscription
from ...verdict import OutgoingRequest, PropertySource
from .actions import Moment, Target, target_of
from .event_properties import EVENT_PROPERTIES, GROUP_TRAITS, ORDER_ONLY, OWN_PROPERTIES, USER_TRAITS
from .presets import preset_subscriptions
from .translator import CompiledSubscription, compiled_subscriptions

TOKEN = Origin("setting: project token")
SOURCE_NAME = Origin("setting: source name")
CONSTANT = Origin("Segment writes it")
RANDOM_INSERT_ID = Origin("random at Segment, for no insert id came")

_Traced = tuple[tuple[str | int, ...], Origin, str]
"""The steps into a request's body, the origin of what stands there, and the mapping's field ("" for none)."""


def property_sources(
    document: JsonObject, destination: Destination, *, now: int
) -> tuple[PropertySource, ...]:
    """Return where every value comes from in the requests that the destination makes of the message.

    The requests are in the order of `ActionsTranslator.translate`.
    """
    waves: tuple[list[list[_Traced]], list[list[_Traced]]] = ([], [])
    target, moment = target_of(destination.settings), Moment(now, document)
    given = preset_subscriptions() if destination.subscriptions is None else destination.subscriptions
    for compiled in compiled_subscriptions(destination.subscriptions):
        requests = _requests(compiled, given[compiled.place], target, moment)
        for wave, values in zip(waves, requests, strict=False):
            wave.append(values)
    return tuple(
        PropertySource(in_body(index, *steps), origin.words, field, origin.keys is not None)
        for index, request in enumerate((*waves[0], *waves[1]))
        for steps, origin, field in request
    )


def _requests(
    compiled: CompiledSubscription, subscription: Subscription, target: Target, moment: Moment
) -> list[list[_Traced]]:
    try:
        if not compiled.takes(moment.document):
            return []
        payload = compiled.payload(moment.document)
        requests = compiled.act(payload, target, moment)
    except (Refused, RecursionError):
        return []
    view = _Payload(fields_of(subscription.mapping, moment.document), payload, moment.document)
    trace = _ACTIONS[subscription.partner_action]
    return [[view.coerced(value, request) for value in trace(view, request)] for request in requests]


def refusal(document: JsonObject, destination: Destination, *, now: int) -> Subscription | None:
    """Return the first subscription that refuses the message; None for the classic destination."""
    if destination.kind != "actions":
        return None
    target, moment = target_of(destination.settings), Moment(now, document)
    given = preset_subscriptions() if destination.subscriptions is None else destination.subscriptions
    for compiled in compiled_subscriptions(destination.subscriptions):
        try:
            if compiled.takes(document):
                compiled.act(compiled.payload(document), target, moment)
        except (Refused, RecursionError):
            return given[compiled.place]
    return None


class _Payload:
    """A payload, the origins of its fields, and the message that it was made of."""

    def __init__(self, origins: dict[str, Origin], values: JsonObject, document: JsonObject) -> None:
        self.origins = origins
        self.values = values
        self.document = document

    def field(self, name: str) -> Origin:
        """Return where a field comes from; `utm_properties.utm_source` is inside one."""
        outer, _, inner = name.partition(".")
        origin = self.origins.get(outer, CONSTANT)
        return origin.part(inner) if inner else origin

    def either(self, *names: str) -> tuple[Origin, str]:
        """Return the first of the fields that has a value."""
        name = next((name for name in names if self.values.get(name) is not None), names[-1])
        return self.field(name), name

    def coerced(self, traced: _Traced, request: OutgoingRequest) -> _Traced:
        """Return the same, with a word when the field's type made another type of what stands in the
        message.
        """
        steps, origin, field = traced
        if origin.keys is None:
            return traced
        before, after = _follow(self.document, origin.keys), _follow(request.body, steps)
        if before is MISSING or after is MISSING or type_name(before) == type_name(after):
            return traced
        return steps, Origin(f"{origin.words}, as {type_name(after)}"), field


def _follow(value: Value, keys: tuple[str | int, ...]) -> Value:
    for key in keys:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key, cast(Json, MISSING))
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return MISSING
    return value


_EVENT_FIELDS = dict(EVENT_PROPERTIES)


def _event(view: _Payload, name: str) -> tuple[Origin, str]:
    """Return where a property of an event comes from."""
    own = view.values.get("event_properties")
    if isinstance(own, dict) and name in own and name not in OWN_PROPERTIES:
        return view.field("event_properties").part(name), "event_properties"
    source = _EVENT_FIELDS[name]
    worked_out = _WORKED_OUT.get(source)
    return worked_out(view) if worked_out else (view.field(source), source)


def _time(view: _Payload) -> tuple[Origin, str]:
    value = view.values.get("time")
    if isinstance(value, (str, int, float)) and value and read_time(value) is not None:
        return Origin(f"{view.field('time').words}, as milliseconds"), "time"
    return Origin("the clock, for no time came"), "time"


def _insert_id(view: _Payload) -> tuple[Origin, str]:
    if isinstance(view.values.get("insert_id"), str):
        return view.field("insert_id"), "insert_id"
    return RANDOM_INSERT_ID, "insert_id"


def _distinct_id(view: _Payload) -> tuple[Origin, str]:
    if "distinct_id" in view.values:
        return view.field("distinct_id"), "distinct_id"
    return Origin("empty, for no distinct id came"), "distinct_id"


def _browser(view: _Payload) -> tuple[Origin, str]:
    return Origin(f"user agent rules on {view.field('userAgent').words}"), "userAgent"


def _library(view: _Payload) -> tuple[Origin, str]:
    return Origin(f'"Segment Actions: " and {view.field("library_name").words}'), "library_name"


_WORKED_OUT: dict[str, Callable[[_Payload], tuple[Origin, str]]] = {
    "=time": _time,
    "=insert_id": _insert_id,
    "=distinct_id": _distinct_id,
    "=browser": _browser,
    "=browser_version": _browser,
    "=source": lambda view: (CONSTANT, ""),
    "=library": _library,
    "=source_name": lambda view: (SOURCE_NAME, ""),
}


def _track(view: _Payload, request: OutgoingRequest) -> Iterator[_Traced]:
    order, *products = cast("list[JsonObject]", request.body)
    yield (0, "event"), view.field("event"), "event"
    for name in cast(JsonObject, order["properties"]):
        yield (0, "properties", name), *_event(view, name)
    for place, index in enumerate(_product_places(view, len(products)), start=1):
        yield (place, "event"), CONSTANT, ""
        product = view.field("products") if index is None else view.field("products").part(index)
        own = cast("list[JsonObject]", view.values["products"])[place - 1]
        for name in cast(JsonObject, products[place - 1]["properties"]):
            steps = (place, "properties", name)
            if name in own:
                yield steps, product.part(name), "products"
            elif name == "$insert_id":
                words = f'"{place - 1}" and {_insert_id(view)[0].words}'
                yield steps, Origin(words), "insert_id"
            elif name == "time":
                yield steps, Origin(f"{_time(view)[0].words}, less {place}"), "time"
            elif name not in ORDER_ONLY:
                yield steps, *_event(view, name)


def _product_places(view: _Payload, count: int) -> list[int | None]:
    """Return the index of each product in the mapped list; None if the mapping gave no list."""
    origin = view.field("products")
    value = _follow(view.document, origin.keys) if origin.keys is not None else MISSING
    if isinstance(value, list):
        kept: list[int | None] = [index for index, item in enumerate(value) if item not in (None, "")]
        return kept[:count] if len(kept) >= count else [None] * count
    indexes = sorted(key for key in origin.parts or {} if isinstance(key, int))
    return list(indexes[:count]) if len(indexes) >= count else [None] * count


def _identify(view: _Payload, request: OutgoingRequest) -> Iterator[_Traced]:
    body = cast(JsonObject, request.body)
    if "event" in body:
        names = {"$identified_id": "user_id", "$anon_id": "anonymous_id"}
        yield from _own_event(view, body, names)
        return
    yield from _profile(view, body, "$set", USER_TRAITS)


def _own_event(view: _Payload, body: JsonObject, names: dict[str, str]) -> Iterator[_Traced]:
    """Yield `$identify` and `$create_alias`: what is not in `names` is a setting."""
    yield ("event",), CONSTANT, ""
    for name in cast(JsonObject, body["properties"]):
        field = names.get(name, "")
        setting = TOKEN if name == "token" else SOURCE_NAME
        yield ("properties", name), view.field(field) if field else setting, field


def _profile(
    view: _Payload, body: JsonObject, operation: str, renamed: tuple[tuple[str, tuple[str, ...]], ...]
) -> Iterator[_Traced]:
    """Yield a profile update: whose it is, and its properties out of the traits or increments."""
    field = "increment" if operation == "$add" else "traits"
    for name in body:
        if name == "$token":
            yield (name,), TOKEN, ""
        elif name == "$distinct_id":
            yield (name,), *view.either("user_id", "anonymous_id")
        elif name == "$ip":
            yield (name,), view.field("ip"), "ip"
    traits = cast(JsonObject, view.values.get(field) or {})
    origin = view.field(field)
    yield (operation,), Origin(origin.words), field
    for name in cast(JsonObject, body[operation]):
        sources = dict(renamed).get(name, (name,))
        used = next((source for source in sources if traits.get(source) is not None), sources[-1])
        found = origin.part(used)
        if (
            name == "$name"
            and traits.get("name") is None
            and "firstName" in traits
            and renamed == USER_TRAITS
        ):
            first, last = origin.part("firstName").words, origin.part("lastName").words
            found = Origin(f"{first} and {last}")
        yield (operation, name), found, field


def _group(view: _Payload, request: OutgoingRequest) -> Iterator[_Traced]:
    body = cast(JsonObject, request.body)
    if view.values.get("group_key"):
        yield ("$group_key",), view.field("group_key"), "group_key"
    else:
        yield ("$group_key",), CONSTANT, ""
    traits = cast(JsonObject, view.values.get("traits") or {})
    key = cast(str, body["$group_key"])
    if "$group_id" in body:
        if truthy(traits.get(key)):
            yield ("$group_id",), view.field("traits").part(key), "traits"
        else:
            yield ("$group_id",), view.field("group_id"), "group_id"
    yield from _profile(view, body, "$set", GROUP_TRAITS)


def _alias(view: _Payload, request: OutgoingRequest) -> Iterator[_Traced]:
    names = {"distinct_id": "distinct_id", "alias": "alias"}
    yield from _own_event(view, cast(JsonObject, request.body), names)


def _increment(view: _Payload, request: OutgoingRequest) -> Iterator[_Traced]:
    yield from _profile(view, cast(JsonObject, request.body), "$add", ())


_ACTIONS: dict[str, Callable[[_Payload, OutgoingRequest], Iterator[_Traced]]] = {
    "trackEvent": _track,
    "trackPurchase": _track,
    "identifyUser": _identify,
    "groupIdentifyUser": _group,
    "alias": _alias,
    "incrementProperties": _increment,
}
