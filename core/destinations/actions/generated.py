"""Generates one Python function for a subscription that sends events (trackEvent, trackPurchase).

The function reads the message, coerces the fields and writes the event's properties in one go, without the
payload that `translator.compile_payload` and `actions` hand to each other. It covers messages in which all
is regular, and returns None for any other: a field with a fault, a required one that is absent, an object on
the way to a field that is something else. These go the long way, which also writes Segment's words for what
is wrong. The tests hold both ways equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from ...mapping import MISSING, Getter, Value, compile_fields
from ...mapping.dates import is_date_like
from ...mapping.javascript import SAFE, plain_object
from ...mapping.paths import plain_path
from ...messages import Json, JsonObject
from ...verdict import OutgoingRequest
from ..browsers import browser
from .actions import Target, event_time, from_iterable, import_request, purchase_request
from .event_properties import EVENT_PROPERTIES, OWN_PROPERTIES
from .fields import Field
from .schema import Coerce, Faults, compile_field, is_empty, plain_type

EventFunction = Callable[[JsonObject, int, Target], "list[OutgoingRequest] | None"]
"""From a message, the clock (ms) and the target to requests; None where the long way has to be taken."""

_Fit = Callable[[Value, Faults], Value]
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


class _Place:
    """An object in the message: what is read from its keys, and the objects inside it."""

    def __init__(self) -> None:
        self.reads: dict[str, list[str]] = {}
        self.inside: dict[str, _Place] = {}

    def read(self, keys: tuple[str, ...], variable: str) -> None:
        """Read what stands at these keys into a variable."""
        place = self
        for key in keys[:-1]:
            place = place.inside.setdefault(key, _Place())
        place.reads.setdefault(keys[-1], []).append(variable)


class _Source:
    """The function's text, and the values that it refers to by name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.values: dict[str, object] = {
            "M": MISSING,
            "browser": browser,
            "event_time": event_time,
            "from_iterable": from_iterable,
            "is_date_like": is_date_like,
            "plain_object": plain_object,
            "OWN": OWN_PROPERTIES,
        }
        self.variables: list[str] = []
        self.root = _Place()
        self.fits: dict[str, list[str]] = {}
        """Of each variable: the lines that coerce what was read into it."""

    def bind(self, stem: str, value: object) -> str:
        """Give a value a name that the text can use."""
        name = f"{stem}{len(self.values)}"
        self.values[name] = value
        return name

    def variable(self, stem: str) -> str:
        """Return a new variable; it holds MISSING at first."""
        self.variables.append(f"{stem}{len(self.variables)}")
        return self.variables[-1]

    def write(self, depth: int, *lines: str) -> None:
        """Append lines at an indentation."""
        self.lines.extend("    " * depth + line for line in lines)

    def write_reads(self, place: _Place, holder: str, depth: int) -> None:
        """Append what reads an object of the message and those inside it."""
        getter = f"get_{holder}"
        self.write(depth, f"if {holder}.__class__ is dict:", f"    {getter} = {holder}.get")
        for key in dict.fromkeys((*place.reads, *place.inside)):
            variables = list(place.reads.get(key, ()))
            inner = self.variable("o") if key in place.inside else ""
            first, *others = (inner, *variables) if inner else variables
            self.write(depth + 1, f"{first} = {getter}({key!r}, M)")
            self.write(depth + 1, *(f"{other} = {first}" for other in others))
            for variable in variables:
                self.write(depth + 1, *self.fits.get(variable, ()))
            if inner:
                self.write(depth + 1, f"if {inner} is not M:")
                self.write_reads(place.inside[key], inner, depth + 2)
        self.write(depth, f"elif {holder} is not None:", "    return None")


def _fit(field: Field, coerce: Coerce, *, inside: str = "") -> _Fit:
    """Return what makes a field's value of one that is not of its type; MISSING for an empty one."""
    pointer = f"{inside}/{field.name}"

    def fit(value: Value, faults: Faults) -> Value:
        if value is None or (value == "" and not inside) or (inside and is_empty(cast(Json, value), field)):
            return MISSING
        return coerce(value, pointer, faults)

    return fit


def _fit_lines(source: _Source, field: Field, variable: str, *, inside: str = "") -> list[str]:
    """Write the lines that coerce a variable's value; values of the field's type cost no call."""
    fit = source.bind("fit", _fit(field, compile_field(field), inside=inside))
    call = f"{variable} = {fit}({variable}, faults)"
    plain = plain_type(field)
    if plain is str and not inside:
        return [
            f"if {variable}.__class__ is not str:",
            f"    if {variable} is not M:",
            f"        {call}",
            f"elif not {variable}:",
            f"    {variable} = M",
        ]
    if plain is not None:
        return [f"if {variable}.__class__ is not {plain.__name__} and {variable} is not M:", f"    {call}"]
    if field.type in ("number", "integer") and field.minimum is None and field.maximum is None:
        exact = f"{variable}.__class__ is int and {-SAFE} <= {variable} <= {SAFE}"
        return [f"if {variable} is not M and not ({exact}):", f"    {call}"]
    if field.type == "datetime":
        dated = f"{variable}.__class__ is str and is_date_like({variable})"
        return [f"if {variable} is not M and not ({dated}):", f"    {call}"]
    return [f"if {variable} is not M:", f"    {call}"]


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
    source = _Source()
    known = {field.name: field for field in fields}
    variables = {name: source.variable("f") for name in known}
    after: list[str] = []
    for name, getter in getters:
        _write_field(source, variables, after, known.get(name), name, mapping[name], getter)
    source.write(1, f"{' = '.join(source.variables)} = M", "faults = []")
    source.write_reads(source.root, "document", 1)
    source.write(1, *after)
    required = [variables[field.name] for field in fields if field.required] + [variables["insert_id"]]
    source.write(1, f"if faults or {' or '.join(f'{name} is M' for name in required)}:", "    return None")
    _write_properties(source, variables)
    if action == "trackEvent":
        event = f"{{'event': {variables['event']}, 'properties': properties}}"
        source.write(1, f"return [{source.bind('request', import_request)}(target, [{event}])]")
    else:
        each = variables["generatePurchaseEventPerProduct"]
        purchase = source.bind("request", purchase_request)
        source.write(
            1,
            f"products = {variables['products']} if {each} is not M and {each} else None",
            f"return [{purchase}(target, {variables['event']}, properties, products, time, insert_id)]",
        )
    text = "\n".join(("def translate(document, now, target):", *source.lines))
    exec(compile(text, f"<{action} of a subscription>", "exec"), source.values)
    return cast(EventFunction, source.values["translate"])


def _write_field(
    source: _Source,
    variables: dict[str, str],
    after: list[str],
    field: Field | None,
    name: str,
    node: Json,
    getter: Getter,
) -> None:
    """Write how one field is read; what needs more than one place goes to `after`."""
    keys = _path(node)
    if field is None:
        if not keys:  # it has no place in the payload, but it may refuse the message
            after.append(f"{source.bind('get', getter)}(document)")
        return
    variable = variables[name]
    if keys:
        source.root.read(keys, variable)
        source.fits[variable] = _fit_lines(source, field, variable)
    elif either := _either(node):
        first, second = source.variable("r"), source.variable("r")
        source.root.read(either[0], first)
        source.root.read(either[1], second)
        after.append(f"{variable} = {second} if {first} is M or {first} is None else {first}")
        after.extend(_fit_lines(source, field, variable))
    elif members := _members(node, field):
        for inner in field.inside:
            if inner.name in members:
                nested = variables[f"{name}.{inner.name}"] = source.variable("f")
                source.root.read(members[inner.name], nested)
                source.fits[nested] = _fit_lines(source, inner, nested, inside=f"/{name}")
    elif isinstance(node, (bool, int, float)) and (constant := _constant(field, node)) is not MISSING:
        after.append(f"{variable} = {source.bind('constant', constant)}")
    else:
        after.append(f"{variable} = {source.bind('get', getter)}(document)")
        after.extend(_fit_lines(source, field, variable))
        if name in _NESTED:
            for inner in field.inside:
                nested = variables[f"{name}.{inner.name}"] = source.variable("f")
                after.append(f"if {variable}.__class__ is dict:")
                after.append(f"    {nested} = {variable}.get({inner.name!r}, M)")


def _write_properties(source: _Source, variables: dict[str, str]) -> None:
    """Write the event's properties, as `actions.event_properties` makes them of a payload."""
    agent, library, context = (variables[name] for name in ("userAgent", "library_name", "context"))
    source.write(
        1,
        f"insert_id = {variables['insert_id']}",
        "if insert_id.__class__ is not str:",
        "    return None",
        f"time = event_time({variables['time']}, now)",
        f"distinct_id = '' if {variables['distinct_id']} is M else {variables['distinct_id']}",
        "browser_name = browser_version = M",
        f"if {agent} is not M and {agent}:",
        f"    browser_name, browser_version = browser({agent})",
        "source = 'segment'",
        f"if {context} is not M and 'integration' in {context} and from_iterable({context}):",
        "    source = 'Iterable'",
        f"library = f'Segment Actions: {{{library}}}' if {library} is not M and {library} else {library}",
        "properties = {}",
    )
    for key, name in EVENT_PROPERTIES:
        if name in _ALWAYS:
            source.write(1, f"properties[{key!r}] = {_ALWAYS[name]}")
        elif variable := _WHEN_KNOWN.get(name) or variables.get(name):
            source.write(1, f"if {variable} is not M:", f"    properties[{key!r}] = {variable}")
    own = variables["event_properties"]
    source.write(
        1,
        f"if {own} is not M:",
        f"    own = plain_object({own})",
        "    if OWN.isdisjoint(own):",
        "        properties.update(own)",
        "    else:",
        "        properties.update((key, own[key]) for key in own if key not in OWN)",
    )
