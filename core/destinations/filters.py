"""Destination filters, compiled: which messages each drops, and which fields it takes out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..errors import FilterNotFql, MappingError
from ..mapping.filters import compile_filter, filter_fault
from ..messages import JsonObject
from ..settings import DestinationFilter, FilterAction
from ..transformations import NAMELESS
from ..verdict import NotSent
from .map_properties import copied, drop, keep_only
from .samples import share_of

ORDER: tuple[FilterAction, ...] = ("sample", "drop", "drop_properties", "allow_properties")
"""The order in which Segment applies filters, whatever theirs is."""
_REDUCE: dict[FilterAction, Callable[[JsonObject, Mapping[str, Sequence[str]]], None]] = {
    "drop_properties": drop,
    "allow_properties": keep_only,
}


class CompiledFilter:
    """One filter that is on."""

    def __init__(self, one: DestinationFilter) -> None:
        """Compile the filters. One whose condition cannot be judged stops every message, as at Segment."""
        self.name = one.name or one.condition or NAMELESS
        self.action: FilterAction = one.action
        self.percent = one.percent
        self.path = one.path
        self._fields = one.fields
        self._fault: MappingError | None = None
        self._matches: Callable[[JsonObject], bool] = lambda document: True
        try:
            self._matches = compile_filter(one.condition)
        except MappingError as fault:
            self._fault = fault

    def matches(self, document: JsonObject) -> bool:
        """Return True if the condition holds for the message, and could be read."""
        return self._fault is None and self._matches(document)

    @property
    def random(self) -> bool:
        """True for a sample that takes messages at random, so that nobody can say which."""
        return self.action == "sample" and 0 < self.percent < 1 and not self.path

    def apply(self, document: JsonObject, reached: JsonObject) -> JsonObject | NotSent:
        """Return the message after it: the very same object where it changes nothing. Never raises.

        The condition is judged on the message as it reached the filters, before any field was taken out.
        """
        if self._fault is not None:
            what = "is not FQL" if isinstance(self._fault, FilterNotFql) else "cannot be followed by segtap"
            words = f"the condition of the destination filter {self.name!r} {what}"
            return self._stop(f"{words}, so that no message is sent")
        if not self._matches(reached):
            return document
        if self.action == "drop":
            return self._stop(f"the destination filter {self.name!r} drops it")
        if self.action == "sample":
            return self._sampled(document, reached)
        made = copied(document)
        _REDUCE[self.action](made, self._fields)
        return document if made == document else made

    def _sampled(self, document: JsonObject, reached: JsonObject) -> JsonObject | NotSent:
        if self.percent <= 0:
            return self._stop(f"the destination filter {self.name!r} lets none of them through")
        if self.random or self.percent >= 1 or share_of(reached, self.path) < self.percent:
            return document
        words = (
            f"the destination filter {self.name!r} lets {self.percent:.6g} of them through, by {self.path}"
        )
        return self._stop(f"{words}: this one is out")

    def _stop(self, why: str) -> NotSent:
        return NotSent("$", why, "filters")


def compiled_filters(filters: Sequence[DestinationFilter]) -> tuple[CompiledFilter, ...]:
    """Compile the filters that are on, in the order in which Segment applies them."""
    ordered = sorted(filters, key=lambda one: ORDER.index(one.action))
    return tuple(CompiledFilter(one) for one in ordered if one.enabled)


def filter_faults(filters: Sequence[DestinationFilter]) -> tuple[str, ...]:
    """Name the filters that are on and whose condition cannot be judged, and say why."""
    faults = (
        (f"filter {number}{f' ({one.name})' if one.name else ''}", filter_fault(one.condition))
        for number, one in enumerate(filters, start=1)
        if one.enabled
    )
    return tuple(f"{name} stops every message: {fault}" for name, fault in faults if fault)
