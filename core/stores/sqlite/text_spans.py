"""Leaves out whole stretches of messages by their texts, and texts by what SQL accepts, see `search`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing

from .ahead import read_ahead
from .progress import Progress, Span
from .texts import Texts, row_before, rows_between

_TEXTS = 40
"""Rows of texts that are fetched at a time."""
_NEXT_TEXTS = "SELECT coalesce(min(first), ?2) FROM texts WHERE first > ?1"
_SAMPLE = 20
"""Rows of texts after which it is known how many lines of a row SQL accepts."""
_MANY = 30
"""Lines in so many rows that SQL accepts; with more of them, most rows have such lines."""
_MOST_FETCHES = 16
"""Fetches of rows that are read one after the other before SQL is asked again."""


class HeldTexts:
    """The texts that a search unpacked last: neighbours are in one row."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._texts: Texts | None = None

    def hold(self, texts: Texts) -> None:
        """Hold these in place of those before."""
        self._texts = texts

    def of(self, id: int) -> str | None:
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


class TextSpans:
    """The spans in whose texts something may match, by what `test` says of stretches of them.

    `sql` is a condition on the lines that narrows as well, "1" for none.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        test: Callable[[bytes], bool],
        progress: Progress,
        held: HeldTexts,
        *,
        sql: str,
        parameters: Sequence[str | int],
    ) -> None:
        self._db = db
        self._test = test
        self._progress = progress
        self._sql, self._parameters = sql, parameters
        self._held = held

    def within(self, span: Span, lacking: tuple[int, int]) -> Iterator[Span]:
        """Yield the spans in whose texts something may match, and those whose texts are not there yet.

        `lacking` are the first id without a text and the one after the last.
        """
        start, end = lacking
        parts = [
            (Span(span.low, min(span.high, start)), True),
            (Span(max(span.low, start - 1), min(span.high, end)), False),
            (Span(max(span.low, end - 1), span.high), True),
        ]
        for part, has_texts in reversed(parts) if self._progress.newest_first else parts:
            if part.low + 1 >= part.high:
                continue
            if has_texts:
                yield from self._with_texts(part)
            else:
                yield part

    def _with_texts(self, span: Span) -> Iterator[Span]:
        if self._sql == "1":
            yield from self._all(span)
            return
        read_ahead(self._db)
        fetches = 1
        for piece in self._progress.pieces(span):
            rest = yield from self._of_accepted(piece)
            while rest is not None and (rest := (yield from self._all(rest, fetches))) is not None:
                fetches = min(2 * fetches, _MOST_FETCHES)
                rest = yield from self._of_accepted(rest)

    def _of_accepted(self, span: Span) -> Generator[Span, None, Span | None]:
        """Yield as `_all` does, but unpack no texts without a line that SQL accepts.

        Returns what is left where most texts have such lines: they are sooner read one after the other.
        """
        newest_first = self._progress.newest_first
        order = "DESC" if newest_first else "ASC"
        query = f"SELECT id FROM lines WHERE id > ? AND id < ? AND ({self._sql}) ORDER BY id {order}"
        low, high, rows, accepted = span.low, span.low + 1, 0, 0
        with closing(self._db.execute(query, (span.low, span.high, *self._parameters))) as ids:
            for (id,) in ids:
                accepted += 1
                if low < id < high:
                    continue
                if rows == _SAMPLE:
                    if accepted > _MANY:
                        return span._replace(high=id + 1) if newest_first else span._replace(low=id - 1)
                    rows = accepted = 0
                first = row_before(self._db, id)
                found = rows_between(self._db, first, first + 1, newest_first=newest_first, limit=1)
                yield from self._in_rows(found, span)
                low, high = (found[0][0] - 1, found[0][1] + 1) if found else (id - 1, id + 1)
                rows += 1
        self._progress.looked(span.low + 1, span.high - 1)
        return None

    def _all(self, span: Span, fetches: int = 0) -> Generator[Span, None, Span | None]:
        """Yield the spans in whose texts something may match.

        Returns what is left of the span after so many fetches, None at its end.
        """
        newest_first = self._progress.newest_first
        low, high = row_before(self._db, span.low + 1), span.high
        while True:
            self._progress.fetch()
            rows = rows_between(self._db, low, high, newest_first=newest_first, limit=_TEXTS)
            yield from self._in_rows(rows, span)
            if len(rows) < _TEXTS:
                return None
            first, last = rows[-1][:2]
            low, high = (low, first) if newest_first else (first + 1, high)
            fetches -= 1
            if not fetches:
                return span._replace(high=first) if newest_first else span._replace(low=last)

    def _in_rows(self, rows: Iterable[tuple[int, int, int, bytes, bytes]], span: Span) -> Iterator[Span]:
        """Yield the spans of rows of texts in which something may match."""
        for row in rows:
            self._progress.look()
            try:
                texts = Texts(*row)
            except ValueError:  # damaged: its lines are decided one by one
                (end,) = self._db.execute(_NEXT_TEXTS, (row[0], span.high)).fetchone()
                yield Span(max(span.low, row[0] - 1), min(span.high, end))
                continue
            holds = self._test(texts.data)
            if holds or texts.cut:
                self._held.hold(texts)
                ends = max(span.low, texts.first - 1), min(span.high, texts.last + 1)
                yield Span(*ends, cut=not holds)
            else:
                self._progress.looked(max(span.low + 1, texts.first), min(span.high - 1, texts.last))
