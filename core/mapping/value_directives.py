"""Directives that make one value: @path, @template, @literal, @if, @case, @replace, @json and @liquid."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from ..messages import Json, JsonObject
from .base import Build, Refused, refuse, undefined
from .javascript import (
    MISSING,
    Getter,
    Value,
    format_number,
    is_number,
    loosely_empty,
    parse_json,
    stringify,
    truthy,
    type_name,
)
from .paths import compile_path, plain_path, without_root
from .replace import compile_replace
from .templates import compile_template
from .validate import utf16_length


def _text_of(name: str, node: Json, build: Build, make: Callable[[str], Getter]) -> Getter:
    """Compile a directive with one string argument: a literal now, a computed one for each message."""
    if isinstance(node, str):
        return make(node)
    inner = build(node, False)

    def late(payload: Value) -> Value:
        text = inner(payload)
        if not isinstance(text, str):
            raise Refused(f"{name}: expected string, got {type_name(text)}")
        return make(text)(payload)

    return late


def path(node: Json, keep: bool, build: Build) -> Getter:
    """Compile @path: the value at a place in the payload."""
    return _text_of("@path", node, build, lambda path: compile_path(without_root(path)))


def template(node: Json, keep: bool, build: Build) -> Getter:
    """Compile @template: a text with placeholders."""
    return _text_of("@template", node, build, compile_template)


def literal(node: Json, keep: bool, build: Build) -> Getter:
    """Compile @literal: the node inside it."""
    return build(node, keep)


def if_(options: JsonObject, keep: bool, build: Build) -> Getter:
    """Compile @if: one of two values."""
    if not truthy(options.get("exists")) and not truthy(options.get("blank")):
        return refuse('@if requires an "exists" key or a "blank" key')
    blank = "exists" not in options
    test = build(options["blank" if blank else "exists"], False)
    then = build(options["then"], keep) if "then" in options else undefined
    otherwise = build(options["else"], keep) if truthy(options.get("else")) else undefined

    if blank:

        def if_blank(payload: Value) -> Value:
            value = test(payload)
            filled = value is not MISSING and value is not None and not loosely_empty(value)
            return then(payload) if filled else otherwise(payload)

        return if_blank

    same = options["exists"] == options.get("then", MISSING) and plain_path(options["exists"])

    def if_exists(payload: Value) -> Value:
        value = test(payload)
        if value is MISSING or value is None:
            return otherwise(payload)
        return value if same else then(payload)

    return if_exists


def case_(options: JsonObject, keep: bool, build: Build) -> Getter:
    """Compile @case: a text in lower or upper case."""
    operator = options.get("operator")
    if not truthy(operator):
        return refuse('@case requires a "operator" key')
    if not truthy(options.get("value")):
        return undefined
    inner = build(options["value"], False)
    change = {"lower": str.lower, "upper": str.upper}.get(operator) if isinstance(operator, str) else None

    def resolve(payload: Value) -> Value:
        value = inner(payload)
        if not isinstance(value, str):
            return value
        if change is None:
            raise Refused('operator key should have a value of "lower" or "upper"')
        return change(value)

    return resolve


def replace_(options: JsonObject, keep: bool, build: Build) -> Getter:
    """Compile @replace: a text with a pattern replaced."""
    if not truthy(options.get("pattern")):
        return refuse('@replace requires a "pattern" key')
    if not truthy(options.get("value")):
        return undefined
    inner = build(options["value"], False)
    change = compile_replace(options)

    def resolve(payload: Value) -> Value:
        value = inner(payload)
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif is_number(value):
            value = format_number(cast(float, value))
        if not isinstance(value, str):
            return ""
        if isinstance(change, str):
            raise Refused(change)
        return change(value)

    return resolve


def json_(options: JsonObject, keep: bool, build: Build) -> Getter:
    """Compile @json: a value as JSON text, or JSON text as a value."""
    if not truthy(options.get("mode")):
        return refuse('@json requires a "mode" key')
    if not truthy(options.get("value")):
        return refuse('@json requires a "value" key')
    inner = build(options["value"], False)
    if options["mode"] == "encode":
        return lambda payload: stringify(inner(payload))
    decodes = options["mode"] == "decode"

    def decode(payload: Value) -> Value:
        value = inner(payload)
        if not decodes:
            return MISSING  # "Encode" passes the check of the mapping, and then does nothing
        if isinstance(value, str):
            try:
                return parse_json(value)
            except ValueError:
                return value
        return value

    return decode


def liquid(node: Json, keep: bool, build: Build) -> Getter:
    """Compile @liquid: a rendered Liquid template."""
    from .liquid import MAX_TEMPLATE, LiquidFault, compile_template  # it takes a while to import

    if not isinstance(node, str):
        return refuse("liquid template value must be a string")
    if utf16_length(node) > MAX_TEMPLATE:
        return refuse(f"liquid template values are limited to {MAX_TEMPLATE} characters")
    try:
        render = compile_template(node)
    except LiquidFault as fault:
        return refuse(str(fault))

    def resolve(payload: Value) -> Value:
        try:
            return render(payload)
        except LiquidFault as fault:
            raise Refused(str(fault)) from None

    return resolve
