"""After a start: the rules on the stream learn from the newest messages of the journal, in the background.

So does the table of users, which the rules feed; when settings change that table alone is begun again.
"""

from __future__ import annotations

from collections.abc import Callable

from ..api.models import Page
from ..messages import Message
from ..stores.base import Readable
from ..verdict import Translation
from .active import ActiveSettings
from .pace import Pace
from .receipts import ReceiptReader

WARM_MESSAGES = 10_000
"""So many of the newest messages are learned from."""
STRETCH = 20


async def warm(stores: Readable, reader: ReceiptReader, reading: ActiveSettings, newest: Page) -> None:
    """Let the rules see these messages, oldest first, and drop what they find: it is stored since then.

    Messages that come meanwhile are judged at once, with what was learned so far.
    """
    await _learn(stores, reader, reading, newest, reader.observation)


async def count_users(stores: Readable, reader: ReceiptReader, reading: ActiveSettings) -> None:
    """Begin the table of users again, of the newest messages by the settings in force.

    The indexer has to be paused: it would put newer messages before older ones.
    """
    reading.forget_users()
    newest = await stores.index.page(limit=WARM_MESSAGES)
    await _learn(stores, reader, reading, newest, reading.count_user)


async def _learn(
    stores: Readable,
    reader: ReceiptReader,
    reading: ActiveSettings,
    newest: Page,
    take: Callable[[Message, Translation], object],
) -> None:
    pace = Pace()
    pace.begin()
    known = [one for one in newest.summaries if not one.refused]
    try:
        for start in range(0, len(known), STRETCH):
            reading.learning(older=newest.more, behind=len(known) - start)
            for message in await reader.load(stores, known[start : start + STRETCH]):
                take(message, (await reader.inspected(message)).translation)
                await pace.breathe()
    finally:
        reading.learning(older=newest.more, behind=0)
