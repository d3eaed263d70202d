"""The journal: append-only truth about what was received, on disk before it is acknowledged."""

from __future__ import annotations

from .base import Counts, Entry, Journal
from .sqlite.journal import SqliteJournal, open_journal
from .sqlite.lock import Holder, holder_of
from .sqlite.place import default_path

__all__ = [
    "Counts",
    "Entry",
    "Holder",
    "Journal",
    "SqliteJournal",
    "default_path",
    "holder_of",
    "open_journal",
]
