"""Has the system read a journal's file in sequence, before a search reads all of it in pieces of 4 KB.

Of a file that is not in memory, that is ten times as fast. The handle is the one that SQLite has open: to
open the file once more and close it again would drop SQLite's locks on it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from pathlib import Path

_MOST = 2 << 30
"""Bytes that are read ahead; more would push other things out of memory."""
_HANDLES = Path("/proc/self/fd")


def read_ahead(db: sqlite3.Connection) -> None:
    """Ask the system to read the file of a connection; returns at once, and does nothing where it cannot."""
    if not sys.platform.startswith("linux"):
        return
    (_, _, path) = db.execute("PRAGMA database_list").fetchone()
    with contextlib.suppress(OSError):
        about = os.stat(path)
        for name in os.listdir(_HANDLES):
            # A handle may be closed meanwhile, or be another file's: the advice is then for nothing.
            with contextlib.suppress(OSError):
                handle = int(name)
                if os.path.samestat(os.fstat(handle), about):
                    os.posix_fadvise(handle, 0, min(about.st_size, _MOST), os.POSIX_FADV_WILLNEED)
                    return
