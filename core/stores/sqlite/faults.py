"""What SQLite and the file system say, in words that tell a person what to do."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import traceback
from pathlib import Path
from typing import TypeAlias

from ...errors import JournalError

DISK_FULL = "The disk is full"

SqliteError: TypeAlias = sqlite3.Error | UnicodeDecodeError
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What may be raised for a damaged file: Python puts the second in the place of an error of SQLite's whose
text quotes bytes of the file that are not UTF-8."""
DAMAGED = "The journal is damaged"
WAY_OUT = "segtap journal salvage --journal {path} --to NEW copies what can be read into a new journal."

_ROOM = 256 * 1024 * 1024
"""Free bytes above which a disk does not count as full."""

_BY_CODE: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: (
        DISK_FULL,
        "There is no room left on the disk for {path}. Make room, and messages are taken again.",
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk fails",
        "{path} cannot be read or written ({said}). Look at its disk, or choose another with --journal PATH.",
    ),
    sqlite3.SQLITE_READONLY: (
        "The journal is read-only",
        "{path} can be read but not written. Choose another file with --journal PATH. If it is damaged: "
        + WAY_OUT,
    ),
    sqlite3.SQLITE_NOTADB: (
        "Not a journal",
        "{path} is not a segtap journal. Choose another file with --journal PATH. If it was one, its "
        "beginning is damaged: " + WAY_OUT,
    ),
    sqlite3.SQLITE_CORRUPT: (DAMAGED, "{path} is damaged ({said}). " + WAY_OUT),
    sqlite3.SQLITE_BUSY: (
        "The journal is busy",
        "Another program holds {path} open for writing. Close it, and try again.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The journal cannot be opened",
        "{path} cannot be opened ({said}). Choose another file with --journal PATH.",
    ),
}
_OTHERWISE = (JournalError.title, "{path} cannot be used: {said}. If it is damaged: " + WAY_OUT)
"""What is asked of SQLite is always the same: where it refuses, the tables are not what they were."""


def store_fault(error: SqliteError, path: Path) -> JournalError:
    """Return the JournalError for what SQLite raised while it worked on `path`."""
    title, words = _BY_CODE.get(code_of(error), _OTHERWISE)
    if title == DISK_FULL:
        words += damage_instead(path)
    said = "bytes that are no text" if isinstance(error, UnicodeDecodeError) else error
    return JournalError(words.format(path=path, said=said), title=title)


def damage_instead(path: Path) -> str:
    """Return what to do if SQLite calls a disk full that has room, with `{path}`; "" if it has none.

    SQLite calls it full, too, if a damaged table already has the highest row number.
    """
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return ""
    return (
        f" The disk seems to have room: if it has, the journal is damaged. {WAY_OUT}" if free > _ROOM else ""
    )


def code_of(error: SqliteError) -> int:
    """Return SQLite's primary result code; SQLITE_ERROR for an error that Python raised by itself."""
    if isinstance(error, UnicodeDecodeError):
        return sqlite3.SQLITE_CORRUPT
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def free_cursors(error: BaseException) -> None:
    """Free the cursors in the frames of an error, before another thread gets it.

    A cursor that is freed by another thread than the one that uses the connection clears the error code that
    Python asks SQLite for after each statement: a statement that failed at that moment raises nothing.
    """
    traceback.clear_frames(error.__traceback__)


def damaged_fault(path: Path | str, said: object) -> JournalError:
    """Return the JournalError for a journal whose content cannot be what segtap wrote."""
    return JournalError(f"{path} is damaged ({said}). {WAY_OUT.format(path=path)}", title=DAMAGED)


def file_fault(error: OSError, path: Path) -> JournalError:
    """Return the JournalError for what the file system raised while the journal at `path` was set up."""
    choose = "Choose another file with --journal PATH."
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return JournalError(f"You may not write {path}. {choose}", title="The journal cannot be written")
        case errno.EROFS:
            return JournalError(
                f"{path} is on a read-only disk. {choose}", title="The journal cannot be written"
            )
        case errno.ENOSPC | errno.EDQUOT:
            return JournalError(
                f"There is no room left on the disk for {path}. Make room, or choose another file.",
                title=DISK_FULL,
            )
        case errno.EISDIR:
            return folder_fault(path)
        case errno.ENOTDIR | errno.EEXIST:
            return JournalError(f"A part of the path {path} is a file, not a folder. {choose}")
        case _:
            return JournalError(f"{path} cannot be opened: {error.strerror or error}. {choose}")


def folder_fault(path: Path) -> JournalError:
    """Return the JournalError for a journal path that is a folder."""
    return JournalError(f"{path} is a folder. Name a file in it: --journal {path / 'journal.db'}")


def closed_fault(path: Path) -> JournalError:
    """Return the JournalError for work on a journal that was closed."""
    return JournalError(f"{path} is closed: segtap is stopping.", title="The journal is closed")


def missing_fault(path: Path) -> JournalError:
    """Return the JournalError for a journal that should be there and is not."""
    return JournalError(
        f"There is no journal at {path}. Name another with --journal PATH.", title="No journal"
    )


def foreign_fault(path: Path) -> JournalError:
    """Return the JournalError for a file of another program."""
    return JournalError(
        f"{path} is not a segtap journal. Choose another file with --journal PATH.", title="Not a journal"
    )
