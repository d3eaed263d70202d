"""Keeps what was made of all messages, in parts: each is written by itself, so that receipts get their turns.

The row `snapshot` of `meta` says which parts are whole, and of which messages they are.
"""

from __future__ import annotations

import sqlite3

import msgspec

from ..base import Snapshot

TABLE = "CREATE TABLE IF NOT EXISTS snapshots (part INTEGER PRIMARY KEY, data BLOB NOT NULL)"


class _Kept(msgspec.Struct, frozen=True):
    """The parts from `first` to before `end`."""

    first: int
    end: int
    of: Snapshot


def add_part(db: sqlite3.Connection, data: bytes) -> int:
    """Write a part behind the others, and return its number."""
    (number,) = db.execute("SELECT coalesce(max(part), 0) + 1 FROM snapshots").fetchone()
    db.execute("INSERT INTO snapshots VALUES (?, ?)", (number, data))
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
