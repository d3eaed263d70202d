"""Keeps what was made of all messages, in parts: some are written at a time, and receipts between them.

The row `snapshot` of `meta` says which parts are whole, and of which messages they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

import msgspec

from ..base import Snapshot

STRETCH = 256 * 1024
"""Bytes of parts that one transaction writes, unless a part is larger."""
TABLE = "CREATE TABLE IF NOT EXISTS snapshots (part INTEGER PRIMARY KEY, data BLOB NOT NULL)"


class _Kept(msgspec.Struct, frozen=True):
    """The parts from `first` to before `end`."""

    first: int
    end: int
    of: Snapshot


def stretches(parts: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield the parts that are written in one transaction: there may be hundreds of small ones."""
    some: list[bytes] = []
    size = 0
    for part in parts:
        if some and size + len(part) > STRETCH:
            yield some
            some, size = [], 0
        some.append(part)
        size += len(part)
    if some:
        yield some


def add_parts(db: sqlite3.Connection, parts: Sequence[bytes]) -> int:
    """Write parts behind the others, and return the number of the first."""
    (number,) = db.execute("SELECT coalesce(max(part), 0) + 1 FROM snapshots").fetchone()
    db.executemany("INSERT INTO snapshots VALUES (?, ?)", enumerate(parts, start=number))
    return number


def finish(db: sqlite3.Connection, snapshot: Snapshot, first: int, end: int) -> None:
    """Let these parts take the place of all others."""
    text = msgspec.json.encode(_Kept(first, end, snapshot)).decode()
    db.execute("DELETE FROM snapshots WHERE part < ? OR part >= ?", (first, end))
    db.execute("INSERT OR REPLACE INTO meta VALUES ('snapshot', ?)", (text,))


def read(db: sqlite3.Connection) -> tuple[Snapshot, list[bytes]] | None:
    """Return what is kept whole; None if nothing is, or not all of its parts can be read."""
    row = db.execute("SELECT value FROM meta WHERE key = 'snapshot'").fetchone()
    if row is None:
        return None
    try:
        kept = msgspec.json.decode(str(row[0]), type=_Kept)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    rows = db.execute(
        "SELECT data FROM snapshots WHERE part >= ? AND part < ? ORDER BY part", (kept.first, kept.end)
    ).fetchall()
    parts = [data for (data,) in rows if isinstance(data, bytes)]
    return (kept.of, parts) if len(parts) == kept.end - kept.first else None
