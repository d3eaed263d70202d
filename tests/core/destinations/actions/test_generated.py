"""The generated functions give what the interpreter gives, to the order of the keys, or leave it to that."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors import vectors

from segtap.core.destinations.actions.actions import Moment, Target, target_of
from segtap.core.destinations.actions.event_properties import EVENT_PROPERTIES
from segtap.core.destinations.actions.fields import ACTION_FIELDS
from segtap.core.destinations.actions.generated import event_function
from segtap.core.destinations.actions.presets import preset_subscriptions
from segtap.core.destinations.actions.translator import CompiledSubscription, compile_subscription
from segtap.core.mapping import Refused
from segtap.core.mapping.clock import NOW
from segtap.core.settings import Subscription

TARGET = target_of({"projectToken": "token", "apiSecret": "secret"})
NAMED = target_of({"projectToken": "token", "sourceName": "shop"})
CUSTOM = Subscription(
    subscribe='type = "track"',
    partner_action="trackPurchase",
    mapping={
        "event": {"@template": "{{event}}!"},
        "time": {"@if": {"exists": {"@path": "$.properties.at"}, "then": {"@path": "$.timestamp"}}},
        "distinct_id": {"@if": {"blank": {"@path": "$.userId"}, "then": "x", "else": {"@path": "$.userId"}}},
        "insert_id": {"@path": "$.messageId"},
        "app_name": "shop",
        "screen_width": "12",
        "app_build": 7,
        "batch_size": 5000,
        "wifi": {"@case": {"operator": "lower", "value": {"@path": "$.properties.wifi"}}},
        "event_properties": {
            "@merge": {"direction": "left", "objects": [{"@path": "$.properties"}, {"a": 1}]}
        },
        "context": {"@path": "$.context"},
        "utm_properties": {
            "utm_source": {"@path": "$.context.campaign.source"},
            "utm_medium": {"@path": "$.context.medium"},
            "other": {"@path": "$.context.campaign.other"},
        },
        "userAgentData": {"@path": "$.context.userAgentData"},
        "generatePurchaseEventPerProduct": {"@path": "$.properties.each"},
        "products": {"@path": "$.properties.products"},
        "unknown": {"@json": {"mode": "decode", "value": {"@path": "$.context.os.name"}}},
        "device_id": {"@path": "$." + ".".join(["context"] * 60)},
    },
)
ODD: list[Any] = [
    *(None, "", "x", " 1 ", "true", 0, -0.0, 1, 7.5, 2**60, 1e300, float("inf"), True, False),
    *([], ["x"], [None], [1, 2], {}, {"name": "x"}, {"length": 2}, "2026-02-30T10:00:00.000Z", "\ud800"),
]
"""Values of every type, put where a mapping reads."""


@cache
def compiled() -> tuple[CompiledSubscription, ...]:
    """The presets and another, with their functions generated."""
    made = tuple(compile_subscription(each) for each in (*preset_subscriptions(), CUSTOM))
    for subscription in made:
        subscription.generate()
    return made


def outcome(subscription: CompiledSubscription, message: Any, target: Target, *, generated: bool) -> str:
    """What a subscription makes of a message, with every type and the order of the keys to be seen."""
    run = subscription.requests if generated else subscription.interpreted
    NOW.set(1_700_000_000_000)
    try:
        return repr(run(message, target, Moment(1_700_000_000_000, message)))
    except Refused as refusal:
        return f"refused: {refusal}"


def compare(message: Any, subscriptions: tuple[CompiledSubscription, ...], target: Target = TARGET) -> None:
    """Run the subscriptions both ways, whether or not their triggers match."""
    before = json.dumps(message)
    for subscription in subscriptions:
        ours = outcome(subscription, message, target, generated=True)
        assert ours == outcome(subscription, message, target, generated=False), subscription.name
    assert json.dumps(message) == before


FULL: dict[str, Any] = {
    "type": "track",
    "messageId": "m1",
    "event": "Order Completed",
    "name": "Home",
    "userId": "u1",
    "anonymousId": "a1",
    "timestamp": "2026-11-20T10:00:00.123Z",
    "properties": {
        "time": 5,
        "total": 10.0,
        "each": True,
        "at": 1,
        "wifi": "TRUE",
        "products": [{"sku": "s", "price": "9.5", "quantity": 1.0, "own": None}, {"name": ""}],
    },
    "context": {
        "groupId": "g1",
        "app": {"name": "App", "version": "1.2", "build": "3", "namespace": "com.app", "platform": "ios"},
        "os": {"name": "iOS", "version": "17"},
        "device": {
            "id": "d",
            "type": "ios",
            "name": "n",
            "manufacturer": "Apple",
            "model": "x",
            "advertisingId": "adv",
            "idfa": "idfa",
            "adTrackingEnabled": True,
        },
        "network": {"bluetooth": True, "carrier": "c", "cellular": False, "wifi": True},
        "location": {"country": "DE", "region": "BE"},
        "locale": "de-DE",
        "library": {"name": "analytics.js", "version": "2"},
        "ip": "8.8.8.8",
        "page": {"url": "https://example.com", "referrer": "https://example.org"},
        "screen": {"width": 1, "height": 2, "density": 1.5},
        "userAgent": "Mozilla/5.0 Chrome/119.0.0.0",
        "timezone": "Europe/Berlin",
        "campaign": {"source": "s", "medium": "m", "name": "n", "term": "t", "content": "c"},
        "userAgentData": {"mobile": False, "platform": "p", "bitness": "64", "wow64": True},
        "integration": {"name": "Iterable"},
        "personas": {"computation_class": "audience"},
    },
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The keys that lead to every value in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    return [*found, *(place for key, item in items for place in places(item, (*path, key)))]


def changed(path: tuple[Any, ...], value: Any, document: Any = FULL) -> Any:
    """A copy of the document with another value at a place; `...` removes it."""
    message = copy.deepcopy(document)
    holder = message
    for key in path[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return message


def test_the_vectors_both_ways() -> None:
    for row in vectors("actions"):
        compare(row["message"], compiled())


def test_own_mappings_both_ways() -> None:
    generated = 0
    for row in vectors("custom-mappings"):
        for given_ in row["subscriptions"]:
            subscription = Subscription(
                subscribe=given_["subscribe"],
                partner_action=given_["partnerAction"],
                mapping=given_["mapping"],
            )
            one = compile_subscription(subscription)
            one.generate()
            compare(row["message"], (one,))
            generated += one.generated
    assert generated > 100


@pytest.mark.parametrize("path", places(FULL), ids=lambda path: ".".join(map(str, path)))
def test_every_value_of_any_type_both_ways(path: tuple[Any, ...]) -> None:
    for value in (..., *ODD):
        compare(changed(path, value), compiled())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(places(FULL)), st.sampled_from([..., *ODD])), max_size=6))
def test_several_odd_values_both_ways(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    message = FULL
    for path, value in changes:
        try:
            message = changed(path, value, message)
        except (KeyError, TypeError, IndexError):
            continue  # an earlier change took the place away
    compare(message, compiled(), NAMED)


def test_a_regular_message_does_not_need_the_interpreter() -> None:
    for subscription in preset_subscriptions():
        made = event_function(
            subscription.partner_action, subscription.mapping, ACTION_FIELDS[subscription.partner_action]
        )
        if subscription.partner_action.startswith("track"):
            assert made is not None
            (request,) = made(FULL, 0, TARGET) or ()
            properties = request.body[0]["properties"]
            assert len(properties.keys() & {key for key, _ in EVENT_PROPERTIES}) > 45
        else:
            assert made is None


def test_the_function_is_generated_once_a_subscription_is_much_used() -> None:
    subscription = compile_subscription(preset_subscriptions()[0])
    for _ in range(60):
        assert outcome(subscription, FULL, TARGET, generated=True)
        if subscription.generated:
            break
    assert subscription.generated


CONTEXTS: list[Any] = [
    FULL["context"],
    {**FULL["context"], "integration": {"name": "Iterable"}, "groupId": 7},
    {"library": {"name": "analytics-node"}},
    {"app": None, "os": {}},
    {"ip": [], "campaign": {"name": 5}},
    {},
]
OF_MESSAGE = ("messageId", "event", "name", "userId", "anonymousId", "timestamp", "properties")


def test_messages_that_share_a_context_are_translated_as_those_by_themselves() -> None:
    """Each follows one with the same object as its context, from which it takes what comes from there."""
    for context in CONTEXTS:
        for name in OF_MESSAGE:
            for value in (..., None, "", "other", 7, True, ["x"], {"name": "x"}, "2026-11-20T10:00:00Z"):
                message = {**FULL, "context": context, name: value}
                if value is ...:
                    del message[name]
                compare(message, compiled(), TARGET)


def test_what_comes_from_the_context_is_copied_from_the_message_before() -> None:
    copied: list[bool] = []
    mapping = next(one.mapping for one in preset_subscriptions() if one.name == "Track Calls")
    translate = cast(Any, event_function("trackEvent", mapping, ACTION_FIELDS["trackEvent"]))
    again = translate.__globals__["again"]

    def counted(*given: Any) -> Any:
        made = again(*given)
        copied.append(made is not None)
        return made

    translate.__globals__["again"] = counted
    for number, context in enumerate((CONTEXTS[0], CONTEXTS[0], CONTEXTS[0], CONTEXTS[2], CONTEXTS[2])):
        assert translate({**FULL, "messageId": f"m{number}", "context": context}, 0, TARGET)
    # The second message with a context keeps what it becomes, the third one copies that.
    assert copied == [False, True, False]
