"""Finds out whether an index answers a filter by itself: a search for errors reads no other messages."""

from __future__ import annotations

import sqlite3

import msgspec

from ..base import Condition
from .schema import WITH_ERRORS

FEW = 300
"""Lines that are decided one by one, each with its own text or request, sooner than texts are searched."""


def for_judged(db: sqlite3.Connection, condition: Condition) -> Condition:
    """Return the condition with the simpler SQL if every message is judged, as the totals say."""
    if not condition.sql_judged:
        return condition
    (judged,) = db.execute(
        "SELECT coalesce((SELECT json_extract(value, '$.received') = json_extract(value, '$.judged') "
        "FROM meta WHERE key = 'counts'), 0)"
    ).fetchone()
    if not judged:
        return condition
    return msgspec.structs.replace(
        condition, sql=condition.sql_judged, parameters=condition.parameters_judged
    )


def has_few(db: sqlite3.Connection, condition: Condition, low: int, high: int) -> bool:
    """Return True if the index of errors gives the lines between two ids that SQL accepts: few of them."""
    query = f"SELECT 1 FROM lines WHERE id > ? AND id < ? AND ({condition.sql}) ORDER BY id LIMIT ?"
    parameters = (low, high, *condition.parameters, FEW + 1)
    plan = db.execute(f"EXPLAIN QUERY PLAN {query}", parameters).fetchall()
    by_index = any(f"INDEX {WITH_ERRORS} " in step[-1] for step in plan)
    return by_index and len(db.execute(query, parameters).fetchall()) <= FEW
