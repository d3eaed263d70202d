"""Two JSON documents member by member: what was added, removed or changed, and what changed its type. Pure.

Arrays are aligned by a key that identifies their items (`id`, `product_id`, `sku`, …) where all of them have
one; arrays of plain values by the values that they share, in order; any others by position.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

import msgspec

from ..json_text import json_bytes, json_type
from ..messages import Json, JsonObject
from ..paths import child
from ..text import shown

Kind = Literal["same", "inside", "added", "removed", "changed", "type"]
"""How a member differs. `inside`: an object or array that both have, with a difference somewhere in it."""

ID_KEYS = ("id", "_id", "product_id", "productId", "sku", "uuid", "key", "code", "name")
"""Keys that identify an item of an array, those that are tried first in front."""
MOST_ALIGNED = 2_000
"""Items of an array of plain values that are aligned by value; longer ones are compared by position."""
DEEPEST = 200
"""Levels that are compared member by member. What lies deeper is compared as a whole."""
MARKS: dict[Kind, str] = {
    "same": " ",
    "inside": " ",
    "added": "+",
    "removed": "-",
    "changed": "~",
    "type": "!",
}


class DiffRow(msgspec.Struct, frozen=True):
    """One member. `label` is its name; `path` leads to it in the other document, or in the first if only that
    has it. `one` and `other` are its values, None on the side that lacks it.
    """

    depth: int
    label: str
    path: str
    kind: Kind
    one: Json = None
    other: Json = None

    @property
    def differs(self) -> bool:
        """True for a difference itself, False for what is around it or the same."""
        return self.kind not in ("same", "inside")


def diff(one: Json, other: Json, *, root: str = "$", ignored: Iterable[str] = ()) -> tuple[DiffRow, ...]:
    """Return every member of both documents, in the order of `other`, with how it differs.

    Members at the paths in `ignored` are left out.
    """
    return tuple(_members(one, other, root, 0, frozenset(ignored)))


def differences(rows: Sequence[DiffRow]) -> tuple[DiffRow, ...]:
    """Return the rows that differ, and the containers that lead to them."""
    return tuple(row for row in rows if row.kind != "same")


def counts(rows: Iterable[DiffRow]) -> dict[Kind, int]:
    """Return how many members were added, removed or changed, or changed their type."""
    found = Counter(row.kind for row in rows if row.differs)
    kinds: tuple[Kind, ...] = ("added", "removed", "changed", "type")
    return {kind: found[kind] for kind in kinds if found[kind]}


def words(rows: Iterable[DiffRow]) -> str:
    """Return the counts as a text: `2 added, 1 changed`; without a difference: `no difference`."""
    names = {"type": "with another type"}
    parts = [f"{count:,} {names.get(kind, kind)}" for kind, count in counts(rows).items()]
    return ", ".join(parts) or "no difference"


def lines(rows: Iterable[DiffRow]) -> Iterator[str]:
    """Yield the rows as lines of text, for a terminal or the clipboard."""
    for row in rows:
        before = f"{MARKS[row.kind]} {'  ' * row.depth}{row.label}"
        match row.kind:
            case "inside":
                yield before
            case "added":
                yield f"{before}  {shown(row.other, 200)}"
            case "removed" | "same":
                yield f"{before}  {shown(row.one, 200)}"
            case "changed":
                yield f"{before}  {shown(row.one, 200)} → {shown(row.other, 200)}"
            case "type":
                types = f"{json_type(row.one)} → {json_type(row.other)}"
                yield f"{before}  {shown(row.one, 200)} → {shown(row.other, 200)}  ({types})"


def _members(one: Json, other: Json, path: str, depth: int, ignored: frozenset[str]) -> Iterator[DiffRow]:
    """Yield the rows of the members of two containers of the same type."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in _merged(list(one), list(other)):
            place = child(path, key)
            if place not in ignored:
                in_one, in_other = key in one, key in other
                yield from _row(key, place, one.get(key), other.get(key), in_one, in_other, depth, ignored)
    elif isinstance(one, list) and isinstance(other, list):
        for left, right, label in _aligned(one, other):
            at = left if right is None else right
            assert at is not None
            yield from _row(
                label,
                child(path, at),
                None if left is None else one[left],
                None if right is None else other[right],
                left is not None,
                right is not None,
                depth,
                ignored,
            )


def _row(
    label: str,
    path: str,
    one: Json,
    other: Json,
    in_one: bool,
    in_other: bool,
    depth: int,
    ignored: frozenset[str],
) -> Iterator[DiffRow]:
    if not in_one or not in_other:
        kind: Kind = "added" if in_other else "removed"
        yield DiffRow(depth, label, path, kind, one, other)
        return
    types = json_type(one), json_type(other)
    if types[0] != types[1]:
        # Null is a missing value in any type rather than a type of its own.
        yield DiffRow(depth, label, path, "changed" if "null" in types else "type", one, other)
    elif isinstance(one, dict | list) and depth < DEEPEST:
        inner = tuple(_members(one, other, path, depth + 1, ignored))
        kind = "inside" if any(row.kind != "same" for row in inner) else "same"
        yield DiffRow(depth, label, path, kind, one, other)
        yield from inner
    else:
        yield DiffRow(depth, label, path, "same" if one == other else "changed", one, other)


def _merged(one: Sequence[str], other: Sequence[str]) -> Iterator[str]:
    """Yield the keys of both in the order of `other`, those that only `one` has behind their neighbours."""
    lost: dict[str | None, list[str]] = {}
    known, before = set(other), None
    for key in one:
        if key in known:
            before = key
        else:
            lost.setdefault(before, []).append(key)
    yield from lost.get(None, ())
    for key in other:
        yield key
        yield from lost.get(key, ())


Aligned = tuple[int | None, int | None, str]
"""Positions in the two arrays, None for the side without the item, and the label of the item."""


def _aligned(one: Sequence[Json], other: Sequence[Json]) -> Iterator[Aligned]:
    """Yield the items of two arrays in pairs, in the order of `other`."""
    key = id_key(one, other)
    if key is not None:
        left, right = _positions(one, key), _positions(other, key)
        for name in _merged(list(left), list(right)):
            yield left.get(name), right.get(name), f"{key} {name}"
        return
    plain = not any(isinstance(item, dict | list) for item in (*one, *other))
    if plain and len(one) != len(other) and max(len(one), len(other)) <= MOST_ALIGNED:
        yield from _by_value(one, other)
        return
    for at in range(max(len(one), len(other))):
        yield at if at < len(one) else None, at if at < len(other) else None, f"[{at}]"


def id_key(one: Sequence[Json], other: Sequence[Json]) -> str | None:
    """Return the key that identifies the items of two arrays: each item has another value under it."""
    items = [item for item in (*one, *other) if isinstance(item, dict)]
    if not one or not other or len(items) != len(one) + len(other):
        return None
    named = [key for key in items[0] if key not in ID_KEYS and key.lower().endswith(("_id", "id"))]
    for key in (*ID_KEYS, *named):
        if all(key in item and isinstance(item[key], str | int | float) for item in items) and all(
            len(_positions(side, key)) == len(side) for side in (one, other)
        ):
            return key
    return None


def _positions(items: Sequence[Json], key: str) -> dict[str, int]:
    return {shown(item[key]): at for at, item in enumerate(items) if isinstance(item, dict)}


def _by_value(one: Sequence[Json], other: Sequence[Json]) -> Iterator[Aligned]:
    texts = [json_bytes(item) for item in one], [json_bytes(item) for item in other]
    for tag, left, left_end, right, right_end in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        if tag == "equal":
            for by in range(left_end - left):
                yield left + by, right + by, f"[{right + by}]"
            continue
        for at in range(left, left_end):
            yield at, None, f"[{at}]"
        for at in range(right, right_end):
            yield None, at, f"[{at}]"


IGNORED_BETWEEN_MESSAGES = (
    *("$.messageId", "$.timestamp", "$.originalTimestamp", "$.sentAt", "$.receivedAt", "$._metadata"),
    "$.writeKey",
)
"""Members that differ in any two messages, so that a difference in them says nothing."""


def message_diff(one: JsonObject, other: JsonObject) -> tuple[DiffRow, ...]:
    """Return the diff of two Segment messages, without the ids and times that every message has."""
    return diff(one, other, ignored=IGNORED_BETWEEN_MESSAGES)
