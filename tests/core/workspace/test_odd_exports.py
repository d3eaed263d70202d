"""Exports with odd values: nothing is dropped without a word, and what is written can be read again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segtap.core.not_imitated import NotImitated
from segtap.core.workspace import Workspace, read_workspace

ACTIONS, CLASSIC = "615c7438d93d9b61b1e9e192", "54521fd925e721e32a72eed6"
DESTINATION: dict[str, Any] = {
    "id": "d1",
    "name": "Mixpanel",
    "enabled": True,
    "sourceId": "s1",
    "metadata": {"id": ACTIONS},
    "settings": {"projectToken": "a" * 32},
}
RENAMES: dict[str, Any] = {
    "id": "t1",
    "name": "Rename",
    "enabled": True,
    "sourceId": "s1",
    "if": "event = 'Loaf'",
    "newEventName": "Bread",
}
TF_DESTINATION = """
resource "segment_destination" "mp" {
  name = "Mixpanel"
  enabled = true
  source_id = "s1"
  metadata = { id = "615c7438d93d9b61b1e9e192" }
  settings = jsonencode({ projectToken = "t" })
}
"""
TF_TRANSFORMATION = """
resource "segment_transformation" "%s" {
  name = "%s"
  enabled = %s
  source_id = "s1"
  if = "event = '${var.event}'"
  new_event_name = var.event
}
"""


def answers(**lists: Any) -> Workspace:
    """Read the destination with these lists of the Public API, each in a file of its own."""
    files = [("destination.json", json.dumps({"data": {"destination": DESTINATION}}))]
    files += [(f"{name}.json", json.dumps({"data": {name: value}})) for name, value in lists.items()]
    return read_workspace(files)


def classic(**settings: Any) -> Workspace:
    """Read a classic destination with these settings."""
    own = {**DESTINATION, "metadata": {"id": CLASSIC}, "settings": {"token": "t", **settings}}
    return read_workspace([("d.json", json.dumps({"data": {"destination": own}}))])


def names(workspace: Workspace) -> list[str]:
    return [one.name for one in workspace.transformations or ()]


def parts(workspace: Workspace) -> set[tuple[str, str]]:
    return {(one.kind, one.name) for one in workspace.not_imitated}


def test_the_names_within_a_written_value_stay_as_they_are() -> None:
    value = {"first_line": "Mill Road", "inner": [{"zip_code": 1}]}
    constant = {"propertyPaths": ["properties.address"], "propertyValue": value}
    (made,) = (
        answers(transformations=[{**RENAMES, "propertyValueTransformations": [constant]}]).transformations
        or ()
    )
    assert made.property_value_transformations[0].property_value == value


@pytest.mark.parametrize("kind", ["subscriptions", "filters", "transformations"])
@pytest.mark.parametrize(("given", "count"), [(["text", None], 2), ("none", 1)])
def test_what_stands_in_the_place_of_an_object_is_missing(kind: str, given: Any, count: int) -> None:
    found = answers(**{kind: given})
    assert found.missing == count
    assert all(f"{kind}.json: {kind}" in one.name for one in found.not_imitated)
    assert len([note for note in found.notes if "it is not an object" in note]) == count


def test_an_action_of_a_filter_that_is_not_an_object_is_named() -> None:
    actions = [{"type": "DROP"}, "SAMPLE"]
    filter = {"id": "f1", "title": "F", "if": "type = 'page'", "enabled": True, "destinationId": "d1"}
    found = answers(filters=[{**filter, "actions": actions}])
    assert [one.action for one in found.filters or ()] == ["drop"]
    assert (found.missing, parts(found)) == (1, {("filter", "F")})


@pytest.mark.parametrize(
    ("enabled", "on", "words"),
    [
        ("false", False, ""),
        ("true", True, ""),
        (None, True, ""),
        (0, True, "`enabled` is 0"),
        ("no", True, "'no'"),
    ],
)
def test_enabled_is_read_as_terraform_reads_it(enabled: Any, on: bool, words: str) -> None:
    found = answers(transformations=[{**RENAMES, "enabled": enabled}])
    assert [one.enabled for one in found.transformations or ()] == [on]
    assert any(words and words in note for note in found.notes) is bool(words)


@pytest.mark.parametrize(
    ("name", "value"),
    [("people", ["a"]), ("consolidatedPageCalls", []), ("eventIncrements", True), ("propIncrements", [1])],
)
def test_a_classic_setting_of_another_type_is_named_and_not_written(name: str, value: Any) -> None:
    found = classic(**{name: value})
    assert found.classic == {}
    assert parts(found) == {("setting", name)}
    assert f"{name} cannot be read: segtap uses its default." in found.notes


def test_a_source_name_that_is_not_a_text_is_named() -> None:
    assert any("sourceName 5 is not a text" in note for note in classic(sourceName=5).notes)


def test_schema_settings_of_a_data_source_count_beside_its_resource() -> None:
    blocking = {"track": {"common_event_on_violations": "BLOCK"}}
    resources = [
        {"type": "segment_destination", "values": {**DESTINATION, "source_id": "s1", "settings": "{}"}},
        {"type": "segment_source", "values": {"id": "s1", "name": "Web", "schema_settings": None}},
        {
            "type": "segment_source",
            "mode": "data",
            "address": "data.segment_source.web",
            "values": {"id": "s1", "schema_settings": blocking},
        },
    ]
    found = read_workspace([("show.json", json.dumps({"values": {"root_module": {"resources": resources}}}))])
    assert parts(found) == {("tracking_plan", "violations of the common rules (BLOCK)")}


def test_a_source_that_may_be_the_destinations_own_is_named_with_the_doubt() -> None:
    unknown = TF_DESTINATION.replace('"s1"', "var.source")
    source = (
        'resource "segment_source" "%s" {\n enabled = false\n schema_settings = {\n'
        "  track = { allow_unplanned_events = false }\n }\n}\n"
    )
    found = read_workspace([("main.tf", unknown + source % "web")])
    assert parts(found) == {("tracking_plan", "unplanned events")}
    assert any("do not say whether the destination is of this source" in note for note in found.notes)
    known = unknown.replace("var.source", "segment_source.web.id") + source % "web" + source % "app"
    found = read_workspace([("main.tf", known)])
    assert {one.where for one in found.not_imitated} == {"segment_source.web"}
    assert ("switched_off", "segment_source.web") in parts(found)


def test_a_module_whose_files_are_not_given_is_named() -> None:
    main = TF_DESTINATION + 'module "m" { source = "./modules/m" }\n'
    found = read_workspace([("tf/main.tf", main)])
    assert parts(found) == {("resource", "module.m")}
    assert any("Give that folder, too" in note for note in found.notes)
    inside = 'variable "event" { default = "Loaf" }\n' + TF_TRANSFORMATION % ("t", "T", "true")
    found = read_workspace([("tf/main.tf", main), ("tf/modules/m/t.tf", inside)])
    assert (names(found), parts(found)) == (["T"], set())


def test_a_module_has_variables_of_its_own() -> None:
    main = TF_DESTINATION + 'variable "event" { default = "Root" }\nmodule "m" {\n source = "../m"\n%s}\n'
    inside = 'variable "event" { default = "Own" }\n' + TF_TRANSFORMATION % ("t", "T", "true")
    for given, expected in (("", "Own"), (' event = "Given"\n', "Given"), (" event = var.event\n", "Root")):
        found = read_workspace([("tf/main.tf", main % given), ("m/t.tf", inside)])
        (made,) = found.transformations or ()
        assert (made.condition, made.new_event_name) == (f"event = '{expected}'", expected)
    twice = main % ' event = "A"\n' + 'module "n" {\n source = "../m"\n event = "B"\n}\n'
    found = read_workspace([("tf/main.tf", twice), ("m/t.tf", inside)])
    assert (names(found), found.missing) == ([], 1)
    assert any("var.event, which several module blocks set" in note for note in found.notes)


def test_a_module_with_a_count_is_said_to_be_imported_once() -> None:
    main = TF_DESTINATION + 'module "m" {\n source = "./m"\n count = 2\n}\n'
    inside = 'variable "event" { default = "Own" }\n' + TF_TRANSFORMATION % ("t", "T", "true")
    found = read_workspace([("main.tf", main), ("m/t.tf", inside)])
    assert names(found) == ["T"]
    assert any("module.m has a count: what the module defines is imported once" in one for one in found.notes)


def test_another_source_than_the_destinations_is_said() -> None:
    files = [
        ("d.json", json.dumps({"data": {"destination": DESTINATION}})),
        (
            "t.json",
            json.dumps({"data": {"transformations": [RENAMES, {**RENAMES, "id": "t2", "sourceId": "s2"}]}}),
        ),
    ]
    found = read_workspace(files, source_id="s2")
    assert [one.source_id for one in found.transformations or ()] == ["s2"]
    assert any("The destination's source is s1" in note for note in found.notes)


def test_transformations_of_other_sources_are_counted_beside_what_is_missing() -> None:
    found = answers(
        transformations=[{**RENAMES, "sourceId": "s2"}, {**RENAMES, "id": "t2", "sourceId": None}]
    )
    assert found.missing == 1
    assert "1 transformation of other sources or destinations left out." in found.notes


def test_terraforms_json_syntax_is_kept_as_not_imitated() -> None:
    files = [("d.json", json.dumps({"data": {"destination": DESTINATION}})), ("more.tf.json", "{}")]
    assert read_workspace(files).not_imitated == (NotImitated(kind="resource", name="more.tf.json"),)


def test_an_expression_that_segtap_cannot_compute_is_named() -> None:
    computed = [{"fql": "md5(event)", "propertyName": "properties.id"}]
    found = answers(transformations=[{**RENAMES, "fqlDefinedProperties": computed}])
    assert (names(found), found.missing) == (["Rename"], 0)
    assert any("'Rename' computes properties.id, and segtap does not: " in note for note in found.notes)
