"""Random messages against both destinations: what stands nowhere in the requests is named, and nothing else.

Every value is made once, so that it can be looked for in the requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from check_helpers import DESTINATION, NOW, classic
from examples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from segtap.core.checks.request import event_records
from segtap.core.destinations.actions.presets import optional_subscriptions, preset_subscriptions
from segtap.core.destinations.arrival import losses
from segtap.core.destinations.kinds import translator
from segtap.core.paths import child
from segtap.core.settings import Destination, Subscription

NAMES = (
    *(
        "plan",
        "color",
        "id",
        "time",
        "distinct_id",
        "$user_id",
        "$group_id",
        "token",
        "mp_lib",
        "name",
        "category",
    ),
    *("utm_source", "utm_term", "$os", "$browser", "username", "referrer", "searchEngine", "$device_id"),
    *(
        "email",
        "$email",
        "firstName",
        "first_name",
        "lastName",
        "$name",
        "created",
        "createdAt",
        "company_id",
    ),
    *("phone", "phones", "avatar", "address", "a b", "x.y", "increment"),
)
KEYS = ("product_id", "sku", "brand", "coupon", "color", "name", "plan", "currency", "url")


def mapped(properties: Any, traits: Any, products: Any) -> Destination:
    """Actions with the presets, and other properties, traits and products in their mappings."""
    changes = {"event_properties": properties, "traits": traits, "products": products}
    subscriptions = tuple(
        Subscription(
            one.subscribe,
            one.partner_action,
            {key: changes.get(key) or value for key, value in one.mapping.items()},
            one.name,
        )
        for one in preset_subscriptions()
    )
    return Destination(settings=DESTINATION.settings, subscriptions=subscriptions)


def _path(path: str) -> dict[str, str]:
    return {"@path": path}


DESTINATIONS = (
    DESTINATION,
    classic(people=True, groupIdentifierTraits=["company_id"], groupTraitsToSetOnce=["plan"]),
    classic(legacySuperProperties=True, trackNamedPages=True, eventIncrements=[]),
    Destination(
        settings=DESTINATION.settings, subscriptions=(*preset_subscriptions(), *optional_subscriptions())
    ),
    mapped(
        {
            "sku": _path("$.properties.id"),
            "city": _path("$.properties.address.a"),
            "plan": _path("$.context.traits.plan"),
        },
        {"mail": _path("$.traits.$email"), "address": _path("$.traits.address")},
        None,
    ),
    mapped(
        None,
        {"@merge": {"objects": [_path("$.traits"), {"extra": "x"}], "direction": "right"}},
        _path("$.properties.products"),
    ),
)


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    count = iter(range(10_000, 99_999))

    def leaf() -> Any:
        number = next(count)
        return draw(st.sampled_from((f"v{number}", number, f"v{number}")))

    def some(names: tuple[str, ...], most: int) -> list[str]:
        return draw(st.lists(st.sampled_from(names), unique=True, max_size=most))

    def value() -> Any:
        kind = draw(st.integers(0, 7))
        if kind == 0:
            return {name: leaf() for name in some(("a", "b", "c"), 3)}
        if kind == 1:
            return [leaf() for _ in range(draw(st.integers(0, 2)))]
        return None if kind == 2 else leaf()

    call = draw(st.sampled_from(("track", "track", "page", "screen", "identify", "group")))
    event = draw(st.sampled_from(("Order Completed", "Paid")))
    held: dict[str, Any] = {name: value() for name in some(NAMES, 6)}
    if call == "track" and event == "Order Completed":
        held["products"] = [{name: leaf() for name in some(KEYS, 4)} for _ in range(draw(st.integers(0, 3)))]
    context: dict[str, Any] = {
        "traits": {name: leaf() for name in some(NAMES, 3)},
        "campaign": {name: leaf() for name in some(("source", "term"), 2)},
        "page": {name: leaf() for name in some(("referrer", "url"), 2)},
        "os": {name: leaf() for name in some(("name",), 1)},
        "library": {"name": leaf(), "version": leaf()},
        "userAgent": draw(st.sampled_from((None, "Mozilla/5.0 Chrome/99.0.1"))),
    }
    message = {
        "type": call,
        "messageId": "6d5dc550-92e6-4f3d-8356-000000000001",
        "timestamp": "2026-11-24T22:00:00Z",
        "userId": "u-1",
        "anonymousId": "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3",
        "context": {name: draw(st.sampled_from((part, part, None))) for name, part in context.items()},
    }
    if call == "track":
        message["event"] = event
    elif call in ("page", "screen"):
        message["name"] = draw(st.sampled_from((None, "v1")))
    elif call == "group":
        message["groupId"] = "acme"
    message["traits" if call in ("identify", "group") else "properties"] = held
    return message


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, child(path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from leaves(item, child(path, at))
    elif value is not None:
        yield path, value


def expected(path: str, value: Any, bodies: list[Any]) -> str:
    """What is to be found of a value: nothing ("same"), or that it is converted or lost."""
    if ".products[" in path:
        # Of a product its own events count, not the list that the order keeps.
        several = [body for body in bodies if isinstance(body, list) and len(body) > 1]
        bodies = [record for body in several for record in body[1:]] or bodies
    there = [one for body in bodies for _, one in leaves(body, "")]
    if any(type(one) is type(value) and one == value for one in there):
        return "same"
    return "form" if any(isinstance(one, str) and str(value) in one for one in there) else "lost"


@examples(80, suppress_health_check=list(HealthCheck))
@given(messages(), st.sampled_from(DESTINATIONS))
def test_what_stands_nowhere_is_named_and_nothing_else(
    message: dict[str, Any], destination: Destination
) -> None:
    translation = translator(destination).translate(message, now=NOW)
    if not translation.operations:
        return
    found = losses(message, destination, translation, event_records(translation), now=NOW)
    bodies = [one.request.body for one in translation.operations]
    holder = "traits" if "traits" in message else "properties"
    for path, value in leaves(message[holder], f"$.{holder}"):
        fates = {one.fate for one in found if f"{path}.".startswith((f"{one.path}.", f"{one.path}["))}
        wanted = expected(path, value, bodies)
        if wanted == "same":
            assert fates <= {"converted"}, (path, value, found, bodies)
        elif wanted == "form":
            assert fates == {"converted"}, (path, value, found, bodies)
        else:
            assert fates, (path, value, found, bodies)
            # A number of seconds becomes a date under created.
            assert isinstance(value, int) or "converted" not in fates, (path, value, found, bodies)
