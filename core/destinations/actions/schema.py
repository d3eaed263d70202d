"""Checks a payload against an action's fields and coerces it, as Segment's engine does with JSON schema.

Sources: actions-core (`removeEmptyValues`, fields as JSON schema), ajv with `coerceTypes: "array"` and
`removeAdditional`, and ajv-human-errors for the words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import cast

from ...mapping.dates import is_date_like
from ...mapping.javascript import (
    MISSING,
    SAFE,
    Value,
    as_double,
    format_number,
    is_number,
    json_number,
    to_number,
    type_name,
)
from ...mapping.validate import article
from ...messages import Json, JsonObject
from .fields import Field, FieldType

Faults = list[str]
Coerce = Callable[[Value, str, Faults], Value]
"""Takes a value, its JSON pointer and the list for faults; gives the value as the field's type has it."""

_NO = object()


def _to_string(value: Value) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return format_number(cast(float, value))
    return "" if value is None else _NO


def _to_number(value: Value) -> object:
    if value is None or isinstance(value, bool):
        return int(value or 0)
    if isinstance(value, str) and value:
        number = to_number(value)
        return number if number == number else _NO
    return _NO


def _to_integer(value: Value) -> object:
    number = _to_number(value)
    if number is _NO or not _whole(cast(float, number)):
        return _NO
    return number


def _to_boolean(value: Value) -> object:
    if value is None or value == "false" or (is_number(value) and value == 0):
        return False
    if value == "true" or (is_number(value) and value == 1):
        return True
    return _NO


def _to_null(value: Value) -> object:
    return None if value == "" or value is False or (is_number(value) and value == 0) else _NO


def _whole(number: float) -> bool:
    return not isinstance(number, float) or number.is_integer() or abs(number) == float("inf")


def _is(kind: FieldType, value: Value) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "string":
        return isinstance(value, str)
    if kind == "datetime" and isinstance(value, str):
        return True
    if not is_number(value) or not math.isfinite(as_double(cast(float, value))):
        return False  # Infinity, which JSON text such as 1e400 holds, is not a number to ajv
    return kind != "integer" or _whole(cast(float, value))


_COERCIONS: dict[FieldType, tuple[Callable[[Value], object], ...]] = {
    "string": (_to_string,),
    "number": (_to_number,),
    "integer": (_to_integer,),
    "boolean": (_to_boolean,),
    "datetime": (_to_string, _to_number),
}
"""What a value of another type is turned into, tried in this order."""

_WANTED: dict[FieldType, str] = {"datetime": "string or number"}


def compile_field(field: Field) -> Coerce:
    """Return the check of one field. Empty values have been taken away before; in products they have not."""
    coerce = _compile_object(field) if field.type == "object" else _compile_scalar(field)
    if not field.multiple:
        return coerce

    def each(value: Value, pointer: str, faults: Faults) -> Value:
        items = cast("list[Json]", value if isinstance(value, list) else [value])
        kept = [item for item in items if item is not cast(Json, MISSING) and not is_empty(item, field)]
        return [cast(Json, coerce(item, f"{pointer}/{index}", faults)) for index, item in enumerate(kept)]

    return each


def _fault(label: str, wanted: str, value: Value) -> str:
    got = type_name(value)
    actual = got if got in ("null", "undefined") else article(got)
    return f"{label[:1].upper()}{label[1:]} must be {article(wanted)} but it was {actual}."


def _compile_scalar(field: Field) -> Coerce:
    kind, label = field.type, field.label
    coercions = (*_COERCIONS[kind], _to_null) if field.nullable else _COERCIONS[kind]
    union = field.nullable or kind == "datetime"
    wanted = _WANTED.get(kind, kind) + (" or null" if field.nullable else "")
    titled = f"{label[:1].upper()}{label[1:]}"

    def coerce(value: Value, pointer: str, faults: Faults) -> Value:
        if isinstance(value, float) and value != value:
            value = None
        if not _is(kind, value):
            if isinstance(value, list) and len(value) == 1:
                # ajv takes the item of a list of one, but where a field has two types, it then finds
                # that no value is of both: only what can be coerced passes.
                value = value[0]
                wrong = union or not _is(kind, value)
            else:
                wrong = True
            if wrong:
                for one in coercions:
                    made = one(value)
                    if made is not _NO:
                        value = cast(Json, made)
                        break
                else:
                    faults.append(_fault(label, wanted, value))
                    if not isinstance(value, str):
                        return value
        if kind == "datetime" and isinstance(value, str) and not is_date_like(value):
            faults.append(f"{titled} must be a valid date-like string but it was not.")
        if is_number(value):
            number = cast(float, value)
            if field.minimum is not None and number < field.minimum:
                faults.append(f"{titled} must be equal to or greater than {field.minimum}.")
            if field.maximum is not None and number > field.maximum:
                faults.append(f"{titled} must be equal to or less than {field.maximum}.")
            return json_number(number) if kind in ("number", "integer") else number
        return value

    return _quick(kind, field.minimum is not None or field.maximum is not None, coerce)


def plain_type(field: Field) -> type | None:
    """Return the type whose values fit the field as they are, so that nothing has to be coerced."""
    if field.type == "object":
        return dict if not field.inside and not field.multiple else None
    return {"string": str, "boolean": bool}.get(field.type)


def _quick(kind: FieldType, bounded: bool, coerce: Coerce) -> Coerce:
    """Return the same check with a short way for what most messages hold: dates that read, whole numbers."""
    if kind == "datetime":

        def date(value: Value, pointer: str, faults: Faults) -> Value:
            if value.__class__ is str and is_date_like(cast(str, value)):
                return value
            return coerce(value, pointer, faults)

        return date
    if kind in ("number", "integer") and not bounded:

        def number(value: Value, pointer: str, faults: Faults) -> Value:
            if value.__class__ is int and -SAFE <= cast(int, value) <= SAFE:
                return value
            return coerce(value, pointer, faults)

        return number
    return coerce


def _compile_object(field: Field) -> Coerce:
    checks = {inner.name: (inner, compile_field(inner), plain_type(inner)) for inner in field.inside}

    def check(value: Value, pointer: str, faults: Faults) -> Value:
        if not isinstance(value, dict):
            label = f"the value at {pointer}" if field.multiple else field.label
            faults.append(_fault(label, "object", value))
            return value
        if not checks:
            return value
        made: JsonObject = {}
        found: dict[str, Faults] = {}
        for key, item in value.items():
            known = checks.get(key)
            if known is None:
                if field.open and item is not cast(Json, MISSING):
                    made[key] = item
                continue
            inner, coerce, plain = known
            if item.__class__ is plain:
                made[key] = item
                continue
            if item is cast(Json, MISSING) or (not field.multiple and is_empty(item, inner)):
                continue
            own: Faults = []
            made[key] = cast(Json, coerce(item, f"{pointer}/{key}", own))
            if own:
                found[key] = own
        if found:
            for name in checks:
                faults.extend(found.get(name, ()))
        return made

    return check


def is_empty(value: Json, field: Field) -> bool:
    """Return True for a value inside an object that counts as absent."""
    if value is None:
        return not field.nullable
    return value == "" and field.type not in ("string", "datetime")
