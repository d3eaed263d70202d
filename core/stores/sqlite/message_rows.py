"""Writes to the message rows of the journal's file, with the totals that go with them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from ...delivery import OWED_STATES, DeliveryState
from ...messages import Marks, message_number, seq_of
from ...query.searched import BETWEEN
from ...verdict import FAULT_RULE, SEVERITY_WEIGHT
from ..base import Counts, Entry, Judged, Revision
from .rows import (
    ALL_COLUMNS,
    FILLED_COLUMNS,
    JUDGED_COLUMNS,
    pack_entry,
    pack_judged,
    pack_names,
    pack_rules,
    pack_text,
    storable,
)
from .tally import COUNTED, Changes, Row, Severities, Tally, worst_of

ROWS = 200
"""Rows that one statement inserts at most. A statement a row would let go of the interpreter and wait for it
again with each, for milliseconds while the event loop is busy."""
IDS_A_QUERY = 500
MOST_COMMON = 5_000
"""Texts in `common_texts`; they are held in memory, and stay until the journal is cleared."""
SET_META = "UPDATE meta SET value = ? WHERE key = ?"
_WIDTH = ALL_COLUMNS.count(",") + 1
_MESSAGE_VALUES = f"(?{', ?' * (_WIDTH - 1)})"
_INSERT_MESSAGES = f"INSERT INTO messages ({ALL_COLUMNS}) VALUES {_MESSAGE_VALUES}"
_SET_JUDGED = ", ".join(f"{name} = ?" for name in JUDGED_COLUMNS.split(", "))
_SET_FILLED = ", ".join(f"{name} = ?" for name in FILLED_COLUMNS.split(", "))
T = TypeVar("T")


class MessageRows:
    """The messages in the file, and the numbers that go with them; these change only after a commit.

    `indexed` is the last receipt with its messages in the index; messages of the receipts after the first and
    up to the second of `filled` lack what the version before did not keep.
    Every method raises sqlite3.Error and then leaves everything as it was.
    """

    _db: sqlite3.Connection
    _tally: Tally
    _severities: Severities
    last_seq: int
    indexed: int
    filled: tuple[int, int]
    line_changes: int = 0
    """Grows when rows change or go."""
    _common: dict[str, int]
    """The texts in `common_texts`, with their numbers."""

    @property
    def counts(self) -> Counts:
        """The totals of what is indexed."""
        return self._tally.counts

    def index(self, entries: Sequence[Entry], upto: int) -> None:
        """Write the messages of the receipts up to `upto`; those indexed or cleared before are left out.

        Raises ValueError for a message of a receipt above `upto`, and for an `upto` not given out yet.
        """
        if upto > self.last_seq or any(seq_of(entry.summary.id) > upto for entry in entries):
            raise ValueError(
                f"messages above receipt {upto}, or receipt {upto} above the last, {self.last_seq}"
            )
        fresh = [entry for entry in entries if seq_of(entry.summary.id) > self.indexed]
        rows = [(counted(entry), 1) for entry in fresh]
        tally = self._tally.with_changes(rows)
        judged = [entry.judged for entry in fresh]
        severities = self._severities.with_more(judged)
        changes = Changes(worst_of(judged))
        changes.add(rows)
        indexed = max(self.indexed, upto)
        with self._transaction():
            new, numbers = self._numbered(fresh)
            for at in range(0, len(fresh), self._together):
                pairs = zip(fresh[at : at + self._together], numbers[at : at + self._together], strict=True)
                some = [pack_entry(entry, number) for entry, number in pairs]
                values = [value for row in some for value in row]
                self._db.execute(_INSERT_MESSAGES + f", {_MESSAGE_VALUES}" * (len(some) - 1), values)
            changes.write(self._db)
            self._keep(severities)
            self._db.executemany(SET_META, [(indexed, "indexed"), (tally.encode(), "counts")])
        self.indexed, self._tally, self._severities = indexed, tally, severities
        self._common.update(new)

    def fill(self, entries: Sequence[Entry], upto: int) -> None:
        """Write what rows of an earlier version lack, of the receipts up to `upto`; their lines stay."""
        start, end = self.filled
        upto = min(max(upto, start), end)
        with self._transaction():
            rows = self._rows([entry.summary.id for entry in entries])
            found = [
                (row, entry)
                for entry in entries
                if (row := rows.get(entry.summary.id)) is not None and start < seq_of(row.id) <= upto
            ]
            after = [
                row._replace(
                    event=entry.names.event, rules=pack_rules(entry.judged.rules), sent=_sent(entry.judged)
                )
                for row, entry in found
            ]
            tally = self._tally.with_changes(
                change for (row, _), now in zip(found, after, strict=True) for change in ((row, -1), (now, 1))
            )
            judged = [entry.judged for _, entry in found]
            severities = self._severities.with_more(judged)
            changes = Changes(worst_of(judged))
            changes.add((row, 1) for row in after)
            new, numbers = self._numbered([entry for _, entry in found])
            self._db.executemany(
                f"UPDATE messages SET text = ?, {_SET_FILLED}, {_SET_JUDGED} WHERE id = ?",
                [
                    (
                        pack_text(entry, number),
                        *pack_names(entry, number),
                        *pack_judged(entry.judged),
                        row.id,
                    )
                    for (row, entry), number in zip(found, numbers, strict=True)
                ],
            )
            changes.write(self._db)
            self._keep(severities)
            self._db.executemany(SET_META, [(upto, "filled"), (tally.encode(), "counts")])
            if upto == end:
                self._db.execute("DELETE FROM meta WHERE key IN ('filled', 'fill')")
        self._tally, self._severities = tally, severities
        self.line_changes += 1
        self.filled = (upto, end) if upto < end else (0, 0)
        self._common.update(new)

    def revise(self, revisions: Sequence[Revision]) -> int | None:
        """Write what messages are judged to be now; those no longer in the journal are left out.

        Returns the lowest receipt number whose message changed, or None.
        """
        with self._transaction():
            rows = self._rows([one.id for one in revisions])
            found = [(rows[one.id], one) for one in revisions if one.id in rows]
            after = [_revised(row, one) for row, one in found]
            judged = [one.judged for _, one in found]
            severities = self._severities.with_more(judged)
            tally = self._changed(zip((row for row, _ in found), after, strict=True), worst_of(judged))
            self._keep(severities)
            self._db.executemany(
                f"UPDATE messages SET errors = ?, warnings = ?, {_SET_JUDGED}, marks = ?, delivery = ? "
                "WHERE id = ?",
                [
                    (row.errors, row.warnings, *pack_judged(one.judged), row.marks, row.delivery, row.id)
                    for row, (_, one) in zip(after, found, strict=True)
                ],
            )
            self._db.executemany(
                "UPDATE messages SET owed = ? WHERE id = ?",
                [
                    (int(one.delivery in OWED_STATES), row.id)
                    for row, one in found
                    if one.delivery is not None and one.delivery != row.delivery
                ],
            )
            self._db.execute(SET_META, (tally.encode(), "counts"))
        self._tally, self._severities = tally, severities
        self.line_changes += bool(found)
        return seq_of(min(row.id for row, _ in found)) if found else None

    def spoil(self, seq: int) -> bool:
        """Mark the messages of a receipt that cannot be read: an error each, and nothing more to be sent.

        Returns whether there were any that were not marked yet.
        """
        first, end = message_number(seq, 0), message_number(seq + 1, 0)
        with self._transaction():
            found = self._db.execute(
                f"SELECT owed, {COUNTED} FROM messages WHERE id >= ? AND id < ?", (first, end)
            ).fetchall()
            changed: list[tuple[Row, Row]] = []
            for owed, *values in found:
                row = Row.read(values)
                if not row.marks & Marks.DAMAGED:
                    state = DeliveryState.FAULT.value if owed == 1 else row.delivery
                    marks = row.marks | Marks.DAMAGED
                    rules = pack_rules((FAULT_RULE,))
                    now = row._replace(marks=marks, delivery=state, errors=max(row.errors, 1), rules=rules)
                    changed.append((row, now))
            tally = self._changed(changed, {FAULT_RULE: SEVERITY_WEIGHT["error"]})
            self._db.executemany(
                "UPDATE messages SET marks = ?, delivery = ?, errors = ?, rules = ?, owed = 0 WHERE id = ?",
                [(row.marks, row.delivery, row.errors, row.rules, row.id) for _, row in changed],
            )
            self._db.execute(SET_META, (tally.encode(), "counts"))
        self._tally = tally
        self.line_changes += bool(changed)
        return bool(changed)

    def _changed(self, rows: Iterable[tuple[Row, Row]], worst: Mapping[str, int] | None = None) -> Tally:
        """Write what rows before and after a change differ in to the totals; returns the tally then."""
        both = [one for before, after in rows if before != after for one in ((before, -1), (after, 1))]
        changes = Changes(worst)
        changes.add(change for change in both if not self._lacks(change[0].id))
        changes.write(self._db)
        return self._tally.with_changes(both)

    def _keep(self, severities: Severities) -> None:
        """Write the severities of rules if they changed."""
        if severities is not self._severities:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('severities', ?)", (severities.encode(),))

    def _lacks(self, id: int) -> bool:
        """Return whether the message's row is one of an earlier version that is not filled in yet."""
        start, end = self.filled
        return end > 0 and start < seq_of(id) <= end

    def _rows(self, ids: Collection[int]) -> dict[int, Row]:
        """Return what is counted of messages; those that are not in the index are left out."""
        found: dict[int, Row] = {}
        for some in stretches(list(ids), IDS_A_QUERY):
            rows = self._db.execute(f"SELECT {COUNTED} FROM messages WHERE id IN ({places(some)})", some)
            found.update((row.id, row) for row in map(Row.read, rows))
        return found

    def _numbered(self, entries: Sequence[Entry]) -> tuple[dict[str, int], list[int]]:
        """Write the common texts that are new; returns these, and for each entry the number of its text.

        It is 0 for entries without one, and for new ones once there are many: they are not so common.
        """
        new: dict[str, int] = {}
        numbers: list[int] = []
        for entry in entries:
            text = storable(entry.text[entry.common_from :]).strip(BETWEEN) if entry.common_from >= 0 else ""
            number = self._common.get(text) or new.get(text) or 0
            if text and not number and len(self._common) + len(new) < MOST_COMMON:
                number = new[text] = len(self._common) + len(new) + 1
            numbers.append(number)
        self._db.executemany("INSERT INTO common_texts (text, id) VALUES (?, ?)", list(new.items()))
        return new, numbers

    @property
    def _together(self) -> int:
        """How many messages one statement inserts."""
        return self._at_once(_WIDTH)

    def _at_once(self, width: int) -> int:
        """Return how many rows with so many values one statement inserts."""
        return max(1, min(ROWS, self._db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // width))

    @contextlib.contextmanager
    def _transaction(self) -> Generator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite ends it by itself on a full disk
                self._db.execute("ROLLBACK")
            raise


def stretches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the items in stretches of at most so many."""
    return (items[at : at + size] for at in range(0, len(items), size))


def places(values: Sequence[object]) -> str:
    """Return the placeholders of a statement for the values."""
    return ",".join("?" * len(values))


def counted(entry: Entry) -> Row:
    """Return what is counted of an entry."""
    line, judged = entry.summary, entry.judged
    return Row(
        line.marks,
        line.delivery.value,
        line.errors,
        line.warnings,
        line.id,
        line.received_at,
        storable(line.type),
        storable(line.name),
        storable(entry.names.event),
        pack_rules(judged.rules),
        _sent(judged),
    )


def _sent(judged: Judged) -> int | None:
    return None if judged.sent is None else int(judged.sent)


def _revised(row: Row, revision: Revision) -> Row:
    judged = revision.judged
    return row._replace(
        marks=row.marks if revision.marks is None else revision.marks,
        delivery=row.delivery if revision.delivery is None else revision.delivery.value,
        errors=judged.errors,
        warnings=judged.warnings,
        rules=pack_rules(judged.rules),
        sent=_sent(judged),
    )
