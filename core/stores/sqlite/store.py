"""The write side of the journal's file: each method is one transaction, and runs in the writer's thread."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import msgspec

from ... import private_files
from ...errors import JournalError
from . import requests, routed
from .deletion import Deletion
from .faults import SQLITE_ERRORS, damaged_fault
from .guard import Guard
from .message_rows import ROWS, SET_META
from .place import companions
from .rows import KIND_COLUMNS, VERDICT_COLUMNS, ReceiptRow, lenient_text
from .schema import TABLES, connect_aside, connect_writer
from .shared import SharedRows
from .tally import Severities, Tally
from .texts import Tail

P = ParamSpec("P")
T = TypeVar("T")

_INSERT_RECEIPTS = "INSERT INTO receipts (seq, received_at, form, data) VALUES (?, ?, ?, ?)"


class Store(Deletion):
    """What the file holds, and the numbers that go with it; these change only after a commit.

    `last_seq` is the highest number given out, `settings` what the last engine ran with, "" for none.
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
            self._kinds = SharedRows(self._db, "kinds", KIND_COLUMNS)
            self._verdicts = SharedRows(self._db, "verdicts", VERDICT_COLUMNS)
            self._tail = Tail()
            self.filled = (int(meta.get("filled", 0)), int(meta.get("fill", 0)))
            self._tally = Tally.decode(meta["counts"])
            self._severities = Severities.decode(str(meta.get("severities", "{}")))
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

    def used(self) -> int:
        """Return bytes of the file that hold something; pages left free by rotation do not count."""
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
        return (pages - free) * self._page_size

    def changes(self) -> int:
        """Return how many rows were written since the file was opened."""
        changes: int = self._db.total_changes
        return changes

    def append(
        self,
        rows: Sequence[ReceiptRow],
        numbers: Sequence[int] | None = None,
        routes: Mapping[int, Sequence[str]] | None = None,
    ) -> Sequence[int]:
        """Write receipts, and owe them to the routes that `routes` has for their places; returns numbers.

        `numbers` are those that another log has given them.
        """
        if numbers is None:
            numbers = range(self.last_seq + 1, self.last_seq + 1 + len(rows))
        with self._transaction():
            for at in range(0, len(rows), ROWS):
                some = list(zip(numbers[at : at + ROWS], rows[at : at + ROWS], strict=True))
                values = [value for seq, row in some for value in (seq, *row)]
                written = self._db.execute(_INSERT_RECEIPTS + ", (?, ?, ?, ?)" * (len(some) - 1), values)
                # Python can miss an error of SQLite: see `free_cursors`.
                if written.rowcount != len(some):
                    raise sqlite3.OperationalError(f"not all of {len(some)} receipts were written")
            if routes:
                requests.make(self._db)
                requests.owe(self._db, {numbers[place]: names for place, names in routes.items()})
        self.last_seq = numbers[-1] if rows else self.last_seq
        return numbers

    def owed_requests(self) -> int:
        """Return how many requests are owed to routes."""
        return requests.owed_in_all(self._db)

    def run(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **more: P.kwargs
    ) -> T:
        """Run work in a transaction of its own."""
        with self._transaction():
            return work(self._db, *args, **more)

    def keep_settings(self, text: str) -> None:
        """Keep the settings that the engine runs with."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('settings', ?)", (text,))
        self.settings = text

    def mark(self, key: str) -> str:
        """Return what `keep_mark` kept, "" for nothing."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else ""

    def keep_mark(self, key: str, value: str | int) -> None:
        """Keep a value beside the tables, in place of an earlier one; `clear` does not remove it."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def relax(self) -> None:
        """Let the newest commits be lost with the machine's power: another place has what they hold."""
        self._synchronous = "NORMAL"
        self._db.execute("PRAGMA synchronous = NORMAL")

    def touch(self, room: int = 0) -> None:
        """Write to the file, `room` bytes if that is more than a little, and leave all as it is."""
        if room:
            with self._transaction():
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('room', zeroblob(?))", (room,))
        with self._transaction():
            self._db.execute("UPDATE meta SET value = value WHERE key = 'last_seq'")
            self._db.execute("DELETE FROM meta WHERE key = 'room'")

    def clear(self) -> None:
        """Forget everything and give the room back; numbers go on from where they were.

        Raises JournalError when another program's reading keeps the old log from being removed.
        """
        tally = Tally.decode("{}")
        with self._transaction():
            made = [one.TABLES for one in (requests, routed) if one.made(self._db)]
            for table in (*TABLES, *chain.from_iterable(made)):
                self._db.execute(f"DELETE FROM {table}")
            self._db.execute("DELETE FROM meta WHERE key IN ('filled', 'fill', 'severities', 'snapshot')")
            self._db.executemany(
                SET_META,
                [(self.last_seq, "last_seq"), (self.last_seq, "indexed"), (tally.encode(), "counts")],
            )
        self.indexed, self._tally, self.filled = self.last_seq, tally, (0, 0)
        self._severities = Severities()
        self.line_changes += 1
        for rows in (self._kinds, self._verdicts, self._tail):
            rows.forget()
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
