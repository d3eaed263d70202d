"""The demo's story: visitors of a small stationery shop, and the mistakes that real tracking code makes.

Pure data and a seeded generator; `segtap.core.demo.__main__` sends it with Segment's own client.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from ..messages import Json, JsonObject


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the SDK: `method` and its keyword arguments under the SDK's names.

    `timestamp` is ISO text here. `note` says what is wrong with it on purpose, else "".
    """

    method: str
    arguments: JsonObject
    note: str = ""


WEB: JsonObject = {
    "ip": "203.0.113.24",
    "locale": "en-GB",
    "timezone": "Europe/London",
    "userAgent": (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/131.0.0.0 Safari/537.36"
    ),
    "campaign": {"source": "newsletter", "medium": "email", "name": "autumn"},
    "channel": "browser",
}
PHONE: JsonObject = {
    "ip": "198.51.100.7",
    "locale": "de-DE",
    "timezone": "Europe/Berlin",
    "app": {"name": "Paperplane", "version": "4.2.0", "build": "4200", "namespace": "com.example.paperplane"},
    "device": {"id": "B5372DB0-C21E-11E4", "manufacturer": "Apple", "model": "iPhone15,2", "type": "ios"},
    "os": {"name": "iOS", "version": "18.1"},
    "network": {"wifi": True, "cellular": False, "carrier": "Telekom", "bluetooth": False},
    "screen": {"width": 393, "height": 852, "density": 3},
    "channel": "mobile",
}
SERVER: JsonObject = {"channel": "server"}

PAGES = (
    ("Home", "/"),
    ("Pricing", "/pricing"),
    ("Notebooks", "/c/notebooks"),
    ("Pens", "/c/pens"),
    ("Checkout", "/checkout"),
)
PRODUCTS: tuple[JsonObject, ...] = (
    {
        "product_id": "np-01",
        "sku": "NP-01",
        "name": "Dotted notebook",
        "category": "Notebooks",
        "price": 14.5,
    },
    {"product_id": "fp-07", "sku": "FP-07", "name": "Fountain pen", "category": "Pens", "price": 38.0},
    {"product_id": "in-03", "sku": "IN-03", "name": "Ink, blue-black", "category": "Ink", "price": 9.9},
)
NAMES = ("Zoë Köhler", "Ann Okafor", "Mei Tanaka", "Luis Ortega", "Priya Nair", "Tom Ferris")
COMPANIES = (("acme", "Acme Ltd"), ("globex", "Globex"), ("initech", "Initech"))


def calls(seed: int = 7) -> Iterator[Call]:
    """Yield the story without end: visits of all kinds, with a mistake after each of them."""
    rng = random.Random(seed)
    wrong = _mistakes(rng)
    number = 1000
    while True:
        number += rng.randint(1, 9)
        visit = rng.choice((_visit_on_the_web, _visit_on_the_phone, _work_of_a_server))
        for call in visit(rng, f"user-{number}"):
            yield call
            if rng.random() < 0.12:
                yield next(wrong)


def _visit_on_the_web(rng: random.Random, user: str) -> Iterator[Call]:
    visitor = _uuid(rng)
    for name, path in rng.sample(PAGES, 3):
        yield _page(name, path, anonymous_id=visitor)
    name = rng.choice(NAMES)
    first, _, last = name.partition(" ")
    yield Call(
        method="identify",
        arguments={
            "user_id": user,
            "anonymous_id": visitor,
            "traits": {
                "firstName": first,
                "lastName": last,
                "email": f"{first.lower()}@example.com",
                "plan": rng.choice(("free", "pro")),
                "createdAt": "2026-10-02T08:30:00Z",
            },
            "context": WEB,
        },
    )
    yield _track(user, "Signed Up", {"plan": "pro", "method": "email"}, WEB, anonymous_id=visitor)
    group, company = rng.choice(COMPANIES)
    yield Call(
        method="group",
        arguments={
            "user_id": user,
            "group_id": group,
            "traits": {"name": company, "employees": rng.randint(3, 900), "plan": "team"},
            "context": WEB,
        },
    )
    in_group: JsonObject = {**WEB, "groupId": group}
    product = rng.choice(PRODUCTS)
    yield _track(user, "Product Viewed", {**product, "currency": "EUR"}, in_group, anonymous_id=visitor)
    yield _track(user, "Product Added", {**product, "quantity": 1}, in_group, anonymous_id=visitor)
    yield _order(rng, user, in_group)


def _visit_on_the_phone(rng: random.Random, user: str) -> Iterator[Call]:
    device = _uuid(rng)
    yield _track(
        user, "Application Opened", {"from_background": False, "version": "4.2.0"}, PHONE, anonymous_id=device
    )
    for name in rng.sample(("Home", "Search", "Basket", "Profile"), 2):
        yield Call(
            method="screen",
            arguments={
                "user_id": user,
                "anonymous_id": device,
                "name": name,
                "properties": {"tab": name.lower()},
                "context": PHONE,
            },
        )
    yield _track(user, "Products Searched", {"query": "blue ink"}, PHONE, anonymous_id=device)
    yield _order(rng, user, PHONE)


def _work_of_a_server(rng: random.Random, user: str) -> Iterator[Call]:
    order = f"o-{rng.randint(10_000, 99_999)}"
    yield _track(user, "Invoice Paid", {"order_id": order, "amount": rng.randint(5, 300)}, SERVER)
    yield _track(user, "Order Shipped", {"order_id": order, "carrier": "DHL"}, SERVER)
    yield Call(
        method="alias",
        arguments={"previous_id": _uuid(rng), "user_id": user, "context": SERVER},
        note="no preset of Segment's takes alias calls",
    )


def _order(rng: random.Random, user: str, context: JsonObject) -> Call:
    products: list[Json] = [{**product, "quantity": rng.randint(1, 3)} for product in rng.sample(PRODUCTS, 2)]
    return _track(
        user,
        "Order Completed",
        {
            "order_id": f"o-{rng.randint(10_000, 99_999)}",
            "revenue": round(rng.uniform(20, 140), 2),
            "shipping": 4.9,
            "currency": "EUR",
            "products": products,
        },
        context,
    )


def _page(name: str, path: str, *, anonymous_id: str) -> Call:
    page: JsonObject = {
        "url": f"https://paperplane.example{path}",
        "path": path,
        "referrer": "",
        "title": name,
    }
    return Call(
        method="page",
        arguments={
            "anonymous_id": anonymous_id,
            "name": name,
            "properties": dict(page),
            "context": {**WEB, "page": page},
        },
    )


def _track(
    user: str, event: str, properties: JsonObject, context: JsonObject, *, anonymous_id: str | None = None
) -> Call:
    arguments: JsonObject = {
        "user_id": user,
        "event": event,
        "properties": dict(properties),
        "context": context,
    }
    if anonymous_id is not None:
        arguments["anonymous_id"] = anonymous_id
    return Call(method="track", arguments=arguments)


def _mistakes(rng: random.Random) -> Iterator[Call]:
    """Yield one mistake after the other, all of them found in real tracking code; then from the start."""
    while True:
        user = f"user-{rng.randint(1000, 9999)}"
        yield _wrong(
            user, "Order Completed", "messageId with an underscore", message_id=f"order_{_uuid(rng)[:8]}"
        )
        yield _wrong("null", "Signed In", "the user id is the word null")
        yield _wrong(user, "Report Exported", "a property named id is dropped", properties={"id": 42})
        yield _wrong(user, "Plan Changed", "$ignore makes Mixpanel drop it", properties={"$ignore": True})
        yield _wrong(
            user, "Photo Uploaded", "token is a reserved name", properties={"token": "abc", "bucket": "eu"}
        )
        yield _wrong(
            user,
            "Video Started",
            "an address longer than 255 characters is cut",
            properties={
                "url": "https://paperplane.example/watch?" + "&".join(f"p{i}={i * 37}" for i in range(60))
            },
        )
        yield _wrong(user, "Sync Finished", "more than 255 elements", properties={"ids": [*range(300)]})
        yield _wrong(
            user,
            "Filter Applied",
            "nested deeper than Mixpanel reads",
            properties={"filter": {"any": {"all": {"not": {"colour": "blue"}}}}},
        )
        yield _wrong(user, "Order Complete", "the name of the spec is Order Completed")
        yield _wrong(user, "order completed", "the same name in another case")
        yield _wrong(user, "Price Computed", "NaN is not JSON", properties={"price": float("nan")})
        yield _wrong(
            user, "App Installed", "a clock two days ahead", timestamp=datetime.now(UTC) + timedelta(days=2)
        )
        yield Call(
            method="page",
            arguments={"anonymous_id": _uuid(rng), "context": WEB},
            note="a page without a name becomes 'Viewed '",
        )
        yield Call(
            method="identify",
            arguments={"anonymous_id": "visitor-17", "traits": {"plan": "free"}, "context": WEB},
            note="an anonymous identify: $identify without a user",
        )
        yield Call(
            method="group",
            arguments={"user_id": user, "group_id": "acme", "traits": {}, "context": WEB},
            note="a group without traits",
        )


def _wrong(
    user: str,
    event: str,
    note: str,
    *,
    properties: JsonObject | None = None,
    message_id: str | None = None,
    timestamp: datetime | None = None,
) -> Call:
    arguments: JsonObject = {
        "user_id": user,
        "event": event,
        "properties": properties or {"source": "demo"},
        "context": WEB,
    }
    if message_id is not None:
        arguments["message_id"] = message_id
    if timestamp is not None:
        arguments["timestamp"] = timestamp.isoformat()
    return Call(method="track", arguments=arguments, note=note)


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
