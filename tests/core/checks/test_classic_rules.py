"""The rules on what the classic destination makes, by the real translator."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from check_helpers import DESTINATION, NOW, classic, every_real_message, inspected, real_message
from fixes import follow

from segtap.core.checks import CheckSettings
from segtap.core.checks.stream import Loose, StreamChecker, digest
from segtap.core.compare.catalogue import DIFFERENCES
from segtap.core.destinations.actions.presets import preset_subscriptions
from segtap.core.destinations.classic.insert_id import UNKNOWABLE
from segtap.core.destinations.explain import explain
from segtap.core.destinations.kinds import translator
from segtap.core.settings import ClassicSettings, Destination, Subscription
from segtap.core.verdict import Finding


def found(message: dict[str, Any], rule: str, **options: Any) -> list[Finding]:
    destination = Destination("classic-cloud", {"token": "tok", "apiKey": "key", **options})
    every = inspected(message, destination=destination).findings
    return [finding for finding in every if finding.rule == rule]


def track(**changes: Any) -> dict[str, Any]:
    return real_message("node", "track", **changes)


def test_real_messages_trip_nothing_of_the_actions_destination() -> None:
    for message in every_real_message():
        for rule in ("property-dropped", "insert-id-charset", "insert-id-length", "page-name-missing"):
            assert found(message, rule) == []


@pytest.mark.parametrize(
    ("timestamp", "words"),
    [("2026-11-24T23:30:00Z", "in 1 h"), ("2026-11-24T22:30:00Z", ""), ("2026-11-24T21:00:00Z", "")],
)
def test_time_is_read_as_seconds(timestamp: str, words: str) -> None:
    told = found(track(timestamp=timestamp), "time-out-of-range")
    assert bool(told) == bool(words)
    assert all(finding.path == "$.timestamp" and "takes an hour ahead" in finding.message for finding in told)


def test_an_old_event_is_refused_in_segments_words() -> None:
    (finding,) = found(track(timestamp="2020-01-01T00:00:00Z"), "rejected-by-destination")
    assert "must be within the last five years" in finding.message


@pytest.mark.parametrize(
    ("timestamp", "words", "fix"),
    [
        ("1970-01-01T00:00:00Z", "before 1971", "whether seconds were taken for milliseconds"),
        ("1970-01-21T18:45:57.540Z", "before 1971", "whether seconds were taken for milliseconds"),
        ("0001-01-01T00:00:00Z", "before 1971", "check the sender's clock"),
        (0, "before 1971", "check the sender's clock"),
        ("1971-06-01T00:00:00Z", "last five years", "nothing helps: the classic destination"),
        ("2019-06-03T08:00:00.000Z", "last five years", "nothing helps: the classic destination"),
        (1559548800, "last five years", "and Mixpanel .Actions. does"),
    ],
)
@pytest.mark.parametrize("call", ["track", "page", "identify", "group", "alias"])
def test_a_time_that_is_refused_says_what_is_wrong_with_it(
    call: str, timestamp: Any, words: str, fix: str
) -> None:
    message = real_message("node", call, timestamp=timestamp)
    (finding,) = found(message, "rejected-by-destination", people=True)
    assert finding.path == "$.timestamp"
    assert words in finding.message
    assert re.search(fix, finding.fix)
    followed = follow(message, finding)
    assert followed is not None
    assert found(followed, "rejected-by-destination", people=True) == []


def test_limits_hold_for_a_record_that_stands_alone() -> None:
    message = track(properties={"long": "x" * 300, "many": list(range(300))})
    (long,) = found(message, "string-truncated")
    assert long.path == "$.properties.long"
    (many,) = found(message, "array-too-long")
    assert many.path == "$.properties.many"
    (large,) = found(track(properties={"big": "x" * 1_100_000}), "event-too-large")
    assert large.path == "requests[0].body"


def test_nested_objects_are_text_and_so_not_too_deep() -> None:
    deep = {"a": {"b": {"c": {"d": {"e": 1}}}}}
    assert found(track(properties=deep), "nesting-too-deep") == []


@pytest.mark.parametrize(
    ("call", "options", "words", "fix"),
    [
        ("identify", {}, "Use Mixpanel People is off", "people = true"),
        ("page", {"consolidatedPageCalls": False}, "all page options are off", "consolidated_page_calls"),
        ("group", {}, "Group Identifier Traits is empty", "group_identifier_traits"),
    ],
)
def test_what_is_switched_off_says_which_setting(
    call: str, options: dict[str, Any], words: str, fix: str
) -> None:
    (finding,) = found(real_message("node", call), "unmatched", **options)
    assert (finding.severity, finding.path) == ("warning", "$.type")
    assert words in finding.message
    assert fix in finding.fix


def test_a_page_that_is_counted_more_than_once_is_named() -> None:
    page = real_message("node", "page", name="Start")
    twice = {"trackNamedPages": True, "eventIncrements": []}
    (finding,) = found(page, "page-double-count", **twice)
    assert finding.severity == "warning"
    assert finding.message == 'this page is counted 2 times: "Loaded a Page" and "Viewed Start Page"'
    assert found(page, "page-double-count", consolidatedPageCalls=False, **twice) == []
    assert found(page, "page-double-count", eventIncrements=[]) == []


def test_the_insert_id_that_segment_may_set_is_a_note_on_each_event() -> None:
    for call in ("track", "page", "screen"):
        message = real_message("node", "page", type=call, name="Start") if call != "track" else track()
        (finding,) = found(message, "insert-id-undocumented", trackNamedPages=True)
        assert (finding.severity, finding.path) == ("info", "requests[0].body.properties.$insert_id")
        assert "set by Segment, value unknown" in finding.message
        request = inspected(message, destination=classic()).translation.operations[0].request
        assert "$insert_id" not in str(request.body)
    for message in (real_message("node", "identify"), track(properties={"$insert_id": "own"})):
        assert found(message, "insert-id-undocumented", people=True) == []


def test_a_missing_message_id_is_about_segments_own_copies() -> None:
    (finding,) = found(track(messageId=None), "insert-id-missing")
    assert finding.message == "no messageId was sent: Segment cannot tell that a copy is one"
    assert "Segment then drops the copy" in finding.fix


# -- what a move to Actions loses ------------------------------------------------------------------------

USED: dict[str, Any] = {
    "people": True,
    "event_increments": ("Logged In", "Viewed Signup Page", "Loaded a Page"),
    "prop_increments": ("Cups",),
    "group_identifier_traits": ("company_id",),
    "group_traits_to_set_once": ("founded",),
}
"""What [classic] asks for, of somebody who moved to Actions."""


def lost(message: dict[str, Any], destination: Destination = DESTINATION, **classic: Any) -> list[str]:
    """The paths at which classic-feature-lost is found."""
    settings = CheckSettings(classic=ClassicSettings(**{**USED, **classic}))
    every = inspected(message, destination=destination, settings=settings).findings
    return [finding.path for finding in every if finding.rule == "classic-feature-lost"]


def sent(event: str = "Played", user: Any = "u-1", **properties: Any) -> dict[str, Any]:
    return track(event=event, properties=properties, userId=user, anonymousId="a-1")


@pytest.mark.parametrize(
    ("message", "paths"),
    [
        (sent("logged in"), ["$.event"]),
        (sent(cups=2), ["$.properties.cups"]),
        (sent(CUPS=2.5, other=1), ["$.properties.CUPS"]),
        (sent(revenue=5), ["$.properties.revenue"]),
        (sent(Revenue="$5.20"), ["$.properties.Revenue"]),
        (sent("Order Completed", total=5), ["$.properties.total"]),
        (sent("Logged In", cups=1, revenue=3), ["$.event", "$.properties.cups", "$.properties.revenue"]),
        (real_message("node", "page", name="Start", properties={}), ["$.name"]),
        (real_message("node", "group", traits={"founded": 1, "company_id": "acme"}), ["$.traits.founded"]),
    ],
)
def test_what_classic_did_is_missed_on_actions(message: dict[str, Any], paths: list[str]) -> None:
    assert lost(message) == paths


@pytest.mark.parametrize(
    ("message", "classic"),
    [
        (sent("Logged In", user=None), {}),
        (sent("Logged In", user=""), {}),
        (sent(cups=2, user=None), {}),
        (sent("Logged In", cups=2, revenue=5), {"people": False}),
        *((sent(cups=odd), {}) for odd in ("5", "five", True, None, [5], {"n": 5})),
        (sent(revenue="free"), {}),
        (sent(revenue=0), {}),
        (sent("Invoice Paid", total=5), {}),
        (sent("Logged In") | {"integrations": {"Mixpanel": False}}, {}),
        (sent("Logged In") | {"integrations": {"Mixpanel (Legacy)": False}}, {}),
        (sent("Logged In") | {"_metadata": {"bundled": ["Mixpanel"]}}, {}),
        (sent("Logged In") | {"timestamp": "2019-06-03T08:00:00Z"}, {}),
        (real_message("node", "page", name="Start"), {"consolidated_page_calls": False}),
        (real_message("node", "page", name="Signup"), {"event_increments": ("Viewed Signup Page",)}),
        (real_message("node", "group", traits={"founded": 1}), {}),
        (real_message("node", "group", traits={"founded": 1, "company_id": ""}), {}),
        (real_message("node", "group", traits={"company_id": "acme"}), {}),
        (real_message("node", "identify"), {}),
    ],
)
def test_what_classic_never_did_is_not_missed(message: dict[str, Any], classic: dict[str, Any]) -> None:
    assert lost(message, **classic) == []


def test_nothing_is_missed_of_a_message_that_actions_does_not_send() -> None:
    assert lost(sent("Logged In"), msgspec.structs.replace(DESTINATION, subscriptions=())) == []


# -- increments that do not happen ------------------------------------------------------------------------

INCREMENTS: dict[str, Any] = {"eventIncrements": ["Logged In"], "propIncrements": ["Cups"], "people": True}


@pytest.mark.parametrize(
    ("message", "options", "path", "words", "fix"),
    [
        (sent("Logged In"), {"people": False}, "$.event", "People is off", "people = true under"),
        (sent("logged in", user=None), {}, "$.event", "no userId", "send userId once the user is known"),
        (sent("Logged In", user=""), {}, "$.event", "no userId", "send userId"),
        (
            sent("Logged In", user=None),
            {"people": False},
            "$.event",
            "People is off and there is no userId",
            r"people = true .*; send userId",
        ),
        (sent(cups=3), {"people": False}, "$.properties.cups", "People is off", "people = true"),
        (sent(cups=3, user=None), {}, "$.properties.cups", "no userId", "send userId"),
        (sent(cups="5"), {}, "$.properties.cups", '"5" is text', "send 5 as a number"),
        (sent(cups="-2.5"), {}, "$.properties.cups", "is text", "send -2.5 as a number"),
        (sent(cups="five"), {}, "$.properties.cups", '"five" is text', "send a number"),
        (sent(cups=True), {}, "$.properties.cups", "true is not a number", "send a number"),
        (sent(cups=[5]), {}, "$.properties.cups", "is not a number", "send a number"),
        (sent(cups={"n": 5}), {}, "$.properties.cups", "is not a number", "send a number"),
        (
            real_message("node", "page", name="Signup"),
            {"eventIncrements": ["Viewed Signup Page"]},
            "$.name",
            'no page option that is on makes "Viewed Signup Page"',
            "track_named_pages = true under .classic. and the other page options false",
        ),
        (
            real_message("node", "page", type="screen", name="Home", category="App"),
            {"eventIncrements": ["viewed app home screen"], "trackNamedPages": True},
            "$.name",
            'no page option that is on makes "Viewed App Home Screen"',
            "track_categorized_pages = true",
        ),
        (
            real_message("node", "page", name="Signup"),
            {
                "eventIncrements": ["Loaded a Page"],
                "consolidatedPageCalls": False,
                "trackNamedPages": True,
                "people": False,
            },
            "$.name",
            "no page option that is on .* and Use Mixpanel People is off",
            "consolidated_page_calls = true .*; people = true",
        ),
        (
            real_message("node", "page", name="Signup"),
            {"eventIncrements": ["viewed signup page"], "consolidatedPageCalls": False},
            "$.name",
            "no page option",
            "track_named_pages",
        ),
    ],
)
def test_an_increment_that_does_not_happen_says_why(
    message: dict[str, Any], options: dict[str, Any], path: str, words: str, fix: str
) -> None:
    (finding,) = found(message, "increment-ignored", **{**INCREMENTS, **options})
    assert (finding.severity, finding.path) == ("warning", path)
    assert re.search(words, finding.message)
    assert re.search(fix, finding.fix)


@pytest.mark.parametrize(
    ("message", "options"),
    [
        (sent("Logged In", cups=3), {}),
        (sent("Played", other="5"), {"people": False}),
        (sent(cups=None), {}),
        (sent("Logged In", cups=3, user=None), {"eventIncrements": [], "propIncrements": []}),
        (sent("Logged In") | {"timestamp": "2019-06-03T08:00:00Z"}, {"people": False}),
        (real_message("node", "page", name="Signup"), {"eventIncrements": ["Loaded a Page"]}),
        (real_message("node", "page", name="Signup"), {"eventIncrements": ["Viewed Other Page"]}),
        (
            real_message("node", "page", name="Signup"),
            {
                "eventIncrements": ["Viewed Signup Page"],
                "trackNamedPages": True,
                "consolidatedPageCalls": False,
            },
        ),
        (real_message("node", "identify", traits={"cups": "5"}), {"people": False}),
    ],
)
def test_increments_that_happen_or_are_not_asked_for_are_quiet(
    message: dict[str, Any], options: dict[str, Any]
) -> None:
    assert found(message, "increment-ignored", **{**INCREMENTS, **options}) == []


@pytest.mark.parametrize(
    ("message", "before", "after"),
    [
        (sent("Logged In"), {"people": False}, {"people": True}),
        (
            real_message("node", "page", name="Signup"),
            {"eventIncrements": ["Viewed Signup Page"]},
            {"trackNamedPages": True, "consolidatedPageCalls": False},
        ),
        (
            real_message("node", "page", name="Signup"),
            {"eventIncrements": ["Loaded a Page"], "trackNamedPages": True, "consolidatedPageCalls": False},
            {"consolidatedPageCalls": True, "trackNamedPages": False},
        ),
    ],
)
def test_the_fix_in_the_settings_makes_the_increment_and_nothing_worse(
    message: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    options = {**INCREMENTS, **before}
    assert found(message, "increment-ignored", **options)
    mended = inspected(message, destination=classic(**{**options, **after}))
    assert [one for one in mended.findings if one.severity != "info"] == []
    assert any("$add" in str(one.request.body) for one in mended.translation.operations)


@pytest.mark.parametrize(
    "message",
    [
        sent("Logged In", user=None),
        sent(cups="5"),
        sent(cups="five"),
        sent(cups=True),
        sent(cups=[5]),
        sent(cups=3, user=None),
    ],
)
def test_the_fix_in_the_message_makes_the_increment(message: dict[str, Any]) -> None:
    (finding,) = found(message, "increment-ignored", **INCREMENTS)
    followed = follow(message, finding)
    assert followed is not None
    mended = inspected(followed, destination=classic(**INCREMENTS))
    assert [one for one in mended.findings if one.severity != "info"] == []
    assert any("$add" in str(one.request.body) for one in mended.translation.operations)


# -- what Segment's page says, and what its code does ------------------------------------------------------

TOKEN = {"token": "ff15bc0c"}


@pytest.mark.parametrize(
    ("message", "options", "path", "words"),
    [
        (sent(revenue=19.5), {}, "$.properties.revenue", "only with Use Mixpanel People on"),
        (sent(Revenue="$5", user=None), {}, "$.properties.Revenue", "with People off, too"),
        (sent("Order Completed", total=5), {}, "$.properties.total", "with People off, too"),
        (
            real_message("node", "page", properties={"revenue": 3}),
            {},
            "$.properties.revenue",
            "with People off, too",
        ),
        *(
            (
                real_message("node", "identify", traits={"plan": "a"}, context=context),
                {"people": True},
                "$.context.device.token",
                "iOS only",
            )
            for context in (
                {"device": {"type": "android", **TOKEN}},
                {"device": {"type": "Android", **TOKEN}, "os": {"name": "iOS"}},
                {"device": TOKEN, "os": {"name": "Android"}},
                {"device": TOKEN, "library": {"name": "analytics-android"}},
            )
        ),
        (
            real_message("node", "identify", traits={"plan": "a", "topics": ["moss"]}),
            {"people": True},
            "$.traits.topics",
            "writes topics over it",
        ),
        (
            real_message("node", "identify", traits={"username": ["ann", "bob"]}),
            {"people": True},
            "$.traits.username",
            "writes $username over it",
        ),
        (
            real_message("node", "page", name="Start"),
            {"trackNamedPages": True, "eventIncrements": []},
            "$.type",
            "an event for each page option",
        ),
    ],
)
def test_where_page_and_code_differ_both_are_said(
    message: dict[str, Any], options: dict[str, Any], path: str, words: str
) -> None:
    (finding,) = found(message, "documentation-differs", **options)
    assert (finding.severity, finding.path) == ("info", path)
    assert words in finding.message
    assert finding.message.startswith("Segment's page: ")
    assert "its published code" in finding.message
    assert "which is shown" in finding.message


@pytest.mark.parametrize(
    ("message", "options"),
    [
        (sent(revenue=19.5), {"people": True}),
        (sent(revenue=0), {}),
        (sent(price=5), {}),
        (
            real_message(
                "node", "identify", traits={"plan": "a"}, context={"device": {"type": "ios", **TOKEN}}
            ),
            {"people": True},
        ),
        (
            real_message("node", "identify", traits={"plan": "a"}, context={"device": TOKEN}),
            {"people": True},
        ),
        (
            real_message("node", "identify", traits={}, context={"device": {"type": "android", **TOKEN}}),
            {"people": False},
        ),
        (real_message("node", "identify", traits={"topics": []}), {"people": True}),
        (real_message("node", "identify", traits={"topics": ["moss"]}), {"people": False}),
        (real_message("node", "identify", traits={"plan": "a", "size": {"h": 5}}), {"people": True}),
        (sent(topics=["moss"]), {"people": True}),
        (real_message("node", "page", name="Start"), {}),
        (real_message("node", "alias"), {"people": True}),
    ],
)
def test_where_page_and_code_agree_nothing_is_said(message: dict[str, Any], options: dict[str, Any]) -> None:
    assert found(message, "documentation-differs", **options) == []


def test_actions_is_not_judged_by_the_page_of_the_classic_destination() -> None:
    for message in (sent(revenue=5), real_message("node", "identify", traits={"topics": ["moss"]})):
        every = inspected(message).findings
        assert not {"documentation-differs", "increment-ignored"} & {one.rule for one in every}


def test_seconds_are_read_as_seconds() -> None:
    for seconds in (1795557600, "1795557600"):
        message = track(timestamp=seconds)
        (finding,) = found(message, "timestamp-suspect")
        assert (finding.severity, "only the classic destination" in finding.message) == ("info", True)
        assert found(message, "time-out-of-range") == []


def test_the_insert_id_is_explained_in_the_same_words_everywhere() -> None:
    (finding,) = found(track(), "insert-id-undocumented")
    assert finding.message == f"$insert_id is set by Segment, value unknown. {UNKNOWABLE}"
    assert "huge batches at once" in finding.fix
    (difference,) = [one for one in DIFFERENCES if one.id == "insert-id-undocumented"]
    assert difference.what.endswith(UNKNOWABLE)
    message, destination = track(), classic()
    translation = inspected(message, destination=destination).translation
    source = explain(message, destination, translation, now=NOW).source_at(finding.path)
    assert source is not None
    assert source.source == UNKNOWABLE


# -- what other rules say of it ----------------------------------------------------------------------------


def test_a_group_id_that_classic_does_not_read_is_no_placeholder() -> None:
    group = real_message("node", "group", groupId="undefined", traits={"company_id": "acme"})
    options = {"groupIdentifierTraits": ["company_id"]}
    assert found(group, "placeholder-group-id", **options) == []
    assert found(track(context={"groupId": "undefined"}), "placeholder-group-id") == []
    for groupId in ("acme", "undefined"):
        message = group | {"groupId": groupId, "traits": {"company_id": "undefined"}}
        (finding,) = found(message, "placeholder-group-id", **options)
        assert finding.path == "$.traits.company_id"
        assert finding.fix == "call group when the group's id is known, and send that"


@pytest.mark.parametrize(("people", "words"), [(False, "People is off"), (True, "no identify: no profile")])
def test_a_missing_profile_says_when_people_is_off(people: bool, words: str) -> None:
    destination = classic(people=people)
    checker, translate = StreamChecker(CheckSettings(), destination), translator(destination)
    seen: list[Finding] = []
    for number in range(3):
        message = track(userId="u-9", messageId=f"m-{number}", event=f"E{number}")
        loose = Loose(document=message, type="track", message_id=message["messageId"])
        translation = translate.translate(message, now=NOW)
        seen += [
            one
            for one in checker.observe(digest(loose, translation, NOW + number))
            if one.rule == "no-profile"
        ]
    (finding,) = seen
    assert words in finding.message
    assert finding.fix.startswith("people = true under") is not people
    assert "call identify with traits" in finding.fix


@pytest.mark.parametrize(
    ("properties", "paths"),
    [
        ({"coins": True}, ["$.properties.coins"]),
        ({"coins": [5], "stars": {"n": 1}}, ["$.properties.coins", "$.properties.stars"]),
        ({"coins": 5, "stars": "7"}, []),
        ({"coins": None}, []),
        ({}, []),
    ],
)
def test_increments_of_actions_that_are_no_number_are_named(
    properties: dict[str, Any], paths: list[str]
) -> None:
    own = Subscription(
        'type = "track"',
        "incrementProperties",
        {
            "user_id": {"@path": "$.userId"},
            "increment": {
                "coins": {"@path": "$.properties.coins"},
                "stars": {"@path": "$.properties.stars"},
                "Played": 1,
            },
        },
    )
    destination = msgspec.structs.replace(DESTINATION, subscriptions=(*preset_subscriptions(), own))
    message = track(userId="u-1", event="Played", properties=properties)
    told = [
        one for one in inspected(message, destination=destination).findings if one.rule == "increment-ignored"
    ]
    assert [one.path for one in told] == paths
    for finding in told:
        assert "is not a number" in finding.message
        followed = follow(message, finding)
        assert followed is not None
        after = inspected(followed, destination=destination).findings
        assert (finding.rule, finding.path) not in [(one.rule, one.path) for one in after]


@pytest.mark.parametrize(
    ("value", "rule"),
    [("a_b", "insert-id-charset"), ("x" * 40, "insert-id-length"), ("undefined", "insert-id-forbidden")],
)
@pytest.mark.parametrize("in_context", [False, True])
def test_an_insert_id_of_the_call_is_mended_where_it_stands(value: str, rule: str, in_context: bool) -> None:
    own = {"$insert_id": value}
    message = track(context={"traits": own}) if in_context else track(properties=own)
    (finding,) = found(message, rule)
    assert finding.path == ("$.context.traits.$insert_id" if in_context else "$.properties.$insert_id")
    followed = follow(message, finding)
    assert followed is not None
    assert followed["messageId"] == message["messageId"]
    assert found(followed, rule) == []
