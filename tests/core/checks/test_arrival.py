"""What does not arrive as it was sent: message and requests compared, for both destinations."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from check_helpers import DESTINATION, classic, every_real_message, findings

from segtap.core.destinations.actions.presets import optional_subscriptions, preset_subscriptions
from segtap.core.settings import Destination, Subscription
from segtap.core.verdict import Finding

RULES = ("property-dropped", "property-replaced", "property-converted", "property-overrides-context")
ADDRESS = {"@path": "$.properties.ip"}
UPPER = {"@case": {"operator": "upper", "value": {"@path": "$.properties.plan"}}}
CLASSIC = classic(people=True, groupIdentifierTraits=["company_id"])
TWELVE = {
    "product_id": "p7",
    "sku": "k7",
    "category": "Lamps",
    "name": "Moon",
    "brand": "Glow",
    "variant": "small",
    "price": 30.5,
    "quantity": 1,
    "coupon": "NOV",
    "position": 1,
    "url": "https://shop.example/p7",
    "image_url": "https://shop.example/p7.png",
}


def call(type: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": type,
        "userId": "u-1",
        "messageId": "6d5dc550-92e6-4f3d-8356-000000000001",
        "timestamp": "2026-11-24T22:00:00Z",
        **fields,
    }


def track(properties: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return call(**{"type": "track", "event": "Paid", "properties": properties, **fields})


def identify(traits: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return call("identify", traits=traits, **fields)


def group(traits: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return call("group", groupId="acme", traits=traits, **fields)


def order(products: Any, **more: Any) -> dict[str, Any]:
    return track({"order_id": "v-7", "total": 30, "products": products, **more}, event="Order Completed")


def own(changes: dict[str, Any], action: str = "trackEvent", without: tuple[str, ...] = ()) -> Destination:
    """Actions with the presets, the mapping of one action changed."""
    changed = tuple(
        one
        if one.partner_action != action
        else Subscription(
            one.subscribe,
            one.partner_action,
            {key: value for key, value in {**one.mapping, **changes}.items() if key not in without},
            one.name,
        )
        for one in preset_subscriptions()
    )
    return Destination(settings=DESTINATION.settings, subscriptions=changed)


def of(message: dict[str, Any], destination: Destination = DESTINATION) -> list[Finding]:
    return [one for one in findings(message, destination=destination) if one.rule in RULES]


def named(message: dict[str, Any], destination: Destination = DESTINATION) -> dict[str, str]:
    return {one.path: one.rule for one in of(message, destination)}


DROPPED: list[tuple[str, dict[str, Any], str, str, str]] = [
    (
        "a name that events leave out",
        track({"id": "sku-7"}),
        "$.properties.id",
        'property id "sku-7" is left out: Mixpanel gets "u-1" under that name',
        "give the property another name",
    ),
    ("a time", track({"time": "10:30"}), "$.properties.time", "is left out", "send it as timestamp, or"),
    ("a group", track({"$group_id": "a"}), "$.properties.$group_id", "is left out", "context.groupId"),
    ("an address", track({"ip": "203.0.113.9"}), "$.properties.ip", "used for the place", "as context.ip"),
    (
        "an address beside that of the context",
        track({"ip": "203.0.113.9"}, context={"ip": "203.0.113.9"}),
        "$.properties.ip",
        "used for the place, not kept",
        "give the property another name",
    ),
    ("an address of Mixpanel's name", track({"$ip": "203.0.113.9"}), "$.properties.$ip", "used", "another"),
    *(
        (name, identify({name: "x-1"}), f"$.traits.{name}", "left out", f"write it {segments}")
        for name, segments in (
            ("$email", "email"),
            ("$name", "name"),
            ("$phone", "phone"),
            ("$username", "username"),
            ("$created", "createdAt"),
            ("$first_name", "firstName"),
            ("$last_name", "lastName"),
        )
    ),
    ("a group's name", group({"$name": "Acme"}), "$.traits.$name", "left out", "write it name"),
    (
        "a key of a product",
        order([{**TWELVE, "color": "white"}]),
        "$.properties.products[0].color",
        'product key products[0].color "white" is left out of the product\'s own event',
        'map it in the subscription \'Order Completed Calls\', in products: color = {"@path" = "color"}',
    ),
    (
        "a key of a product that stands alone",
        order({"product_id": "p7", "color": "white"}),
        "$.properties.products.color",
        "left out of the product's own event",
        "in products: color",
    ),
    (
        "a key of a later product",
        order([None, TWELVE, {"product_id": "p8", "size": {"eu": 42}}]),
        "$.properties.products[2].size",
        "left out",
        "in products: size",
    ),
]


@pytest.mark.parametrize(
    ("message", "path", "words", "fix"), [row[1:] for row in DROPPED], ids=[row[0] for row in DROPPED]
)
def test_what_does_not_arrive_is_named(message: dict[str, Any], path: str, words: str, fix: str) -> None:
    (finding,) = of(message)
    assert (finding.rule, finding.severity, finding.path) == ("property-dropped", "warning", path)
    assert words in finding.message
    assert fix in finding.fix


REPLACED: list[tuple[dict[str, Any], str, str]] = [
    (
        track({"plan": "yearly"}, context={"traits": {"plan": "monthly"}}),
        "$.properties.plan",
        'property plan "yearly" is replaced: Mixpanel gets "monthly" from context.traits.plan under that',
    ),
    (track({"ip": "203.0.113.9"}, context={"ip": "203.0.113.7"}), "$.properties.ip", "from context.ip"),
    (
        track({"utm_source": "poster"}, context={"campaign": {"source": "mail"}}),
        "$.properties.utm_source",
        'Mixpanel gets "mail" from context.campaign.source',
    ),
    (track({"time": "10:30"}), "$.properties.time", "Mixpanel gets 1795557600 under that name"),
    (track({"distinct_id": "x"}), "$.properties.distinct_id", 'gets "u-1" from userId'),
    (track({"$os": "x"}, context={"os": {"name": "iOS"}}), "$.properties.$os", "from context.os.name"),
    (
        track({"referrer": "a.example"}, context={"page": {"referrer": "b.example"}}),
        "$.properties.referrer",
        'Mixpanel gets "b.example" from context.page.referrer as $referrer',
    ),
    (
        track({"name": "Prices"}, type="page", name="Pricing"),
        "$.properties.name",
        'Mixpanel gets "Pricing" from name under that name',
    ),
    (identify({"id": "x-1"}), "$.traits.id", 'trait id "x-1" is replaced: Mixpanel gets "u-1" from userId'),
    (
        identify({"created": "2026-01-02T00:00:00Z", "createdAt": "2026-02-02T00:00:00Z"}),
        "$.traits.created",
        'Mixpanel gets "2026-02-02T00:00:00" as $created',
    ),
]


@pytest.mark.parametrize(("message", "path", "words"), REPLACED)
def test_what_the_classic_destination_covers_is_named(message: dict[str, Any], path: str, words: str) -> None:
    (finding,) = of(message, CLASSIC)
    assert (finding.rule, finding.severity, finding.path) == ("property-replaced", "warning", path)
    assert words in finding.message


def test_a_campaign_drops_what_it_does_not_name() -> None:
    message = track({"utm_source": "a", "utm_term": "b"}, context={"campaign": {"source": "a"}})
    assert named(message, CLASSIC) == {"$.properties.utm_term": "property-dropped"}


@pytest.mark.parametrize(
    ("message", "path", "words"),
    [
        (track({"address": {"city": "Ghent"}}), "$.properties.address", 'arrives as text, "{"city"'),
        (track({"day": "2026-11-24"}), "$.properties.day", 'text, "2026-11-24T00:00:00.000Z"'),
        (track({"days": ["2026-11-24", "x"]}), "$.properties.days", "a list, [2 items]"),
        (identify({"address": {"city": "Ghent"}}), "$.traits.address", "arrives as text"),
        (identify({"name": " Zoë "}), "$.traits.name", 'text, "Zoë" as $name'),
    ],
)
def test_another_form_is_a_note(message: dict[str, Any], path: str, words: str) -> None:
    found = [one for one in of(message, CLASSIC) if one.path == path]
    assert [(one.rule, one.severity) for one in found] == [("property-converted", "info")]
    assert words in found[0].message


def test_products_are_converted_by_their_fields() -> None:
    message = order([{"product_id": 7, "sku": 8}, {"product_id": "8", "brand": 3}])
    assert named(message) == {
        "$.properties.products[0].product_id": "property-converted",
        "$.properties.products[0].sku": "property-converted",
        "$.properties.products[1].brand": "property-converted",
    }


RIGHT: list[tuple[dict[str, Any], Destination]] = [
    *(
        (message, destination)
        for destination in (DESTINATION, CLASSIC)
        for message in (
            track({"plan": "yearly", "seats": 3, "trial": False, "none": None, "empty": "", "x": 4.0}),
            track({"plan": "pro", "tags": ["a", "b"]}, context={"traits": {"tier": "gold", "plan": "pro"}}),
            track({"at": "2026-11-24T22:00:00.000Z", "then": "2026-11-24T22:00:00Z"}),
            track({"utm_source": "mail"}, context={"campaign": {"source": "mail"}}),
            track({"ip": 0, "distinct_id": "u-1"}),
            track({"name": "Pricing", "url": "https://a.example/"}, type="page", name="Pricing"),
            identify(
                {
                    "email": "uma@mail.example",
                    "firstName": "Uma",
                    "lastName": "Berg",
                    "phone": "+4930123456",
                    "username": "uma",
                    "createdAt": "2026-11-24T22:00:00.000Z",
                    "$avatar": "https://img.example/u.png",
                    "tags": ["a"],
                    "ip": "203.0.113.9",
                }
            ),
            group({"name": "Acme", "company_id": "acme", "created": "2026-11-24T22:00:00Z", "seats": 3}),
        )
    ),
    (track({"address": {"city": "Ghent", "zip": None}, "rows": [{"a": 1}]}), DESTINATION),
    (track({"username": "uma", "searchEngine": "x", "referrer": "https://a.example"}), CLASSIC),
    (identify({"first_name": "Uma", "email": "a@b.example", "token": "t"}), CLASSIC),
    (identify({"created": "2026-11-24", "createdAt": "2026-11-24"}), DESTINATION),
    (order([TWELVE, {**TWELVE, "coupon": None, "color": None}]), DESTINATION),
    (order([{**TWELVE, "color": "white"}]), CLASSIC),
    (track({"$device_id": "d-1", "$browser": "Chrome"}), DESTINATION),
    # Mappings of one's own.
    (track({"id": "s-44"}), own({"event_properties": {"sku": {"@path": "$.properties.id"}}})),
    (track({"a": {"b": 1}}), own({"event_properties": {"b": {"@path": "$.properties.a.b"}}})),
    (
        track({"ip": "203.0.113.9"}),
        own(
            {
                "event_properties": {"client_ip": {"@path": "$.properties.ip"}},
                "ip": {"@path": "$.properties.ip"},
            }
        ),
    ),
    (
        track({"kind": "vip"}),
        Destination(
            settings=DESTINATION.settings,
            subscriptions=(
                Subscription(
                    'properties.kind = "vip"',
                    "trackEvent",
                    {
                        "event": {"@path": "$.event"},
                        "event_properties": {"level": {"@path": "$.properties.kind"}},
                    },
                ),
            ),
        ),
    ),
    (
        track({"increment": {"seats": 3}, "plan": "pro"}),
        Destination(
            settings=DESTINATION.settings, subscriptions=(*preset_subscriptions(), *optional_subscriptions())
        ),
    ),
]


@pytest.mark.parametrize(("message", "destination"), RIGHT)
def test_what_arrives_is_left_alone(message: dict[str, Any], destination: Destination) -> None:
    assert of(message, destination) == []


@pytest.mark.parametrize("destination", [DESTINATION, CLASSIC], ids=["actions", "classic"])
def test_real_messages_lose_nothing(destination: Destination) -> None:
    for message in every_real_message():
        assert [one for one in of(message, destination) if one.severity != "info"] == []


# -- mappings of one's own -------------------------------------------------------------------------------

MAPPED: list[tuple[dict[str, Any], Destination, dict[str, str], str]] = [
    (
        track({"sku": "s-44", "color": "red"}),
        own({"event_properties": {"sku": {"@path": "$.properties.sku"}}}),
        {"$.properties.color": "property-dropped"},
        'event_properties.color = {"@path" = "$.properties.color"}',
    ),
    (
        track({"sku": "s-44"}),
        own({}, without=("event_properties",)),
        {"$.properties.sku": "property-dropped"},
        'event_properties = {"@path" = "$.properties"}',
    ),
    (
        track({"address": {"city": "Ghent", "zip": "9000"}}),
        own({"event_properties": {"city": {"@path": "$.properties.address.city"}}}),
        {"$.properties.address.zip": "property-dropped"},
        'event_properties.address_zip = {"@path" = "$.properties.address.zip"}',
    ),
    (
        track({"details": {"a": 1}, "color": "red"}),
        own({"event_properties": {"@path": "$.properties.details"}}),
        {"$.properties.color": "property-dropped"},
        'event_properties = {"@merge" = {"objects" = [{"@path" = "$.properties.details"}, '
        '{"color" = {"@path" = "$.properties.color"}}], "direction" = "right"}}',
    ),
    (
        track({"plan": "pro"}, context={"traits": {"plan": "free"}}),
        own({"event_properties": {"plan": {"@path": "$.context.traits.plan"}}}),
        {"$.properties.plan": "property-replaced"},
        'event_properties.plan = {"@path" = "$.properties.plan"}',
    ),
    (
        identify({"$email": "a@b.example"}),
        own({"traits": {"plan": {"@path": "$.traits.plan"}}}, "identifyUser"),
        {"$.traits.$email": "property-dropped"},
        'traits.email = {"@path" = "$.traits.$email"}',
    ),
    (
        track({"plan": "pro"}),
        own(
            {
                "event_properties": {
                    "plan": {"@case": {"operator": "upper", "value": {"@path": "$.properties.plan"}}}
                }
            }
        ),
        {"$.properties.plan": "property-converted"},
        "nothing, if reports can use that form",
    ),
    (
        track({"plan": "pro"}),
        own({"event_properties": {"words": {"@template": "is {{properties.plan}}"}}}),
        {"$.properties.plan": "property-converted"},
        "",
    ),
]


@pytest.mark.parametrize(("message", "destination", "expected", "fix"), MAPPED)
def test_what_a_mapping_leaves_out(
    message: dict[str, Any], destination: Destination, expected: dict[str, str], fix: str
) -> None:
    # With an anonymousId an identify call sends $identify, though all its traits are lost.
    message = {**message, "anonymousId": "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3"}
    found = of(message, destination)
    assert {one.path: one.rule for one in found} == expected
    assert fix in found[0].fix


@pytest.mark.parametrize(
    ("message", "destination", "expected", "fix"), [row for row in MAPPED if row[3].startswith(("e", "t"))]
)
def test_the_mapping_that_the_fix_names_makes_it_arrive(
    message: dict[str, Any], destination: Destination, expected: dict[str, str], fix: str
) -> None:
    message = {**message, "anonymousId": "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3"}
    (finding,) = of(message, destination)
    assert of(message, remapped(destination, finding.fix)) == []


@pytest.mark.parametrize(
    "message",
    [order([{**TWELVE, "color": "white"}]), order([{"product_id": "1", "order_id": "x", "a b": {"c": 1}}])],
)
def test_a_product_key_that_is_mapped_arrives(message: dict[str, Any]) -> None:
    destination = own({})
    for finding in of(message, destination):
        destination = remapped(destination, finding.fix)
    assert of(message, destination) == []


@pytest.mark.parametrize("name", ["time", "$user_id", "id", "ip", "$insert_id"])
def test_a_product_key_does_not_take_the_place_of_the_event_s_own(name: str) -> None:
    message = order([{**TWELVE, name: 5}])
    (finding,) = of(message, own({}))
    assert finding.fix.endswith(f'in products: own_{name.strip("$")} = {{"@path" = "{name}"}}')
    assert of(message, remapped(own({}), finding.fix)) == []


def remapped(destination: Destination, fix: str) -> Destination:
    """The destination with the mapping changed as a fix says, which names it as segtap.toml has it."""
    named = re.fullmatch(r"map it in the subscription '(.+?)'(, in products)?: (.+)", fix)
    assert named is not None
    name, products, text = named.groups()
    changes = tomllib.loads(text)

    def changed(mapping: dict[str, Any]) -> dict[str, Any]:
        if products:
            place, known = mapping["products"]["@arrayPath"]
            return {**mapping, "products": {"@arrayPath": [place, {**known, **changes}]}}
        ((field, node),) = changes.items()
        whole = any(key.startswith("@") for key in node)
        return {**mapping, field: node if whole else {**mapping.get(field, {}), **node}}

    assert destination.subscriptions is not None
    subscriptions = tuple(
        Subscription(one.subscribe, one.partner_action, changed(one.mapping), one.name)
        if one.name == name
        else one
        for one in destination.subscriptions
    )
    return Destination(settings=destination.settings, subscriptions=subscriptions)


def test_a_message_that_is_nested_too_deep_is_left_to_other_rules() -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    message = track({"deep": deep, "id": "sku"})
    assert named(message) == {"$.properties.id": "property-dropped"}
    # How deep a value may be before it is left alone depends on the Python: newer ones reach this depth.
    assert named(message, CLASSIC) in ({}, {"$.properties.id": "property-replaced"})


def test_a_large_message_is_not_tried_value_by_value() -> None:
    wide = {f"k{number}": {"a": number} for number in range(20_000)}
    destination = own({"event_properties": {"a": {"@path": "$.properties.k7.a"}}})
    found = of(track(wide), destination)
    assert 0 < len(found) <= 5


def test_a_trigger_that_cannot_be_evaluated_leaves_the_others_to_be_judged() -> None:
    mapping: dict[str, Any] = {"event": "Paid", "distinct_id": {"@path": "$.userId"}}
    destination = Destination(
        settings=DESTINATION.settings,
        subscriptions=tuple(
            Subscription(subscribe=trigger, partner_action="trackEvent", mapping=mapping)
            for trigger in ('type = "track"', '(contains(type, "ed") and type = "track")')
        ),
    )
    assert "$.properties.plan" in named(track({"plan": "pro"}), destination)
