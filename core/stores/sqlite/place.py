"""Where the journal lies: the default path, files that only their owner can read, throw-away folders."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import stat
import tempfile
import time
from pathlib import Path

from ... import private_files, state_folder
from ...errors import JournalError
from ...private_files import PRIVATE_FILE
from .faults import (
    SQLITE_ERRORS,
    code_of,
    file_fault,
    folder_fault,
    foreign_fault,
    missing_fault,
    store_fault,
)
from .lock import JournalLock, lock_file
from .schema import connect_aside

NAME = "journal.db"
_EPHEMERAL = "segtap-ephemeral-"
_SETTLING = 60.0
"""Seconds for which a throw-away folder is left alone: its engine may still be about to lock it."""


def default_path() -> Path:
    """Return `journal.db` in the user's state folder."""
    return state_folder.state_folder() / NAME


def chosen_path(setting: str) -> Path:
    """Return the file that `[journal] path` means, with `~` and links resolved. Raises JournalError for a
    URL.
    """
    if not setting:
        return default_path().resolve()
    if setting.startswith("nats://"):
        raise JournalError(
            "This command reads a journal's file, or asks the segtap that has the journal. For a journal at "
            "nats:// name one that runs: --url URL, or segtap attach URL.",
            title="That journal is not a file",
        )
    if "://" in setting:
        raise JournalError(
            f"A journal at {setting.split('://', 1)[0]}:// cannot be used yet. Name a file, "
            "or streams of NATS: --journal PATH, --journal nats://HOST/STREAM.",
            title="That journal is not supported",
        )
    try:
        given = Path(setting).expanduser()
        # The administrator's links are followed: whoever plants one as root needs no journal for it.
        if given.is_symlink() and not _is_own(given) and given.lstat().st_uid != 0:
            raise JournalError(
                f"{given} is a symbolic link that belongs to another user, and segtap does not follow it. "
                "Choose another file with --journal PATH."
            )
        return given.resolve()
    except (RuntimeError, OSError) as error:  # no home folder for ~, a loop of links
        raise JournalError(f"{setting} cannot be used as a path: {error}.") from error


def check_file(path: Path, *, must_exist: bool = False) -> None:
    """Raise JournalError if what lies at `path` cannot be a journal; nothing is created or changed."""
    try:
        if path.is_dir():
            raise folder_fault(path)
        if not path.exists():
            if must_exist:
                raise missing_fault(path)
            return
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise foreign_fault(path)
        if not os.access(path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise file_fault(error, path) from error
    if about.st_size:
        try:
            with contextlib.closing(connect_aside(path)) as db:
                db.execute("PRAGMA application_id").fetchone()
        except SQLITE_ERRORS as error:
            # If a checkpoint was cut off, the file is whole only with its log; opening it reads both.
            if not (code_of(error) == sqlite3.SQLITE_CORRUPT and _has_log(path)):
                raise store_fault(error, path) from error


def _has_log(path: Path) -> bool:
    """Return true if the file has a log with committed pages beside it."""
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0


def make_folder(folder: Path) -> None:
    """Create the journal's folder as `state_folder.make_folder` does. Raises JournalError."""
    try:
        state_folder.make_folder(folder)
    except OSError as error:
        raise file_fault(error, folder) from error


def make_file(path: Path) -> None:
    """Create the file if it is missing and make it and its companions readable by their owner only.

    SQLite gives `-wal` and `-shm` the mode of the database file.
    """
    try:
        with contextlib.suppress(FileExistsError):
            private_files.create(path, b"")
        for file in (path, *companions(path)):
            if file.is_symlink():
                raise JournalError(
                    f"{file} is a symbolic link, and segtap does not write through it. Look where it comes "
                    "from and remove it, or choose another file with --journal PATH."
                )
            if file.exists() and stat.S_IMODE(file.stat().st_mode) != PRIVATE_FILE:
                file.chmod(PRIVATE_FILE)
    except OSError as error:
        raise file_fault(error, path) from error


def companions(path: Path) -> tuple[Path, Path]:
    """Return the log (`-wal`) and the index of the log (`-shm`) that SQLite keeps beside a journal's file."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def ephemeral_path() -> Path:
    """Return a journal file in a new temporary folder of its own, after removing what killed engines left."""
    sweep_ephemeral(Path(tempfile.gettempdir()))
    try:
        return Path(tempfile.mkdtemp(prefix=_EPHEMERAL)).resolve() / NAME
    except OSError as error:
        raise file_fault(error, Path(tempfile.gettempdir())) from error


def remove_ephemeral(path: Path) -> None:
    """Remove a throw-away journal with its folder."""
    shutil.rmtree(path.parent, ignore_errors=True)


def sweep_ephemeral(root: Path) -> None:
    """Remove throw-away journals below `root` whose engine no longer runs: nobody holds their lock."""
    for folder in root.glob(_EPHEMERAL + "*"):
        with contextlib.suppress(OSError, JournalError):  # another user's, or another engine is sweeping too
            if _is_mine(folder) and time.time() - folder.stat().st_mtime > _SETTLING:
                _remove_if_free(folder / NAME)


def _remove_if_free(path: Path) -> None:
    if lock_file(path).exists():
        lock = JournalLock(path)
        if not lock.try_acquire():
            return
        lock.release()
    remove_ephemeral(path)


def _is_mine(folder: Path) -> bool:
    return stat.S_ISDIR(folder.lstat().st_mode) and _is_own(folder)


def _is_own(path: Path) -> bool:
    owner = path.lstat().st_uid
    return owner == getattr(os, "geteuid", lambda: owner)()
