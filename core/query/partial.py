"""Reads only what a filter's paths lead to out of the bodies of requests: several times faster than all.

A body is decoded into dictionaries that hold nothing but the keys asked for. That gives the values of the
messages themselves where nothing is merged or filled in on the way, else None: then the message has to be
read as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypedDict, cast

import msgspec

from ..messages import JsonObject
from .query import Query
from .terms import MIXPANEL, Comparison, Every, Node, Not, Path, Present, Search, Some

_AS_RECEIVED = frozenset(
    ("properties", "traits", "userId", "anonymousId", "groupId", "previousId", "event", "name", "category")
)
"""Roots whose values are never merged or filled in."""
_MERGED = frozenset(("context", "integrations"))
"""Roots that a batch may state for all of its messages."""


class PartialReader:
    """A reader for one filter. Use `reader_of`, which gives None for filters that need more."""

    def __init__(self, paths: list[Path], groups: list[frozenset[bytes]], most_bytes: int) -> None:
        self._most_bytes = most_bytes
        message = _message_type(paths)
        self._merged = any(path.root in _MERGED for path in paths)
        self._groups = groups
        batch = msgspec.defstruct(
            "Batch",
            [
                ("batch", list[message] | msgspec.UnsetType, msgspec.UNSET),
                ("context", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET),
                ("integrations", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET),
            ],
        )
        self._batch = msgspec.json.Decoder(batch)
        self._single = msgspec.json.Decoder(message)

    def may_match(self, body: bytes) -> bool:
        """Return False if no message of the body can match, because a key that the filter needs is nowhere in
        it.
        """
        if b"\\" in body:
            return True  # keys may be escaped
        return all(any(key in body for key in group) for group in self._groups)

    def documents(self, body: bytes) -> list[JsonObject] | None:
        """Return the messages of a body with the keys asked for alone; None if it has to be read as a
        whole.
        """
        if len(body) > self._most_bytes:
            return None
        try:
            read = cast(Any, self._batch.decode(body))
            if read.batch is msgspec.UNSET:
                return [cast(JsonObject, self._single.decode(body))]
            if self._merged and not (read.context is read.integrations is msgspec.UNSET):
                return None
            return read.batch
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None


def reader_of(query: Query, most_bytes: int) -> PartialReader | None:
    """Make the reader for a filter's paths; None if there are none, or some need the whole message.

    `most_bytes`: a larger body may hold messages that segtap does not read, so it is read as a whole.
    """
    if query.node is None:
        return None
    paths = [path for path in _paths(query.node) if path.root != MIXPANEL]
    if not paths or not all(map(_readable, paths)):
        return None
    return PartialReader(paths, _groups(query.node), most_bytes)


def _readable(path: Path) -> bool:
    return path.root in _AS_RECEIVED or (path.root in _MERGED and path.steps[:2] != ("context", "ip"))


def _paths(node: Node) -> Iterator[Path]:
    match node:
        case Not(inner):
            yield from _paths(inner)
        case Every(parts) | Some(parts):
            for part in parts:
                yield from _paths(part)
        case Present(path) | Comparison(path) | Search(path):
            yield path
        case _:
            pass


def _groups(node: Node) -> list[frozenset[bytes]]:
    """Return keys without which nothing matches, as they stand in JSON: one of each group has to be there."""
    match node:
        case Every(parts):
            return [group for part in parts for group in _groups(part)]
        case Some(parts):
            found = [_groups(part) for part in parts]
            return [frozenset().union(*(groups[-1] for groups in found))] if all(found) else []
        case Present(path) | Comparison(path) | Search(path) if path.root != MIXPANEL:
            return [frozenset((msgspec.json.encode(step),)) for step in path.steps]
        case _:
            return []


def _message_type(paths: list[Path]) -> Any:
    """Return a type of messages that has the roots of the paths, and below them the keys of their second
    steps.
    """
    keys: dict[str, set[str] | None] = {}  # None: all of them
    for path in paths:
        below = keys.setdefault(path.root, set())
        if len(path.steps) == 1 or below is None:
            keys[path.root] = None
        else:
            below.add(path.steps[1])
    fields: dict[str, Any] = {root: Any if below is None else _object(below) for root, below in keys.items()}
    return TypedDict("Message", fields, total=False)  # type: ignore[operator]


def _object(keys: set[str]) -> Any:
    """Return an object with these keys alone, or any other value."""
    found = TypedDict("Keys", dict.fromkeys(sorted(keys), Any), total=False)  # type: ignore[misc]
    return found | list[Any] | str | int | float | bool | None
