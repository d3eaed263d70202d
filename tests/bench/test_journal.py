"""Durable receipts a second, as a ratio to bare sqlite3 writing the same bytes in commits of the same size.

Both run in turns on the same disk, the best of three each; the ratio holds where absolute figures do not.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from journal_values import a_receipt

from segtap.core import stores
from segtap.core.messages import Receipt
from segtap.core.settings import JournalSettings

ROUNDS = 3


def bare(path: Path, receipt: Receipt, count: int, together: int) -> float:
    """Receipts a second of `executemany` with synchronous=FULL, `together` a commit."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE receipts (seq INTEGER PRIMARY KEY, body BLOB)")
    began = time.perf_counter()
    for _ in range(count // together):
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO receipts (body) VALUES (?)", [(receipt.body,)] * together)
        db.execute("COMMIT")
    took = time.perf_counter() - began
    db.close()
    return count / took


def appended(path: Path, receipt: Receipt, count: int, together: int) -> float:
    """Receipts a second of `together` appenders, each waiting for its acknowledgement."""

    async def run() -> float:
        journal = await stores.open(JournalSettings(path=str(path)))

        async def append() -> None:
            for _ in range(count // together):
                await journal.receipts.append(receipt)

        began = time.perf_counter()
        await asyncio.gather(*(append() for _ in range(together)))
        took = time.perf_counter() - began
        await journal.close()
        return count / took

    return asyncio.run(run())


def best(run: Callable[[Path, Receipt, int, int], float], folder: Path, *about: object) -> float:
    rates: list[float] = []
    for round_ in range(ROUNDS):
        path = folder / f"{run.__name__}-{round_}.db"
        rates.append(run(path, *about))  # type: ignore[arg-type]
    return max(rates)


@pytest.mark.parametrize(
    ("name", "body", "count", "together", "least"),
    [
        ("1 KB, one by one", 1_000, 500, 1, 0.3),
        ("1 KB, 64 at once", 1_000, 12_800, 64, 0.08),
        ("100 KB, 64 at once", 100_000, 640, 64, 0.2),
    ],
)
def test_durable_receipts(
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
    name: str,
    body: int,
    count: int,
    together: int,
    least: float,
) -> None:
    receipt = a_receipt("0f4c2d", body=os.urandom(body // 4).hex().encode() * 2)
    plain = best(bare, tmp_path, receipt, count, together)
    durable = best(appended, tmp_path, receipt, count, together)
    record_property("ratio", durable / plain)
    with capsys.disabled():
        print(f"\n{name}: {durable:,.0f} receipts/s, bare sqlite3 {plain:,.0f}, ratio {durable / plain:.2f}")
    assert durable / plain > least
