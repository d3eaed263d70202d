"""Counts what an engine receives, refuses and delivers, and measures how long that takes.

All numbers are those of one engine since its start, and begin with 0 at the next: a journal may be cleared
and rotated, and a total that falls would be read as a restart. Counting costs some tenths of a microsecond a
message, and reading the numbers costs nothing that grows with the journal.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..api.models import Summary
from ..delivery import DeliveryState, Owed
from ..messages import Marks, Receipt, seq_of
from .histogram import Histogram

_PLACES = 1 << 16
"""Receipts whose time is remembered: more than are between the list and Mixpanel at any moment."""
_WOULD_REJECT = int(Marks.WOULD_REJECT)

AT_SEGMENT = "segment"
"""The reason of a message that was accepted, and that Segment would reject."""


def at_ingest(status: int) -> str:
    """Return the reason of a request that ingest answered with this status."""
    return f"ingest_{status}"


def at_mixpanel(status: int) -> str:
    """Return the reason of a message that Mixpanel refused, with the status if it is known."""
    return f"mixpanel_{status}" if status else "mixpanel"


class Meter:
    """Counters and histograms of one engine. `clock` gives milliseconds since the epoch."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self.started_at = clock()
        self.received = 0
        """Messages in requests that were acknowledged."""
        self.sent = 0
        """Messages of which Mixpanel accepted every operation."""
        self.uncertain = 0
        """Messages of which it cannot be known whether Mixpanel has them."""
        self.refused: Counter[str] = Counter({at_ingest(400): 0, AT_SEGMENT: 0, at_mixpanel(400): 0})
        """Messages and requests that were refused, by reason."""
        self.along: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """For each route, how many of its messages, or whole requests, came to which state."""
        self.acknowledged, self.judged, self.delivered = Histogram(), Histogram(), Histogram()
        """Seconds from a request's receipt until it was on disk, until it was listed with its verdict, and
        until Mixpanel had accepted the message."""
        self._seqs = array("q", bytes(8 * _PLACES))
        self._times = array("q", bytes(8 * _PLACES))

    def counted(self, count: Callable[[Receipt], int]) -> Callable[[Receipt], int]:
        """Return `count`, which says how many messages a new receipt holds, so that they are counted here."""

        def counted(receipt: Receipt) -> int:
            messages = count(receipt)
            self.received += messages
            return messages

        return counted

    def refuse(self, status: int) -> None:
        """Count a request that ingest refused."""
        self.refused[at_ingest(status)] += 1

    def list(self, summaries: Sequence[Summary]) -> None:
        """Count messages that can be listed with their verdict from now on."""
        now, last, same = self._clock(), 0, 0
        received_at = now
        for summary in summaries:
            if summary.marks & _WOULD_REJECT:
                self.refused[AT_SEGMENT] += 1
            if (seq := seq_of(summary.id)) == last:
                same += 1
                continue
            if same:
                self.judged.observe((now - received_at) / 1000, same)
            last, same, received_at = seq, 1, summary.received_at
            self._note(seq, received_at)
        if same:
            self.judged.observe((now - received_at) / 1000, same)

    def owe(self, owed: Iterable[Owed]) -> None:
        """Remember when messages were received that are read from the journal to be sent."""
        for one in owed:
            self._note(seq_of(one.id), one.received_at)

    def deliver(self, states: Sequence[tuple[int, DeliveryState]], statuses: Mapping[int, int]) -> None:
        """Count new states of messages; `statuses` are those of the ones that Mixpanel refused."""
        now = self._clock()
        for id, state in states:
            if state is DeliveryState.SENT:
                self.sent += 1
                seq = seq_of(id)
                if self._seqs[place := seq % _PLACES] == seq:
                    self.delivered.observe((now - self._times[place]) / 1000)
            elif state is DeliveryState.REFUSED:
                self.refused[at_mixpanel(statuses.get(id, 0))] += 1
            elif state is DeliveryState.UNCERTAIN:
                self.uncertain += 1

    def count_along(self, route: str, word: str) -> None:
        """Count what became of a message, or of a whole request, on one of several routes."""
        self.along[route][word] += 1

    def _note(self, seq: int, received_at: int) -> None:
        place = seq % _PLACES
        self._seqs[place], self._times[place] = seq, received_at
