"""Mapping directives, compiled once to closures; then a message costs a few calls.

Source: mapping-kit of Segment's actions-core. A fault that it finds only while it runs (a path that is not a
string, an unknown directive inside a list) raises `Refused` with its words: the message is rejected then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from ..messages import Json, JsonObject
from . import object_directives, value_directives
from .base import Build, refuse
from .javascript import MISSING, Getter, Value, keys_in_order
from .paths import compile_keys, plain_path, walk
from .validate import checked, is_directive


def compile_mapping(mapping: JsonObject) -> Getter:
    """Compile a mapping to a closure that makes a subscription's payload of a message.

    Keys that come out undefined are left out. The closure raises `Refused` where Segment would reject the
    message. Raises MappingError for a mapping that Segment would refuse as a whole.
    """
    return _compile(checked(mapping), keep=False)


def compile_fields(mapping: JsonObject) -> list[tuple[str, Getter]] | Getter:
    """Compile each top-level field of a mapping; or all in one closure where a directive makes them."""
    node = checked(mapping)
    if is_directive(node):
        return _compile(node, keep=False)
    return [(key, _compile(node[key], keep=False)) for key in keys_in_order(node)]


def compile_node(node: Json) -> Getter:
    """Compile one node of a mapping that was checked as a whole. Raises MappingError where it cannot be."""
    return _compile(node, keep=False)


def _compile(node: Json, keep: bool) -> Getter:
    """Compile one node; `keep` leaves undefined values in objects: @merge distinguishes them from none."""
    if isinstance(node, list):
        items = [_compile(item, keep) for item in node]
        return lambda payload: [cast(Json, item(payload)) for item in items]
    if not isinstance(node, dict):
        return lambda payload: node
    if not is_directive(node):
        return _object(node, keep)
    name = next(key for key in node if key.startswith("@"))
    options = node[name]
    if name in _OBJECT_MAKERS:
        maker, first = _OBJECT_MAKERS[name]
        if not isinstance(options, dict):
            return refuse(f"{name} requires an object with {first}")
        return maker(options, keep, _compile)
    if name in _MAKERS:
        return _MAKERS[name](options, keep, _compile)
    return refuse(f"{name} is not a valid directive, got undefined")


def _object(node: JsonObject, keep: bool) -> Getter:
    keys = keys_in_order(node)
    paths = [plain_path(node[key]) for key in keys]
    if not keep and paths and len({path[:-1] for path in paths}) == 1 and all(paths):
        return _object_of_paths(keys, paths)
    fields = [(key, _compile(node[key], keep)) for key in keys]

    def resolve(payload: Value) -> Value:
        made: JsonObject = {}
        for key, get in fields:
            value = get(payload)
            if value is not MISSING or keep:
                made[key] = cast(Json, value)
        return made

    return resolve


def _object_of_paths(names: list[str], paths: list[tuple[str, ...]]) -> Getter:
    """Compile an object whose fields all come from one place: that is looked up once."""
    get_holder = compile_keys(paths[0][:-1])
    fields = [(name, path[-1]) for name, path in zip(names, paths, strict=True)]

    def resolve(payload: Value) -> Value:
        holder = get_holder(payload)
        made: JsonObject = {}
        if holder is MISSING:
            return made
        if holder.__class__ is dict:
            read = cast(JsonObject, holder).get
            for name, key in fields:
                value = read(key, MISSING)
                if value is not MISSING:
                    made[name] = value
            return made
        for name, key in fields:
            value = walk(holder, (key,))
            if value is not MISSING:
                made[name] = value
        return made

    return resolve


_MAKERS: dict[str, Callable[[Json, bool, Build], Getter]] = {
    "@path": value_directives.path,
    "@template": value_directives.template,
    "@literal": value_directives.literal,
    "@arrayPath": object_directives.array_path,
    "@excludeWhenNull": object_directives.exclude_when_null,
    "@liquid": value_directives.liquid,
}

_OBJECT_MAKERS: dict[str, tuple[Callable[[JsonObject, bool, Build], Getter], str]] = {
    "@if": (value_directives.if_, 'an "exists" key'),
    "@case": (value_directives.case_, 'a "operator" key'),
    "@replace": (value_directives.replace_, 'a "pattern" key'),
    "@flatten": (object_directives.flatten_, 'a "separator" key'),
    "@json": (value_directives.json_, 'a "value" key'),
    "@merge": (object_directives.merge_, 'an "objects" key and a "direction" key'),
    "@transform": (object_directives.transform_, 'an "apply" key and a "mapping" key'),
}
"""Directives that take options, and what Segment says where they have none."""
