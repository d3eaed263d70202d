"""Transformations, compiled: what each makes of a message, and where the values in it come from. Pure.

The order within one transformation: it is judged by its condition; renames, constants, computed properties
and the new event name are written, each read from the message as it was; then fields are taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from ..errors import FilterNotFql, MappingError
from ..mapping.filters import compile_filter, compile_value, filter_fault
from ..mapping.fql_never import fql_never_matches
from ..mapping.javascript import MISSING, Value, truthy
from ..messages import Json, JsonObject
from ..not_imitated import NotImitated, Scope
from ..paths import child
from ..settings import DestinationKind
from ..transformations import Transformation
from ..verdict import NotSent, Stage
from .map_properties import by_holder, copied, drop, has_parent, keep_only, read, remove, write

METADATA_IDS: dict[DestinationKind, str] = {
    "actions": "615c7438d93d9b61b1e9e192",
    "classic-cloud": "54521fd925e721e32a72eed6",
}
"""What `destinationMetadataId` is for each of Segment's Mixpanel destinations."""

How: TypeAlias = Literal["renamed", "set", "computed", "hashed"]


class Origin(msgspec.Struct, frozen=True):
    """The source of the value at `path` of a message: renamed from `source`, a path of the message before.

    For other ways `source` is "".
    """

    path: str
    how: How
    source: str = ""


class _Entry(msgspec.Struct, frozen=True):
    """One value to be written: moved from another path, or made of the message as it was."""

    path: str
    how: How
    source: str = ""
    make: Callable[[JsonObject], Value] | None = None


class CompiledTransformation:
    """One transformation that is on."""

    def __init__(self, one: Transformation, stage: Stage) -> None:
        """Compile the transformations. One whose condition cannot be judged stops every message, as at
        Segment.
        """
        self.name = one.label
        self.stage: Stage = stage
        self._one = one
        self._fault: MappingError | None = None
        self._matches: Callable[[JsonObject], bool] = lambda document: True
        try:
            self._matches = compile_filter(one.condition)
        except MappingError as fault:
            self._fault = fault
        self.unread: tuple[str, ...] = ()
        """Why expressions of computed properties cannot be followed."""
        self._entries = tuple(self._compiled())
        self._drops = by_holder(one.property_drops)
        self._allowed = by_holder(one.allow_properties)
        hashing = one.hash_properties_configuration
        self._hashed = hashing.paths if hashing is not None else ()

    def _compiled(self) -> Iterable[_Entry]:
        one = self._one
        for rename in one.property_renames:
            if rename.old_name:
                yield _Entry(rename.new_name, "renamed", rename.old_name)
        for constant in one.property_value_transformations:
            value = constant.property_value
            for path in constant.property_paths:
                yield _Entry(path, "set", make=lambda document, value=value: value)
        for computed in one.fql_defined_properties:
            try:
                yield _Entry(computed.property_name, "computed", make=compile_value(computed.fql))
            except MappingError as fault:
                self.unread = (*self.unread, f"{computed.property_name}: {fault}")
        if one.new_event_name:
            yield _Entry("event", "set", make=self._new_event_name)

    def _new_event_name(self, document: JsonObject) -> Value:
        """Return the event's new name; only track calls have one."""
        return self._one.new_event_name if document.get("type") == "track" else MISSING

    def matches(self, document: JsonObject) -> bool:
        """Return True if the condition holds for the message, and could be read."""
        return self._fault is None and self._matches(document)

    def apply(self, document: JsonObject) -> JsonObject | NotSent:
        """Return the message after it: the very same object where it changes nothing. Never raises."""
        if self._fault is not None:
            what = "is not FQL" if isinstance(self._fault, FilterNotFql) else "cannot be followed by segtap"
            words = f"the condition of the transformation {self.name!r} {what}, so that no message is sent"
            return NotSent("$", words, self.stage)
        if not self._matches(document):
            return document
        if self._one.drop:
            return NotSent("$", f"the transformation {self.name!r} drops it", self.stage)
        made, _ = self._written(document)
        return document if made == document and _same_types(made, document) else made

    def origins(self, document: JsonObject) -> tuple[Origin, ...]:
        """List where what the transformation writes into a message comes from, in the order of writing."""
        if not self.matches(document) or self._one.drop:
            return ()
        made, written = self._written(document)
        hashed = (path for path in self._hashed if read(made, path) not in (MISSING, None))
        return (*written, *(Origin(_shown(path), "hashed") for path in hashed))

    def stays(self, document: JsonObject) -> list[tuple[str, str]]:
        """List the renames that leave the value at its old path as well: old and new path."""
        if not self.matches(document) or self._one.drop:
            return []
        made, origins = self._written(document)
        moved = ((one.source, one.path) for one in origins if one.how == "renamed")
        sources = {_shown(rename.old_name): rename.old_name for rename in self._one.property_renames}
        return [
            (old, new)
            for old, new in moved
            if old != new
            and (there := read(made, sources[old])) is not MISSING
            and not truthy(there)
            and read(document, sources[old]) == there
        ]

    def hashed(self, document: JsonObject) -> list[str]:
        """List the paths of the message whose values Segment hashes, which segtap does not."""
        if not self._hashed or not self.matches(document):
            return []
        return [_shown(path) for path in self._hashed if read(document, path) not in (MISSING, None)]

    def computes(self, document: JsonObject) -> bool:
        """Return True if it computes a property of the message that segtap cannot compute."""
        return bool(self.unread) and self.matches(document)

    def _written(self, document: JsonObject) -> tuple[JsonObject, list[Origin]]:
        origins: list[Origin] = []
        if not (self._entries or self._drops or self._allowed):
            return document, origins
        made = copied(document)
        initial = document
        for entry in self._entries:
            if not has_parent(initial, entry.path):
                continue
            if entry.make is not None:
                value = entry.make(document)
                if value is MISSING or (entry.how == "computed" and value is None):
                    continue
                if isinstance(value, dict | list):
                    value = copied({"": value})[""]
            else:
                value = read(initial, entry.source)
                if isinstance(value, dict | list) and initial is document:
                    # Moved objects are one object in every place, and in what is read from then on.
                    initial = copied(document)
                    value = read(initial, entry.source)
            if value is not MISSING:
                if not write(made, entry.path, value):
                    continue
                source = _shown(entry.source) if entry.source else ""
                origins.append(Origin(_shown(entry.path), entry.how, source))
            if entry.source:
                remove(made, entry.source)
        if self._drops:
            drop(made, self._drops)
        if self._allowed:
            keep_only(made, self._allowed)
        return made, origins


def _shown(path: str) -> str:
    """Return a dotted path as findings write it: `$.properties.total`."""
    shown = "$"
    for step in path.split("."):
        shown = child(shown, int(step) if step.isascii() and step.isdecimal() and len(step) < 10 else step)
    return shown


def _same_types(one: Json, other: Json) -> bool:
    """Return True if equal values are of the same types throughout: true is not 1."""
    waiting = [(one, other)]
    while waiting:
        left, right = waiting.pop()
        if isinstance(left, bool) is not isinstance(right, bool):
            return False
        if isinstance(left, dict) and isinstance(right, dict):
            waiting.extend((value, right[key]) for key, value in left.items())
        elif isinstance(left, list) and isinstance(right, list):
            waiting.extend(zip(left, right, strict=True))
    return True


def for_destination(
    transformations: Iterable[Transformation], kind: DestinationKind, *, scoped: bool
) -> Iterable[Transformation]:
    """Yield those that are on: of the source, or (`scoped`) of destinations of this kind."""
    for one in transformations:
        wanted = METADATA_IDS[kind] if scoped else ""
        if one.enabled and one.destination_metadata_id == wanted:
            yield one


def not_imitated_in(
    transformations: Iterable[Transformation], kind: DestinationKind
) -> Iterator[NotImitated]:
    """Yield what the transformations that are on do and segtap does not: hashing, unreadable expressions."""
    for one in transformations:
        if not one.enabled or one.destination_metadata_id not in ("", METADATA_IDS[kind]):
            continue
        scope: Scope = "destination" if one.destination_metadata_id else "source"
        if (hashing := one.hash_properties_configuration) is not None:
            paths = ", ".join(hashing.paths)
            yield NotImitated(kind="hashing", name=paths, scope=scope, condition=one.condition)
        for computed in one.fql_defined_properties:
            try:
                compile_value(computed.fql)
            except MappingError:
                yield NotImitated(
                    kind="transformation",
                    name=one.label,
                    scope=scope,
                    where=f"its computed property {computed.property_name}",
                    condition=one.condition,
                )


def transformation_faults(
    transformations: Iterable[Transformation], kind: DestinationKind
) -> tuple[str, ...]:
    """Name the transformations that are on and whose condition cannot be judged, and say why."""
    return tuple(
        f"transformation {number}{f' ({one.name})' if one.name else ''} stops every message: {fault}"
        for number, one in enumerate(transformations, start=1)
        if one.enabled
        and one.destination_metadata_id in ("", METADATA_IDS[kind])
        and (fault := filter_fault(one.condition))
    )


def idle_transformations(
    transformations: Iterable[Transformation], kind: DestinationKind, blocked_events: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield the transformations that are on and never change a message, each with the reason."""
    for number, one in enumerate(transformations, start=1):
        if one.enabled and (why := _idle(one, kind, blocked_events)):
            yield f"transformation {number}{f' ({one.name})' if one.name else ''}", why


def _idle(one: Transformation, kind: DestinationKind, blocked_events: Collection[str]) -> str:
    if one.destination_metadata_id not in ("", METADATA_IDS[kind]):
        other = next((name for name, id in METADATA_IDS.items() if id == one.destination_metadata_id), "")
        return f"it is for another destination than {kind}{f': {other}' if other else ''}"
    try:
        return fql_never_matches(one.condition, blocked=frozenset(blocked_events))
    except MappingError:
        return ""  # transformation_faults says it
