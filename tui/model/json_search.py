"""Finding text and keys in a JSON document: the paths of what matches, whether or not it is unfolded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...core.messages import Json
from ...core.text import shown
from .json_path import child_path

MOST = 10_000
"""Hits that are found at most. A document with more of them is not read any further."""

Key = str | int


class Hits(NamedTuple):
    """The paths that match, in the order in which they are visited, and the first to visit.

    `more` is True if the document has further ones.
    """

    paths: list[str]
    first: int = 0
    more: bool = False


def find_text(value: Json, root: str, text: str, start: str = "") -> Hits:
    """Find the members whose key or value contains a text. `first` is the first hit at or after `start`.

    Capital letters matter only if the text has any.
    """
    exact = text != text.lower()
    wanted = text if exact else text.lower()

    def matches(key: Key, value: Json) -> bool:
        for words in (key if isinstance(key, str) else "", scalar_text(value)):
            if wanted in (words if exact else words.lower()):
                return True
        return False

    found: list[str] = []
    first = -1
    passed = not start
    for path, key, member in members(value, root):
        passed = passed or path == start
        if matches(key, member):
            if len(found) == MOST:
                return Hits(found, max(first, 0), True)
            if passed and first < 0:
                first = len(found)
            found.append(path)
    return Hits(found, max(first, 0))


def find_key(value: Json, root: str, text: str) -> Hits:
    """Find the members whose key has the letters of a text in this order, those that fit best first."""
    wanted = text.lower()
    ranked: list[tuple[int, int, str]] = []
    for path, key, _ in members(value, root):
        rank = key_rank(key, wanted) if isinstance(key, str) else None
        if rank is not None:
            if len(ranked) == MOST:
                break
            ranked.append((rank, len(ranked), path))
    return Hits([path for _, _, path in sorted(ranked)], 0, len(ranked) == MOST)


def key_rank(key: str, wanted: str) -> int | None:
    """Return how well a key fits: 0 the same, 1 it begins so, 2 it contains it, 3 its letters in order."""
    low = key.lower()
    if low == wanted:
        return 0
    if low.startswith(wanted):
        return 1
    if wanted in low:
        return 2
    letters = iter(low)
    return 3 if all(letter in letters for letter in wanted) else None


def members(value: Json, root: str) -> Iterator[tuple[str, Key, Json]]:
    """Yield every member of a document with its path and key, in the order of its rows when unfolded."""
    waiting = [_children(value, root)]
    while waiting:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
            continue
        yield entry
        path, _, inner = entry
        if isinstance(inner, dict | list):
            waiting.append(_children(inner, path))


def _children(value: Json, path: str) -> Iterator[tuple[str, Key, Json]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield child_path(path, key), key, inner
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield child_path(path, index), index, inner


def scalar_text(value: Json) -> str:
    """Return the text of a value as a row shows it, without quotes; "" for an object or an array."""
    if isinstance(value, str):
        return value
    return "" if isinstance(value, dict | list) else shown(value)


def spans_of(text: str, wanted: str) -> list[tuple[int, int]]:
    """Return where a text contains what is wanted, as (start, end); capital letters matter if it has any."""
    if not wanted:
        return []
    inside = text if wanted != wanted.lower() else text.lower()
    if len(inside) != len(text):  # a capital letter whose small one is two characters
        return []
    spans: list[tuple[int, int]] = []
    at = inside.find(wanted)
    while at >= 0:
        spans.append((at, at + len(wanted)))
        at = inside.find(wanted, at + len(wanted))
    return spans
