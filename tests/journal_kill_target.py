"""The process that test_kill kills: receipts under load, indexed and delivered meanwhile.

Usage: python journal_kill_target.py JOURNAL ROUND. Each acknowledged receipt is a line `seq uid` on stdout.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import sys

from journal_values import unindexed

from segtap.core import stores
from segtap.core.api.models import Summary
from segtap.core.delivery import Delivery, DeliveryState, Outcome
from segtap.core.messages import Receipt, message_number
from segtap.core.settings import JournalSettings
from segtap.core.stores import Entry, Stores

APPENDERS = 32
MESSAGES = 3


def body(uid: str) -> bytes:
    """Between 64 B and 16 KB that belong to this uid alone, and do not compress."""
    start = hashlib.sha512(uid.encode()).digest()
    return start * (1 + start[0]) if start[1] % 2 else hashlib.shake_128(start).digest(64 * (1 + start[0]))


def entry(seq: int, position: int) -> Entry:
    id = message_number(seq, position)
    summary = Summary(id, seq, "track", "n", "u", "s", 0, 0, 0, DeliveryState.WAITING, f"m-{id}")
    return Entry(summary=summary, wanted=True, text=f"n {seq}")


async def append(journal: Stores, round_: str, appender: int) -> None:
    for number in itertools.count():
        uid = f"{round_}-{appender}-{number}"
        receipt = Receipt(uid=uid, received_at=number, method="POST", path="/v1/track", body=body(uid))
        seq = await journal.receipts.append(receipt)
        os.write(1, f"{seq} {uid}\n".encode())


async def index(journal: Stores) -> None:
    while True:
        if receipts := await unindexed(journal, 64):
            entries = [entry(receipt.seq, position) for receipt in receipts for position in range(MESSAGES)]
            await journal.index.add(entries, receipts[-1].seq)
        await asyncio.sleep(0)


async def deliver(journal: Stores) -> None:
    while True:
        if owed := await journal.outbox.owed(limit=100):
            attempts = [
                Delivery(message=line.id, operation=0, at=1, endpoint="/import", outcome=Outcome.SENT)
                for line in owed
            ]
            await journal.outbox.record(attempts, [(line.id, DeliveryState.SENT) for line in owed])
        await asyncio.sleep(0)


async def main(path: str, round_: str) -> None:
    journal = await stores.open(JournalSettings(path=path))
    await asyncio.gather(
        index(journal),
        deliver(journal),
        *(append(journal, round_, appender) for appender in range(APPENDERS)),
    )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
