"""Violations in Segment's words. Pure.

Segment Protocols forwards a violation with `violationField` (`properties.products`) and
`violationDescription` (`properties.products is required`); the whole message is `(root)`. Both are the
words of the Go library gojsonschema, with the field's path put before a missing property; its table
of texts (locales.go) is followed here for every other kind.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec

from ..json_text import json_type
from ..messages import Json
from ..paths import child
from ..text import clean, shorten, shown

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

ROOT = "(root)"
_ALLOWED_SHOWN = 200
_PLAIN_TEXT = 60

_TEXTS = {
    "anyOf": "Must validate at least one schema (anyOf)",
    "oneOf": "Must validate one and only one schema (oneOf)",
    "not": "Must not validate the schema (not)",
    "additionalItems": "No additional items allowed on array",
    "uniqueItems": "array items must be unique",
    "contains": "At least one of the items must match",
    "minItems": "Array must have at least {} items",
    "maxItems": "Array must have at most {} items",
    "minProperties": "Must have at least {} properties",
    "maxProperties": "Must have at most {} properties",
    "minLength": "String length must be greater than or equal to {}",
    "maxLength": "String length must be less than or equal to {}",
    "minimum": "Must be greater than or equal to {}",
    "exclusiveMinimum": "Must be greater than {}",
    "maximum": "Must be less than or equal to {}",
    "exclusiveMaximum": "Must be less than {}",
    "multipleOf": "Must be a multiple of {}",
    "pattern": "Does not match pattern '{}'",
    "format": "Does not match format '{}'",
    "falseSchema": "False always fails validation",
}
"""JSON Schema's keyword → Segment's description; {} is the keyword's value."""

_FIXES = {
    "oneOf": "send what one of the alternatives of the plan describes",
    "anyOf": "send what one of the alternatives of the plan describes",
    "pattern": "send a value that the plan's pattern takes, or change the plan",
    "format": "send it in the format that the plan names, such as 2026-11-24T10:41:03Z for date-time",
}


class Violation(msgspec.Struct, frozen=True):
    """One violation: `path` leads to the place (`$.properties.total`), `field` is Segment's name of it.

    `description` is Segment's, `fix` what to do about it, "" for the rule's own. `unexpected` is set where a
    property is there that the plan's schema forbids.
    """

    path: str
    field: str
    description: str
    fix: str = ""
    unexpected: bool = False

    @property
    def text(self) -> str:
        """Field and description, the field once."""
        if self.description.startswith(self.field):
            return self.description
        return f"{self.field}: {self.description}"


def violations(error: ValidationError) -> Iterator[Violation]:
    """Yield what one error of the validator says: mostly one violation, one for each forbidden property."""
    steps = error.instance_path
    kind, value = error.kind.name, error.kind.value
    if kind == "required":
        yield _required(steps, str(value))
    elif kind == "additionalProperties":
        for name in cast("list[str]", value):
            yield Violation(
                _path([*steps, name]),
                _field([*steps, name]),
                f"Additional property {_name(name)} is not allowed",
                "leave the property out, or add it to the plan",
                True,
            )
    elif kind == "type":
        yield _type(steps, cast("list[str]", value), cast(Json, error.instance))
    elif kind == "enum":
        allowed = ", ".join(map(_json, cast("list[Json]", value)))
        yield _plain(
            steps, f"{_field(steps)} must be one of the following: {shorten(allowed, _ALLOWED_SHOWN)}"
        )
    elif kind == "const":
        yield _plain(
            steps, f"{_field(steps)} does not match: {shorten(_json(cast(Json, value)), _ALLOWED_SHOWN)}"
        )
    elif kind == "propertyNames":
        yield _plain(steps, f"Property name of {shown(cast(Json, value.instance))} does not match")
    elif kind in _TEXTS:
        text = _TEXTS[kind]
        if "{}" in text:
            text = text.replace("{}", shorten(clean(_number(value)), _ALLOWED_SHOWN))
        yield _plain(steps, text, _FIXES.get(kind, ""))
    else:
        yield _plain(steps, shorten(clean(error.message), _ALLOWED_SHOWN))


def too_deep() -> Violation:
    """Return a finding for a message that violates the plan at a depth that cannot be described."""
    return Violation("$", ROOT, "violates the plan, nested too deep to say where")


def spellings(known: Iterable[str]) -> dict[str, str]:
    """Return index names by what of them counts when they are compared: letters and digits, in one case."""
    found: dict[str, str] = {}
    for name in known:
        found.setdefault(_folded(name), name)
    return found


def same_name(name: str, known: Mapping[str, str]) -> str:
    """Return the known name that is spelled otherwise in case, spaces and signs only, or ""."""
    return known.get(_folded(name), "")


def nearest(name: str, known: Mapping[str, str]) -> str:
    """Return the known name that was probably meant, or "": `Order Complete` for Order Completed."""
    same = same_name(name, known)
    if same:
        return same
    near = difflib.get_close_matches(_folded(name), known, 1, 0.8)
    return known[near[0]] if near else ""


def _folded(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum()) or name


def _required(steps: Sequence[str | int], name: str) -> Violation:
    where = [*steps, name]
    return Violation(
        _path(where),
        _field(where),
        f"{_field(where)} is required",
        "send it, or make it optional in the plan",
    )


def _type(steps: Sequence[str | int], expected: list[str], given: Json) -> Violation:
    expected = sorted(expected, key=lambda name: name == "null")
    words = expected[0] if len(expected) == 1 else f"[{','.join(expected)}]"
    fix = f"send {_article(expected)}, or change its type in the plan"
    if given is None and "null" not in expected:
        fix = f"leave it out where there is no value, or send {_article(expected)}"
    return _plain(steps, f"Invalid type. Expected: {words}, given: {_type_of(given)}", fix)


def _article(types: list[str]) -> str:
    names = [f"an {name}" if name[0] in "aio" else f"a {name}" for name in types if name != "null"]
    return " or ".join(names) or "null"


def _type_of(value: Json) -> str:
    """Return JSON Schema's name of a value's type, as gojsonschema tells it: whole numbers are integers."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "integer" if isinstance(value, int) or value.is_integer() else "number"
    return json_type(value)


def _plain(steps: Sequence[str | int], description: str, fix: str = "") -> Violation:
    return Violation(_path(steps), _field(steps), description, fix)


def _path(steps: Sequence[str | int]) -> str:
    path = "$"
    for step in steps:
        path = child(path, step)
    return path


def _field(steps: Sequence[str | int]) -> str:
    return ".".join(_name(str(step)) for step in steps) or ROOT


def _name(name: str) -> str:
    return shorten(clean(name), _PLAIN_TEXT)


def _json(value: Json) -> str:
    return clean(msgspec.json.encode(value).decode())


def _number(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
