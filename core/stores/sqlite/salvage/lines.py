"""The lines of a journal's index, as each version wrote them, and how they go into the new one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ....delivery import OWED_STATES, DeliveryState
from ...base import Entry
from ..rows import KIND_COLUMNS, MESSAGE_COLUMNS, pack_findings, storable, unpack_summary
from ..shared import SharedRows, Uses
from .records import Cell, Value
from .tables import Found

_OLD_STATES = {"not wanted": "off", "taken": "sent", "nothing to send": "none"}
"""The words of the first versions."""
_FIRST = 13
"""Columns of the first version, which kept no findings and did not say what is owed."""
_WIDTH = MESSAGE_COLUMNS.count(",") + 1
_INSERT = f"INSERT OR REPLACE INTO messages ({MESSAGE_COLUMNS}) VALUES (?{', ?' * (_WIDTH - 1)})"


class Line(NamedTuple):
    """What is copied of a line. An engine that opens the copy fills in the rest from the requests."""

    id: int
    received_at: Value
    type: Value
    name: Value
    user: Value
    source: Value
    errors: Value
    warnings: Value
    marks: Value
    delivery: Value
    message_id: Value
    wanted: Value
    findings: Value
    owes: Value

    @property
    def owed(self) -> bool:
        """True if the message was to be sent."""
        return self.owes == 1

    def doubted(self) -> Line:
        """Return the line of a message that may have been sent."""
        return self._replace(delivery=DeliveryState.UNCERTAIN.value, owes=0)


def line_of(entry: Entry) -> Line:
    """Return what is copied of an entry."""
    line = entry.summary
    return Line(
        line.id,
        line.received_at,
        storable(line.type),
        storable(line.name),
        storable(line.user),
        storable(line.source),
        line.errors,
        line.warnings,
        int(line.marks),
        line.delivery.value,
        storable(line.message_id),
        int(entry.wanted),
        pack_findings(entry.findings),
        int(line.delivery in OWED_STATES),
    )


def kinds_in(rows: Iterable[Found]) -> dict[int, Sequence[Value]]:
    """Return the rows of `kinds` that can be read, by their numbers."""
    return {cell.rowid: cell.values[1:] for cell, _ in rows if cell.values is not None}


def read_line(cell: Cell, kinds: Mapping[int, Sequence[Value]]) -> Line | None:
    """Return the line of a row of `messages`, whatever version wrote it; None if it cannot be read."""
    values = cell.values
    if values is None or len(values) < _FIRST:
        return None
    if isinstance(values[2], int):
        line = _with_kind(cell.rowid, values, kinds)
    else:
        line = _before_kinds(cell.rowid, values)
    if line is None or unpack_summary((*line[:11], "")).damaged or not isinstance(line.findings, bytes):
        return None
    return line


def _with_kind(id: int, values: Sequence[Value], kinds: Mapping[int, Sequence[Value]]) -> Line | None:
    if len(values) < _WIDTH:
        return None
    _, received_at, kind, _, name, user, *numbers, delivery, message_id, wanted, findings, owes = values[:14]
    user_id, anonymous_id = values[14:16]
    shared = kinds.get(kind) if isinstance(kind, int) else None
    if shared is None:
        return None
    type, source, event = shared[:3]
    name = event if name is None else name
    user = user_id or anonymous_id if user is None else user
    read = id, received_at, type, name, user, source, *numbers, delivery, message_id, wanted, findings, owes
    return Line._make(read)


def _before_kinds(id: int, values: Sequence[Value]) -> Line | None:
    row: list[Value] = [id, *values[1:15]]
    row[9] = _OLD_STATES.get(str(row[9]), row[9])
    if not isinstance(row[12], str):
        return None
    del row[12]  # the searched text
    if len(row) < 13:
        row.append(b"")
    if len(row) < 14:
        row.append(int(str(row[9]) in OWED_STATES))
    return Line._make(row)


class Lines:
    """The lines of the new journal. Call `finish` after the last one."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._kinds = Uses(SharedRows(db, "kinds", KIND_COLUMNS))

    def add(self, line: Line) -> None:
        """Write a line, in place of one with the same id."""
        kind = self._kinds.number((line.type, line.source, "", "", "", "sdk"))
        row = (
            *(line.id, line.received_at, kind, None, line.name, line.user, line.errors, line.warnings),
            *(line.marks, line.delivery, line.message_id, line.wanted, line.findings, line.owes),
            *("", "", "", 1),
        )
        self._db.execute(_INSERT, row)

    def finish(self) -> None:
        """Write what the lines have in common."""
        self._kinds.write(self._db)
        self._kinds.done()
        counted = self._db.execute("SELECT count(*), kind FROM messages GROUP BY kind").fetchall()
        self._db.executemany("UPDATE kinds SET uses = ? WHERE id = ?", counted)
