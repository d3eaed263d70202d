"""The cells of one page of a SQLite file, and the values in them. What cannot be right is left out."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

Value: TypeAlias = int | float | str | bytes | None

TABLE_INTERIOR, TABLE_LEAF = 0x05, 0x0D
INDEX_INTERIOR, INDEX_LEAF = 0x02, 0x0A
MOST_PAYLOAD = 1 << 31
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class Damaged(Exception):
    """A cell or record is not what SQLite writes."""


class Cell(NamedTuple):
    """A row of a table: `values` is None where the row is there and cannot be read."""

    rowid: int
    values: tuple[Value, ...] | None


PageOf: TypeAlias = Callable[[int], bytes]


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of 1 to 9 bytes, and the place behind it. Raises Damaged."""
    value = 0
    for index in range(9):
        if at + index >= len(data):
            raise Damaged
        byte = data[at + index]
        if index == 8:
            value = value << 8 | byte
            return (value - (1 << 64) if value >> 63 else value), at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    raise Damaged


def cells_at(page: bytes, start: int) -> list[int]:
    """Return the places of a page's cells, as far as they lie in it. `start` is 100 on the first page."""
    kind = page[start]
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    first = start + (12 if kind in (TABLE_INTERIOR, INDEX_INTERIOR) else 8)
    count = min(count, (len(page) - first) // 2)
    places = struct.unpack_from(f">{count}H", page, first)
    end = first + 2 * count
    return [place for place in places if end <= place < len(page)]


def children(page: bytes, start: int = 0) -> list[int]:
    """Return the pages below an interior page of a table, in order; its header is at `start`."""
    found = [int.from_bytes(page[at : at + 4], "big") for at in cells_at(page, start)]
    return [*found, int.from_bytes(page[start + 8 : start + 12], "big")]


def rows(page: bytes, start: int, usable: int, page_of: PageOf) -> Iterator[Cell]:
    """Yield the rows of a leaf page of a table; `page_of` gives the pages on which long ones go on."""
    for at in cells_at(page, start):
        try:
            length, at = varint(page, at)
            rowid, at = varint(page, at)
        except Damaged:
            continue
        if rowid <= 0:
            continue
        try:
            yield Cell(rowid, record(payload(page, at, length, usable - 35, usable, page_of)))
        except Damaged:
            yield Cell(rowid, None)


def entries(page: bytes, usable: int, page_of: PageOf) -> Iterator[tuple[Value, ...]]:
    """Yield the records of a leaf page of an index, or of a table without row ids."""
    most = (usable - 12) * 64 // 255 - 23
    for at in cells_at(page, 0):
        try:
            length, at = varint(page, at)
            yield record(payload(page, at, length, most, usable, page_of))
        except Damaged:
            continue


def payload(page: bytes, at: int, length: int, most: int, usable: int, page_of: PageOf) -> bytes:
    """Return the bytes of a record, with those on other pages. Raises Damaged."""
    if not 0 < length < MOST_PAYLOAD:
        raise Damaged
    if length <= most:
        data = page[at : at + length]
        if len(data) < length or at + length > usable:
            raise Damaged
        return data
    least = (usable - 12) * 32 // 255 - 23
    here = least + (length - least) % (usable - 4)
    if here > most:
        here = least
    if at + here + 4 > usable:
        raise Damaged
    parts = [page[at : at + here]]
    left = length - here
    number = int.from_bytes(page[at + here : at + here + 4], "big")
    visited: set[int] = set()
    while left > 0:
        further = page_of(number) if number not in visited else b""
        if not further:
            raise Damaged
        visited.add(number)
        parts.append(further[4 : 4 + min(left, usable - 4)])
        left -= len(parts[-1])
        number = int.from_bytes(further[:4], "big")
    return b"".join(parts)


def record(data: bytes) -> tuple[Value, ...]:
    """Return the values of a record. Raises Damaged where it is not one, to the last byte."""
    header, at = varint(data, 0)
    if not at <= header <= len(data):
        raise Damaged
    kinds: list[int] = []
    while at < header:
        kind, at = varint(data, at)
        kinds.append(kind)
    if at != header:
        raise Damaged
    values: list[Value] = []
    for kind in kinds:
        value, at = _value(data, at, kind)
        values.append(value)
    if at != len(data):
        raise Damaged
    return tuple(values)


def _value(data: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    if kind in (10, 11) or kind < 0:
        raise Damaged
    length = 8 if kind == 7 else _INTEGERS.get(kind, (kind - 12) // 2)
    end = at + length
    if end > len(data):
        raise Damaged
    piece = data[at:end]
    if kind == 7:
        return struct.unpack(">d", piece)[0], end
    if kind < 7:
        return int.from_bytes(piece, "big", signed=True), end
    if kind % 2 == 0:
        return piece, end
    try:
        return piece.decode("utf-8"), end
    except UnicodeDecodeError:
        raise Damaged from None
