"""Generates one Python function for a subscription that sends events (trackEvent, trackPurchase).

The function reads the message, coerces the fields and writes the event's properties in one go, without the
payload that `translator.compile_payload` and `actions` hand to each other. It covers messages in which all
is regular, and returns None for any other: a field with a fault, a required one that is absent, an object on
the way to a field that is something else. These go the long way, which also writes Segment's words for what
is wrong. The tests hold both ways equal.

The messages of a batch often share one context (`sources.alike`). From the second of them on, what its fields
become is copied from the message before (`_again`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import cast

from ...mapping import MISSING, Getter, Value, compile_fields
from ...mapping.paths import plain_path
from ...messages import Json, JsonObject
from ...verdict import OutgoingRequest
from .actions import Target, import_request, purchase_request
from .event_properties import EVENT_PROPERTIES
from .fields import Field
from .function_text import Source, fit_lines
from .schema import Faults, compile_field

EventFunction = Callable[[JsonObject, int, Target], "list[OutgoingRequest] | None"]
"""From a message, the clock (ms) and the target to requests; None where the long way has to be taken."""

_GENERATED = ("trackEvent", "trackPurchase")
_MOST_KEYS = 8
"""Longer paths are read by their own closure; the generated text would be indented too far."""
_NESTED = ("utm_properties", "userAgentData")
"""Object fields whose members become properties of their own."""
_ALWAYS = {"=time": "time", "=distinct_id": "distinct_id", "=insert_id": "insert_id", "=source": "source"}
"""Properties that every event has, and the variable that holds them."""
_WHEN_KNOWN = {
    "=browser": "browser_name",
    "=browser_version": "browser_version",
    "=library": "library",
    "=source_name": "target.source_name",
}


def _path(node: Json) -> tuple[str, ...]:
    """Return the keys of a node that is a path and not too long; else an empty tuple."""
    keys = plain_path(node)
    return keys if len(keys) <= _MOST_KEYS else ()


def _constant(field: Field, node: Json) -> Value:
    """Return a field's value that is the same for all messages; MISSING where there is a fault in it."""
    faults: Faults = []
    value = compile_field(field)(node, f"/{field.name}", faults)
    return MISSING if faults else value


def _either(node: Json) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return both paths of an @if that gives what it tests where that exists, and else another path."""
    options = node.get("@if") if isinstance(node, dict) and len(node) == 1 else None
    if not isinstance(options, dict) or options.keys() != {"exists", "then", "else"}:
        return None
    first, second = _path(options["exists"]), _path(options["else"])
    return (first, second) if first and second and options["then"] == options["exists"] else None


def _members(node: Json, field: Field) -> dict[str, tuple[str, ...]] | None:
    """Return the paths of an object in the mapping that is made of nothing but paths into one object."""
    if not isinstance(node, dict) or not node or not field.inside or field.multiple:
        return None
    paths = {name: _path(value) for name, value in node.items()}
    return paths if all(paths.values()) and len({path[:-1] for path in paths.values()}) == 1 else None


def event_function(action: str, mapping: JsonObject, fields: Sequence[Field]) -> EventFunction | None:
    """Generate the function of a subscription. None for an action or mapping that is not covered.

    Raises MappingError for a mapping that Segment would refuse as a whole.
    """
    getters = compile_fields(mapping)
    if action not in _GENERATED or callable(getters) or any(field.nullable for field in fields):
        return None
    source = Source()
    known = {field.name: field for field in fields}
    variables = {name: source.variable("f") for name in known}
    after: list[tuple[str, str]] = []
    for name, getter in getters:
        _write_field(source, variables, after, known.get(name), name, mapping[name], getter)
    required = [variables[field.name] for field in fields if field.required] + [variables["insert_id"]]
    regular = f"if faults or {' or '.join(f'{name} is M' for name in required)}:"
    source.write_reads(source.root, "document", 1)
    source.write(1, *(line for _, line in after), regular, "    return None")
    _write_properties(source, variables)
    ends = _ends(source, variables, action)
    kept = _again(source, variables, after, regular, ends)
    source.write(1, *kept, *ends)
    names = " = ".join(source.variables)
    text = "\n".join(
        (
            "def translate(document, now, target, M=M, str=str):",
            f"    {names} = M",
            "    faults = []",
            *source.lines,
        )
    )
    exec(compile(text, f"<{action} of a subscription>", "exec"), source.values)
    return cast(EventFunction, source.values["translate"])


def _write_field(
    source: Source,
    variables: dict[str, str],
    after: list[tuple[str, str]],
    field: Field | None,
    name: str,
    node: Json,
    getter: Getter,
) -> None:
    """Write how one field is read; what needs more than one place goes to `after`, with its variable."""
    keys = _path(node)
    if field is None:
        if not keys:  # it has no place in the payload, but it may refuse the message
            after.append(("", f"{source.bind('get', getter)}(document)"))
        return
    variable = variables[name]
    source.assigned.add(variable)
    if keys:
        source.root.read(keys, variable)
        source.fits[variable] = fit_lines(source, field, variable)
        if keys[0] == "context":
            source.of_context.add(variable)
    elif either := _either(node):
        first, second = source.variable("r"), source.variable("r")
        source.root.read(either[0], first)
        source.root.read(either[1], second)
        lines = [f"{variable} = {second} if {first} is M or {first} is None else {first}"]
        after.extend((variable, line) for line in (*lines, *fit_lines(source, field, variable)))
        if either[0][0] == either[1][0] == "context":
            source.of_context.add(variable)
    elif members := _members(node, field):
        for inner in field.inside:
            if inner.name in members:
                nested = variables[f"{name}.{inner.name}"] = source.variable("f")
                source.root.read(members[inner.name], nested)
                source.fits[nested] = fit_lines(source, inner, nested, inside=f"/{name}")
                source.assigned.add(nested)
                if members[inner.name][0] == "context":
                    source.of_context.add(nested)
    elif isinstance(node, (bool, int, float)) and (constant := _constant(field, node)) is not MISSING:
        after.append((variable, f"{variable} = {source.bind('constant', constant)}"))
    else:
        lines = [f"{variable} = {source.bind('get', getter)}(document)", *fit_lines(source, field, variable)]
        if name in _NESTED:
            for inner in field.inside:
                nested = variables[f"{name}.{inner.name}"] = source.variable("f")
                source.assigned.add(nested)
                lines.append(f"if {variable}.__class__ is dict:")
                lines.append(f"    {nested} = {variable}.get({inner.name!r}, M)")
        after.extend((variable, line) for line in lines)


def _write_properties(source: Source, variables: dict[str, str]) -> None:
    """Write the event's properties, as `actions.event_properties` makes them of a payload."""
    agent, library, context = (variables[name] for name in _TOGETHER)
    source.write(
        1,
        *_head(variables),
        "browser_name = browser_version = M",
        f"if {agent} is not M and {agent}:",
        f"    browser_name, browser_version = browser({agent})",
        "source = 'segment'",
        f"if {context} is not M and 'integration' in {context} and from_iterable({context}):",
        "    source = 'Iterable'",
        f"library = f'Segment Actions: {{{library}}}' if {library} is not M and {library} else {library}",
        "properties = {}",
    )
    of_object = groupby(
        EVENT_PROPERTIES, lambda pair: source.holders.get(variables.get(pair[1], ""), "document")
    )
    for holder, run in of_object:
        together = tuple(run)
        depth = 1
        if len(together) > 1 and holder != "document":
            source.write(1, f"if {holder} is not M:")  # most messages have few of these objects
            depth = 2
        for key, name in together:
            if name in _ALWAYS:
                source.write(depth, f"properties[{key!r}] = {_ALWAYS[name]}")
            elif variable := _WHEN_KNOWN.get(name) or variables.get(name):
                source.write(depth, f"if {variable} is not M:", f"    properties[{key!r}] = {variable}")


_TOGETHER = ("userAgent", "library_name", "context")
"""Fields that become several properties, or parts of one."""


def _head(variables: dict[str, str]) -> tuple[str, ...]:
    """Return the lines that find the properties that every event has."""
    return (
        f"insert_id = {variables['insert_id']}",
        "if insert_id.__class__ is not str:",
        "    return None",
        f"time = event_time({variables['time']}, now)",
        f"distinct_id = '' if {variables['distinct_id']} is M else {variables['distinct_id']}",
    )


def _ends(source: Source, variables: dict[str, str], action: str) -> tuple[str, ...]:
    """Return the lines that add the message's own properties, and make the request."""
    own = variables["event_properties"]
    lines = (
        f"if {own} is not M:",
        f"    own = plain_object({own})",
        "    if OWN.isdisjoint(own):",
        "        properties.update(own)",
        "    else:",
        "        properties.update((key, own[key]) for key in own if key not in OWN)",
    )
    if action == "trackEvent":
        event = f"{{'event': {variables['event']}, 'properties': properties}}"
        return (*lines, f"return [{source.bind('request', import_request)}(target, [{event}])]")
    each = variables["generatePurchaseEventPerProduct"]
    purchase = source.bind("request", purchase_request)
    return (
        *lines,
        f"products = {variables['products']} if {each} is not M and {each} else None",
        f"return [{purchase}(target, {variables['event']}, properties, products, time, insert_id)]",
    )


_WHOLE = ("event", "insert_id", "time", "distinct_id", "event_properties", "products")
"""Fields that are read from each message."""


def _again(
    source: Source,
    variables: dict[str, str],
    after: Sequence[tuple[str, str]],
    regular: str,
    ends: Sequence[str],
) -> tuple[str, ...]:
    """Generate the function for a message whose context is that of the one before; return what keeps that.

    It copies the properties that the one before got, which have all that comes from the context, and writes
    the others over them. They stand in the right order if both messages have the same of these.
    """
    own = source.assigned - source.of_context
    each = variables.get("generatePurchaseEventPerProduct", "")
    if not source.context or own & {variables[name] for name in _TOGETHER}:
        return ()
    if source.of_context & {each, *(variables[name] for name in _WHOLE if name in variables)}:
        return ()
    written = [(key, variables[name]) for key, name in EVENT_PROPERTIES if variables.get(name) in own]
    has = f"({''.join(f'{variable} is M, ' for variable in dict.fromkeys(one for _, one in written))})"
    context, lines = source.context, source.lines
    source.values["SEEN"] = [(None, None, {})]
    source.lines = []
    source.write_reads(source.root, "document", 1, without="context")
    source.write(
        1,
        *(line for variable, line in after if variable not in source.of_context),
        regular,
        "    return None",
        *_head(variables),
        f"known = made.get({has})",
        "if known is None:",
        "    return None",
        "properties = known.copy()",
    )
    for key, name in EVENT_PROPERTIES:
        if name in _ALWAYS and name != "=source":
            source.write(1, f"properties[{key!r}] = {_ALWAYS[name]}")
    for key, variable in written:
        source.write(1, f"if {variable} is not M:", f"    properties[{key!r}] = {variable}")
    source.write(1, *ends)
    used = dict.fromkeys(_VARIABLE.findall("\n".join(source.lines)))
    text = (
        "def again(document, now, target, made, M=M, str=str):",
        f"    {' = '.join(used)} = M",
        "    faults = []",
    )
    name = "<the next message of a batch>"
    exec(compile("\n".join((*text, *source.lines)), name, "exec"), source.values)
    source.lines = lines
    source.lines[:0] = (
        "    seen, of, made = SEEN[0]",
        "    if seen is not None and document.get('context') is seen and of is target:",
        "        done = again(document, now, target, made)",
        "        if done is not None:",
        "            return done",
    )
    return (
        f"if {context} is seen and of is target:",
        f"    made[{has}] = properties.copy()",
        f"elif {context}.__class__ is dict:",
        f"    SEEN[0] = {context}, target, {{}}",
    )


_VARIABLE = re.compile(r"\b[fro]\d+\b")
