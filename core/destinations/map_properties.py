"""How Segment's published code (tsub) reads, writes and removes values by dotted paths.

What JavaScript does there in corners is done here as well: values in lists, missing parents, falsy values.
Functions that write change the message in place: give them one that `copied` made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..mapping.javascript import MISSING, Value, to_number, to_text, truthy
from ..mapping.paths import member
from ..messages import Json, JsonObject

_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z", re.ASCII)
_NEVER_WRITTEN = ("__proto__", "constructor", "prototype")
MOST_ITEMS = 100_000
"""A longer list is not made by writing to a far index."""


def copied(document: JsonObject) -> JsonObject:
    """Return a copy that shares no object or list with the message. Without recursion: messages may be deep.

    An object that stands in several places is one object in the copy, too.
    """
    whole: JsonObject = dict(document)
    waiting: list[JsonObject | list[Json]] = [whole]
    known: dict[int, JsonObject | list[Json]] = {}
    while waiting:
        holder = waiting.pop()
        items = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, item in items:
            if not isinstance(item, dict | list):
                continue
            own = known.get(id(item))
            if own is None:
                own = known[id(item)] = dict(item) if isinstance(item, dict) else list(item)
                waiting.append(own)
            holder[key] = own  # type: ignore[index]
    return whole


def read(document: Json, path: str) -> Value:
    """Return the value at the path; MISSING where it leads nowhere, or past a falsy value."""
    value: Value = document
    for step in path.split("."):
        value = member(value, step) if truthy(value) else MISSING
    return value


def has_parent(initial: JsonObject, path: str) -> bool:
    """Return True if the value around the path is an object, a list or null; top-level paths have one."""
    holder, dot, _ = path.rpartition(".")
    if not dot:
        return True
    parent = read(initial, holder)
    return parent is None or isinstance(parent, dict | list)


def write(document: JsonObject, path: str, value: Json) -> bool:
    """Set the value at the path, making objects on the way. Return False where JavaScript would fail.

    A name cannot be written into a list: nothing happens then. Nor does a value go into itself.
    """
    steps = path.split(".")
    holder: Json = document
    for number, step in enumerate(steps):
        if step in _NEVER_WRITTEN:
            return True
        last = number == len(steps) - 1
        made: Json
        if last:
            made = value
        else:
            there = member(holder, step) if isinstance(holder, dict | list) else MISSING
            made = there if there is None or isinstance(there, dict | list) else _new(steps[number + 1])
        if holder is None or (last and _holds(value, holder)):
            return False
        if not _put(holder, step, made):
            return False
        holder = made
    return True


def _holds(value: Json, holder: Json) -> bool:
    """Return True if `holder` is the value, or stands within it."""
    waiting: list[Json] = [value]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, dict | list):
            continue
        if one is holder:
            return True
        waiting.extend(one.values() if isinstance(one, dict) else one)
    return False


def _new(step: str) -> Json:
    """Return what is made to hold a step: a list for a number, else an object."""
    number = to_number(step)
    return [] if number - number == 0 else {}


def _put(holder: Json, step: str, value: Json) -> bool:
    if isinstance(holder, dict):
        holder[step] = value
    elif isinstance(holder, list):
        if step == "length":
            return _cut(holder, value)
        if _INDEX.match(step):
            index = int(step)
            if index >= MOST_ITEMS:
                return False
            holder.extend([None] * (index + 1 - len(holder)))
            holder[index] = value
    return True


def _cut(items: list[Json], length: Json) -> bool:
    """Set a list's length, as JavaScript does on writing to it."""
    number = to_number(to_text(length) if isinstance(length, list) else length)
    if not (0 <= number <= MOST_ITEMS) or number != int(number):
        return False
    wanted = int(number)
    del items[wanted:]
    items.extend([None] * (wanted - len(items)))
    return True


def remove(document: JsonObject, path: str) -> None:
    """Delete what stands at the path, if it is truthy; an element of a list becomes null.

    A backslash before a dot keeps it in the last name, as there.
    """
    if not truthy(read(document, path)):
        return
    steps = path.split(".")
    last = steps.pop()
    while steps and steps[-1].endswith("\\"):
        last = f"{steps.pop()[:-1]}.{last}"
    holder: Value = document
    for step in steps:
        holder = member(holder, step)
    if isinstance(holder, dict):
        holder.pop(last, None)
    elif isinstance(holder, list) and _INDEX.match(last) and int(last) < len(holder):
        holder[int(last)] = None


def by_holder(paths: Iterable[str]) -> dict[str, list[str]]:
    """Group paths by what holds them: `properties.a` and `properties.b` as `{"properties": ["a",
    "b"]}`.
    """
    found: dict[str, list[str]] = {}
    for path in paths:
        holder, _, name = path.rpartition(".")
        found.setdefault(holder, []).append(name)
    return found


def keep_only(document: JsonObject, fields: Mapping[str, Sequence[str]]) -> None:
    """Take everything but the named fields out of each object that a path leads to."""
    _take_out(document, fields, lambda key, names: key not in names)


def drop(document: JsonObject, fields: Mapping[str, Sequence[str]]) -> None:
    """Take the named fields out of each object that a path leads to."""
    _take_out(document, fields, lambda key, names: key in names)


def _take_out(
    document: JsonObject, fields: Mapping[str, Sequence[str]], goes: Callable[[str, Sequence[str]], bool]
) -> None:
    """Take keys out of the object that a path leads to ("" for the message), or of each object of a list."""
    for path, names in fields.items():
        found = read(document, path) if path else document
        for holder in found if isinstance(found, list) else (found,):
            if isinstance(holder, dict):
                for key in [key for key in holder if goes(key, names)]:
                    del holder[key]
            elif isinstance(holder, list):
                # To JavaScript a list within the list is an object whose keys are its indexes.
                holder[:] = [None if goes(str(index), names) else item for index, item in enumerate(holder)]
