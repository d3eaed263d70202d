"""What stands between a source and Mixpanel is imported from all three forms of export, or named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from segtap.core.errors import InputError
from segtap.core.not_imitated import NotImitated
from segtap.core.transformations import Transformation
from segtap.core.workspace import Workspace, read_workspace

MIXPANEL = "615c7438d93d9b61b1e9e192"
DESTINATION = {
    "id": "dest1",
    "name": "Mixpanel",
    "enabled": True,
    "sourceId": "web1",
    "metadata": {"id": MIXPANEL},
    "settings": {"projectToken": "a" * 32},
}
AT_SOURCE = {
    "id": "t1",
    "name": "One name for sales",
    "enabled": True,
    "sourceId": "web1",
    "if": "event = 'Bread Sold'",
    "newEventName": "Loaf Sold",
    "propertyRenames": [{"oldName": "properties.till", "newName": "properties.register"}],
    "propertyValueTransformations": [{"propertyPaths": ["properties.shop"], "propertyValue": "bakery"}],
    "fqlDefinedProperties": [],
}
AT_MIXPANEL = {
    "id": "t2",
    "name": "No cards",
    "enabled": False,
    "sourceId": "web1",
    "destinationMetadataId": MIXPANEL,
    "if": 'type = "track"',
    "propertyDrops": ["properties.card"],
}
PER_OBJECT = {
    "destination.tf": """
import {
  to = segment_destination.id-dest1
  id = "dest1"
}

resource "segment_destination" "id-dest1" {
  enabled   = true
  metadata  = { contacts = null, id = "615c7438d93d9b61b1e9e192" }
  name      = "Mixpanel"
  settings  = "{\\"projectToken\\":\\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\"}"
  source_id = "web1"
}
""",
    "t1.tf": """
import {
  to = segment_transformation.id-t1
  id = "t1"
}

resource "segment_transformation" "id-t1" {
  destination_metadata_id = null
  enabled                 = true
  fql_defined_properties = [
  ]
  if             = "event = 'Bread Sold'"
  name           = "One name for sales"
  new_event_name = "Loaf Sold"
  property_renames = [
    {
      new_name = "properties.register"
      old_name = "properties.till"
    },
  ]
  property_value_transformations = [
    {
      property_paths = ["properties.shop"]
      property_value = "bakery"
    },
  ]
  source_id = "web1"
}
""",
}
"""A workspace as tools write it: a file and an import block for each object, null for what is not set."""


def answer(**data: Any) -> tuple[str, str]:
    """Return an answer of the Public API as a file."""
    return f"{next(iter(data))}.json", json.dumps({"data": data})


def given(*transformations: dict[str, Any], **more: Any) -> Workspace:
    """Read Mixpanel with these transformations, and further lists of the Public API."""
    files = [answer(destination=DESTINATION), answer(transformations=list(transformations))]
    return read_workspace([*files, *(answer(**{name: value}) for name, value in more.items())])


def snake(value: Any) -> Any:
    """Rename the Public API's fields as Terraform has them."""
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name): snake(item)
        for name, item in value.items()
    }


def shown(*resources: tuple[str, dict[str, Any]]) -> tuple[str, str]:
    """Return `terraform show -json` of these resources, under the Public API's names."""
    listed = [
        {"type": type, "address": f"{type}.x{number}", "values": snake(values)}
        for number, (type, values) in enumerate(resources)
    ]
    return "show.json", json.dumps({"values": {"root_module": {"resources": listed}}})


def test_a_transformation_is_the_same_in_all_three_forms() -> None:
    destination = {**DESTINATION, "settings": json.dumps(DESTINATION["settings"])}
    forms = (
        given(AT_SOURCE),
        read_workspace([shown(("segment_destination", destination), ("segment_transformation", AT_SOURCE))]),
        read_workspace(list(PER_OBJECT.items())),
    )
    expected = Transformation(
        condition="event = 'Bread Sold'",
        name="One name for sales",
        source_id="web1",
        new_event_name="Loaf Sold",
    )
    for found in forms:
        (made,) = found.transformations or ()
        assert (made.condition, made.name, made.source_id) == (expected.condition, expected.name, "web1")
        assert made.new_event_name == expected.new_event_name
        assert [(one.old_name, one.new_name) for one in made.property_renames] == [
            ("properties.till", "properties.register")
        ]
        (constant,) = made.property_value_transformations
        assert (constant.property_paths, constant.property_value) == (("properties.shop",), "bakery")
        assert (found.missing, found.not_imitated) == (0, ())
    assert forms[0].transformations == forms[1].transformations == forms[2].transformations


def test_transformations_are_those_of_the_source_and_of_mixpanel() -> None:
    found = given(
        AT_SOURCE,
        AT_MIXPANEL,
        {**AT_SOURCE, "id": "t3", "name": "Of the app", "sourceId": "app1"},
        {**AT_MIXPANEL, "id": "t4", "name": "Of Braze", "destinationMetadataId": "60fb01aec459242d3b6f20c1"},
    )
    assert [one.name for one in found.transformations or ()] == ["One name for sales", "No cards"]
    assert [one.enabled for one in found.transformations or ()] == [True, False]
    assert "The transformation 'No cards' is off." in found.notes
    assert "1 transformation of other sources or destinations left out." in found.notes
    assert found.missing == 0


def test_an_answer_without_transformations_is_not_the_same_as_no_answer() -> None:
    assert given().transformations == ()
    assert read_workspace([answer(destination=DESTINATION)]).transformations is None


def test_transformations_alone_need_one_source() -> None:
    alone = read_workspace([answer(transformations=[AT_SOURCE, AT_MIXPANEL])])
    assert [one.name for one in alone.transformations or ()] == ["One name for sales", "No cards"]
    assert (alone.destination, alone.subscriptions, alone.filters) == (None, None, None)
    assert any("Assumed: web1" in note for note in alone.notes)
    two = [answer(transformations=[AT_SOURCE, {**AT_SOURCE, "id": "t3", "sourceId": "app1"}])]
    with pytest.raises(InputError, match="--source-id app1; --source-id web1"):
        read_workspace(two)
    (chosen,) = read_workspace(two, source_id="app1").transformations or ()
    assert chosen.source_id == "app1"


@pytest.mark.parametrize(
    ("changes", "missing", "words"),
    [
        ({"drop": True}, 0, ""),
        ({"if": None}, 1, "it has no condition"),
        ({"if": None, "enabled": False}, 0, "it has no condition"),
        ({"propertyRenames": "a"}, 1, "cannot be read"),
        ({"newEventName": {"\ud800": 1}}, 1, "cannot be read"),
        ({"if": "md5(event) = 'x'"}, 1, "segtap"),
        ({"sourceId": None}, 1, "does not say which source"),
    ],
)
def test_what_cannot_be_imported_is_missing_if_it_is_enabled(
    changes: dict[str, Any], missing: int, words: str
) -> None:
    found = given(AT_SOURCE, {**AT_SOURCE, "id": "t9", "name": "Odd", **changes})
    assert (found.missing, len(found.transformations or ())) == (missing, 1 if words else 2)
    if words:
        assert any("'Odd'" in note and words in note for note in found.notes), found.notes
    kept = [one for one in found.not_imitated if one.kind == "transformation"]
    assert [one.name for one in kept] == (["Odd"] if missing else [])


def test_what_only_terraform_knows_is_missing_and_named() -> None:
    tf = """
resource "segment_destination" "mp" {
  enabled   = true
  metadata  = { id = data.segment_destination_metadata.mp.id, slug = "actions-mixpanel" }
  settings  = jsonencode({ projectToken = "t" })
  source_id = segment_source.web.id
}
resource "segment_transformation" "own" {
  name = "Own"
  enabled = true
  source_id = segment_source.web.id
  destination_metadata_id = data.segment_destination_metadata.mp.id
  if = "type = 'track'"
  new_event_name = "X"
}
resource "segment_transformation" "odd" {
  name = "Odd"
  enabled = true
  source_id = var.source
  if = "type = 'track'"
  new_event_name = "X"
}
resource "segment_transformation" "app" {
  name = "App"
  enabled = true
  source_id = segment_source.app.id
  if = "type = 'track'"
  new_event_name = "X"
}
resource "segment_transformation" "later" {
  name = "Later"
  enabled = true
  source_id = segment_source.web.id
  if = "event = ${var.event}"
  new_event_name = "X"
}
module "more" { source = "example/segment/registry" }
"""
    found = read_workspace([("main.tf", tf)])
    assert [one.name for one in found.transformations or ()] == ["Own"]
    assert found.missing == 2
    notes = "\n".join(found.notes)
    assert "The transformation 'Odd' was left out: whether it is of this source" in notes
    assert "depends on var.source" in notes
    assert "The transformation 'Later' was left out: it depends on var.event" in notes
    assert "'App'" not in notes
    assert "module.more comes from 'example/segment/registry'" in notes
    assert {(one.kind, one.name) for one in found.not_imitated} == {
        ("transformation", "Odd"),
        ("transformation", "Later"),
        ("resource", "module.more"),
    }


def test_a_transformation_without_effect_in_terraform_may_drop_messages() -> None:
    bare = {name: AT_SOURCE[name] for name in ("id", "name", "enabled", "sourceId", "if")}
    found = read_workspace([*list(PER_OBJECT.items())[:1], shown(("segment_transformation", bare))])
    assert (len(found.transformations or ()), found.missing) == (1, 0)
    (part,) = found.not_imitated
    assert (part.kind, part.scope, part.condition) == ("transformation", "source", "event = 'Bread Sold'")
    assert any("drop = true" in note for note in found.notes)
    # The Public API says whether it drops.
    assert given(bare).not_imitated == ()


def test_hashing_is_named_and_its_key_is_never_kept() -> None:
    hashing = {"algorithm": "SHA256", "encoding": "HEX", "key": "5ecret-key", "paths": ["properties.mail"]}
    found = given({**AT_SOURCE, "hashPropertiesConfiguration": hashing})
    assert found.missing == 0
    assert found.not_imitated == (
        NotImitated(
            kind="hashing",
            name="properties.mail",
            scope="source",
            where="transformations.json: One name for sales",
            condition="event = 'Bread Sold'",
        ),
    )
    assert "5ecret-key" not in repr(found)


def test_insert_functions_are_named_with_the_place_where_they_run() -> None:
    functions = [
        {"id": "f1", "displayName": "weather", "resourceType": "INSERT_DESTINATION", "code": "…"},
        {"id": "f2", "displayName": "webhook", "resourceType": "SOURCE"},
    ]
    instances = [
        {"id": "i1", "integrationId": "dest1", "classId": "f1", "enabled": True},
        {"id": "i2", "integrationId": "web1", "classId": "f3", "enabled": True, "name": "app version"},
        {"id": "i3", "integrationId": "dest1", "classId": "f4", "enabled": False, "name": "off"},
        {"id": "i4", "integrationId": "dest2", "classId": "f1", "enabled": True, "name": "elsewhere"},
    ]
    found = given(functions=functions, insertFunctionInstances=instances)
    assert [(one.name, one.scope) for one in found.not_imitated] == [
        ("weather", "destination"),
        ("app version", "source"),
    ]
    assert found.missing == 0
    assert "The insert function 'off' is off." in found.notes
    assert not any("elsewhere" in note for note in found.notes)
    # Without instances nothing says where a function runs: it may be here.
    (alone,) = given(functions=functions).not_imitated
    assert (alone.name, alone.scope) == ("weather", "destination")


def test_what_the_schema_of_the_source_blocks_is_named_by_call() -> None:
    settings = {
        "track": {"allowUnplannedEvents": False, "allowUnplannedEventProperties": True},
        "identify": {"allowUnplannedTraits": False, "commonEventOnViolations": "OMIT_TRAITS"},
        "group": {"allowUnplannedTraits": True, "commonEventOnViolations": "ALLOW"},
        "forwardingBlockedEventsTo": "other",
    }
    found = given(settings=settings)
    assert [(one.name, one.condition) for one in found.not_imitated] == [
        ("unplanned events", 'type = "track"'),
        ("unplanned traits, violations of the common rules (OMIT_TRAITS)", 'type = "identify"'),
    ]
    assert {one.scope for one in found.not_imitated} == {"source"}


def test_answers_of_unknown_names_are_named() -> None:
    (part,) = given(deliveryRules=[{"id": "x"}]).not_imitated
    assert (part.kind, part.name) == ("resource", "deliveryRules.json: deliveryRules")
    assert given(warehouses=[{"id": "x"}], labels=[{"key": "a"}]).not_imitated == ()


def test_a_page_of_functions_or_transformations_says_that_others_follow() -> None:
    more = {"current": "MQ", "next": "Mg", "totalEntries": 3}
    cut = [
        answer(destination=DESTINATION),
        answer(transformations=[AT_SOURCE], pagination=more),
        answer(insertFunctionInstances=[], pagination=more),
    ]
    found = read_workspace(cut)
    assert found.missing == 1
    assert [one.kind for one in found.not_imitated] == ["resource", "insert_function"]
