"""Receipts and index entries for tests of the journal, and a look into its file from outside."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segtap.core.api.models import Summary
from segtap.core.delivery import Delivery, DeliveryCounts, DeliveryState, Outcome
from segtap.core.messages import Marks, Receipt, message_number
from segtap.core.query.wildcards import fold
from segtap.core.stores import Counts, Entry, Stores
from segtap.core.stores.base import Judged, Revision
from segtap.core.verdict import Severity

AT = 1_790_000_000_000


_uids = itertools.count(1)


def a_receipt(
    uid: str = "", *, body: bytes = b'{"event":"Order Completed"}', at: int = AT, wanted: bool = False
) -> Receipt:
    return Receipt(
        uid=uid or f"r-{next(_uids)}",
        received_at=at,
        method="POST",
        path="/v1/track",
        headers=(("host", "127.0.0.1:8765"), ("content-type", "application/json")),
        peer="127.0.0.1",
        body=body,
        wanted=wanted,
    )


def an_entry(
    seq: int,
    position: int = 0,
    *,
    state: DeliveryState = DeliveryState.WAITING,
    marks: Marks = Marks.NONE,
    message_id: str | None = None,
    name: str = "Order Completed",
    at: int = AT,
) -> Entry:
    summary = Summary(
        id=message_number(seq, position),
        received_at=at,
        type="" if marks & Marks.REFUSED else "track",
        name=name,
        user="u-1",
        source="python",
        errors=0,
        warnings=1,
        marks=int(marks),
        delivery=state,
        message_id=f"m-{seq}-{position}" if message_id is None else message_id,
    )
    wanted = state not in (DeliveryState.OFF, DeliveryState.NONE)
    return Entry(summary=summary, wanted=wanted, text=fold(f"{name} u-1"))


def an_attempt(id: int, outcome: Outcome = Outcome.SENT, *, attempt: int = 1, words: str = "") -> Delivery:
    return Delivery(
        message=id,
        operation=0,
        at=AT + attempt,
        endpoint="https://api.mixpanel.com/import",
        outcome=outcome,
        status=200,
        words=words,
        attempt=attempt,
        index=3,
        of=50,
        took=12,
    )


def revision(id: int, errors: int, warnings: int) -> Revision:
    """A message judged again, with a rule for the errors and one for the warnings."""
    rules: dict[str, Severity] = {}
    if errors:
        rules["an-error"] = "error"
    if warnings:
        rules["a-warning"] = "warning"
    return Revision(id, Judged(errors=errors, warnings=warnings, rules=rules))


async def unindexed(stores: Stores, limit: int = 256) -> list[Receipt]:
    """The oldest receipts whose messages are not in the index."""
    return await stores.receipts.read(stores.index.position, limit)


async def rotated(journal: Any) -> None:
    """Have a journal in a file make room ahead, as it does by itself while nothing waits."""

    def work() -> None:
        while journal._writer.rotation.make_room_ahead():
            pass

    await journal._writer.run(work)


def recount(path: Path | str) -> Counts:
    """The totals, counted over every row of the file."""
    rows = look(path, "SELECT marks, delivery, errors, warnings FROM messages")
    messages = [(marks, state) for marks, state, _, _ in rows if not marks & Marks.REFUSED]

    def standing(state: DeliveryState) -> int:
        return sum(1 for _, now in messages if now == state)

    return Counts(
        received=len(messages),
        refused=len(rows) - len(messages),
        deliveries=DeliveryCounts(**{state: standing(state) for state in DeliveryState}),
        teed=sum(1 for marks, _ in messages if marks & Marks.TEED),
        errors=sum(1 for _, _, errors, _ in rows if errors),
        warnings=sum(1 for _, _, errors, warnings in rows if warnings and not errors),
    )


def look(path: Path | str, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Rows straight out of the file."""
    db = sqlite3.connect(path)
    try:
        return db.execute(query, values).fetchall()
    finally:
        db.close()


def as_version_1(path: Path | str) -> None:
    """Give a journal's file the tables and words of the first version."""
    db = sqlite3.connect(path)
    db.executescript("""
        CREATE TABLE before (
            id INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL,
            user TEXT NOT NULL, source TEXT NOT NULL, errors INTEGER NOT NULL, warnings INTEGER NOT NULL,
            marks INTEGER NOT NULL, delivery TEXT NOT NULL, message_id TEXT NOT NULL, wanted INTEGER NOT NULL,
            text TEXT NOT NULL
        );
        INSERT INTO before SELECT id, received_at, type, name, user, source, errors, warnings, marks,
            CASE delivery WHEN 'sent' THEN 'taken' WHEN 'off' THEN 'not wanted' ELSE delivery END,
            message_id, wanted, '' FROM lines;
        DROP VIEW lines;
        DROP TABLE messages;
        DROP TABLE kinds;
        DROP TABLE verdicts;
        DROP TABLE texts;
        DROP TABLE tallies;
        DROP TABLE minutes;
        DROP TABLE standings;
        ALTER TABLE before RENAME TO messages;
        CREATE INDEX messages_by_message_id ON messages (message_id, received_at) WHERE message_id != '';
        CREATE INDEX messages_owed ON messages (delivery) WHERE delivery IN ('waiting', 'held');
        UPDATE deliveries SET outcome = 'taken' WHERE outcome = 'sent';
        PRAGMA user_version = 1;
    """)
    db.close()
