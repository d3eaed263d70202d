"""Names the fields of exported objects that segtap does not know: they may change messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from ..not_imitated import NotImitated
from .notes import Notes
from .objects import Exported, camel_name
from .resources import RESOURCES, Fields

_EMPTY: tuple[Any, ...] = (None, "", [], {}, False)
"""Values that ask for nothing, whatever the field means."""
_OF_THE_SOURCE = ("transformation", "source", "trackingPlanConnection")


def name_unknown_fields(one: Exported, notes: Notes) -> None:
    """Name the fields of an object that are not in the table of resources, if they have a value."""
    known = RESOURCES.get(one.kind)
    if not isinstance(known, dict):
        return
    condition = one.fields.get("if")
    for path in unknown_fields(one.fields, known):
        source = one.kind in _OF_THE_SOURCE and not one.fields.get("destinationMetadataId")
        notes.name(
            f"{one.address} has a field that segtap does not know, and ignores: {path}.",
            NotImitated(
                kind="field",
                name=f"{path} of {one.label}",
                scope="source" if source else "destination",
                where=one.address,
                condition=condition if isinstance(condition, str) else "",
            ),
        )


def unknown_fields(value: Any, known: Fields, path: str = "") -> Iterator[str]:
    """Yield the paths of fields with a value that a table does not have; list items share one path."""
    if isinstance(value, list):
        found = (one for item in cast("list[Any]", value) for one in unknown_fields(item, known, path))
        yield from dict.fromkeys(found)
        return
    if not isinstance(value, dict):
        return
    for given, inner in cast("dict[str, Any]", value).items():
        name = camel_name(given)
        own = f"{path}.{name}" if path else name
        below = known.get(name)
        if below is None:
            if inner not in _EMPTY:
                yield own
        elif isinstance(below, dict):
            yield from unknown_fields(inner, below, own)
