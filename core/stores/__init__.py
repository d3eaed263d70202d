"""Where received messages are kept: a log of receipts, an index of their messages, an outbox for Mixpanel.

`open` gives the three together, see `base` for what they promise. The stores themselves are imported when
they are first used: a worker process needs the values alone, and starts twice as fast without them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ..settings import JournalSettings
from .base import START, Counts, Cursor, Entry, Index, Outbox, Readable, ReceiptLog, Stores

if TYPE_CHECKING:
    from .memory import MEMORY
    from .sqlite.lock import Holder, holder_of
    from .sqlite.place import default_path
    from .sqlite.readonly import ReadOnlyStores

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

_HOMES = {
    "Holder": "sqlite.lock",
    "MEMORY": "memory",
    "ReadOnlyStores": "sqlite.readonly",
    "default_path": "sqlite.place",
    "holder_of": "sqlite.lock",
}
"""The modules of the names that are imported when they are first used."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


async def open(settings: JournalSettings | str, *, must_exist: bool = False) -> Stores:  # noqa: A001
    """Open the journal that the settings, or their path alone, name; create it if needed, and lock it.

    The path is that of a SQLite file, "" for the usual one, `memory:`, or `nats://HOST/STREAM`. Raises
    JournalLocked while another engine holds the file, JournalTooNew for a file of a later version, and
    JournalError with the reason for every other path that cannot be a journal, or, with `must_exist`, where
    there is none yet.
    """
    from .memory import MEMORY, MemoryStores
    from .nats.address import is_nats
    from .sqlite.stores import open_file

    if isinstance(settings, str):
        settings = JournalSettings(path=settings)
    if settings.path == MEMORY and not settings.ephemeral:
        return MemoryStores(settings.max_bytes, settings.max_age_ms)
    if is_nats(settings.path) and not settings.ephemeral and not must_exist:
        from .nats.stores import open_nats  # few use it, and all others start faster

        return await open_nats(settings)
    return await open_file(settings, must_exist=must_exist)
