"""Finds triggers that never match, and the calls that a trigger may match, from its text alone."""

from __future__ import annotations

from collections.abc import Callable

from ..messages import CALL_TYPES
from .trigger_syntax import Condition, Group, parse_trigger
from .triggers import OPERATORS, holds

_HINTS = {
    "is": "write = in its place",
    "==": "write = in its place",
    "in": "write one condition for each value, joined by or",
}
_EQUAL = ("=", "contains", "starts_with", "ends_with")
"""Operators that hold for the text that they are given, or for one that has it as a part."""


def never_matches(trigger: str) -> str:
    """Return why a trigger that can be read takes no message; "" where it may take some.

    Raises MappingError for one that Segment cannot read.
    """
    return _why(parse_trigger(trigger))


def calls_of(trigger: str) -> frozenset[str]:
    """Return the calls that the trigger may take, by its conditions on type. Raises MappingError as above."""
    node = parse_trigger(trigger)
    return frozenset(call for call in CALL_TYPES if not _why(node) and _may_take(node, call))


def _may_take(node: Condition | Group | None, call: str) -> bool:
    if node is None:
        return False
    if isinstance(node, Group):
        some: Callable[[list[bool]], bool] = all if node.operator == "and" else any
        return some([_may_take(child, call) for child in node.children])
    return not _why_one(node) and (node.place != "type" or holds(node, {"type": call}))


def _why(node: Condition | Group | None) -> str:
    if node is None:
        return "a pair of brackets in it holds no condition that Segment knows"
    if isinstance(node, Condition):
        return _why_one(node)
    whys = [_why(child) for child in node.children]
    if node.operator == "or":
        return whys[0] if all(whys) else ""
    return next((why for why in whys if why), "") or _contradiction(node)


def _why_one(condition: Condition) -> str:
    name, expected = ".".join((condition.place, *condition.path)), condition.expected
    operator = "==" if (condition.operator, expected) == ("=", "=") else condition.operator
    if operator not in OPERATORS:
        hint = _HINTS.get(operator, "there are =, !=, <, <=, > and >=")
        return f"Segment knows no operator {operator!r} ({name}): {hint}"
    if isinstance(expected, str) and operator in _EQUAL:
        if len(expected) > 1 and expected[0] == expected[-1] == "'":
            return f'Segment reads single quotes as part of the text: write "{expected[1:-1]}"'
        if expected.endswith("\\"):
            return (
                f'a text cannot hold a double quote: Segment reads "{expected}" and ignores the rest. '
                f'Compare what stands before it: match({name}, "{expected[:-1]}*")'
            )
    if condition.place == "type" and not any(holds(condition, {"type": call}) for call in CALL_TYPES):
        return f"no call has the type {expected!r}: there are {', '.join(CALL_TYPES)}"
    if operator in ("<", "<=", ">", ">=") and condition.place in ("event", "name", "userId"):
        return f"{name} is text, and {operator} compares numbers"
    return ""


def _contradiction(group: Group) -> str:
    """Return two conditions that ask for different values at the same place."""
    asked: dict[tuple[str, ...], Condition] = {}
    for child in group.children:
        if not isinstance(child, Condition) or child.operator not in ("=", "number_equals"):
            continue
        key = (child.place, *child.path)
        other = asked.setdefault(key, child)
        if other.expected != child.expected:
            return (
                f"{'.'.join(key)} cannot be both {other.expected!r} and {child.expected!r}: join them by or"
            )
    return ""
