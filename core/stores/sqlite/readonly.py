"""A journal's file that is only looked at: no lock, no change, beside an engine or without one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

from ...api.models import Page, Summary
from ...delivery import Delivery, DeliveryCounts, Handover, RouteCounts, RouteStanding
from ...messages import Receipt
from ...settings import JournalSettings
from ...verdict import Finding
from ..base import START, Condition, Cursor, Judged
from . import reader, requests, routed, search
from .faults import SQLITE_ERRORS, store_fault
from .lanes import Reader
from .place import check_file, chosen_path
from .schema import VERSION, check_version, connect_reader

_WITH_FINDINGS = 2
"""The version from which on a file has findings."""


class SqliteReceiptsRead:
    """`ReadableLog` of a SQLite file."""

    def __init__(self, reader_: Reader, version: int = VERSION) -> None:
        self._reader = reader_
        self._version = version

    async def read(self, after: Cursor = START, limit: int = 256) -> list[Receipt]:
        """Return receipts after a position, oldest first; an empty file has none."""
        return await self._reader.quick.run(reader.receipts, after, limit) if self._version else []

    async def get(self, seq: Cursor) -> Receipt | None:
        """Return the receipt at this position."""
        return await self._reader.quick.run(reader.receipt, seq)


class SqliteLines:
    """`ReadableIndex` of a SQLite file. `version` is the file's, 0 for one that is empty."""

    def __init__(self, reader_: Reader, version: int = VERSION) -> None:
        self._reader = reader_
        self._version = version

    async def summary(self, id: int) -> Summary | None:
        """Return one line of the list."""
        return await self._reader.quick.run(reader.summary, id)

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        condition: Condition | None = None,
    ) -> Page:
        """Return a stretch of the list, see `ReadableIndex.page`; an empty file has none."""
        if not self._version:
            return Page(summaries=())
        if condition is None:
            return await self._reader.quick.run(reader.page, before, after, limit)
        filled, stop = self._version == VERSION, threading.Event()
        try:
            return await self._reader.search.run(
                search.page, before, after, limit, condition, filled, stop.is_set
            )
        except asyncio.CancelledError:
            stop.set()
            raise

    async def replays(self, message_id: str, after: int, limit: int = 20) -> list[Summary]:
        """Return the newest replays with that messageId and an id above `after`, oldest first."""
        return await self._reader.quick.run(reader.replays, message_id, after, limit)

    async def findings(self, ids: Sequence[int]) -> dict[int, tuple[Finding, ...]]:
        """Return what the rules on the stream found; a file of an earlier version keeps none."""
        if self._version < _WITH_FINDINGS:
            return {}
        return await self._reader.quick.run(reader.findings, ids)

    async def verdicts(self, ids: Sequence[int]) -> dict[int, Judged]:
        """Return `revision` and `verdict` of these messages; a file of an earlier version keeps none."""
        if self._version < VERSION:
            return {}
        return await self._reader.quick.run(reader.verdicts, ids)

    async def standings(self, ids: Sequence[int]) -> dict[int, tuple[RouteStanding, ...]]:
        """Return how these messages stand on each of their routes, see `ReadableIndex.standings`."""
        return await self._reader.quick.run(routed.standings, ids)

    async def standing_counts(self) -> dict[str, DeliveryCounts]:
        """Return how many messages stand where on each route that has any."""
        return await self._reader.quick.run(routed.counts)

    async def settings(self) -> str:
        """Return the settings that the last engine ran with, as JSON; "" where none has kept them."""
        return await self._reader.quick.run(reader.settings) if self._version else ""


class SqliteDeliveries:
    """`ReadableOutbox` of a SQLite file."""

    def __init__(self, reader_: Reader) -> None:
        self._reader = reader_

    async def deliveries(self, id: int) -> list[Delivery]:
        """Return all attempts for one message, oldest first."""
        return await self._reader.quick.run(reader.deliveries, id)


class SqliteHandovers:
    """`ReadableRequestOutbox` of a SQLite file."""

    def __init__(self, reader_: Reader) -> None:
        self._reader = reader_

    async def handovers(self, receipt: Cursor) -> list[Handover]:
        """Return what is known of one request along all routes, oldest first."""
        return await self._reader.quick.run(requests.handovers, receipt)

    async def counts(self) -> dict[str, RouteCounts]:
        """Return the totals of each route."""
        return await self._reader.quick.run(requests.counts)


class ReadOnlyStores:
    """`Readable` of a SQLite file. Raises JournalError where the file cannot be read."""

    def __init__(self, settings: JournalSettings) -> None:
        self._path = chosen_path(settings.path)
        check_file(self._path, must_exist=True)
        version = _version(self._path)
        self._reader = Reader(self._path)
        self.receipts = SqliteReceiptsRead(self._reader, version)
        self.index = SqliteLines(self._reader, version)
        self.outbox = SqliteDeliveries(self._reader)
        self.requests = SqliteHandovers(self._reader)

    @property
    def path(self) -> str:
        """The file, for people."""
        return str(self._path)

    async def close(self) -> None:
        """Let go of the file."""
        await self._reader.close()


def _version(path: Path) -> int:
    try:
        connection = connect_reader(path)
        try:
            return check_version(connection, path)
        finally:
            connection.close()
    except SQLITE_ERRORS as error:
        raise store_fault(error, path) from error
