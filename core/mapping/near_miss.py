"""How near a trigger came to taking a message: which of its conditions did not hold, in words."""

from __future__ import annotations

import json

import msgspec

from ..messages import JsonObject
from .base import Refused
from .trigger_syntax import Condition, Group, parse_trigger
from .triggers import holds


class Miss(msgspec.Struct, frozen=True):
    """The number of conditions that held, and those that did not: of an `or`, those of the part that
    came nearest.
    """

    held: int
    failing: tuple[Condition | None, ...]

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller is nearer."""
        return len(self.failing), -self.held


def miss_of(trigger: str, message: JsonObject) -> Miss:
    """Return what kept the trigger from taking the message. Raises MappingError for one that cannot be
    read.
    """
    return _miss(parse_trigger(trigger), message)


def _miss(node: Condition | Group | None, message: JsonObject) -> Miss:
    if isinstance(node, Group):
        parts = [_miss(child, message) for child in node.children]
        if node.operator == "or":
            return min(parts, key=lambda part: part.rank)
        failing = tuple(condition for part in parts for condition in part.failing)
        return Miss(sum(part.held for part in parts), failing)
    try:
        held = holds(node, message)
    except Refused:
        held = False
    return Miss(1, ()) if held else Miss(0, (node,))


_WORDS = {
    "number_equals": "=",
    "number_not_equals": "!=",
    "contains": "contains",
    "not_contains": "does not contain",
    "starts_with": "begins with",
    "not_starts_with": "does not begin with",
    "ends_with": "ends with",
    "not_ends_with": "does not end with",
    "exists": "to be there",
    "not_exists": "not to be there",
    "is_true": "= true",
    "is_false": "= false",
}


def condition_words(condition: Condition | None) -> str:
    """Return a condition as one would write it: `properties.total > 10`, `event contains "Order"`."""
    if condition is None:
        return "a condition that Segment cannot read"
    name = ".".join((condition.place, *condition.path))
    words = _WORDS.get(condition.operator, condition.operator)
    if condition.expected is None:
        return f"{name} {words}"
    return f"{name} {words} {json.dumps(condition.expected, ensure_ascii=False)}"
