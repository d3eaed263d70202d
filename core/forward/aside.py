"""Records that are set aside because Mixpanel refuses them with 5xx, and when each is tried again. Pure.

They hold nothing up: later records of the same user pass them. A profile or group update that is accepted
meanwhile may leave no place for an older one: sent after it, the older would put old values over new ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .records import Record, would_undo

TRY_AGAIN_MS = 600_000
"""Milliseconds between two tries of a record that is set aside."""

Key = tuple[int, int, int]


@dataclass
class Aside:
    """A record that is set aside, how often it was sent, and Mixpanel's words.

    `due` is when it is sent again, in milliseconds of the steady clock.
    """

    record: Record
    due: int
    number: int = 0
    words: str = ""


def key_of(record: Record) -> Key:
    """Return (message, operation, part), which also is the order in which records are sent."""
    return record.message, record.operation, record.part


class Shelf:
    """All records that are set aside."""

    def __init__(self) -> None:
        self._kept: dict[Key, Aside] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Aside]:
        return iter(self._kept.values())

    def put(self, aside: Aside) -> None:
        """Keep a record, or note when it is due next."""
        self._kept[key_of(aside.record)] = aside

    def drop(self, record: Record) -> None:
        """Forget a record."""
        self._kept.pop(key_of(record), None)

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()

    def due(self, now: int) -> list[Aside]:
        """Return those to be tried now, the oldest message first."""
        return [self._kept[key] for key in sorted(self._kept) if self._kept[key].due <= now]

    def undone_by(self, accepted: Sequence[Record]) -> list[Aside]:
        """Return those that must not be sent any more, now that Mixpanel accepted these records."""
        if not self._kept:
            return []
        return [
            aside
            for aside in self
            if any(
                key_of(record) > key_of(aside.record)
                and not record.holds.isdisjoint(aside.record.holds)
                and would_undo(aside.record, record)
                for record in accepted
            )
        ]
