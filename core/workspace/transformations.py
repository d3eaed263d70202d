"""Transformations of a workspace as `[[transformations]]`."""

from __future__ import annotations

from typing import Any

import msgspec

from ..errors import FilterNotFql, FilterNotUnderstood, MappingError
from ..mapping.filters import compile_filter, compile_value
from ..not_imitated import NotImitated, Scope
from ..transformations import Transformation
from .hcl import first_unknown
from .notes import Notes
from .objects import Exported, camel_inside

_FIELDS = tuple(field.encode_name for field in msgspec.structs.fields(Transformation))


def transformation_of(one: Exported, metadata: str, notes: Notes) -> Transformation | None:
    """Return the transformation; None, with a note, for one that cannot be read.

    `metadata` is the destination's id in Segment's catalogue, for a transformation of it that has a reference
    of Terraform's there.
    """
    words = f"The transformation {one.label!r}"
    part = NotImitated(kind="transformation", name=one.label, scope=_scope(one), where=one.address)
    fields = _fields(one, metadata)
    unknown = first_unknown({name: value for name, value in fields.items() if name != "enabled"})
    if unknown is not None:
        why = f"it depends on {unknown.reference}, which only Terraform knows"
        notes.left_out(f"{words} was left out: {why}.", part, enabled=one.enabled)
        return None
    if "if" not in fields:
        notes.left_out(f"{words} was left out: it has no condition.", part, enabled=one.enabled)
        return None
    try:
        made = msgspec.convert({**fields, "enabled": one.enabled}, Transformation)
    except (msgspec.ValidationError, UnicodeError) as fault:
        # Half a character cannot be encoded, which the conversion does for its error.
        notes.left_out(f"{words} was left out: it cannot be read: {fault}.", part, enabled=one.enabled)
        return None
    try:
        compile_filter(made.condition)
    except FilterNotUnderstood as fault:
        notes.left_out(f"{words} was left out: {fault}", part, enabled=one.enabled)
        return None
    except FilterNotFql as fault:
        notes.say(f"{words} has a condition that is not FQL: {fault}")
    _name_the_rest(one, made, part, notes)
    return made


def _scope(one: Exported) -> Scope:
    return "destination" if one.fields.get("destinationMetadataId") else "source"


def _fields(one: Exported, metadata: str) -> dict[str, Any]:
    """Return the fields of a `Transformation` that have a value, under the Public API's names."""
    made = {name: camel_inside(value) for name, value in one.fields.items()}
    made["sourceId"] = one.reference("sourceId")
    if first_unknown(made.get("destinationMetadataId")) is not None:
        made["destinationMetadataId"] = metadata
    return {name: made[name] for name in _FIELDS if made.get(name) not in (None, [], {})}


def _name_the_rest(one: Exported, made: Transformation, part: NotImitated, notes: Notes) -> None:
    """Name what of an imported transformation segtap cannot show."""
    words = f"The transformation {one.label!r}"
    if first_unknown(one.fields.get("enabled")) is not None:
        notes.say(f"{words} is imported as enabled: only Terraform knows whether it is.")
    if not made.enabled:
        notes.say(f"{words} is off.")
        return
    condition = msgspec.structs.replace(part, condition=made.condition)
    hashed = made.hash_properties_configuration
    if hashed is not None:
        paths = ", ".join(hashed.paths)
        notes.name(
            f"{words} hashes {paths}: segtap does not hash, and shows the values as they were sent.",
            msgspec.structs.replace(condition, kind="hashing", name=paths),
        )
    for computed in made.fql_defined_properties:
        try:
            compile_value(computed.fql)
        except MappingError as fault:
            notes.say(f"{words} computes {computed.property_name}, and segtap does not: {fault}")
    if one.of_terraform and _changes_nothing(made):
        # The provider has no field for it, and a transformation that drops messages looks like this.
        notes.name(
            f"{words} changes nothing that Terraform exports. If it drops messages in Segment: drop = true.",
            condition,
        )


def _changes_nothing(made: Transformation) -> bool:
    """Return True for a transformation that has a condition and a place, but no effect."""
    return made == Transformation(
        condition=made.condition,
        name=made.name,
        enabled=made.enabled,
        source_id=made.source_id,
        destination_metadata_id=made.destination_metadata_id,
    )
