"""Compiles triggers to predicates of a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from ..messages import JsonObject
from .base import Refused
from .javascript import MISSING, Value, as_double, is_number, to_number
from .paths import walk
from .trigger_syntax import Condition, Group, parse_trigger, value_text

Predicate = Callable[[JsonObject], bool]
Test = Callable[[Value], bool]


def compile_trigger(text: str) -> Predicate:
    """Compile a trigger to a predicate; it raises `Refused` where Segment fails.

    Raises MappingError for a text that Segment cannot read; there, it never matches.
    """
    return predicate(parse_trigger(text))


def holds(node: Condition | Group | None, message: JsonObject) -> bool:
    """Return True if a part of a trigger matches the message. Raises `Refused` where Segment fails."""
    return predicate(node)(message)


def only_type(node: Condition | Group) -> str | None:
    """Return the one message type that a trigger can match; None if it does not start with `type = "…"`."""
    first = node
    if isinstance(node, Group):
        first = node.children[0] if node.operator == "and" else None
    if isinstance(first, Condition) and first.place == "type" and first.operator == "=":
        return value_text(cast(str, first.expected))
    return None


def without_type(node: Condition | Group) -> Condition | Group | None:
    """Return what a trigger asks beside its `only_type`, None if nothing; the trigger if it names no type."""
    if only_type(node) is None:
        return node
    if not isinstance(node, Group) or len(node.children) == 1:
        return None
    return Group(node.operator, node.children[1:])


def predicate(node: Condition | Group | None) -> Predicate:
    """Compile a part of a trigger."""
    if node is None:
        return _nothing
    return _group(node) if isinstance(node, Group) else _condition(node)


def _nothing(message: JsonObject) -> bool:
    """Fail as Segment does at brackets around nothing that it knows."""
    raise Refused("Cannot read properties of undefined (reading 'type')")


def _group(group: Group) -> Predicate:
    children = [predicate(child) for child in group.children]
    if len(children) == 1:
        return children[0]
    if len(children) == 2:
        first, second = children
        if group.operator == "and":
            return lambda message: first(message) and second(message)
        return lambda message: first(message) or second(message)
    if group.operator == "and":
        return lambda message: all(child(message) for child in children)
    return lambda message: any(child(message) for child in children)


def _condition(condition: Condition) -> Predicate:
    make = _TESTS.get(condition.operator)
    if make is None:
        return lambda message: False
    test = make(condition.expected)
    place, path = condition.place, condition.path
    if path:
        return lambda message: test(walk(message.get(place, MISSING), path))
    return lambda message: test(message.get(place, MISSING))


Expected = str | float | bool | None


def _equal(expected: Expected) -> Test:
    text = value_text(cast(str, expected))
    return lambda actual: actual == text


def _unequal(expected: Expected) -> Test:
    text = value_text(cast(str, expected))
    return lambda actual: actual != text


def _negated(make: Callable[[Expected], Test]) -> Callable[[Expected], Test]:
    def negated(expected: Expected) -> Test:
        test = make(expected)
        return lambda actual: not test(actual)

    return negated


def _numeric(compare: Callable[[float, float], bool]) -> Callable[[Expected], Test]:
    def make(expected: Expected) -> Test:
        number = as_double(to_number(expected))
        return lambda actual: is_number(actual) and compare(as_double(cast(float, actual)), number)

    return make


def _textual(compare: Callable[[str, str], bool], holds: bool = True) -> Callable[[Expected], Test]:
    def make(expected: Expected) -> Test:
        text = value_text(cast(str, expected))
        return lambda actual: isinstance(actual, str) and compare(actual, text) is holds

    return make


def _exists(expected: Expected) -> Test:
    return lambda actual: actual is not MISSING and actual is not None


def _contains(text: str, part: str) -> bool:
    return part in text


_TESTS: dict[str, Callable[[Expected], Test]] = {
    "=": _equal,
    "!=": _unequal,
    "number_equals": _numeric(lambda a, b: a == b),
    "number_not_equals": _numeric(lambda a, b: a != b),
    "<": _numeric(lambda a, b: a < b),
    "<=": _numeric(lambda a, b: a <= b),
    ">": _numeric(lambda a, b: a > b),
    ">=": _numeric(lambda a, b: a >= b),
    "contains": _textual(_contains),
    "not_contains": _textual(_contains, holds=False),
    "starts_with": _textual(str.startswith),
    "not_starts_with": _textual(str.startswith, holds=False),
    "ends_with": _textual(str.endswith),
    "not_ends_with": _textual(str.endswith, holds=False),
    "exists": _exists,
    "not_exists": _negated(_exists),
    "is_true": lambda expected: lambda actual: actual is True,
    "is_false": lambda expected: lambda actual: actual is False,
}
OPERATORS = frozenset(_TESTS)
"""The operators that Segment can compare by; a condition with any other never holds."""
NUMERIC = frozenset(("number_equals", "number_not_equals", "<", "<=", ">", ">="))
"""Operators that compare numbers; a text is never equal, even if it reads as a number."""
