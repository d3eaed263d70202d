"""Every field of the Terraform provider's resources is imported, named, or irrelevant for a stated reason."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from segtap.core.workspace import Workspace, read_workspace
from segtap.core.workspace.objects import TERRAFORM, camel_name
from segtap.core.workspace.resources import READ, RESOURCES

MIXPANEL = "615c7438d93d9b61b1e9e192"
CATALOGUE_OF_DESTINATION = (
    "id name slug description website status categories previous_names region_endpoints supported_regions"
    " partner_owned logos options components contacts presets actions supported_features supported_methods"
    " supported_platforms"
)
SCHEMA = {
    "track": "allow_event_on_violations allow_properties_on_violations allow_unplanned_event_properties"
    " allow_unplanned_events common_event_on_violations",
    "identify": "allow_traits_on_violations allow_unplanned_traits common_event_on_violations",
    "group": "allow_traits_on_violations allow_unplanned_traits common_event_on_violations",
}
SCHEMA_FIELDS = [
    *(f"schema_settings.{call}.{field}" for call, fields in SCHEMA.items() for field in fields.split()),
    "schema_settings.forwarding_blocked_events_to",
    "schema_settings.forwarding_violations_to",
]


def fields(*lines: str) -> list[str]:
    """Return the names in these lines."""
    return " ".join(lines).split()


DOCUMENTED: dict[str, list[str]] = {
    "segment_destination": [
        *fields("id name enabled source_id settings"),
        *(f"metadata.{field}" for field in CATALOGUE_OF_DESTINATION.split()),
    ],
    "segment_destination_subscription": fields(
        "id name action_id action_slug destination_id enabled trigger settings model_id reverse_etl_schedule"
    ),
    "segment_destination_filter": fields(
        "id title description if enabled destination_id source_id",
        "actions.type actions.fields actions.path actions.percent",
    ),
    "segment_transformation": fields(
        "id name enabled source_id destination_metadata_id if new_event_name",
        "property_renames.old_name property_renames.new_name",
        "property_value_transformations.property_paths property_value_transformations.property_value",
        "fql_defined_properties.fql fql_defined_properties.property_name",
        # Only the Public API has these.
        "drop property_drops allow_properties",
        "hash_properties_configuration.algorithm hash_properties_configuration.encoding",
        "hash_properties_configuration.key hash_properties_configuration.paths",
    ),
    "segment_source": [
        *fields("id name enabled slug settings metadata labels workspace_id write_keys"),
        *SCHEMA_FIELDS,
    ],
    "segment_source_tracking_plan_connection": ["source_id", "tracking_plan_id", *SCHEMA_FIELDS],
    "segment_function": fields(
        "id display_name resource_type code description logo_url settings catalog_id preview_webhook_url"
    ),
    "segment_insert_function_instance": fields("id name enabled function_id integration_id settings"),
    "segment_tracking_plan": fields("id name type description slug created_at updated_at"),
    "segment_tracking_plan_rules": fields("tracking_plan_id rules"),
    "segment_reverse_etl_model": fields(
        "id name description enabled query query_identifier_column source_id",
        "schedule_strategy schedule_config",
    ),
    "segment_warehouse": fields("id name enabled metadata settings workspace_id"),
    "segment_profiles_warehouse": fields("id name enabled metadata_id settings space_id schema_name"),
    "segment_source_warehouse_connection": fields("id source_id warehouse_id"),
    "segment_label": fields("key value description"),
    "segment_user": fields("id email name is_invite permissions"),
    "segment_user_group": fields("id name members permissions"),
}
"""Resource type → its documented fields; those of the catalogue's metadata only one level deep."""

BLOCKING = {
    "track": dict.fromkeys(SCHEMA["track"].split(), False) | {"common_event_on_violations": "BLOCK"},
    "identify": dict.fromkeys(SCHEMA["identify"].split(), False)
    | {"common_event_on_violations": "OMIT_TRAITS"},
    "group": dict.fromkeys(SCHEMA["group"].split(), False) | {"common_event_on_violations": "OMIT_TRAITS"},
}
SOURCE = {"source_id": "src-web"}
RESOURCES_OF_A_WORKSPACE: list[tuple[str, dict[str, Any]]] = [
    (
        "segment_destination",
        {
            "id": "dest-1",
            "name": "Mixpanel of the bakery",
            "enabled": False,
            **SOURCE,
            "settings": json.dumps({"projectToken": "a" * 32, "apiRegion": "EU 🇪🇺"}),
            "metadata": {
                "id": MIXPANEL,
                "slug": "actions-mixpanel",
                "actions": [{"id": "act-1", "slug": "trackEvent", "hidden": False}],
            },
        },
    ),
    (
        "segment_destination_subscription",
        {
            "id": "sub-1",
            "name": "Bread sold",
            "action_id": "act-1",
            "action_slug": None,
            "destination_id": "dest-1",
            "enabled": True,
            "trigger": 'type = "track"',
            "settings": json.dumps({"event": {"@path": "$.event"}}),
            "model_id": None,
        },
    ),
    (
        "segment_destination_filter",
        {
            "id": "fil-1",
            "title": "A tenth of all loaves",
            "if": 'event = "Loaf Baked"',
            "enabled": True,
            "destination_id": "dest-1",
            **SOURCE,
            "actions": [{"type": "SAMPLE", "percent": 0.1, "path": "userId", "fields": None}],
        },
    ),
    (
        "segment_destination_filter",
        {
            "id": "fil-2",
            "title": "No mail",
            "if": 'type = "identify"',
            "enabled": True,
            "destination_id": "dest-1",
            **SOURCE,
            "actions": [
                {
                    "type": "DROP_PROPERTIES",
                    "fields": json.dumps({"traits": ["email"]}),
                    "percent": None,
                    "path": None,
                }
            ],
        },
    ),
    (
        "segment_transformation",
        {
            "id": "tra-1",
            "name": "Rename the till",
            "enabled": True,
            **SOURCE,
            "destination_metadata_id": MIXPANEL,
            "if": "event = 'Bread Sold'",
            "new_event_name": "Loaf Sold",
            "property_renames": [{"old_name": "properties.till", "new_name": "properties.register"}],
            "property_value_transformations": [
                {"property_paths": ["properties.shop"], "property_value": "bakery"}
            ],
            "fql_defined_properties": [{"fql": "properties.total", "property_name": "sum"}],
            "drop": False,
            "property_drops": ["properties.note"],
            "allow_properties": ["properties.total"],
            "hash_properties_configuration": {
                "algorithm": "SHA256",
                "encoding": "HEX",
                "key": "k",
                "paths": ["properties.card"],
            },
        },
    ),
    ("segment_source", {"id": "src-web", "name": "Web", "enabled": False, "schema_settings": BLOCKING}),
    (
        "segment_source_tracking_plan_connection",
        {**SOURCE, "tracking_plan_id": "tp-1", "schema_settings": copy.deepcopy(BLOCKING)},
    ),
    ("segment_function", {"id": "fun-1", "display_name": "enrich", "resource_type": "INSERT_SOURCE"}),
    (
        "segment_insert_function_instance",
        {
            "id": "ins-1",
            "name": "enrich with weather",
            "enabled": True,
            "function_id": "fun-2",
            "integration_id": "dest-1",
        },
    ),
    # Nothing says where it runs, nor its name: both are those of the function.
    (
        "segment_insert_function_instance",
        {"id": "ins-2", "name": None, "enabled": True, "function_id": "fun-1"},
    ),
    *(
        (type, {"id": f"{type}-1", "name": type, "key": "env", "value": "dev"})
        for type in DOCUMENTED
        if isinstance(RESOURCES[TERRAFORM[type]], str)
    ),
]
ALL_FIELDS = [(type, field) for type, fields in DOCUMENTED.items() for field in fields]


def workspace(resources: list[tuple[str, dict[str, Any]]]) -> Workspace:
    """Read the resources as `terraform show -json` prints them."""
    counts: dict[str, int] = {}
    shown: list[dict[str, Any]] = []
    for type, values in resources:
        counts[type] = counts.get(type, 0) + 1
        shown.append({"type": type, "address": f"{type}.x{counts[type]}", "values": values})
    return read_workspace([("w.json", json.dumps({"values": {"root_module": {"resources": shown}}}))])


BASE = workspace(RESOURCES_OF_A_WORKSPACE)
OTHER_VALUES = {"action_slug": "identifyUser", "metadata.slug": "mixpanel"}
ONLY_WITHOUT = {"metadata.slug": "metadata.id"}
"""Fields that are read only if another one does not say the same."""


def other_than(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value / 2
    if isinstance(value, list):
        return []
    if isinstance(value, str) and value.startswith("{"):
        return "{}"
    return f"{value or ''}ALLOW" if value not in ("BLOCK", "OMIT_TRAITS") else "ALLOW"


def changed(type: str, field: str) -> Iterator[tuple[Workspace, Workspace]]:
    """Yield the workspace, and with the field changed in one resource of the type, for each of them."""
    for number, (own, _) in enumerate(RESOURCES_OF_A_WORKSPACE):
        if own != type:
            continue
        resources = copy.deepcopy(RESOURCES_OF_A_WORKSPACE)
        before = BASE
        if field in ONLY_WITHOUT:
            put(resources[number][1], ONLY_WITHOUT[field], None)
            before = workspace(resources)
        put(resources[number][1], field, OTHER_VALUES.get(field))
        yield before, workspace(resources)


def put(resource: dict[str, Any], field: str, value: Any) -> None:
    """Set a field, by default to another value than it has."""
    *path, last = field.split(".")
    for name in path:
        inner = resource.setdefault(name, {})
        resource = inner[0] if isinstance(inner, list) else inner
    resource[last] = other_than(resource.get(last)) if value is None else value


def treatment(type: str, field: str) -> str | None:
    """Return what the table says of a field: "" for one that is read, else the reason why it is not."""
    known: Any = RESOURCES[TERRAFORM[type]]
    for name in field.split("."):
        if isinstance(known, str):
            return known
        known = known.get(camel_name(name))
    return known if isinstance(known, str) else None


@pytest.mark.parametrize(("type", "field"), ALL_FIELDS, ids=lambda value: str(value))
def test_a_field_is_read_or_irrelevant_for_a_reason(type: str, field: str) -> None:
    how = treatment(type, field)
    assert how is not None, "the table does not have the field"
    results = list(changed(type, field))
    assert results
    if how == READ:
        assert any(before != after for before, after in results) or is_told_twice(type, field)
    else:
        assert all(before == after for before, after in results)
        assert len(how) > len("unused")


def is_told_twice(type: str, field: str) -> bool:
    """True if the field is the id by which a copy of the same object is found."""
    values = next(values for own, values in RESOURCES_OF_A_WORKSPACE if own == type)
    notes = workspace([*RESOURCES_OF_A_WORKSPACE, (type, values)]).notes
    return field == "id" and any("is in the files twice" in note for note in notes)


def test_the_table_has_every_resource_type_of_the_provider() -> None:
    assert DOCUMENTED.keys() == TERRAFORM.keys()
    assert set(TERRAFORM.values()) == RESOURCES.keys()


def test_all_of_a_workspace_is_imported_or_named() -> None:
    assert BASE.missing == 0
    assert [one.name for one in BASE.subscriptions or ()] == ["Bread sold"]
    assert [one.name for one in BASE.transformations or ()] == ["Rename the till"]
    assert [(one.name, one.path) for one in BASE.filters or ()] == [
        ("A tenth of all loaves", "userId"),
        ("No mail", ""),
    ]
    (renamed,) = BASE.transformations or ()
    assert renamed.property_renames[0].new_name == "properties.register"
    assert renamed.hash_properties_configuration is not None
    named = {(one.kind, one.name, one.scope) for one in BASE.not_imitated}
    assert {kind for kind, _, _ in named} == {
        "switched_off",
        "hashing",
        "insert_function",
        "tracking_plan",
    }
    assert ("insert_function", "enrich with weather", "destination") in named
    assert ("insert_function", "enrich", "source") in named
    assert ("hashing", "properties.card", "destination") in named
    for part in BASE.not_imitated:
        assert any(part.name in note for note in BASE.notes), part


def test_unknown_fields_and_resources_are_named_and_nothing_is_missing() -> None:
    for number, (type, values) in enumerate(RESOURCES_OF_A_WORKSPACE):
        resources = copy.deepcopy(RESOURCES_OF_A_WORKSPACE)
        resources[number] = (type, {**values, "brand_new": {"on": True}, "not_set": None})
        found = workspace(resources)
        if isinstance(RESOURCES[TERRAFORM[type]], str):
            assert found == BASE
            continue
        (part,) = [one for one in found.not_imitated if one.kind == "field"]
        assert part.name.startswith("brandNew of "), type
        assert (found.missing, any("brandNew" in note for note in found.notes)) == (0, True)
        assert msgspec.structs.replace(found, notes=(), not_imitated=()) == msgspec.structs.replace(
            BASE, notes=(), not_imitated=()
        )
    unknown = workspace([*RESOURCES_OF_A_WORKSPACE, ("segment_delivery_rule", {"id": "x"})])
    assert [one.name for one in unknown.not_imitated if one.kind == "resource"] == [
        "segment_delivery_rule.x1"
    ]
    assert any("segment_delivery_rule.x1" in note for note in unknown.notes)
    assert workspace([*RESOURCES_OF_A_WORKSPACE, ("aws_s3_bucket", {"id": "x"})]) == BASE
