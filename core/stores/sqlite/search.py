"""Searches the lines for those that a filter matches, from one end of the list, until there are enough.

What costs least is asked first: an index has the messages with an error. If words are searched for, whole
stretches of messages are left out by their texts, see `texts`; if the filter asks for nothing but values in
messages, whole requests are, see `Condition`. SQL narrows the lines of the others by their columns. What it
lets through is decided in Python.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from ...api.models import Page, Summary
from ...messages import Receipt, message_number, seq_of
from ..base import Condition, Found
from .ahead import read_ahead
from .reader import ENDLESS, bounded, receipt
from .rows import ENTRY_COLUMNS, SUMMARY_COLUMNS, unpack_entry, unpack_receipt, unpack_summary
from .sparse import for_judged, has_few
from .texts import Texts, row_before, rows_between

_LINES = 500
"""Lines that are fetched at a time when Python decides about each."""
_TEXTS = 40
"""Rows of texts that are fetched at a time."""
_RECEIPTS = 16
"""Requests that are fetched at a time."""
_NEWEST = 5
"""Fetches after which it is likely that the whole file will be read."""
_NEXT_TEXTS = "SELECT coalesce(min(first), ?2) FROM texts WHERE first > ?1"
_STEPS = 50_000
"""Steps of SQLite's machine after which a query looks whether it is stopped: a few milliseconds."""


_TOGETHER = 1_000
"""Requests whose lines are asked for in one query if time may end the search."""


class Stopped(Exception):
    """The end of a search that nobody waits for any more."""


class Late(Exception):
    """The end of a search whose time is up."""


class Span(NamedTuple):
    """Lines to look at: those above `low` and below `high`, of `ids` only if these are given.

    With `cut` they are only those of which the whole text is not kept.
    """

    low: int
    high: int
    ids: Collection[int] | None = None
    cut: bool = False


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
    except Late:
        searched_to = search.reached
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
        self._texts: Texts | None = None
        self._fetched = 0
        self._late: Callable[[], bool] | None = None
        self._newest_first = True
        self._end = 0
        """The last id to look at."""
        self.reached = 0
        """The id up to which was looked, downwards or upwards, if time may end the search."""

    def lines(self, span: Span, *, newest_first: bool) -> Iterator[Summary]:
        """Yield the lines that match."""
        condition = self._condition
        self._late, self._newest_first = condition.late, newest_first
        self._end, self.reached = (span.low + 1, span.high) if newest_first else (span.high - 1, span.low)
        spans: Iterable[Span] = (span,)
        if (
            condition.sql_judged
            and not any(self._lacking)
            and has_few(self._db, condition, span.low, span.high)
        ):
            yield from self._within(span, newest_first)
            return
        if condition.texts is not None:
            spans = self._by_texts(span, condition.texts, newest_first)
        if condition.positions is not None and condition.sql == "1":
            spans = self._by_receipts(spans, condition.positions, newest_first)
        elif condition.texts is None:
            read_ahead(self._db)
        for each in spans:
            for piece in self._pieces(each):
                yield from self._within(piece, newest_first)
                self._looked(piece.low + 1, piece.high - 1)

    def _pieces(self, span: Span) -> Iterator[Span]:
        """Yield the span in pieces that a query is soon done with, if time may end the search."""
        if self._late is None or seq_of(span.high - 1) - seq_of(span.low + 1) < _TOGETHER:
            yield span
            return
        lowest, highest = self._db.execute(
            "SELECT (SELECT min(id) FROM messages), (SELECT max(id) FROM messages)"
        ).fetchone()
        if lowest is None:
            return
        low, high = max(span.low, lowest - 1), min(span.high, highest + 1)
        while low + 1 < high:
            if self._newest_first:
                start = max(low, message_number(seq_of(high - 1) - _TOGETHER + 1, 0) - 1)
                yield span._replace(low=start, high=high)
                high = start + 1
            else:
                end = min(high, message_number(seq_of(low + 1) + _TOGETHER, 0))
                yield span._replace(low=low, high=end)
                low = end - 1

    def _looked(self, first: int, last: int) -> None:
        """Note that the lines from one id to another were looked at. Raises Late if time is up."""
        if self._late is None:
            return
        id = first if self._newest_first else last
        if (id < self.reached) if self._newest_first else (id > self.reached):
            self.reached = id
            if ((id > self._end) if self._newest_first else (id < self._end)) and self._late():
                raise Late

    def _look(self) -> None:
        if self._stopped():
            raise Stopped

    def _fetch(self) -> None:
        """Count what is fetched; have the file read ahead once it is not found among the newest."""
        self._fetched += 1
        if self._fetched == _NEWEST:
            read_ahead(self._db)

    def _by_texts(self, span: Span, test: Callable[[bytes], bool], newest_first: bool) -> Iterator[Span]:
        """Yield the spans in whose texts something may match, and those whose texts are not there yet."""
        start, end = self._lacking
        parts = [
            (Span(span.low, min(span.high, start)), True),
            (Span(max(span.low, start - 1), min(span.high, end)), False),
            (Span(max(span.low, end - 1), span.high), True),
        ]
        for part, has_texts in reversed(parts) if newest_first else parts:
            if part.low + 1 >= part.high:
                continue
            if has_texts:
                yield from self._with_texts(part, test, newest_first)
            else:
                yield part

    def _with_texts(self, span: Span, test: Callable[[bytes], bool], newest_first: bool) -> Iterator[Span]:
        low, high = row_before(self._db, span.low + 1), span.high
        while True:
            self._fetch()
            rows = rows_between(self._db, low, high, newest_first=newest_first, limit=_TEXTS)
            for row in rows:
                self._look()
                try:
                    texts = Texts(*row)
                except ValueError:  # damaged: its lines are decided one by one
                    (end,) = self._db.execute(_NEXT_TEXTS, (row[0], span.high)).fetchone()
                    yield Span(max(span.low, row[0] - 1), min(span.high, end))
                    continue
                holds = test(texts.data)
                if holds or texts.cut:
                    self._texts = texts
                    ends = max(span.low, texts.first - 1), min(span.high, texts.last + 1)
                    yield Span(*ends, cut=not holds)
                else:
                    self._looked(max(span.low + 1, texts.first), min(span.high - 1, texts.last))
            if len(rows) < _TEXTS:
                return
            low, high = (low, rows[-1][0]) if newest_first else (rows[-1][0] + 1, high)

    def _by_receipts(
        self,
        spans: Iterable[Span],
        positions: Callable[[Receipt], Collection[int] | None],
        newest_first: bool,
    ) -> Iterator[Span]:
        """Yield the messages that may match of each request in the spans."""
        for span in spans:
            yield from self._in_receipts(span, positions, newest_first)

    def _in_receipts(
        self, span: Span, positions: Callable[[Receipt], Collection[int] | None], newest_first: bool
    ) -> Iterator[Span]:
        order = "DESC" if newest_first else "ASC"
        low, high = seq_of(span.low + 1), min(seq_of(span.high - 1), ENDLESS)
        while True:
            self._fetch()
            rows = self._db.execute(
                "SELECT seq, received_at, form, data FROM receipts "
                f"WHERE seq >= ? AND seq <= ? ORDER BY seq {order} LIMIT ?",
                (low, high, _RECEIPTS),
            ).fetchall()
            for row in rows:
                self._look()
                self._seq, self._receipt = row[0], unpack_receipt(*row)
                some = positions(self._receipt)
                if some is None or some:
                    first = message_number(self._seq, 0)
                    ids = None if some is None else {first + position for position in some}
                    end = message_number(self._seq + 1, 0)
                    yield Span(max(span.low, first - 1), min(span.high, end), ids, span.cut)
                else:
                    ends = message_number(self._seq, 0), message_number(self._seq + 1, 0) - 1
                    self._looked(max(span.low + 1, ends[0]), min(span.high - 1, ends[1]))
            if len(rows) < _RECEIPTS:
                return
            low, high = (low, rows[-1][0] - 1) if newest_first else (rows[-1][0] + 1, high)

    def _within(self, span: Span, newest_first: bool) -> Iterator[Summary]:
        """Yield the lines of a span that match."""
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
                self._look()
                self._looked(row[0], row[0])
            if len(rows) < _LINES:
                return
            low, high = (low, rows[-1][0]) if newest_first else (rows[-1][0], high)

    def _found(self, row: Sequence[object]) -> Found:
        entry = unpack_entry(row)
        id = entry.summary.id
        filled = not self._lacking[0] <= id < self._lacking[1]
        return Found(entry, filled, lambda: self._receipt_of(seq_of(id)), lambda: self._text_of(id))

    def _receipt_of(self, seq: int) -> Receipt | None:
        if seq != self._seq:
            self._seq, self._receipt = seq, receipt(self._db, seq)
        return self._receipt

    def _text_of(self, id: int) -> str | None:
        """Return the searched text of a message, None if it is not there."""
        if self._texts is None or not self._texts.first <= id <= self._texts.last:
            self._texts = None
            low = row_before(self._db, id)
            for row in rows_between(self._db, low, low + 1, newest_first=True, limit=1):
                try:
                    self._texts = Texts(*row)
                except ValueError:
                    return None
        return None if self._texts is None else self._texts.of(id)
