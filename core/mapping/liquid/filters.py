"""The filters of LiquidJS that Segment leaves on. Source: liquidjs 10.30, filters/{math,array,misc}.

Each takes the value and its arguments, and gives a value; `MISSING` is undefined.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import cast

from ...messages import Json
from ..javascript import (
    MISSING,
    Value,
    as_double,
    format_number,
    is_number,
    keys_in_order,
    stringify,
    to_number,
    to_text,
    truthy,
)
from ..paths import member
from ..validate import utf16_length
from .texts import TEXT_FILTERS
from .values import (
    LIMIT,
    Filter,
    FilterFault,
    element,
    is_nothing,
    list_of,
    made_number,
    number_of,
    or_zero,
    position,
    read_property,
    same,
    text_of,
)

# Numbers


def _number1(work: Callable[[float], float]) -> Filter:
    def filtered(value: Value, *_: Value) -> Value:
        return made_number(work(or_zero(value)))

    return filtered


def _number2(work: Callable[[float, float], float]) -> Filter:
    """Return a filter of two numbers; the second is NaN where the template has none."""

    def filtered(value: Value, *more: Value) -> Value:
        return made_number(work(as_double(or_zero(value)), as_double(or_zero(more[0])) if more else math.nan))

    return filtered


def _one_of(choose: Callable[[list[float]], float]) -> Filter:
    return lambda *values: made_number(choose([as_double(or_zero(value)) for value in values]))


def _quotient(dividend: float, divisor: float) -> float:
    top, bottom = as_double(dividend), as_double(divisor)
    if bottom:
        return top / bottom
    if not top or top != top:
        return math.nan
    return math.copysign(math.inf, top) * math.copysign(1, bottom)


def _divided_by(value: Value, divisor: Value = None, whole: Value = 0, *_: Value) -> Value:
    made = _quotient(or_zero(value), math.nan if divisor is None else or_zero(divisor))
    return made_number(math.floor(made) if or_zero(whole) and math.isfinite(made) else made)


def _modulo(value: float, divisor: float) -> float:
    def remainder(a: float, b: float) -> float:
        if not b or math.isinf(a) or a != a or b != b:
            return math.nan
        return math.fmod(a, b)

    return remainder(remainder(value, divisor) + divisor, divisor)


def _rounding(whole: Callable[[float], int]) -> Callable[[float], float]:
    return lambda value: whole(value) if math.isfinite(as_double(value)) else value


def _shifted(number: float, power: float) -> float:
    mantissa, _, exponent = format_number(number).partition("e")
    shift = format_number(made_number(float(exponent or 0) + power))  # pyright: ignore[reportArgumentType]
    return as_double(to_number(f"{mantissa}e{shift}"))


def _round(value: Value, places: Value = 0) -> Value:
    number, digits = or_zero(value), or_zero(places)
    scaled = _shifted(abs(number), digits)
    if not scaled <= 2**53 - 1:
        return made_number(number)
    rounded = _shifted(math.floor(scaled + 0.5) if scaled % 1 else scaled, -digits)
    return made_number(-rounded if number < 0 else rounded)


# Lists and the rest


def _join(value: Value, separator: Value = MISSING, *_: Value) -> Value:
    between = " " if separator is MISSING or separator is None else text_of(separator)
    items = list_of(value)
    if len(items) * len(between) > LIMIT:
        raise FilterFault("memory alloc limit exceeded")
    return between.join("" if item is None or item is MISSING else to_text(item) for item in items)


def _at_end(index: int) -> Filter:
    def filtered(value: Value, *_: Value) -> Value:
        if isinstance(value, str) and value:
            return member(value, str(index if index >= 0 else utf16_length(value) + index))
        return element(value, index) if isinstance(value, list) else ""

    return filtered


def _size(value: Value, *_: Value) -> Value:
    if isinstance(value, str):
        return utf16_length(value)
    if isinstance(value, dict):
        own = value.get("length")
        return own if truthy(own) else 0
    return len(value) if isinstance(value, list) else 0


def _compact(value: Value, *_: Value) -> Value:
    return [item for item in list_of(value) if item is not None and item is not cast(Json, MISSING)]


def _sum(value: Value, path: Value = MISSING, *_: Value) -> Value:
    total: float | int = 0
    for item in list_of(value):
        number = item
        if truthy(path):
            for key in text_of(path).split("."):
                number = cast(Json, read_property(number, key))
        double = number_of(number)
        total = total if double != double else total + double
    return made_number(total)


def _slice(value: Value, begin: Value = MISSING, length: Value = 1, *_: Value) -> Value:
    if value is MISSING or value is None:
        return []
    whole: list[Json] | str = value if isinstance(value, list) else text_of(value)
    start, count = number_of(begin), number_of(1 if length is MISSING else length)
    if start < 0:  # a text that is negative is glued to the length there, and reads as no number
        start = math.nan if isinstance(begin, str) else start + len(whole)
    if count > LIMIT:
        raise FilterFault("memory alloc limit exceeded")
    if start < 0 or count < 0:
        return [] if isinstance(whole, list) else ""
    if count != count or (start != start and isinstance(whole, list)):
        return whole[:0]
    start = start if start == start else 0
    if isinstance(whole, list):
        end = number_of(begin + text_of(length)) if isinstance(begin, str) else start + count
        return whole[position(start, len(whole), math.floor) : position(end, len(whole), math.floor)]
    first = position(start, len(whole))
    return whole[first : first + position(count, len(whole))]


def _where(value: Value, path: Value = MISSING, expected: Value = MISSING, *_: Value) -> Value:
    keys = [part for part in re.split(r"[.\[\]]+", text_of(path)) if part]
    kept: list[Json] = []
    for item in list_of(value):
        found: Value = item if keys else MISSING
        for key in keys:
            found = read_property(found, key.strip("'\""))
        if same(found, expected) if expected is not MISSING else not is_nothing(found):
            kept.append(item)
    return kept


def _default(value: Value, other: Value = MISSING, *_: Value, allow_false: Value = None) -> Value:
    if isinstance(value, (list, str)):
        return value if value else other
    if value is False and truthy(allow_false):
        return False
    return other if is_nothing(value) else value


def _json(value: Value, space: Value = 0, *_: Value) -> Value:
    indent = " " * position(or_zero(space), 10, math.floor) if is_number(space) else text_of(space)[:10]
    return _indented(value, indent, "\n") if indent and value is not MISSING else stringify(value)


def _indented(value: Value, indent: str, line: str) -> str:
    deeper = line + indent
    if isinstance(value, dict) and value:
        inside = [
            f"{stringify(key)}: {_indented(value[key], indent, deeper)}"
            for key in keys_in_order(value)
            if value[key] is not cast(Json, MISSING)
        ]
        return f"{{{deeper}{f',{deeper}'.join(inside)}{line}}}"
    if isinstance(value, list) and value:
        inside = [_indented(item, indent, deeper) for item in value]
        return f"[{deeper}{f',{deeper}'.join(inside)}{line}]"
    return text_of(stringify(None if value is MISSING else value))


def _raw(value: Value, *_: Value) -> Value:
    return value


def _unshift(value: Value, item: Value = MISSING, *_: Value) -> Value:
    return [cast(Json, item), *list_of(value)]


def _pop(value: Value, *_: Value) -> Value:
    return list_of(value)[:-1]


def _shift(value: Value, *_: Value) -> Value:
    return list_of(value)[1:]


def _to_integer(value: Value, *_: Value) -> Value:
    return made_number(number_of(value))


def _push(value: Value, item: Value = MISSING, *_: Value) -> Value:
    return [*list_of(value), cast(Json, item)]


FILTERS: dict[str, Filter] = {
    **TEXT_FILTERS,
    "abs": _number1(abs),
    "at_least": _one_of(max),
    "at_most": _one_of(min),
    "ceil": _number1(_rounding(math.ceil)),
    "floor": _number1(_rounding(math.floor)),
    "divided_by": _divided_by,
    "modulo": _number2(_modulo),
    "minus": _number2(lambda value, other: value - other),
    "plus": _number2(lambda value, other: value + other),
    "times": _number2(lambda value, other: value * other),
    "round": _round,
    "to_integer": _to_integer,
    "join": _join,
    "first": _at_end(0),
    "last": _at_end(-1),
    "size": _size,
    "sum": _sum,
    "compact": _compact,
    "push": _push,
    "unshift": _unshift,
    "pop": _pop,
    "shift": _shift,
    "slice": _slice,
    "where": _where,
    "default": _default,
    "json": _json,
    "jsonify": _json,
    "inspect": _json,
    "raw": _raw,
}
"""The filters by name. `sample` picks at random there and `slugify` is not made: both pass the value on."""
