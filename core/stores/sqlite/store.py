"""The write side of the journal's file: each method is one transaction, and runs in the writer's thread."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Collection, Generator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from ... import private_files
from ...delivery import OWED_STATES, Delivery, DeliveryState
from ...errors import JournalError
from ...messages import POSITION_BITS, Marks, message_number, seq_of
from ..base import Counts, Entry
from .faults import SQLITE_ERRORS, damaged_fault
from .guard import Guard
from .place import companions
from .rows import DELIVERY_COLUMNS, MESSAGE_COLUMNS, ReceiptRow, lenient_text, pack_delivery, pack_entry
from .schema import OWED, connect_aside, connect_writer
from .tally import COUNTED, Row, Tally

_INSERT_RECEIPTS = "INSERT INTO receipts (seq, received_at, form, data) VALUES (?, ?, ?, ?)"
_ROWS = 200
_IDS_A_QUERY = 500
"""Rows that one statement inserts: SQLite takes 999 values everywhere. A statement a row would let go of the
interpreter and wait for it again with each, for milliseconds while the event loop is busy."""
_INSERT_MESSAGE = f"INSERT INTO messages ({MESSAGE_COLUMNS}) VALUES (?{', ?' * MESSAGE_COLUMNS.count(',')})"
_INSERT_DELIVERY = (
    f"INSERT INTO deliveries ({DELIVERY_COLUMNS}) VALUES (?{', ?' * DELIVERY_COLUMNS.count(',')})"
)
OLDEST_FREE = f"""
    SELECT seq, length(data) FROM receipts
    WHERE seq > ? AND seq <= ? AND NOT EXISTS (
        SELECT 1 FROM messages
        WHERE {OWED} AND id >= (seq << {POSITION_BITS}) AND id < ((seq + 1) << {POSITION_BITS})
    )
    ORDER BY seq LIMIT ?
"""
_SET = "UPDATE meta SET value = ? WHERE key = ?"


class Store:
    """What the file holds, and the numbers that go with it; these change only after a commit.

    `last_seq` is the highest number given out, `indexed` the last receipt with its messages in the index,
    `settings` what the last engine ran with, "" where none has kept them.
    Every method raises sqlite3.Error and then leaves everything as it was.
    """

    def __init__(self, path: Path) -> None:
        self.last_seq = 0
        self._open(path)

    def _open(self, path: Path) -> None:
        """Connect to the file and read what its numbers stand at; `last_seq` never goes back."""
        self.path = path
        self._db = connect_writer(path)
        self._db.text_factory = lenient_text  # it reads few texts, and a damaged one must not stop the rest
        try:
            meta = dict(self._db.execute("SELECT key, value FROM meta"))
            (highest,) = self._db.execute("SELECT max(seq) FROM receipts").fetchone()
            self.last_seq = max(self.last_seq, int(meta["last_seq"]), highest or 0)
            self.indexed = int(meta["indexed"])
            self.settings = str(meta.get("settings", ""))
            self._tally = Tally.decode(meta["counts"])
            (self._page_size,) = self._db.execute("PRAGMA page_size").fetchone()
            self.guard = Guard(path, self._db)
        except (KeyError, ValueError, TypeError, msgspec.DecodeError) as error:
            self._db.close()
            raise damaged_fault(path, f"its meta table: {error}") from error
        except BaseException:
            self._db.close()
            raise

    def reopen(self, path: Path | None = None, *, copied: bool = False) -> None:
        """Let go of the files and open those that lie at the path now, the same one by default.

        With `copied` the file there is a copy with everything in it, and the log has served its time.
        """
        self.path = path or self.path
        if copied:
            self.guard.discard_log()
        self.guard.close()
        self._db.close()
        if copied:
            for file in companions(self.path):
                file.unlink(missing_ok=True)
        self._open(self.path)

    def copy_to(self, new: Path, *, check: bool) -> bool:
        """Copy all that the open file and its log hold into a new file, and onto the disk.

        Returns whether nothing is missing in it; with `check`, because parts of the file were overwritten,
        each of its pages is looked at. Raises sqlite3.Error, OSError.
        """
        private_files.create(new, b"")
        with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as target:
            target.execute("PRAGMA journal_mode = OFF")
            target.execute("PRAGMA synchronous = OFF")
            self._db.backup(target)
        with new.open("r+b") as file:
            os.fsync(file.fileno())
        try:
            with contextlib.closing(connect_aside(new)) as copy:
                if check and copy.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                    return False
                (highest,) = copy.execute("SELECT max(seq) FROM receipts").fetchone()
                (known,) = copy.execute("SELECT value FROM meta WHERE key = 'last_seq'").fetchone()
        except SQLITE_ERRORS:
            return False
        return max(highest or 0, int(known)) == self.last_seq

    @property
    def counts(self) -> Counts:
        """The totals of what is indexed."""
        return self._tally.counts

    def used(self) -> int:
        """Bytes of the file that hold something; pages left free by rotation do not count."""
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
        return (pages - free) * self._page_size

    def changes(self) -> int:
        """Rows written since the file was opened."""
        changes: int = self._db.total_changes
        return changes

    def append(self, rows: Sequence[ReceiptRow]) -> range:
        """Write receipts; returns their numbers."""
        first = self.last_seq + 1
        numbers = range(first, first + len(rows))
        with self._transaction():
            for at in range(0, len(rows), _ROWS):
                some = list(zip(numbers[at : at + _ROWS], rows[at : at + _ROWS], strict=True))
                values = [value for seq, row in some for value in (seq, *row)]
                self._db.execute(_INSERT_RECEIPTS + ", (?, ?, ?, ?)" * (len(some) - 1), values)
        self.last_seq = numbers[-1] if rows else self.last_seq
        return numbers

    def index(self, entries: Sequence[Entry], upto: int) -> None:
        """Write the messages of the receipts up to `upto`; those indexed or cleared before are left out.

        Raises ValueError for a message of a receipt above `upto`, and for an `upto` not given out yet.
        """
        if upto > self.last_seq or any(seq_of(entry.summary.id) > upto for entry in entries):
            raise ValueError(
                f"messages above receipt {upto}, or receipt {upto} above the last, {self.last_seq}"
            )
        fresh = [entry for entry in entries if seq_of(entry.summary.id) > self.indexed]
        tally = self._tally.with_changes(
            (Row(line.marks, line.delivery, line.errors, line.warnings), 1)
            for line in (entry.summary for entry in fresh)
        )
        indexed = max(self.indexed, upto)
        with self._transaction():
            self._db.executemany(_INSERT_MESSAGE, [pack_entry(entry) for entry in fresh])
            self._db.executemany(_SET, [(indexed, "indexed"), (tally.encode(), "counts")])
        self.indexed, self._tally = indexed, tally

    def record(
        self,
        deliveries: Sequence[Delivery],
        states: Sequence[tuple[int, DeliveryState]],
        owing: Collection[int] = (),
    ) -> int | None:
        """Write attempts and states of messages; those no longer in the journal are left out.

        See `Outbox.record` for `owing`. Returns the lowest receipt number whose message changed, or None.
        """
        wanted = {id for id, _ in states} | {delivery.message for delivery in deliveries}
        with self._transaction():
            before = self._rows(wanted)
            after = {id: state for id, state in states if id in before}
            tally = self._tally.with_changes(
                change
                for id, state in after.items()
                for change in ((before[id], -1), (before[id]._replace(delivery=state), 1))
            )
            self._db.executemany(
                _INSERT_DELIVERY,
                [pack_delivery(delivery) for delivery in deliveries if delivery.message in before],
            )
            self._db.executemany(
                "UPDATE messages SET delivery = ?, owed = ? WHERE id = ?",
                [(state.value, int(state in OWED_STATES or id in owing), id) for id, state in after.items()],
            )
            self._db.execute(_SET, (tally.encode(), "counts"))
        self._tally = tally
        return seq_of(min(after)) if after else None

    def revise(self, findings: Sequence[tuple[int, int, int]]) -> None:
        """Set errors and warnings of messages, given as (id, errors, warnings); others stay."""
        after = {id: (errors, warnings) for id, errors, warnings in findings}
        with self._transaction():
            before = self._rows(after)
            tally = self._tally.with_changes(
                change
                for id, row in before.items()
                for change in ((row, -1), (Row(row.marks, row.delivery, *after[id]), 1))
            )
            self._db.executemany(
                "UPDATE messages SET errors = ?, warnings = ? WHERE id = ?",
                [(*after[id], id) for id in before],
            )
            self._db.execute(_SET, (tally.encode(), "counts"))
        self._tally = tally

    def spoil(self, seq: int) -> bool:
        """Mark the messages of a receipt that cannot be read: an error each, and nothing more to be sent.

        Returns whether there were any that were not marked yet.
        """
        first, end = message_number(seq, 0), message_number(seq + 1, 0)
        with self._transaction():
            found = self._db.execute(
                f"SELECT id, owed, {COUNTED} FROM messages WHERE id >= ? AND id < ?", (first, end)
            ).fetchall()
            before = {id: (owed, Row.read(row)) for id, owed, *row in found}
            after = {
                id: Row(
                    row.marks | Marks.DAMAGED,
                    DeliveryState.FAULT.value if owed == 1 else row.delivery,
                    max(row.errors, 1),
                    row.warnings,
                )
                for id, (owed, row) in before.items()
                if not row.marks & Marks.DAMAGED
            }
            tally = self._tally.with_changes(
                change for id, row in after.items() for change in ((before[id][1], -1), (row, 1))
            )
            self._db.executemany(
                "UPDATE messages SET marks = ?, delivery = ?, errors = ?, owed = 0 WHERE id = ?",
                [(row.marks, row.delivery, row.errors, id) for id, row in after.items()],
            )
            self._db.execute(_SET, (tally.encode(), "counts"))
        self._tally = tally
        return bool(after)

    def oldest_free(self, above: int, limit: int) -> list[tuple[int, int]]:
        """Number and size of the oldest receipts above a number that are indexed and not owed."""
        return self._db.execute(OLDEST_FREE, (above, self.indexed, limit)).fetchall()

    def delete(self, numbers: Sequence[int]) -> None:
        """Forget receipts, their messages and deliveries."""
        spans = [(message_number(seq, 0), message_number(seq + 1, 0)) for seq in numbers]
        with self._transaction():
            gone = [
                (Row.read(row), -1)
                for span in spans
                for row in self._db.execute(f"SELECT {COUNTED} FROM messages WHERE id >= ? AND id < ?", span)
            ]
            tally = self._tally.with_changes(gone)
            self._db.executemany("DELETE FROM deliveries WHERE message >= ? AND message < ?", spans)
            self._db.executemany("DELETE FROM messages WHERE id >= ? AND id < ?", spans)
            self._db.executemany("DELETE FROM receipts WHERE seq = ?", [(seq,) for seq in numbers])
            self._db.executemany(_SET, [(self.last_seq, "last_seq"), (tally.encode(), "counts")])
        self._tally = tally

    def keep_settings(self, text: str) -> None:
        """Keep the settings that the engine runs with."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('settings', ?)", (text,))
        self.settings = text

    def clear(self) -> None:
        """Forget everything and give the room back; numbers go on from where they were.

        Raises JournalError when another program's reading keeps the old log from being removed.
        """
        tally = Tally.decode("{}")
        with self._transaction():
            for table in ("deliveries", "messages", "receipts"):
                self._db.execute(f"DELETE FROM {table}")
            self._db.executemany(
                _SET,
                [(self.last_seq, "last_seq"), (self.last_seq, "indexed"), (tally.encode(), "counts")],
            )
        self.indexed, self._tally = self.last_seq, tally
        self._db.execute("VACUUM")
        if not self.checkpoint("TRUNCATE"):
            raise JournalError(
                f"{self.path} is emptied, but another program still reads what was in it. "
                "Close that program, and clear the journal once more."
            )

    def checkpoint(self, mode: str = "PASSIVE") -> bool:
        """Move what the log holds into the file; whether all of it went."""
        if mode == "TRUNCATE":
            self.guard.log_restarts()
        try:
            busy, in_log, moved = self._db.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        finally:
            self.guard.rebase()
        return not busy and in_log == moved

    def close(self) -> None:
        """Let go of the file."""
        self.guard.close()
        self._db.close()

    def _rows(self, ids: Collection[int]) -> dict[int, Row]:
        """Return what is counted of messages; those that are not in the index are left out."""
        found: dict[int, Row] = {}
        waiting = iter(ids)
        while some := list(islice(waiting, _IDS_A_QUERY)):
            rows = self._db.execute(
                f"SELECT id, {COUNTED} FROM messages WHERE id IN ({','.join('?' * len(some))})", some
            )
            found.update((id, Row.read(counted)) for id, *counted in rows)
        return found

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
