"""What the journal held at the start: the rules on the stream learn from its newest messages.

So does the table of users, which the rules feed; when the settings change, that table alone is built again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..api.models import Page
from ..checks.stream import digest
from ..index.pace import Pace
from ..index.receipts import ReceiptReader
from ..messages import Message
from ..stores.base import Readable
from ..verdict import Translation
from .active import ActiveSettings
from .supervisor import Supervisor

WARM_MESSAGES = 10_000
"""How many of the newest messages are learned from."""
STRETCH = 20


class History:
    """Teaches the rules on the stream, in the background of an engine.

    `pause` is a lock that keeps the indexer between two pieces of work.
    """

    def __init__(
        self,
        stores: Readable,
        reader: ReceiptReader,
        active: ActiveSettings,
        supervisor: Supervisor,
        pause: Callable[[], asyncio.Lock],
    ) -> None:
        self._stores = stores
        self._reader = reader
        self._active = active
        self._supervisor = supervisor
        self._pause = pause
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
        self._task = self._supervisor.once(
            "learning from the journal", lambda: self._learn(newest, self._observe)
        )

    def count_users_again(self) -> None:
        """Start to build the table of users again, from the newest messages, by the settings in force."""
        self.cancel()
        self._task = self._supervisor.start("counting users", self._count_users)

    def cancel(self) -> None:
        """Stop learning."""
        if self._task is not None:
            self._task.cancel()

    async def learned(self, within: float | None = None) -> None:
        """Wait until all is learned, at most `within` seconds."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=within)

    def _observe(self, message: Message, translation: Translation) -> None:
        self._reader.observation(digest(message, translation, message.received_at))

    async def _count_users(self) -> None:
        # With the indexer at work, newer messages would come before older ones.
        async with self._pause():
            self._active.forget_users()
            await self._learn(await self.newest(), self._active.count_user)

    async def _learn(self, newest: Page, learn_from: Callable[[Message, Translation], object]) -> None:
        pace = Pace()
        pace.begin()
        known = [one for one in newest.summaries if not one.refused]
        try:
            for start in range(0, len(known), STRETCH):
                self._active.learning(older=newest.more, behind=len(known) - start)
                for message in await self._reader.load(self._stores, known[start : start + STRETCH]):
                    learn_from(message, await self._reader.translated(message))
                    await pace.breathe()
        finally:
            self._active.learning(older=newest.more, behind=0)
