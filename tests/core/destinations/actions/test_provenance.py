"""Where each value of a request comes from: told for all of them, and true for those that name a place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from vectors import vectors

from segtap.core.destinations.actions.presets import optional_subscriptions, preset_subscriptions
from segtap.core.destinations.actions.provenance import refusal
from segtap.core.destinations.explain import explain
from segtap.core.destinations.kinds import translator
from segtap.core.messages import Json, JsonObject
from segtap.core.paths import child
from segtap.core.pipeline.envelope import read_envelope
from segtap.core.settings import Destination, Subscription
from segtap.core.verdict import Explanation, PropertySource
from segtap.tui.model.json_path import resolve

NOW = 1_795_557_600_000
DESTINATION = Destination(settings={"projectToken": "t" * 32, "sourceName": "Web"})


def explained(message: JsonObject, *subscriptions: Subscription, now: int = NOW) -> Explanation:
    destination = Destination(settings=DESTINATION.settings, subscriptions=subscriptions or None)
    translation = translator(destination).translate(message, now=now)
    return explain(message, destination, translation, now=now)


def sources(message: JsonObject, *subscriptions: Subscription) -> dict[str, str]:
    return {source.path: source.source for source in explained(message, *subscriptions).sources}


def track(**mapping: Json) -> Subscription:
    return Subscription('type = "track"', "trackEvent", {"event": {"@path": "$.event"}, **mapping}, "Track")


def leaves(value: Json, path: str) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, child(path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, child(path, index))
    else:
        yield path, value


def at(document: Json, path: str) -> Any:
    keys = resolve(document, "$", path)
    assert keys is not None, f"{path} is not in the message"
    for key in keys:
        document = document[key]  # pyright: ignore
    return document


@pytest.mark.parametrize("name", ["actions", "actions-alias-increment", "custom-mappings"])
def test_every_value_has_a_source_and_a_place_that_is_named_holds_it(name: str) -> None:
    places = 0
    for row in vectors(name):
        envelope = read_envelope(row, Destination())
        translation = translator(envelope.destination).translate(envelope.message, now=envelope.now or NOW)
        told = explain(envelope.message, envelope.destination, translation, now=envelope.now or NOW)
        for index, operation in enumerate(translation.operations):
            for path, value in leaves(operation.request.body, f"requests[{index}].body"):
                source = told.source_at(path)
                assert source is not None, f"{path} has no source in {row['message']}"
                if source.place:
                    places += 1
                    assert at(envelope.message, source.source) == value, f"{path} is not {source.source}"
    assert places > 500


def test_presets_tell_path_setting_rule_and_constant() -> None:
    found = sources(
        {
            "type": "track",
            "event": "Signed Up",
            "anonymousId": "a1",
            "messageId": "m1",
            "timestamp": "2026-11-24T20:00:00Z",
            "context": {
                "page": {"url": "https://x.io/"},
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0.0.0 Safari/537.36",
                "library": {"name": "analytics.js"},
            },
            "properties": {"plan": {"tier": "pro"}, "$os": "mine"},
        }
    )
    body = "requests[0].body[0]"
    assert found[f"{body}.event"] == "$.event"
    assert found[f"{body}.properties.$current_url"] == "$.context.page.url"
    assert found[f"{body}.properties.distinct_id"] == "$.anonymousId"
    assert found[f"{body}.properties.$insert_id"] == "$.messageId"
    assert found[f"{body}.properties.time"] == "$.timestamp, as milliseconds"
    assert found[f"{body}.properties.$browser"] == "user agent rules on $.context.userAgent"
    assert found[f"{body}.properties.mp_lib"] == '"Segment Actions: " and $.context.library.name'
    assert found[f"{body}.properties.$source"] == "Segment writes it"
    assert found[f"{body}.properties.segment_source_name"] == "setting: source name"
    assert found[f"{body}.properties.$os"] == "$.properties.$os"
    assert found[f"{body}.properties.plan"] == "$.properties.plan"


def test_a_value_within_a_property_is_led_on_to() -> None:
    told = explained({"type": "track", "event": "A", "properties": {"a b": {"c": [1, 2]}, "n": 1}})
    path = "requests[0].body[0].properties['a b'].c[1]"
    assert told.source_at(path) == PropertySource(
        path, "$.properties['a b'].c[1]", "event_properties", place=True
    )
    assert told.source_at("requests[0].body[0].properties.nothing") is None
    assert told.source_at("requests[0].body[0].properties.n.x") is not None


@pytest.mark.parametrize(
    ("node", "source"),
    [
        ({"@template": "web {{event}}"}, 'template "web {{event}}"'),
        ("US", '"US" (literal)'),
        ({"@literal": "x"}, '"x" (literal)'),
        ({"@if": {"exists": {"@path": "$.nope"}, "then": "a", "else": {"@path": "$.event"}}}, "$.event"),
        ({"@if": {"blank": {"@path": "$.event"}, "then": {"@path": "$.event"}}}, "$.event"),
        ({"@case": {"operator": "upper", "value": {"@path": "$.event"}}}, "$.event, in upper case"),
        (
            {"@replace": {"pattern": "A", "replacement": "B", "value": {"@path": "$.event"}}},
            '$.event, replaced "A" → "B"',
        ),
        ({"@json": {"mode": "encode", "value": {"@path": "$.properties"}}}, "$.properties, as JSON text"),
        ({"@path": "$.properties.list[0].sku"}, "$.properties.list[0].sku"),
        ({"@path": "$.properties.n"}, "$.properties.n, as string"),
        (
            {"@transform": {"apply": {"x": {"@path": "$.event"}}, "mapping": {"@path": "$.x"}}},
            "$.event",
        ),
        ({"@excludeWhenNull": {"@path": "$.event"}}, "$.event"),
    ],
)
def test_each_directive_tells_what_it_takes(node: Json, source: str) -> None:
    message: JsonObject = {
        "type": "track",
        "event": "A",
        "properties": {"n": 3, "list": [{"sku": "s"}]},
    }
    assert sources(message, track(country=node))["requests[0].body[0].properties.mp_country_code"] == source


def test_merged_flattened_and_listed_properties_keep_their_own_sources() -> None:
    message: JsonObject = {
        "type": "track",
        "event": "A",
        "properties": {"a": 1, "b": {"c": 2}},
        "context": {"a": 5, "d": 6},
    }
    merged = track(
        event_properties={
            "@merge": {"objects": [{"@path": "$.context"}, {"@path": "$.properties"}], "direction": "right"}
        }
    )
    found = sources(message, merged)
    assert found["requests[0].body[0].properties.a"] == "$.properties.a"
    assert found["requests[0].body[0].properties.d"] == "$.context.d"
    flat = track(event_properties={"@flatten": {"value": {"@path": "$.properties"}, "separator": "-"}})
    assert sources(message, flat)["requests[0].body[0].properties.b-c"] == "$.properties.b.c"


def test_products_of_an_order_tell_their_item() -> None:
    message: JsonObject = {
        "type": "track",
        "event": "Order Completed",
        "messageId": "m",
        "timestamp": "2026-11-24T20:00:00Z",
        "properties": {"total": 3, "coupon": "X", "products": [{"sku": "a", "price": "1.5"}, {"sku": "b"}]},
    }
    found = sources(message)
    assert found["requests[0].body[1].properties.sku"] == "$.properties.products[0].sku"
    assert found["requests[0].body[1].properties.price"] == "$.properties.products[0].price, as number"
    assert found["requests[0].body[2].properties.sku"] == "$.properties.products[1].sku"
    assert found["requests[0].body[2].properties.$insert_id"] == '"1" and $.messageId'
    assert found["requests[0].body[2].event"] == "Segment writes it"


def test_profiles_tell_the_trait() -> None:
    found = sources(
        {
            "type": "identify",
            "userId": "u",
            "anonymousId": "a",
            "traits": {
                "email": "e@x.io",
                "firstName": "Ada",
                "lastName": "L",
                "plan": "pro",
                "created_at": "x",
            },
        }
    )
    assert found["requests[0].body.properties.$identified_id"] == "$.userId"
    assert found["requests[0].body.properties.token"] == "setting: project token"
    assert found["requests[1].body.$distinct_id"] == "$.userId"
    assert found["requests[1].body.$set.$email"] == "$.traits.email"
    assert found["requests[1].body.$set.$created"] == "$.traits.created_at"
    assert found["requests[1].body.$set.$name"] == "$.traits.firstName and $.traits.lastName"
    assert found["requests[1].body.$set.plan"] == "$.traits.plan"


def test_a_message_that_nothing_takes_tells_which_triggers_came_closest() -> None:
    told = explained({"type": "alias", "userId": "u"})
    assert told.sources == ()
    assert told.unmatched.startswith(
        "no subscription takes alias calls; closest: 'Track Calls' needs type = "
    )
    orders = Subscription(
        'type = "track" and event = "Order Completed" and properties.total >= 10',
        "trackPurchase",
        {},
        "Orders",
    )
    pages = Subscription('type = "page" or contains(name, "x")', "trackEvent", {}, "Pages")
    message: JsonObject = {"type": "track", "event": "Order Completed", "properties": {"total": 5}}
    assert (
        explained(message, orders, pages).unmatched
        == "no subscription takes it; closest: 'Orders' needs properties.total >= 10"
    )


def test_a_subscription_that_is_off_is_named_when_it_would_take_the_message() -> None:
    (off,) = (s for s in optional_subscriptions() if s.partner_action == "alias")
    off = Subscription(off.subscribe, off.partner_action, off.mapping, off.name, enabled=False)
    told = explained({"type": "alias", "userId": "u"}, *preset_subscriptions(), off)
    assert told.unmatched == "no subscription that is on takes it: 'Alias Calls' would, but is off"


def test_a_refused_message_has_no_sources() -> None:
    assert explained({"type": "track", "event": ""}).sources == ()


CLASSIC = Destination(
    kind="classic-cloud",
    settings={"token": "t" * 32, "sourceName": "Web", "people": True, "eventIncrements": ["Signed Up"]},
)


def classic_sources(message: JsonObject) -> dict[str, PropertySource]:
    translation = translator(CLASSIC).translate(message, now=NOW)
    told = explain(message, CLASSIC, translation, now=NOW)
    return {f"{source.path}": source for source in told.sources}


def test_the_classic_destination_is_found_out_by_trying() -> None:
    found = classic_sources(
        {
            "type": "track",
            "event": "Signed Up",
            "userId": "u1",
            "messageId": "m1",
            "timestamp": "2026-11-24T20:00:00Z",
            "context": {
                "page": {"url": "https://x.io/"},
                "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0.0.0 Safari/537.36",
            },
            "properties": {"plan": {"tier": "pro"}, "price": 5},
        }
    )
    add, last, event = "requests[0].body", "requests[1].body", "requests[2].body"
    assert found[f"{add}.$add['Signed Up']"].source == "Segment writes it"
    assert found[f"{last}.$distinct_id"] == PropertySource(f"{last}.$distinct_id", "$.userId", place=True)
    assert found[f"{event}.event"].source == "$.event"
    properties = f"{event}.properties"
    assert found[f"{properties}.token"].source == "setting: project token"
    assert found[f"{properties}.distinct_id"].source == "$.userId"
    assert found[f"{properties}.time"].source == "worked out of $.timestamp"
    assert found[f"{properties}.price"] == PropertySource(
        f"{properties}.price", "$.properties.price", place=True
    )
    assert found[f"{properties}.$browser"].source == "worked out of $.context.userAgent"


def test_a_classic_place_that_is_named_holds_the_value() -> None:
    places = 0
    for row in vectors("classic-cloud"):
        envelope = read_envelope(row, CLASSIC)
        now = envelope.now or NOW
        translation = translator(envelope.destination).translate(envelope.message, now=now)
        told = explain(envelope.message, envelope.destination, translation, now=now)
        for index, operation in enumerate(translation.operations):
            for path, value in leaves(operation.request.body, f"requests[{index}].body"):
                source = told.source_at(path)
                assert source is not None, f"{path} has no source in {row['message']}"
                if source.place:
                    places += 1
                    assert at(envelope.message, source.source) == value, f"{path} is not {source.source}"
    assert places > 500


def test_what_was_not_tried_is_not_told() -> None:
    many: JsonObject = {f"p{number:03}": number for number in range(400)}
    found = classic_sources({"type": "track", "event": "A", "userId": "u1", "properties": many})
    assert found["requests[0].body.properties.p000"].source == "$.properties.p000"
    assert "requests[0].body.properties.p399" not in found
    giant: JsonObject = {"text": "x" * 5_000_000}
    found = classic_sources({"type": "track", "event": "A", "userId": "u1", "properties": giant})
    assert list(found) == ["requests[0].body.properties.$insert_id"]


def test_what_refuses_a_message_is_found_without_compiling_again(monkeypatch: pytest.MonkeyPatch) -> None:
    own = track(event={"@path": "$.missing"})
    destination = Destination(settings=DESTINATION.settings, subscriptions=(own,))
    message: JsonObject = {"type": "track", "event": "Order", "userId": "u-1", "messageId": "m-1"}
    assert translator(destination).translate(message, now=NOW).rejected

    def compile_again(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr("segtap.core.destinations.actions.translator.compile_subscription", compile_again)
    assert refusal(message, destination, now=NOW) is own
