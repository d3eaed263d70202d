"""Where the doctor's messages come from: the engine that runs, else the journal's file, only read."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Protocol, cast

import msgspec

from ..client import Client
from ..engine.inspecting import Reading
from ..engine.receipts import ReceiptReader
from ..errors import InputError
from ..ingest.bounds import bounds_of
from ..ingest.parse import parse_receipt
from ..journal import holder_of
from ..journal.base import Journal
from ..journal.place import chosen_path
from ..journal.readonly import ReadOnlyJournal
from ..serve.notes import find_engine, running
from ..settings import Settings
from ..views import MessageDetail, Page, Summary

TOGETHER = 16
"""Messages that are asked for at a time."""


class Messages(msgspec.Struct, frozen=True):
    """The newest messages, oldest first; requests that were not taken; and where both come from, in words."""

    details: tuple[MessageDetail, ...] = ()
    refused: tuple[Summary, ...] = ()
    source: str = ""


class _Kept(Protocol):
    async def page(self, *, limit: int) -> Page: ...

    async def detail(self, id: int) -> MessageDetail: ...


async def newest_messages(settings: Settings, *, limit: int, url: str = "") -> Messages:
    """At most `limit` messages: of the engine at `url`, of the one that holds the journal, or of its file.

    Without a journal there are none. Raises EngineError, or JournalError where the file cannot be read.
    """
    path = chosen_path(settings.journal.path)
    if not url:
        holder = holder_of(path)
        url = holder.url if holder is not None else ""
        if not url and not settings.journal.path and (notes := running()):
            url = notes[0].url  # one with a throw-away journal: the demo
    if url:
        address, token = find_engine(url)
        async with Client(address, token) as client:
            return await _newest(client, limit, f"the segtap at {address}")
    if not path.exists():
        return Messages(source=f"{path} (there is none yet)")
    file = _File(settings)
    try:
        return await _newest(file, limit, file.path)
    finally:
        await file.close()


async def _newest(kept: _Kept, limit: int, source: str) -> Messages:
    page = await kept.page(limit=limit)
    numbers = [summary.id for summary in page.summaries if not summary.refused]
    details: list[MessageDetail] = []
    for start in range(0, len(numbers), TOGETHER):
        stretch = numbers[start : start + TOGETHER]
        found = await asyncio.gather(*(_detail(kept, number) for number in stretch))
        details += [detail for detail in found if detail is not None]
    refused = tuple(summary for summary in page.summaries if summary.refused)
    return Messages(tuple(details), refused, source)


async def _detail(kept: _Kept, number: int) -> MessageDetail | None:
    try:
        return await kept.detail(number)
    except InputError:
        return None  # rotated out or cleared since the page was read


class _File:
    """The journal's file, its messages read by the settings in force."""

    def __init__(self, settings: Settings) -> None:
        self._journal = ReadOnlyJournal(settings.journal)
        self.path = self._journal.path
        self._faults: list[str] = []
        reading = Reading(settings)
        self._reader = ReceiptReader(
            partial(parse_receipt, bounds=bounds_of(settings.ingest)),
            reading.inspect,
            self._faults.append,
            adjust=reading.adjust,
        )

    async def page(self, *, limit: int) -> Page:
        return await self._journal.page(limit=limit)

    async def detail(self, id: int) -> MessageDetail:
        # A detail asks for a line, a receipt, attempts and findings, and those it has.
        return await self._reader.detail(cast("Journal", self._journal), id)

    async def close(self) -> None:
        await self._journal.close()
