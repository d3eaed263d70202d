"""Rules on ids and addresses read what is sent: for Segment's presets, a workspace's mappings and classic."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from check_helpers import DESTINATION, NOW, classic, real_message, verdict_on
from fixes import map_field

from segtap.core.checks import CheckSettings
from segtap.core.destinations.actions.presets import optional_subscriptions, preset_subscriptions
from segtap.core.destinations.kinds import translator
from segtap.core.settings import Destination, IdentityMode, Subscription
from segtap.core.verdict import Finding

UUID4 = "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3"
PRESETS = preset_subscriptions()
NAMES = [one.name for one in PRESETS]
ALIAS, INCREMENT = optional_subscriptions()
OWN = ("property-dropped", "property-replaced", "property-converted")
"""Rules on whether a property arrives, which have tests of their own."""

Message = dict[str, Any]


def workspace(
    name: str, *, without: tuple[str, ...] = (), extra: tuple[Subscription, ...] = (), **mapping: Any
) -> Destination:
    """The presets, with one of them mapped otherwise, and more subscriptions."""
    given = (*PRESETS, *extra)

    def changed(one: Subscription) -> Subscription:
        kept = {field: node for field, node in one.mapping.items() if field not in without}
        return msgspec.structs.replace(one, mapping={**kept, **mapping})

    return Destination(
        settings=DESTINATION.settings,
        subscriptions=tuple(changed(one) if one.name == name else one for one in given),
    )


def call(sdk: str, type: str, **changes: Any) -> Message:
    """A message that an SDK sent; track calls are not orders, and the user's address is there."""
    message = real_message(
        sdk, type, **({"event": "Paid", "properties": {}} if type == "track" else {}) | changes
    )
    message.setdefault("context", {}).setdefault("ip", "203.0.113.7")
    return message


def read(
    message: Message, destination: Destination, merge: IdentityMode = "original", **more: Any
) -> list[Finding]:
    judged_by = CheckSettings(identity=merge)
    made = verdict_on(message, destination, NOW, size=0, settings=judged_by, **more)
    return [one for one in made.findings if one.rule not in OWN]


def the(rule: str, found: list[Finding]) -> Finding:
    (finding,) = [one for one in found if one.rule == rule]
    return finding


def rules(found: list[Finding]) -> set[str]:
    return {one.rule for one in found if one.severity != "info"}


def path(place: str) -> Message:
    return {"@path": place}


TRACK = call("node", "track", userId="u-1")
VISIT = call("node", "track", userId=..., anonymousId=UUID4)
PAGE = call("next", "page", name="Pricing", userId="u-1")
IDENTIFY = call("next", "identify", userId="u-1", traits={"plan": "pro"})
ADDED = call("next", "track", event="Coin Found", userId="u-1", properties={"increment": {"coins": 2}})

DISTINCT_ID = "requests[0].body[0].properties.distinct_id"
INSERT_ID = "requests[0].body[0].properties.$insert_id"
UNMAPPED: list[tuple[str, Message, str, tuple[str, ...], str, str]] = [
    # rule, message, subscription, fields that the mapping lacks, the one to map, its path
    ("no-identity", TRACK, "Track Calls", ("distinct_id",), "distinct_id", DISTINCT_ID),
    ("no-identity", PAGE, "Page Calls", ("distinct_id", "user_id"), "distinct_id", DISTINCT_ID),
    ("no-identity", VISIT, "Track Calls", ("distinct_id", "anonymous_id"), "distinct_id", DISTINCT_ID),
    ("insert-id-missing", TRACK, "Track Calls", ("insert_id",), "insert_id", INSERT_ID),
    ("insert-id-missing", PAGE, "Page Calls", ("insert_id",), "insert_id", INSERT_ID),
    ("no-client-ip", TRACK, "Track Calls", ("ip",), "ip", "requests[0].body[0].properties"),
    ("no-client-ip", PAGE, "Page Calls", ("ip",), "ip", "requests[0].body[0].properties"),
    ("no-client-ip", IDENTIFY, "Identify Calls", ("ip",), "ip", "requests[1].body"),
    (
        "identify-without-user-id",
        IDENTIFY,
        "Identify Calls",
        ("user_id",),
        "user_id",
        "requests[0].body.properties.$identified_id",
    ),
    (
        "alias-without-previous-id",
        call("node", "alias", previousId=UUID4),
        "Alias Calls",
        ("distinct_id",),
        "distinct_id",
        "requests[0].body.properties.distinct_id",
    ),
    (
        "alias-without-previous-id",
        call("node", "alias", userId="u-1"),
        "Alias Calls",
        ("alias",),
        "alias",
        "requests[0].body.properties.alias",
    ),
]


@pytest.mark.parametrize(("rule", "message", "name", "without", "field", "place"), UNMAPPED)
def test_a_field_that_is_not_mapped_is_named_and_its_line_mends_it(
    rule: str, message: Message, name: str, without: tuple[str, ...], field: str, place: str
) -> None:
    destination = workspace(name, without=without, extra=(ALIAS,))
    finding = the(rule, read(message, destination))
    assert (finding.severity, finding.path) == ("error" if "alias" in rule else "warning", place)
    assert f"subscription '{name}' does not map {field}" in finding.message
    assert f"in subscription '{name}': {field} = " in finding.fix
    mended = map_field(destination, finding)
    assert mended is not None
    after = read(message, mended)
    assert rule not in rules(after)
    assert rules(after) <= rules(read(message, destination))
    fields = (translator(one).translate(message, now=NOW).operations for one in (destination, mended))
    before, now = (sum(len(str(one.request.body)) for one in operations) for operations in fields)
    assert now >= before - len("5efcc891ed0a4ef0")


MAPPED_ELSEWHERE: list[tuple[str, Message, str, Message]] = [
    # rule that keeps quiet, message, subscription, fields mapped to what the message has
    (
        "no-identity",
        call("node", "track", userId=..., properties={"member": "m-1"}),
        "Track Calls",
        {"distinct_id": path("$.properties.member")},
    ),
    (
        "insert-id-missing",
        call("node", "track", userId="u-1", messageId=..., properties={"n": "0b2c9f0e-6a53"}),
        "Track Calls",
        {"insert_id": path("$.properties.n")},
    ),
    ("insert-id-missing", TRACK, "Track Calls", {"insert_id": {"@template": "{{messageId}}-x"}}),
    (
        "no-client-ip",
        call(
            "node",
            "track",
            userId="u-1",
            context={"library": {"name": "analytics-node"}},
            properties={"client_ip": "203.0.113.9"},
        ),
        "Track Calls",
        {"ip": path("$.properties.client_ip")},
    ),
    ("no-client-ip", call("node", "track", userId="u-1"), "Track Calls", {"ip": "0"}),
    (
        "identify-without-user-id",
        call("next", "identify", userId=..., anonymousId=UUID4, traits={"id": "m-91"}),
        "Identify Calls",
        {"user_id": path("$.traits.id")},
    ),
    (
        "no-identity",
        call("node", "identify", userId=..., anonymousId=..., traits={"id": "m-91"}),
        "Identify Calls",
        {"user_id": path("$.traits.id")},
    ),
    (
        "alias-without-previous-id",
        call("node", "alias", previousId=..., userId="u-1", traits={"old": "u-0"}),
        "Alias Calls",
        {"distinct_id": path("$.traits.old")},
    ),
]


@pytest.mark.parametrize(("rule", "message", "name", "mapping"), MAPPED_ELSEWHERE)
def test_a_field_that_is_mapped_elsewhere_is_read_there(
    rule: str, message: Message, name: str, mapping: Message
) -> None:
    if rule == "no-client-ip":
        message = copy.deepcopy(message)
        message["context"].pop("ip", None)
    assert (
        rule in {one.rule for one in read(message, DESTINATION)}
        or "insert_id" in mapping
        or "@template" in str(mapping)
    )
    assert rule not in {one.rule for one in read(message, workspace(name, extra=(ALIAS,), **mapping))}


MISSING_THERE: list[tuple[str, str, str, str]] = [
    # rule, subscription, field, the place that this message does not have
    ("no-identity", "Track Calls", "distinct_id", "$.properties.member"),
    ("insert-id-missing", "Track Calls", "insert_id", "$.properties.request"),
    ("no-client-ip", "Track Calls", "ip", "$.properties.client_ip"),
]


@pytest.mark.parametrize(("rule", "name", "field", "place"), MISSING_THERE)
def test_a_field_that_is_mapped_to_what_the_message_lacks_is_named_there(
    rule: str, name: str, field: str, place: str
) -> None:
    finding = the(rule, read(TRACK, workspace(name, **{field: path(place)})))
    assert finding.path == place
    assert f"{field} of subscription '{name}' is mapped to {place}" in finding.message


@pytest.mark.parametrize("merge", ["original", "simplified"])
def test_a_mapping_that_asks_for_events_of_nobody_is_not_scolded(merge: IdentityMode) -> None:
    nobody = workspace("Page Calls", without=("distinct_id", "user_id", "anonymous_id"))
    assert rules(read(PAGE, nobody, merge)) == set()
    assert rules(read(PAGE, workspace("Page Calls", distinct_id=""), merge)) == set()


def test_with_the_simplified_merge_mixpanel_takes_the_id_from_the_user_or_the_device() -> None:
    destination = workspace("Page Calls", without=("distinct_id",))
    assert "no-identity" in rules(read(PAGE, destination))
    assert "no-identity" not in rules(read(PAGE, destination, "simplified"))
    only_user = call("next", "page", name="Pricing", userId="u-1", anonymousId=...)
    assert "no-identity" in rules(
        read(only_user, workspace("Page Calls", without=("distinct_id", "user_id")), "simplified")
    )


def test_a_profile_of_nobody_names_the_mapping() -> None:
    destination = workspace("Identify Calls", without=("user_id", "anonymous_id"))
    finding = the("no-identity", read(IDENTIFY, destination))
    assert "the profile is nobody's" in finding.message
    assert "user_id = " in finding.fix
    plus = workspace("Increment", without=("user_id", "anonymous_id"), extra=(INCREMENT,))
    assert "user_id = " in the("no-identity", read(ADDED, plus)).fix


def test_a_message_id_that_was_filled_in_is_random_unless_the_mapping_reads_another() -> None:
    message = call("node", "track", userId="u-1", properties={"request": "0b2c9f0e-6a53"})
    filled = {"filled": ("$.messageId",)}
    assert "insert-id-missing" in rules(read(message, DESTINATION, **filled))
    own = workspace("Track Calls", insert_id=path("$.properties.request"))
    assert "insert-id-missing" not in rules(read(message, own, **filled))


@pytest.mark.parametrize("merge", ["original", "simplified"])
def test_traits_of_a_visitor_are_a_note_and_nothing_is_to_be_done(merge: IdentityMode) -> None:
    for destination in (DESTINATION, classic(people=True)):
        message = call("next", "identify", userId=..., anonymousId=UUID4, traits={"interest": "moss"})
        finding = the("identify-without-user-id", read(message, destination, merge))
        assert finding.severity == "info"
        assert finding.fix.startswith("nothing")
        if destination.kind == "classic-cloud":
            assert "$identif" not in finding.fix + finding.message
    assert "identify-without-user-id" not in {one.rule for one in read(message, classic(people=False))}


# -- profiles of visitors with the simplified merge -------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (
            call("next", "identify", userId=..., anonymousId=UUID4, traits={"interest": "moss"}),
            "Identify Calls",
        ),
        (copy.deepcopy(ADDED) | {"userId": None, "anonymousId": UUID4}, "Increment"),
    ],
)
def test_a_visitors_profile_gets_its_prefix_by_the_mapping(message: Message, name: str) -> None:
    destination = workspace("", extra=(INCREMENT,))
    finding = the("anonymous-profile-prefix", read(message, destination, "simplified"))
    assert finding.severity == "warning"
    mended = map_field(destination, finding)
    assert mended is not None
    assert "anonymous-profile-prefix" not in rules(read(message, mended, "simplified"))
    ids = [
        one.request.body["$distinct_id"]
        for one in translator(mended).translate(message, now=NOW).operations
        if isinstance(one.request.body, dict) and "$distinct_id" in one.request.body
    ]
    assert ids == [f"$device:{UUID4}"]
    assert "anonymous-profile-prefix" not in rules(read(message, destination))


def test_a_known_users_profile_has_no_prefix() -> None:
    destination = workspace("", extra=(INCREMENT,))
    for message in (IDENTIFY, ADDED, {**ADDED, "anonymousId": UUID4}):
        assert "anonymous-profile-prefix" not in rules(read(message, destination, "simplified"))
    by_trait = workspace("Identify Calls", user_id=path("$.traits.id"))
    message = call("next", "identify", userId=..., anonymousId=UUID4, traits={"id": "m-1"})
    assert "anonymous-profile-prefix" not in rules(read(message, by_trait, "simplified"))


def test_a_mapping_without_user_id_puts_a_users_traits_on_the_device() -> None:
    destination = workspace("Identify Calls", without=("user_id",))
    finding = the("anonymous-profile-prefix", read(IDENTIFY, destination, "simplified"))
    assert "user_id = " in finding.fix


def test_revenue_of_a_visitor_on_classic_waits_for_the_user_id() -> None:
    order = call("next", "track", event="Paid", userId=..., anonymousId=UUID4, properties={"revenue": 12})
    finding = the("anonymous-profile-prefix", read(order, classic(people=True), "simplified"))
    assert finding.fix == "send revenue when the userId is known"


# -- addresses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *(
            "10.0.0.4",
            "127.0.0.1",
            "172.16.9.1",
            "172.31.255.255",
            "192.168.1.20",
            "169.254.10.1",
            "100.64.0.1",
        ),
        *("100.127.255.254", "::1", "fc00::1", "fd12:3456::1", "fe80::1", "FE80::1", "::ffff:10.0.0.4"),
    ],
)
def test_an_address_that_leads_to_no_place_is_named_where_it_stands(address: str) -> None:
    for destination in (DESTINATION, classic(people=True)):
        for sdk in ("node", "next"):
            track = call(sdk, "track", userId="u-1")
            track["context"]["ip"] = address
            finding = the("no-client-ip", read(track, destination))
            assert (finding.severity, finding.path) == ("warning", "$.context.ip")
            identify = copy.deepcopy(IDENTIFY)
            identify["context"]["ip"] = address
            assert the("no-client-ip", read(identify, destination)).path == "$.context.ip"


@pytest.mark.parametrize(
    "address",
    [
        *("203.0.113.9", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "192.167.1.1"),
        *("11.0.0.1", "2001:db8::1", "0"),
    ],
)
def test_a_public_address_and_none_on_purpose_are_not_scolded(address: str) -> None:
    for sdk, kind in (("node", "track"), ("node", "identify"), ("next", "page"), ("python", "identify")):
        message = call(sdk, kind, userId="u-1")
        message["context"]["ip"] = address
        for destination in (DESTINATION, classic(people=True)):
            assert "no-client-ip" not in {one.rule for one in read(message, destination)}


def test_a_private_address_in_a_property_is_named_there() -> None:
    track = call("node", "track", userId="u-1", properties={"ip": "10.0.0.4"})
    assert the("no-client-ip", read(track, DESTINATION)).path == "$.properties.ip"


@pytest.mark.parametrize("library", [None, "analytics-node", "analytics-python"])
def test_an_identify_call_that_would_move_the_user_is_a_warning(library: str | None) -> None:
    context = {} if library is None else {"library": {"name": library}}
    message: Message = {
        "type": "identify",
        "userId": "u-1",
        "messageId": UUID4,
        "traits": {"plan": "pro"},
        "context": context,
    }
    finding = the("no-client-ip", read(message, DESTINATION))
    assert finding.severity == "warning"
    for way in ("context.ip", '"0"', "$city, $region and $country_code"):
        assert way in finding.fix
    placed = {**message, "traits": {"$city": "Oslo", "$region": "Oslo", "$country_code": "NO"}}
    zero = {**message, "context": {**context, "ip": "0"}}
    direct = {**message, "context": {**context, "direct": True}}
    nothing = {**message, "traits": {}}
    for other in (placed, zero, direct, nothing):
        assert "no-client-ip" not in rules(read(other, DESTINATION))
    assert "no-client-ip" not in rules(read(message, classic(people=True)))


@pytest.mark.parametrize(
    "library", ["analytics.js", "analytics-ios", "analytics-kotlin", "@segment/analytics-react-native"]
)
def test_segment_fills_in_the_address_of_browsers_and_apps(library: str) -> None:
    for kind in ("identify", "track"):
        message = call("next", kind, userId="u-1", context={"library": {"name": library}})
        del message["context"]["ip"]
        assert "no-client-ip" not in {one.rule for one in read(message, DESTINATION)}
