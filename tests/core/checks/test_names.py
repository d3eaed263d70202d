"""event-name and reserved-event-name: what Mixpanel gets as the name of an event."""

from __future__ import annotations

from typing import Any

import pytest
from check_helpers import DESTINATION, classic, every_real_message, findings, found, real_message

from segtap.core.checks import CheckSettings
from segtap.core.destinations.actions.presets import preset_subscriptions
from segtap.core.settings import Destination, Subscription

ACTIONS, CLASSIC = DESTINATION, classic()
NAMED_PAGES = classic(trackNamedPages=True, consolidatedPageCalls=False)


def track(event: Any) -> dict[str, Any]:
    return real_message("python", "track", event=event, properties={"plan": "pro"})


def own(field: str, path: str) -> Destination:
    """Actions, with the track mapping's field taken from elsewhere."""
    preset = next(one for one in preset_subscriptions() if one.partner_action == "trackEvent")
    mapping = {**preset.mapping, field: {"@path": path}}
    return Destination(
        settings=DESTINATION.settings, subscriptions=(Subscription(preset.subscribe, "trackEvent", mapping),)
    )


ODD: list[tuple[dict[str, Any], Destination, str, str, str]] = [
    # message, destination, path, words, fix
    (track(5), ACTIONS, "$.event", 'event 5 is not text: Mixpanel gets "5"', "send the name as text"),
    (track(5), CLASSIC, "$.event", "event 5 is not text: Segment sends nothing", "send the name as text"),
    (track(4.5), ACTIONS, "$.event", 'Mixpanel gets "4.5"', "send the name as text"),
    (track(0), ACTIONS, "$.event", "event 0 is not text", "send the name as text"),
    (
        track(True),
        ACTIONS,
        "$.event",
        'event true is not text: Mixpanel gets "true"',
        "send the name as text",
    ),
    (track(["Paid"]), ACTIONS, "$.event", "event [1 item] is not text", "send the name as text"),
    (track({"name": "Paid"}), ACTIONS, "$.event", "is not text: Segment sends nothing", "as text"),
    (track(" Signed Up"), ACTIONS, "$.event", 'event " Signed Up" has a space at its start', "it Signed Up"),
    (track("Signed Up "), CLASSIC, "$.event", "a space at its end", "write it Signed Up"),
    (track("  Signed Up  "), ACTIONS, "$.event", "spaces at both ends", "write it Signed Up"),
    (track("Signed Up\n"), ACTIONS, "$.event", 'apart from "Signed Up"', "write it Signed Up"),
    (track("\tSigned Up"), CLASSIC, "$.event", 'apart from "Signed Up"', "write it Signed Up"),
    (track("Signed Up\u00a0"), ACTIONS, "$.event", "a space at its end", "write it Signed Up"),
    (track("\u200bSigned Up"), ACTIONS, "$.event", "a space at its start", "write it Signed Up"),
    (track("   "), ACTIONS, "$.event", "nothing but spaces: Mixpanel refuses", "send the name"),
    (track("Signed\x00Up"), ACTIONS, "$.event", "a control character in it", "write it SignedUp"),
    (track("Signed\x1b[31mUp"), ACTIONS, "$.event", "a control character in it", "write it Signed[31mUp"),
    (track("Signed\x7fUp"), CLASSIC, "$.event", "a control character in it", "write it SignedUp"),
    (track("Signed\x9bUp"), ACTIONS, "$.event", "a control character in it", "write it SignedUp"),
    (track("Signed\u202eUp"), ACTIONS, "$.event", "a control character in it", "write it SignedUp"),
    (
        real_message("node", "page", name=" Pricing"),
        ACTIONS,
        "$.name",
        'name " Pricing" has a space at its start',
        "write it Pricing",
    ),
    (
        real_message("python", "screen", name="Home "),
        ACTIONS,
        "$.name",
        "a space at its end",
        "write it Home",
    ),
    (
        real_message("node", "page", name="a\x07b"),
        NAMED_PAGES,
        "$.name",
        "a control character",
        "write it ab",
    ),
    (
        real_message("python", "track", event="Paid", properties={"label": " Paid"}),
        own("event", "$.properties.label"),
        "requests[0].body[0].event",
        'the event\'s name " Paid" has a space at its start',
        "write it Paid",
    ),
]
PLAIN = [
    *(
        "Signed Up",
        "Signed  Up",
        "signed_up",
        "a",
        "5",
        "Ω",
        "注文完了",
        "Café ☕",
        "👨‍👩‍👧‍👦 Added",
        "\u200fהרשמה",
        "x.y:z/w",
    ),
    *("نشر‌شده", "$purchase", "[Draft] Saved", "Order – Paid", "Signed\u00a0Up"),
]


@pytest.mark.parametrize(("message", "destination", "path", "words", "fix"), ODD)
def test_an_odd_name_is_a_warning(
    message: dict[str, Any], destination: Destination, path: str, words: str, fix: str
) -> None:
    (finding,) = found(message, "event-name", destination=destination)
    assert (finding.severity, finding.path) == ("warning", path)
    assert words in finding.message
    assert fix in finding.fix


@pytest.mark.parametrize("event", PLAIN)
@pytest.mark.parametrize("destination", [ACTIONS, NAMED_PAGES], ids=["actions", "classic"])
def test_plain_names_are_left_alone(event: str, destination: Destination) -> None:
    for message in (track(event), real_message("node", "page", name=event)):
        assert found(message, "event-name", destination=destination) == []


@pytest.mark.parametrize(
    "message",
    [
        real_message("python", "page", name=404),  # "Viewed 404" is what it should be
        real_message("python", "page", name="  "),  # page-name-missing says it
        real_message("python", "track", event=...),  # segment-would-reject says it
        real_message("python", "track", event=""),
        real_message("node", "identify", name=" Ann"),
    ],
)
def test_other_rules_and_other_calls(message: dict[str, Any]) -> None:
    assert found(message, "event-name") == []


def test_a_page_whose_name_is_no_part_of_the_events() -> None:
    assert found(real_message("node", "page", name=" Pricing"), "event-name", destination=CLASSIC) == []


@pytest.mark.parametrize("event", [" Order Complete", ["Signed Up"], True])
def test_it_speaks_in_place_of_broader_rules(event: Any) -> None:
    told = {finding.rule for finding in findings(track(event)) if finding.path == "$.event"}
    assert told == {"event-name"}


RESERVED = [
    *(("$identify", "error"), ("$create_alias", "error"), ("$merge", "error")),
    *(("$ae_session", "warning"), ("$ae_first_open", "warning"), ("$ae_updated", "warning")),
    *(("$ae_crashed", "warning"), ("$ae_iap", "warning"), ("$mp_web_page_view", "warning")),
    *(("$mp_click", "warning"), ("$session_start", "warning"), ("$session_end", "warning")),
    *(("$hotshard_events", "warning"), ("$campaign_delivery", "warning"), ("$unsubscribe", "warning")),
]
FREE = [
    *(
        "Session Started",
        "identify",
        "ae_session",
        "$purchase",
        "$Identify",
        "$pageview",
        "merge",
        "$",
        "Viewed $merge",
    ),
    # Whoever runs experiments sends it themselves.
    "$experiment_started",
    "Signed Up",
]


@pytest.mark.parametrize(("event", "severity"), RESERVED)
@pytest.mark.parametrize("destination", [ACTIONS, CLASSIC], ids=["actions", "classic"])
def test_names_that_mixpanel_reads_itself(event: str, severity: str, destination: Destination) -> None:
    (finding,) = found(track(event), "reserved-event-name", destination=destination)
    assert (finding.severity, finding.path) == (severity, "$.event")
    assert f'"{event}"' in finding.message
    assert finding.fix


@pytest.mark.parametrize("event", FREE)
@pytest.mark.parametrize("destination", [ACTIONS, CLASSIC], ids=["actions", "classic"])
def test_other_names_are_free(event: str, destination: Destination) -> None:
    for message in (track(event), real_message("node", "page", name=event)):
        assert found(message, "reserved-event-name", destination=destination) == []


@pytest.mark.parametrize("destination", [ACTIONS, classic(people=True)], ids=["actions", "classic"])
def test_what_segment_makes_of_identify_and_alias_is_meant(destination: Destination) -> None:
    for message in every_real_message():
        assert found(message, "reserved-event-name", destination=destination) == []


def test_a_name_that_a_mapping_takes_from_elsewhere() -> None:
    message = real_message("python", "track", event="Paid", properties={"label": "$merge"})
    (finding,) = found(message, "reserved-event-name", destination=own("event", "$.properties.label"))
    assert (finding.severity, finding.path) == ("error", "requests[0].body[0].event")


def test_a_name_that_no_subscription_takes() -> None:
    nothing = Destination(settings=DESTINATION.settings, subscriptions=())
    (finding,) = found(track("$merge"), "reserved-event-name", destination=nothing)
    assert finding.path == "$.event"


def test_the_way_to_join_ids_follows_the_id_merge() -> None:
    (original,) = found(track("$identify"), "reserved-event-name")
    assert "call identify with userId, anonymousId" in original.fix
    simplified = CheckSettings(identity="simplified")
    (finding,) = found(track("$identify"), "reserved-event-name", settings=simplified)
    assert "events with userId and anonymousId join the ids" in finding.fix
