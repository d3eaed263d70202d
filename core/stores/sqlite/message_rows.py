"""Writes to the message rows of the journal's file, with the totals that go with them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from ...delivery import OWED_STATES, DeliveryState
from ...messages import Marks, message_number, seq_of
from ...verdict import FAULT_RULE, SEVERITY_WEIGHT
from ..base import Counts, Entry, Judged, Revision
from . import routed, texts
from .added import added, sent_of
from .rows import (
    MESSAGE_COLUMNS,
    kind_of,
    pack_entry,
    pack_rules,
    verdict_of,
)
from .shared import SharedRows, Uses
from .tally import COUNTED, Changes, Row, Severities, Tally, worst_of
from .texts import Tail, Text

ROWS = 200
"""Rows that one statement inserts at most. A statement a row would let go of the interpreter and wait for it
again with each, for milliseconds while the event loop is busy."""
IDS_A_QUERY = 500
SET_META = "UPDATE meta SET value = ? WHERE key = ?"
_WIDTH = MESSAGE_COLUMNS.count(",") + 1
_MESSAGE_VALUES = f"(?{', ?' * (_WIDTH - 1)})"
_INSERT_MESSAGES = f"INSERT INTO messages ({MESSAGE_COLUMNS}) VALUES {_MESSAGE_VALUES}"
_FILLED_FROM = MESSAGE_COLUMNS.split(", ")
_FILLED = ("kind", "judged", "name", "user_id", "anonymous_id", "group_id", "text_cut")
"""What `fill` writes to the rows of an earlier version."""
_SET_FILLED = ", ".join(f"{name} = ?" for name in _FILLED)
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
    _kinds: SharedRows
    _verdicts: SharedRows
    _tail: Tail
    _synchronous = "FULL"
    """How commits of receipts wait for the disk."""

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
        kinds, verdicts = Uses(self._kinds), Uses(self._verdicts)
        packed, texts_of, alike = added(fresh, kinds, verdicts)
        tally = self._tally.with_changes([(one.row, one.messages) for one in alike])
        judged = [one.judged for one in alike]
        severities = self._severities.with_more(judged)
        changes = Changes(worst_of(judged))
        for one in alike:
            changes.add_alike(one.row, one.messages, one.first, one.last, one.newest)
        indexed = max(self.indexed, upto)
        stretches = self._tail.added(texts_of)
        along = [(entry.summary.id, entry.standings) for entry in fresh if entry.standings]
        with self._unsynced(), self._transaction():
            kinds.write(self._db)
            verdicts.write(self._db)
            for at in range(0, len(packed), self._together):
                some = packed[at : at + self._together]
                values = list(chain.from_iterable(some))
                self._db.execute(_INSERT_MESSAGES + f", {_MESSAGE_VALUES}" * (len(some) - 1), values)
            self._db.executemany(texts.INSERT, stretches)
            changes.write(self._db)
            self._keep(severities)
            if along:
                if not routed.made(self._db):
                    routed.make(self._db)
                routed.add(self._db, along)
            self._db.executemany(SET_META, [(indexed, "indexed"), (tally.encode(), "counts")])
        self.indexed, self._tally, self._severities = indexed, tally, severities
        for done in (kinds, verdicts, self._tail):
            done.done()

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
                    event=entry.names.event, rules=pack_rules(entry.judged.rules), sent=sent_of(entry.judged)
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
            kinds, verdicts = Uses(self._kinds), Uses(self._verdicts)
            values: list[tuple[object, ...]] = []
            for row, entry in found:
                kinds.less(row.kind)
                verdicts.less(row.judged)
                packed = pack_entry(entry, kinds.used(kind_of(entry)), _number_of(verdicts, entry.judged))
                known = dict(zip(_FILLED_FROM, packed, strict=True))
                user = known["user_id"] or known["anonymous_id"]
                values.append((*(known[name] for name in _FILLED), user, row.id))
            kinds.write(self._db)
            verdicts.write(self._db)
            self._db.executemany(
                f"UPDATE messages SET {_SET_FILLED}, user = nullif(user, ?) WHERE id = ?", values
            )
            self._db.executemany(texts.INSERT, texts.rows_of([_text_of(entry) for _, entry in found]))
            changes.write(self._db)
            self._keep(severities)
            self._db.executemany(SET_META, [(upto, "filled"), (tally.encode(), "counts")])
            if upto == end:
                self._db.execute("DELETE FROM meta WHERE key IN ('filled', 'fill')")
        self._tally, self._severities = tally, severities
        self.line_changes += 1
        self.filled = (upto, end) if upto < end else (0, 0)
        kinds.done()
        verdicts.done()

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
            verdicts = Uses(self._verdicts)
            for row, _ in found:
                verdicts.less(row.judged)
            values = [
                (
                    row.errors,
                    row.warnings,
                    _number_of(verdicts, one.judged),
                    row.marks,
                    row.delivery,
                    row.id,
                )
                for row, (_, one) in zip(after, found, strict=True)
            ]
            verdicts.write(self._db)
            self._db.executemany(
                "UPDATE messages SET errors = ?, warnings = ?, judged = ?, marks = ?, delivery = ? "
                "WHERE id = ?",
                values,
            )
            self._db.executemany(
                "UPDATE messages SET owed = ? WHERE id = ?",
                [
                    (int(one.delivery in OWED_STATES), row.id)
                    for row, one in found
                    if one.delivery is not None and one.delivery != row.delivery
                ],
            )
            if along := [(row.id, one.standings) for row, one in found if one.standings]:
                routed.revise(self._db, along)
            self._db.execute(SET_META, (tally.encode(), "counts"))
        self._tally, self._severities = tally, severities
        self.line_changes += bool(found)
        verdicts.done()
        return seq_of(min(row.id for row, _ in found)) if found else None

    def spoil(self, seq: int) -> bool:
        """Mark the messages of a receipt that cannot be read: an error each, and nothing more to be sent.

        Returns whether there were any that were not marked yet.
        """
        first, end = message_number(seq, 0), message_number(seq + 1, 0)
        with self._transaction():
            found = self._db.execute(
                f"SELECT owed, revision, {COUNTED} FROM lines WHERE id >= ? AND id < ?", (first, end)
            ).fetchall()
            changed: list[tuple[Row, Row]] = []
            verdicts = Uses(self._verdicts)
            for owed, revision, *values in found:
                row = Row.read(values)
                if not row.marks & Marks.DAMAGED:
                    state = DeliveryState.FAULT.value if owed == 1 else row.delivery
                    marks = row.marks | Marks.DAMAGED
                    rules = pack_rules((FAULT_RULE,))
                    verdicts.less(row.judged)
                    judged = verdicts.used((str(revision), rules, 0, row.sent, b""))
                    now = row._replace(
                        marks=marks,
                        delivery=state,
                        errors=max(row.errors, 1),
                        rules=rules,
                        judged=judged,
                    )
                    changed.append((row, now))
            tally = self._changed(changed, {FAULT_RULE: SEVERITY_WEIGHT["error"]})
            verdicts.write(self._db)
            self._db.executemany(
                "UPDATE messages SET marks = ?, delivery = ?, errors = ?, judged = ?, owed = 0 WHERE id = ?",
                [(row.marks, row.delivery, row.errors, row.judged, row.id) for _, row in changed],
            )
            if changed and routed.made(self._db):
                routed.spoil(self._db, first, end)
            self._db.execute(SET_META, (tally.encode(), "counts"))
        self._tally = tally
        verdicts.done()
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
            rows = self._db.execute(f"SELECT {COUNTED} FROM lines WHERE id IN ({places(some)})", some)
            found.update((row.id, row) for row in map(Row.read, rows))
        return found

    @property
    def _together(self) -> int:
        """How many messages one statement inserts."""
        return self._at_once(_WIDTH)

    def _at_once(self, width: int) -> int:
        """Return how many rows with so many values one statement inserts."""
        return max(1, min(ROWS, self._db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // width))

    @contextlib.contextmanager
    def _unsynced(self) -> Generator[None]:
        """Do not wait for the disk: a receipt that arrives meanwhile would wait, too.

        The next commit of receipts brings this one to the disk with its own. Should the power fail before,
        the receipts are there, and their messages are indexed again.
        """
        self._db.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            self._db.execute(f"PRAGMA synchronous = {self._synchronous}")

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


def _text_of(entry: Entry) -> Text:
    return Text(entry.summary.id, entry.text, entry.text_cut)


def _number_of(verdicts: Uses, judged: Judged) -> int | None:
    """Return the number of the row of `verdicts`, None if nothing is known."""
    values = verdict_of(judged)
    return None if values is None else verdicts.used(values)


def _revised(row: Row, revision: Revision) -> Row:
    judged = revision.judged
    return row._replace(
        marks=row.marks if revision.marks is None else revision.marks,
        delivery=row.delivery if revision.delivery is None else revision.delivery.value,
        errors=judged.errors,
        warnings=judged.warnings,
        rules=pack_rules(judged.rules),
        sent=sent_of(judged),
    )
