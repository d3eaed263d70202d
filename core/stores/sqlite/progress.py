"""How far a search of the lines is: which it looked at, and whether it is to end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from ...messages import message_number, seq_of
from .ahead import read_ahead

_NEWEST = 5
"""Fetches after which it is likely that the whole file will be read."""
_TOGETHER = 1_000
"""Requests whose lines are asked for in one query if time may end the search."""


class Stopped(Exception):
    """The end of a search that nobody waits for any more."""


class Late(Exception):
    """The end of a search whose time is up; `reached` is the id up to which it looked."""

    def __init__(self, reached: int) -> None:
        super().__init__(reached)
        self.reached = reached


class Span(NamedTuple):
    """Lines to look at: those above `low` and below `high`, of `ids` only if these are given.

    With `cut` they are only those of which the whole text is not kept.
    """

    low: int
    high: int
    ids: Collection[int] | None = None
    cut: bool = False


class Progress:
    """A search of a span in one direction, which `stopped` and `late` may end."""

    def __init__(
        self,
        db: sqlite3.Connection,
        span: Span,
        *,
        newest_first: bool,
        stopped: Callable[[], bool],
        late: Callable[[], bool] | None,
    ) -> None:
        self._db = db
        self._stopped = stopped
        self._late = late
        self._fetched = 0
        self.newest_first = newest_first
        self._end, self._reached = (span.low + 1, span.high) if newest_first else (span.high - 1, span.low)
        """The last id to look at; and up to which it looked, if time may end the search."""

    def pieces(self, span: Span) -> Iterator[Span]:
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
            if self.newest_first:
                start = max(low, message_number(seq_of(high - 1) - _TOGETHER + 1, 0) - 1)
                yield span._replace(low=start, high=high)
                high = start + 1
            else:
                end = min(high, message_number(seq_of(low + 1) + _TOGETHER, 0))
                yield span._replace(low=low, high=end)
                low = end - 1

    def looked(self, first: int, last: int) -> None:
        """Note that the lines from one id to another were looked at. Raises Late if time is up."""
        if self._late is None:
            return
        id = first if self.newest_first else last
        if (id < self._reached) if self.newest_first else (id > self._reached):
            self._reached = id
            if ((id > self._end) if self.newest_first else (id < self._end)) and self._late():
                raise Late(self._reached)

    def look(self) -> None:
        """Raise Stopped if nobody waits for the search any more."""
        if self._stopped():
            raise Stopped

    def fetch(self) -> None:
        """Count what is fetched; have the file read ahead once it is not found among the newest."""
        self._fetched += 1
        if self._fetched == _NEWEST:
            read_ahead(self._db)
