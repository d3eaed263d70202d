"""Whole requests that are owed to routes, and what came of them; without such routes the tables are not made.

Each function is given the connection, and is part of the transaction of the one who calls it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from ...delivery import Handover, Outcome, OwedRequest, RouteCounts
from .rows import storable

_TABLES = """
CREATE TABLE IF NOT EXISTS owed_requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    route TEXT NOT NULL,
    seq INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS owed_requests_by_route ON owed_requests (route, number);
CREATE INDEX IF NOT EXISTS owed_requests_by_seq ON owed_requests (seq);
CREATE TABLE IF NOT EXISTS handovers (
    number INTEGER PRIMARY KEY,
    route TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER NOT NULL,
    words TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    took INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS handovers_by_seq ON handovers (seq);
CREATE TABLE IF NOT EXISTS route_totals (
    route TEXT PRIMARY KEY,
    owed INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID
"""
TABLES = ("owed_requests", "handovers", "route_totals")
IS_OWED = "EXISTS (SELECT 1 FROM owed_requests WHERE owed_requests.seq = receipts.seq)"
"""True of a receipt that is owed to a route, where there are such tables."""
_COLUMNS = "route, seq, at, outcome, status, words, attempt, took"
_COUNTED = {Outcome.SENT: "sent", Outcome.REFUSED: "refused", Outcome.DROPPED: "dropped"}
"""The column of `route_totals` in which an outcome counts; others are not the last word."""
_IDS_A_QUERY = 500


def made(db: sqlite3.Connection) -> bool:
    """Return whether the file has the tables."""
    row = db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'route_totals'").fetchone()
    return row is not None


def make(db: sqlite3.Connection) -> None:
    """Make the tables if there are none."""
    for statement in _TABLES.split(";"):
        db.execute(statement)


def owe(db: sqlite3.Connection, routes: Mapping[int, Sequence[str]]) -> None:
    """Owe receipts, by their numbers, to routes. The tables have to be there."""
    rows = [(route, seq) for seq, names in routes.items() for route in names]
    db.executemany("INSERT INTO owed_requests (route, seq) VALUES (?, ?)", rows)
    for route in {route for route, _ in rows}:
        _count(db, route, owed=sum(one == route for one, _ in rows))


def record(db: sqlite3.Connection, handovers: Sequence[Handover], settled: Sequence[int]) -> int | None:
    """Write what came of requests, and settle debts; returns the lowest receipt of those, or None."""
    make(db)
    lowest: int | None = None
    for start in range(0, len(settled), _IDS_A_QUERY):
        some = settled[start : start + _IDS_A_QUERY]
        places = ", ".join("?" * len(some))
        rows = db.execute(f"DELETE FROM owed_requests WHERE number IN ({places}) RETURNING route, seq", some)
        for route, seq in rows.fetchall():
            _count(db, route, owed=-1)
            lowest = seq if lowest is None else min(lowest, seq)
    for one in handovers:
        if column := _COUNTED.get(one.outcome):
            _count(db, one.route, **{column: 1})
        words = storable(one.words)
        row = (one.route, one.receipt, one.at, one.outcome.value, one.status, words, one.attempt, one.took)
        db.execute(
            f"INSERT INTO handovers ({_COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ?, ?"
            " WHERE EXISTS (SELECT 1 FROM receipts WHERE seq = ?)",
            (*row, one.receipt),
        )
    return lowest


def drop(db: sqlite3.Connection, route: str) -> tuple[int, int | None]:
    """Owe nothing to a route; returns how many requests that were, and the lowest receipt of those."""
    make(db)
    rows = db.execute("DELETE FROM owed_requests WHERE route = ? RETURNING seq", (route,)).fetchall()
    if rows:
        _count(db, route, owed=-len(rows), dropped=len(rows))
    return len(rows), min((seq for (seq,) in rows), default=None)


def forget(db: sqlite3.Connection, runs: Sequence[tuple[int, int]]) -> None:
    """Forget what came of receipts that are deleted: from the first to the last of each run."""
    db.executemany("DELETE FROM handovers WHERE seq >= ? AND seq <= ?", runs)


def owed_in_all(db: sqlite3.Connection) -> int:
    """Return how many requests are owed to routes."""
    if not made(db):
        return 0
    (owed,) = db.execute("SELECT count(DISTINCT seq) FROM owed_requests").fetchone()
    return int(owed)


def owed(db: sqlite3.Connection, route: str, after: int, limit: int) -> list[OwedRequest]:
    """Return what is owed to a route with a number above one, in their order."""
    if not made(db):
        return []
    rows = db.execute(
        "SELECT number, seq FROM owed_requests WHERE route = ? AND number > ? ORDER BY number LIMIT ?",
        (route, after, limit),
    )
    return [OwedRequest(number, seq) for number, seq in rows]


def handovers(db: sqlite3.Connection, seq: int) -> list[Handover]:
    """Return what is known of one request along all routes, oldest first."""
    if not made(db):
        return []
    rows = db.execute(f"SELECT {_COLUMNS} FROM handovers WHERE seq = ? ORDER BY number", (seq,))
    return [
        Handover(route, seq, at, Outcome(outcome), status, words, attempt, took)
        for route, seq, at, outcome, status, words, attempt, took in rows
    ]


def counts(db: sqlite3.Connection) -> dict[str, RouteCounts]:
    """Return the totals of each route."""
    if not made(db):
        return {}
    rows = db.execute("SELECT route, owed, sent, refused, dropped FROM route_totals")
    return {
        route: RouteCounts(waiting=owed, sent=sent, refused=refused, dropped=dropped)
        for route, owed, sent, refused, dropped in rows
    }


def _count(db: sqlite3.Connection, route: str, **more: int) -> None:
    db.execute("INSERT OR IGNORE INTO route_totals (route) VALUES (?)", (route,))
    for column, number in more.items():
        db.execute(f"UPDATE route_totals SET {column} = {column} + ? WHERE route = ?", (number, route))
