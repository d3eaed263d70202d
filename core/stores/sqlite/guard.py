"""Sees when a journal's files are taken away, replaced or cut while it is open.

What was written to a file that somebody removed is still there for whoever holds it open, and gone once
that process ends. So every commit is followed by `harm`, a few microseconds, before it is acknowledged.

The journal's own file is only looked at by its name or through SQLite: closing any other handle of it
would drop the locks that keep other programs from removing the log.
"""

from __future__ import annotations

import contextlib
import enum
import os
import sqlite3
import sys
from pathlib import Path
from typing import NamedTuple

from ...private_files import NO_FOLLOW
from .faults import SQLITE_ERRORS
from .place import companions
from .schema import APPLICATION_ID, LOG_KEPT, connect_aside


class Harm(enum.Enum):
    """What became of the files, and in which words it is said; `NONE` when they are as they should be."""

    NONE = ""
    LOG = "{log} was removed or replaced"
    """The log (or its index, `-shm`), while the journal's file lies where it was."""
    LOG_CUT = "{log} was cut short"
    GONE = "{path} was removed or moved away"
    REPLACED = "{path} was replaced by another file"
    CUT = "{path} was overwritten or cut short"


class _Looks(NamedTuple):
    """What the journal's file says of itself when the log is left out; -1 where it cannot be read."""

    application: int = -1
    last: int = -1
    """The highest number of a receipt."""


_LOG_STARTS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_LOG_HEADER, _FRAME_HEADER = 32, 24
_HOLE = b"\0\0\0\0"
"""What is read of a place that was cut off and written behind: a log holds no page 0."""


class Guard:
    """Watches the files behind a connection that was just opened; called by one thread at a time."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self._db = db
        self._path = path
        self._log, self._index = companions(path)
        # Asked for by name with each commit: as texts, os.lstat has nothing to convert.
        self._names = (str(path), str(self._log), str(self._index))
        # The first read after opening makes the log and its index.
        db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        (self._page_size,) = db.execute("PRAGMA page_size").fetchone()
        self._frame = _FRAME_HEADER + self._page_size
        self._file = -1
        with contextlib.suppress(OSError):  # gone already, which the first look notices
            self._file = os.open(self._log, os.O_RDONLY | NO_FOLLOW)
        self._ids = tuple(_identity(name) for name in self._names)
        self._size = self._log_size = self._changed = 0
        self._last_frame = 0
        self._looks: _Looks = _Looks()
        self.rebase()

    def rebase(self) -> None:
        """Take the file as it is now, after segtap itself wrote to it; a harm not yet seen is kept."""
        with contextlib.suppress(OSError):
            about = os.lstat(self._names[0])
            looks = self._look()
            strange = self._size > 0 and looks.application != APPLICATION_ID
            if strange or (about.st_size < self._size and self._is_cut(about.st_size)):
                return
            self._size, self._changed, self._looks = about.st_size, about.st_mtime_ns, looks

    def log_restarts(self) -> None:
        """Note that segtap itself is about to cut the log to nothing."""
        self._log_size = self._last_frame = 0

    def is_ours(self) -> bool:
        """Return True while what lies at the path is a journal, whatever is left of it."""
        return self._look().application == APPLICATION_ID

    def close(self) -> None:
        """Let go of the log; before SQLite does, which removes it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def discard_log(self) -> None:
        """Empty and remove the log, once all that it held is safe elsewhere.

        Beside another file SQLite would take it for that file's and write into it what the log says; so it
        would when the connection is closed, into a file that was overwritten.
        """
        for name, known in zip(self._names[1:], self._ids[1:], strict=True):
            if known is None or _identity(name) != known:
                continue
            if name == self._names[1]:
                os.truncate(name, 0)
            os.unlink(name)

    @property
    def size(self) -> int:
        """Bytes of the file when it was last looked at."""
        return self._size

    @property
    def log(self) -> int:
        """A handle of the log that SQLite writes to, wherever its name went; -1 when there is none."""
        return self._file

    def say(self, harm: Harm) -> str:
        """Return what happened, as the beginning of a sentence."""
        return harm.value.format(path=self._path, log=self._log)

    def harm(self) -> Harm:
        """Look at the file and its log, quickly."""
        path, log, _ = self._names
        try:
            about = os.lstat(path)
        except OSError:
            return Harm.GONE
        if (about.st_dev, about.st_ino) != self._ids[0]:
            return Harm.REPLACED
        if about.st_size < self._size and self._is_cut(about.st_size):
            return Harm.CUT
        self._size = about.st_size
        try:
            about = os.lstat(log)
        except OSError:
            return Harm.LOG
        if (about.st_dev, about.st_ino) != self._ids[1]:
            return Harm.LOG
        # A log that starts over is cut by SQLite to what `journal_size_limit` lets it keep.
        if about.st_size < min(self._log_size, LOG_KEPT) or self._has_hole(about.st_size):
            return Harm.LOG_CUT
        self._log_size = about.st_size
        frames = (about.st_size - _LOG_HEADER) // self._frame
        self._last_frame = _LOG_HEADER + (frames - 1) * self._frame if frames > 0 else 0
        return Harm.NONE

    def _has_hole(self, size: int) -> bool:
        """Return True if the log was cut between two looks, and has grown again since."""
        if size < _LOG_HEADER or self._file < 0 or sys.platform == "win32":
            return False
        if os.pread(self._file, len(_HOLE), 0) not in _LOG_STARTS:
            return True
        return self._last_frame > 0 and os.pread(self._file, len(_HOLE), self._last_frame) == _HOLE

    def harm_within(self, *, checkpointing: bool) -> Harm:
        """Look at the rest as well: the log's index, and the file's content when it was written to."""
        found = self.harm()
        if found is not Harm.NONE:
            return found
        if _identity(self._names[2]) != self._ids[2]:
            return Harm.LOG
        if checkpointing:
            return Harm.NONE
        try:
            changed = os.lstat(self._names[0]).st_mtime_ns
        except OSError:
            return Harm.GONE
        if changed != self._changed:
            looks = self._look()
            # Another program that uses SQLite may have moved the log into the file; then it only grew.
            if looks.application != self._looks.application or looks.last < self._looks.last:
                return Harm.CUT
            self._changed, self._looks = changed, looks
        return Harm.NONE

    def _is_cut(self, size: int) -> bool:
        """Return True if the file is shorter than its pages; one that was compacted is not."""
        try:
            (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        except SQLITE_ERRORS:  # not even its first page can be read
            return True
        return size < min(self._size, pages * self._page_size)

    def _look(self) -> _Looks:
        looks = _Looks()
        # The file alone is not whole between two steps of a checkpoint, nor after one that had to stop where
        # somebody still reads the log: as much is taken as can be read.
        with (
            contextlib.suppress(sqlite3.Error, UnicodeDecodeError),
            contextlib.closing(connect_aside(self._path)) as db,
        ):
            # Else SQLite refuses to read anything of a file with fewer pages than its header says.
            db.execute("PRAGMA writable_schema = ON")
            (application,) = db.execute("PRAGMA application_id").fetchone()
            looks = _Looks(int(application))
            (last,) = db.execute("SELECT max(seq) FROM receipts").fetchone()
            looks = _Looks(int(application), int(last or 0))
        return looks


def _identity(name: str) -> tuple[int, int] | None:
    try:
        about = os.lstat(name)
    except OSError:
        return None
    return about.st_dev, about.st_ino
