"""What an insert function made of one message, as it is kept with the verdict. Pure.

The document that a function returns is kept as the difference from the one that it was given: the same
changes, made again, give the same document, and take little room.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    Json: TypeAlias = bool | int | float | str | "list[Json]" | "dict[str, Json]" | None
    JsonObject: TypeAlias = dict[str, Json]
else:
    # As in `messages`, which cannot be imported here: messages have outcomes.
    Json = Any
    JsonObject = dict[str, Any]

FunctionEffect = Literal["passed", "dropped", "no_handler", "failed", "fault", "not_imitated"]
"""How the call of a function ended: it returned an event, dropped it on purpose, has no handler for the type,
threw an error, hung or died, or needs something that segtap does not have."""
STOPS: frozenset[FunctionEffect] = frozenset(("dropped", "no_handler", "failed", "fault"))
"""The effects after which the message goes no further."""


NO_HANDLER = "it has no "
"""How the reason begins that names a missing handler: `it has no onPage`."""


class Change(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """One change of a document: what stands at `path` afterwards, or that nothing does."""

    path: tuple[str, ...]
    value: Json = None
    removed: bool = False


class FunctionOutcome(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """What one insert function made of a message.

    `function` is its place among the insert functions of the settings. `reason` says why the message stops,
    or what is not imitated. `logs` are the lines that the code wrote with `console.log`, the first of them.
    """

    function: int
    effect: FunctionEffect
    reason: str = ""
    logs: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


def outcome_of(function: int, outcomes: Iterable[FunctionOutcome]) -> FunctionOutcome | None:
    """Return what the function at this place made of a message, None if it has not run."""
    return next((one for one in outcomes if one.function == function), None)


def changes_between(before: JsonObject, after: JsonObject) -> tuple[Change, ...]:
    """Return the changes that make `before` into `after`, but for the order of keys.

    Objects are compared key by key, everything else as a whole. Without recursion: objects may be deep.
    """
    found: list[Change] = []
    waiting: list[tuple[tuple[str, ...], JsonObject, JsonObject]] = [((), before, after)]
    while waiting:
        path, old, new = waiting.pop()
        found += [Change((*path, key), removed=True) for key in old if key not in new]
        for key, value in new.items():
            there = old.get(key)
            if key in old and isinstance(there, dict) and isinstance(value, dict):
                waiting.append(((*path, key), there, value))
            elif key not in old or not _same(there, value):
                found.append(Change((*path, key), value))
    return tuple(found)


def with_changes(document: JsonObject, changes: Iterable[Change]) -> JsonObject:
    """Return the document with the changes made, the very same object without any.

    What is not on the way of a change is shared, not copied. A change that leads nowhere is left out.
    """
    made = document
    copied: dict[tuple[str, ...], JsonObject] = {}
    for change in changes:
        if made is document:
            made = copied[()] = dict(document)
        holder = _holder(copied, change.path[:-1])
        if holder is None or not change.path:
            continue
        if change.removed:
            holder.pop(change.path[-1], None)
        else:
            holder[change.path[-1]] = change.value
    return made


def _holder(copied: dict[tuple[str, ...], JsonObject], path: tuple[str, ...]) -> JsonObject | None:
    """Return the copy of the object at a path, making it and those around it where needed."""
    holder = copied[()]
    for length in range(1, len(path) + 1):
        here = path[:length]
        if here not in copied:
            there = holder.get(here[-1])
            if not isinstance(there, dict):
                return None
            copied[here] = holder[here[-1]] = dict(there)
        holder = copied[here]
    return holder


def _same(one: Json, other: Json) -> bool:
    """Return True if two values are the same JSON to JavaScript: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, (dict, list)) or isinstance(other, (dict, list)):
        waiting: list[tuple[Json, Json]] = [(one, other)]
        while waiting:
            left, right = waiting.pop()
            if isinstance(left, dict) and isinstance(right, dict):
                if list(left) != list(right):
                    return False
                waiting += [(left[key], right[key]) for key in left]
            elif isinstance(left, list) and isinstance(right, list):
                if len(left) != len(right):
                    return False
                waiting += zip(left, right, strict=True)
            elif isinstance(left, (dict, list)) or isinstance(right, (dict, list)) or not _same(left, right):
                return False
        return True
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other
