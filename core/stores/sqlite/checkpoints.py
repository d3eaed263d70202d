"""Moving the log into the file without making a commit wait.

SQLite's own checkpoints run inside a commit, which then takes tens of milliseconds. Here a thread with
a connection of its own moves the log while commits go on. The log starts over once all of it was moved and
nothing was written meanwhile: that is tried when nothing was written for a moment. Where there is no such
moment the log grows, and once it is `MOST` long the writer moves the rest itself: the only time that a commit
waits.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from .faults import SQLITE_ERRORS, store_fault
from .schema import LOG_KEPT, connect_checkpointer
from .store import Store

log = logging.getLogger(__name__)

T = TypeVar("T")

EVERY = 8 * 1024 * 1024
"""Bytes written to the log, about, between two checkpoints."""
MOST = LOG_KEPT
"""Bytes of the log from which on commits wait until it can start over."""
REST_EVERY = 0.5
"""Seconds between two attempts to move the rest of the log while nothing is written: each makes the file
durable, which takes the disk's time."""
_ROW = 400
_COMMIT = 16 * 1024
"""A row of the index, and what whole pages add to a commit, about."""


class Moved(NamedTuple):
    """What a checkpoint did: whether the log was moved as a whole, and how many bytes the log has."""

    whole: bool
    length: int


class Checkpoints:
    """Decides when the log is moved. All methods are called by the writer's thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: int = 0
        self._changes: int = 0
        self._commits = 0
        self._bulk: Future[Moved | None] | None = None
        self._began = 0
        """Commits when the thread began with what it is doing."""
        self._length = 0
        """Bytes of the log that were not moved before the log grew on; 0 when it starts over."""
        self._rest_at = 0.0
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

    def between_commits(self, *, idle: bool = False) -> None:
        """Start or finish a checkpoint if it is time. `idle`: nothing was written for a moment."""
        changes = self._store.changes()
        if changes != self._changes:
            self._written += max(0, changes - self._changes) * _ROW + _COMMIT
            self._changes = changes
            self._commits += 1
        if self._bulk is not None:
            if self._bulk.done():
                self._finish(self._bulk)
        elif self._length >= MOST:
            self._length = self._written = 0
            self._try(self._store.checkpoint)
        elif self._written >= EVERY:
            self._written = 0
            self._start()
        elif self._length and idle and time.monotonic() >= self._rest_at:
            self._start()

    def close(self) -> None:
        """Move all of the log into the file."""
        self._thread.shutdown()
        self.detach()
        self._try(lambda: self._store.checkpoint("TRUNCATE"))

    def _start(self) -> None:
        if self._db is not None:
            self._began = self._commits
            self._bulk = self._thread.submit(self._move, self._db)

    def _finish(self, bulk: Future[Moved | None]) -> None:
        """Note what the thread has moved, and whether the log starts over with the next commit."""
        self._bulk = None
        self._rest_at = time.monotonic() + REST_EVERY
        self._store.guard.rebase()
        moved = bulk.result()
        if moved is not None:
            over = moved.whole and self._commits == self._began
            self._length = 0 if over else moved.length

    def _move(self, db: sqlite3.Connection) -> Moved | None:
        return self._try(lambda: checkpoint_once(db))

    def _try(self, move: Callable[[], T]) -> T | None:
        try:
            return move()
        except SQLITE_ERRORS as error:  # nothing is lost: it stays in the log, and is moved the next time
            log.warning("checkpoint put off: %s", store_fault(error, self._store.path))
            return None


def checkpoint_once(db: sqlite3.Connection) -> Moved:
    """Move what the log holds into the file, while others read and write."""
    busy, in_log, moved = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    (page,) = db.execute("PRAGMA page_size").fetchone()
    return Moved(not busy and in_log == moved, in_log * page)
