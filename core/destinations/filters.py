"""Destination filters, compiled: which messages they drop, and which fields they take out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import FilterNotFql, MappingError
from ..mapping.filters import compile_filter, filter_fault
from ..messages import JsonObject
from ..settings import DestinationFilter, FilterAction
from ..verdict import NotSent, TakenOut
from .field_filters import Fields, allow_properties, drop_properties, missing

ORDER: tuple[FilterAction, ...] = ("sample", "drop", "drop_properties", "allow_properties")
"""The order in which Segment applies filters, whatever theirs is."""
REDUCE: dict[FilterAction, Callable[[JsonObject, Fields], JsonObject]] = {
    "drop_properties": drop_properties,
    "allow_properties": allow_properties,
}

Condition = Callable[[JsonObject], bool]


class Filters:
    """The filters of one destination, compiled once; falsy when none is on."""

    def __init__(self, filters: Sequence[DestinationFilter] = ()) -> None:
        """Never raises: a filter whose condition cannot be judged stops every message, as at Segment."""
        ordered = sorted(filters, key=lambda one: ORDER.index(one.action))
        self._unjudged: list[tuple[DestinationFilter, MappingError]] = []
        compiled: list[tuple[DestinationFilter, Condition]] = []
        for one in ordered:
            if not one.enabled:
                continue
            try:
                compiled.append((one, compile_filter(one.condition)))
            except MappingError as fault:
                self._unjudged.append((one, fault))
        self._dropping = [(one, matches) for one, matches in compiled if _drops(one)]
        self._reducing = [(one, matches) for one, matches in compiled if one.action in REDUCE]

    def __bool__(self) -> bool:
        return bool(self._unjudged or self._dropping or self._reducing)

    def stops(self, document: JsonObject) -> NotSent | None:
        """Return why a filter drops the message, or None. Never raises on a message."""
        for one, fault in self._unjudged:
            what = "is not FQL" if isinstance(fault, FilterNotFql) else "cannot be followed by segtap"
            named = f"the condition of the destination filter {one.name or one.condition!r} {what}"
            return NotSent("$", f"{named}, so that no message is sent", "filters")
        for one, matches in self._dropping:
            if matches(document):
                what = "drops it" if one.action == "drop" else "lets none of them through"
                return NotSent("$", f"the destination filter {one.name or one.condition!r} {what}", "filters")
        return None

    def reduced(self, document: JsonObject) -> JsonObject:
        """Return the message without what filters take out: the very same object when they take nothing.

        Every condition is judged on the message before any field is taken out. Never raises on a message.
        """
        for one in self._matching(document):
            document = REDUCE[one.action](document, one.fields)
        return document

    def taken_out(self, document: JsonObject) -> tuple[TakenOut, ...]:
        """List what each filter takes out of the message. Never raises on a message."""
        found: list[TakenOut] = []
        for one in self._matching(document):
            reduced = REDUCE[one.action](document, one.fields)
            if paths := tuple(missing(document, reduced)):
                found.append(TakenOut(one.name or one.condition, paths))
            document = reduced
        return tuple(found)

    def _matching(self, document: JsonObject) -> list[DestinationFilter]:
        return [one for one, matches in self._reducing if matches(document)]


def _drops(one: DestinationFilter) -> bool:
    """True if the filter drops every message it matches. Other samples are random and cannot be predicted."""
    return one.action == "drop" or (one.action == "sample" and one.percent <= 0)


def filter_faults(filters: Sequence[DestinationFilter]) -> tuple[str, ...]:
    """Name the filters that are on and whose condition cannot be judged, and say why."""
    faults = (
        (f"filter {number}{f' ({one.name})' if one.name else ''}", filter_fault(one.condition))
        for number, one in enumerate(filters, start=1)
        if one.enabled
    )
    return tuple(f"{name} stops every message: {fault}" for name, fault in faults if fault)
