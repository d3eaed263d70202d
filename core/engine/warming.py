"""After a start: the rules on the stream learn from the newest messages of the journal, in the background."""

from __future__ import annotations

from collections.abc import Sequence

from ..journal.base import Journal
from ..views import Summary
from .pace import Pace
from .receipts import ReceiptReader

WARM_MESSAGES = 5_000
"""So many of the newest messages are learned from."""
STRETCH = 20


async def warm(journal: Journal, reader: ReceiptReader, summaries: Sequence[Summary]) -> None:
    """Let the rules see these messages, oldest first, and drop what they find: it is stored since then.

    Messages that come meanwhile are judged at once, with what was learned so far.
    """
    pace = Pace()
    pace.begin()
    known = [one for one in summaries if not one.refused]
    for start in range(0, len(known), STRETCH):
        for message in await reader.load(journal, known[start : start + STRETCH]):
            reader.observation(message, (await reader.inspected(message)).translation)
            await pace.breathe()
