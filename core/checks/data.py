"""Rules on what events carry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from urllib.parse import parse_qsl, urlsplit

from ..catalogue import data as rule
from ..destinations.actions.presets import preset_path, preset_paths
from ..destinations.classic.tables import IMPORT_AFTER, REFUSED_NO_KEY
from ..messages import Json, JsonObject
from ..paths import child
from ..places import in_body
from ..text import shown
from ..verdict import Finding
from .subject import Subject

MAX_EVENTS = 2000
"""What Mixpanel takes in one request."""


_CAMPAIGN = "$.context.campaign."
COUNTRY_CODE = re.compile(r"[A-Z]{2}", re.ASCII)


def track_too_old(subject: Subject) -> Iterator[Finding]:
    if subject.destination.kind != "classic-cloud" or subject.now is None:
        return
    if subject.translation.rejected == REFUSED_NO_KEY:
        yield rule.TRACK_TOO_OLD.finding(
            "$.timestamp", "more than five days old: without the API secret Segment refuses it"
        )
        return
    for operation in subject.translation.operations:
        request = operation.request
        body = request.body if isinstance(request.body, dict) else {}
        properties = body.get("properties")
        time = properties.get("time") if isinstance(properties, dict) else None
        if not isinstance(time, int | float) or subject.now - time * 1000 <= IMPORT_AFTER:
            continue
        if not (request.url.endswith("/import") and (request.query or {}).get("api_key")):
            yield rule.TRACK_TOO_OLD.finding(
                "$.timestamp", "more than five days old, and without the API secret: Mixpanel leaves it out"
            )
            return


def country_code(subject: Subject) -> Iterable[Finding]:
    traits = subject.document.get("traits")
    named = isinstance(traits, dict) and "$country_code" in traits
    for _, _, properties in subject.events:
        named = named or "mp_country_code" in properties
    return _country_code(subject) if named else ()


def _country_code(subject: Subject) -> Iterator[Finding]:
    for path, _, properties in subject.events:
        value = properties.get("mp_country_code")
        if not isinstance(value, str) or not value or COUNTRY_CODE.fullmatch(value):
            continue
        location = subject.context.get("location")
        of_context = isinstance(location, dict) and location.get("country") == value
        own = subject.properties.get("mp_country_code") == value
        place = preset_path("country") if of_context else f"{path}.properties.mp_country_code"
        yield rule.COUNTRY_CODE.finding(
            "$.properties.mp_country_code" if own else place,
            f"country {shown(value, 40)} is not a two-letter code",
            fix="send the ISO 3166 code, such as US, as the property mp_country_code" if own else None,
        )
        return
    traits = subject.document.get("traits")
    code = traits.get("$country_code") if isinstance(traits, dict) else None
    if isinstance(code, str) and code and not COUNTRY_CODE.fullmatch(code):
        yield rule.COUNTRY_CODE.finding(
            child("$.traits", "$country_code"),
            f"country {shown(code, 40)} is not a two-letter code",
            fix="send the ISO 3166 code, such as US, as the trait $country_code",
        )


def has_place_for(campaign: Json) -> bool:
    """Return True if Segment's presets send every key of the campaign to Mixpanel."""
    return isinstance(campaign, dict) and campaign.keys() <= _sent_keys()


@cache
def _sent_keys() -> frozenset[str]:
    return frozenset(path.removeprefix(_CAMPAIGN) for path in preset_paths("utm_properties").values())


def utm_missing(subject: Subject) -> Iterable[Finding]:
    """Find what a campaign in the context or in an address has, and Mixpanel does not get."""
    campaign, addresses = subject.context.get("campaign"), _addresses(subject)
    if (not campaign and not addresses) or not subject.events:
        return ()
    return _campaign_lost(subject, campaign if isinstance(campaign, dict) else {}, addresses)


def _campaign_lost(subject: Subject, campaign: JsonObject, addresses: Sequence[str]) -> Iterator[Finding]:
    mapped = _sent_keys()
    for key in campaign:
        if key not in mapped:
            yield rule.UTM_MISSING.finding(
                child("$.context.campaign", key),
                f"context.campaign.{shown(key, 40)[1:-1]} is not sent to Mixpanel",
            )
    sent = subject.events[0][2]
    for url in addresses:
        lost = [name for name in _utm_in(url) if name not in sent]
        if lost:
            yield rule.UTM_MISSING.finding(
                "$.context.campaign",
                f"the page's address has {', '.join(lost)}, context.campaign does not: Mixpanel gets none",
            )
            return


def _addresses(subject: Subject) -> Sequence[str]:
    """Return the addresses of the page that have parameters of a campaign."""
    page, own = subject.context.get("page"), subject.properties
    found = [own.get("search"), own.get("url")]
    if isinstance(page, dict):
        found = [page.get("search"), page.get("url"), *found]
    return [value for value in found if isinstance(value, str) and "utm_" in value]


@lru_cache(maxsize=256)
def _utm_in(url: str) -> tuple[str, ...]:
    """Return the utm_ parameters that Segment has a place for."""
    if len(url) > 4096:
        return ()
    try:
        query = urlsplit(url).query
    except ValueError:
        return ()
    names = {name for name, value in parse_qsl(query) if value}
    return tuple(name for name in preset_paths("utm_properties") if name in names)


def super_properties_cloud(subject: Subject) -> Iterable[Finding]:
    if not subject.events or (subject.destination.kind == "actions" and "traits" not in subject.context):
        return ()
    return _super_properties_lost(subject)


def _super_properties_lost(subject: Subject) -> Iterator[Finding]:
    sent = subject.events[0][2]
    if subject.destination.kind == "classic-cloud":
        names = subject.destination.settings.get("superProperties")
        lost = [name for name in names if name not in sent] if isinstance(names, list) else []
        if lost:
            yield rule.SUPER_PROPERTIES_CLOUD.finding(
                "$.properties",
                f"{_listed(lost)}: a super property in device mode, and not on this event in cloud mode",
            )
        return
    traits = subject.context.get("traits")
    lost = [name for name in traits if name not in sent] if isinstance(traits, dict) else []
    if lost:
        yield rule.SUPER_PROPERTIES_CLOUD.finding(
            "$.context.traits", f"traits in the context do not reach the event: {_listed(lost)}"
        )


def _listed(names: Sequence[Json]) -> str:
    few = ", ".join(str(name) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return shown(few, 120)[1:-1] + more


def purchase_double_count(subject: Subject) -> Iterator[Finding]:
    for index, operation in enumerate(subject.translation.operations):
        body = operation.request.body
        if operation.action != "trackPurchase" or not isinstance(body, list) or len(body) < 2:
            continue
        products = len(body) - 1
        if len(body) > MAX_EVENTS:
            yield rule.PURCHASE_DOUBLE_COUNT.finding(
                in_body(index),
                f"one order becomes {len(body):,} events: Mixpanel takes {MAX_EVENTS:,} a request",
                severity="error",
                fix="send fewer products, or turn off generatePurchaseEventPerProduct in the subscription",
            )
        else:
            each = "a Product Purchased" if products == 1 else f"{products:,} times Product Purchased"
            yield rule.PURCHASE_DOUBLE_COUNT.finding(
                in_body(index), f"the order becomes {len(body):,} events: itself and {each}"
            )
