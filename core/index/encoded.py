"""The records of owed messages, as a worker process sends them to the engine. Pure.

What the records of a request have in common stands once: the request without its body.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..delivery import DeliveryState
from ..forward.made import Made
from ..forward.records import Record, way_of
from ..verdict import OutgoingRequest


class EncodedRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A `Record`, with the place of its carrier among those of the answer."""

    operation: int
    part: int
    text: bytes
    carrier: int
    insert_id: str
    holds: frozenset[str]
    waits: frozenset[str]
    repeatable: bool
    alone: bool


class EncodedMessage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is made of a message; `state` is None if it has records."""

    id: int
    state: DeliveryState | None
    records: tuple[EncodedRecord, ...] = ()


class Encoded(msgspec.Struct, frozen=True, array_like=True):
    """What is made of owed messages."""

    messages: tuple[EncodedMessage, ...] = ()
    carriers: tuple[OutgoingRequest, ...] = ()


def encoded(made: Iterable[tuple[int, Made]]) -> Encoded:
    """Return what is made of messages, to be sent to the engine."""
    places: dict[int, int] = {}
    carriers: list[OutgoingRequest] = []
    messages: list[EncodedMessage] = []
    for message, one in made:
        if isinstance(one, DeliveryState):
            messages.append(EncodedMessage(message, one))
            continue
        records: list[EncodedRecord] = []
        for record in one:
            # Nearly all records share one of a few objects: comparing these would take longer.
            place = places.setdefault(id(record.carrier), len(carriers))
            if place == len(carriers):
                carriers.append(record.carrier)
            records.append(
                EncodedRecord(
                    record.operation, record.part, record.text, place, record.insert_id, record.holds,
                    record.waits, record.repeatable, record.alone,
                )
            )  # fmt: skip
        messages.append(EncodedMessage(message, None, tuple(records)))
    return Encoded(tuple(messages), tuple(carriers))


def decoded(given: Encoded) -> dict[int, Made]:
    """Return what the answer says was made of the messages."""
    ways = [way_of(carrier) for carrier in given.carriers]
    made: dict[int, Made] = {}
    for message in given.messages:
        if message.state is not None:
            made[message.id] = message.state
            continue
        records: list[Record] = []
        for one in message.records:
            route, carrier = ways[one.carrier]
            records.append(
                Record(
                    message.id, one.operation, one.part, one.text, route, carrier, one.insert_id, one.holds,
                    one.waits, one.repeatable, one.alone,
                )
            )  # fmt: skip
        made[message.id] = records
    return made
