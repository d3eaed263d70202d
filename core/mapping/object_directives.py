"""Directives that make lists and objects: @arrayPath, @flatten, @merge, @transform and @excludeWhenNull."""

from __future__ import annotations

from typing import cast

from ..errors import MappingError
from ..messages import Json, JsonObject
from .base import Build, Refused, refuse, undefined
from .javascript import MISSING, Getter, Value, keys_in_order, truthy, type_name
from .paths import compile_path, without_root
from .validate import checked


def array_path(node: Json, keep: bool, build: Build) -> Getter:
    """Compile @arrayPath: a list, each item of a shape."""
    if not isinstance(node, list):
        return refuse(f"@arrayPath expected array, got {type_name(node)}")
    if not node:
        return undefined
    path, *rest = node
    root = compile_path(without_root(path)) if isinstance(path, str) else build(path, keep)
    shape = rest[0] if rest else None
    if not isinstance(shape, dict) or not shape:
        return root
    each = build(shape, keep)

    def resolve(payload: Value) -> Value:
        value = root(payload)
        if isinstance(value, dict):
            return [cast(Json, each(value))]
        if isinstance(value, list):
            return [cast(Json, each(item)) for item in value]
        return value

    return resolve


def flatten_(options: JsonObject, keep: bool, build: Build) -> Getter:
    """Compile @flatten: an object without nesting."""
    if not truthy(options.get("separator")):
        return refuse('@flatten requires a "separator" key')
    separate = build(options["separator"], False)
    arrays = not truthy(options.get("omitArrays"))
    inner = build(options["value"], keep) if "value" in options else undefined

    def spread(value: Value, prefix: str, separator: str, made: JsonObject) -> None:
        if isinstance(value, dict):
            entries = [(key, value[key]) for key in keys_in_order(value)]
        elif isinstance(value, list) and arrays:
            entries = [(str(index), item) for index, item in enumerate(value)]
        else:
            if value is not MISSING or keep:
                made[prefix] = cast(Json, value)
            return
        for key, item in entries:
            spread(item, f"{prefix}{separator}{key}" if prefix else key, separator, made)

    def resolve(payload: Value) -> Value:
        separator = separate(payload)
        if not isinstance(separator, str):
            raise Refused("@flatten requires a string separator")
        made: JsonObject = {}
        spread(inner(payload), "", separator, made)
        return made

    return resolve


def merge_(options: JsonObject, keep: bool, build: Build) -> Getter:
    """Compile @merge: several objects in one."""
    if not truthy(options.get("direction")):
        return refuse('@merge requires a "direction" key')
    direction = build(options["direction"], False)
    objects = options.get("objects")
    if not truthy(objects):
        return refuse('@merge requires a "objects" key')
    if not isinstance(objects, list):
        got = "object" if isinstance(objects, dict) else type_name(objects)
        return refuse(f"@merge: expected opts.array, got {got}")
    parts = [build(item, True) for item in objects]

    def resolve(payload: Value) -> Value:
        from_left = direction(payload) == "left"
        values = [part(payload) for part in parts]
        if from_left:
            values.reverse()
        made: JsonObject = {}
        for value in values:
            if isinstance(value, dict):
                made.update(value)
            elif isinstance(value, list):
                made.update((str(index), item) for index, item in enumerate(value))
            elif isinstance(value, str):
                made.update((str(index), character) for index, character in enumerate(value))
        return made if keep else without_missing(made)

    return resolve


def transform_(options: JsonObject, keep: bool, build: Build) -> Getter:
    """Compile @transform: a mapping of what another mapping makes."""
    for key in ("mapping", "apply"):
        if not truthy(options.get(key)):
            return refuse(f'@transform requires a "{key}" key')
    source = options["apply"]
    if not isinstance(source, dict):
        return refuse('@transform "apply" key should be an object')
    try:
        apply = build(checked(source), False)
    except MappingError as fault:
        apply = refuse(str(fault))
    then = build(options["mapping"], keep)

    def resolve(payload: Value) -> Value:
        if not isinstance(payload, dict):
            raise Refused(f"data must be an object, got {type_name(payload)}")
        return then(apply(payload))

    return resolve


def exclude_when_null(node: Json, keep: bool, build: Build) -> Getter:
    """Compile @excludeWhenNull: a value without its keys that are null."""
    inner = build(node, keep)

    def clean(value: Value) -> Value:
        if not isinstance(value, dict):
            return value
        made: JsonObject = {}
        for key, item in value.items():
            if item is not None:
                made[key] = cast(Json, clean(item))
            elif keep:
                made[key] = cast(Json, MISSING)
        return made

    def resolve(payload: Value) -> Value:
        value = inner(payload)
        return MISSING if value is None else clean(value)

    return resolve


def without_missing(value: Json) -> Json:
    """Return the value without the keys that are undefined, at any depth."""
    if isinstance(value, dict):
        return {key: without_missing(item) for key, item in value.items() if item is not cast(Json, MISSING)}
    if isinstance(value, list):
        return [without_missing(item) for item in value]
    return value
