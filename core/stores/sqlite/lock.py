"""One engine at a time: a lock of the operating system on `journal.db.lock`, with a note of who holds it.

The system drops the lock when its process ends, however it ends; the file stays, because removing it
would let two engines lock two files of the same name.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from pathlib import Path

import msgspec

from ...errors import JournalError, JournalLocked
from ...private_files import NO_FOLLOW, NO_WAIT, PRIVATE_FILE
from .faults import file_fault

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_PATIENCE = 0.5
"""Seconds for which a new engine waits for one that is just leaving, or for a `holder_of` look."""
_PAUSE = 0.05
_MAX_NOTE = 4096
_NOTE_STARTS = b'{"pid":'
_LOCKED_BYTE = 1 << 30
"""Windows locks bytes, and others then cannot read them: one far behind the note is taken."""


class Holder(msgspec.Struct, frozen=True):
    """The engine that holds a journal: process id, the URL it listens at ("" before it does), start in ms."""

    pid: int = 0
    url: str = ""
    started: int = 0


def lock_file(journal: Path) -> Path:
    """Return the lock file that belongs to a journal file."""
    return journal.with_name(journal.name + ".lock")


class JournalLock:
    """The exclusive lock on one journal file."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._path = lock_file(journal)
        self._file = -1
        self._holder = Holder()

    def acquire(self) -> None:
        """Take the lock. Raises JournalLocked naming the holder, JournalError where no file can be made."""
        deadline = time.monotonic() + _PATIENCE
        while not self.try_acquire():
            if time.monotonic() > deadline:
                raise locked_fault(self._journal, read_holder(self._path))
            time.sleep(_PAUSE)
        self._holder = Holder(pid=os.getpid(), started=time.time_ns() // 1_000_000)
        self._note(self._holder)

    def try_acquire(self) -> bool:
        """Take the lock if it is free, without a note.

        Raises JournalError where no file can be made, or where what lies there is no lock file: a note would
        overwrite it.
        """
        file = _open(self._path, os.O_RDWR | os.O_CREAT)
        free = False
        try:
            # A file that was removed between opening and locking locks nobody out.
            free = _try_lock(file) and same_file(os.fstat(file), self._path)
        except OSError as error:
            raise file_fault(error, self._journal) from error
        finally:
            if not free:
                os.close(file)
        if free:
            self._file = file
        return free

    def in_place(self) -> bool:
        """Return True while the file that is locked is the one at its path: only then does it keep others
        out.
        """
        return self._file >= 0 and same_file(os.fstat(self._file), self._path)

    def renew(self) -> None:
        """Lock the file that is at the path now, when the one that was locked is there no more.

        Raises JournalLocked naming the holder when another engine has taken it meanwhile.
        """
        if self.in_place():
            return
        fresh = JournalLock(self._journal)
        if not fresh.try_acquire():
            raise locked_fault(self._journal, read_holder(self._path))
        self._file, old = fresh._file, self._file
        if old >= 0:
            os.close(old)
        self._note(self._holder)

    def announce(self, url: str) -> None:
        """Note the URL at which the holder can be attached to."""
        self._holder = msgspec.structs.replace(self._holder, url=url)
        self._note(self._holder)

    def release(self) -> None:
        """Let go. Does nothing when the lock is not held."""
        if self._file < 0:
            return
        file, self._file = self._file, -1
        try:
            os.ftruncate(file, 0)
            _unlock(file)
        finally:
            os.close(file)

    def _note(self, holder: Holder) -> None:
        note = msgspec.json.encode(holder)
        try:
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, note)
            os.ftruncate(self._file, len(note))
        except OSError as error:
            raise file_fault(error, self._path) from error


def same_file(about: os.stat_result, path: Path) -> bool:
    """Return True if the path names this very file, not a link to it."""
    try:
        there = path.lstat()
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (about.st_dev, about.st_ino)


def read_holder(path: Path) -> Holder:
    """Return the note in a lock file; an empty Holder when there is none that can be read."""
    try:
        file = _open(path, os.O_RDONLY)
    except JournalError:
        return Holder()
    try:
        return msgspec.json.decode(os.read(file, _MAX_NOTE), type=Holder)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Holder()
    finally:
        os.close(file)


def holder_of(journal: Path) -> Holder | None:
    """Return who holds the journal now, or None when nobody does. Changes nothing. Raises JournalError."""
    path = lock_file(journal)
    if not os.path.lexists(path):
        return None
    file = _open(path, os.O_RDONLY)
    try:
        if _try_lock(file):
            _unlock(file)
            return None
    except OSError as error:
        raise file_fault(error, journal) from error
    finally:
        os.close(file)
    return read_holder(path)


def _open(path: Path, flags: int) -> int:
    """Open a lock file, and nothing else. Raises JournalError."""
    try:
        if path.is_symlink():
            raise _not_ours(path, "is a symbolic link")
        file = os.open(path, flags | NO_FOLLOW | NO_WAIT, PRIVATE_FILE)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):  # a link since it was looked at
            raise _not_ours(path, "is a symbolic link") from error
        raise file_fault(error, path) from error
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise _not_ours(path, "is not a file")
        if about.st_nlink > 1:
            raise _not_ours(path, "has another name, too (a hard link)")
        if about.st_size:
            start = os.read(file, len(_NOTE_STARTS))
            os.lseek(file, 0, os.SEEK_SET)
            if start != _NOTE_STARTS:
                raise _not_ours(path, "belongs to another program")
    except BaseException:
        os.close(file)
        raise
    return file


def _not_ours(path: Path, what: str) -> JournalError:
    return JournalError(
        f"{path} {what}. segtap would overwrite it to lock the journal, so it stops here. "
        "Look where it comes from and remove it, or choose another file with --journal PATH.",
        title="The journal cannot be locked",
    )


def locked_fault(journal: Path, holder: Holder) -> JournalLocked:
    """Return the JournalLocked that names who holds the journal."""
    who = f"segtap (process {holder.pid})" if holder.pid else "Another segtap"
    if holder.started:
        who += time.strftime(", started %Y-%m-%d %H:%M,", time.localtime(holder.started / 1000))
    if holder.url:
        return JournalLocked(
            f"{who} holds {journal}. See it with: segtap attach {holder.url} – "
            "or use another file with --journal PATH."
        )
    return JournalLocked(
        f"{who} holds {journal} and does not say where it listens. Stop it, "
        "or use another file with --journal PATH."
    )


if sys.platform == "win32":

    def _try_lock(file: int) -> bool:
        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _unlock(file: int) -> None:
        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
