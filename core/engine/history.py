"""What the journal held at the start: the rules on the stream learn from its newest messages."""

from __future__ import annotations

import asyncio
import logging

from ..api.models import Page
from ..checks.stream import digest
from ..identities.table import Identities
from ..index.pace import Pace
from ..index.receipts import ReceiptReader
from ..stores.base import Readable
from .active import ActiveSettings
from .supervisor import Supervisor

logger = logging.getLogger(__name__)

WARM_MESSAGES = 10_000
"""How many of the newest messages are learned from."""
STRETCH = 20


class History:
    """Teaches the rules on the stream, in the background of an engine."""

    def __init__(
        self, stores: Readable, reader: ReceiptReader, active: ActiveSettings, supervisor: Supervisor
    ) -> None:
        self._stores = stores
        self._reader = reader
        self._active = active
        self._supervisor = supervisor
        self._task: asyncio.Task[None] | None = None

    async def newest(self) -> Page:
        """Return the messages to learn from. Call it before the indexer adds newer ones."""
        return await self._stores.index.page(limit=WARM_MESSAGES)

    def learn(self, newest: Page) -> None:
        """Start to show these messages to the rules, oldest first.

        What the rules find in them is stored already. Messages received meanwhile are judged at once, with
        what was learned so far.
        """
        # Not started again if it fails: the rules would see its first messages twice.
        self._task = self._supervisor.once("learning from the journal", lambda: self._learn(newest))

    def cancel(self) -> None:
        """Stop learning."""
        if self._task is not None:
            self._task.cancel()

    async def learned(self) -> None:
        """Wait until all is learned."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _learn(self, newest: Page) -> None:
        pace = Pace()
        pace.begin()
        known = [one for one in newest.summaries if not one.refused]
        users = Identities(self._active.settings.identity)
        for start in range(0, len(known), STRETCH):
            for message in await self._reader.load(self._stores, known[start : start + STRETCH]):
                translation = await self._reader.translated(message)
                try:
                    self._active.learn(digest(message, translation, message.received_at), users)
                except Exception:
                    # As with every message that fails: the others are learned from.
                    logger.exception("message %d cannot be observed", message.id)
                await pace.breathe()
