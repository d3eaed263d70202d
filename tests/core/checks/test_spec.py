"""Rules of Segment's own spec: fields, traits, event names and their properties."""

from __future__ import annotations

from typing import Any

import pytest
from check_helpers import classic, every_real_message, findings, found, real_message

from segtap.core.catalogue.spec import SPEC_RULES
from segtap.core.checks.spec_names import SPEC, near_event, one_edit


def track(event: str, /, **properties: Any) -> dict[str, Any]:
    return real_message("node", "track", event=event, properties=properties)


def within(message: dict[str, Any], **context: Any) -> dict[str, Any]:
    message["context"] = {**message["context"], **context}
    return message


def identify(**traits: Any) -> dict[str, Any]:
    return real_message("node", "identify", traits=traits)


WRONG: list[tuple[str, dict[str, Any], str, str, str]] = [
    # rule, message, severity, path, words
    (
        "common-field-name",
        real_message("python", "track", userId=..., user_id="u-1"),
        "warning",
        "$.user_id",
        'Segment does not know the field "user_id": did you mean userId?',
    ),
    (
        "common-field-name",
        real_message("python", "track", properties=..., props={"plan": "pro"}),
        "warning",
        "$.props",
        "did you mean properties?",
    ),
    (
        "common-field-name",
        real_message("python", "page", user_agent="Mozilla/5.0"),
        "warning",
        "$.user_agent",
        "user_agent belongs into the context",
    ),
    (
        "common-field-name",
        within(real_message("python", "page"), group_id="acme"),
        "warning",
        "$.context.group_id",
        "did you mean context.groupId?",
    ),
    (
        "common-field-type",
        real_message("python", "track", event="Signed Up", properties="plan"),
        "warning",
        "$.properties",
        'properties is "plan": Segment\'s spec wants an object',
    ),
    (
        "common-field-type",
        real_message("python", "track", userId=["u-1"]),
        "warning",
        "$.userId",
        "userId is [1 item]: Segment's spec wants text",
    ),
    (
        "common-field-type",
        within(real_message("python", "track"), page="/pricing"),
        "warning",
        "$.context.page",
        'context.page is "/pricing": Segment\'s spec wants an object',
    ),
    (
        "spec-event-name",
        track("Order Complete"),
        "warning",
        "$.event",
        'event "Order Complete" is not in Segment\'s spec: did you mean "Order Completed"?',
    ),
    ("spec-event-name", track("order completed"), "warning", "$.event", 'did you mean "Order Completed"?'),
    # All names in another style is a choice, which only orders pay for.
    ("spec-event-name", track("product_viewed"), "info", "$.event", 'did you mean "Product Viewed"?'),
    (
        "spec-property-missing",
        track("Order Completed", revenue=3, products=[]),
        "info",
        "$.properties",
        "Order Completed has no order_id",
    ),
    (
        "spec-property-name",
        track("Order Completed", orderId="1", products=[]),
        "warning",
        "$.properties.orderId",
        'property "orderId" is not in Segment\'s spec: did you mean order_id?',
    ),
    (
        "spec-property-name",
        track("Order Completed", order_id="1", products=[{"productId": "1"}, {"productId": "2"}]),
        "warning",
        "$.properties.products[0].productId",
        "did you mean product_id?",
    ),
    (
        "spec-property-type",
        track("Order Completed", order_id="1", total="free", products=[]),
        "warning",
        "$.properties.total",
        'total is "free": Segment\'s spec wants a number',
    ),
    (
        "spec-property-type",
        track("Order Completed", order_id="1", products={"product_id": "1"}),
        "warning",
        "$.properties.products",
        "products is {1 key}: Segment's spec wants a list of objects",
    ),
    (
        "spec-property-type",
        track("Cart Viewed", products=[{"product_id": 1, "price": "ask"}, {"price": "ask"}]),
        "warning",
        "$.properties.products[0].price",
        'price is "ask": Segment\'s spec wants a number',
    ),
    # What is nearly an event of the spec is held against it, too.
    (
        "spec-property-name",
        track("Order Complete", orderId="1"),
        "warning",
        "$.properties.orderId",
        "did you mean order_id?",
    ),
    (
        "spec-property-type",
        track("Ticket Sold", revenue="27 a seat"),
        "warning",
        "$.properties.revenue",
        'revenue is "27 a seat": Segment\'s spec wants a number',
    ),
    (
        "trait-name",
        identify(first_name="Zoë"),
        "warning",
        "$.traits.first_name",
        'trait "first_name" is not Segment\'s: did you mean firstName?',
    ),
    (
        "trait-type",
        identify(email={"work": "zoe@example.com"}),
        "warning",
        "$.traits.email",
        "email is {1 key}: Segment's spec wants text",
    ),
]

RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("common-field-name", real_message("next", "page")),
    ("common-field-name", real_message("python", "track", writeKey="k", sentAt="x", my_own=1, Mobile=True)),
    # The right name is there as well: whatever else is sent does no harm.
    ("common-field-name", real_message("python", "track", user_id="u-1")),
    ("common-field-name", within(real_message("python", "page"), my_app={"a": 1}, protocols={})),
    ("common-field-type", real_message("next", "identify")),
    ("common-field-type", real_message("python", "group", groupId=12, userId=7, messageId=4)),
    ("spec-event-name", track("Order Completed")),
    ("spec-event-name", track("Signed Up")),
    ("spec-property-missing", track("Order Completed", order_id="1", products=[])),
    ("spec-property-missing", track("Signed Up")),
    ("spec-property-missing", track("Order Complete")),
    ("spec-property-name", track("Order Completed", order_id="1", orderId="1", my_note="x", products=[])),
    ("spec-property-name", track("Signed Up", orderId="1")),
    ("spec-property-type", real_message("python", "track")),
    ("spec-property-type", track("Product Viewed", product_id=7, price=19, currency=None)),
    ("spec-property-type", track("Signed Up", price="19", total="3")),
    # number-as-text says it.
    ("spec-property-type", track("Order Completed", order_id="1", total="27.50", products=[{"price": "19"}])),
    ("spec-property-type", track("Ticket Sold", revenue="€27")),
    ("trait-name", real_message("next", "identify")),
    ("trait-name", identify(**{"$first_name": "Zoë", "created_at": "2026-11-24", "plan_name": "pro"})),
    ("trait-name", identify(first_name="Zoë", firstName="Zoë")),
    ("trait-type", real_message("next", "identify")),
    ("trait-type", identify(email=None, age="7", phone=123, name="Zoë")),
]


@pytest.mark.parametrize(
    ("rule", "message", "severity", "path", "words"), WRONG, ids=[row[0] for row in WRONG]
)
def test_a_wrong_message_is_named(
    rule: str, message: dict[str, Any], severity: str, path: str, words: str
) -> None:
    (finding,) = found(message, rule)
    assert (finding.severity, finding.path) == (severity, path)
    assert words in finding.message
    assert finding.fix


@pytest.mark.parametrize(("rule", "message"), RIGHT, ids=[row[0] for row in RIGHT])
def test_a_right_message_is_left_alone(rule: str, message: dict[str, Any]) -> None:
    assert found(message, rule) == []


def test_every_rule_has_both_examples() -> None:
    ids = {rule.id for rule in SPEC_RULES} - {"misplaced-field"}  # test_fields.py
    assert {row[0] for row in WRONG} == ids
    assert {row[0] for row in RIGHT} == ids


def test_real_messages_keep_to_the_spec() -> None:
    ids = {rule.id for rule in SPEC_RULES}
    for message in every_real_message():
        assert [finding for finding in findings(message) if finding.rule in ids] == []


def test_the_classic_destination_reads_traits_in_any_spelling() -> None:
    assert found(identify(first_name="Zoë"), "trait-name", destination=classic(people=True)) == []


ORDINARY = """
Signed Up|Signed In|Signed Out|Logged In|Logged Out|Account Created|Account Deleted|Account Updated
User Invited|Invite Sent|Invite Accepted|Trial Started|Trial Ended|Subscription Started
Subscription Cancelled|Plan Changed|Plan Upgraded|Plan Downgraded|Payment Failed|Payment Succeeded
Invoice Paid|Invoice Sent|Card Added|Card Viewed|Card Shared|Card Removed|Page Viewed|Screen Viewed
Button Clicked|Link Clicked|Form Submitted|Form Started|Video Played|Video Paused|Video Completed
Video Viewed|Song Played|Playlist Created|Search Performed|Searched|Filter Applied|Sort Changed
File Uploaded|File Downloaded|Report Exported|Report Viewed|Dashboard Viewed|Project Created
Project Viewed|Project Added|Project Shared|Project Updated|Project Removed|Task Created|Task Completed
Task Updated|Comment Added|Comment Removed|Message Sent|Message Received|Notification Received
Notification Opened|Push Enabled|Email Opened|Email Clicked|Email Bounced|Survey Completed|Survey Started
Onboarding Started|Onboarding Completed|Step Completed|Lesson Completed|Course Completed|Quiz Started
Level Up|Game Started|Game Over|Score Posted|Profile Viewed|Profile Updated|Photo Uploaded|Photo Shared
Post Created|Post Liked|Article Read|Article Viewed|Feature Used|Feature Enabled|Error Shown|App Opened
App Closed|App Updated|Session Started|Session Ended|Booking Completed|Booking Cancelled|Flight Searched
Room Booked|Ride Requested|Ride Completed|Offer Viewed|Offer Redeemed|Wish Added|Ticket Sold
Vendor Created|Border Crossed|Store Viewed|Produce Ordered|Credit Applied|Discount Applied
Address Entered|Shipping Info Entered|Payment Method Added|Add Product|Create Order|order.shipped
order_shipped|Order Shipped|Order Placed|Order Delivered|Order Paid|Cart Abandoned|Cart Emptied
Cart Updated|Checkout Abandoned|Review Submitted|Deep Work Started|Install Clicked|Purchase|purchase
add_to_cart|view_item|sign_up|Click|click|a|Ω|注文完了
"""


def test_ordinary_names_are_left_alone() -> None:
    names = [name for line in ORDINARY.strip().splitlines() for name in line.split("|")]
    assert len(names) >= 100
    assert {name: near_event(name) for name in names if near_event(name)} == {}


@pytest.mark.parametrize(
    ("name", "meant", "style"),
    [
        ("ORDER COMPLETED", "Order Completed", True),
        ("order-completed", "Order Completed", True),
        ("orderCompleted", "Order Completed", True),
        ("Orders Completed", "Order Completed", False),
        ("Completed Order", "Order Completed", False),
        ("Order Canceled", "Order Cancelled", False),
        ("Ordre Completed", "Order Completed", False),
        ("Order Competed", "Order Completed", False),
        ("Product Veiwed", "Product Viewed", False),
        ("Viewed Product", "Product Viewed", False),
        ("Product Search", "Products Searched", False),
        ("Checkout Start", "Checkout Started", False),
        ("application_installed", "Application Installed", True),
        ("Application Open", "Application Opened", False),
        ("Push Notification Taped", "Push Notification Tapped", False),
        ("Product Added To Wishlist", "Product Added to Wishlist", True),
    ],
)
def test_near_misses(name: str, meant: str, style: bool) -> None:
    near = near_event(name)
    assert near is not None
    assert (near.name, near.style) == (meant, style)


def test_the_specs_own_names_are_no_near_misses_of_each_other() -> None:
    assert [name for name in SPEC.events if near_event(name)] == []


def test_the_data_of_the_spec_holds_together() -> None:
    for name, event in SPEC.events.items():
        assert set(event.groups) <= set(SPEC.groups), name
        assert set(event.expected) <= set(event.properties), name
    kinds = {kind for event in SPEC.events.values() for kind in event.properties.values()}
    assert kinds <= {"string", "number", "boolean", "object", "list", "products", "any"}


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("order", "order", False),
        ("order", "ordr", True),
        ("ordr", "order", True),
        ("order", "ordre", True),
        ("order", "older", True),
        ("order", "ardor", False),
        ("order", "orders", True),
        ("order", "orderly", False),
        ("ab", "ba", True),
        ("", "a", True),
        ("", "", False),
    ],
)
def test_one_edit(one: str, other: str, near: bool) -> None:
    assert one_edit(one, other) is near
