"""Where a mapping takes its values from, for one message: each directive followed, not what it makes.

It reads the same nodes as `directives`, but only when somebody looks: nothing here runs while messages
are translated. A node whose mapping Segment would refuse has no origin to tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import reduce
from typing import cast

import msgspec

from ..errors import MappingError
from ..messages import Json, JsonObject
from ..paths import child
from .base import Refused
from .directives import compile_node
from .javascript import MISSING, Value, keys_in_order, loosely_empty, truthy
from .paths import path_keys, walk, without_root
from .validate import checked, is_directive

SHOWN = 60
"""Characters of a literal that are shown."""


class Origin(msgspec.Struct, frozen=True):
    """The source of one value.

    `words` say it for a person: `$.context.page.url`, `template "Viewed {{name}}"`, `"US" (literal)`, …
    `keys` lead to the place in the message that it was taken from as it is; None when it was not. `parts`
    are the origins of its members, by key or index, where they have several.
    """

    words: str
    keys: tuple[str | int, ...] | None = None
    parts: dict[str | int, Origin] | None = None

    def part(self, key: str | int) -> Origin:
        """Return where a member of the value comes from."""
        if self.parts is not None and key in self.parts:
            return self.parts[key]
        return Origin(self.words) if self.keys is None else _place((*self.keys, key))


def _place(keys: tuple[str | int, ...]) -> Origin:
    return Origin(reduce(child, keys, "$"), keys)


MESSAGE = Origin("the whole message", ())
NOTHING = Origin("no value")


def origin_of(node: Json, document: Value, root: Origin = MESSAGE) -> Origin:
    """Return where the value comes from that the mapping node makes of the payload `document`.

    `root` is where the payload itself comes from: the message, or what @transform or @arrayPath put in its
    place.
    """
    if isinstance(node, list):
        parts: dict[str | int, Origin] = {
            index: origin_of(item, document, root) for index, item in enumerate(node)
        }
        return Origin("a list in the mapping", parts=parts)
    if not isinstance(node, dict):
        return Origin(f"{_literal(node)} (literal)")
    if not is_directive(node):
        return _object(node, document, root)
    name = next(key for key in node if key.startswith("@"))
    follow = _FOLLOW.get(name)
    return Origin(name) if follow is None else follow(node[name], document, root)


def value_of(node: Json, document: Value) -> Value:
    """Return what the mapping node makes of the payload; MISSING too where Segment would refuse it."""
    try:
        return compile_node(node)(document)
    except (MappingError, Refused):
        return MISSING


def _literal(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _object(node: JsonObject, document: Value, root: Origin) -> Origin:
    parts: dict[str | int, Origin] = {
        key: origin_of(node[key], document, root) for key in keys_in_order(node)
    }
    return Origin("an object in the mapping", parts=parts)


def _options(node: Json) -> JsonObject:
    return node if isinstance(node, dict) else {}


def _path(node: Json, document: Value, root: Origin) -> Origin:
    path = node if isinstance(node, str) else value_of(node, document)
    if not isinstance(path, str):
        return NOTHING
    found, value = root, document
    for key in path_keys(without_root(path)):
        if value is not MISSING and not truthy(value):
            # Segment's walk ends at a falsy value, which is the result then.
            break
        indexed = isinstance(value, list) and key.isdecimal()
        found, value = found.part(int(key) if indexed else key), walk(value, (key,))
    return found


def _template(node: Json, document: Value, root: Origin) -> Origin:
    text = node if isinstance(node, str) else value_of(node, document)
    return Origin(f"template {_literal(text)}") if isinstance(text, str) else NOTHING


def _if(node: Json, document: Value, root: Origin) -> Origin:
    options = _options(node)
    blank = "exists" not in options
    value = value_of(options.get("blank" if blank else "exists"), document)
    present = value is not MISSING and value is not None and not (blank and loosely_empty(value))
    branch = "then" if present else "else"
    if branch not in options or (branch == "else" and not truthy(options["else"])):
        return NOTHING
    return origin_of(options[branch], document, root)


def _changed(how: Callable[[JsonObject], str]) -> Callable[[Json, Value, Origin], Origin]:
    """Return a directive that makes another text of a value."""

    def follow(node: Json, document: Value, root: Origin) -> Origin:
        options = _options(node)
        inner = origin_of(options.get("value"), document, root)
        return Origin(f"{inner.words}{how(options)}")

    return follow


def _replaced(options: JsonObject) -> str:
    steps: list[str] = []
    for pattern, replacement in (("pattern", "replacement"), ("pattern2", "replacement2")):
        if truthy(options.get(pattern)):
            steps.append(f"{_literal(options[pattern])} → {_literal(options.get(replacement) or '')}")
    return f", replaced {' and '.join(steps)}"


def _array_path(node: Json, document: Value, root: Origin) -> Origin:
    if not isinstance(node, list) or not node:
        return NOTHING
    path, *rest = node
    found = _path(path, document, root) if isinstance(path, str) else origin_of(path, document, root)
    value = value_of({"@path": path} if isinstance(path, str) else path, document)
    shape = rest[0] if rest else None
    if not isinstance(shape, dict) or not shape:
        return found
    if isinstance(value, dict):
        return Origin(found.words, parts={0: origin_of(shape, value, found)})
    if isinstance(value, list):
        parts: dict[str | int, Origin] = {
            index: origin_of(shape, item, found.part(index)) for index, item in enumerate(value)
        }
        return Origin(found.words, parts=parts)
    return found


def _flatten(node: Json, document: Value, root: Origin) -> Origin:
    options = _options(node)
    separator = value_of(options.get("separator"), document)
    inner = origin_of(options.get("value"), document, root)
    arrays = not truthy(options.get("omitArrays"))
    parts: dict[str | int, Origin] = {}

    def spread(value: Value, prefix: str, origin: Origin) -> None:
        entries: list[tuple[str | int, Json]] = []
        if isinstance(value, dict):
            entries = [(key, value[key]) for key in keys_in_order(value)]
        elif isinstance(value, list) and arrays:
            entries = list(enumerate(value))
        else:
            parts[prefix] = origin
        for key, item in entries:
            spread(item, f"{prefix}{separator}{key}" if prefix else str(key), origin.part(key))

    spread(value_of(options.get("value"), document), "", inner)
    return Origin(f"{inner.words}, flattened", parts=parts)


def _merge(node: Json, document: Value, root: Origin) -> Origin:
    options = _options(node)
    objects = options.get("objects")
    nodes = list(objects) if isinstance(objects, list) else []
    if value_of(options.get("direction"), document) == "left":
        nodes.reverse()
    parts: dict[str | int, Origin] = {}
    for one in nodes:
        origin, value = origin_of(one, document, root), value_of(one, document)
        if isinstance(value, dict):
            parts.update((key, origin.part(key)) for key in value)
        elif isinstance(value, list):
            parts.update((str(index), origin.part(index)) for index in range(len(value)))
        elif isinstance(value, str):
            parts.update((str(index), Origin(origin.words)) for index in range(len(value)))
    return Origin("objects merged", parts=parts)


def _transform(node: Json, document: Value, root: Origin) -> Origin:
    options = _options(node)
    apply = options.get("apply")
    return origin_of(options.get("mapping"), value_of(apply, document), origin_of(apply, document, root))


def _exclude_when_null(node: Json, document: Value, root: Origin) -> Origin:
    return origin_of(node, document, root)


def _liquid(node: Json, document: Value, root: Origin) -> Origin:
    return Origin(f"Liquid {_literal(node)}")


def _cased(options: JsonObject) -> str:
    return f", in {options.get('operator')} case"


def _recoded(options: JsonObject) -> str:
    return ", as JSON text" if options.get("mode") == "encode" else ", read as JSON"


_FOLLOW: dict[str, Callable[[Json, Value, Origin], Origin]] = {
    "@path": _path,
    "@template": _template,
    "@literal": lambda node, document, root: origin_of(node, document, root),
    "@if": _if,
    "@case": _changed(_cased),
    "@replace": _changed(_replaced),
    "@arrayPath": _array_path,
    "@flatten": _flatten,
    "@merge": _merge,
    "@json": _changed(_recoded),
    "@transform": _transform,
    "@excludeWhenNull": _exclude_when_null,
    "@liquid": _liquid,
}


def fields_of(mapping: JsonObject, document: Value) -> dict[str, Origin]:
    """Return the origin of each field of a payload that the mapping makes; see
    `directives.compile_fields`.
    """
    try:
        node = checked(mapping)
    except MappingError:
        return {}
    whole = origin_of(cast(Json, node), document)
    if is_directive(node):
        made = value_of(node, document)
        return {key: whole.part(key) for key in made} if isinstance(made, dict) else {}
    return cast("dict[str, Origin]", whole.parts or {})
