"""Rules on what events carry."""

from __future__ import annotations

from typing import Any

import pytest
from check_helpers import DESTINATION, classic, found, inspected, real_message

from segtap.core.catalogue.data import DATA_RULES
from segtap.core.checks import CheckSettings
from segtap.core.settings import Destination

PLAIN = CheckSettings()
UTM = "https://ex.com/?utm_source=news&utm_medium=email&utm_term="

Row = tuple[str, dict[str, Any], CheckSettings, Destination]


def actions(**settings: Any) -> Destination:
    return Destination(settings={"projectToken": "tok", **settings})


def track(event: str = "Signed Up", /, **properties: Any) -> dict[str, Any]:
    return real_message("node", "track", event=event, properties=properties)


def within(message: dict[str, Any], **context: Any) -> dict[str, Any]:
    message["context"] = {**message["context"], **context}
    return message


WRONG: list[tuple[Row, str, str, str]] = [
    # rule, message, settings, destination; severity, path, words
    (
        (
            "track-too-old",
            real_message("node", "track", timestamp="2026-11-19T21:00:00Z"),
            PLAIN,
            classic(apiKey=""),
        ),
        "error",
        "$.timestamp",
        "more than five days old: without the API secret Segment refuses it",
    ),
    (
        (
            "track-too-old",
            real_message("node", "page", timestamp="2026-11-19T21:00:00Z"),
            PLAIN,
            classic(apiKey=""),
        ),
        "error",
        "$.timestamp",
        "without the API secret: Mixpanel leaves it out",
    ),
    (
        ("date-format", track(due="11/24/2026"), PLAIN, DESTINATION),
        "warning",
        "$.properties.due",
        'due "11/24/2026" is text to Mixpanel, no date',
    ),
    (
        ("bot-traffic", within(track(), userAgent="facebookexternalhit/1.1"), PLAIN, DESTINATION),
        "warning",
        "$.context.userAgent",
        "facebookexternalhit is a crawler",
    ),
    (
        ("region-mismatch", track(), PLAIN, actions(apiRegion="EU")),
        "error",
        "requests[0].url",
        'apiRegion "EU" is none of US 🇺🇸, EU 🇪🇺, IN 🇮🇳',
    ),
    (
        ("api-secret-deprecated", track(), PLAIN, actions(apiSecret="secret")),
        "info",
        "requests[0].url",
        "sent with the API secret, which Mixpanel retires on 2027-03-03",
    ),
    (
        (
            "api-secret-deprecated",
            real_message("node", "page", timestamp="2026-11-01T00:00:00Z"),
            PLAIN,
            classic(),
        ),
        "info",
        "requests[0].url",
        "sent with the API secret",
    ),
    (
        ("country-code", within(track(), location={"country": "Germany"}), PLAIN, DESTINATION),
        "warning",
        "$.context.location.country",
        'country "Germany" is not a two-letter code',
    ),
    (
        ("country-code", track(mp_country_code="de"), PLAIN, DESTINATION),
        "warning",
        "$.properties.mp_country_code",
        'country "de" is not a two-letter code',
    ),
    (
        (
            "country-code",
            real_message("node", "identify", traits={"$country_code": "Germany"}),
            PLAIN,
            DESTINATION,
        ),
        "warning",
        "$.traits.$country_code",
        'country "Germany" is not a two-letter code',
    ),
    (
        ("utm-missing", within(track(), page={"url": UTM}), PLAIN, DESTINATION),
        "info",
        "$.context.campaign",
        "has utm_source, utm_medium, context.campaign does not",
    ),
    (
        ("utm-missing", within(track(), campaign={"source": "news", "id": "7"}), PLAIN, DESTINATION),
        "info",
        "$.context.campaign.id",
        "context.campaign.id is not sent to Mixpanel",
    ),
    (
        ("super-properties-cloud", within(track(), traits={"plan": "pro"}), PLAIN, DESTINATION),
        "info",
        "$.context.traits",
        "traits in the context do not reach the event: plan",
    ),
    (
        ("super-properties-cloud", track(), PLAIN, classic(superProperties=["plan"])),
        "info",
        "$.properties",
        "plan: a super property in device mode",
    ),
    (
        ("purchase-double-count", real_message("python", "track"), PLAIN, DESTINATION),
        "info",
        "requests[0].body",
        "the order becomes 3 events: itself and 2 times Product Purchased",
    ),
    (
        (
            "purchase-double-count",
            track("Order Completed", products=[{"product_id": "1"}] * 2000),
            PLAIN,
            DESTINATION,
        ),
        "error",
        "requests[0].body",
        "one order becomes 2,001 events: Mixpanel takes 2,000 a request",
    ),
]

RIGHT: list[Row] = [
    ("bot-traffic", within(track(), userAgent="Mozilla/5.0 (X11; Linux x86_64)"), PLAIN, DESTINATION),
    ("track-too-old", real_message("node", "track", timestamp="2026-11-19T21:00:00Z"), PLAIN, classic()),
    ("track-too-old", real_message("node", "page", timestamp="2026-11-19T21:00:00Z"), PLAIN, classic()),
    ("track-too-old", real_message("node", "page"), PLAIN, classic(apiKey="")),
    ("track-too-old", real_message("node", "track", timestamp="2026-11-01T00:00:00Z"), PLAIN, DESTINATION),
    ("date-format", track(due="2026-11-24", at="2026-11-24T10:00:00Z", n="+02:00"), PLAIN, DESTINATION),
    ("date-format", real_message("next", "identify"), PLAIN, DESTINATION),
    ("region-mismatch", track(), PLAIN, actions(apiRegion="EU 🇪🇺")),
    ("region-mismatch", track(), PLAIN, actions()),
    ("api-secret-deprecated", track(), PLAIN, DESTINATION),
    ("api-secret-deprecated", real_message("node", "page"), PLAIN, classic()),
    ("api-secret-deprecated", track(), CheckSettings(service_account=True), actions(apiSecret="secret")),
    ("api-secret-deprecated", real_message("node", "identify"), PLAIN, actions(apiSecret="secret")),
    ("country-code", within(track(), location={"country": "DE"}), PLAIN, DESTINATION),
    ("country-code", real_message("node", "identify"), PLAIN, DESTINATION),
    ("utm-missing", real_message("next", "page"), PLAIN, DESTINATION),
    ("utm-missing", within(track(), page={"url": "https://ex.com/?utm_id=1"}), PLAIN, DESTINATION),
    ("utm-missing", within(track(), page={"url": "https://[ex.com/?utm_source=a"}), PLAIN, DESTINATION),
    ("utm-missing", within(track(utm_source="a"), page={"url": "/?utm_source=a"}), PLAIN, DESTINATION),
    ("super-properties-cloud", within(track(plan="pro"), traits={"plan": "x"}), PLAIN, DESTINATION),
    ("super-properties-cloud", track(plan="pro"), PLAIN, classic(superProperties=["plan"])),
    ("purchase-double-count", track("Order Completed", order_id="1"), PLAIN, DESTINATION),
    ("purchase-double-count", real_message("python", "track"), PLAIN, classic()),
]


@pytest.mark.parametrize(("row", "severity", "path", "words"), WRONG, ids=[row[0][0] for row in WRONG])
def test_a_wrong_message_is_named(row: Row, severity: str, path: str, words: str) -> None:
    rule, message, settings, destination = row
    (finding,) = found(message, rule, settings=settings, destination=destination)
    assert (finding.severity, finding.path) == (severity, path)
    assert words in finding.message
    assert finding.fix


@pytest.mark.parametrize("row", RIGHT, ids=[row[0] for row in RIGHT])
def test_a_right_message_is_left_alone(row: Row) -> None:
    rule, message, settings, destination = row
    assert found(message, rule, settings=settings, destination=destination) == []


def test_every_rule_has_both_examples() -> None:
    ids = {rule.id for rule in DATA_RULES}
    assert {row[0][0] for row in WRONG} == ids
    assert {row[0] for row in RIGHT} == ids


@pytest.mark.parametrize(
    ("name", "value", "severity"),
    [
        ("when", "Tue Nov 24 2026 10:00:00 GMT+0100 (CET)", "warning"),
        ("when", "Tue, 24 Nov 2026 10:00:00 GMT", "warning"),
        ("when", "24/11/2026 10:00", "warning"),
        ("when", "2026/11/24", "warning"),
        ("birthday", "24.11.1990", "warning"),
        ("created_at", 1795557600, "warning"),
        ("updatedAt", 1795557600000, "warning"),
        ("due_date", 1795557600.5, "warning"),
        ("when", "2026-11-24T10:00:00", "info"),
        ("when", "2026-11-24 10:00", "info"),
        ("when", "2026-11-24T10:00:00+01:00", "warning"),
        ("when", "2026-11-24T10:00:00+00:00", ""),
        ("version", "1.12.2026", ""),
        ("ratio", "1/2", ""),
        ("path", "/2026/11/24/post", ""),
        ("day", "Tuesday", ""),
        ("day", "Mon amour, 7", ""),
        ("total", 1795557600, ""),
        ("format", 1795557600, ""),
        ("created_at", 7, ""),
        ("created_at", True, ""),
        ("phone", "0170/1234567", ""),
        ("code", "2026-11-24T", ""),
        ("text", "2026-11-24T10:00:00 was a fine day", ""),
    ],
)
def test_dates_and_what_only_looks_like_one(name: str, value: Any, severity: str) -> None:
    told = found(track(**{name: value}), "date-format")
    assert [finding.severity for finding in told] == ([severity] if severity else [])
    if told:
        traits = real_message("node", "identify", traits={name: value})
        assert [finding.path for finding in found(traits, "date-format")] == [f"$.traits.{name}"]


def test_an_old_event_without_a_secret_is_told_once() -> None:
    message = real_message("node", "track", timestamp="2026-11-19T21:00:00Z")
    verdict = inspected(message, destination=classic(apiKey=""))
    assert verdict.translation.rejected
    assert [one.rule for one in verdict.findings if one.severity == "error"] == ["track-too-old"]
