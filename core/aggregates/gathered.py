"""The users and the groups of all messages, gathered in the order of the messages, and how they are kept.

Packed, they are a list of parts: a header, then the columns of the table of users, compressed.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, cast

import msgspec
from isal import isal_zlib

from ..api.models import Coverage
from ..checks.stream import Said
from ..identities.clusters import Clusters
from ..identities.table import Identities
from ..settings import Destination, IdentityMode
from .group_traffic import GroupTraffic, TrafficKept

FORMAT = 2
"""Another number makes what was kept before unreadable."""
PART = 1 << 20
"""Bytes of a column that one part holds, before they are compressed."""
_LEVEL, _WINDOW = 1, -15
_BadStream = cast("type[Exception]", isal_zlib.error)


class _Header(msgspec.Struct, frozen=True, array_like=True):
    """The header of what is kept. `columns` has the name and the length in bytes of each column."""

    format: int
    order: str
    mode: IdentityMode
    total: int
    covered: tuple[int, int, int, int, int]
    columns: tuple[tuple[str, int], ...]
    groups: TrafficKept


class Gathered:
    """Users and groups, and which messages they are of. `known` are Mixpanel's group keys, None: unknown."""

    def __init__(self, mode: IdentityMode, destination: Destination, known: Sequence[str] | None) -> None:
        self.users = Identities(mode)
        self.groups = GroupTraffic(destination, known)
        self.messages = self.first = self.last = self.since = self.until = 0

    def add(self, said: Said) -> None:
        """Add a message."""
        if not said.kept_back and not said.second:
            self.users.add(said.named, said.id)
        self.follow(said)

    def follow(self, said: Said) -> None:
        """Add a message that is in the table of users already: the rules on the stream feed that."""
        self.groups.add(said)
        id, at = said.id, said.now
        # For every message, so in plain numbers.
        self.messages += 1
        if id > self.last:
            self.last = id
        if at > self.until:
            self.until = at
        if not self.first or id < self.first:
            self.first = id
        if not self.since or at < self.since:
            self.since = at

    def covered(self, behind: int = 0) -> Coverage:
        """Return which messages these are; `behind` are still to be added."""
        return Coverage(
            messages=self.messages,
            first=self.first,
            last=self.last,
            since=self.since,
            until=self.until,
            behind=behind,
        )

    def packed(self) -> Iterator[bytes]:
        """Yield everything in parts. Nothing may be added meanwhile."""
        ids = self.users.ids
        columns = ids.columns()
        yield msgspec.msgpack.encode(
            _Header(
                FORMAT,
                f"{sys.byteorder} {array('I').itemsize}",
                self.users.mode,
                ids.total,
                (self.messages, self.first, self.last, self.since, self.until),
                tuple((name, len(_view(column))) for name, column in columns.items()),
                self.groups.kept(),
            )
        )
        for column in columns.values():
            view = _view(column)
            for at in range(0, len(view), PART):
                yield _deflated(view[at : at + PART])

    def restore(self, parts: Sequence[bytes]) -> bool:
        """Take over what `packed` gave by the same settings; False if that cannot be read."""
        try:
            self._restore(parts)
        except (_BadStream, msgspec.MsgspecError, ValueError, KeyError, StopIteration, UnicodeDecodeError):
            return False
        return True

    def _restore(self, parts: Sequence[bytes]) -> None:
        waiting = iter(parts)
        header = msgspec.msgpack.decode(next(waiting), type=_Header)
        if (header.format, header.order) != (FORMAT, f"{sys.byteorder} {array('I').itemsize}"):
            raise ValueError("it is of another segtap")
        columns: dict[str, bytes] = {}
        for name, size in header.columns:
            data = b"".join([_inflated(next(waiting)) for _ in range(0, size, PART)])
            if len(data) != size:
                raise ValueError(f"column {name} is cut")
            columns[name] = data
        clusters = Clusters.restored(header.mode, header.total, columns)
        self.groups.restore(header.groups)
        self.users = Identities(header.mode, clusters)
        self.messages, self.first, self.last, self.since, self.until = header.covered


def _view(column: bytearray | array[int]) -> memoryview:
    """Return the bytes of a column; an empty one cannot be cast."""
    return memoryview(column).cast("B") if column else memoryview(b"")


def _deflated(data: memoryview) -> bytes:
    compress = cast("Any", isal_zlib.compress)  # pyright: ignore[reportUnknownMemberType]
    return cast("bytes", compress(data, _LEVEL, _WINDOW))


def _inflated(data: bytes) -> bytes:
    decompress = cast("Any", isal_zlib.decompress)  # pyright: ignore[reportUnknownMemberType]
    return cast("bytes", decompress(data, _WINDOW))
