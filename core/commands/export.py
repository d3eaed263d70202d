"""`segtap export`: the messages of a journal as lines, whether an engine holds it or not."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from functools import partial

from .. import stores
from ..api.client import Client
from ..api.operations import ExportOf
from ..engine.active import ActiveSettings
from ..engine.export import Export
from ..engine.kept import engine_of, engine_with, kept_settings
from ..faults import Faults
from ..index.receipts import ReceiptReader
from ..messages import Message, Receipt
from ..pipeline.intake import parse_receipt
from ..query import Query, parse
from ..query.evaluate import Cost
from ..serve.notes import find_engine, running
from ..settings import JournalSettings, Settings
from ..sources.bounds import DEFAULT_BOUNDS, Bounds, bounds_of
from ..stores.sqlite.place import chosen_path
from ..verdict import Translation, Verdict

_TRANSLATED = ("delivery", "rule", "warn", "sent")
"""The fields that depend on what a message becomes."""


def _leave_out(receipt: Receipt) -> None:
    """Leave out a damaged request without a word."""


def _keep_quiet(note: str) -> None:
    """Say nothing."""


async def export_lines(
    *,
    journal: JournalSettings,
    filter: str = "",
    what: ExportOf = "messages",
    url: str = "",
    bounds: Bounds = DEFAULT_BOUNDS,
    own: Settings | None = None,
    damaged: Callable[[Receipt], None] = _leave_out,
    note: Callable[[str], None] = _keep_quiet,
) -> AsyncGenerator[bytes]:
    """Yield the messages that match a filter as lines with their newlines; refused requests are left out.

    Each is as it was received plus what Segment fills in; one that is too large to be read is unchanged. With
    `what`, lines of the other kinds that `Viewer.export` names. They are read from the engine at `url`;
    without one from the journal's file, or from the engine that holds it; from one that runs at all where no
    journal is named and the usual one is not there. Bounds, and what messages become,
    are those of the engine that filled the journal; `bounds` and `own` if it has no settings. `damaged` is
    called with each request that the file does not hold whole, `note` with what explains that nothing
    matches. Raises FilterFault, EngineError or JournalError.
    """
    query = parse(filter)
    if not url:
        url = engine_of(journal)
    if not url and not journal.path and not (usual := chosen_path("")).exists():
        # Nothing but an engine with another journal can be meant: the demo, or one that throws it away.
        url = engine_with(journal)
        if url:
            note(f"There is no journal at {usual}: these are the messages of the segtap at {url}.")
    found = False
    if url:
        async with Client(*find_engine(url)) as client:
            async with contextlib.aclosing(client.export(filter, what)) as exported:
                async for line in exported:
                    found = True
                    yield line
            if not found and query.compares:
                for words in (await client.page(filter=filter, limit=1)).notes:
                    note(words)
        return
    kept = await stores.open(journal, must_exist=True)
    try:
        if (by := await kept_settings(kept)) is not None:
            bounds = bounds_of(by.ingest)
        reader = _reader(by or own or Settings(), query, bounds, judges=what == "records")
        export = Export(kept, reader, query, bounds, damaged)
        async for lines in export.lines(what):
            found = True
            for line in lines.splitlines(keepends=True):
                yield line
        if not found:
            for words in export.tally.notes():
                note(words)
            if not journal.path and (others := running()):
                note(f"{chosen_path('')} has none; a segtap with another journal runs: --url {others[0].url}")
    finally:
        await kept.close()


def _reader(settings: Settings, query: Query, bounds: Bounds, *, judges: bool) -> ReceiptReader:
    """Make what reads the journal's messages, and translates them by the settings that filled it."""
    parse_one = partial(parse_receipt, bounds=bounds)
    if not judges and query.cost < Cost.RECORDS and not any(map(query.asks, _TRANSLATED)):
        return ReceiptReader(parse_one, _untranslated, Faults(), sources=lambda: settings.sources)
    active = ActiveSettings(settings)
    return ReceiptReader(
        parse_one, active.judge, Faults(), adjust=active.adjust, sources=lambda: settings.sources
    )


def _untranslated(message: Message) -> Verdict:
    """Stand in for the translation where a filter does not ask for it."""
    return Verdict(Translation())
