"""Whether Segment sends a message at all: integrations, bundled SDKs, blocked events, consent, filters."""

from __future__ import annotations

from typing import Any

import pytest
from vectors import vectors

from segtap.core.destinations.filters import filter_faults
from segtap.core.destinations.integrations import bundled
from segtap.core.destinations.kinds import translator
from segtap.core.messages import Json, JsonObject
from segtap.core.pipeline import CompiledSettings, compiled
from segtap.core.pipeline.envelope import read_envelope
from segtap.core.pipeline.stages import walk
from segtap.core.settings import (
    Destination,
    DestinationFilter,
    DestinationKind,
    FilterAction,
    SegmentSettings,
)
from segtap.core.verdict import NotSent, StageResult


def gate(
    kind: DestinationKind = "actions",
    segment: SegmentSettings = SegmentSettings(),  # noqa: B008 - frozen
    filters: tuple[DestinationFilter, ...] = (),
) -> CompiledSettings:
    return compiled(Destination(kind, {"projectToken": "t"}), segment=segment, filters=filters)


ACTIONS = gate("actions")
CLASSIC = gate("classic-cloud")


def stopped(settings: CompiledSettings, **message: Json) -> NotSent | None:
    return walk({"type": "track", "event": "A", **message}, (), settings, 0).translation.not_sent


def left_of(settings: CompiledSettings, message: JsonObject) -> JsonObject:
    return walk(message, (), settings, 0).document


@pytest.mark.parametrize(
    ("kind", "integrations", "path"),
    [
        ("actions", {}, ""),
        ("actions", None, ""),
        ("actions", {"All": False}, "$.integrations.All"),
        ("actions", {"all": False}, "$.integrations.all"),
        ("actions", {"All": True}, ""),
        ("actions", {"All": "false"}, ""),
        ("actions", {"All": False, "Mixpanel (Actions)": True}, ""),
        ("actions", {"All": False, "Actions Mixpanel": {"option": 1}}, ""),
        ("actions", {"All": False, "Mixpanel": True}, "$.integrations.All"),
        ("actions", {"Mixpanel (Actions)": False}, "$.integrations['Mixpanel (Actions)']"),
        ("actions", {"Mixpanel (Actions)": None}, ""),
        ("actions", {"Mixpanel": False}, ""),
        ("classic-cloud", {"Mixpanel": False}, "$.integrations.Mixpanel"),
        ("classic-cloud", {"Mixpanel": {"distinctId": "x"}, "All": False}, ""),
        ("classic-cloud", {"Mixpanel (Actions)": False}, ""),
        ("classic-cloud", {"Mixpanel (Legacy)": False}, "$.integrations['Mixpanel (Legacy)']"),
        ("classic-cloud", {"Mixpanel (Legacy)": True, "All": False}, ""),
        (
            "classic-cloud",
            {"Mixpanel": True, "Mixpanel (Legacy)": False},
            "$.integrations['Mixpanel (Legacy)']",
        ),
        ("actions", {"Mixpanel (Legacy)": False}, ""),
        ("actions", {"All": False, "Mixpanel (Legacy)": True}, "$.integrations.All"),
    ],
)
def test_integrations_are_read_as_segment_reads_them(
    kind: DestinationKind, integrations: Json, path: str
) -> None:
    found = stopped(gate(kind), integrations=integrations)
    assert (found.path if found else "") == path


def test_the_reason_is_said_with_its_path() -> None:
    assert stopped(ACTIONS, integrations={"All": False}) == NotSent(
        "$.integrations.All", "integrations.All is false", "integrations"
    )


def test_a_mobile_sdk_that_sends_itself_is_understood() -> None:
    found = stopped(CLASSIC, integrations={"Mixpanel": False}, context={"library": {"name": "analytics-ios"}})
    assert found is not None
    assert "mobile SDKs set it" in found.reason


@pytest.mark.parametrize("name", ["Mixpanel", "Mixpanel (Legacy)"])
def test_a_device_that_sends_itself_is_known_by_either_name_of_the_classic_destination(name: str) -> None:
    metadata: JsonObject = {"bundled": ["Amplitude", name], "unbundled": []}
    found = stopped(CLASSIC, _metadata=metadata)
    assert found == NotSent(
        "$._metadata.bundled[1]",
        f"_metadata.bundled names {name}: the device sends it itself",
        "integrations",
    )
    assert stopped(ACTIONS, _metadata=metadata) is None
    assert bundled({"_metadata": metadata}) == ("$._metadata.bundled[1]", name)


def test_no_other_name_means_that_the_device_sends_itself() -> None:
    for name in ("mixpanel", "Mixpanel (Actions)", "My Mixpanel Plugin", 5, None):
        assert bundled({"_metadata": {"bundled": [name]}}) is None


@pytest.mark.parametrize("odd", [None, 3, "x", [], {"bundled": None}, {"bundled": {}}, {"library": []}])
def test_odd_messages_pass(odd: Json) -> None:
    by = gate(
        "actions",
        SegmentSettings(blocked_events=("B",), consent_categories=("C",)),
        (DestinationFilter(condition='context.x.y = "z"'),),
    )
    for key in ("integrations", "_metadata", "context", "event"):
        assert stopped(by, **{key: odd}) is None


def test_blocked_events_are_those_of_track_calls() -> None:
    by = gate("actions", SegmentSettings(blocked_events=("A",)))
    found = stopped(by)
    assert found is not None
    assert found.path == "$.event"
    assert stopped(by, event="a") is None
    assert stopped(by, type="page") is None


@pytest.mark.parametrize(
    ("consent", "sent"),
    [
        (None, True),
        ({}, True),
        ({"categoryPreferences": {}}, False),
        ({"categoryPreferences": {"Analytics": True}}, False),
        ({"categoryPreferences": {"Analytics": True, "Ads": True}}, True),
        ({"categoryPreferences": {"Analytics": True, "Ads": False}}, False),
        ({"categoryPreferences": {"Analytics": True, "Ads": "yes"}}, False),
    ],
)
def test_consent_must_be_given_to_each_category(consent: Json, sent: bool) -> None:
    by = gate("actions", SegmentSettings(consent_categories=("Analytics", "Ads")))
    assert (stopped(by, context={"consent": consent}) is None) is sent


MESSAGE: JsonObject = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u1",
    "properties": {
        "total": 10,
        "email": "a@example.com",
        "paid": True,
        "items": [1, 2],
        "none": None,
        "0": 1,
    },
}


def test_a_filter_drops_and_one_that_is_off_does_not() -> None:
    drop: dict[str, Any] = {"condition": 'event = "A"', "name": "No A"}
    found = stopped(gate("actions", filters=(DestinationFilter(**drop),)))
    assert found is not None
    assert "'No A'" in found.reason
    assert stopped(gate("actions", filters=(DestinationFilter(**drop, enabled=False),))) is None


DEEP = f"{'(' * 101}event = 'A'{')' * 101}"


@pytest.mark.parametrize("action", ["drop", "sample", "drop_properties", "allow_properties"])
@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ('event = oops"', "is not FQL"),
        (DEEP, "cannot be followed"),
        ("md5(userId) = 'a'", "cannot be followed"),
    ],
)
def test_a_condition_that_cannot_be_judged_stops_every_message(
    action: FilterAction, condition: str, words: str
) -> None:
    fine = DestinationFilter(condition='event = "never"', name="Fine")
    odd = DestinationFilter(condition=condition, action=action, name="Odd", fields={"traits": ("a",)})
    off = DestinationFilter(condition=condition, enabled=False)
    by = gate("actions", filters=(fine, odd, off))
    found = stopped(by)
    assert found is not None
    assert f"the condition of the destination filter 'Odd' {words}" in found.reason
    (fault,) = filter_faults((fine, odd, off))
    assert fault.startswith("filter 2 (Odd) stops every message: The condition ")
    assert words in fault
    assert filter_faults((fine, off)) == ()
    assert stopped(gate("actions", filters=(fine, off))) is None


def test_what_is_not_sent_makes_no_request_and_the_rest_is_as_without_a_gate() -> None:
    own = translator(Destination(settings={"projectToken": "t"}))
    off = walk({**MESSAGE, "integrations": {"All": False}}, (), ACTIONS, 0).translation
    assert off.operations == ()
    assert off.not_sent is not None
    for row in vectors("actions")[:50]:
        message = read_envelope(row, Destination()).message
        assert walk(message, (), ACTIONS, 0).translation == own.translate(message, now=0)


NO_MAIL = DestinationFilter(
    condition='type = "track"',
    action="drop_properties",
    fields={"context.traits": ("email",), "properties": ("secret",), "properties.products": ("sku",)},
)


def test_filters_take_fields_out_before_anything_is_translated() -> None:
    message: JsonObject = {
        "type": "track",
        "event": "A",
        "userId": "u",
        "messageId": "m",
        "properties": {"secret": 1, "total": 2, "products": [{"sku": "a", "price": 1}, 7, {"price": 2}]},
        "context": {"traits": {"email": "a@b.c", "name": "Ada"}},
    }
    before = repr(message)
    by = gate("actions", filters=(NO_MAIL,))
    walked = walk(message, (), by, 0)
    reduced = walked.document
    assert repr(message) == before
    assert reduced["properties"] == {"total": 2, "products": [{"price": 1}, 7, {"price": 2}]}
    assert reduced["context"] == {"traits": {"name": "Ada"}}
    record = walk(message, (), by, 0).translation.operations[0].request.body[0]["properties"]  # pyright: ignore
    assert walked.results == (StageResult("filters", "changed", name='type = "track"'),)
    assert "secret" not in record
    assert record["total"] == 2
    page: JsonObject = {**message, "type": "page"}
    assert walk(page, (), by, 0).document is page


def test_only_allowed_fields_stay_where_the_filter_looks() -> None:
    one = DestinationFilter(
        condition='type = "track"',
        action="allow_properties",
        fields={"properties": ("total",), "context.page": ()},
    )
    by = gate("actions", filters=(one,))
    reduced = left_of(
        by,
        {"type": "track", "properties": {"total": 1, "x": 2}, "context": {"page": {"url": "u"}, "ip": "i"}},
    )
    assert reduced == {"type": "track", "properties": {"total": 1}, "context": {"page": {}, "ip": "i"}}


def test_drops_come_before_allows_and_conditions_see_the_message_as_it_came() -> None:
    fields = {"properties": ("plan",)}
    condition = 'properties.plan = "pro"'
    allow = DestinationFilter(condition=condition, action="allow_properties", fields=fields)
    drop = DestinationFilter(condition=condition, action="drop_properties", fields=fields)
    for filters in ((allow, drop), (drop, allow)):
        by = gate("actions", filters=filters)
        assert left_of(by, {"properties": {"plan": "pro", "x": 1}})["properties"] == {}


@pytest.mark.parametrize("odd", [None, 3, "x", [], [1], {"traits": 3}, {"traits": [{"email": 1}]}])
def test_a_path_that_leads_nowhere_changes_nothing(odd: Json) -> None:
    by = gate("actions", filters=(NO_MAIL,))
    document: JsonObject = {"type": "track", "properties": odd, "context": odd}
    reduced = left_of(by, document)
    if odd != {"traits": [{"email": 1}]}:
        assert reduced == document
    else:
        assert reduced["context"] == {"traits": [{}]}


@pytest.mark.parametrize(("percent", "stops"), [(0.0, True), (0.5, False), (1.0, False)])
def test_a_sample_stops_only_what_is_certain_to_go(percent: float, stops: bool) -> None:
    one = DestinationFilter(condition='type = "track"', action="sample", percent=percent, name="Half")
    found = stopped(gate("actions", filters=(one,)))
    assert (found is not None) is stops
