"""`[[transformations]]` of segtap.toml, under the names of Segment's Public API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from ..errors import SettingsError
from ..messages import Json, JsonObject
from ..toml_text import fits_toml, toml_key, toml_value
from ..transformations import Transformation
from .nearest import nearest_key
from .tables import only_json, tables_of

_FIELDS = {field.encode_name: field for field in msgspec.structs.fields(Transformation)}
KEYS = tuple(_FIELDS)
_CONSTANTS = "propertyValueTransformations"
"""May be JSON in a string, for TOML has no null."""
NOT_KEPT = ("id",)
"""Keys of the Public API that are read and not kept."""


def read_transformations(tables: Json, place: str) -> tuple[Transformation, ...]:
    """Read a file's `[[transformations]]`, or a list of the Public API's. Raises SettingsError.

    `place` names the file. A condition may be any string: one that is not FQL stops every message, as at
    Segment, and a rule says so. The key of a hash is a secret, and is not kept.
    """
    checked = tables_of(
        tables, f"{place}: transformations are tables. Write each below a line [[transformations]]."
    )
    return tuple(
        _transformation(table, f"{place}: transformation {number}")
        for number, table in enumerate(checked, start=1)
    )


def _transformation(table: JsonObject, place: str) -> Transformation:
    given: JsonObject = {
        key: value for key, value in table.items() if value is not None and key not in NOT_KEPT
    }
    for key in given:
        if key not in KEYS:
            raise SettingsError(f"{place} has no key {key!r}. {nearest_key(key, KEYS)}")
    if not isinstance(given.get("if"), str):
        raise SettingsError(f"{place} has no condition. Write it as if = \"type = 'track'\".")
    if isinstance(constants := given.get(_CONSTANTS), str):
        try:
            given[_CONSTANTS] = cast(Json, json.loads(constants))
        except ValueError as error:
            raise SettingsError(f"{place}: {_CONSTANTS} is not JSON: {error}.") from None
    try:
        made = msgspec.convert(given, Transformation)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{place} cannot be read: {error}.") from None
    for constant in made.property_value_transformations:
        only_json(
            constant.property_value,
            place,
            number="{value} is not a number in JSON.",
            date="propertyValue is a date without quotes. Put it into quotes.",
        )
    return made


def write_transformations(transformations: Sequence[Transformation]) -> str:
    """Return the `[[transformations]]` of a file; `read_transformations` gives the same ones back."""
    return "\n".join(map(_write, transformations))


def _write(one: Transformation) -> str:
    lines = ["[[transformations]]"]
    whole = cast("Mapping[str, Json]", msgspec.to_builtins(one))
    for key, field in _FIELDS.items():
        value = getattr(one, field.name)
        if field.name != "condition" and value == field.default:
            continue
        written = _lists(whole[key])
        if key == _CONSTANTS and not fits_toml(written):
            written = json.dumps(written)  # TOML has no null
        lines.append(f"{toml_key(key)} = {toml_value(written)}")
    return "\n".join(lines) + "\n"


def _lists(value: Json) -> Json:
    """Return the value with lists in place of tuples, which is what JSON and TOML have."""
    if isinstance(value, dict):
        return {name: _lists(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(item) for item in cast("Sequence[Json]", value)]
    return value
