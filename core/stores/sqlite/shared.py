"""Rows that many messages refer to by their number: each is stored once, as long as it is remembered."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Hashable
from typing import Any

REMEMBERED = 4_000
"""Rows of a table of which the values are held in memory. One that was forgotten may be stored twice."""

_Values = tuple[Hashable, ...]


class SharedRows:
    """The rows of one table. Each has a number, values and how many messages use it."""

    def __init__(self, db: sqlite3.Connection, table: str, columns: str) -> None:
        """Read the newest rows, so that they are used again."""
        width = columns.count(",") + 1
        self.insert = f"INSERT INTO {table} (id, {columns}, uses) VALUES (?{', ?' * (width + 1)})"
        self.add = f"UPDATE {table} SET uses = uses + ? WHERE id = ?"
        self.remove = f"DELETE FROM {table} WHERE id = ? AND uses <= 0"
        self.known: dict[_Values, int] = {}
        rows = db.execute(f"SELECT id, {columns} FROM {table} ORDER BY id DESC LIMIT ?", (REMEMBERED // 2,))
        for id, *values in reversed(rows.fetchall()):
            self.known[tuple(values)] = id
        self.next: int = max(self.known.values(), default=0) + 1

    def forget(self) -> None:
        """Forget every row, after the table was emptied. Numbers are not used again."""
        self.known.clear()


class Uses:
    """What one transaction changes in the rows of a table: call `write` within it, and `done` after it."""

    def __init__(self, rows: SharedRows) -> None:
        self._rows = rows
        self._known = rows.known
        self._new: dict[_Values, int] = {}
        self._more: Counter[int] = Counter()
        self._next = rows.next

    def number(self, values: Any) -> int:
        """Return the number of the row with these values; the caller counts who uses it."""
        number = self._known.get(values) or self._new.get(values)
        if number is None:
            number = self._new[values] = self._next
            self._next += 1
        return number

    def use(self, number: int, messages: int) -> None:
        """Count that so many more messages use a row."""
        self._more[number] += messages

    def used(self, values: Any) -> int:
        """Return the number of the row with these values, which one more message uses."""
        number = self.number(values)
        self._more[number] += 1
        return number

    def less(self, number: object, messages: int = 1) -> None:
        """Count that so many messages stop using a row; None and what is not a number are left out."""
        if isinstance(number, int):
            self._more[number] -= messages

    def write(self, db: sqlite3.Connection) -> None:
        """Insert the new rows, change the counts, and delete the rows that no message uses any more."""
        more = self._more
        db.executemany(
            self._rows.insert, [(number, *values, more[number]) for values, number in self._new.items()]
        )
        new = set(self._new.values())
        changed = [(count, number) for number, count in more.items() if count and number not in new]
        db.executemany(self._rows.add, changed)
        db.executemany(self._rows.remove, [(number,) for count, number in changed if count < 0])

    def done(self) -> None:
        """Remember the new rows, and forget those that may have been deleted."""
        known = self._rows.known
        self._rows.next = self._next
        fewer = {number for number, count in self._more.items() if count < 0}
        if fewer:
            for values in [values for values, number in known.items() if number in fewer]:
                del known[values]
        known.update(self._new)
        if len(known) > REMEMBERED:
            for values in list(known)[: len(known) - REMEMBERED // 2]:
                del known[values]
