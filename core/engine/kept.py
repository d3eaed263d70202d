"""Whose settings speak of kept messages: those of the engine that has them, or that filled their journal."""

from __future__ import annotations

import msgspec

from ..api.client import Client
from ..serve.notes import find_engine, running
from ..settings import JournalSettings, Settings
from ..stores import Readable, ReadOnlyStores, holder_of
from ..stores.nats.address import is_nats, read_address
from ..stores.sqlite.place import chosen_path


def engine_with(journal: JournalSettings) -> str:
    """Return the URL of the engine that holds the journal, without a path of one that runs at all; "" for
    none.
    """
    if url := engine_of(journal):
        return url
    if not journal.path and (notes := running()):
        return notes[0].url  # one with a throw-away journal: the demo
    return ""


def engine_of(journal: JournalSettings) -> str:
    """Return the URL of the engine that holds the journal; for streams that engines share, of one of this
    machine. "" for none.
    """
    if is_nats(journal.path):
        shown = read_address(journal.path).shown
        return next((note.url for note in running() if note.journal == shown), "")
    holder = holder_of(chosen_path(journal.path))
    return holder.url if holder is not None else ""


async def kept_settings(journal: Readable) -> Settings | None:
    """Return the settings that the journal was last filled by; None for none, or those of a version with
    others.
    """
    text = await journal.index.settings()
    try:
        return msgspec.json.decode(text, type=Settings) if text else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


async def settings_behind(own: Settings, *, url: str = "") -> Settings:
    """Return the settings by which messages were read: those of the engine that has them, or that the journal
    keeps.

    Those given where nothing is known of others. Raises EngineError, or JournalError for no journal.
    """
    url = url or engine_with(own.journal)
    if url:
        async with Client(*find_engine(url)) as client:
            return await client.settings()
    if not chosen_path(own.journal.path).exists():
        return own
    journal = ReadOnlyStores(own.journal)
    try:
        return await kept_settings(journal) or own
    finally:
        await journal.close()
