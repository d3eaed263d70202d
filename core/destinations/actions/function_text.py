"""The text of a generated function: how it reads a message and coerces fields. See `generated`."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from ...mapping import MISSING, Value
from ...mapping.dates import is_date_like
from ...mapping.javascript import SAFE, plain_object
from ...messages import Json
from ..browsers import browser
from .actions import event_time, from_iterable
from .event_properties import OWN_PROPERTIES
from .fields import Field
from .schema import Coerce, Faults, compile_field, is_empty, plain_type

Fit = Callable[[Value, Faults], Value]


class Place:
    """An object in the message: what is read from its keys, and the objects inside it."""

    def __init__(self) -> None:
        self.reads: dict[str, list[str]] = {}
        self.inside: dict[str, Place] = {}

    def read(self, keys: tuple[str, ...], variable: str) -> None:
        """Read what stands at these keys into a variable."""
        place = self
        for key in keys[:-1]:
            place = place.inside.setdefault(key, Place())
        place.reads.setdefault(keys[-1], []).append(variable)


class Source:
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
        self.root = Place()
        self.fits: dict[str, list[str]] = {}
        """Of each variable: the lines that coerce what was read into it."""
        self.holders: dict[str, str] = {}
        """Of each variable: the one that holds the object of the message that it is read from."""
        self.assigned: set[str] = set()
        """Variables of fields that the mapping has."""
        self.of_context: set[str] = set()
        """Those of them whose value follows from the message's context alone."""
        self.context = ""
        """The variable that holds the context, "" if no field is read from within it."""

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

    def write_reads(self, place: Place, holder: str, depth: int, without: str = "") -> None:
        """Append what reads an object of the message and those inside it, without what has that key."""
        getter = f"get_{holder}"
        self.write(depth, f"if {holder}.__class__ is dict:", f"    {getter} = {holder}.get")
        for key in dict.fromkeys((*place.reads, *place.inside)):
            if key == without:
                continue
            variables = list(place.reads.get(key, ()))
            inner = self.variable("o") if key in place.inside else ""
            if place is self.root and key == "context":
                self.context = inner
            first, *others = (inner, *variables) if inner else variables
            self.write(depth + 1, f"{first} = {getter}({key!r}, M)")
            self.write(depth + 1, *(f"{other} = {first}" for other in others))
            for variable in variables:
                self.holders[variable] = holder
                self.write(depth + 1, *self.fits.get(variable, ()))
            if inner:
                self.write(depth + 1, f"if {inner} is not M:")
                self.write_reads(place.inside[key], inner, depth + 2)
        self.write(depth, f"elif {holder} is not None:", "    return None")


def fit_of(field: Field, coerce: Coerce, *, inside: str = "") -> Fit:
    """Return what makes a field's value of one that is not of its type; MISSING for an empty one."""
    pointer = f"{inside}/{field.name}"

    def fit(value: Value, faults: Faults) -> Value:
        if value is None or (value == "" and not inside) or (inside and is_empty(cast(Json, value), field)):
            return MISSING
        return coerce(value, pointer, faults)

    return fit


def fit_lines(source: Source, field: Field, variable: str, *, inside: str = "") -> list[str]:
    """Write the lines that coerce a variable's value; values of the field's type cost no call."""
    fit = source.bind("fit", fit_of(field, compile_field(field), inside=inside))
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
