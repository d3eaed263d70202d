"""Two translations as records, paired by what they are for, and their properties held side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import msgspec

from ..destinations.classic.insert_id import FIELD, unknown_fields
from ..messages import Json, JsonObject
from ..paths import child
from ..places import in_body
from ..settings import DestinationKind
from ..verdict import Translation

Purpose: TypeAlias = Literal["event", "link", "alias", "profile", "group"]
"""What a record is for. `link` joins two ids (`$identify`); profiles and groups are updated."""

State: TypeAlias = Literal["same", "differs", "one", "other", "unknown"]
"""A property is the same in both, differs, is in one of them only, or in none: then its value is unknown."""

OPERATORS = ("$set", "$set_once", "$add", "$append", "$union", "$remove", "$unset", "$delete")
_SPECIAL: dict[Json, Purpose] = {"$identify": "link", "$create_alias": "alias"}


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One event or update. `parts` are its properties, or what its operator (`$set`, …) brings; `around`
    what stands beside them. `path` leads to it in its translation, `target` is method and URL.
    """

    purpose: Purpose
    operator: str
    name: str
    target: str
    path: str
    around: JsonObject
    parts: JsonObject
    unknown: tuple[str, ...] = ()
    """The paths of fields that Segment sets to a value that nobody else knows."""

    @property
    def fields(self) -> JsonObject:
        """All of it, by path: `event`, `properties.plan`, `$set.plan`."""
        holder = self.operator or "properties"
        return {**self.around, **{child(holder, key): value for key, value in self.parts.items()}}


class PropertyRow(msgspec.Struct, frozen=True):
    """One property in both records; by `state`, `one` or `other` may stand for nothing at all.

    `unknown` names the sides on which Segment sets it to a value that nobody else knows.
    """

    path: str
    state: State
    one: Json = None
    other: Json = None
    unknown: tuple[Literal["one", "other"], ...] = ()

    def has(self, side: Literal["one", "other"]) -> bool:
        """Tell whether the record on that side has the property."""
        return self.state in ("same", "differs", side)


class Pair(msgspec.Struct, frozen=True):
    """Two records for the same, or one that has no counterpart; never neither."""

    purpose: Purpose
    one: Record | None
    other: Record | None
    rows: tuple[PropertyRow, ...]

    @property
    def title(self) -> str:
        """What it is, in a few words: `event Order Completed`, `profile $set`."""
        record = self.one or self.other
        assert record is not None
        words = record.operator or record.name
        if self.one and self.other and not record.operator and self.one.name != self.other.name:
            words = f"{self.one.name} | {self.other.name}"
        return f"{self.purpose} {words}"


def records_of(translation: Translation, kind: DestinationKind = "actions") -> tuple[Record, ...]:
    """Return every record of every request of a destination, in order."""
    unknown = set(unknown_fields(translation)) if kind == "classic-cloud" else ()
    field = f"properties.{FIELD}"
    return tuple(
        msgspec.structs.replace(one, unknown=(field,)) if f"{one.path}.{field}" in unknown else one
        for one in _records(translation)
    )


def _records(translation: Translation) -> Iterator[Record]:
    for number, operation in enumerate(translation.operations):
        request = operation.request
        path = in_body(number)
        bodies: list[tuple[str, Json]] = [(path, request.body)]
        if isinstance(request.body, list):
            bodies = [(f"{path}[{index}]", body) for index, body in enumerate(request.body)]
        for where, body in bodies:
            if isinstance(body, dict):
                yield _record(body, where, f"{request.method} {request.url}")


def _record(body: JsonObject, path: str, target: str) -> Record:
    if "event" in body:
        event, holder = body["event"], "properties"
        purpose = _SPECIAL.get(event, "event") if isinstance(event, str) else "event"
        name, operator = str(event), ""
    else:
        purpose = "group" if "$group_key" in body else "profile"
        operator = holder = next((key for key in OPERATORS if key in body), "")
        name = str(body.get("$group_key", ""))
    parts = body.get(holder)
    inside = parts if isinstance(parts, dict) else {}
    around = {key: value for key, value in body.items() if key != holder or not isinstance(parts, dict)}
    return Record(
        purpose=purpose, operator=operator, name=name, target=target, path=path, around=around, parts=inside
    )


def pairs_of(one: Sequence[Record], other: Sequence[Record]) -> tuple[Pair, ...]:
    """Pair records by purpose and operator; of those the ones of the same name first, the rest in
    order.

    They come in the order of `one`; what only `other` has comes last.
    """
    partners: dict[int, int] = {}
    for by_name in (True, False):
        for here, left in enumerate(one):
            if here in partners:
                continue
            for there, right in enumerate(other):
                fits = (left.purpose, left.operator) == (right.purpose, right.operator)
                if fits and there not in partners.values() and (not by_name or left.name == right.name):
                    partners[here] = there
                    break
    taken = set(partners.values())
    made = [_pair(left, other[partners[at]] if at in partners else None) for at, left in enumerate(one)]
    return (*made, *(_pair(None, right) for at, right in enumerate(other) if at not in taken))


def _pair(one: Record | None, other: Record | None) -> Pair:
    record = one or other
    assert record is not None
    left, right = one.fields if one else {}, other.fields if other else {}
    rows: list[PropertyRow] = []
    for path, value in left.items():
        if path not in right:
            rows.append(PropertyRow(path, "one", one=value))
        else:
            state: State = "same" if same(value, right[path]) else "differs"
            rows.append(PropertyRow(path, state, value, right[path]))
    rows += [PropertyRow(path, "other", other=value) for path, value in right.items() if path not in left]
    _mark_unknown(rows, one, other)
    return Pair(record.purpose, one, other, tuple(rows))


def _mark_unknown(rows: list[PropertyRow], one: Record | None, other: Record | None) -> None:
    """Add to the rows what Segment sets to an unknown value; the rows that stand say what is in a request."""
    sides: dict[str, list[Literal["one", "other"]]] = {}
    for path in one.unknown if one else ():
        sides.setdefault(path, []).append("one")
    for path in other.unknown if other else ():
        sides.setdefault(path, []).append("other")
    for path, unknown in sides.items():
        at = next((at for at, row in enumerate(rows) if row.path == path), len(rows))
        row = rows[at] if at < len(rows) else PropertyRow(path, "unknown")
        rows[at : at + 1] = [msgspec.structs.replace(row, unknown=tuple(unknown))]


def same(one: Json, other: Json) -> bool:
    """Return whether two JSON values are the same; unlike in Python, true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one == other
