"""Which operations of which messages are still open, and where a message stands once they are not. Pure.

An operation is settled when all its records are; a message when all its operations are. The worst record
decides for its operation, the worst operation for its message: dropped, then uncertain, then refused, then
sent. While others of its operations are still to be sent, a message with one that was dropped is off, with an
uncertain one uncertain, and with a record that is set aside stuck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..delivery import Delivery, DeliveryState, Outcome
from .batch import Batch
from .outcomes import Judgement
from .records import Record

States = list[tuple[int, DeliveryState]]

STATE_OF = {
    Outcome.SENT: DeliveryState.SENT,
    Outcome.REFUSED: DeliveryState.REFUSED,
    Outcome.UNCERTAIN: DeliveryState.UNCERTAIN,
    Outcome.DROPPED: DeliveryState.OFF,
}
"""The outcomes that settle an operation, and the state of a message of which each is the worst."""
_RANK = {outcome: rank for rank, outcome in enumerate(STATE_OF)}

ON_ITS_WAY = "on its way: if no line follows this one, it cannot be known whether Mixpanel has it"
"""Written before a record that adds is sent: after a crash it is not sent again."""

DROPPED_BY_POLICY = 'dropped, for the settings say so: uncertain = "drop" under [forward]'


@dataclass(slots=True)
class _Operation:
    parts: int
    left: int
    base: int = 0
    """Attempts of earlier runs."""
    worst: Outcome = Outcome.SENT
    words: list[str] = field(default_factory=list[str])
    index: int = 0
    of: int = 1
    aside: set[int] = field(default_factory=set[int])
    """Its records that are set aside, by their place in it."""


@dataclass(slots=True)
class _Message:
    open: dict[int, _Operation]
    settled: list[Outcome]
    shown: DeliveryState
    """As the journal has it."""
    kept: bool = False
    """True if that stays so until all operations are settled."""

    @property
    def state(self) -> DeliveryState:
        if self.open and self.kept:
            return self.shown
        settled = self.settled
        if settled:
            worst = settled[0] if len(settled) == 1 else max(settled, key=_RANK.__getitem__)
            if not self.open or _RANK[worst] >= _RANK[Outcome.UNCERTAIN]:
                return STATE_OF[worst]
        aside = any(operation.aside for operation in self.open.values())
        return DeliveryState.STUCK if aside else DeliveryState.WAITING


@dataclass(frozen=True)
class Attempt:
    """One request that was made: when it began (ms), how often its records had been sent with it, status and
    how long it took (ms). `request` counts the requests to its endpoint.
    """

    at: int
    number: int
    status: int = 0
    took: int = 0
    request: int = 0


class Ledger:
    """The open messages. Built from the journal again after a stop."""

    def __init__(self) -> None:
        self._messages: dict[int, _Message] = {}
        self._single: dict[int, Record] = {}
        """Messages of one record that waits for its first attempt: nearly all, so they have no entry yet."""

    def __len__(self) -> int:
        return len(self._messages) + len(self._single)

    def __contains__(self, message: int) -> bool:
        """Return whether the message has operations that are still to be sent."""
        return message in self._single or message in self._messages

    def open(
        self,
        message: int,
        records: Sequence[Record],
        earlier: Sequence[Delivery] = (),
        shown: DeliveryState = DeliveryState.WAITING,
        *,
        kept: bool = False,
    ) -> tuple[list[Record], States]:
        """Take up a message that is `shown` in the journal: its records to be sent, and its state if another.

        With `kept` the state stays as it is shown until all operations are settled.

        The last attempt at an operation counts. One that is `UNCERTAIN` is settled, so what was on its
        way when segtap was killed and must not be sent twice is not. One that is `STUCK` is still set aside,
        and what of it would count twice is uncertain: it was sent while the policy allowed that.
        """
        if not earlier and shown is DeliveryState.WAITING and len(records) == 1:
            self._single[message] = records[0]
            return list(records), []
        last: dict[int, Delivery] = {delivery.operation: delivery for delivery in earlier}
        settled = {index: delivery for index, delivery in last.items() if delivery.outcome in STATE_OF}
        aside = {index for index, delivery in last.items() if delivery.outcome is Outcome.STUCK}
        unsettled = [record for record in records if record.operation not in settled]
        left = [record for record in unsettled if record.repeatable or record.operation not in aside]
        outcomes = [delivery.outcome for delivery in settled.values()]
        if len(left) < len(unsettled):
            outcomes.append(Outcome.UNCERTAIN)
        entry = _Message({}, outcomes, shown, kept)
        for record in left:
            before = last[record.operation].attempt if record.operation in last else 0
            operation = entry.open.setdefault(record.operation, _Operation(0, 0, before))
            operation.parts += 1
            operation.left += 1
            if record.operation in aside:
                operation.aside.add(record.part)
        if entry.open:
            self._messages[message] = entry
        return left, _moved(message, entry)

    def state(self, message: int) -> DeliveryState:
        """Return the state of an open message: uncertain, stuck or waiting."""
        return DeliveryState.WAITING if message in self._single else self._messages[message].state

    def is_aside(self, record: Record) -> bool:
        """Return whether the record of an open message is set aside."""
        return record.part in self._operation(record).aside

    def set_aside(self, batch: Batch, attempt: Attempt, words: str) -> tuple[list[Delivery], States]:
        """Write down that records wait for a try far from now; lines, and states that this changes."""
        for record in batch.records:
            self._operation(record).aside.add(record.part)
        lines = self.note(batch, attempt, Outcome.STUCK, words)
        return lines, [
            state
            for message in dict.fromkeys(record.message for record in batch.records)
            for state in _moved(message, self._messages[message])
        ]

    def note(self, batch: Batch, attempt: Attempt, outcome: Outcome, words: str) -> list[Delivery]:
        """Return the lines of an attempt that settles nothing: one for each operation in the batch."""
        seen: dict[tuple[int, int], Delivery] = {}
        for index, record in enumerate(batch.records):
            key = record.message, record.operation
            if key not in seen:
                seen[key] = self._delivery(record, attempt, outcome, words, index, len(batch))
        return list(seen.values())

    def settle(
        self, batch: Batch, attempt: Attempt, judgements: Sequence[Judgement]
    ) -> tuple[list[Delivery], States]:
        """Write down one judgement a record; lines and states for all that this settles."""
        deliveries: list[Delivery] = []
        states: States = []
        single, of, path = self._single, len(batch), batch.route.path
        for index, (record, judgement) in enumerate(zip(batch.records, judgements, strict=True)):
            if (id := record.message) in single:
                del single[id]
                outcome = judgement.outcome
                deliveries.append(
                    Delivery(
                        id, record.operation, attempt.at, path, outcome, attempt.status, judgement.words,
                        attempt.number, index, of, attempt.took,
                    )
                )  # fmt: skip
                states.append((id, STATE_OF[outcome]))
                continue
            entry = self._messages[id]
            operation = entry.open[record.operation]
            operation.left -= 1
            operation.aside.discard(record.part)
            if operation.left == operation.parts - 1 or _worse(judgement.outcome, operation.worst):
                operation.worst, operation.index, operation.of = judgement.outcome, index, of
                operation.words = []
            if judgement.outcome is operation.worst:
                operation.words.append(_part_words(record, operation, judgement))
            if not operation.left:
                words = "; ".join(dict.fromkeys(operation.words))
                deliveries.append(
                    self._delivery(record, attempt, operation.worst, words, operation.index, operation.of)
                )
                entry.settled.append(operation.worst)
                del entry.open[record.operation]
            states += _moved(id, entry)
            if not entry.open:
                del self._messages[id]
        return deliveries, states

    def _delivery(
        self, record: Record, attempt: Attempt, outcome: Outcome, words: str, index: int, of: int
    ) -> Delivery:
        operation = self._operation(record)
        # In the order of the fields: naming them would cost more than all the rest.
        return Delivery(
            record.message,
            record.operation,
            attempt.at,
            record.route.path,
            outcome,
            attempt.status,
            words,
            operation.base + attempt.number,
            index,
            of,
            attempt.took,
        )

    def _operation(self, record: Record) -> _Operation:
        """Return the operation of an open record; one that is alone in its message gets an entry for this."""
        if self._single.pop(record.message, None) is not None:
            self._messages[record.message] = _Message(
                {record.operation: _Operation(1, 1)}, [], DeliveryState.WAITING
            )
        return self._messages[record.message].open[record.operation]


def _moved(message: int, entry: _Message) -> States:
    """Return the message's state if the journal has another one, or still owes the message."""
    before, entry.shown = entry.shown, entry.state
    return [] if entry.open and before is entry.shown else [(message, entry.shown)]


def _worse(one: Outcome, other: Outcome) -> bool:
    return _RANK[one] > _RANK[other]


def _part_words(record: Record, operation: _Operation, judgement: Judgement) -> str:
    if operation.parts == 1 or judgement.outcome is Outcome.SENT:
        return judgement.words
    return f"record {record.part + 1} of {operation.parts}: {judgement.words}"
