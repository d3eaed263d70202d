"""Searches the lines for those that a filter matches, from one end of the list, until there are enough.

What costs least is asked first: an index has the messages with an error. If words are searched for, whole
stretches of messages are left out by their texts, see `text_spans`; if the filter asks for nothing but
values in messages, whole requests are, see `Condition`. SQL narrows the lines of the others by their
columns. What it lets through is decided in Python.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from ...api.models import Page, Summary
from ...messages import Receipt, message_number, seq_of
from ..base import Condition, Found
from .ahead import read_ahead
from .progress import Late, Progress, Span, Stopped
from .reader import ENDLESS, bounded, receipt
from .rows import ENTRY_COLUMNS, SUMMARY_COLUMNS, unpack_entry, unpack_receipt, unpack_summary
from .sparse import for_judged, has_few
from .text_spans import HeldTexts, TextSpans

_LINES = 500
"""Lines that are fetched at a time when Python decides about each."""
_RECEIPTS = 16
"""Requests that are fetched at a time."""
_STEPS = 50_000
"""Steps of SQLite's machine after which a query looks whether it is stopped: a few milliseconds."""


def page(
    db: sqlite3.Connection,
    before: int | None,
    after: int | None,
    limit: int,
    condition: Condition,
    filled: bool = True,
    stopped: Callable[[], bool] = lambda: False,
) -> Page:
    """Return the lines that fulfil the condition; see `ReadableIndex.page`.

    `filled` is False for a file of an earlier version. Raises Stopped soon after `stopped` returns True.
    """
    limit = bounded(limit)
    condition = for_judged(db, condition)
    search = Search(db, condition, unfilled(db) if filled else (0, ENDLESS), stopped)
    found: list[Summary] = []
    searched_to = 0
    db.set_progress_handler(stopped, _STEPS)
    try:
        everything = Span(after or 0, ENDLESS if before is None else before)
        for line in search.lines(everything, newest_first=after is None):
            found.append(line)
            if len(found) > limit:
                break
    except Late as end:
        searched_to = end.reached
    except sqlite3.OperationalError as error:
        if stopped():
            raise Stopped from error
        raise
    finally:
        db.set_progress_handler(None, 0)
    lines = found[:limit]
    return Page(
        summaries=tuple(lines if after is not None else reversed(lines)),
        more=len(found) > limit or searched_to > 0,
        searched_to=searched_to,
    )


def unfilled(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the first id that lacks columns, and the one after the last."""
    meta = dict(db.execute("SELECT key, value FROM meta WHERE key IN ('filled', 'fill')").fetchall())
    start, end = meta.get("filled", 0), meta.get("fill", 0)
    if not isinstance(start, int) or not isinstance(end, int) or start >= end:
        return 0, 0
    return message_number(start + 1, 0), message_number(end + 1, 0)


class Search:
    """One search. What the last lines needed is held, for neighbours are often in one request."""

    def __init__(
        self,
        db: sqlite3.Connection,
        condition: Condition,
        lacking: tuple[int, int],
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._db = db
        self._condition = condition
        self._lacking = lacking
        self._stopped = stopped
        self._seq = -1
        self._receipt: Receipt | None = None
        self._texts = HeldTexts(db)

    def lines(self, span: Span, *, newest_first: bool) -> Iterator[Summary]:
        """Yield the lines that match."""
        condition = self._condition
        progress = Progress(
            self._db, span, newest_first=newest_first, stopped=self._stopped, late=condition.late
        )
        spans: Iterable[Span] = (span,)
        if (
            condition.sql_judged
            and not any(self._lacking)
            and has_few(self._db, condition, span.low, span.high)
        ):
            yield from self._within(span, progress)
            return
        if condition.texts is not None:
            within_texts = TextSpans(
                self._db,
                condition.texts,
                progress,
                self._texts,
                sql=condition.sql,
                parameters=condition.parameters,
            )
            spans = within_texts.within(span, self._lacking)
        if condition.positions is not None and condition.sql == "1":
            spans = self._by_receipts(spans, condition.positions, progress)
        elif condition.texts is None:
            read_ahead(self._db)
        for each in spans:
            for piece in progress.pieces(each):
                yield from self._within(piece, progress)
                progress.looked(piece.low + 1, piece.high - 1)

    def _by_receipts(
        self,
        spans: Iterable[Span],
        positions: Callable[[Receipt], Collection[int] | None],
        progress: Progress,
    ) -> Iterator[Span]:
        """Yield the messages that may match of each request in the spans."""
        for span in spans:
            yield from self._in_receipts(span, positions, progress)

    def _in_receipts(
        self, span: Span, positions: Callable[[Receipt], Collection[int] | None], progress: Progress
    ) -> Iterator[Span]:
        newest_first = progress.newest_first
        order = "DESC" if newest_first else "ASC"
        low, high = seq_of(span.low + 1), min(seq_of(span.high - 1), ENDLESS)
        while True:
            progress.fetch()
            rows = self._db.execute(
                "SELECT seq, received_at, form, data FROM receipts "
                f"WHERE seq >= ? AND seq <= ? ORDER BY seq {order} LIMIT ?",
                (low, high, _RECEIPTS),
            ).fetchall()
            for row in rows:
                progress.look()
                self._seq, self._receipt = row[0], unpack_receipt(*row)
                some = positions(self._receipt)
                if some is None or some:
                    first = message_number(self._seq, 0)
                    ids = None if some is None else {first + position for position in some}
                    end = message_number(self._seq + 1, 0)
                    yield Span(max(span.low, first - 1), min(span.high, end), ids, span.cut)
                else:
                    ends = message_number(self._seq, 0), message_number(self._seq + 1, 0) - 1
                    progress.looked(max(span.low + 1, ends[0]), min(span.high - 1, ends[1]))
            if len(rows) < _RECEIPTS:
                return
            low, high = (low, rows[-1][0] - 1) if newest_first else (rows[-1][0] + 1, high)

    def _within(self, span: Span, progress: Progress) -> Iterator[Summary]:
        """Yield the lines of a span that match."""
        newest_first = progress.newest_first
        condition, (start, end) = self._condition, self._lacking
        matches = condition.matches
        columns = SUMMARY_COLUMNS if matches is None else ENTRY_COLUMNS
        tests = "id > ? AND id < ?"
        parameters: tuple[str | int, ...] = ()
        if condition.sql != "1":
            if span.low < end and span.high > start:
                tests += f" AND (({condition.sql}) OR id >= ? AND id < ?)"
                parameters = (*condition.parameters, start, end)
            else:
                tests += f" AND ({condition.sql})"
                parameters = condition.parameters
        if span.cut:
            tests += " AND text_cut"
        order = "DESC" if newest_first else "ASC"
        query = f"SELECT {columns} FROM lines WHERE {tests} ORDER BY id {order} LIMIT ?"
        low, high = span.low, span.high
        while True:
            rows = self._db.execute(query, (low, high, *parameters, _LINES)).fetchall()
            for row in rows:
                if span.ids is not None and row[0] not in span.ids:
                    continue
                if matches is None:
                    yield unpack_summary(row)
                elif (found := self._found(row)) and matches(found):
                    yield found.entry.summary
                progress.look()
                progress.looked(row[0], row[0])
            if len(rows) < _LINES:
                return
            low, high = (low, rows[-1][0]) if newest_first else (rows[-1][0], high)

    def _found(self, row: Sequence[object]) -> Found:
        entry = unpack_entry(row)
        id = entry.summary.id
        filled = not self._lacking[0] <= id < self._lacking[1]
        return Found(entry, filled, lambda: self._receipt_of(seq_of(id)), lambda: self._texts.of(id))

    def _receipt_of(self, seq: int) -> Receipt | None:
        if seq != self._seq:
            self._seq, self._receipt = seq, receipt(self._db, seq)
        return self._receipt
