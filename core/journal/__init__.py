"""The journal: append-only truth about what was received, on disk before it is acknowledged."""

from __future__ import annotations

from .base import Counts, Entry, Journal
from .lock import Holder, holder_of
from .place import default_path
from .sqlite import SqliteJournal, open_journal

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
