"""Searches the message rows: in stretches from one end of the list, until enough lines are found.

SQL narrows by the filter's condition. What it lets through is decided in Python.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

from ...api.models import Page, Summary
from ...messages import Receipt, message_number, seq_of
from ..base import Condition, Entry, Found
from .reader import ENDLESS, bounded, receipt
from .rows import ALL_COLUMNS, SUMMARY_COLUMNS, unpack_entry, unpack_summary

_LINE = SUMMARY_COLUMNS.count(",") + 1
_STRETCH = 500
"""Rows that are fetched at a time when Python decides about each."""


def page(
    db: sqlite3.Connection,
    before: int | None,
    after: int | None,
    limit: int,
    condition: Condition,
    filled: bool = True,
) -> Page:
    """Return the lines that fulfil the condition; see `ReadableIndex.page`.

    `filled` is False for a file of a version whose rows have fewer columns.
    """
    limit = bounded(limit)
    tests, values = ["id > ?", "id < ?"], [after or 0, ENDLESS if before is None else before]
    parameters: list[str | int] = []
    matches = condition.matches
    lacking = unfilled(db) if filled else (0, 0)
    if filled:
        tests.append(f"({condition.sql} OR id >= ? AND id < ?)")
        parameters += (*condition.parameters, *lacking)
    order = "DESC" if after is None else "ASC"
    columns = ALL_COLUMNS if filled and matches is not None else SUMMARY_COLUMNS
    query = f"SELECT {columns} FROM messages WHERE {' AND '.join(tests)} ORDER BY id {order} LIMIT ?"
    found: list[Summary] = []
    while len(found) <= limit:
        many = limit + 1 - len(found) if matches is None else _STRETCH
        rows = db.execute(query, (*values, *parameters, many)).fetchall()
        found += (
            map(unpack_summary, rows)
            if matches is None
            else [entry.summary for entry in decided(db, rows, matches, lacking)]
        )
        if len(rows) < many:
            break
        values = [rows[-1][0], values[1]] if after is not None else [values[0], rows[-1][0]]
    lines = found[:limit]
    return Page(summaries=tuple(lines if after is not None else reversed(lines)), more=len(found) > limit)


def unfilled(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the first id that lacks columns, and the one after the last."""
    meta = dict(db.execute("SELECT key, value FROM meta WHERE key IN ('filled', 'fill')").fetchall())
    start, end = meta.get("filled", 0), meta.get("fill", 0)
    if not isinstance(start, int) or not isinstance(end, int) or start >= end:
        return 0, 0
    return message_number(start + 1, 0), message_number(end + 1, 0)


def decided(
    db: sqlite3.Connection,
    rows: Sequence[Sequence[object]],
    matches: Callable[[Found], bool],
    lacking: tuple[int, int],
) -> list[Entry]:
    """Return the entries of the rows that match; of neighbours in one receipt that is read once."""
    read: dict[int, Receipt | None] = {}
    common: dict[int, str] = {}

    def common_text(number: int) -> str:
        if number not in common:
            row = db.execute("SELECT text FROM common_texts WHERE id = ?", (number,)).fetchone()
            common[number] = str(row[0]) if row is not None else ""
        return common[number]

    def receipt_of(seq: int) -> Receipt | None:
        if seq not in read:
            read.clear()
            read[seq] = receipt(db, seq)
        return read[seq]

    found: list[Entry] = []
    for row in rows:
        entry = unpack_entry(row, common_text)
        id = entry.summary.id
        filled = len(row) > _LINE and not lacking[0] <= id < lacking[1]
        if matches(Found(entry, filled, partial(receipt_of, seq_of(id)))):
            found.append(entry)
    return found
