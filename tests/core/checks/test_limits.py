"""Mixpanel's limits on values and names: on events, on users' profiles and on groups'."""

from __future__ import annotations

from typing import Any

import pytest
from check_helpers import DESTINATION, NOW, classic, findings, found, real_message

from segtap.core.catalogue.limits import LIMIT_RULES
from segtap.core.checks import check_records
from segtap.core.settings import Destination, Subscription
from segtap.core.verdict import Operation, OutgoingRequest, Translation

CLASSIC = classic(people=True, groupIdentifierTraits=["company_id"])
MAPPED = Destination(
    settings=DESTINATION.settings,
    subscriptions=(
        Subscription(
            'type = "track"',
            "trackEvent",
            {
                "event": {"@path": "$.event"},
                "distinct_id": {"@path": "$.userId"},
                "insert_id": {"@path": "$.properties.request"},
                "event_properties": {
                    "story": {"@path": "$.properties.text"},
                    "on_date": {"@path": "$.context.day"},
                },
            },
        ),
    ),
)
"""A destination whose mapping gives properties other names."""


def track(**properties: Any) -> dict[str, Any]:
    return real_message("python", "track", event="Signed Up", properties=properties)


def identify(**traits: Any) -> dict[str, Any]:
    return real_message("python", "identify", traits=traits)


def group(**traits: Any) -> dict[str, Any]:
    return real_message("python", "group", groupId="acme", traits={"company_id": "acme", **traits})


def nested(depth: int) -> Any:
    return {"inner": nested(depth - 1)} if depth > 1 else {"leaf": 1}


ON_EVENTS: list[tuple[str, dict[str, Any], str, str]] = [
    # rule, properties; path, words
    (
        "too-many-properties",
        {f"p{n}": n for n in range(255)},
        "requests[0].body[0].properties",
        "takes 254 at most",
    ),
    ("array-too-long", {"ids": list(range(255))}, "$.properties.ids", "the list has 255 elements"),
    ("nesting-too-deep", {"a": nested(4)}, "$.properties.a.inner.inner.inner", "Mixpanel refuses the event"),
    ("property-too-large", {"a": ["x" * 99] * 90}, "$.properties.a", "a has 9 KB: Mixpanel documents 8 KB"),
    (
        "property-too-large",
        {"a": {f"k{n}": "x" * 99 for n in range(90)}},
        "$.properties.a",
        "object of an event",
    ),
    (
        "event-too-large",
        {f"p{n}": ["z" * 250] * 250 for n in range(20)},
        "requests[0].body[0]",
        "less than 1 MB",
    ),
    ("string-truncated", {"url": "https://ex.com/" + "a" * 300}, "$.properties.url", "url has 315 B"),
    ("string-truncated", {"n" * 300: 1}, f"$.properties.{'n' * 199}…", "has 300 characters"),
    ("string-truncated", {"a": [{"n" * 300: 1}]}, f"$.properties.a[0].{'n' * 199}…", "has 300 characters"),
]
FINE_ON_EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("too-many-properties", {f"p{n}": n for n in range(100)}),
    ("array-too-long", {"ids": list(range(254))}),
    ("nesting-too-deep", {"a": nested(3)}),
    ("property-too-large", {"a": ["x" * 97] * 81, "b": {"text": "x" * 250}}),
    ("event-too-large", {f"p{n}": "x" * 250 for n in range(199)}),
    ("string-truncated", {"url": "x" * 255, "name": "é" * 127, "n" * 255: 1, "é" * 255: 1}),
]
ON_PROFILES: list[tuple[str, dict[str, Any], str, str, str]] = [
    # rule, traits; severity, path, words
    ("too-many-properties", {f"p{n}": n for n in range(2001)}, "error", "$.traits", "takes 2,000 at most"),
    (
        "too-many-properties",
        {"w": {f"k{n}": n for n in range(256)}},
        "warning",
        "$.traits.w",
        "documents 255 at most",
    ),
    ("nesting-too-deep", {"a": nested(4)}, "warning", "$.traits.a.inner.inner.inner", "for a profile"),
    ("property-too-large", {"a": ["x" * 250] * 1100}, "warning", "$.traits.a", "256 KB at most"),
    ("string-truncated", {"bio": "moss " * 60}, "warning", "$.traits.bio", "bio has 300 B"),
    ("string-truncated", {"bio": ["moss " * 60]}, "warning", "$.traits.bio[0]", "cuts texts off"),
    ("string-truncated", {"n" * 300: 1}, "warning", f"$.traits.{'n' * 199}…", "has 300 characters"),
]
FINE_ON_PROFILES: dict[str, Any] = {
    "bio": "x" * 255,
    "topics": ["moss"] * 300,
    "log": ["x" * 99] * 900,
    "wide": {f"k{n}": n for n in range(255)},
    "deep": nested(3),
    "n" * 255: 1,
    **{f"p{n}": n for n in range(300)},
}
"""An event would not be let in with these."""


@pytest.mark.parametrize(("rule", "properties", "path", "words"), ON_EVENTS)
def test_an_event_over_a_limit(rule: str, properties: dict[str, Any], path: str, words: str) -> None:
    (finding,) = found(track(**properties), rule)
    assert finding.path == path
    assert words in finding.message


@pytest.mark.parametrize(("rule", "properties"), FINE_ON_EVENTS)
@pytest.mark.parametrize("destination", [DESTINATION, CLASSIC], ids=["actions", "classic"])
def test_an_event_within_the_limits(rule: str, properties: dict[str, Any], destination: Destination) -> None:
    assert found(track(**properties), rule, destination=destination) == []


@pytest.mark.parametrize(("rule", "traits", "severity", "path", "words"), ON_PROFILES)
@pytest.mark.parametrize("call", [identify, group], ids=["user", "group"])
def test_a_profile_over_a_limit(
    call: Any, rule: str, traits: dict[str, Any], severity: str, path: str, words: str
) -> None:
    (finding,) = found(call(**traits), rule)
    assert (finding.severity, finding.path) == (severity, path)
    assert words in finding.message


@pytest.mark.parametrize("call", [identify, group], ids=["user", "group"])
@pytest.mark.parametrize("destination", [DESTINATION, CLASSIC], ids=["actions", "classic"])
def test_a_profile_within_the_limits(call: Any, destination: Destination) -> None:
    ids = {rule.id for rule in LIMIT_RULES}
    traits = dict(FINE_ON_PROFILES)
    if destination is CLASSIC:
        del traits["wide"], traits["deep"]  # objects become text there
    assert [one for one in findings(call(**traits), destination=destination) if one.rule in ids] == []


@pytest.mark.parametrize(
    ("rule", "traits", "path"),
    [
        ("string-truncated", {"bio": "moss " * 60}, "$.traits.bio"),
        ("string-truncated", {"firstName": "moss " * 60}, "$.traits.firstName"),
        ("property-too-large", {"a": ["x" * 250] * 1100}, "$.traits.a"),
        ("too-many-properties", {f"p{n}": n for n in range(2001)}, "$.traits"),
    ],
)
def test_the_classic_destinations_profile(rule: str, traits: dict[str, Any], path: str) -> None:
    assert path in [one.path for one in found(identify(**traits), rule, destination=CLASSIC)]


@pytest.mark.parametrize(("count", "severity"), [(3, ""), (4, "info"), (6, "info"), (7, "warning")])
def test_more_group_keys_than_a_project_has(count: int, severity: str) -> None:
    keys = [f"key_{number}" for number in range(count)]
    message = real_message("python", "group", traits={**dict.fromkeys(keys, "g-1"), "name": "Acme"})
    told = found(message, "too-many-group-keys", destination=classic(groupIdentifierTraits=keys))
    assert [one.severity for one in told] == ([severity] if severity else [])


def test_nothing_is_judged_that_is_not_sent() -> None:
    """Without People the classic destination writes no profile."""
    assert found(identify(bio="moss " * 60), "string-truncated", destination=classic(people=False)) == []


def test_the_field_of_the_message_is_named_where_a_mapping_renames_it() -> None:
    message = track(text="moss " * 60, request="undefined")
    message["context"]["day"] = "20261124"
    named = {
        one.rule: one.path
        for one in findings(message, destination=MAPPED)
        if one.rule in ("string-truncated", "date-format", "insert-id-forbidden")
    }
    assert named == {
        "string-truncated": "$.properties.text",
        "date-format": "$.context.day",
        "insert-id-forbidden": "$.properties.request",
    }


def test_a_field_of_the_context_is_named() -> None:
    message = track()
    message["context"]["page"] = {"url": "https://ex.com/" + "a" * 300}
    (finding,) = found(message, "string-truncated")
    assert finding.path == "$.context.page.url"


def test_limits_inside_lists_and_odd_keys_have_their_path() -> None:
    message = track(**{"a b": [{"it's": "x" * 300}], "wide": {"in": {f"k{n}": n for n in range(255)}}})
    assert [finding.path for finding in found(message, "string-truncated")] == [
        "$.properties['a b'][0]['it\\'s']"
    ]
    assert [finding.path for finding in found(message, "too-many-properties")] == ["$.properties.wide.in"]


def test_products_do_not_repeat_what_the_order_said() -> None:
    message = real_message("python", "track")
    assert message["event"] == "Order Completed"
    message["properties"]["note"] = "x" * 300
    message["properties"]["products"][0]["name"] = "y" * 300
    assert [finding.path for finding in found(message, "string-truncated")] == [
        "$.properties.note",
        "$.properties.products[0].name",
    ]


# -- reserved names -------------------------------------------------------------------------------------

RESERVED: list[tuple[dict[str, Any], str, str, str]] = [
    # message; severity, path, words
    (track(**{"$ignore": True}), "error", "$.properties.$ignore", "Mixpanel drops the event"),
    (track(**{"$ignore": "false"}), "error", "$.properties.$ignore", "Mixpanel drops the event"),
    (track(bucket="red"), "warning", "$.properties.bucket", "other events may not appear"),
    (track(**{"$bucket": "red"}), "warning", "$.properties.$bucket", "other events may not appear"),
    (track(**{"$distinct_id": "x-1"}), "warning", "$.properties.$distinct_id", "its own id of the user"),
    (track(**{"$time": 1}), "warning", "$.properties.$time", "the event's time"),
    (track(**{"$event_name": "x"}), "warning", "$.properties.$event_name", "the event's name"),
    (track(mp_original_x=1), "warning", "$.properties.mp_original_x", "Mixpanel writes it"),
    (identify(**{"$last_seen": "2026-11-24"}), "warning", "$.traits.$last_seen", "not to set it by hand"),
    (group(**{"$last_seen": "2026-11-24"}), "warning", "$.traits.$last_seen", "not to set it by hand"),
    (identify(**{"$distinct_id": "x-1"}), "warning", "$.traits.$distinct_id", "its own id of the profile"),
    (identify(phone="4915112345678"), "info", "$.traits.phone", "has no +"),
]
NOT_RESERVED: list[dict[str, Any]] = [
    track(**{"$ignore": False, "buckets": 3, "ignore": True, "distinct": "x", "phone": "0151"}),
    track(**{"$ignore": ""}),
    track(**{"$ignore": None}),
    identify(phone="+49 151 12345678", seen="2026-11-24", bucket="red", alias="zo"),
    identify(phone=" +49 151", **{"$ignore": True}),
    identify(phone=""),
    identify(phone="unknown"),
    group(phone="+49151", bucket="red"),
]


@pytest.mark.parametrize(("message", "severity", "path", "words"), RESERVED)
@pytest.mark.parametrize("destination", [DESTINATION, CLASSIC], ids=["actions", "classic"])
def test_a_name_that_mixpanel_keeps(
    message: dict[str, Any], severity: str, path: str, words: str, destination: Destination
) -> None:
    (finding,) = found(message, "reserved-property", destination=destination)
    assert (finding.severity, finding.path) == (severity, path)
    assert words in finding.message


def test_the_classic_destination_makes_the_name_of_mixpanel() -> None:
    (finding,) = found(identify(last_seen="2026-11-24"), "reserved-property", destination=CLASSIC)
    assert finding.path == "$.traits.last_seen"
    assert found(identify(last_seen="2026-11-24"), "reserved-property") == []


@pytest.mark.parametrize("message", NOT_RESERVED)
@pytest.mark.parametrize("destination", [DESTINATION, CLASSIC], ids=["actions", "classic"])
def test_a_name_of_the_senders_own(message: dict[str, Any], destination: Destination) -> None:
    assert found(message, "reserved-property", destination=destination) == []


# -- requests that no Segment message is behind -----------------------------------------------------------


def request_of(url: str, *records: dict[str, Any]) -> Translation:
    body: Any = list(records)
    return Translation((Operation("", "", OutgoingRequest("POST", url, "application/json", body=body)),))


def test_a_request_of_mixpanels_own_sdk_is_held_to_the_same_limits() -> None:
    event = {
        "event": "Paid",
        "properties": {
            "token": "t",
            "distinct_id": "u-1",
            "$insert_id": "undefined",
            "time": NOW + 1_800_000,
            "due_date": "11/24/26",
            "log": ["x" * 99] * 90,
            "$ignore": True,
        },
    }
    profile = {"$token": "t", "$distinct_id": "u-1", "$set": {"bio": "moss " * 60, "due_date": "20261124"}}
    made = {
        (one.rule, one.path)
        for translation in (
            request_of("https://api.mixpanel.com/track", event),
            request_of("https://api.mixpanel.com/engage", {**profile}, profile),
        )
        for one in check_records(translation, now=NOW)
    }
    assert made == {
        ("insert-id-forbidden", "requests[0].body[0].properties.$insert_id"),
        ("timestamp-suspect", "requests[0].body[0].properties.time"),
        ("date-format", "requests[0].body[0].properties.due_date"),
        ("property-too-large", "requests[0].body[0].properties.log"),
        ("reserved-property", "requests[0].body[0].properties.$ignore"),
        *(
            (rule, f"requests[0].body[{number}].$set.{name}")
            for number in (0, 1)
            for rule, name in (("string-truncated", "bio"), ("date-format", "due_date"))
        ),
    }
