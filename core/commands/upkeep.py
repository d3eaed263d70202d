"""Looks after a journal's file: what it holds, and giving back the room that rotation left free."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import msgspec

from ..delivery import RouteCounts
from ..errors import JournalError
from ..settings import JournalSettings
from ..stores.base import Counts
from ..stores.sqlite import requests as requests_table
from ..stores.sqlite.faults import DISK_FULL, SQLITE_ERRORS, damage_instead, damaged_fault, store_fault
from ..stores.sqlite.lock import JournalLock
from ..stores.sqlite.place import check_file, chosen_path, companions
from ..stores.sqlite.schema import VERSION, check_version, connect_reader, connect_writer
from ..stores.sqlite.tally import Tally
from ..text import size

T = TypeVar("T")


class FileStats(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal's file holds.

    `bytes` are those of the file and its log on the disk, `free` those in the file that hold nothing.
    `requests` were received, between the times `first` and `last` (ms since the epoch, 0 if there are none).
    `counts` are None for a file that an earlier version wrote and no engine has brought up to date. `routes`
    are the requests of each mirror and archive that it ever had.
    """

    path: str
    bytes: int
    free: int
    requests: int
    first: int
    last: int
    version: int
    counts: Counts | None = None
    routes: dict[str, RouteCounts] = {}


class Compacted(msgspec.Struct, frozen=True):
    """The bytes on the disk of a journal before and after it was compacted."""

    path: str
    before: int
    after: int


def file_stats(settings: JournalSettings) -> FileStats:
    """Read what a journal holds, beside an engine that uses it or without one. Raises JournalError."""
    return _guarded(_existing(settings), _stats)


def compact(settings: JournalSettings) -> Compacted:
    """Rewrite a journal's file without the room that holds nothing.

    It needs as much free disk as the file's content takes. An empty file stays empty. Raises JournalLocked
    while an engine uses the journal, JournalError for other faults; the file is then as it was.
    """
    path = _existing(settings)
    lock = JournalLock(path)
    lock.acquire()
    try:
        return _guarded(path, _compact)
    except JournalError as error:
        if error.title != DISK_FULL:
            raise
        needed, damage = size(_guarded(path, _held)), damage_instead(path).format(path=path)
        folder = os.environ.get("SQLITE_TMPDIR") or tempfile.gettempdir()
        raise JournalError(
            f"There is no room for a second copy of what {path} holds. It needs {needed} on that disk, and as"
            f" much in {folder}; SQLITE_TMPDIR names another folder. The journal is as it was.{damage}",
            title=DISK_FULL,
        ) from error
    finally:
        lock.release()


def _existing(settings: JournalSettings) -> Path:
    path = chosen_path(settings.path)
    check_file(path, must_exist=True)
    return path


def _guarded(path: Path, work: Callable[[Path], T]) -> T:
    try:
        return work(path)
    except SQLITE_ERRORS as error:
        raise store_fault(error, path) from error


def _stats(path: Path) -> FileStats:
    with closing(connect_reader(path)) as db:
        version = check_version(db, path)
        (page,), (free,) = (
            db.execute(f"PRAGMA {name}").fetchone() for name in ("page_size", "freelist_count")
        )
        requests, first, last = 0, 0, 0
        counts: Counts | None = None
        routes: dict[str, RouteCounts] = {}
        if version:
            (requests,) = db.execute("SELECT count(*) FROM receipts").fetchone()
            first, last = _received(db, "ASC"), _received(db, "DESC")
        if version == VERSION:
            counts = _counts(db, path)
            routes = {name: one for name, one in requests_table.counts(db).items() if _whole(name, one)}
    return FileStats(
        path=str(path),
        bytes=_on_disk(path),
        free=page * free,
        requests=requests,
        first=first,
        last=last,
        version=version,
        counts=counts,
        routes=routes,
    )


def _whole(name: object, counts: RouteCounts) -> bool:
    """Return True for totals that no damage has changed into something else."""
    return isinstance(name, str) and all(
        isinstance(number, int) for number in msgspec.structs.astuple(counts)
    )


def _held(path: Path) -> int:
    """Return the bytes of a file that hold something."""
    with closing(connect_reader(path)) as db:
        names = ("page_size", "page_count", "freelist_count")
        page, pages, free = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return page * (pages - free)


def _counts(db: sqlite3.Connection, path: Path) -> Counts:
    row = db.execute("SELECT value FROM meta WHERE key = 'counts'").fetchone()
    try:
        return Tally.decode(row[0]).counts
    except (TypeError, ValueError, msgspec.DecodeError) as error:
        raise damaged_fault(path, f"its meta table: {error}") from error


def _received(db: sqlite3.Connection, order: str) -> int:
    row = db.execute(f"SELECT received_at FROM receipts ORDER BY seq {order} LIMIT 1").fetchone()
    return row[0] if row and isinstance(row[0], int) else 0


def _compact(path: Path) -> Compacted:
    before = _on_disk(path)
    if not before:
        return Compacted(str(path), 0, 0)
    with closing(connect_writer(path)) as db:
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return Compacted(str(path), before, _on_disk(path))


def _on_disk(path: Path) -> int:
    return sum(file.stat().st_size for file in (path, *companions(path)) if file.exists())
