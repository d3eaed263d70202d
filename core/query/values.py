"""Paths and comparisons: which values stand at a path, and whether one compares as asked."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, cast

import msgspec

from ..messages import Json
from .terms import NUMBER, Comparison, Scalar, spelled

Type = Literal["number", "text", "boolean", "other"]

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def values_at(value: Json, steps: Sequence[str]) -> Iterator[Json]:
    """Yield each value at the end of the steps; each element of a list, on the way and at the end."""
    if type(value) is list:
        for item in value:
            yield from values_at(item, steps)
    elif not steps:
        yield value
    elif type(value) is dict and steps[0] in value:
        yield from values_at(value[steps[0]], steps[1:])


def present(value: Json, steps: Sequence[str]) -> bool:
    """Return True if the last key is there."""
    if not steps:
        return True
    if type(value) is list:
        return any(present(item, steps) for item in value)
    return type(value) is dict and steps[0] in value and present(value[steps[0]], steps[1:])


class Missing:
    """The value that stands for one that is not there."""


MISSING = cast(Json, Missing())


def single_at(value: Json, steps: Sequence[str]) -> Json:
    """Return the one value at the end of the steps, as `values_at` gives it; a list where one stands in the
    way.
    """
    for step in steps:
        if type(value) is not dict:
            return value if type(value) is list else MISSING
        if step not in value:
            return MISSING
        value = value[step]
    return value


def type_of(value: Json) -> Type:
    """Return the type that decides what a value may be equal to."""
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "other"


_TYPES: dict[Type, tuple[type, ...]] = {
    "number": (int, float),
    "text": (str,),
    "boolean": (bool,),
    "other": (),
}


class Compared(msgspec.Struct, frozen=True):
    """A comparison that is ready to be made."""

    wanted: Type
    value: Scalar
    types: tuple[type, ...]
    compare: Callable[[Any, Any], bool] | None
    """None for `!=`."""

    def holds(self, value: Json) -> bool:
        """Return True if one value, which is not a list, compares as asked."""
        if type(value) in self.types:
            return value != self.value if self.compare is None else self.compare(value, self.value)
        return self.compare is None and value is not None

    def would_hold(self, value: Json) -> bool:
        """Return True if a value of another type would compare as asked if it were of the type that is asked
        for.
        """
        if value is None or self.compare is None or type_of(value) in (self.wanted, "other"):
            return False
        assert isinstance(value, str | bool | int | float)
        written = spelled(value)
        if self.wanted == "number":
            return bool(NUMBER.fullmatch(written)) and self.compare(float(written), self.value)
        if self.wanted == "boolean":
            return written in ("true", "false") and self.compare(written == "true", self.value)
        return self.compare(written, self.value)


def compared(term: Comparison) -> Compared:
    """Prepare a comparison."""
    wanted = type_of(term.value)
    return Compared(wanted, term.value, _TYPES[wanted], OPERATORS.get(term.operator))
