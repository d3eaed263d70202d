"""Which rows of a message and of the request beside it belong together. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...core.messages import Json
from ...core.paths import child

if TYPE_CHECKING:
    from ...core.compare.fields import FieldRow

_LAST_STEP = re.compile(r"(?:\.[^.\[\]]+|\[(?:\d+|'(?:[^'\\]|\\.)*')\])$")
FAR = 1_000_000
"""The rank of what is not in the message."""
OUTERMOST_STEPS = 2
"""What has so many steps, as `$.properties.plan` has, is in a container that is not a field by itself."""


@dataclass(frozen=True)
class Fields:
    """The fields of a message that the fields of one request come from.

    `sources` leads from paths into the request to paths into the message, `changed` are those whose value
    became another one, `dropped` are paths of the message that no request has, `added` those of the request
    that were not in the message. `ranks` is the place of each path of the request in the message's order.
    """

    sources: Mapping[str, str] = field(default_factory=dict[str, str])
    changed: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    ranks: Mapping[str, int] = field(default_factory=dict[str, int])


def fields_of(rows: Iterable[FieldRow], request: int) -> Fields:
    """Return what the rows say of one request. They are in the message's order."""
    sources: dict[str, str] = {}
    ranks: dict[str, int] = {}
    changed: set[str] = set()
    dropped: set[str] = set()
    added: set[str] = set()
    for place, row in enumerate(rows):
        if row.state == "dropped":
            dropped.add(row.source)
        elif row.request == request and row.source:
            sources[row.target] = row.source
            ranks[row.target] = place
            if row.state == "changed":
                changed.add(row.target)
        elif row.request == request:
            added.add(row.target)
    return Fields(sources, frozenset(changed), frozenset(dropped), frozenset(added), ranks)


def in_order(value: Json, path: str, ranks: Mapping[str, int]) -> Json:
    """Return the value with the members of objects in the order of the message, what was added last."""
    return _ordered(value, path, ranks)[0]


def _ordered(value: Json, path: str, ranks: Mapping[str, int]) -> tuple[Json, int]:
    if isinstance(value, list):
        items = [_ordered(item, f"{path}[{at}]", ranks) for at, item in enumerate(value)]
        return [item for item, _ in items], min((rank for _, rank in items), default=ranks.get(path, FAR))
    if isinstance(value, dict) and value:
        members = {key: _ordered(item, child(path, key), ranks) for key, item in value.items()}
        keys = sorted(members, key=lambda key: members[key][1])
        return {key: members[key][0] for key in keys}, members[keys[0]][1]
    return value, ranks.get(path, FAR)


def pairs(fields: Fields, left: Sequence[str], right: Sequence[str]) -> dict[int, int]:
    """Return which row of the message each row of the request belongs to, given the paths of both.

    A field in a folded object belongs to the object's row.
    """
    rows = {path: row for row, path in enumerate(left)}
    places = {path: row for row, path in enumerate(right)}
    found: dict[int, int] = {}
    for target, source in fields.sources.items():
        while target not in places and _step(target) == _step(source) and _depth(source) > OUTERMOST_STEPS:
            target, source = _without_last(target), _without_last(source)
        target, source = _seen(target, places), _seen(source, rows)
        while target in places and source in rows:
            found.setdefault(places[target], rows[source])
            if _step(target) != _step(source) or _depth(source) <= OUTERMOST_STEPS:
                break
            target, source = _without_last(target), _without_last(source)
    return found


def _seen(path: str, rows: Mapping[str, int]) -> str:
    """Return the path, or that of the folded container which it is in."""
    while path not in rows and (shorter := _without_last(path)) != path:
        path = shorter
    return path


def _depth(path: str) -> int:
    return path.count(".") + path.count("[")


def _without_last(path: str) -> str:
    return _LAST_STEP.sub("", path)


def _step(path: str) -> str:
    found = _LAST_STEP.search(path)
    return found[0] if found else ""
