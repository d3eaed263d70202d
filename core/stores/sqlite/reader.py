"""The read side: queries on connections that cannot write.

Each query is a plain function of a connection; the lanes run them off the event loop.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...api.models import Page, Summary
from ...delivery import Delivery, DeliveryState, Owed
from ...messages import Marks, Receipt
from ...verdict import Finding
from ..base import Judged
from . import routed
from .rows import (
    DELIVERY_COLUMNS,
    SUMMARY_COLUMNS,
    storable,
    unpack_delivery,
    unpack_findings,
    unpack_owed,
    unpack_receipt,
    unpack_summary,
)
from .schema import OWED

MAX_LIMIT = 10_000
"""No query gives more rows than this, whatever its `limit`."""
READ_BYTES = 2 * 1024 * 1024
"""`receipts` stops after so many bytes of bodies, as they came, so that a stretch of large ones is short."""
ENDLESS = (1 << 63) - 1
"""Above the id of every message."""
_IDS_A_QUERY = 500
_USER = "CASE user_id WHEN '' THEN anonymous_id ELSE user_id END"
_NAMESAKES = 1_000
"""Messages of one messageId among which replays are looked for."""


def _rising(rows: Iterable[tuple[Any, ...]], above: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows whose number, their first column, is above that of all before.

    A damaged tree has others, too: whoever goes on behind the last one would never come to an end.
    """
    for row in rows:
        if isinstance(row[0], int) and row[0] > above:
            above = row[0]
            yield row


def _falling(rows: Iterable[tuple[Any, ...]], below: int) -> Iterator[tuple[Any, ...]]:
    """Yield the rows whose number is below that of all before, as `_rising` does."""
    for row in rows:
        if isinstance(row[0], int) and row[0] < below:
            below = row[0]
            yield row


def receipts(db: sqlite3.Connection, after: int, limit: int) -> list[Receipt]:
    """Return receipts above a number, oldest first; at least one if there is one, else at most READ_BYTES."""
    found: list[Receipt] = []
    taken = 0
    cursor = db.execute(
        "SELECT seq, received_at, form, data FROM receipts WHERE seq > ? ORDER BY seq LIMIT ?",
        (after, bounded(limit)),
    )
    for row in _rising(cursor, after):
        receipt = unpack_receipt(*row)
        found.append(receipt)
        taken += len(receipt.body)
        if taken >= READ_BYTES:
            break
    cursor.close()  # ends the read, which would hold the log back
    return found


def receipt(db: sqlite3.Connection, seq: int) -> Receipt | None:
    """Return one receipt."""
    row = db.execute("SELECT seq, received_at, form, data FROM receipts WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else unpack_receipt(*row)


def summary(db: sqlite3.Connection, id: int) -> Summary | None:
    """Return one line of the list."""
    row = db.execute(f"SELECT {SUMMARY_COLUMNS} FROM lines WHERE id = ?", (id,)).fetchone()
    return None if row is None else unpack_summary(row)


def seen(db: sqlite3.Connection, message_ids: Sequence[str], since: int) -> set[str]:
    """Return those of the messageIds that a message received at or after `since` has, which Segment would
    accept.
    """
    asked = {storable(message_id): message_id for message_id in message_ids if message_id}
    keys = list(asked)
    found: set[str] = set()
    for start in range(0, len(keys), _IDS_A_QUERY):
        some = keys[start : start + _IDS_A_QUERY]
        rows = db.execute(
            f"SELECT message_id FROM messages WHERE message_id IN ({','.join('?' * len(some))}) "
            f"AND message_id != '' AND received_at >= ? AND NOT marks & {int(Marks.WOULD_REJECT)}",
            (*some, since),
        )
        # A damaged index may find a row whose messageId is another one.
        found.update(asked[key] for (key,) in rows if key in asked)
    return found


def verdicts(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, Judged]:
    """Return revision and verdict of these messages, without those that have none."""
    found: dict[int, Judged] = {}
    for start in range(0, len(ids), _IDS_A_QUERY):
        some = ids[start : start + _IDS_A_QUERY]
        rows = db.execute(
            f"SELECT id, revision, verdict FROM lines WHERE id IN ({','.join('?' * len(some))}) "
            "AND revision != ''",
            some,
        )
        for id, revision, verdict in rows:
            if isinstance(revision, str) and isinstance(verdict, bytes):
                found[id] = Judged(revision=revision, verdict=verdict)
    return found


def stale(db: sqlite3.Connection, revision: str, before: int, limit: int) -> list[Summary]:
    """Return the newest messages below an id whose verdict has another revision, oldest first.

    The messages are only looked through if the rows of `verdicts` and the totals say that there are any.
    """
    other = db.execute(
        "SELECT EXISTS (SELECT 1 FROM verdicts WHERE revision < ?) "
        "OR EXISTS (SELECT 1 FROM verdicts WHERE revision > ?) "
        "OR coalesce("
        "(SELECT json_extract(value, '$.received') != json_extract(value, '$.judged') "
        "FROM meta WHERE key = 'counts'), 1)",
        (revision, revision),
    ).fetchone()
    if not other[0]:
        return []
    rows = db.execute(
        f"SELECT {SUMMARY_COLUMNS} FROM lines WHERE id < ? AND revision != ? "
        f"AND NOT marks & {int(Marks.REFUSED)} ORDER BY id DESC LIMIT ?",
        (before, revision, min(limit, MAX_LIMIT)),
    )
    return [unpack_summary(row) for row in reversed(list(_falling(rows, before)))]


def replays(db: sqlite3.Connection, message_id: str, after: int, limit: int) -> list[Summary]:
    """Return the newest replays with that messageId above an id, oldest first.

    Only the newest of a messageId are looked at: an SDK may send the same one with every message.
    """
    rows = db.execute(
        f"SELECT {SUMMARY_COLUMNS} FROM (SELECT {SUMMARY_COLUMNS} FROM lines "
        "WHERE message_id = ? AND message_id != '' ORDER BY received_at DESC LIMIT ?) "
        "WHERE marks & ? AND id > ? ORDER BY id DESC LIMIT ?",
        (storable(message_id), _NAMESAKES, int(Marks.REPLAY), after, bounded(limit)),
    ).fetchall()
    return [unpack_summary(row) for row in reversed(rows)]


def page(db: sqlite3.Connection, before: int | None, after: int | None, limit: int) -> Page:
    """Return a stretch of the list; see `ReadableIndex.page`."""
    limit = bounded(limit)
    start, end = after or 0, ENDLESS if before is None else before
    order = "DESC" if after is None else "ASC"
    found = db.execute(
        f"SELECT {SUMMARY_COLUMNS} FROM lines WHERE id > ? AND id < ? ORDER BY id {order} LIMIT ?",
        (start, end, limit + 1),
    )
    rows = list(_falling(found, end) if after is None else _rising(found, start))
    lines = [unpack_summary(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(summaries=tuple(lines if after is not None else reversed(lines)), more=more)


def owed(db: sqlite3.Connection, after: int, limit: int) -> list[Owed]:
    """Return messages to be sent, oldest first."""
    rows = db.execute(
        "SELECT id, marks, delivery, received_at FROM messages "
        f"WHERE {OWED} AND delivery != ? AND id > ? ORDER BY id LIMIT ?",
        (DeliveryState.HELD.value, after, bounded(limit)),
    )
    return [unpack_owed(*row) for row in _rising(rows, after)]


def owed_with_users(db: sqlite3.Connection, after: int, limit: int) -> list[tuple[Owed, str]]:
    """Return messages to be sent, oldest first, each with the user id or anonymous id that it has."""
    rows = db.execute(
        f"SELECT id, marks, delivery, received_at, {_USER} FROM messages "
        f"WHERE {OWED} AND delivery != ? AND id > ? ORDER BY id LIMIT ?",
        (DeliveryState.HELD.value, after, bounded(limit)),
    )
    return [(unpack_owed(*row), str(user)) for *row, user in rows]


def users_and_states(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return the user id or anonymous id of messages, and the state of their delivery."""
    found: dict[int, tuple[str, str]] = {}
    for start in range(0, len(ids), _IDS_A_QUERY):
        some = ids[start : start + _IDS_A_QUERY]
        rows = db.execute(
            f"SELECT id, {_USER}, delivery FROM messages WHERE id IN ({','.join('?' * len(some))})", some
        )
        found.update({id: (str(user), str(state)) for id, user, state in rows})
    return found


def _delivery_columns(db: sqlite3.Connection) -> str:
    return routed.DELIVERY_COLUMNS_BY_ROUTE if routed.made(db) else DELIVERY_COLUMNS


def deliveries(db: sqlite3.Connection, id: int) -> list[Delivery]:
    """Return all attempts for one message, oldest first."""
    columns = _delivery_columns(db)
    rows = db.execute(f"SELECT {columns} FROM deliveries WHERE message = ? ORDER BY number", (id,))
    return [unpack_delivery(row) for row in rows]


def deliveries_of(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, list[Delivery]]:
    """Return all attempts for some messages."""
    found: dict[int, list[Delivery]] = {}
    columns = _delivery_columns(db)
    for start in range(0, len(ids), _IDS_A_QUERY):
        some = ids[start : start + _IDS_A_QUERY]
        rows = db.execute(
            f"SELECT {columns} FROM deliveries WHERE message IN ({','.join('?' * len(some))}) "
            "ORDER BY number",
            some,
        )
        for row in rows:
            delivery = unpack_delivery(row)
            found.setdefault(delivery.message, []).append(delivery)
    return found


def findings(db: sqlite3.Connection, ids: Sequence[int]) -> dict[int, tuple[Finding, ...]]:
    """Return what the rules on the stream found in these messages."""
    found: dict[int, tuple[Finding, ...]] = {}
    for start in range(0, len(ids), _IDS_A_QUERY):
        some = ids[start : start + _IDS_A_QUERY]
        rows = db.execute(
            f"SELECT id, findings FROM messages WHERE id IN ({','.join('?' * len(some))}) "
            "AND findings != x''",
            some,
        )
        found.update((id, unpack_findings(data)) for id, data in rows)
    return found


def settings(db: sqlite3.Connection) -> str:
    """Return the settings that the last engine ran with; "" where none has kept them."""
    row = db.execute("SELECT value FROM meta WHERE key = 'settings'").fetchone()
    return str(row[0]) if row is not None else ""


def bounded(limit: int) -> int:
    return max(1, min(limit, MAX_LIMIT))
