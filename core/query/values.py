"""Paths and comparisons: which values stand at a path, and whether one compares as asked."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

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
    """Each value at the end of the steps; each element of a list, on the way and at the end."""
    if type(value) is list:
        for item in value:
            yield from values_at(item, steps)
    elif not steps:
        yield value
    elif type(value) is dict and steps[0] in value:
        yield from values_at(value[steps[0]], steps[1:])


def present(value: Json, steps: Sequence[str]) -> bool:
    """True if the last key is there."""
    if not steps:
        return True
    if type(value) is list:
        return any(present(item, steps) for item in value)
    return type(value) is dict and steps[0] in value and present(value[steps[0]], steps[1:])


def type_of(value: Json) -> Type:
    """The type that decides what a value may be equal to."""
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "other"


class Compared(msgspec.Struct, frozen=True):
    """A comparison that is ready to be made."""

    wanted: Type
    value: Scalar
    compare: Callable[[Any, Any], bool] | None
    """None for `!=`."""

    def holds(self, value: Json) -> bool:
        """True if one value, which is not a list, compares as asked."""
        if value is None:
            return False
        same = type_of(value) == self.wanted
        if self.compare is None:
            return not same or value != self.value
        return same and self.compare(value, self.value)

    def would_hold(self, value: Json) -> bool:
        """True if a value of another type would compare as asked if it were of the type that is asked for."""
        if self.compare is None or type_of(value) in (self.wanted, "other"):
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
    return Compared(type_of(term.value), term.value, OPERATORS.get(term.operator))
