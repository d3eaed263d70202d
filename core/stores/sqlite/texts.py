"""The searched texts of messages, about a hundred in a row of `texts`: packed small, and searched at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import cast

import msgspec
from isal import isal_zlib

from .rows import storable

TOGETHER = 100
"""Messages in one row."""
_CHARACTERS = 96 * 1024
"""A row is not continued from so many characters on."""
_LEVEL = 1
_WINDOW = -15
_BETWEEN = "\0"
"""Stands between two texts: folding leaves it in none."""
COLUMNS = "first, last, cut, ids, data"
INSERT = f"INSERT OR REPLACE INTO texts ({COLUMNS}) VALUES (?, ?, ?, ?, ?)"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[int]).decode
_deflate = cast("Callable[[bytes, int, int], bytes]", isal_zlib.compress)  # pyright: ignore[reportUnknownMemberType]
_inflate = cast("Callable[[bytes, int], bytes]", isal_zlib.decompress)  # pyright: ignore[reportUnknownMemberType]
_BadStream = cast("type[Exception]", isal_zlib.error)


class Text(msgspec.Struct, frozen=True, gc=False):
    """The searched text of a message; `cut` is True if it is not the whole text."""

    id: int
    text: str
    cut: bool


class Texts:
    """The texts of one row. `data` has them one after the other, `cut` counts those that are not whole."""

    __slots__ = ("_by_id", "_ids", "cut", "data", "first", "last")

    def __init__(self, first: int, last: int, cut: int, ids: bytes, data: bytes) -> None:
        """Read the row. Raises ValueError if it is damaged."""
        self.first, self.last, self.cut, self._ids = first, last, cut, ids
        if type(last) is not int:
            raise ValueError("its end is not a number")
        try:
            self.data = _inflate(data, _WINDOW)
        except (_BadStream, EOFError, TypeError) as error:
            raise ValueError(str(error)) from error
        self._by_id: dict[int, str] | None = None

    def of(self, id: int) -> str | None:
        """Return the text of a message, None if it is not in this row."""
        if self._by_id is None:
            found: dict[int, str] = {}
            at = self.first
            texts = self.data.decode("utf-8", "replace").split(_BETWEEN)
            try:
                steps = _decode(self._ids)
            except msgspec.MsgspecError:
                steps = []
            if len(steps) == len(texts):
                for step, text in zip(steps, texts, strict=True):
                    at += step
                    found[at] = text
            self._by_id = found
        return self._by_id.get(id)


class Tail:
    """The last row, while more texts fit into it.

    `added` returns what to write; call `done` after the commit.
    """

    def __init__(self) -> None:
        self._texts: list[Text] = []
        self._next: list[Text] = []

    def forget(self) -> None:
        """Begin a new row with the next texts."""
        self._texts = []

    def added(self, texts: Sequence[Text]) -> list[tuple[int, int, int, bytes, bytes]]:
        """Return the rows that hold the last row's texts and these, which are in the order of their ids."""
        if not texts:
            self._next = self._texts
            return []
        pieces = _pieces([*self._texts, *texts])
        last = pieces[-1]
        self._next = [] if _full(last) else last
        return [packed(piece) for piece in pieces]

    def done(self) -> None:
        """Continue the last of the rows that were returned."""
        self._texts = self._next


def packed(texts: Sequence[Text]) -> tuple[int, int, int, bytes, bytes]:
    """Return the row with these texts, in the order of their ids."""
    ids = [one.id for one in texts]
    first = ids[0]
    steps = [0, *[after - before for before, after in pairwise(ids)]]
    plain = storable(_BETWEEN.join([one.text.replace(_BETWEEN, " ") for one in texts])).encode()
    cut = sum([one.cut for one in texts])
    return first, ids[-1], cut, _encode(steps), _deflate(plain, _LEVEL, _WINDOW)


def rows_of(texts: Sequence[Text]) -> list[tuple[int, int, int, bytes, bytes]]:
    """Return rows with these texts, which are in the order of their ids."""
    return [packed(piece) for piece in _pieces(texts)] if texts else []


def row_before(db: sqlite3.Connection, id: int) -> int:
    """Return the `first` of the row with the text of a message, or of the row before, 0 if there is none."""
    (first,) = db.execute("SELECT max(first) FROM texts WHERE first <= ?", (id,)).fetchone()
    return first if isinstance(first, int) else 0


def rows_between(
    db: sqlite3.Connection, low: int, high: int, *, newest_first: bool, limit: int
) -> list[tuple[int, int, int, bytes, bytes]]:
    """Return rows whose `first` is at or above `low` and below `high`, in one order or the other."""
    order = "DESC" if newest_first else "ASC"
    return db.execute(
        f"SELECT {COLUMNS} FROM texts WHERE first >= ? AND first < ? ORDER BY first {order} LIMIT ?",
        (low, high, limit),
    ).fetchall()


def _pieces(texts: Sequence[Text]) -> list[list[Text]]:
    pieces: list[list[Text]] = [[]]
    size = 0
    for one in texts:
        if len(pieces[-1]) >= TOGETHER or size >= _CHARACTERS:
            pieces.append([])
            size = 0
        pieces[-1].append(one)
        size += len(one.text)
    return pieces


def _full(texts: Sequence[Text]) -> bool:
    return len(texts) >= TOGETHER or sum([len(one.text) for one in texts]) >= _CHARACTERS
