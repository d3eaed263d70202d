"""Two copies of one action as Mixpanel gets them: through Segment, and from its own SDK in a page. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..messages import Json
from ..pairs.records import Record, pairs_of, records_of
from ..settings import DestinationKind
from ..verdict import Translation
from .diff import DiffRow, diff


def copies_diff(cloud: Translation, device: Translation, kind: DestinationKind) -> tuple[DiffRow, ...]:
    """Return the diff of the records that are for the same purpose; `kind` is Segment's destination."""
    pairs = pairs_of(records_of(cloud, kind), records_of(device))
    both = [(pair.one, pair.other) for pair in pairs if pair.one is not None and pair.other is not None]
    return tuple(row for one, other in both[:1] for row in diff(_members(one), _members(other)))


def _members(record: Record) -> Json:
    return dict(_parts(record))


def _parts(record: Record) -> Iterator[tuple[str, Json]]:
    yield from record.around.items()
    yield record.operator or "properties", record.parts
