"""Which mappings Segment's engine accepts, with its words for what it does not.

Source: mapping-kit/validate of Segment's actions-core. It looks at a directive's own options, not into
lists and raw objects; what hides there is found when it runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import cast

from ..errors import MappingError
from ..messages import Json, JsonObject
from .javascript import type_name

ROOT = "__segment_internal_directive"
"""A mapping may name one directive that is applied to the whole of it, under this key."""
MAX_PATTERN = 10
MAX_REPLACEMENT = 10

Path = tuple[str, ...]
Check = Callable[[Json, Path], Iterator[str]]


def is_directive(node: Json) -> bool:
    """Return True for an object whose keys all start with @, `_metadata` aside."""
    return (
        isinstance(node, dict)
        and any(key.startswith("@") for key in node)
        and all(key.startswith("@") or key == "_metadata" for key in node)
    )


def checked(mapping: JsonObject) -> JsonObject:
    """Return the mapping with its root directive in place. Raises MappingError when it cannot be used."""
    node: JsonObject = mapping
    if ROOT in mapping:
        root = mapping[ROOT]
        if not isinstance(root, dict) or len(root) != 1:
            raise MappingError("The root mapping must only have a single directive object")
        ((name, options),) = root.items()
        if not isinstance(options, dict):
            raise MappingError("The root directive must be an object")
        own: JsonObject = {key: value for key, value in mapping.items() if key != ROOT}
        whole: JsonObject = {**options, "mapping": own}
        node = {name: whole}
    faults = mapping_faults(node)
    if faults:
        raise MappingError(" ".join(faults))
    return node


def mapping_faults(mapping: Json) -> list[str]:
    """Return everything that is wrong with a mapping, in Segment's words; empty when it can be used."""
    return list(_any(mapping, ()))


def article(noun: str) -> str:
    """Return the noun with its a or an."""
    return f"{'an' if noun[:1] in tuple('aeiou') else 'a'} {noun}"


def _kind(node: Json) -> str:
    if isinstance(node, dict) and any(key.startswith("@") for key in node):
        return "directive"
    return type_name(node)


def _fault(path: Path, what: str) -> str:
    return f"/{'/'.join(path)} {what}."


def _any(node: Json, path: Path) -> Iterator[str]:
    kind = _kind(node)
    if kind == "directive":
        yield from _directive(node, path)
    elif kind == "object":
        yield from _object(node, path)


def _directive(node: Json, path: Path) -> Iterator[str]:
    if not isinstance(node, dict):
        yield _fault(path, f"should be a directive object but it is {article(type_name(node))}")
        return
    names = [key for key in node if key.startswith("@")]
    if len(names) > 1:
        yield _fault(path, f"should only have one @-prefixed key but it has {len(names)} keys")
    elif any(not key.startswith("@") and key != "_metadata" for key in node):
        yield _fault(path, f"should only have one @-prefixed key but it has {len(node)} keys")
    elif names[0] not in _DIRECTIVES:
        yield _fault(path, f"has an invalid directive: {names[0]}")
    else:
        yield from _DIRECTIVES[names[0]](node[names[0]], (*path, names[0]))


def _object(node: Json, path: Path) -> Iterator[str]:
    kind = _kind(node)
    if not isinstance(node, dict) or kind != "object":
        yield _fault(path, f"should be an object but it is {article(kind)}")
        return
    for key, value in node.items():
        yield from _any(value, (*path, key))


def _raw(node: Json, path: Path) -> Iterator[str]:
    if _kind(node) == "directive":
        yield from _directive(node, path)


def _string_or_directive(node: Json, path: Path) -> Iterator[str]:
    kind = _kind(node)
    if kind == "directive":
        yield from _directive(node, path)
    elif kind != "string":
        yield _fault(path, f"should be a string or a mapping directive but it is {article(kind)}")


def _object_or_directive(node: Json, path: Path) -> Iterator[str]:
    kind = _kind(node)
    if kind == "directive":
        yield from _directive(node, path)
    elif kind == "object":
        yield from _object(node, path)
    else:
        yield _fault(path, f"should be a object or a mapping directive but it is {article(kind)}")


def _of_type(wanted: str) -> Check:
    def check(node: Json, path: Path) -> Iterator[str]:
        kind = _kind(node)
        if kind != wanted:
            yield _fault(path, f"should be {article(wanted)} but it is {article(kind)}")

    return check


_string, _boolean, _array = _of_type("string"), _of_type("boolean"), _of_type("array")


def _string_of_length(least: int, most: int) -> Check:
    def check(node: Json, path: Path) -> Iterator[str]:
        yield from _string(node, path)
        if isinstance(node, str):
            units = utf16_length(node)
            if units < least:
                yield _fault(path, f"should be a string of length {least} or greater")
            elif units > most:
                yield _fault(path, f"should be a string of length {most} or less")

    return check


def _one_of(*allowed: str) -> Check:
    def check(node: Json, path: Path) -> Iterator[str]:
        yield from _string(node, path)
        if isinstance(node, str) and node.lower() not in allowed:
            yield _fault(path, f"should be one of {', '.join(allowed)} but it is {json.dumps(node)}")

    return check


def _options(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    def check(node: Json, path: Path) -> Iterator[str]:
        faults = list(_object(node, path))
        yield from faults
        if faults:
            return
        options = cast(JsonObject, node)
        for key, one in required.items():
            if key in options:
                yield from one(options[key], (*path, key))
            else:
                yield _fault(path, f"should have field {json.dumps(key)} but it doesn't")
        for key, one in optional.items():
            if key in options:
                yield from one(options[key], (*path, key))

    return check


def _array_path(node: Json, path: Path) -> Iterator[str]:
    if not isinstance(node, list):
        yield from _array(node, path)
        return
    if node:
        faults = list(_string_or_directive(node[0], path))
    else:
        faults = [_fault(path, "should be a string or a mapping directive but it is an undefined")]
    yield from faults
    if not faults and len(node) > 1:
        yield from _any(node[1], path)


_MERGE = _options({"objects": _array}, {"direction": _one_of("left", "right")})


def _merge(node: Json, path: Path) -> Iterator[str]:
    faults = list(_MERGE(node, path))
    yield from faults
    if not faults:
        for item in cast("list[Json]", cast(JsonObject, node)["objects"]):
            faults = list(_object_or_directive(item, ()))
            yield from faults
            if faults:
                return  # it stops at the first of them


def utf16_length(text: str) -> int:
    """Return `text.length` in JavaScript: UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)


_DIRECTIVES: dict[str, Check] = {
    "@if": _options({}, {"exists": _raw, "then": _raw, "else": _raw}),
    "@case": _options({}, {"operator": _string, "value": _string_or_directive}),
    "@replace": _options(
        {"pattern": _string_of_length(1, MAX_PATTERN), "value": _string_or_directive},
        {
            "replacement": _string_of_length(0, MAX_REPLACEMENT),
            "ignorecase": _boolean,
            "global": _boolean,
        },
    ),
    "@arrayPath": _array_path,
    "@path": _string_or_directive,
    "@json": _options({"value": _raw, "mode": _one_of("encode", "decode")}, {}),
    "@flatten": _options({"value": _raw}, {"separator": _string}),
    "@merge": _merge,
    "@template": _string_or_directive,
    "@literal": _raw,
    "@transform": _options({"apply": _object_or_directive, "mapping": _object_or_directive}, {}),
    "@excludeWhenNull": _raw,
    "@liquid": _string,
}
