"""Moving the log into the file without making a commit wait.

SQLite's own checkpoints run inside a commit, which then takes tens of milliseconds. Here a thread with
a connection of its own moves the bulk while commits go on; the writer then moves the little that came
meanwhile, between two commits, so that the log starts over instead of growing.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from .faults import SQLITE_ERRORS, store_fault
from .schema import connect_checkpointer
from .store import Store

log = logging.getLogger(__name__)

EVERY = 8 * 1024 * 1024
"""Bytes written to the log, about, between two checkpoints."""
_ROW = 400
_COMMIT = 16 * 1024
"""A row of the index, and what whole pages add to a commit, about."""


class Checkpoints:
    """Decides when the log is moved. All methods are called by the writer's thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: int = 0
        self._changes: int = 0
        self._bulk: Future[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="segtap-journal-checkpoint")
        # Its thread starts here: later, on a machine that gives out no more threads, the writer would fail.
        self._thread.submit(int).result()
        self._db: sqlite3.Connection | None = None
        self.attach()

    @property
    def moving(self) -> bool:
        """True while the thread may be writing to the file."""
        return self._bulk is not None

    def attach(self) -> None:
        """Open the thread's connection, so that it reads the log that the store writes now."""
        self._db = connect_checkpointer(self._store.path)

    def detach(self) -> None:
        """Close the connection, after what it is doing."""
        if self._bulk is not None:
            self._bulk.result()
            self._bulk = None
        if self._db is not None:
            self._db.close()
            self._db = None

    def wrote(self, data: int) -> None:
        """Note a commit with so many bytes of receipts."""
        self._written += data

    def between_commits(self) -> None:
        """Start or finish a checkpoint if it is time."""
        changes = self._store.changes()
        if changes != self._changes:
            self._written += max(0, changes - self._changes) * _ROW + _COMMIT
            self._changes = changes
        if self._bulk is None:
            if self._written >= EVERY and self._db is not None:
                self._written = 0
                self._bulk = self._thread.submit(self._move_bulk, self._db)
        elif self._bulk.done():
            self._bulk = None
            self._try(self._store.checkpoint)

    def close(self) -> None:
        """Move all of the log into the file."""
        self._thread.shutdown()
        self.detach()
        self._try(lambda: self._store.checkpoint("TRUNCATE"))

    def _move_bulk(self, db: sqlite3.Connection) -> None:
        self._try(lambda: checkpoint_once(db))

    def _try(self, move: Callable[[], object]) -> None:
        try:
            move()
        except SQLITE_ERRORS as error:  # nothing is lost: it stays in the log, and is moved the next time
            log.warning("checkpoint put off: %s", store_fault(error, self._store.path))


def checkpoint_once(db: sqlite3.Connection) -> None:
    """Move what the log holds into the file, while others read and write."""
    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
