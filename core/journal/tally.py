"""The journal's totals, kept in step with the message rows rather than counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from ..delivery import DeliveryState
from ..messages import Marks
from .base import Counts

_BY_STATE: dict[str, str] = {
    DeliveryState.NOT_WANTED: "unsent",
    DeliveryState.WAITING: "waiting",
    DeliveryState.TAKEN: "taken",
    DeliveryState.REFUSED: "refused_by_mixpanel",
}


class Row(NamedTuple):
    """What of a row of `messages` is counted; in the order of `COUNTED`."""

    marks: int
    delivery: str
    errors: int
    warnings: int


COUNTED = "marks, delivery, errors, warnings"


def facets(row: Row) -> tuple[str, ...]:
    """The fields of Counts in which a row counts."""
    marks, delivery, errors, warnings = row
    names = ["errors"] if errors else ["warnings"] if warnings else []
    if marks & Marks.REFUSED:
        return (*names, "refused")
    names.append("received")
    if marks & Marks.TEED:
        names.append("teed")
    if delivery in _BY_STATE:
        names.append(_BY_STATE[delivery])
    return tuple(names)


class Tally:
    """Totals that change by addition; an immutable-by-habit value: `with_changes` makes the next one."""

    def __init__(self, totals: Counter[str]) -> None:
        self._totals = totals
        self.counts = Counts(**totals)

    def with_changes(self, changes: Iterable[tuple[Row, int]]) -> Tally:
        """The tally after `(row, how many more of it)` of each change."""
        totals = self._totals.copy()
        for row, more in changes:
            for name in facets(row):
                totals[name] += more
        return Tally(totals)

    def encode(self) -> str:
        """As kept in the journal."""
        return msgspec.json.encode(self.counts).decode()

    @classmethod
    def decode(cls, text: str) -> Tally:
        """Out of the journal. Raises msgspec.DecodeError."""
        counts = msgspec.json.decode(text, type=Counts)
        return cls(Counter(msgspec.structs.asdict(counts)))
