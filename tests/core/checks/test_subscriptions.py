"""What subscriptions and settings make of a message: nothing, a refusal, several events."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from check_helpers import DESTINATION, NOW, classic, found, inspected, real_message, verdict_on

from segtap.core.checks import CheckSettings
from segtap.core.checks.stream import Loose, StreamChecker, digest
from segtap.core.destinations.actions.presets import optional_subscriptions, preset_subscriptions
from segtap.core.destinations.kinds import translator
from segtap.core.settings import (
    ClassicSettings,
    Destination,
    DestinationFilter,
    SegmentSettings,
    Subscription,
)
from segtap.core.verdict import Finding

PRESETS = preset_subscriptions()
TRACKS, ORDERS, PAGES, SCREENS, IDENTIFIES, GROUPS = PRESETS
ALIAS, INCREMENT = optional_subscriptions()
SIMPLIFIED = CheckSettings(identity="simplified")
TRACK = real_message("next", "track", event="Seat Taken", userId="u-1", properties={"row": 4})


def workspace(*subscriptions: Subscription) -> Destination:
    return Destination(settings=DESTINATION.settings, subscriptions=subscriptions)


def changed(subscription: Subscription, **changes: Any) -> Subscription:
    mapping = {**subscription.mapping, **changes.pop("mapping", {})}
    return msgspec.structs.replace(subscription, mapping=mapping, **changes)


def the(rule: str, message: dict[str, Any], destination: Destination, **judged_by: Any) -> Finding:
    (finding,) = found(message, rule, destination=destination, **judged_by)
    return finding


# -- unmatched ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "given", "words", "fix"),
    [
        (
            "track",
            (PAGES,),
            "none of them is sent",
            'preset = "Track Calls" and preset = "Order Completed Calls"',
        ),
        ("identify", (changed(PAGES, enabled=False),), "none of them is sent", 'preset = "Identify Calls"'),
        ("group", (ALIAS,), "none of them is sent", 'preset = "Group Calls"'),
        ("page", (TRACKS, changed(PAGES, enabled=False)), "'Page Calls' is off", "enabled = true"),
        ("track", (changed(TRACKS, subscribe='type is "track"'),), "none of them is sent", "Track Calls"),
        ("alias", PRESETS, "none of them is sent", 'preset = "Alias Calls"'),
    ],
)
def test_no_subscription_is_a_warning_with_the_preset_to_write(
    call: str, given: tuple[Subscription, ...], words: str, fix: str
) -> None:
    finding = the("unmatched", real_message("node", call), workspace(*given))
    assert (finding.severity, finding.path) == ("warning", "$.type")
    assert words in finding.message
    assert fix in finding.fix


def test_who_has_no_subscriptions_yet_hears_that_they_replace_all_presets() -> None:
    finding = the("unmatched", real_message("node", "alias"), DESTINATION)
    assert finding.severity == "warning"
    assert 'preset = "Alias Calls"' in finding.fix
    assert "[[subscriptions]] replaces all presets" in finding.fix
    assert found(real_message("node", "alias"), "unmatched", destination=workspace(*PRESETS, ALIAS)) == []


def test_with_the_simplified_merge_an_alias_needs_no_subscription() -> None:
    finding = the("unmatched", real_message("node", "alias"), DESTINATION, settings=SIMPLIFIED)
    assert finding.severity == "info"
    assert finding.fix.startswith("remove the alias call")


def test_a_call_with_nothing_in_it_is_a_note() -> None:
    empty = real_message("node", "identify", userId="u-1", anonymousId=..., traits={})
    finding = the("unmatched", empty, DESTINATION)
    assert (finding.severity, finding.path) == ("info", "$.traits")
    assert "there is nothing to send" in finding.message
    joined = real_message("node", "identify", userId="u-1", anonymousId="a-1", traits={})
    assert found(joined, "unmatched", destination=DESTINATION) == []
    (only,) = found(counts(), "unmatched", destination=workspace(INCREMENT))
    assert only.severity == "info"


@pytest.mark.parametrize(
    ("node", "path", "words"),
    [
        ({"@path": "$.context.traits"}, "$.context.traits", "is mapped to $.context.traits"),
        ({"email": {"@path": "$.traits.mail"}}, "$.traits", "is mapped to an object"),
        (None, "$.traits", "subscription 'Identify Calls' does not map traits"),
    ],
)
def test_traits_that_the_mapping_looks_for_elsewhere_are_a_warning(node: Any, path: str, words: str) -> None:
    message = real_message("node", "identify", userId="u-1", anonymousId=..., traits={"email": "l@x.example"})
    identifies = changed(IDENTIFIES, mapping={"traits": node})
    if node is None:
        del identifies.mapping["traits"]
    finding = the("unmatched", message, workspace(identifies))
    assert (finding.severity, finding.path) == ("warning", path)
    assert words in finding.message
    assert 'traits = { "@path" = "$.traits" }' in finding.fix
    assert found(message, "unmatched", destination=workspace(IDENTIFIES)) == []


def test_a_trigger_that_leaves_the_message_out_is_a_warning() -> None:
    seats = changed(TRACKS, name="Seats", subscribe='type = "track" and event = "Seat Left"')
    finding = the("unmatched", TRACK, workspace(seats))
    assert finding.severity == "warning"
    assert "the trigger of subscription 'Seats' leaves it out" in finding.message
    assert finding.fix.startswith("change the trigger of subscription 'Seats'")


@pytest.mark.parametrize(
    ("stage", "changes", "segment", "filters", "words"),
    [
        ("schema", {}, SegmentSettings(blocked_events=("Seat Taken",)), (), "blocked at its source"),
        (
            "integrations",
            {"context": {"consent": {"categoryPreferences": {"ads": False}}}},
            SegmentSettings(consent_categories=("ads",)),
            (),
            "no consent to ads",
        ),
        (
            "integrations",
            {"integrations": {"All": False}},
            SegmentSettings(),
            (),
            "integrations.All is false",
        ),
        (
            "filters",
            {},
            SegmentSettings(),
            (DestinationFilter(condition='event = "Seat Taken"', name="No seats"),),
            "the destination filter 'No seats' drops it",
        ),
    ],
)
def test_what_is_stopped_on_purpose_is_a_note_that_names_the_stage(
    stage: str,
    changes: dict[str, Any],
    segment: SegmentSettings,
    filters: tuple[DestinationFilter, ...],
    words: str,
) -> None:
    made = verdict_on({**TRACK, **changes}, DESTINATION, NOW, size=0, segment=segment, filters=filters)
    (finding,) = [one for one in made.findings if one.rule == "unmatched"]
    assert finding.severity == "info"
    assert finding.message.startswith(f"not sent, at the stage {stage}: ")
    assert words in finding.message
    assert finding.fix.startswith("nothing, if it is meant")


@pytest.mark.parametrize(
    ("page", "options", "severity", "fix"),
    [
        ({"name": "Prices"}, {}, "warning", "track_named_pages = true"),
        ({"category": "Shop"}, {}, "warning", "track_categorized_pages = true"),
        ({}, {}, "warning", "track_all_pages = true"),
        ({}, {"trackNamedPages": True}, "info", "give the call a name"),
        ({"name": "Prices"}, {"trackCategorizedPages": True}, "info", "give the call a category"),
    ],
)
@pytest.mark.parametrize("call", ["page", "screen"])
def test_pages_that_no_option_takes(
    call: str, page: dict[str, Any], options: dict[str, Any], severity: str, fix: str
) -> None:
    message = real_message("node", "page", type=call, name=..., category=...) | page
    finding = the("unmatched", message, classic(consolidatedPageCalls=False, **options))
    assert finding.severity == severity
    assert fix in finding.fix
    assert "consolidated_page_calls = true" in finding.fix
    assert ("give the call" in finding.fix) is (severity == "info")


@pytest.mark.parametrize(
    ("traits", "fix"),
    [
        ({"organization_id": "org-1", "name": "Orgel"}, '["organization_id"]'),
        ({"name": "Orgel", "accountId": "org-1"}, '["accountId"]'),
        ({"name": "Orgel"}, "with the group's id as its value"),
    ],
)
def test_a_group_call_proposes_the_trait_that_it_has(traits: dict[str, Any], fix: str) -> None:
    message = real_message("node", "group", groupId="org-1", traits=traits)
    finding = the("unmatched", message, classic())
    assert finding.severity == "warning"
    assert fix in finding.fix
    assert "company_id" not in finding.fix


def test_the_classic_destination_without_people_says_so() -> None:
    finding = the("unmatched", real_message("node", "identify"), classic())
    assert (finding.severity, finding.fix) == ("warning", "people = true under [classic]")
    assert ClassicSettings().people is False


# -- rejected-by-destination -------------------------------------------------------------------------------

EVERY_TRACK = Subscription(
    'type = "track"',
    "incrementProperties",
    {"user_id": {"@path": "$.userId"}, "increment": {"@path": "$.properties.increment"}},
    name="Every track",
)


def counts(**increment: Any) -> dict[str, Any]:
    return real_message("next", "track", event="Tick", userId="u-1", properties={"increment": increment})


REFUSED: list[tuple[dict[str, Any], Subscription, str]] = [
    (
        TRACK,
        EVERY_TRACK,
        "add a condition to the trigger of subscription 'Every track': "
        'type = "track" and properties.increment != null',
    ),
    (
        TRACK,
        changed(EVERY_TRACK, subscribe='event = "Seat Taken" or event = "Tick"'),
        '(event = "Seat Taken" or event = "Tick") and properties.increment != null',
    ),
    (
        counts(**{f"k{n}": 1 for n in range(21)}),
        INCREMENT,
        "divide the increments over several subscriptions",
    ),
    (
        counts(coins="many"),
        INCREMENT,
        "send properties.increment.coins as a number, or leave it out of Increment",
    ),
    (
        counts(coins="many"),
        changed(EVERY_TRACK, mapping={"increment": {"gold": {"@path": "$.properties.increment.coins"}}}),
        "send properties.increment.coins as a number",
    ),
    (TRACK, changed(EVERY_TRACK, mapping={"increment": {"@path": "$.event"}}), "send an object of numbers"),
    (
        TRACK,
        changed(EVERY_TRACK, mapping={"increment": {"a": {"@liquid": "x" * 1001}}}),
        "1,000 characters at most",
    ),
    (TRACK, changed(TRACKS, mapping={"event": {"@path": "$.properties.label"}}), "properties.label != null"),
    (TRACK, changed(TRACKS, mapping={"event": {"@template": ""}}), "map event in subscription 'Track Calls'"),
]


@pytest.mark.parametrize(("message", "subscription", "fix"), REFUSED)
def test_each_refusal_of_a_subscription_names_what_mends_it(
    message: dict[str, Any], subscription: Subscription, fix: str
) -> None:
    finding = the("rejected-by-destination", message, workspace(subscription))
    assert fix in finding.fix


def test_the_condition_that_is_printed_ends_the_refusal() -> None:
    finding = the("rejected-by-destination", TRACK, workspace(TRACKS, EVERY_TRACK))
    trigger = finding.fix.partition("': ")[2]
    destination = workspace(TRACKS, changed(EVERY_TRACK, subscribe=trigger))
    assert found(TRACK, "rejected-by-destination", destination=destination) == []
    sent = inspected(counts(coins=2), destination=destination).translation
    assert [one.action for one in sent.operations] == ["trackEvent", "incrementProperties"]
    assert sent.rejected is None


# -- subscription-double-count -----------------------------------------------------------------------------

COPIES = changed(TRACKS, name="Copies", mapping={"event": "Copy"})


@pytest.mark.parametrize(
    ("message", "given", "words"),
    [
        (TRACK, (*PRESETS, COPIES), 'Mixpanel counts 2, "Seat Taken" and "Copy"'),
        (TRACK, (*PRESETS, changed(TRACKS, name="Again")), "Mixpanel keeps one of them"),
        (
            TRACK,
            (
                *PRESETS,
                changed(TRACKS, name="Again", mapping={"insert_id": {"@template": "{{messageId}}-2"}}),
            ),
            'Mixpanel counts 2, "Seat Taken" and "Seat Taken"',
        ),
        (
            real_message("node", "track", properties={"order_id": "1", "products": [{"sku": "a"}]}),
            (*PRESETS, changed(TRACKS, name="All", subscribe='type = "track"')),
            "Mixpanel keeps one of them",
        ),
        (
            real_message("next", "page", name="Home"),
            (*PRESETS, changed(PAGES, name="Views", mapping={"event": "Page Viewed"})),
            'Mixpanel counts 2, "Viewed Home" and "Page Viewed"',
        ),
    ],
)
def test_two_subscriptions_that_make_an_event_of_one_message(
    message: dict[str, Any], given: tuple[Subscription, ...], words: str
) -> None:
    finding = the("subscription-double-count", message, workspace(*given))
    assert finding.severity == "warning"
    assert words in finding.message
    assert finding.fix.endswith(f"switch '{given[-1].name}' off")
    assert found(message, "page-double-count", destination=workspace(*given)) == []
    off = (*given[:-1], changed(given[-1], enabled=False))
    assert found(message, "subscription-double-count", destination=workspace(*off)) == []


def test_the_condition_that_is_printed_leaves_one_event() -> None:
    finding = the("subscription-double-count", TRACK, workspace(*PRESETS, COPIES))
    assert 'add event != "Seat Taken" to its trigger' in finding.fix
    narrower = changed(COPIES, subscribe=f'{COPIES.subscribe} and event != "Seat Taken"')
    assert found(TRACK, "subscription-double-count", destination=workspace(*PRESETS, narrower)) == []


@pytest.mark.parametrize(
    ("message", "given"),
    [
        (counts(coins=2), (*PRESETS, INCREMENT)),
        (
            TRACK,
            (
                changed(TRACKS, subscribe='type = "track" and event = "Seat Taken"'),
                changed(COPIES, subscribe='event != "Seat Taken"'),
            ),
        ),
        (real_message("node", "track", properties={"order_id": "1", "products": [{"sku": "a"}]}), PRESETS),
        (real_message("next", "identify"), (*PRESETS, changed(IDENTIFIES, name="Again"))),
    ],
)
def test_what_makes_one_event_is_not_counted_twice(
    message: dict[str, Any], given: tuple[Subscription, ...]
) -> None:
    assert found(message, "subscription-double-count", destination=workspace(*given)) == []


# -- os-missing --------------------------------------------------------------------------------------------

BROWSER = {"library": {"name": "analytics.js"}, "userAgentData": {"platform": "macOS", "mobile": False}}


def stream(destination: Destination, *contexts: dict[str, Any], **changes: Any) -> list[Finding]:
    checker = StreamChecker(CheckSettings(), destination)
    made: list[Finding] = []
    for number, context in enumerate(contexts):
        message = {**TRACK, **changes, "messageId": f"m-{number}", "context": context}
        translation = translator(destination).translate(message, now=NOW)
        loose = Loose(document=message, type=str(message["type"]), message_id=f"m-{number}")
        made += checker.observe(digest(loose, translation, NOW + 60_000 * number))
    return [one for one in made if one.rule == "os-missing"]


def test_the_operating_system_is_missed_once_a_source() -> None:
    (finding,) = stream(DESTINATION, BROWSER, BROWSER)
    assert finding.severity == "info"
    assert 'os_name = { "@path" = "$.context.userAgentData.platform" }' in finding.fix
    other = {**BROWSER, "library": {"name": "own-web-sdk"}}
    assert len(stream(DESTINATION, BROWSER, other, BROWSER)) == 2


@pytest.mark.parametrize(
    ("destination", "context", "changes"),
    [
        (DESTINATION, {**BROWSER, "os": {"name": "macOS"}}, {}),
        (DESTINATION, BROWSER, {"properties": {"$os": "macOS"}}),
        (DESTINATION, {"library": {"name": "analytics-node"}}, {}),
        (DESTINATION, {**BROWSER, "userAgentData": {"mobile": False}}, {}),
        (DESTINATION, BROWSER, {"type": "identify"}),
        (classic(), BROWSER, {}),
        (
            workspace(changed(TRACKS, mapping={"os_name": {"@path": "$.context.userAgentData.platform"}})),
            BROWSER,
            {},
        ),
    ],
)
def test_where_the_system_is_there_or_nobody_knows_it_nothing_is_said(
    destination: Destination, context: dict[str, Any], changes: dict[str, Any]
) -> None:
    assert stream(destination, context, **changes) == []
