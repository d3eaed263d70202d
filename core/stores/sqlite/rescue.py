"""Saves what an open journal holds when somebody removes, replaces or cuts its files.

The content is still reachable through SQLite's open handles, until the process ends. The log alone is
written back under its name, and the file opened again. Of a file that is gone a whole copy is put in its
place. A place that another file has taken stays as it is: the copy goes beside it, and no more is received.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import stat
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from ...errors import JournalError, JournalLocked
from ...private_files import NO_FOLLOW, PRIVATE_FILE
from .checkpoints import Checkpoints
from .faults import SQLITE_ERRORS, SqliteError, store_fault
from .guard import Harm
from .lock import JournalLock, same_file
from .place import companions, make_folder
from .store import Store

log = logging.getLogger(__name__)

LOOK_EVERY = 0.25
"""Seconds between two looks at the files while nothing is committed."""
RETRY_EVERY = 1.0
"""Seconds between two attempts to save what could not be saved."""
SAID_FOR = 60.0
"""Seconds for which it is said that something was put back."""
_LONG = 64 * 1024 * 1024
"""From this size on a copy takes long enough to be announced before it is made."""
_PIECE = 1024 * 1024


class Rescue:
    """Looks after the files of one store, in the writer's thread.

    `paused` closes the readers' connections and keeps them closed within it; it is given the path at which
    they open again. `tell` is called with what is wrong, and with "" once nothing is.
    """

    def __init__(
        self,
        store: Store,
        lock: JournalLock,
        checkpoints: Checkpoints,
        paused: Callable[[Callable[[], Path]], AbstractContextManager[None]],
        tell: Callable[[str], None],
    ) -> None:
        self._store = store
        self._lock = lock
        self._checkpoints = checkpoints
        self._paused = paused
        self._tell = tell
        self._lost: JournalError | None = None
        """Set for good once the journal cannot go on in its place."""
        self._unsaved: JournalError | None = None
        self._over = False
        """True once there is nothing left to look after."""
        self._closed = False
        """True while the store's connection is closed and has to be opened again."""
        self._look_at = 0.0
        self._quiet_at = 0.0

    def admit(self) -> None:
        """Raise JournalError if nothing more can be kept safely."""
        trouble = self._lost or self._unsaved
        if trouble is not None:
            raise trouble

    def committed(self) -> None:
        """Make sure that what was just committed outlives this process; raise JournalError otherwise."""
        if self._unsaved is not None:
            raise self._unsaved
        if self._over:
            return
        harm = self._store.guard.harm()
        if harm is not Harm.NONE:
            self._save(harm)

    def recover(self, error: SqliteError) -> None:
        """Put the files back if their loss explains the error, raise the error otherwise, or JournalError."""
        if self._over or self._store.guard.harm_within(checkpointing=True) is Harm.NONE:
            raise error
        self.committed()

    def look(self, *, at_once: bool = False) -> None:
        """Look at the files, if it is time; reports faults, and raises none."""
        now = time.monotonic()
        if self._over or (now < self._look_at and not at_once):
            return
        self._look_at = now + LOOK_EVERY
        if self._quiet_at and now >= self._quiet_at:
            self._quiet_at = 0.0
            self._tell(str(self._lost or ""))
        try:
            self._look()
        except JournalError:
            self._look_at = now + RETRY_EVERY  # reported where it was raised

    def _look(self) -> None:
        if self._closed:
            self._attempt(self._reopen, "the journal's files are back, but cannot be opened")
            self._tell(str(self._lost or ""))
        harm = self._store.guard.harm_within(checkpointing=self._checkpoints.moving)
        if harm is not Harm.NONE:
            self._save(harm)
        elif self._unsaved is not None:
            self._unsaved = None  # the files were put back by whoever took them
            self._tell(str(self._lost or ""))
        if self._lost is None and not self._lock.in_place():
            self._attempt(self._relock, "the journal's lock was removed, and cannot be made again")

    # --- saving ------------------------------------------------------------------------------------

    def _save(self, harm: Harm) -> None:
        what = self._store.guard.say(harm)
        at = time.strftime("%H:%M:%S")
        if self._unsaved is None:
            log.warning("%s while the journal was open: saving what it holds", what)
            if harm is not Harm.LOG and self._store.guard.size > _LONG:
                self._tell(f"{what} while segtap used it; what was received is being saved.")

        def put_back() -> None:
            if harm is Harm.LOG and self._store.guard.log >= 0:
                self._put_log_back()
            else:
                self._put_copy(harm, what)

        self._attempt(put_back, f"{what} while segtap used it, and what was received cannot be saved yet")
        if self._lost is not None:
            self._tell(str(self._lost))
            raise self._lost
        log.warning("what the journal held is put back: %s", self._store.path)
        self._tell(f"{what} at {at}. segtap has put back all that was received; nothing is lost.")
        self._quiet_at = time.monotonic() + SAID_FOR

    def _attempt(self, work: Callable[[], None], failing: str) -> None:
        """Do it. When it fails, raise JournalError and receive nothing until a later attempt goes through."""
        try:
            work()
        except (OSError, *SQLITE_ERRORS, JournalError) as error:
            why = _reason(error, self._store.path)
            self._unsaved = JournalError(
                f"{failing[0].upper()}{failing[1:]}: {why} segtap holds all of it for as long as it runs, "
                "and tries again each second.",
                title="The journal was removed",
            )
            self._tell(str(self._unsaved))
            log.error("%s", self._unsaved)
            raise self._unsaved from error
        self._unsaved = None

    def _put_log_back(self) -> None:
        """Write the log that SQLite still holds open under its name, and open everything again.

        A process that ends at any point of this leaves the file with a whole log beside it.
        """
        path = self._store.path
        name, _ = companions(path)
        if not same_file(os.fstat(self._store.guard.log), name):
            new = _beside(name)
            try:
                _copy(self._store.guard.log, new)
                new.replace(name)
            finally:
                new.unlink(missing_ok=True)
            _sync_folder(path.parent)
        self._reopen()

    def _put_copy(self, harm: Harm, what: str) -> None:
        """Put a copy of all that can be read in the journal's place, or beside it when that is taken."""
        path = self._store.path
        make_folder(path.parent)
        new = _beside(path)
        try:
            whole = self._copy_into(new, harm)
            if whole and self._is_free(harm):
                new.replace(path)
                _sync_folder(path.parent)
                self._complete(harm)
                self._reopen(path, copied=True)
                return
            saved = _unused(path)
            for at, to in zip((new, *companions(new)), (saved, *companions(saved)), strict=True):
                if at.exists():
                    at.replace(to)
            _sync_folder(path.parent)
            self._complete(harm)
        finally:
            for file in (new, *companions(new)):
                file.unlink(missing_ok=True)
        self._lose(what, saved, whole=whole)

    def _copy_into(self, new: Path, harm: Harm) -> bool:
        """Copy what the open journal holds; returns whether nothing is missing."""
        try:
            return self._store.copy_to(new, check=harm is not Harm.GONE)
        except SQLITE_ERRORS:
            if harm not in (Harm.CUT, Harm.LOG_CUT):
                raise
        # SQLite finds no way through what is left: the bytes themselves are kept, for a salvage.
        new.unlink(missing_ok=True)
        if self._store.guard.log >= 0:
            _copy(self._store.guard.log, companions(new)[0])
        file = os.open(self._store.path, os.O_RDONLY | NO_FOLLOW)
        try:
            _copy(file, new)
        finally:
            os.close(file)
        return False

    def _complete(self, harm: Harm) -> None:
        """Move the log into a file that was moved away, so that it is whole, once the copy is safe."""
        if harm in (Harm.GONE, Harm.REPLACED):
            with contextlib.suppress(*SQLITE_ERRORS):  # the copy has everything, too
                self._store.checkpoint()

    def _is_free(self, harm: Harm) -> bool:
        """Return True if the journal's place can be taken again: nothing is there, or nothing that is not
        ours.
        """
        try:
            self._lock.renew()
        except JournalLocked:
            return False  # another engine has begun a journal there
        try:
            about = self._store.path.lstat()
        except FileNotFoundError:
            return True
        if not stat.S_ISREG(about.st_mode):
            return False
        if not about.st_size or harm in (Harm.LOG, Harm.LOG_CUT):
            return True
        return harm is Harm.CUT and self._store.guard.is_ours()

    def _lose(self, what: str, saved: Path, *, whole: bool) -> None:
        """Go on reading the copy, and receive no more."""
        if whole:
            kept = f"All that was received until then is saved in {saved}; --journal {saved} goes on with it."
        else:
            kept = (
                f"What could still be read is saved in {saved}, which is damaged: "
                f"segtap journal salvage --journal {saved} --to NEW copies what can be read."
            )
        self._lost = JournalError(
            f"{what} while segtap used it. {kept} Nothing more is received until segtap is started again.",
            title="The journal was removed",
        )
        log.error("%s", self._lost)
        if whole:
            self._reopen(saved, copied=True)
        else:
            self._store.guard.discard_log()
            self._over = True

    def _relock(self) -> None:
        try:
            self._lock.renew()
        except JournalLocked as error:
            self._lost = JournalError(
                f"The lock of {self._store.path} was removed while segtap used it, and now {error} "
                "This segtap receives nothing more.",
                title=JournalLocked.title,
            )
            self._tell(str(self._lost))
            log.error("%s", self._lost)

    def _reopen(self, path: Path | None = None, *, copied: bool = False) -> None:
        """Close every connection of this process, and open them at the path; see `Store.reopen`."""
        self._closed = True
        self._checkpoints.detach()
        with self._paused(lambda: self._store.path):
            self._store.reopen(path, copied=copied)
        self._checkpoints.attach()
        self._closed = False


def _reason(error: OSError | SqliteError | JournalError, path: Path) -> str:
    match error:
        case OSError():
            return f"{error.strerror} ({error.filename2 or error.filename or path})."
        case JournalError():
            return str(error)
        case _:
            return str(store_fault(error, path))


def _beside(path: Path) -> Path:
    """Return a name in the same folder that nobody can foresee."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")


def _unused(path: Path) -> Path:
    """Return the name under which a copy is saved beside the journal's place."""
    start = f"{path.name}.saved-{time.strftime('%Y%m%d-%H%M%S')}"
    number = 1
    while os.path.lexists(name := path.with_name(start if number == 1 else f"{start}-{number}")):
        number += 1
    return name


def _copy(file: int, into: Path) -> None:
    """Write what an open file holds to a new one, and onto the disk."""
    target = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, PRIVATE_FILE)
    with os.fdopen(target, "wb") as out:
        os.lseek(file, 0, os.SEEK_SET)
        while piece := os.read(file, _PIECE):
            out.write(piece)
        out.flush()
        os.fsync(target)


def _sync_folder(folder: Path) -> None:
    """Put the names in a folder onto the disk, on the systems that can do that."""
    if os.name != "posix":
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network drives refuse; the rename itself went through
            os.fsync(file)
    finally:
        os.close(file)
