"""What SQLite and the file system say, in words that tell a person what to do."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from ..errors import JournalError

DISK_FULL = "The disk is full"

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
        "{path} can be read but not written. Choose another file with --journal PATH.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "Not a journal",
        "{path} is not a segtap journal. Choose another file with --journal PATH.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The journal is damaged",
        "{path} is damaged ({said}). Move it away, and segtap starts a new one.",
    ),
    sqlite3.SQLITE_BUSY: (
        "The journal is busy",
        "Another program holds {path} open for writing. Close it, and try again.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The journal cannot be opened",
        "{path} cannot be opened ({said}). Choose another file with --journal PATH.",
    ),
}


def store_fault(error: sqlite3.Error, path: Path) -> JournalError:
    """The JournalError for what SQLite raised while it worked on `path`."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    title, words = _BY_CODE.get(code, (JournalError.title, "{path} cannot be used: {said}."))
    return JournalError(words.format(path=path, said=error), title=title)


def file_fault(error: OSError, path: Path) -> JournalError:
    """The JournalError for what the file system raised while the journal at `path` was set up."""
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
    """The JournalError for a journal path that is a folder."""
    return JournalError(f"{path} is a folder. Name a file in it: --journal {path / 'journal.db'}")


def closed_fault(path: Path) -> JournalError:
    """The JournalError for work on a journal that was closed."""
    return JournalError(f"{path} is closed: segtap is stopping.", title="The journal is closed")


def missing_fault(path: Path) -> JournalError:
    """The JournalError for a journal that should be there and is not."""
    return JournalError(
        f"There is no journal at {path}. Name another with --journal PATH.", title="No journal"
    )


def foreign_fault(path: Path) -> JournalError:
    """The JournalError for a file of another program."""
    return JournalError(
        f"{path} is not a segtap journal. Choose another file with --journal PATH.", title="Not a journal"
    )
