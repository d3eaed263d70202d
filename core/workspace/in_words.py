"""What a transformation does, line by line: `segtap mappings show`. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ..destinations.transformations import METADATA_IDS
from ..settings import DestinationKind
from ..text import shown
from ..transformations import Transformation


class TransformationTable(msgspec.Struct, frozen=True):
    """One transformation: whom it concerns, its condition, and a line for each change that it makes."""

    name: str
    enabled: bool
    scope: str
    condition: str
    changes: tuple[str, ...] = ()


def transformation_table(one: Transformation, kind: DestinationKind) -> TransformationTable:
    """Return what a transformation does, as seen from a destination of this kind."""
    return TransformationTable(
        name=one.label,
        enabled=one.enabled,
        scope=_scope(one, kind),
        condition=one.condition,
        changes=tuple(_changes(one)) or ("changes nothing",),
    )


def _scope(one: Transformation, kind: DestinationKind) -> str:
    if not one.destination_metadata_id:
        return "source: before the filters"
    if one.destination_metadata_id == METADATA_IDS[kind]:
        return "this destination: after the filters"
    return "another destination: does nothing here"


def _changes(one: Transformation) -> Iterator[str]:
    """Yield the changes in the order in which they are made."""
    if one.drop:
        yield "drops the message"
        return
    for rename in one.property_renames:
        yield f"renames {rename.old_name} to {rename.new_name}"
    for constant in one.property_value_transformations:
        yield f"sets {', '.join(constant.property_paths)} to {shown(constant.property_value)}"
    for computed in one.fql_defined_properties:
        yield f"computes {computed.property_name} as {computed.fql}"
    if one.new_event_name:
        yield f"renames the event to {shown(one.new_event_name)}"
    if one.property_drops:
        yield f"takes out {', '.join(one.property_drops)}"
    if one.allow_properties:
        yield f"keeps only {', '.join(one.allow_properties)}"
    if one.hash_properties_configuration is not None:
        yield f"hashes {', '.join(one.hash_properties_configuration.paths)}, which segtap does not imitate"
