"""Transformations as stages: they change messages as Segment's published code does, in their place."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from vectors import vectors

from segtap.core.config.transformations import read_transformations
from segtap.core.destinations.transformations import METADATA_IDS
from segtap.core.messages import JsonObject
from segtap.core.pipeline import CompiledSettings, compiled
from segtap.core.pipeline.stages import Walked, walk
from segtap.core.settings import Destination, DestinationFilter, DestinationKind
from segtap.core.verdict import StageResult

ACTIONS = METADATA_IDS["actions"]


def settings(
    *transformations: dict[str, Any],
    kind: DestinationKind = "actions",
    filters: tuple[DestinationFilter, ...] = (),
) -> CompiledSettings:
    given = [{"if": "type = 'track'", **one} for one in transformations]
    destination = Destination(kind, {"projectToken": "t", "token": "t"})
    return compiled(destination, transformations=read_transformations(given, "test"), filters=filters)


def track(**properties: Any) -> JsonObject:
    return {"type": "track", "event": "A", "userId": "u", "messageId": "m", "properties": properties}


def walked(document: JsonObject, *transformations: dict[str, Any]) -> Walked:
    return walk(document, (), settings(*transformations), 0)


def after(properties: dict[str, Any], *transformations: dict[str, Any]) -> Any:
    return walked(track(**properties), *transformations).document["properties"]


def test_all_vectors_come_out_as_segments_code_has_them() -> None:
    rows = vectors("transformations")
    assert len(rows) == 300
    differing = []
    for number, row in enumerate(rows):
        by = compiled(Destination(), transformations=read_transformations(row["transformations"], "test"))
        before = msgspec.json.encode(row["message"])
        if walk(row["message"], (), by, 0).document != row["after"]:
            differing.append(number)
        assert msgspec.json.encode(row["message"]) == before
    assert differing == []


def test_a_source_scoped_one_runs_before_the_filters_and_a_destination_scoped_one_after() -> None:
    rename = {"propertyRenames": [{"oldName": "properties.a", "newName": "properties.b"}]}
    drop = DestinationFilter(condition="properties.b = 1", name="No b")
    before = walk(track(a=1), (), settings(rename, filters=(drop,)), 0)
    assert before.translation.not_sent is not None
    assert [one.stage for one in before.results] == ["source_transformations", "filters"]
    scoped = {**rename, "destinationMetadataId": ACTIONS, "name": "After"}
    later = walk(track(a=1), (), settings(scoped, filters=(drop,)), 0)
    assert later.translation.not_sent is None
    assert later.results == (StageResult("destination_transformations", "changed", name="After"),)


@pytest.mark.parametrize(
    ("kind", "id", "runs"),
    [
        ("actions", ACTIONS, True),
        ("actions", METADATA_IDS["classic-cloud"], False),
        ("classic-cloud", METADATA_IDS["classic-cloud"], True),
        ("classic-cloud", ACTIONS, False),
        ("actions", "5f7dd8e302173ff732db5cc4", False),
    ],
)
def test_one_scoped_to_another_destination_does_nothing(kind: DestinationKind, id: str, runs: bool) -> None:
    by = settings({"newEventName": "B", "destinationMetadataId": id}, kind=kind)
    made = walk(track(), (), by, 0)
    assert (made.document["event"] == "B") is runs
    assert len(made.steps) == runs


def test_one_that_is_off_or_does_not_match_leaves_the_very_same_message() -> None:
    document = track(a=1)
    for one in ({"enabled": False}, {"if": "event = 'B'"}, {"newEventName": "A"}):
        made = walked(document, {"newEventName": "C", **one})
        assert made.document is document
        assert made.results == ()


def test_a_condition_that_is_not_fql_stops_every_message() -> None:
    made = walked({**track(), "type": "page"}, {"if": "event ==", "newEventName": "B", "name": "Odd"})
    assert made.translation.operations == ()
    stopped = made.translation.not_sent
    assert stopped is not None
    assert (stopped.stage, "'Odd' is not FQL" in stopped.reason) == ("source_transformations", True)


def test_only_track_calls_get_a_new_event_name() -> None:
    document = {"type": "identify", "userId": "u", "messageId": "m", "traits": {"a": 1}}
    one = {"if": "userId = 'u'", "newEventName": "B"}
    assert walked(document, one).document is document
    both = {**one, "propertyRenames": [{"oldName": "traits.a", "newName": "traits.b"}]}
    assert walked(document, both).document == {**document, "traits": {"b": 1}}
    assert walked(track(), one).document["event"] == "B"


def test_drop_stops_the_message() -> None:
    stopped = walked(track(), {"drop": True, "name": "Gone"}).translation.not_sent
    assert stopped is not None
    assert stopped.reason == "the transformation 'Gone' drops it"


def test_two_renames_to_one_name_are_done_in_order() -> None:
    renames = [{"oldName": f"properties.{old}", "newName": "properties.revenue"} for old in ("total", "sum")]
    assert after({"total": 5}, {"propertyRenames": renames}) == {"revenue": 5}
    assert after({"sum": 6}, {"propertyRenames": renames}) == {"revenue": 6}
    assert after({"total": 5, "sum": 6}, {"propertyRenames": renames}) == {"revenue": 6}


@pytest.mark.parametrize("value", [0, "", False, None])
def test_values_that_count_as_false_stay_at_their_old_name(value: Any) -> None:
    rename = {"propertyRenames": [{"oldName": "properties.total", "newName": "properties.revenue"}]}
    assert after({"total": value}, rename) == {"total": value, "revenue": value}


@pytest.mark.parametrize(
    ("properties", "path", "made"),
    [
        ({}, "properties.a.b", {}),
        ({"a": 1}, "properties.a.b", {"a": 1}),
        ({"a": None}, "properties.a.b", {"a": None}),
        ({"a": [1]}, "properties.a.b", {"a": [1]}),
        ({"a": [1]}, "properties.a.2", {"a": [1, None, "x"]}),
        ({"a": {}}, "properties.a.__proto__", {"a": {}}),
    ],
)
def test_a_constant_is_written_only_where_its_holder_is(
    properties: dict[str, Any], path: str, made: dict[str, Any]
) -> None:
    constant = {"propertyValueTransformations": [{"propertyPaths": [path], "propertyValue": "x"}]}
    assert after(properties, constant) == made


def test_a_value_is_never_written_into_itself() -> None:
    renames = [{"oldName": "properties.a", "newName": new} for new in ("properties.n", "properties.n.k")]
    made = after({"a": {"x": 1}}, {"propertyRenames": renames})
    assert msgspec.json.encode(made)


def test_a_property_is_computed_from_the_message_before_the_renames() -> None:
    made = after(
        {"email": "Ada@Example.com"},
        {
            "propertyRenames": [{"oldName": "properties.email", "newName": "properties.mail"}],
            "fqlDefinedProperties": [
                {"fql": "lowercase(properties.email)", "propertyName": "properties.lower"}
            ],
        },
    )
    assert made == {"mail": "Ada@Example.com", "lower": "ada@example.com"}


def test_only_allowed_properties_stay() -> None:
    made = walked({**track(a=1, b={"c": 2}), "context": {"ip": "x"}}, {"allowProperties": ["properties.a"]})
    assert made.document["properties"] == {"a": 1}
    assert made.document["context"] == {"ip": "x"}


def test_a_message_of_hundreds_of_levels_is_renamed() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = {"x": deep}
    made = after(
        {"deep": deep}, {"propertyRenames": [{"oldName": "properties.deep", "newName": "properties.d"}]}
    )
    assert list(made) == ["d"]
