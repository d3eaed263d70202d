"""Settings that change while an engine runs: its file is looked at each second, and read when it is new.

What a message becomes follows the file at once: `[destination]`, `[classic]`, `[segment]`, `identity`,
subscriptions, filters and rules. Where the engine listens and what it keeps stays as it was at the start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from ..config import read_again
from ..errors import SegtapError
from ..settings import Settings
from ..stores.base import Revision, Stores
from .receipts import ReceiptReader
from .summaries import judged_of

logger = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two looks at the file."""
REVISED = 1_000
"""How many of the newest messages get new marks in the list; all others show theirs when they are opened."""
STRETCH = 50
DESTINATION_WAITS = (
    "[destination] of the settings file changed while forwarding is on: it is used once forwarding is off,"
    " or segtap is started again."
)

STAYS = "Until then all stays as it was."
"""What is said behind a fault of the settings file."""

_Stamp = tuple[int, int, int] | None


class SettingsWatch:
    """Looks at the settings file until cancelled.

    `changed` is given the new settings, whole; `fault` why they cannot be used, or "" when they can again.
    """

    def __init__(
        self,
        settings: Settings,
        changed: Callable[[Settings], Awaitable[None]],
        fault: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._changed = changed
        self._fault = fault
        self._plan = settings.plan
        self._seen = self._stamps()

    async def run(self) -> None:
        """For good; returns at once when there is no file to look at."""
        if not self._settings.file:
            return
        while True:
            await asyncio.sleep(INTERVAL)
            await self.look()

    def forget(self) -> None:
        """Read the file again at the next look, though it did not change."""
        self._seen = ((0, 0, 0), None)

    async def look(self) -> None:
        """Read the file if it, or the tracking plan that it names, is another than the last time."""
        if self._stamps() == self._seen:
            return
        try:
            await self.read()
        except SegtapError as error:
            logger.warning("the settings cannot be used: %s", error)

    async def read(self) -> None:
        """Read the file now, changed or not. Raises SegtapError where it cannot be used, and says it."""
        self._seen = self._stamps()
        try:
            settings = read_again(self._settings)
            if settings.plan != self._plan:
                self._plan = settings.plan
                self._seen = self._stamps()
            await self._changed(settings)
        except SegtapError as error:
            self._fault(f"{error} {STAYS}")
            raise
        self._fault("")

    def _stamps(self) -> tuple[_Stamp, _Stamp]:
        return _stamp(self._settings.file), _stamp(self._plan)


def _stamp(file: str) -> _Stamp:
    if not file:
        return None
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


async def reinspect(stores: Stores, reader: ReceiptReader) -> None:
    """Give the newest messages the marks that they have by the settings in force."""
    summaries = [one for one in (await stores.index.page(limit=REVISED)).summaries if not one.refused]
    for start in range(0, len(summaries), STRETCH):
        stretch = {one.id: one for one in summaries[start : start + STRETCH]}
        found: list[Revision] = []
        kept = await stores.index.findings(list(stretch))
        for message in await reader.load(stores, list(stretch.values())):
            verdict = reader.whole(message, await reader.inspected(message), kept.get(message.id, ()))
            found.append(Revision(message.id, judged_of(verdict, message.marks)))
        if found:
            await stores.index.revise(found)
        # Ingest gets its turns meanwhile.
        await asyncio.sleep(0)


def with_reading_of(settings: Settings, new: Settings) -> Settings:
    """The settings with what decides how a message is read taken from `new`."""
    return msgspec.structs.replace(
        settings,
        identity=new.identity,
        plan=new.plan,
        repair=new.repair,
        mixpanel_group_keys=new.mixpanel_group_keys,
        destination=new.destination,
        classic=new.classic,
        segment=new.segment,
        subscriptions=new.subscriptions,
        filters=new.filters,
        rules=new.rules,
        origin=new.origin,
        sources=new.sources,
    )
