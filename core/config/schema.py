"""The JSON Schema of segtap.toml, for editors and checks, made from the types of the settings.

It is stricter than segtap in one thing: a number or boolean in quotes, which segtap reads, is a fault here.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from ..catalogue import BY_ID
from ..checks.adjust import EVERY_RULE
from ..expected import Expected, MappingTest
from ..messages import JsonObject
from ..settings import Hold, InsertFunction, Redaction, RuleSetting, Settings
from ..transformations import Transformation
from .filters import ACTIONS, FilterTable
from .mapping_tests import STAGES
from .names import KEYS, NEVER_IN_A_FILE, REGION_KEYS, SECTIONS, TOP_LEVEL, environment_names
from .not_imitated import NotImitatedTable
from .routes import COMMON, OWN, RouteTable
from .sources import SourceTable
from .subscriptions import SubscriptionTable, presets_by_name
from .transformations import NOT_KEPT

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_FILE = "segtap.schema.json"
"""The file beside segtap.toml that its first line names."""
SCHEMA_LINE = f"#:schema ./{SCHEMA_FILE}"
"""The first line of a segtap.toml, by which taplo and editors find the schema."""

TABLE_TYPES: dict[str, type[msgspec.Struct]] = {
    "subscriptions": SubscriptionTable,
    "transformations": Transformation,
    "filters": FilterTable,
    "insert_functions": InsertFunction,
    "redact": Redaction,
    "hold": Hold,
    "rules": RuleSetting,
    "not_imitated": NotImitatedTable,
    "routes": RouteTable,
    "sources": SourceTable,
    "tests": MappingTest,
}
"""Lists of tables, and the keys of one table."""

_Schema = dict[str, Any]


def settings_schema(commands: Mapping[str, str] | None = None) -> JsonObject:
    """Return the schema of a whole settings file.

    `commands` are those of the screen, by id, with what each does: without them `[keys]` may hold any id.
    """
    types = {**SECTIONS, **TABLE_TYPES}
    _, definitions = msgspec.json.schema_components(types.values(), ref_template="#/$defs/{name}")
    del definitions["Secret"]
    for kind in (*types.values(), Expected):
        _describe(definitions[kind.__name__], kind)
    for kind in types.values():
        definitions[kind.__name__]["additionalProperties"] = False
    for section, kind in SECTIONS.items():
        _finish_section(definitions[kind.__name__], section)
    _finish_tables(definitions)
    top = {field.name: field for field in msgspec.structs.fields(Settings)}
    notes = _notes(Settings)
    variables = _variables()
    properties: _Schema = {}
    for name in TOP_LEVEL:
        properties[name] = {**msgspec.json.schema(top[name].type), "default": top[name].default}
        properties[name]["description"] = _joined(notes.get(name, ""), variables["", name])
    for section, kind in SECTIONS.items():
        properties[section] = {"$ref": f"#/$defs/{kind.__name__}"}
    properties[KEYS] = _keys(commands or {})
    for name, kind in TABLE_TYPES.items():
        properties[name] = {"type": "array", "items": {"$ref": f"#/$defs/{kind.__name__}"}}
    return _without_null(
        {
            "$schema": DIALECT,
            "title": "segtap.toml",
            "description": "Settings of segtap. Flags and SEGTAP_* variables win over this file.",
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            "$defs": definitions,
        }
    )


def _describe(schema: _Schema, kind: type[msgspec.Struct]) -> None:
    """Add what the type's source says of its fields."""
    schema["description"] = inspect.cleandoc(schema["description"])
    notes = _notes(kind)
    for field in msgspec.structs.fields(kind):
        if note := notes.get(field.name):
            schema["properties"][field.encode_name]["description"] = note


def _notes(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Return the text that follows each field in the source of a type, which Python itself does not keep."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    body = cast(ast.ClassDef, tree).body
    return {
        field.target.id: " ".join(note.value.value.split())
        for field, note in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(note, ast.Expr)
        and isinstance(note.value, ast.Constant)
        and isinstance(note.value.value, str)
    }


def _variables() -> dict[tuple[str, str], str]:
    """Return the sentence that names the variables of each setting, by section and key."""
    names: dict[tuple[str, str], list[str]] = {}
    for variable, setting in environment_names().items():
        names.setdefault(setting, []).append(variable)
    return {
        setting: f"In the environment: {' or '.join(sorted(found, key=len, reverse=True))}."
        for setting, found in names.items()
    }


def _joined(note: str, variables: str) -> str:
    return f"{note.rstrip('.')}. {variables}" if note else variables


def _finish_section(schema: _Schema, section: str) -> None:
    """Leave out secrets, which segtap refuses in a file, and name the variables of what remains."""
    properties = schema["properties"]
    for name in NEVER_IN_A_FILE:
        properties.pop(name, None)
    variables = _variables()
    for name, one in properties.items():
        one["description"] = _joined(one.get("description", ""), variables[section, name])
        if section == "destination" and name in REGION_KEYS:
            one["enum"] += [region.upper() for region in one["enum"] if region]


def _keys(commands: Mapping[str, str]) -> _Schema:
    kind: _Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    return {
        "description": "Keys of the screen's commands. segtap help keys lists the commands.",
        "type": "object",
        "properties": {id: {"description": words, **kind} for id, words in commands.items()},
        "additionalProperties": False if commands else kind,
    }


def _finish_tables(definitions: dict[str, _Schema]) -> None:
    """Add what the readers of the tables demand beyond types."""
    subscription = definitions["SubscriptionTable"]
    subscription["properties"]["preset"]["enum"] = ["", *presets_by_name()]
    subscription["anyOf"] = [{"required": ["preset"]}, {"required": ["trigger", "action", "mapping"]}]

    condition = definitions["FilterTable"]
    keys: dict[str, list[str]] = {}
    for action, own in ACTIONS.items():
        for key in own:
            keys.setdefault(key, []).append(action)
    # Not as dependentSchemas, which taplo does not know.
    condition["allOf"] = [
        {
            "if": {"required": [key]},
            "then": {"properties": {"action": {"enum": actions}}, "required": ["action"]},
        }
        for key, actions in keys.items()
    ] + [
        {
            "if": {"properties": {"action": {"const": action}}, "required": ["action"]},
            "then": {"required": [own[0]]},
        }
        for action, own in ACTIONS.items()
        if own
    ]
    condition["properties"]["fields"]["minProperties"] = 1

    _finish_routes(definitions["RouteTable"])
    transformation = definitions["Transformation"]["properties"]
    constants = transformation["propertyValueTransformations"]
    text = {"type": "string", "contentMediaType": "application/json"}
    kept = {name: constants.pop(name) for name in ("type", "items")}
    constants["anyOf"] = [kept, text]
    for name in NOT_KEPT:
        transformation[name] = {"description": "Read, and not kept."}

    definitions["InsertFunction"]["properties"]["file"]["minLength"] = 1
    definitions["Redaction"]["anyOf"] = [{"required": ["path"]}, {"required": ["pattern"]}]
    definitions["Hold"]["properties"]["filter"]["pattern"] = r"\S"
    definitions["RuleSetting"]["properties"]["id"]["enum"] = [EVERY_RULE, *BY_ID]
    test = definitions["MappingTest"]["properties"]
    test["name"]["minLength"] = 1
    test["message"] = {"anyOf": [test["message"], text]}
    expected = definitions["Expected"]
    expected["minProperties"] = 1
    expected["properties"]["not_sent"] = {
        "description": "The stage that stops the message.",
        "enum": list(STAGES),
    }


def _finish_routes(schema: _Schema) -> None:
    """Say which keys each kind of route may have."""
    schema["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": kind}}},
            "then": {"propertyNames": {"enum": [*COMMON, *own]}},
        }
        for kind, own in OWN.items()
    ]
    schema["allOf"] += [
        {
            "if": {"properties": {"kind": {"const": "segment"}}},
            "then": {"properties": {"region": {"enum": ["us", "eu", "US", "EU"]}}},
        },
        {
            "if": {"properties": {"kind": {"const": "archive"}}},
            "then": {"properties": {"url": {"minLength": 1}}, "required": ["url"]},
        },
    ]


def _without_null(value: Any) -> Any:
    """Leave out null, which TOML does not have."""
    if isinstance(value, list | tuple):
        return [_without_null(item) for item in cast("list[Any]", value) if item != {"type": "null"}]
    if not isinstance(value, dict):
        return value
    made = {
        key: _without_null(item)
        for key, item in cast(_Schema, value).items()
        if not (key == "default" and item is None)
    }
    if len(made.get("anyOf", ())) == 1:
        (only,) = made.pop("anyOf")
        made = {**only, **made}
    return made
