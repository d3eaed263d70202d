"""Deleting receipts with their messages and deliveries, a step at a time.

A step is small, for a receipt that arrives meanwhile waits for it. It is done in few statements that return
few rows: with each row SQLite's module lets go of the interpreter, and while the event loop is busy it waits
some milliseconds to have it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from ...messages import POSITION_BITS, message_number, seq_of
from ..tallies import MINUTE
from . import requests, routed
from .delivery_rows import DeliveryRows
from .message_rows import SET_META
from .schema import OWED
from .shared import Uses
from .tally import Changes, Row

STEP_MESSAGES = 500
"""Messages that one step deletes at most, unless a single receipt has more."""
STEP_RECEIPTS = 256

_IS_OWED = f"""EXISTS (
    SELECT 1 FROM messages
    WHERE {OWED} AND id >= (seq << {POSITION_BITS}) AND id < ((seq + 1) << {POSITION_BITS})
)"""
_IS_OWED_OR_TO_A_ROUTE = f"({_IS_OWED} OR {requests.IS_OWED})"
"""The same where there are tables for routes."""
_OLDEST_FREE = """
    SELECT seq, length(data) FROM receipts WHERE seq > ? AND seq <= ? AND NOT {} ORDER BY seq LIMIT ?
"""
OLDEST_FREE = _OLDEST_FREE.format(_IS_OWED)
_OLDEST = """
    SELECT seq, length(data), received_at, {} FROM receipts
    WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?
"""
_MAY_GO = "NOT {} AND (?3 IS NULL OR received_at < ?3)"
_FIRST = f"""
    SELECT seq FROM (
        SELECT seq, received_at FROM receipts WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?4
    ) AS receipts WHERE {_MAY_GO} ORDER BY seq LIMIT 1
"""
_STEP = f"""
    SELECT json_group_array(json_array(seq, bytes)) FROM (
        SELECT seq, length(data) AS bytes FROM receipts
        WHERE seq >= ?1 AND seq <= ?2 AND {_MAY_GO} ORDER BY seq LIMIT {STEP_RECEIPTS}
    )
"""
_BEHIND_STEP = f"SELECT id FROM messages WHERE id >= ? ORDER BY id LIMIT 1 OFFSET {STEP_MESSAGES}"
_GONE = f"""
    SELECT marks, delivery, errors, warnings, gone.id, received_at, type, coalesce(name, event), event,
        rules, sent, kind, judged, messages, lacks
    FROM (
        SELECT marks, delivery, errors, warnings, max(id) AS id, max(received_at) AS received_at,
            name, kind, judged, count(*) AS messages, id >= ?3 AND id < ?4 AS lacks
        FROM messages WHERE id >= ?1 AND id < ?2
        GROUP BY marks, delivery, errors, warnings, name, kind, judged, messages.received_at / {MINUTE}, lacks
    ) AS gone LEFT JOIN kinds ON kinds.id = kind LEFT JOIN verdicts ON verdicts.id = judged
"""
"""The messages of a span, those together that are counted alike: the columns of `Row`, and how many."""
_FORGET_TEXTS = """
    DELETE FROM texts WHERE first >= (SELECT coalesce(max(first), 0) FROM texts WHERE first <= ?1)
    AND first < ?2 AND last >= ?1 AND NOT EXISTS (
        SELECT 1 FROM messages WHERE messages.id >= texts.first AND messages.id <= texts.last
    )
"""

_read_step = msgspec.json.Decoder(list[tuple[int, int]]).decode


class Aged(NamedTuple):
    """A receipt: its number, bytes and time (ms), and whether one of its messages is owed."""

    seq: int
    size: int
    received_at: int
    owed: int


class Deletion(DeliveryRows):
    """Finds receipts that nobody needs, and deletes them.

    Every method raises sqlite3.Error and then leaves everything as it was.
    """

    def oldest_free(self, above: int, limit: int) -> list[tuple[int, int]]:
        """Return number and size of the oldest receipts above a number that are indexed and not owed."""
        query = _OLDEST_FREE.format(self._is_owed)
        return self._db.execute(query, (above, self.indexed, limit)).fetchall()

    def oldest(self, above: int, limit: int) -> list[Aged]:
        """Return the oldest receipts above a number that are indexed."""
        query = _OLDEST.format(self._is_owed)
        return [Aged(*row) for row in self._db.execute(query, (above, self.indexed, limit))]

    def free_step(self, above: int, before: int | None = None, look_at: int = -1) -> list[tuple[int, int]]:
        """Return number and size of the oldest receipts above a number that one step may delete.

        They are indexed, not owed, and were received before a time (ms) if it is given. The first of them is
        looked for in so many receipts; -1: in all.
        """
        is_owed = self._is_owed
        first = self._db.execute(_FIRST.format(is_owed), (above, self.indexed, before, look_at)).fetchone()
        if first is None:
            return []
        (seq,) = first
        last = min(self.indexed, self._last_of_step(seq))
        (found,) = self._db.execute(_STEP.format(is_owed), (seq, last, before)).fetchone()
        return _read_step(found)

    def delete_first(self, numbers: Sequence[int]) -> int:
        """Delete the first of these receipts, in order, as many as one step may; return how many."""
        last = self._last_of_step(numbers[0])
        some = [seq for seq in numbers[:STEP_RECEIPTS] if seq <= last]
        self.delete(some)
        return len(some)

    def _last_of_step(self, first: int) -> int:
        """Return the last receipt that a step may delete which begins with this one."""
        row = self._db.execute(_BEHIND_STEP, (message_number(first, 0),)).fetchone()
        return self.last_seq if row is None else max(first, seq_of(row[0]) - 1)

    @property
    def _is_owed(self) -> str:
        """The condition under which a receipt must be kept."""
        return _IS_OWED_OR_TO_A_ROUTE if requests.made(self._db) else _IS_OWED

    def delete(self, numbers: Sequence[int]) -> None:
        """Forget receipts, which are in order, their messages and deliveries."""
        runs = list(_runs(numbers))
        spans = [(message_number(first, 0), message_number(last + 1, 0)) for first, last in runs]
        with self._unsynced(), self._transaction():
            gone = self._gone(spans)
            tally = self._tally.with_changes((row, -messages) for row, messages, _ in gone)
            changes = Changes()
            kinds, verdicts = Uses(self._kinds), Uses(self._verdicts)
            for row, messages, lacks in gone:
                kinds.less(row.kind, messages)
                verdicts.less(row.judged, messages)
                if not lacks:
                    changes.less_alike(row, messages)
            changes.write(self._db)
            kinds.write(self._db)
            verdicts.write(self._db)
            for span in spans:
                self._db.execute("DELETE FROM deliveries WHERE message >= ? AND message < ?", span)
                self._db.execute("DELETE FROM messages WHERE id >= ? AND id < ?", span)
                self._db.execute(_FORGET_TEXTS, span)
            for run in runs:
                self._db.execute("DELETE FROM receipts WHERE seq >= ? AND seq <= ?", run)
            if requests.made(self._db):
                requests.forget(self._db, runs)
            if routed.made(self._db):
                routed.forget(self._db, spans)
            self._db.executemany(SET_META, [(self.last_seq, "last_seq"), (tally.encode(), "counts")])
        self._tally = tally
        self.line_changes += 1
        kinds.done()
        verdicts.done()
        self._tail.forget()

    def _gone(self, spans: Sequence[tuple[int, int]]) -> list[tuple[Row, int, bool]]:
        """Return messages of spans, how many are alike, and whether their rows are not filled in yet."""
        start, end = self.filled
        lacking = (message_number(start + 1, 0), message_number(end + 1, 0)) if end else (0, 0)
        return [
            (Row.read(row), messages, bool(lacks))
            for span in spans
            for *row, messages, lacks in self._db.execute(_GONE, (*span, *lacking)).fetchall()
        ]


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last number of each run without a gap."""
    first = last = None
    for number in numbers:
        if first is None or last is None:
            first = last = number
        elif number == last + 1:
            last = number
        else:
            yield first, last
            first = last = number
    if first is not None and last is not None:
        yield first, last
