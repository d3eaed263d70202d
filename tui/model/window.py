"""A window of summaries: what the list holds in memory of a journal that may be far longer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

import msgspec

from ...core.api.models import Change, Summary

LIMIT = 12_000
"""Messages that the list holds; the others are read from the journal when they come into sight."""


def _id(summary: Summary) -> int:
    return summary.id


def with_change(row: Summary, change: Change) -> Summary:
    """Return a summary with its delivery as it stands now; the same one if nothing changed."""
    status = change.status or (row.status if row.delivery is change.delivery else 0)
    if (row.delivery, row.status) == (change.delivery, status):
        return row
    return msgspec.structs.replace(row, delivery=change.delivery, status=status)


class Window:
    """A contiguous stretch of the (filtered) list, oldest first, at most about `limit` long.

    Ids rise along the stretch. `more_above` and `more_below` tell whether the journal has older and newer
    ones that are not held. Appending costs the same whatever is held.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.slack = max(limit // 20, 1)
        self.rows: list[Summary] = []
        self.more_above = False
        self.more_below = False

    def __len__(self) -> int:
        return len(self.rows)

    def reset(self, summaries: Sequence[Summary] = (), *, more_above: bool = False) -> None:
        """Hold these alone; they reach to the newest."""
        self.rows = list(summaries)
        self.more_above = more_above
        self.more_below = False

    def append(self, summaries: Iterable[Summary]) -> int:
        """Add newer ones at the end and return how many. Those already held are left out."""
        rows = self.rows
        before = len(rows)
        last = rows[-1].id if rows else -1
        for summary in summaries:
            if summary.id > last:
                rows.append(summary)
                last = summary.id
        return len(rows) - before

    def prepend(self, summaries: Sequence[Summary], *, more: bool) -> int:
        """Add older ones at the top and return how many; `more` tells whether yet older ones exist."""
        self.more_above = more
        first = self.rows[0].id if self.rows else None
        older = [summary for summary in summaries if first is None or summary.id < first]
        self.rows[:0] = older
        return len(older)

    def index(self, id: int) -> int | None:
        """Return the row of a message, None if the window lacks it."""
        at = bisect_left(self.rows, id, key=_id)
        return at if at < len(self.rows) and self.rows[at].id == id else None

    def nearest(self, id: int) -> int:
        """Return the row that a message has or would have; 0 if the window is empty."""
        return max(min(bisect_left(self.rows, id, key=_id), len(self.rows) - 1), 0)

    def change(self, changes: Iterable[Change]) -> list[int]:
        """Note where deliveries stand now; returns the places of the rows that changed."""
        places: list[int] = []
        for change in changes:
            at = self.index(change.id)
            if at is None:
                continue
            changed = with_change(self.rows[at], change)
            if changed is not self.rows[at]:
                self.rows[at] = changed
                places.append(at)
        return places

    def trim(self, *, keep_from: int) -> int:
        """Let go of what is over the limit and return how many were dropped at the top.

        Rows from `keep_from` on are being read. The oldest go first; when they are being read, the newest go.
        """
        over = len(self.rows) - self.limit
        if over < self.slack:
            return 0
        if keep_from >= over:
            self.drop(over)
            return over
        self.cut_below()
        return 0

    def drop(self, count: int) -> None:
        """Let go of that many of the oldest."""
        del self.rows[:count]
        self.more_above = True

    def cut_below(self) -> bool:
        """Let go of the newest that are over the limit. Returns False if none are."""
        over = len(self.rows) > self.limit
        if over:
            del self.rows[self.limit :]
            self.more_below = True
        return over
