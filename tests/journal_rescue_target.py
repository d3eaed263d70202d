"""The process whose journal is taken away in test_taken_away: it goes on receiving all the while.

Usage: python journal_rescue_target.py JOURNAL. On stdout, a line each: `ack SEQ UID` for what was
acknowledged, `refused TEXT`, `failed TEXT` for other work, and `told TEXT` for what the journal says
of its files.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys

from journal_kill_target import body, entry
from journal_values import unindexed

from segtap.core import stores
from segtap.core.delivery import DeliveryState
from segtap.core.errors import JournalError
from segtap.core.messages import Receipt
from segtap.core.settings import JournalSettings
from segtap.core.stores import Stores

APPENDERS = 8


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def append(journal: Stores, appender: int) -> None:
    for number in itertools.count():
        uid = f"{appender}-{number}"
        receipt = Receipt(uid=uid, received_at=number, method="POST", path="/v1/track", body=body(uid))
        try:
            say("ack", await journal.receipts.append(receipt), uid)
        except JournalError as error:
            say("refused", error)
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.002)


async def index(journal: Stores) -> None:
    """Index and settle, as an engine does, so that more than receipts is at stake; faults are retried."""
    while True:
        await asyncio.sleep(0.01)
        try:
            if receipts := await unindexed(journal, 64):
                await journal.index.add([entry(receipt.seq, 0) for receipt in receipts], receipts[-1].seq)
                await journal.outbox.record(
                    [], [(entry(receipts[0].seq, 0).summary.id, DeliveryState.REFUSED)]
                )
        except JournalError as error:
            say("failed", error)


async def main(path: str) -> None:
    journal = await stores.open(JournalSettings(path=path))
    journal.receipts.watch(lambda text: say("told", text))
    await asyncio.gather(index(journal), *(append(journal, appender) for appender in range(APPENDERS)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
