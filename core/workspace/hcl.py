"""Blocks of Terraform's language (HCL), and the values of their expressions.

Supported are numbers, strings with `${…}`, heredocs, lists, objects, references to variables with a default,
to locals and to resources, and the functions of `FUNCTIONS`. What only Terraform knows, and what segtap
cannot evaluate, becomes `Unknown`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias, cast

import msgspec

HclValue: TypeAlias = Any
"""A JSON value, or `Unknown` anywhere in it."""


class Unknown(msgspec.Struct, frozen=True):
    """A value that only Terraform knows: `segment_destination.mixpanel.id`, `var.token`.

    For an expression that segtap cannot evaluate, `reference` says where it is and why.
    """

    reference: str


class Block(msgspec.Struct, frozen=True):
    """A block: `resource "segment_destination" "mixpanel" { … }`."""

    type: str
    labels: tuple[str, ...]
    attributes: dict[str, Expression]
    blocks: list[Block]


Scope = Callable[[str], "Expression | None"]
"""Gives the expression behind `var.token` or `local.name`, or None."""

Expression: TypeAlias = Callable[["Evaluation"], HclValue]


class Evaluation:
    """Evaluates expressions with the variables and locals of a configuration."""

    def __init__(self, names: dict[str, Expression]) -> None:
        self._names = names
        self._within: list[str] = []

    def within(self, names: dict[str, HclValue]) -> Evaluation:
        """Return an evaluation that also knows these names, with their values."""
        return Evaluation({**self._names, **{name: constant(value) for name, value in names.items()}})

    def value(self, expression: Expression) -> HclValue:
        """Return the value of an attribute."""
        return expression(self)

    def reference(self, path: tuple[str, ...]) -> HclValue:
        """Resolve a reference; `Unknown` if the files do not contain its value."""
        name = ".".join(path[:2])
        if name not in self._names or name in self._within:
            return Unknown(".".join(path))
        self._within.append(name)
        value = self._names[name](self)
        self._within.pop()
        for depth, key in enumerate(path[2:], start=3):
            value = _member(value, key, ".".join(path[:depth]))
        return value


def constant(value: HclValue) -> Expression:
    """Return an expression with this value."""
    return lambda scope: value


def _member(value: HclValue, key: str, name: str) -> HclValue:
    if isinstance(value, dict) and key in value:
        return cast("dict[str, HclValue]", value)[key]
    if isinstance(value, list) and key.isdecimal() and int(key) < len(cast("list[HclValue]", value)):
        return cast("list[HclValue]", value)[int(key)]
    return Unknown(f"{value.reference}.{key}" if isinstance(value, Unknown) else name)


def evaluation(blocks: list[Block], values: dict[str, Expression] | None = None) -> Evaluation:
    """Return an evaluation that knows the locals and variables of these blocks.

    `values` are those of .tfvars files; a variable without one has its default.
    """
    names: dict[str, Expression] = {}
    for block in blocks:
        if block.type == "locals":
            names.update((f"local.{key}", value) for key, value in block.attributes.items())
        elif block.type == "variable" and block.labels and "default" in block.attributes:
            names[f"var.{block.labels[0]}"] = block.attributes["default"]
    names.update((f"var.{name}", value) for name, value in (values or {}).items())
    return Evaluation(names)


def _encode(value: HclValue) -> HclValue:
    unknown = first_unknown(value)
    return json.dumps(value, ensure_ascii=False) if unknown is None else Json(value)


class Json(msgspec.Struct, frozen=True):
    """The JSON text of a value that is not wholly known."""

    value: HclValue


def first_unknown(value: HclValue) -> Unknown | None:
    """Return the first part of a value that only Terraform knows, or None."""
    if isinstance(value, Unknown):
        return value
    items: list[HclValue] = []
    if isinstance(value, dict):
        items = list(cast("dict[str, HclValue]", value).values())
    elif isinstance(value, list):
        items = cast("list[HclValue]", value)
    elif isinstance(value, Json):
        items = [value.value]
    return next((found for item in items if (found := first_unknown(item)) is not None), None)


def _merge(*values: HclValue) -> HclValue:
    """Merge objects; unknown if one of them is, because its keys may replace those of others."""
    made: dict[str, HclValue] = {}
    for value in values:
        if isinstance(value, Unknown):
            return value
        if isinstance(value, dict):
            made.update(cast("dict[str, HclValue]", value))
    return made


def _decode(value: HclValue) -> HclValue:
    if isinstance(value, Json):
        return value.value
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return Unknown(f"jsondecode({value[:40]!r}), which is not JSON")


def _to_text(value: HclValue) -> HclValue:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _itself(value: HclValue) -> HclValue:
    return value


VARIADIC = "merge"
"""The function that accepts any number of arguments; all others accept one."""


FUNCTIONS: dict[str, Callable[..., HclValue]] = {
    "jsonencode": _encode,
    "jsondecode": _decode,
    "merge": _merge,
    "tostring": _to_text,
    **dict.fromkeys(("sensitive", "nonsensitive", "tolist", "toset", "tomap"), _itself),
}
"""The functions that segtap can evaluate."""
