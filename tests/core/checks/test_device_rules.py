"""Rules on what Mixpanel's own SDKs send, and each fix followed."""

from __future__ import annotations

from typing import Any

import pytest
from check_helpers import DESTINATION, NOW, classic, found, real_message
from streams import call, observed

from segtap.core.checks import CheckSettings, check_records
from segtap.core.checks.device import former_user, revenue_name
from segtap.core.checks.stream import Loose, StreamChecker, digest
from segtap.core.settings import ClassicSettings, Destination
from segtap.core.verdict import Finding, Operation, OutgoingRequest, Translation

TOKEN = "0123456789abcdef0123456789abcdef"
DEVICE = "0b2c9f0e-6a53-4f7e-9d0d-3f4f6c2f1a77"
CLASSIC = Destination("classic-cloud", {"token": TOKEN})
PEOPLE = ClassicSettings(people=True)


def event(name: str = "Paid", **properties: Any) -> dict[str, Any]:
    """An event as the web SDK posts it for Segment's integration."""
    own = {"distinct_id": "user-1", "token": TOKEN, "time": NOW / 1000, "$insert_id": "o7v9msf3cyyx1tqp"}
    return {
        "event": name,
        "properties": {"mp_lib": "Segment: web", "$device_id": DEVICE, **own, **properties},
    }


def profile(**operations: Any) -> dict[str, Any]:
    return {
        "$token": TOKEN,
        "$distinct_id": "user-1",
        **{f"${name}": one for name, one in operations.items()},
    }


def judged(
    record: dict[str, Any], settings: ClassicSettings = PEOPLE, destination: Destination | None = CLASSIC
) -> list[Finding]:
    path = "track" if "event" in record else "groups" if "$group_key" in record else "engage"
    request = OutgoingRequest(method="POST", url=f"https://api-js.mixpanel.com/{path}/", body=record)
    translation = Translation((Operation("", "", request),))
    by = CheckSettings(classic=settings)
    return list(check_records(translation, now=NOW, settings=by, destination=destination))


def of_rule(rule: str, findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(one.severity, one.path, one.fix) for one in findings if one.rule == rule]


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        ("12.50", "send 12.50 as a number"),
        ("soon", "send a number"),
        ([1, 2], "send a number"),
        (None, "send a number"),
        (True, "send a number"),
        ({"a": 1}, "send a number"),
    ],
)
def test_an_increment_has_to_be_a_number(value: Any, fix: str) -> None:
    found = judged(profile(add={"Paid": 1, "revenue": value}))
    assert of_rule("increment-not-a-number", found) == [("error", "requests[0].body.$add.revenue", fix)]
    assert of_rule("increment-not-a-number", judged(profile(add={"Paid": 1, "revenue": 12.5}))) == []


def test_revenue_is_added_up_instead() -> None:
    (finding,) = of_rule("revenue-not-on-profile", judged(event(revenue=12.5)))
    assert finding[:2] == ("warning", "requests[0].body.properties.revenue")
    assert 'prop_increments = ["revenue"]' in finding[2]
    followed = ClassicSettings(people=True, prop_increments=("revenue",))
    assert of_rule("revenue-not-on-profile", judged(event(revenue=12.5), followed)) == []


@pytest.mark.parametrize(
    ("record", "settings", "destination"),
    [
        (event(), PEOPLE, CLASSIC),
        (event(revenue=0), PEOPLE, CLASSIC),
        (event(total=5), PEOPLE, CLASSIC),
        (event(revenue=5), ClassicSettings(), CLASSIC),
        (event(revenue=5), PEOPLE, Destination("actions", {"projectToken": TOKEN})),
        (event(revenue=5), PEOPLE, None),
        (event(revenue=5, mp_lib="web"), PEOPLE, CLASSIC),
    ],
)
def test_no_revenue_is_missed_where_none_was_to_come(
    record: dict[str, Any], settings: ClassicSettings, destination: Destination | None
) -> None:
    assert of_rule("revenue-not-on-profile", judged(record, settings, destination)) == []


def test_what_segment_reads_as_revenue() -> None:
    assert revenue_name("Order Completed", {"total": 5}) == "total"
    assert revenue_name("completed order", {"total": "$5.50", "revenue": 0}) == "total"
    assert revenue_name("Order Updated", {"total": 5}) == ""
    assert revenue_name(None, {"revenue": "free"}) == ""


FIRST_REFERRER = profile(set_once={"$initial_referrer": "$direct", "$initial_referring_domain": "$direct"})
FIRST_CAMPAIGN = profile(set_once={"$initial_referrer": "$direct", "initial_utm_source": "news"})
GROUP_KEY = profile(set={"company_id": ["acme"], "$os": "Linux"})
OFF = ClassicSettings(group_identifier_traits=("company_id",))


@pytest.mark.parametrize("record", [FIRST_REFERRER, FIRST_CAMPAIGN, GROUP_KEY])
def test_profiles_are_written_with_people_off(record: dict[str, Any]) -> None:
    (finding,) = of_rule("people-off-engage", judged(record, OFF))
    assert finding[:2] == ("info", "requests[0].body")
    assert "people = true" in finding[2]
    assert of_rule("people-off-engage", judged(record, PEOPLE)) == []


@pytest.mark.parametrize(
    "record",
    [
        profile(set={"plan": "pro"}),  # the page's own call
        profile(set={"$os": "Linux"}),
        profile(set_once={"$initial_referrer": "$direct", "first_plan": "pro"}),
    ],
)
def test_what_the_page_writes_itself_is_left_alone(record: dict[str, Any]) -> None:
    assert of_rule("people-off-engage", judged(record, OFF)) == []
    assert of_rule("people-off-engage", judged(FIRST_REFERRER, OFF, None)) == []


def test_traits_of_a_group_are_set_once() -> None:
    record = {"$token": TOKEN, "$group_key": "company_id", "$group_id": "acme"}
    (finding,) = of_rule("group-set-once", judged(record | {"$set_once": {"plan": "pro", "seats": 4}}))
    assert finding == ("info", "requests[0].body.$set_once", "send group calls in cloud mode")
    assert of_rule("group-set-once", judged(record | {"$set": {"plan": "pro"}})) == []


def test_an_event_without_any_property_is_explained() -> None:
    found = judged({"event": "Played", "properties": {}})
    assert of_rule("reserved-property", found) == [
        ("warning", "requests[0].body.properties", "give the property another name")
    ]


@pytest.mark.parametrize(
    ("message", "destination", "severity"),
    [
        (real_message("next", "track", properties={"length": 12}), CLASSIC, "warning"),
        (real_message("next", "track", properties={"length": "12:30"}), CLASSIC, "info"),
        (real_message("next", "identify", traits={"length": 12}), classic(people=True), "warning"),
        (real_message("next", "identify", traits={"length": 12}), DESTINATION, "info"),
        (real_message("next", "identify", traits={"length": True}), classic(people=True), "info"),
    ],
)
def test_length_matters_in_device_mode(
    message: dict[str, Any], destination: Destination, severity: str
) -> None:
    (finding,) = found(message, "reserved-property", destination=destination)
    assert finding.severity == severity
    assert "in device mode" in finding.message
    followed = {"properties": {"seconds": 12}} if "properties" in message else {"traits": {"seconds": 12}}
    assert found(message | followed, "reserved-property", destination=destination) == []


@pytest.mark.parametrize(
    ("endpoint", "severity"),
    [("/track", "warning"), ("/mp/track/?verbose=1", "warning"), ("/import", "error")],
)
@pytest.mark.parametrize(
    ("id", "rule"), [("a_b:c", "insert-id-charset"), ("undefined", "insert-id-forbidden")]
)
def test_what_mixpanel_documents_of_insert_ids_it_documents_of_import(
    endpoint: str, severity: str, id: str, rule: str
) -> None:
    sent = event(**{"$insert_id": id})
    request = OutgoingRequest(
        method="POST", url=f"https://api-js.mixpanel.com{endpoint}", body=[event(), sent]
    )
    operations = (
        Operation("", "", OutgoingRequest(method="POST", url="https://x.example/import", body=event())),
        Operation("", "", request),
    )
    found = check_records(Translation(operations), now=NOW)
    (finding,) = of_rule(rule, list(found))
    path = "requests[1].body[1].properties.$insert_id"
    assert finding == (severity, path, "send a UUID as $insert_id")


def bundled(**properties: Any) -> dict[str, Any]:
    message = real_message("next", "track", properties=properties)
    return message | {"_metadata": {"bundled": ["Mixpanel"], "unbundled": []}}


@pytest.mark.parametrize("name", ["distinct_id", "time"])
def test_a_reserved_super_property(name: str) -> None:
    listed = classic(superProperties=["plan", name])
    (finding,) = found(bundled(**{name: 1795557600}), "super-property-reserved", destination=listed)
    assert (finding.severity, finding.path) == ("error", f"$.properties.{name}")
    assert finding.fix.startswith(f"take {name} off super_properties under [classic]")
    followed = classic(superProperties=["plan"])
    assert found(bundled(**{name: 1795557600}), "super-property-reserved", destination=followed) == []
    assert found(bundled(plan="pro"), "super-property-reserved", destination=listed) == []
    in_cloud_mode = real_message("next", "track", properties={name: 1795557600})
    assert found(in_cloud_mode, "super-property-reserved", destination=listed) == []


def identified(**traits: Any) -> dict[str, Any]:
    message = real_message("next", "identify", userId="user-1", traits=traits)
    return message | {"_metadata": {"bundled": ["Mixpanel"], "unbundled": []}}


@pytest.mark.parametrize("name", ["distinct_id", "time"])
def test_a_trait_that_becomes_a_reserved_super_property(name: str) -> None:
    every = classic()
    (finding,) = found(identified(**{name: 1795557600}), "super-property-reserved", destination=every)
    assert (finding.severity, finding.path) == ("error", f"$.traits.{name}")
    assert finding.fix == "give the trait another name"
    assert found(identified(seen=1795557600), "super-property-reserved", destination=every) == []
    listed = classic(setAllTraitsByDefault=False, superProperties=["plan"])
    assert found(identified(**{name: 1795557600}), "super-property-reserved", destination=listed) == []
    named = classic(setAllTraitsByDefault=False, superProperties=[name])
    assert len(found(identified(**{name: 1795557600}), "super-property-reserved", destination=named)) == 1


@pytest.mark.parametrize(
    "message",
    [
        identified(distinct_id="user-1"),  # the id that it has anyway
        identified(time=1) | {"integrations": {"Mixpanel": False}},
        identified(time=1) | {"_metadata": {"bundled": ["Segment.io"]}},
        bundled(time=1) | {"type": "page", "name": "Cart", "properties": {"time": 1}},
    ],
)
def test_what_the_page_does_not_register_is_right(message: dict[str, Any]) -> None:
    pages_off = classic(consolidatedPageCalls=False, superProperties=["time", "distinct_id"])
    assert found(message, "super-property-reserved", destination=pages_off) == []


# -- what takes several records --------------------------------------------------------------------------


def joined(user: str, former: str, **properties: Any) -> dict[str, Any]:
    return event(
        "$identify", distinct_id=user, **{"$anon_distinct_id": former, "$user_id": user, **properties}
    )


def streamed(*records: dict[str, Any], settings: CheckSettings | None = None) -> list[list[str]]:
    checker = StreamChecker(settings or CheckSettings(), CLASSIC)
    found: list[list[str]] = []
    for number, record in enumerate(records):
        loose = Loose(document=record, type="raw", source_kind="mixpanel", id=number)
        found.append([one.rule for one in checker.observe(digest(loose, Translation(), NOW + number))])
    return found


def test_the_next_user_is_joined_to_the_former_one() -> None:
    assert former_user(joined("user-2", "user-1")) == "user-1"
    assert streamed(joined("user-2", "user-1")) == [["reset-not-in-mixpanel"]]
    # mixpanel.reset() makes a new device: the fix, followed.
    assert streamed(joined("user-2", f"$device:{DEVICE}")) == [[]]


@pytest.mark.parametrize(
    "record",
    [
        joined("user-1", f"$device:{DEVICE}"),
        joined("user-1", DEVICE),
        joined("user-1", "user-1"),
        joined("user-1", ""),
        event(**{"$anon_distinct_id": "user-2"}),
        {"event": "$identify", "properties": None},
    ],
)
def test_anonymous_ids_are_no_former_users(record: dict[str, Any]) -> None:
    assert former_user(record) == ""


def test_an_alias_joins_two_users_on_purpose() -> None:
    alias = event("$create_alias", distinct_id="user-1", alias="user-2")
    assert streamed(alias, joined("user-2", "user-1"), joined("user-3", "user-1")) == [
        [],
        [],
        ["reset-not-in-mixpanel"],
    ]


def test_the_python_library_is_named_once_for_each_project() -> None:
    sent = event(mp_lib="python")
    assert streamed(sent, sent, event(mp_lib="python", token="f" * 32)) == [
        ["sdk-alias-direct"],
        [],
        ["sdk-alias-direct"],
    ]
    assert streamed(sent, settings=CheckSettings(identity="simplified")) == [[]]
    assert streamed(event(mp_lib="web"), event(mp_lib="node")) == [[], []]


# -- super properties in cloud mode ------------------------------------------------------------------------


def super_properties(*messages: dict[str, Any], destination: Destination = CLASSIC) -> list[list[str]]:
    found = observed(messages, destination=destination)
    return [[one.message for one in each if one.rule == "super-properties-cloud"] for each in found]


@pytest.mark.parametrize("destination", [CLASSIC, Destination("actions", {"projectToken": TOKEN})])
def test_in_device_mode_or_with_a_list_nothing_is_missed(destination: Destination) -> None:
    identify = call("identify", 0, userId="user-1", traits={"plan": "pro"})
    of_device = {"_metadata": {"bundled": ["Mixpanel"], "unbundled": []}}
    track = call("track", 1, userId="user-1", properties={"seats": 4})
    assert super_properties(identify, track | of_device, destination=destination) == [[], []]
    checker = StreamChecker(
        CheckSettings(classic=ClassicSettings(set_all_traits_by_default=False, super_properties=("seats",))),
        destination,
    )
    found = observed([identify, track], destination=destination, checker=checker)
    expected = [] if destination is CLASSIC else ["super-properties-cloud"]
    assert [one.rule for one in found[1] if one.rule == "super-properties-cloud"] == expected


@pytest.mark.parametrize("destination", [CLASSIC, Destination("actions", {"projectToken": TOKEN})])
def test_the_guides_recipe_in_cloud_mode(destination: Destination) -> None:
    identify = call("identify", 0, userId="user-1", traits={"plan": "pro", "email": "a@b.co"})
    track = call("track", 1, userId="user-1", properties={"seats": 4})
    _, (words,), again = super_properties(
        identify, track, call("track", 2, userId="user-1", properties={}), destination=destination
    )
    assert "identify had the trait plan, and this event has not" in words
    assert again == []


@pytest.mark.parametrize(
    "messages",
    [
        (
            call("identify", userId="user-1", traits={"plan": "pro"}),
            call("track", 1, userId="user-1", properties={"plan": "pro"}),
        ),
        (
            call("identify", userId="user-1", traits={"email": "a@b.co", "name": "Ann"}),
            call("track", 1, userId="user-1", properties={}),
        ),
        (
            call("identify", userId="user-1", traits={"plan": "pro"}),
            call("track", 1, userId="user-2", properties={}),
        ),
        (
            real_message("python", "identify", userId="user-1", traits={"plan": "pro"}),
            real_message("python", "track", userId="user-1", properties={}),
        ),
    ],
)
def test_who_counts_on_no_super_property(messages: tuple[dict[str, Any], ...]) -> None:
    assert super_properties(*messages) == [[], []]
