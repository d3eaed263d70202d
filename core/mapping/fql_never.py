"""Finds FQL conditions that match no message, from their text alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from ..messages import CALL_TYPES, Json
from ..text import shown
from .fql_syntax import Comparison, Constant, Every, FieldPath, Items, Membership, Node, Some, parse

_NEVER = frozenset[str]()


def fql_never_matches(condition: str, *, blocked: Collection[str] = _NEVER) -> str:
    """Return why a condition matches no message; "" if it may match some.

    `blocked` are events that never reach the condition. Raises MappingError for a condition that cannot be
    judged.
    """
    return _why(parse(condition), blocked)


def _why(node: Node, blocked: Collection[str]) -> str:
    if isinstance(node, Some):
        whys = [_why(part, blocked) for part in node.parts]
        return whys[0] if all(whys) else ""
    parts = tuple(_joined(node))
    alone = (_of_values(path, values, blocked) for path, values in _asked(parts))
    inside = (_why(part, blocked) for part in parts if isinstance(part, Some))
    return next((why for why in chain(alone, inside) if why), "") or _contradiction(parts)


def _joined(node: Node) -> Iterator[Node]:
    """Yield the parts that all have to hold."""
    if isinstance(node, Every):
        for part in node.parts:
            yield from _joined(part)
    else:
        yield node


def _asked(parts: Sequence[Node]) -> Iterator[tuple[tuple[str, ...], list[Json]]]:
    """Yield the paths that must have one of some values: `path = "a"`, `path in ["a", "b"]`."""
    for part in parts:
        if isinstance(part, Comparison) and part.operator == "=":
            for path, value in ((part.left, part.right), (part.right, part.left)):
                if isinstance(path, FieldPath) and isinstance(value, Constant):
                    yield path.keys, [value.value]
        elif isinstance(part, Membership) and isinstance(part.left, FieldPath):
            items = part.right.items if isinstance(part.right, Items) else ()
            values = [item.value for item in items if isinstance(item, Constant)]
            if isinstance(part.right, Items) and len(values) == len(items):
                yield part.left.keys, values


def _of_values(path: tuple[str, ...], values: list[Json], blocked: Collection[str]) -> str:
    """Return why no message has one of these values at the path."""
    if not values:
        return f"{'.'.join(path)} is compared with an empty list"
    if path == ("type",) and not any(value in CALL_TYPES for value in values):
        return f"no call has the type {shown(values[0])}: there are {', '.join(CALL_TYPES)}"
    if path == ("event",) and all(isinstance(value, str) and value in blocked for value in values):
        return f"the event {shown(values[0])} is blocked at its source"
    return ""


def _contradiction(parts: Sequence[Node]) -> str:
    """Return two conditions that ask for different values at the same path."""
    first: dict[tuple[str, ...], list[Json]] = {}
    for path, values in _asked(parts):
        other = first.setdefault(path, values)
        if not any(value in other for value in values):
            name = ".".join(path)
            return f"{name} cannot be both {shown(other[0])} and {shown(values[0])}: join them by or"
    return ""
