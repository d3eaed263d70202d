"""Where the doctor's messages and settings come from: the engine that runs, else the journal's file.

The settings are those of the engine, or those that it last ran with, as the journal keeps them: the messages
were read by them. Settings of the folder that the doctor is asked in are used where they are asked for, or
where the journal knows of none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Protocol

import msgspec

from ..api.client import Client
from ..api.models import MessageDetail, Page, RouteState, Summary
from ..api.viewer import Viewer
from ..checks import called
from ..checks.stream import digest
from ..engine.active import ActiveSettings
from ..engine.kept import engine_with, kept_settings
from ..errors import InputError
from ..faults import Faults
from ..identities.model import Cluster, Users
from ..index.receipts import ReceiptReader
from ..messages import Marks, Message
from ..objections import read_objection
from ..pipeline.intake import parse_receipt
from ..pipeline.reading import read_document
from ..serve.notes import find_engine
from ..settings import Settings
from ..sources.bounds import bounds_of
from ..stores import Readable, ReadOnlyStores
from ..stores.sqlite.place import chosen_path
from ..verdict import with_findings

MOST_USERS = 1_000
"""Users of an engine that are looked at: those seen last."""
TOGETHER = 16
"""Messages that are asked for at a time."""


class Messages(msgspec.Struct, frozen=True, kw_only=True):
    """The newest messages, oldest first, requests that were refused, and the settings that they are read by.

    `source` says where the messages come from, `judged_by` whose the settings are. `fault` is what is wrong
    with the engine, in its own words.
    """

    settings: Settings
    judged_by: str
    details: tuple[MessageDetail, ...] = ()
    refused: tuple[Summary, ...] = ()
    source: str = ""
    fault: str = ""
    routes: tuple[RouteState, ...] = ()
    """How the routes of an engine stand; none where no engine was asked."""
    users: Users | None = None
    """The users of an engine's own table, None where they are counted from the messages."""
    user: Cluster | None = None
    """The one of them that was asked for."""


class _Kept(Protocol):
    async def page(self, *, limit: int) -> Page: ...

    async def detail(self, id: int) -> MessageDetail: ...


async def newest_messages(
    settings: Settings, *, limit: int, url: str = "", override: bool = False, user: str = ""
) -> Messages:
    """Return up to `limit` messages: of the engine at `url`, of the one that holds the journal, or of its
    file.

    They are read by the engine's settings, with `override` by these. Without a journal there are none.
    `user` is an id whose user is asked for, too. Raises EngineError, or JournalError where the file cannot
    be read.
    """
    url = url or engine_with(settings.journal)
    own = (
        f"of {settings.origin}" if settings.origin != "defaults" else "defaults, for no settings file is here"
    )
    if url:
        address, token = find_engine(url)
        source = f"the segtap at {address}"
        async with Client(address, token) as client:
            found = await messages_of(client, limit=limit)
            if user and not override:
                found = msgspec.structs.replace(found, user=await client.user(user))
        if override:
            by = f"{own}, not those of {source}"
            return msgspec.structs.replace(
                _read_by(settings, found), judged_by=by, fault=found.fault, routes=(), users=None
            )
        return found
    path = chosen_path(settings.journal.path)
    if not path.exists():
        return Messages(settings=settings, judged_by=own, source=f"{path} (there is none yet)")
    return await _of_file(settings, limit, own, override=override)


async def messages_of(viewer: Viewer, *, limit: int) -> Messages:
    """Return the newest messages of the engine that is looked at, and its own settings."""
    source = f"the segtap at {viewer.url}"
    found = await _newest(viewer, limit, source)
    active, state = await viewer.settings(), await viewer.state()
    by = f"of {source} ({active.origin})"
    return msgspec.structs.replace(
        found,
        settings=active,
        judged_by=by,
        fault=state.fault,
        routes=state.routes,
        users=await viewer.users(limit=MOST_USERS),
    )


async def _of_file(settings: Settings, limit: int, own: str, *, override: bool) -> Messages:
    journal = ReadOnlyStores(settings.journal)
    try:
        kept = None if override else await kept_settings(journal)
        if kept is not None:
            by = f"those that the segtap of {journal.path} last ran with ({kept.origin})"
        elif override:
            by = f"{own}, not those that {journal.path} was filled with"
        else:
            by = f"{own}: {journal.path} keeps none of the segtap that filled it"
        in_force, lost = _readable(kept or settings)
        found = await _newest(_File(journal, in_force), limit, journal.path)
    finally:
        await journal.close()
    if override:
        found = _read_by(in_force, found)
    return msgspec.structs.replace(found, settings=in_force, judged_by=by, fault=lost)


def _readable(settings: Settings) -> tuple[Settings, str]:
    """Return the settings without a tracking plan that cannot be read any more, and why."""
    try:
        ActiveSettings(settings)
    except InputError as error:
        if not settings.plan:
            raise
        return msgspec.structs.replace(settings, plan=""), str(error)
    return settings, ""


def _read_by(settings: Settings, found: Messages) -> Messages:
    """Return the same messages, translated and judged by other settings, in their order."""
    reading = ActiveSettings(settings)
    details = tuple(_inspected(reading, detail) for detail in found.details)
    return msgspec.structs.replace(found, details=details, settings=settings)


def _inspected(reading: ActiveSettings, detail: MessageDetail) -> MessageDetail:
    if not detail.document:
        return detail
    summary = detail.summary
    try:
        document = read_document(detail.document)
    except (InputError, RecursionError):
        return detail
    message = Message(
        id=summary.id,
        source_kind=detail.source_kind,
        type=summary.type,
        message_id=summary.message_id,
        received_at=summary.received_at,
        write_key=detail.write_key,
        document=document,
        original=detail.original,
        filled=detail.filled,
        objections=tuple(map(read_objection, detail.objections)),
        marks=Marks(summary.marks),
        unread=detail.unread,
        size=detail.original_bytes,
    )
    verdict = reading.judge(message)
    seen = reading.observe(digest(message, verdict.translation, message.received_at))
    found = reading.adjust(called(document), seen)
    return msgspec.structs.replace(detail, verdict=with_findings(verdict, found))


async def _newest(kept: _Kept, limit: int, source: str) -> Messages:
    page = await kept.page(limit=limit)
    numbers = [summary.id for summary in page.summaries if not summary.refused]
    details: list[MessageDetail] = []
    for start in range(0, len(numbers), TOGETHER):
        stretch = numbers[start : start + TOGETHER]
        details += await _details(kept, stretch)
    refused = tuple(summary for summary in page.summaries if summary.refused)
    return Messages(settings=Settings(), judged_by="", details=tuple(details), refused=refused, source=source)


async def _details(kept: _Kept, numbers: Sequence[int]) -> list[MessageDetail]:
    found = await asyncio.gather(*(_detail(kept, number) for number in numbers))
    return [detail for detail in found if detail is not None]


async def _detail(kept: _Kept, number: int) -> MessageDetail | None:
    try:
        return await kept.detail(number)
    except InputError:
        return None  # rotated out or cleared since the page was read


class _File:
    """The journal's file, its messages read by these settings."""

    def __init__(self, journal: Readable, settings: Settings) -> None:
        self._journal = journal
        self._faults = Faults()
        reading = ActiveSettings(settings)
        self._reader = ReceiptReader(
            partial(parse_receipt, bounds=bounds_of(settings.ingest)),
            reading.judge,
            self._faults,
            adjust=reading.adjust,
            keeper=reading,
        )

    async def page(self, *, limit: int) -> Page:
        return await self._journal.index.page(limit=limit)

    async def detail(self, id: int) -> MessageDetail:
        return await self._reader.detail(self._journal, id)
