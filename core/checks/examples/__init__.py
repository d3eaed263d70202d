"""An example of each rule on one message: what a client sends wrong, and the same sent right."""

from __future__ import annotations

from ...messages import Json, JsonObject
from .arrival import ARRIVAL_EXAMPLES
from .classic import CLASSIC_EXAMPLES
from .example import ANONYMOUS, Example, call, pair, track
from .groups import GROUP_EXAMPLES
from .identities import IDENTITY_EXAMPLES
from .limits import LIMIT_EXAMPLES
from .stream import STREAM_EXAMPLES
from .subscriptions import SUBSCRIPTION_EXAMPLES
from .values import VALUE_EXAMPLES

_UUID_ID = "0b2c9f0e-6a53-4f7e-9d0d-3f4f6c2f1a77"
_SERVER: JsonObject = {
    "library": {"name": "analytics-python", "version": "2.4.0"},
    "userAgent": "Mozilla/5.0",
}
_GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_CAMPAIGN: JsonObject = {"source": "news", "medium": "email", "name": "spring"}
_PAGE: JsonObject = {"url": "https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=spring"}
_PRODUCTS: list[Json] = [{"product_id": "p1", "price": 19, "quantity": 1}]
_ORDER: JsonObject = {"order_id": "50314", "revenue": 19, "products": _PRODUCTS}

_PLANNED: JsonObject = {
    "type": "object",
    "properties": {
        "properties": {
            "type": "object",
            "properties": {"plan": {"type": "string"}, "seats": {"type": "number"}},
            "required": ["plan"],
        }
    },
}
_PLAN: JsonObject = {"data": {"rules": [{"type": "TRACK", "key": "Signed Up", "jsonSchema": _PLANNED}]}}


def _planned(before: JsonObject, after: JsonObject) -> Example:
    said = "a plan with the event Signed Up: plan (text, required) and seats (a number)"
    return Example(before=(before,), after=(after,), said=said, plan=_PLAN)


MESSAGE_EXAMPLES: dict[str, Example] = {
    **GROUP_EXAMPLES,
    **LIMIT_EXAMPLES,
    "unmatched": pair(call("alias", previousId=ANONYMOUS), call("identify", anonymousId=ANONYMOUS)),
    "rejected-by-destination": pair(
        call("track", properties={"plan": "pro"}), track("Signed Up", {"plan": "pro"})
    ),
    "insert-id-charset": pair(
        track("Signed Up", messageId="order_991"), track("Signed Up", messageId=_UUID_ID)
    ),
    "insert-id-forbidden": pair(
        track("Signed Up", messageId="undefined"), track("Signed Up", messageId=_UUID_ID)
    ),
    "insert-id-length": pair(
        track("Signed Up", messageId=f"job-{_UUID_ID}"), track("Signed Up", messageId=_UUID_ID)
    ),
    "insert-id-undocumented": Example(
        before=(track("Signed Up"),),
        after=(track("Signed Up"),),
        said='kind = "classic-cloud", then "actions"',
        kind="classic-cloud",
        kind_after="actions",
    ),
    "insert-id-missing": pair(track("Signed Up", messageId=None), track("Signed Up")),
    "placeholder-user-id": pair(
        track("Signed Up", userId="undefined"), track("Signed Up", userId=None, anonymousId=ANONYMOUS)
    ),
    "no-identity": pair(
        track("Signed Up", userId=None), track("Signed Up", userId=None, anonymousId=ANONYMOUS)
    ),
    "identify-without-user-id": pair(
        call("identify", userId=None, anonymousId=ANONYMOUS, traits={"plan": "pro"}),
        call("identify", anonymousId=ANONYMOUS, traits={"plan": "pro"}),
    ),
    "alias-without-previous-id": Example(
        before=(call("alias"),),
        after=(call("alias", previousId=ANONYMOUS),),
        said="the classic destination; Segment's presets for Actions send nothing for an alias",
        kind="classic-cloud",
    ),
    "time-out-of-range": pair(track("Signed Up", timestamp="2027-01-03T22:00:01Z"), track("Signed Up")),
    "timestamp-suspect": pair(track("Signed Up", timestamp=1795557600), track("Signed Up")),
    "page-name-missing": pair(call("page"), call("page", name="Pricing")),
    "page-double-count": Example(
        before=(call("page", name="Pricing"),),
        after=(call("page", name="Pricing"),),
        said="the classic destination: Consolidated and Named Pages on, then Consolidated only",
        kind="classic-cloud",
        settings_before={"eventIncrements": [], "trackNamedPages": True},
        settings_after={"eventIncrements": []},
    ),
    "reserved-property": pair(track("Played", {"length": 12}), track("Played", {"seconds": 12})),
    "no-client-ip": pair(
        track("Signed Up", context=_SERVER), track("Signed Up", context={**_SERVER, "ip": "203.0.113.7"})
    ),
    "anonymous-id-not-uuid4": pair(
        call("identify", anonymousId="visitor-12"), call("identify", anonymousId=ANONYMOUS)
    ),
    "anonymous-profile-prefix": Example(
        before=(call("identify", userId=None, anonymousId=ANONYMOUS, traits={"plan": "pro"}),),
        after=(call("identify", anonymousId=ANONYMOUS, traits={"plan": "pro"}),),
        said='identity = "simplified"',
        identity="simplified",
    ),
    "alias-ignored": Example(
        before=(call("alias", previousId="user-0"),),
        after=(track("Signed In", anonymousId=ANONYMOUS),),
        said='the classic destination, identity = "simplified"',
        identity="simplified",
        kind="classic-cloud",
    ),
    "array-overwritten": pair(
        call("identify", traits={"tags": ["new"]}), call("identify", traits={"latest_tag": "new"})
    ),
    "track-too-old": Example(
        before=(track("Signed Up", timestamp="2026-11-01T22:00:00Z"),),
        after=(track("Signed Up", timestamp="2026-11-01T22:00:00Z"),),
        said="the classic destination, without and with the API secret",
        kind="classic-cloud",
        settings_after={"apiKey": "YOUR-API-SECRET"},
    ),
    "date-format": pair(
        call("identify", traits={"birthday": "11/24/1990", "createdAt": 1795557600}),
        call("identify", traits={"birthday": "1990-11-24", "createdAt": "2026-11-24T22:00:00Z"}),
    ),
    "region-mismatch": Example(
        before=(track("Signed Up"),),
        after=(track("Signed Up"),),
        said="the project stores its data in the EU; the endpoint is in the US, then in the EU",
        settings_before={"apiRegion": "US 🇺🇸", "enableEuropeanUnionEndpoint": False},
        settings_after={"apiRegion": "EU 🇪🇺", "enableEuropeanUnionEndpoint": True},
        project_region="eu",
    ),
    "api-secret-deprecated": Example(
        before=(track("Signed Up"),),
        after=(track("Signed Up"),),
        said="the destination with an API secret, then with a service account that segtap sends in its place",
        settings_before={"apiSecret": "YOUR-API-SECRET"},
        service_account_after=True,
    ),
    "country-code": pair(
        track("Signed Up", context={"location": {"country": "United States"}}),
        track("Signed Up", context={"location": {"country": "US"}}),
    ),
    "bot-traffic": pair(
        call("page", name="Pricing", context={"userAgent": _GOOGLEBOT}),
        call("page", name="Pricing", context={"userAgent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/144.0"}),
    ),
    "utm-missing": pair(
        track("Signed Up", context={"page": _PAGE}),
        track("Signed Up", context={"page": _PAGE, "campaign": _CAMPAIGN}),
    ),
    "super-properties-cloud": pair(
        track("Signed Up", context={"traits": {"plan": "pro"}}),
        track("Signed Up", {"plan": "pro"}, context={"traits": {"plan": "pro"}}),
    ),
    "purchase-double-count": pair(track("Order Completed", _ORDER), track("Order Paid", _ORDER)),
    "common-field-name": pair(
        call("track", event="Signed Up", props={"plan": "pro"}), track("Signed Up", {"plan": "pro"})
    ),
    "misplaced-field": pair(
        call("identify", properties={"plan": "pro"}), call("identify", traits={"plan": "pro"})
    ),
    "common-field-type": pair(
        call("track", event="Signed Up", properties=["pro"]), track("Signed Up", {"plan": "pro"})
    ),
    "spec-event-name": pair(track("Order Complete", _ORDER), track("Order Completed", _ORDER)),
    "spec-property-missing": pair(
        track("Product Viewed", {"name": "Shoes"}),
        track("Product Viewed", {"name": "Shoes", "product_id": "7"}),
    ),
    "spec-property-name": pair(
        track("Product Viewed", {"productId": "7"}), track("Product Viewed", {"product_id": "7"})
    ),
    "spec-property-type": pair(
        track("Product Viewed", {"product_id": "7", "price": "free"}),
        track("Product Viewed", {"product_id": "7", "price": 0}),
    ),
    "trait-name": pair(
        call("identify", traits={"first_name": "Zoë", "last_name": "Kim"}),
        call("identify", traits={"firstName": "Zoë", "lastName": "Kim"}),
    ),
    "plan-violation": _planned(track("Signed Up", {"seats": "3"}), track("Signed Up", {"plan": "pro"})),
    "plan-unplanned-event": _planned(
        track("signed up", {"plan": "pro"}), track("Signed Up", {"plan": "pro"})
    ),
    "plan-unplanned-property": _planned(
        track("Signed Up", {"plan": "pro", "colour": "red"}), track("Signed Up", {"plan": "pro", "seats": 3})
    ),
    "trait-type": pair(
        call("identify", traits={"email": ["zoe@example.com"]}),
        call("identify", traits={"email": "zoe@example.com"}),
    ),
}

EXAMPLES: dict[str, Example] = {
    **MESSAGE_EXAMPLES,
    **ARRIVAL_EXAMPLES,
    **VALUE_EXAMPLES,
    **CLASSIC_EXAMPLES,
    **IDENTITY_EXAMPLES,
    **STREAM_EXAMPLES,
    **SUBSCRIPTION_EXAMPLES,
}
"""By the id of the rule. Those that repeat what was received or take many messages have none."""
