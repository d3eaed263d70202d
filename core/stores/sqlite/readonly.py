"""A journal's file that is only looked at: no lock, no change, beside an engine or without one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...api.models import Page, Summary
from ...delivery import Delivery
from ...messages import Receipt
from ...settings import JournalSettings
from ...verdict import Finding
from . import reader
from .faults import SQLITE_ERRORS, store_fault
from .place import check_file, chosen_path
from .reader import Reader
from .schema import check_version, connect_reader

_WITH_FINDINGS = 2


class ReadOnlyJournal:
    """The part of `Journal` that reads messages. Raises JournalError where the file cannot be read."""

    def __init__(self, settings: JournalSettings) -> None:
        self._path = chosen_path(settings.path)
        check_file(self._path, must_exist=True)
        self._version = _version(self._path)
        self._reader = Reader(self._path)

    @property
    def path(self) -> str:
        """Where it lies, for people."""
        return str(self._path)

    async def page(
        self, *, before: int | None = None, after: int | None = None, limit: int = 200, text: str = ""
    ) -> Page:
        """See `Journal.page`; an empty file has none."""
        if not self._version:
            return Page(summaries=())
        return await self._reader.quick.run(reader.page, before, after, limit, text)

    async def summary(self, id: int) -> Summary | None:
        """One line of the list."""
        return await self._reader.quick.run(reader.summary, id)

    async def receipt(self, seq: int) -> Receipt | None:
        """One receipt as it came."""
        return await self._reader.quick.run(reader.receipt, seq)

    async def deliveries(self, id: int) -> list[Delivery]:
        """All attempts for one message, oldest first."""
        return await self._reader.quick.run(reader.deliveries, id)

    async def replays(self, message_id: str, after: int, limit: int = 20) -> list[Summary]:
        """See `Journal.replays`."""
        return await self._reader.quick.run(reader.replays, message_id, after, limit)

    async def findings(self, ids: Sequence[int]) -> dict[int, tuple[Finding, ...]]:
        """What the rules on the stream found; a file of an earlier version keeps none."""
        if self._version < _WITH_FINDINGS:
            return {}
        return await self._reader.quick.run(reader.findings, ids)

    async def settings(self) -> str:
        """The settings that the last engine ran with, as JSON; "" where none has kept them."""
        return await self._reader.quick.run(reader.settings) if self._version else ""

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
