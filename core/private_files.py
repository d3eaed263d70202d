"""Files that only their owner reads, written without following a link that someone planted in their place."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
"""Windows has no such flag; there a link is looked for before the file is opened."""
NO_WAIT = getattr(os, "O_NONBLOCK", 0)
"""Keeps an open from waiting for the other end of a pipe."""


def create(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Write a new file, with `sync` onto the disk. Raises FileExistsError where anything has that name."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, PRIVATE_FILE)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(data)
            if sync:
                out.flush()
                os.fsync(out.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. One that is there keeps its mode; a link gives way to the file.

    Raises OSError.
    """
    with replacing(path) as out:
        out.write(data)


@contextlib.contextmanager
def replacing(path: Path) -> Generator[BinaryIO]:
    """Open a file to be written as `replace` writes it: whole, or not at all if anything is raised.

    It is written beside the path under a name that nobody can foresee, then renamed.
    """
    import secrets  # here: it loads all of hashlib, and most runs write nothing

    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, PRIVATE_FILE)
    try:
        with os.fdopen(file, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        about = _regular(path)
        if about is not None:
            new.chmod(stat.S_IMODE(about.st_mode))
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _regular(path: Path) -> os.stat_result | None:
    """Return what lies at the path, if it is a file and no link."""
    try:
        about = path.lstat()
    except FileNotFoundError:
        return None
    return about if stat.S_ISREG(about.st_mode) else None
