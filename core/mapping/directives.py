"""Mapping directives, compiled once to closures; then a message costs a few calls.

Source: mapping-kit of Segment's actions-core. What it finds wrong only while it runs (a path that is no
text, an unknown directive inside a list) is `Refused` with its words: the message is rejected then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from ..errors import MappingError
from ..messages import Json, JsonObject
from .javascript import (
    MISSING,
    Getter,
    Value,
    format_number,
    is_number,
    keys_in_order,
    loosely_empty,
    parse_json,
    stringify,
    truthy,
    type_name,
)
from .paths import compile_keys, compile_path, path_keys, walk, without_root
from .replace import compile_replace
from .templates import compile_template
from .validate import is_directive, mapping_faults, utf16_length

ROOT = "__segment_internal_directive"
"""A mapping may name one directive that is applied to the whole of it, under this key."""


class Refused(Exception):
    """A message that a mapping or action refuses; the text is Segment's."""


def compile_mapping(mapping: JsonObject) -> Getter:
    """A closure that makes a subscription's payload of a message.

    Keys that come out undefined are left out. The closure raises `Refused` where Segment would reject the
    message. Raises MappingError for a mapping that Segment would refuse as a whole.
    """
    return _compile(checked(mapping), keep=False)


def compile_fields(mapping: JsonObject) -> list[tuple[str, Getter]] | Getter:
    """The top-level fields of a mapping, each compiled; or one closure where a directive makes them all."""
    node = checked(mapping)
    if is_directive(node):
        return _compile(node, keep=False)
    return [(key, _compile(node[key], keep=False)) for key in keys_in_order(node)]


def plain_path(node: Json) -> tuple[str, ...]:
    """The keys of a node that is nothing but a path; empty for any other node, and for the whole payload."""
    if isinstance(node, dict) and is_directive(node) and isinstance(path := node.get("@path"), str):
        return path_keys(without_root(path))
    return ()


def compile_node(node: Json) -> Getter:
    """One node of a mapping that was checked as a whole. Raises MappingError where it cannot be compiled."""
    return _compile(node, keep=False)


def checked(mapping: JsonObject) -> JsonObject:
    """The mapping with its root directive in place. Raises MappingError when it cannot be used."""
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


def _compile(node: Json, keep: bool) -> Getter:
    """Compile one node; `keep` leaves undefined values in objects, which @merge can tell from none."""
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
            return _refuse(f"{name} requires an object with {first}")
        return maker(options, keep)
    if name in _MAKERS:
        return _MAKERS[name](options, keep)
    return _refuse(f"{name} is not a valid directive, got undefined")


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
    """An object whose fields all come from one place: that is looked up once."""
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


def _refuse(why: str) -> Getter:
    def refuse(payload: Value) -> Value:
        raise Refused(why)

    return refuse


def _undefined(payload: Value) -> Value:
    return MISSING


def _text_of(name: str, node: Json, make: Callable[[str], Getter]) -> Getter:
    """A directive of one text: compiled now when it stands there, else when the payload tells it."""
    if isinstance(node, str):
        return make(node)
    inner = _compile(node, keep=False)

    def late(payload: Value) -> Value:
        text = inner(payload)
        if not isinstance(text, str):
            raise Refused(f"{name}: expected string, got {type_name(text)}")
        return make(text)(payload)

    return late


def _path(node: Json, keep: bool) -> Getter:
    return _text_of("@path", node, lambda path: compile_path(without_root(path)))


def _template(node: Json, keep: bool) -> Getter:
    return _text_of("@template", node, compile_template)


def _literal(node: Json, keep: bool) -> Getter:
    return _compile(node, keep)


def _if(options: JsonObject, keep: bool) -> Getter:
    if not truthy(options.get("exists")) and not truthy(options.get("blank")):
        return _refuse('@if requires an "exists" key or a "blank" key')
    blank = "exists" not in options
    test = _compile(options["blank" if blank else "exists"], keep=False)
    then = _compile(options["then"], keep) if "then" in options else _undefined
    otherwise = _compile(options["else"], keep) if truthy(options.get("else")) else _undefined

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


def _case(options: JsonObject, keep: bool) -> Getter:
    operator = options.get("operator")
    if not truthy(operator):
        return _refuse('@case requires a "operator" key')
    if not truthy(options.get("value")):
        return _undefined
    inner = _compile(options["value"], keep=False)
    change = {"lower": str.lower, "upper": str.upper}.get(operator) if isinstance(operator, str) else None

    def resolve(payload: Value) -> Value:
        value = inner(payload)
        if not isinstance(value, str):
            return value
        if change is None:
            raise Refused('operator key should have a value of "lower" or "upper"')
        return change(value)

    return resolve


def _replace(options: JsonObject, keep: bool) -> Getter:
    if not truthy(options.get("pattern")):
        return _refuse('@replace requires a "pattern" key')
    if not truthy(options.get("value")):
        return _undefined
    inner = _compile(options["value"], keep=False)
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


def _array_path(node: Json, keep: bool) -> Getter:
    if not isinstance(node, list):
        return _refuse(f"@arrayPath expected array, got {type_name(node)}")
    if not node:
        return _undefined
    path, *rest = node
    root = compile_path(without_root(path)) if isinstance(path, str) else _compile(path, keep)
    shape = rest[0] if rest else None
    if not isinstance(shape, dict) or not shape:
        return root
    each = _compile(shape, keep)

    def resolve(payload: Value) -> Value:
        value = root(payload)
        if isinstance(value, dict):
            return [cast(Json, each(value))]
        if isinstance(value, list):
            return [cast(Json, each(item)) for item in value]
        return value

    return resolve


def _flatten(options: JsonObject, keep: bool) -> Getter:
    if not truthy(options.get("separator")):
        return _refuse('@flatten requires a "separator" key')
    separate = _compile(options["separator"], keep=False)
    arrays = not truthy(options.get("omitArrays"))
    inner = _compile(options["value"], keep) if "value" in options else _undefined

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


def _json(options: JsonObject, keep: bool) -> Getter:
    if not truthy(options.get("mode")):
        return _refuse('@json requires a "mode" key')
    if not truthy(options.get("value")):
        return _refuse('@json requires a "value" key')
    inner = _compile(options["value"], keep=False)
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


def _merge(options: JsonObject, keep: bool) -> Getter:
    if not truthy(options.get("direction")):
        return _refuse('@merge requires a "direction" key')
    direction = _compile(options["direction"], keep=False)
    objects = options.get("objects")
    if not truthy(objects):
        return _refuse('@merge requires a "objects" key')
    if not isinstance(objects, list):
        got = "object" if isinstance(objects, dict) else type_name(objects)
        return _refuse(f"@merge: expected opts.array, got {got}")
    parts = [_compile(item, keep=True) for item in objects]

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


def _transform(options: JsonObject, keep: bool) -> Getter:
    for key in ("mapping", "apply"):
        if not truthy(options.get(key)):
            return _refuse(f'@transform requires a "{key}" key')
    source = options["apply"]
    if not isinstance(source, dict):
        return _refuse('@transform "apply" key should be an object')
    try:
        apply = _compile(checked(source), keep=False)
    except MappingError as fault:
        apply = _refuse(str(fault))
    then = _compile(options["mapping"], keep)

    def resolve(payload: Value) -> Value:
        if not isinstance(payload, dict):
            raise Refused(f"data must be an object, got {type_name(payload)}")
        return then(apply(payload))

    return resolve


def _exclude_when_null(node: Json, keep: bool) -> Getter:
    inner = _compile(node, keep)

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


def _liquid(node: Json, keep: bool) -> Getter:
    from .liquid import MAX_TEMPLATE, LiquidFault, compile_template  # it takes a while to import

    if not isinstance(node, str):
        return _refuse("liquid template value must be a string")
    if utf16_length(node) > MAX_TEMPLATE:
        return _refuse(f"liquid template values are limited to {MAX_TEMPLATE} characters")
    try:
        render = compile_template(node)
    except LiquidFault as fault:
        return _refuse(str(fault))

    def resolve(payload: Value) -> Value:
        try:
            return render(payload)
        except LiquidFault as fault:
            raise Refused(str(fault)) from None

    return resolve


def without_missing(value: Json) -> Json:
    """The value without the keys that are undefined, at any depth."""
    if isinstance(value, dict):
        return {key: without_missing(item) for key, item in value.items() if item is not cast(Json, MISSING)}
    if isinstance(value, list):
        return [without_missing(item) for item in value]
    return value


_MAKERS: dict[str, Callable[[Json, bool], Getter]] = {
    "@path": _path,
    "@template": _template,
    "@literal": _literal,
    "@arrayPath": _array_path,
    "@excludeWhenNull": _exclude_when_null,
    "@liquid": _liquid,
}

_OBJECT_MAKERS: dict[str, tuple[Callable[[JsonObject, bool], Getter], str]] = {
    "@if": (_if, 'an "exists" key'),
    "@case": (_case, 'a "operator" key'),
    "@replace": (_replace, 'a "pattern" key'),
    "@flatten": (_flatten, 'a "separator" key'),
    "@json": (_json, 'a "value" key'),
    "@merge": (_merge, 'an "objects" key and a "direction" key'),
    "@transform": (_transform, 'an "apply" key and a "mapping" key'),
}
"""Directives that take options, and what Segment says where they have none."""
