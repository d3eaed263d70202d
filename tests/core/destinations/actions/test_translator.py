"""Mixpanel (Actions): what messages beyond the vectors become, and what no message can do."""

from __future__ import annotations

import copy
from typing import Any, cast

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from vectors import vectors

from segtap.core.destinations.actions.faults import subscription_faults
from segtap.core.destinations.actions.presets import optional_subscriptions, preset_subscriptions
from segtap.core.destinations.actions.translator import ActionsTranslator
from segtap.core.destinations.kinds import translator
from segtap.core.messages import CALL_TYPES, Json, JsonObject
from segtap.core.settings import Destination, Subscription
from segtap.core.verdict import Translation

NOW = 1_795_557_600_000
ALL = Destination(
    settings={"projectToken": "tok"}, subscriptions=(*preset_subscriptions(), *optional_subscriptions())
)


def translate(message: dict[str, Any], destination: Destination = ALL) -> Translation:
    return translator(destination).translate(message, now=NOW)


def event(properties: dict[str, Any] | None = None, **message: Any) -> dict[str, Any]:
    made = translate({"type": "track", "event": "x", "properties": properties or {}, **message})
    return cast(Any, made.operations[0].request.body)[0]["properties"]


def custom(mapping: JsonObject, action: str = "trackEvent", trigger: str = 'type = "track"') -> Destination:
    one = Subscription(subscribe=trigger, partner_action=action, mapping=mapping, name="mine")
    return Destination(settings={"projectToken": "tok"}, subscriptions=(one,))


def test_the_presets_are_segments_own() -> None:
    written_out = vectors("actions-alias-increment")[0]["subscriptions"]
    ours = [
        {
            "name": one.name,
            "subscribe": one.subscribe,
            "partnerAction": one.partner_action,
            "mapping": one.mapping,
            "enabled": one.enabled,
        }
        for one in (*preset_subscriptions(), *optional_subscriptions())
    ]
    assert ours == written_out


def test_operations_name_their_subscription_and_action() -> None:
    made = translate({"type": "identify", "userId": "u", "anonymousId": "a", "traits": {"x": 1}})
    assert [(one.subscription, one.action) for one in made.operations] == [
        ("Identify Calls", "identifyUser")
    ] * 2


def test_a_message_that_nothing_takes_is_unmatched() -> None:
    presets = Destination(settings={"projectToken": "tok"})
    assert translate({"type": "alias", "userId": "u"}, presets) == Translation(unmatched=True)
    assert not translate({"type": "group"}, presets).unmatched


def test_a_plain_eu_is_us_there() -> None:
    made = translate({"type": "track", "event": "x"}, Destination(settings={"apiRegion": "EU"}))
    assert made.operations[0].request.url.startswith("https://api.mixpanel.com/")


def test_without_a_message_id_the_insert_id_follows_from_the_content() -> None:
    first, again, other = event(a=1), event(a=1), event(a=2)
    assert first["$insert_id"] == again["$insert_id"] != other["$insert_id"]


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ({"network": {"wifi": "yes"}}, "Wifi must be a boolean but it was a string."),
        ({"screen": {"width": "wide"}}, "Screen width must be a number but it was a string."),
        ({"locale": {}}, "Language must be a string but it was an object."),
        ({"locale": ["a", "b"]}, "Language must be a string but it was an array."),
        ({"device": {"id": []}}, "Device ID must be a string but it was an array."),
        ({"campaign": {"source": {}}}, "UTM Source must be a string but it was an object."),
        ({"userAgentData": {"wow64": "x"}}, "Wow64 must be a boolean but it was a string."),
    ],
)
def test_rejections_name_the_field(context: JsonObject, words: str) -> None:
    made = translate({"type": "track", "event": "x", "context": context})
    assert made.rejected == words
    assert made.operations == ()


def test_faults_are_told_in_the_order_of_the_fields() -> None:
    made = translate({"type": "page", "timestamp": "soon", "context": {"locale": {}, "ip": {}}})
    assert made.rejected == (
        "Timestamp must be a valid date-like string but it was not. "
        "Language must be a string but it was an object. IP Address must be a string but it was an object."
    )


def test_scalars_are_coerced_and_single_lists_unwrapped() -> None:
    context = {
        "network": {"wifi": 1, "bluetooth": "false"},
        "screen": {"width": " 0x10 ", "height": True},
        "locale": ["nl"],
        "app": {"build": 1e21, "version": 1.0},
    }
    made = event(context=context)
    assert (made["$wifi_enabled"], made["$bluetooth_enabled"]) == (True, False)
    assert (made["$screen_width"], made["$screen_height"]) == (16, 1)
    assert made["$locale"] == "nl"
    assert (made["$app_build_number"], made["$app_version_string"]) == ("1e+21", "1")


def test_infinity_is_no_number() -> None:
    endless: JsonObject = {"@json": {"value": "1e400", "mode": "decode"}}
    made = translate({"type": "track"}, custom({"event": endless, "time": endless, "screen_width": endless}))
    assert made.rejected == (
        "Timestamp must be a valid date-like string but it was not. "
        "Screen width must be a number but it was a number."
    )


def test_lists_of_null_are_empty_text_which_is_no_library_and_no_browser() -> None:
    mapping: JsonObject = {"event": "x", "library_name": [None], "userAgent": [None]}
    (operation,) = translate({"type": "track"}, custom(mapping)).operations
    properties = cast(Any, operation.request.body)[0]["properties"]
    assert properties["mp_lib"] == ""
    assert "$browser" not in properties


@pytest.mark.parametrize(
    "context", [{"app": None}, {"app": 0}, {"app": "text"}, {"app": []}, None, 0, "text"]
)
def test_fields_of_what_is_no_object_are_read_one_by_one(context: Json) -> None:
    mapping: JsonObject = {
        "event": "x",
        "app_name": {"@path": "$.context.app.name"},
        "traits": {"@path": "$.t"},
    }
    one_by_one: JsonObject = {**mapping, "app_name": {"@if": {"exists": 1, "then": mapping["app_name"]}}}
    message: JsonObject = {"type": "track", "context": context, "t": {}}
    assert translate(message, custom(mapping)) == translate(message, custom(one_by_one))


def test_empty_products_do_not_count() -> None:
    mapping: JsonObject = {"event": "x", "products": {"@path": "$.properties.products"}}
    message = {"type": "track", "properties": {"products": [None, "", {"sku": None, "price": "2", "own": 1}]}}
    destination = custom({**mapping, "generatePurchaseEventPerProduct": True}, action="trackPurchase")
    (request,) = (one.request for one in translate(message, destination).operations)
    _, product = cast(Any, request.body)
    assert (product["event"], product["properties"]["time"]) == ("Product Purchased", NOW - 1)
    assert [product["properties"][key] for key in ("sku", "price", "own")] == ["", 2, 1]


def test_a_profile_keeps_mixpanels_names_for_segments_traits() -> None:
    traits = {"$email": "lost", "firstName": "Ann", "lastName": "Lee", "createdAt": 3, "plan": 1.0}
    made = translate({"type": "identify", "userId": "u", "traits": traits})
    assert cast(Any, made.operations[0].request.body)["$set"] == {
        "plan": 1,
        "$created": 3,
        "$first_name": "Ann",
        "$last_name": "Lee",
        "$name": "Ann Lee",
    }


class TestMistakesInSubscriptions:
    def test_a_mapping_that_segment_refuses_rejects_with_its_words(self) -> None:
        made = translate({"type": "track", "event": "x"}, custom({"event": {"@nope": 1}}))
        assert made.rejected == "/event has an invalid directive: @nope."

    def test_what_only_shows_when_it_runs_rejects_too(self) -> None:
        mapping: JsonObject = {"event": {"@path": {"@path": "$.properties.which"}}}
        made = translate({"type": "track", "properties": {"which": 3}}, custom(mapping))
        assert made.rejected == "@path: expected string, got number"

    @pytest.mark.parametrize(
        "destination",
        [custom({}, trigger='type = "track'), custom({}, trigger=""), custom({}, action="sendEvent")],
    )
    def test_a_subscription_that_can_never_run_is_a_fault_that_can_be_told(
        self, destination: Destination
    ) -> None:
        (fault,) = subscription_faults(destination)
        assert fault.startswith("subscription 1 (mine): ")
        assert ActionsTranslator(destination).translate({"type": "track"}, now=NOW) == Translation(
            unmatched=True
        )


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
    | st.sampled_from(["", "2026-11-20", "2026-11-20T10:00:00Z", "12", "Order Completed", "Infinity", "0x1f"])
)
KEYS = st.sampled_from(
    [
        "userId",
        "anonymousId",
        "event",
        "name",
        "traits",
        "products",
        "context",
        "increment",
        "app",
        "device",
        "page",
        "network",
        "campaign",
        "userAgentData",
        "userAgent",
        "timestamp",
        "messageId",
        "groupId",
        "price",
        "quantity",
        "firstName",
        "lastName",
        "createdAt",
        "locale",
        "wifi",
        "mobile",
        "0",
        "__proto__",
        "length",
    ]
) | st.text(max_size=4)
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=8)
PARTS = OBJECTS | VALUES


@examples(300)
@given(OBJECTS, st.sampled_from([*CALL_TYPES, None]), PARTS, PARTS, PARTS)
def test_no_message_makes_it_raise_or_is_changed_by_it(
    message: JsonObject, kind: str | None, properties: Json, traits: Json, context: Json
) -> None:
    message |= {"type": kind, "properties": properties, "traits": traits, "context": context}
    before = copy.deepcopy(message)
    made = translate(message)
    again = translate(message)
    assert repr(message) == repr(before)
    assert made == again
    assert made.rejected is None or made.rejected


@pytest.mark.parametrize("depth", [100, 5000])
def test_nesting_is_survived(depth: int) -> None:
    deep: Json = 1.0
    for _ in range(depth):
        deep = {"a": deep}
    made = translate({"type": "track", "event": "x", "properties": deep})
    assert bool(made.operations) == (made.rejected is None)
    assert bool(made.operations) == (depth == 100)
