"""What differs between the requests that a scenario expects and those of now. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import msgspec

from ..messages import Json, JsonObject
from ..paths import child

State = Literal["added", "removed", "changed"]
_Maybe: TypeAlias = tuple[Json, ...]
"""A value alone, or nothing."""


class Difference(msgspec.Struct, frozen=True):
    """One value that differs: `path` leads to it, from `requests[0]` on.

    `was` is what the scenario expects, null for what was added; `now` is what there is, null for what was
    removed.
    """

    path: str
    state: State
    was: Json = None
    now: Json = None


def differences(expected: Sequence[Json], made: Sequence[Json]) -> list[Difference]:
    """Compare requests: what was added to or removed from the end or the middle counts as a whole request.

    Values are compared as JSON has them: 1 and 1.0 are the same, 1 and true are not.
    """
    first = 0
    while first < min(len(expected), len(made)) and same(expected[first], made[first]):
        first += 1
    was, now = len(expected), len(made)
    if was != now:
        while min(was, now) > first and same(expected[was - 1], made[now - 1]):
            was, now = was - 1, now - 1
    found: list[Difference] = []
    for place in range(first, max(was, now)):
        path = f"requests[{place}]"
        if place >= was:
            found.append(Difference(path, "added", now=made[place]))
        elif place >= now:
            found.append(Difference(path, "removed", was=expected[place]))
        else:
            found += _within(expected[place], made[place], path)
    return found


def same(one: Json, other: Json) -> bool:
    """Return True if two JSON values are equal."""
    return next(_within(one, other, ""), None) is None


def _within(one: Json, other: Json, path: str) -> Iterator[Difference]:
    """Yield the outermost values that differ, in the order of the expected ones."""
    waiting: list[tuple[_Maybe, _Maybe, str]] = [((one,), (other,), path)]
    while waiting:
        was, now, where = waiting.pop()
        if not was:
            yield Difference(where, "added", now=now[0])
        elif not now:
            yield Difference(where, "removed", was=was[0])
        else:
            inner = _inner(was[0], now[0], where)
            if inner is not None:
                waiting += reversed(inner)
            elif was != now or isinstance(was[0], bool) is not isinstance(now[0], bool):
                yield Difference(where, "changed", was[0], now[0])


def _inner(one: Json, other: Json, path: str) -> list[tuple[_Maybe, _Maybe, str]] | None:
    """Return the pairs of values in two objects or lists, None for other values."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [*one, *(key for key in other if key not in one)]
        return [(_member(one, key), _member(other, key), child(path, key)) for key in keys]
    if isinstance(one, list) and isinstance(other, list):
        places = range(max(len(one), len(other)))
        return [(tuple(one[at : at + 1]), tuple(other[at : at + 1]), child(path, at)) for at in places]
    return None


def _member(holder: JsonObject, key: str) -> _Maybe:
    return (holder[key],) if key in holder else ()
