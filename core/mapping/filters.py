"""Conditions of destination filters in Segment's query language (FQL), compiled once to a predicate.

Triggers of subscriptions have a lenient reader of their own (`triggers`), as at Segment. A filter's condition
is read whole or not at all: `fql_syntax` reads it, `fql_functions` has its functions and comparisons.

    !(event = "Button Clicked" or event = "Button Clicked 2")
    type = "track" and match(properties.email, "*@example.com") and length(properties.products) > 0
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import MappingError
from ..messages import Json, JsonObject
from .fql_functions import COMPARISONS, FUNCTIONS, equal
from .fql_syntax import (
    Call,
    Comparison,
    Constant,
    Every,
    FieldPath,
    Items,
    Membership,
    Negation,
    Node,
    Operand,
    Some,
    parse,
)
from .javascript import MISSING, Value, truthy
from .paths import member

Read = Callable[[JsonObject], Value]
Predicate = Callable[[JsonObject], bool]


def compile_filter(text: str) -> Predicate:
    """Return a predicate that is true for the messages which the condition matches. It never raises.

    Raises FilterNotFql for what is not FQL, FilterNotUnderstood for FQL that segtap cannot follow.
    """
    node = parse(text)
    if isinstance(node, Call):
        # A function alone counts only if it gives a boolean; joined to others, whatever is truthy does.
        read = _call(node)
        return lambda message: read(message) is True
    return _truth(node)


def compile_value(text: str) -> Read:
    """Compile an expression, such as `lowercase(properties.email)`, to a function that gives its value.

    Raises as `compile_filter`.
    """
    node = parse(text)
    if isinstance(node, Constant | FieldPath | Items | Call):
        return _value(node)
    return _truth(node)


def filter_fault(text: str) -> str:
    """Return why a condition cannot be judged, or ""."""
    try:
        parse(text)
    except MappingError as fault:
        return str(fault)
    return ""


def _truth(node: Node) -> Predicate:
    """Judge a node as a part of a condition. Of values, only a path or constant that is `true` holds."""
    match node:
        case Negation(inner):
            holds = _truth(inner)
            return lambda message: not holds(message)
        case Every(parts):
            every = [_truth(part) for part in parts]
            return lambda message: all(part(message) for part in every)
        case Some(parts):
            some = [_truth(part) for part in parts]
            return lambda message: any(part(message) for part in some)
        case Comparison(operator, left, right):
            compare, one, other = COMPARISONS[operator], _value(left), _value(right)
            return lambda message: compare(one(message), other(message))
        case Membership(left, right):
            return _within(_value(left), _value(right))
        case Call():
            read = _call(node)
            return lambda message: truthy(read(message))
        case Constant() | FieldPath() | Items():
            value = _value(node)
            return lambda message: value(message) is True


def _within(wanted: Read, options: Read) -> Predicate:
    def within(message: JsonObject) -> bool:
        listed, value = options(message), wanted(message)
        return isinstance(listed, list) and any(equal(value, item) for item in listed)

    return within


def _value(node: Operand) -> Read:
    match node:
        case Constant(value):
            return lambda message: value
        case FieldPath(keys):
            return _field(keys)
        case Items(items):
            reads = [_value(item) for item in items]
            return lambda message: [_json(read(message)) for read in reads]
        case Call():
            return _call(node)


def _json(value: Value) -> Json:
    return None if value is MISSING else value


def _call(call: Call) -> Read:
    make = FUNCTIONS[call.name].make
    arguments = [_value(argument) for argument in call.arguments]
    if len(arguments) == 1:
        (only,) = arguments
        return lambda message: make(only(message))
    return lambda message: make(*(argument(message) for argument in arguments))


def _field(keys: tuple[str, ...]) -> Read:
    """Read a path, null where it leads nowhere. A number also picks an element of a list."""

    def read(message: JsonObject) -> Value:
        value: Value = message
        for key in keys:
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list | str):
                value = _json(member(value, key))
            else:
                return None
        return value

    return read
