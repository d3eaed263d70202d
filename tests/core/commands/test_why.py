"""`segtap why`: each stage says what it does to a message, up to the one that stops it."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from segtap.core import compile_settings, read_message
from segtap.core.commands.why import Why, why
from segtap.core.config.transformations import read_transformations
from segtap.core.messages import Marks
from segtap.core.not_imitated import NOT_IMITATED_KINDS, NotImitated
from segtap.core.outcomes import Change, FunctionOutcome
from segtap.core.pipeline.lines import Given, Unreadable
from segtap.core.pipeline.pasted import pasted_messages
from segtap.core.settings import (
    Destination,
    DestinationFilter,
    DestinationSettings,
    InsertFunction,
    SegmentSettings,
    Settings,
)

NONE = Marks(0)
TRACKS = "type = 'track'"
SUNNY = (Change(("properties", "sun"), True),)
NOW = 1_795_557_600_000
MESSAGE = {
    "type": "track",
    "event": "Bread Sold",
    "userId": "u-1",
    "messageId": "m-1",
    "timestamp": "2026-11-24T22:00:00.000Z",
    "properties": {"till": 4},
    "context": {"ip": "203.0.113.7"},
}
RENAME: Any = {
    "name": "One name for sales",
    "if": "event = 'Bread Sold'",
    "newEventName": "Loaf Sold",
    "propertyRenames": [{"oldName": "properties.till", "newName": "properties.register"}],
}
SETTINGS = Settings(
    destination=DestinationSettings(token="t" * 32),
    segment=SegmentSettings(blocked_events=("Oven Cleaned",)),
    transformations=read_transformations([RENAME], "here"),
    filters=(DestinationFilter(condition="properties.test = true", name="No tests"),),
    not_imitated=(NotImitated(kind="insert_function", name="enrich", condition='type = "track"'),),
)


def way(settings: Settings = SETTINGS, *, marks: Marks = NONE, **changes: Any) -> Why:
    """Return the way of the message with these changes."""
    read = read_message(msgspec.json.encode({**MESSAGE, **changes}), id=1)
    read = msgspec.structs.replace(read, marks=read.marks | marks)
    return why(read, compile_settings(settings), now=NOW)


def marks_of(found: Why) -> list[tuple[str, str]]:
    return [(line.stage, line.mark) for line in found.lines]


def test_each_stage_says_what_it_does() -> None:
    found = way()
    assert found.title == "track Bread Sold (m-1)"
    assert marks_of(found) == [
        ("segment", "passed"),
        ("schema", "unchanged"),
        ("source_transformations", "changed"),
        ("integrations", "passed"),
        ("filters", "unchanged"),
        ("insert_function", "unknown"),
        ("subscriptions", "passed"),
    ]
    words = {line.stage: line.words for line in found.lines}
    assert words["source_transformations"] == (
        "'One name for sales' changes $.event, $.properties.till, $.properties.register"
    )
    assert words["subscriptions"] == "'Track Calls' sends \"Loaf Sold\" to https://api.mixpanel.com/import"
    assert found.reaches
    assert found.end.startswith("It reaches Mixpanel, with 1 request, unless")
    assert way(msgspec.structs.replace(SETTINGS, not_imitated=())).end == (
        "It reaches Mixpanel, with 1 request."
    )


@pytest.mark.parametrize(
    ("changes", "stage", "words"),
    [
        ({"userId": None}, "segment", "neither userId nor anonymousId"),
        ({"marks": Marks.SECOND_RECEIPT}, "segment", "drops this copy"),
        ({"event": "Oven Cleaned"}, "schema", "blocked"),
        ({"integrations": {"Mixpanel (Actions)": False}}, "integrations", "$.integrations"),
        ({"properties": {"test": True}}, "filters", "the destination filter 'No tests' drops it"),
        ({"type": "alias", "previousId": "a"}, "subscriptions", "closest: 'Track Calls' needs"),
        ({"type": "identify", "userId": "u-1", "anonymousId": None}, "subscriptions", "nothing that is sent"),
    ],
)
def test_the_last_line_is_the_stage_that_stops_it(changes: dict[str, Any], stage: str, words: str) -> None:
    found = way(**changes)
    assert not found.reaches
    assert marks_of(found)[-1] == (stage, "stopped")
    assert words in found.lines[-1].words
    assert found.end == f"It does not reach Mixpanel: it ends at the stage {stage}."


def test_the_errors_and_warnings_of_the_rules_follow() -> None:
    found = way(userId=None)
    assert "segment-would-reject" in [one.rule for one in found.findings]
    assert way().findings == ()


def test_what_is_not_imitated_stands_at_its_stage() -> None:
    stages: dict[tuple[str, str], str] = {}
    for kind in NOT_IMITATED_KINDS:
        for scope in ("source", "destination"):
            part = NotImitated(kind=kind, name="x", scope=scope)
            (line,) = [
                line
                for line in way(msgspec.structs.replace(SETTINGS, not_imitated=(part,))).lines
                if line.mark == "unknown"
            ]
            stages[kind, scope] = line.stage
    assert stages["insert_function", "source"] == "source_function"
    assert stages["insert_function", "destination"] == "insert_function"
    assert stages["transformation", "source"] == "source_transformations"
    assert stages["hashing", "destination"] == "destination_transformations"
    assert stages["tracking_plan", "source"] == "schema"
    assert stages["filter", "destination"] == "filters"
    assert stages["subscription", "destination"] == "subscriptions"


@pytest.mark.parametrize(
    ("outcome", "mark", "words"),
    [
        (
            FunctionOutcome(0, "passed", changes=(Change(("properties", "sun"), True),)),
            "changed",
            "$.properties.sun",
        ),
        (FunctionOutcome(0, "passed"), "unchanged", "'enrich' changes nothing"),
        (FunctionOutcome(0, "no_handler", "no onTrack"), "stopped", "no onTrack ($.type)"),
        (FunctionOutcome(0, "not_imitated", "no node"), "unknown", "'enrich' is not imitated: no node"),
    ],
    ids=lambda value: value.effect if isinstance(value, FunctionOutcome) else "",
)
def test_an_insert_function_of_the_settings_stands_at_its_stage(
    outcome: FunctionOutcome, mark: str, words: str
) -> None:
    settings = Settings(
        destination=DestinationSettings(token="t" * 32),
        insert_functions=(InsertFunction(file="fn.js", name="enrich"),),
    )
    read = read_message(msgspec.json.encode(MESSAGE), id=1)
    found = why(
        read,
        compile_settings(settings),
        now=NOW,
        functions=lambda place, documents: [outcome] * len(documents),
    )
    (line,) = [line for line in found.lines if line.stage == "insert_function"]
    assert (line.mark, words in line.words) == (mark, True), line
    assert found.reaches is (mark != "stopped")


def test_a_part_that_does_not_match_is_not_one_that_changes_nothing() -> None:
    def words(**changes: Any) -> list[str]:
        found = way(msgspec.structs.replace(SETTINGS, not_imitated=()), **changes)
        return [line.words for line in found.lines if line.mark == "unchanged"]

    assert words(event="Oven Hot") == [
        "'blocked_events' changes nothing",
        "'One name for sales' does not match the message",
        "'No tests' does not match the message",
    ]
    keeps = DestinationFilter(
        condition=TRACKS, name="No mail", action="drop_properties", fields={"traits": ["mail"]}
    )
    found = way(msgspec.structs.replace(SETTINGS, filters=(keeps,)))
    (line,) = [line for line in found.lines if line.stage == "filters"]
    assert (line.mark, line.words) == ("unchanged", "'No mail' matches the message, and changes nothing")


def test_hashing_stands_once_at_its_transformation() -> None:
    hashing = {"paths": ["properties.till"], "key": "5ecret"}
    one = {"name": "Hash", "if": TRACKS, "hashPropertiesConfiguration": hashing}
    listed = NotImitated(kind="hashing", name="properties.till", scope="source")
    for parts in ((), (listed,)):
        found = way(Settings(transformations=read_transformations([one], "here"), not_imitated=parts))
        (line,) = [line for line in found.lines if line.stage == "source_transformations"]
        assert (line.mark, line.words.partition(",")[0]) == (
            "unknown",
            "properties.till is hashed by Segment",
        )


def test_a_condition_counts_on_what_the_destination_gets_as_well() -> None:
    part = NotImitated(kind="insert_function", name="enrich", condition="event = 'Loaf Sold'")
    found = way(msgspec.structs.replace(SETTINGS, not_imitated=(part,)))
    assert ("insert_function", "unknown") in marks_of(found)


def test_what_an_insert_function_logs_follows_its_line() -> None:
    settings = Settings(insert_functions=(InsertFunction(file="fn.js", name="enrich"),))
    outcome = FunctionOutcome(0, "passed", logs=("till 4", "done"), changes=SUNNY)
    found = why(
        read_message(msgspec.json.encode(MESSAGE), id=1),
        compile_settings(settings),
        now=NOW,
        functions=lambda place, documents: [outcome] * len(documents),
    )
    lines = [(line.mark, line.words) for line in found.lines if line.stage == "insert_function"]
    assert lines == [
        ("changed", "'enrich' changes $.properties.sun"),
        ("log", "console.log: till 4"),
        ("log", "console.log: done"),
    ]


def pasted(text: str) -> list[Any]:
    """Return the messages of a pasted text, or the error."""
    found = pasted_messages(text.encode(), destination=Destination())
    return [one.message.document if isinstance(one, Given) else one.error for one in found]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(MESSAGE),
        json.dumps(MESSAGE, indent=2),
        json.dumps({"settings": {}, "message": MESSAGE}),
        json.dumps({"batch": [MESSAGE]}),
        base64.b64encode(json.dumps(MESSAGE).encode()).decode(),
        f"curl -u key: https://api.segment.io/v1/track -d '{json.dumps(MESSAGE)}'",
        # Records of debuggers and logs, with the message inside.
        json.dumps({"id": 7, "status": "delivered", "payload": MESSAGE}),
        json.dumps({"type": "track", "name": "Bread Sold", "raw": {"event": json.dumps(MESSAGE)}}),
    ],
)
def test_whatever_people_paste_gives_the_message(text: str) -> None:
    assert pasted(text) == [MESSAGE]


def test_a_debugger_record_with_all_its_fields_stays_as_it_is() -> None:
    record = {
        **MESSAGE,
        "_metadata": {"bundled": [], "unbundled": []},
        "channel": "server",
        "originalTimestamp": "2026-11-24T22:00:00.000Z",
        "receivedAt": "2026-11-24T22:00:01.000Z",
        "sentAt": "2026-11-24T22:00:00.500Z",
        "version": 2,
    }
    assert pasted(json.dumps(record, indent=2)) == [record]


@pytest.mark.parametrize("text", ["nonsense", '{"a": 1', ""])
def test_a_text_without_a_message_says_why(text: str) -> None:
    found = pasted_messages(text.encode(), destination=Destination())
    assert all(isinstance(one, Unreadable) and one.error for one in found)
    assert found
