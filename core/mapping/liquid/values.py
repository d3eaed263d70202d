"""What @liquid's values are: JavaScript's, read, compared and written as LiquidJS does.

Source: liquidjs 10.30, util/underscore, context and render/operator.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias, cast

from ...messages import Json
from ..javascript import MISSING, Value, is_number, to_number, to_text
from ..paths import member
from ..validate import utf16_length

Filter: TypeAlias = Callable[..., Value]
"""Takes the value and the arguments, gives a value. Raises FilterFault."""

LIMIT = 100_000_000
"""What LiquidJS lets a template have, in characters and items."""


MAX_MEMORY = 10_000_000
"""Characters and items that one template may make; LiquidJS stops at ten times as many."""


class FilterFault(Exception):
    """A filter refuses its value; the text is LiquidJS's."""


def text_of(value: Value) -> str:
    """Return LiquidJS's own `stringify`: nothing for undefined and null, lists without commas."""
    if isinstance(value, str):
        return value
    if value is MISSING or value is None:
        return ""
    if isinstance(value, list):
        return "".join(map(text_of, value))
    return to_text(value)


def number_of(value: Value) -> float | int:
    """Return `Number(value)`; undefined is NaN, lists and objects go by their text."""
    if value is MISSING:
        return math.nan
    return to_number(to_text(value) if isinstance(value, (list, dict)) else value)


def or_zero(value: Value) -> float | int:
    """Return a number as arithmetic takes it: 0 for what is none."""
    number = number_of(value)
    return 0 if number != number else number


def made_number(number: float | int) -> Value:
    """Return a number as later steps want it: whole ones as int."""
    if isinstance(number, float) and math.isfinite(number) and number.is_integer() and abs(number) < 2**53:
        return int(number)
    return number


def list_of(value: Value) -> list[Json]:
    """Return a list as it is, nothing as an empty one, anything else as a list of one."""
    if value is MISSING or value is None:
        return []
    return value if isinstance(value, list) else [value]


def read_property(holder: Value, key: Value) -> Value:
    """Return `holder.key` in a template: own properties, then `size`, `first` and `last`."""
    if holder is MISSING or holder is None:
        return holder
    if isinstance(holder, list) and is_number(key):
        return element(holder, cast(float, key))
    name = to_text(key)
    value = MISSING if isinstance(holder, (bool, int, float)) else member(holder, name)
    if value is not MISSING:
        return value
    if name == "size":
        if isinstance(holder, str):
            return utf16_length(holder)
        return len(holder) if isinstance(holder, (list, dict)) else MISSING
    if isinstance(holder, list) and name in ("first", "last"):
        return element(holder, 0 if name == "first" else -1)
    return MISSING


def element(items: list[Json], index: float) -> Value:
    """Return the item at an index, from the end where that is negative."""
    if index != index or index in (math.inf, -math.inf) or index != int(index):
        return MISSING
    at = int(index) + (len(items) if index < 0 else 0)
    return items[at] if 0 <= at < len(items) else MISSING


def position(number: float, most: int, whole: Callable[[float], int] = math.ceil) -> int:
    """Return a number of signs or items, whole and no more than there are."""
    return most if number >= most else max(whole(number), 0)


def is_nothing(value: Value) -> bool:
    """Return True for what is falsy in a template: undefined, null and false only."""
    return value is MISSING or value is None or value is False


def same(left: Value, right: Value) -> bool:
    """Return `==` in a template: the same type and value; lists item by item, objects only the very same."""
    if isinstance(left, list):
        return (
            isinstance(right, list)
            and len(left) == len(right)
            and all(same(one, other) for one, other in zip(left, right, strict=True))
        )
    if isinstance(left, dict) or isinstance(right, (dict, list)):
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right if type_alike(left, right) else False


def type_alike(left: Value, right: Value) -> bool:
    """Return True for two numbers, two texts, two nulls or two undefined values."""
    if is_number(left):
        return is_number(right)
    return type(left) is type(right)


DISABLED_FILTERS = frozenset(
    (
        *(
            "array_to_sentence_string",
            "concat",
            "find",
            "find_exp",
            "find_index",
            "find_index_exp",
            "group_by",
        ),
        *(
            "group_by_exp",
            "has",
            "has_exp",
            "map",
            "newline_to_br",
            "reject",
            "reject_exp",
            "reverse",
            "sort",
        ),
        *("sort_natural", "type", "uniq", "where_exp"),
    )
)
"""Filters that Segment has turned off: a template that uses one is refused when it runs."""

DISABLED_TAGS = ("case", "for", "include", "layout", "render", "tablerow")
"""Tags that Segment has turned off: a template that holds one is refused."""
