"""Where received messages are kept: a log of receipts, an index of their messages, an outbox for Mixpanel.

`open` gives the three together, see `base` for what they promise.
"""

from __future__ import annotations

from ..settings import JournalSettings
from .base import START, Counts, Cursor, Entry, Index, Outbox, Readable, ReceiptLog, Stores
from .memory import MEMORY, MemoryStores
from .nats.address import is_nats
from .sqlite.lock import Holder, holder_of
from .sqlite.place import default_path
from .sqlite.readonly import ReadOnlyStores
from .sqlite.stores import open_file

__all__ = [
    "MEMORY",
    "START",
    "Counts",
    "Cursor",
    "Entry",
    "Holder",
    "Index",
    "Outbox",
    "ReadOnlyStores",
    "Readable",
    "ReceiptLog",
    "Stores",
    "default_path",
    "holder_of",
    "open",
]


async def open(settings: JournalSettings | str, *, must_exist: bool = False) -> Stores:  # noqa: A001
    """Open the journal that the settings, or their path alone, name; create it if needed, and lock it.

    The path is that of a SQLite file, "" for the usual one, `memory:`, or `nats://HOST/STREAM`. Raises
    JournalLocked while another engine holds the file, JournalTooNew for a file of a later version, and
    JournalError with the reason for every other path that cannot be a journal, or, with `must_exist`, where
    there is none yet.
    """
    if isinstance(settings, str):
        settings = JournalSettings(path=settings)
    if settings.path == MEMORY and not settings.ephemeral:
        return MemoryStores(settings.max_bytes, settings.max_age_ms)
    if is_nats(settings.path) and not settings.ephemeral and not must_exist:
        from .nats.stores import open_nats  # few use it, and all others start faster

        return await open_nats(settings)
    return await open_file(settings, must_exist=must_exist)
