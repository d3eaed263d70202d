"""The functions of Segment's query language (FQL), and its comparisons of values.

Sources: Segment's page on FQL for `length`, `typeof`, the functions of case and the conversions; npm
@segment/tsub 2.0.1 for comparisons, `contains`, `lowercase` and `semver`. A missing value is null.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import cast

import msgspec

from .fql_glob import glob_matches
from .javascript import (
    SPACES,
    Value,
    as_double,
    is_number,
    keys_in_order,
    stringify,
    truthy,
    type_name,
)

Compare = Callable[[Value, Value], bool]


class Function(msgspec.Struct, frozen=True):
    """A function of FQL: the number of its arguments, and what it makes of them."""

    count: int
    make: Callable[..., Value]


def equal(one: Value, other: Value) -> bool:
    """Return True for the same type and content. Lists are equal in order, and so are the keys of objects."""
    pairs = [(one, other)]
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, bool) or isinstance(right, bool):
            same = left is right
        elif is_number(left) and is_number(right):
            same = as_double(cast(float, left)) == as_double(cast(float, right))
        elif isinstance(left, dict) and isinstance(right, dict):
            keys = keys_in_order(left)
            same = keys == keys_in_order(right)
            if same:
                pairs.extend((left[key], right[key]) for key in keys)
        elif isinstance(left, list) and isinstance(right, list):
            same = len(left) == len(right)
            pairs.extend(zip(left, right, strict=False))
        else:
            same = left.__class__ is right.__class__ and left == right
        if not same:
            return False
    return True


def _ordered(compare: Callable[[float, float], bool]) -> Compare:
    def both_numbers(one: Value, other: Value) -> bool:
        if not is_number(one) or not is_number(other):
            return False
        return compare(as_double(cast(float, one)), as_double(cast(float, other)))

    return both_numbers


COMPARISONS: dict[str, Compare] = {
    "=": equal,
    "!=": lambda one, other: not equal(one, other),
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
}


def _contains(text: Value, part: Value) -> Value:
    return isinstance(text, str) and isinstance(part, str) and part in text


def _match(text: Value, pattern: Value) -> Value:
    return isinstance(text, str) and isinstance(pattern, str) and glob_matches(pattern, text)


def _length(value: Value) -> Value:
    """Return elements of a list, bytes of a text, 0 for null. Of anything else NaN, which equals nothing."""
    if value is None:
        return 0
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    return len(value) if isinstance(value, list) else math.nan


_TYPES = {"array": "list", "boolean": "bool", "undefined": "null"}


def _typeof(value: Value) -> Value:
    """Return "string", "number", "list", "bool" or "null"; "object" for an object, which the page leaves
    out.
    """
    name = type_name(value)
    return _TYPES.get(name, name)


def _of_text(make: Callable[[str], str]) -> Function:
    """Return a function of a text; null for anything else."""

    def of_text(value: Value) -> Value:
        return make(value) if isinstance(value, str) else None

    return Function(1, of_text)


_WORD = re.compile(r"(?<!\S)\S")


def _titlecase(text: str) -> str:
    """Return each word with a capital; the rest of it stays."""
    return _WORD.sub(lambda first: first[0].upper(), text)


def _bool(value: Value) -> Value:
    """Return False for null, false, 0, "" and an empty list."""
    return bool(value) if isinstance(value, list) else truthy(value)


def _string(value: Value) -> Value:
    """Return a text as it is, a number or boolean as JavaScript writes it, null as "", a list as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    try:
        return cast(str, stringify(value))
    except RecursionError:
        return None  # too deep to be written out: a filter never raises on a message


_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)


def _number(value: Value) -> Value:
    """Return the number that a text is; null where it is none."""
    if is_number(value):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return None


_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)


def _version(text: str) -> tuple[float, ...] | None:
    """Return the one to three numbers of a version, the missing ones 0; a part counts as far as it is
    digits.
    """
    parts = text.split(".")
    if len(parts) > 3:
        return None
    found = [_INTEGER.match(part.strip(SPACES)) for part in parts]
    numbers = [float(digits[0]) for digits in found if digits is not None]
    return (*numbers, 0, 0)[:3] if len(numbers) == len(parts) else None


def _semver(one: Value, operator: Value, other: Value) -> Value:
    if not isinstance(one, str) or not isinstance(operator, str) or not isinstance(other, str):
        return False
    left, right = _version(one), _version(other)
    if left is None or right is None or operator not in COMPARISONS:
        return False
    order = (left > right) - (left < right)
    return COMPARISONS[operator](order, 0)


FUNCTIONS: dict[str, Function] = {
    "contains": Function(2, _contains),
    "match": Function(2, _match),
    "length": Function(1, _length),
    "lowercase": _of_text(str.lower),
    "uppercase": _of_text(str.upper),
    "snakecase": _of_text(lambda text: text.replace(" ", "_")),
    "kebabcase": _of_text(lambda text: text.replace(" ", "-")),
    "titlecase": _of_text(_titlecase),
    "typeof": Function(1, _typeof),
    "bool": Function(1, _bool),
    "string": Function(1, _string),
    "number": Function(1, _number),
    "semver": Function(3, _semver),
}
