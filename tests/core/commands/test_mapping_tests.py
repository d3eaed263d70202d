"""`segtap mappings test`: what passes, and how a difference reads."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from segtap.core import compile_settings
from segtap.core.commands.mapping_test_formats import FORMATS
from segtap.core.commands.mapping_tests import MappingResult, run_tests, same
from segtap.core.expected import Expected, MappingTest
from segtap.core.outcomes import Change, FunctionOutcome
from segtap.core.settings import (
    DestinationFilter,
    DestinationSettings,
    InsertFunction,
    SegmentSettings,
    Settings,
)

TRACK = {
    "type": "track",
    "event": "Loaf Sold",
    "userId": "u-1",
    "timestamp": "2026-11-24T10:00:00Z",
    "properties": {"total": 5.0, "gift": True},
}
SETTINGS = compile_settings(
    Settings(
        destination=DestinationSettings(token="t" * 32),
        segment=SegmentSettings(blocked_events=("Oven Cleaned",)),
        filters=(DestinationFilter(condition="properties.test = true", name="No tests"),),
    )
)


def differences(message: dict[str, Any], **expect: Any) -> list[tuple[str, str]]:
    """Run one test, and return the path and the words of each difference."""
    test = MappingTest(name="One", message={**TRACK, **message}, expect=Expected(**expect))
    (tested,) = run_tests([test], SETTINGS, clock=lambda: 0)
    return [(one.path, one.words) for one in tested.differences]


@pytest.mark.parametrize(
    ("message", "expect"),
    [
        ({}, {"events": ("Loaf Sold",), "properties": {"total": 5}, "without": ("till",)}),
        ({}, {"properties": {"gift": True, "distinct_id": "u-1", "time": 1795514400000}}),
        ({"properties": {"test": True}}, {"not_sent": "filters", "events": ("ignored",)}),
        ({"event": "Oven Cleaned"}, {"not_sent": "schema"}),
        ({"type": "alias"}, {"not_sent": "subscriptions", "events": ()}),
        ({"type": "identify", "traits": {"plan": "pro"}}, {"events": (), "properties": {"plan": "pro"}}),
        ({"userId": None}, {"not_sent": "segment"}),
        ({"properties": {"test": True}}, {"events": ()}),
    ],
)
def test_what_holds_has_no_differences(message: dict[str, Any], expect: dict[str, Any]) -> None:
    assert differences(message, **expect) == []


@pytest.mark.parametrize(
    ("message", "expect", "found"),
    [
        ({}, {"events": ("Sold",)}, ("events", 'expected "Sold"; found "Loaf Sold"')),
        ({}, {"events": ()}, ("events", 'expected no event; found "Loaf Sold"')),
        ({}, {"properties": {"gift": 1}}, ("properties.gift", "expected 1; found true in Loaf Sold")),
        (
            {},
            {"properties": {"till": 1}},
            ("properties.till", "expected 1; nothing that is sent has it"),
        ),
        ({}, {"without": ("gift",)}, ("without.gift", "expected not to be sent; found true in Loaf Sold")),
        (
            {},
            {"not_sent": "filters"},
            ("not_sent", "expected to be stopped at the stage filters; it is sent: Track Calls"),
        ),
        (
            {"properties": {"test": True}},
            {"not_sent": "schema"},
            (
                "not_sent",
                "expected to be stopped at the stage schema; filters: the destination filter 'No tests'"
                " drops it",
            ),
        ),
        (
            {"properties": {"test": True}},
            {"events": ("Loaf Sold",)},
            (
                "not_sent",
                "expected to be sent; it is stopped at the stage filters: the destination filter 'No tests'"
                " drops it",
            ),
        ),
        (
            {"type": "alias"},
            {"events": ("x",)},
            (
                "not_sent",
                "expected to be sent; it is stopped at the stage subscriptions: no subscription matches it",
            ),
        ),
    ],
)
def test_a_difference_says_what_was_expected_and_what_was_found(
    message: dict[str, Any], expect: dict[str, Any], found: tuple[str, str]
) -> None:
    assert differences(message, **expect) == [found]


def test_insert_functions_of_the_settings_are_run() -> None:
    settings = compile_settings(
        Settings(
            destination=DestinationSettings(token="t" * 32), insert_functions=(InsertFunction(file="fn.js"),)
        )
    )
    sunny = FunctionOutcome(0, "passed", changes=(Change(("properties", "sun"), True),))
    test = MappingTest(name="One", message=TRACK, expect=Expected(properties={"sun": True}))
    (ran,) = run_tests([test], settings, clock=lambda: 0, functions=lambda place, some: [sunny] * len(some))
    (not_run,) = run_tests([test], settings, clock=lambda: 0)
    assert (ran.differences, len(not_run.differences)) == ((), 1)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        ([1, {"a": None}], [1.0, {"a": None}], True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1], [1, 2], False),
        ("1", 1, False),
        (False, False, True),
    ],
)
def test_values_are_compared_as_json(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal


def printed(shape: str) -> list[str]:
    """Print one test that passes and one that fails."""
    tests = [
        MappingTest(name="Sold", message=TRACK, expect=Expected(events=("Loaf Sold",))),
        MappingTest(name="Bought", message=TRACK, expect=Expected(events=("Loaf Bought",))),
    ]
    text = 'identity = "original"\n[[tests]]\nname = "Sold"\n\n[[ tests ]]\nname = "Bought"\n'
    results: list[MappingResult] = list(run_tests(tests, SETTINGS, clock=lambda: 0))
    return list(FORMATS[shape](results, "segtap.toml", text))


def test_each_format_shows_the_difference() -> None:
    assert printed("table") == [
        "✔ Sold",
        "✖ Bought",
        '    events  expected "Loaf Bought"; found "Loaf Sold"',
        "2 tests: 1 failed",
    ]
    passed, failed = map(json.loads, printed("json"))
    assert passed == {"name": "Sold", "passed": True, "differences": []}
    assert (failed["passed"], failed["differences"][0]["expected"]) == (False, ["Loaf Bought"])
    (annotation,) = printed("github")
    assert annotation.startswith("::error file=segtap.toml,line=5,title=mapping-test::Bought: events")
    suite = ElementTree.fromstring("\n".join(printed("junit")))
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (
        "segtap mappings test",
        "2",
        "1",
    )
    (failure,) = suite.iter("failure")
    assert failure.get("message") == 'events: expected "Loaf Bought"; found "Loaf Sold"'
