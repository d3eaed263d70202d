"""`segtap export`: the messages of a journal as lines, whether an engine holds it or not."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from .. import stores
from ..api.client import Client
from ..engine.kept import kept_settings
from ..engine.receipts import export_line
from ..ingest.bounds import DEFAULT_BOUNDS, Bounds, bounds_of
from ..messages import Message, Receipt
from ..pipeline.intake import parse_receipt
from ..query import searched_text
from ..query.wildcards import fold
from ..serve.notes import find_engine
from ..settings import JournalSettings
from ..stores import Readable, holder_of
from ..stores.sqlite.place import chosen_path

STRETCH = 256
"""Receipts read at a time."""


def _no_matter(receipt: Receipt) -> None:
    """Leave out a damaged request without a word."""


async def export_lines(
    *,
    text: str = "",
    journal: JournalSettings,
    url: str = "",
    bounds: Bounds = DEFAULT_BOUNDS,
    damaged: Callable[[Receipt], None] = _no_matter,
) -> AsyncGenerator[bytes]:
    """Yield one message a line (with its newline), oldest first; refused requests are left out.

    Each is as it was received plus what Segment fills in; one that is too large to be read is unchanged. The
    bounds are those of the engine that filled the journal, `bounds` if the journal has no settings. `text` is
    what a message must contain, as in the list's filter. Read from the engine at `url`; without one from the
    journal's file, or from the engine that holds it. `damaged` is called with each request that the file does
    not hold whole. Raises EngineError or JournalError.
    """
    if not url:
        holder = holder_of(chosen_path(journal.path))
        url = holder.url if holder is not None else ""
    if url:
        async with Client(*find_engine(url)) as client:
            async for line in client.export(text):
                yield line
        return
    kept = await stores.open(journal, must_exist=True)
    try:
        if (by := await kept_settings(kept)) is not None:
            bounds = bounds_of(by.ingest)
        async for line in _lines(kept, fold(text), bounds, damaged):
            yield line
    finally:
        await kept.close()


async def _lines(
    journal: Readable, text: str, bounds: Bounds, damaged: Callable[[Receipt], None]
) -> AsyncGenerator[bytes]:
    after = stores.START
    while receipts := await journal.receipts.read(after, STRETCH):
        for receipt in receipts:
            if receipt.damaged:
                damaged(receipt)
            messages: list[Message] = []
            if receipt.refused is None:
                messages = parse_receipt(receipt, bounds=bounds)
            for message in messages:
                if text in searched_text(message.document, message.filled):
                    yield export_line(message)
        after = receipts[-1].seq
