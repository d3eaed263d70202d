"""The journal's totals, kept in step with the message rows rather than counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

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


def facets(marks: int, delivery: str) -> tuple[str, ...]:
    """The fields of Counts in which a row of those marks and that delivery state counts."""
    if marks & Marks.REFUSED:
        return ("refused",)
    names = ["received"]
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

    def with_changes(self, changes: Iterable[tuple[int, str, int]]) -> Tally:
        """The tally after `(marks, delivery, how many more)` of each change."""
        totals = self._totals.copy()
        for marks, delivery, more in changes:
            for name in facets(marks, delivery):
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
