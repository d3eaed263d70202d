"""The journal's totals, kept in step with the message rows rather than counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from ...delivery import DeliveryCounts
from ...messages import Marks
from ..base import Counts

_STATES = DeliveryCounts.__struct_fields__
_REFUSED_REQUESTS = "refused requests"
"""Apart from the delivery `refused`, which is Mixpanel's answer."""
# Plain numbers: operations on flags cost more than the rest.
_REFUSED, _TEED = int(Marks.REFUSED), int(Marks.TEED)
_OTHERS = ("received", "teed", "errors", "warnings")


class Row(NamedTuple):
    """What of a row of `messages` is counted; in the order of `COUNTED`."""

    marks: int
    delivery: str
    errors: int
    warnings: int

    @classmethod
    def read(cls, row: Sequence[object]) -> Row:
        """Return the row with nothing in the places where it is damaged."""
        marks, delivery, errors, warnings = row
        return cls(
            marks if isinstance(marks, int) else 0,
            delivery if isinstance(delivery, str) else "",
            errors if isinstance(errors, int) else 0,
            warnings if isinstance(warnings, int) else 0,
        )


COUNTED = "marks, delivery, errors, warnings"


def facets(row: Row) -> tuple[str, ...]:
    """Return the totals that a row adds to: fields of Counts, and the delivery's word for a message."""
    marks, delivery, errors, warnings = row
    names = ["errors"] if errors else ["warnings"] if warnings else []
    if marks & _REFUSED:
        return (*names, _REFUSED_REQUESTS)
    if marks & _TEED:
        names.append("teed")
    return (*names, "received", delivery)


class Tally:
    """Totals that change by addition; treated as immutable: `with_changes` makes the next one."""

    def __init__(self, totals: Counter[str]) -> None:
        self._totals = totals
        self.counts = Counts(
            **{name: totals[name] for name in _OTHERS},
            refused=totals[_REFUSED_REQUESTS],
            deliveries=DeliveryCounts(**{state: totals[state] for state in _STATES}),
        )

    def with_changes(self, changes: Iterable[tuple[Row, int]]) -> Tally:
        """Return the tally after `(row, how many more of it)` of each change."""
        folded: Counter[Row] = Counter()
        for row, more in changes:
            folded[row] += more
        totals = self._totals.copy()
        for row, more in folded.items():
            for name in facets(row):
                totals[name] += more
        return Tally(totals)

    def encode(self) -> str:
        """Return the text that the journal keeps."""
        return msgspec.json.encode(self.counts).decode()

    @classmethod
    def decode(cls, text: str) -> Tally:
        """Read the text that the journal keeps. Raises msgspec.DecodeError."""
        counts = msgspec.json.decode(text, type=Counts)
        totals = Counter({name: getattr(counts, name) for name in _OTHERS})
        totals[_REFUSED_REQUESTS] = counts.refused
        totals.update(msgspec.structs.asdict(counts.deliveries))
        return cls(totals)
