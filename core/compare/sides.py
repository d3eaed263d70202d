"""What each destination makes of one message, side by side. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..destinations.arrival import Loss
from ..messages import Json, JsonObject
from ..pairs.records import Pair, Purpose, Record, pairs_of
from ..settings import Destination
from ..text import shown
from ..verdict import Translation


class Side(msgspec.Struct, frozen=True):
    """What one destination makes of the message."""

    destination: Destination
    translation: Translation
    records: tuple[Record, ...]
    lost: tuple[Loss, ...] = ()
    """What of the message does not arrive as it was sent."""

    def of(self, purpose: Purpose, operator: str = "") -> list[Record]:
        """Return the records for a purpose; with an operator those of it."""
        return [
            record
            for record in self.records
            if record.purpose == purpose and (not operator or record.operator == operator)
        ]

    def parts(self, purpose: Purpose, operator: str) -> JsonObject:
        """Return what all records of an operator bring."""
        merged: JsonObject = {}
        for record in self.of(purpose, operator):
            merged.update(record.parts)
        return merged


class Both(msgspec.Struct, frozen=True):
    """A message and its two translations."""

    document: JsonObject
    actions: Side
    classic: Side
    pairs: tuple[Pair, ...]
    """Actions' record first."""

    @property
    def matched(self) -> list[tuple[Record, Record]]:
        """Records of Actions with their counterparts."""
        return [(pair.one, pair.other) for pair in self.pairs if pair.one and pair.other]

    @property
    def events(self) -> list[tuple[Record, Record]]:
        """The same of events alone."""
        return [(one, other) for one, other in self.matched if one.purpose == "event"]

    def holder(self, *keys: str) -> JsonObject:
        """Return an object inside the message; {} where there is none."""
        value: Json = self.document
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else {}


def both_of(document: JsonObject, actions: Side, classic: Side) -> Both:
    """Return the message and its translations, paired."""
    return Both(document, actions, classic, pairs_of(actions.records, classic.records))


def name_of(text: str) -> str:
    """Return a name for a sentence: cleaned, shortened, without quotes."""
    return shown(text, 42)[1:-1]


def names_of(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(name_of(name) for name in names[:6]) + more
