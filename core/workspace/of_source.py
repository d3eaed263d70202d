"""Which transformations, functions and schema settings concern the chosen destination and its source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, cast

import msgspec

from ..errors import InputError
from ..not_imitated import NotImitated
from ..text import counted
from .chosen import METADATA
from .functions import Place
from .hcl import Unknown, first_unknown
from .notes import Notes
from .objects import PREFIX, Exported

Owned = Literal["yes", "no", "unknown"]
_EXPORT = "Export what Terraform makes of it: terraform show -json > workspace.json"


class OfSource(msgspec.Struct, frozen=True):
    """What stands between the source and the destination, apart from filters and subscriptions."""

    transformations: tuple[Exported, ...]
    instances: tuple[tuple[Exported, Place], ...]
    schema: tuple[Exported, ...]
    """The source, and its connections to tracking plans."""
    unsure: tuple[Exported, ...] = ()
    """Those of `schema` of which the files do not say that they concern the destination."""


class _Ids(msgspec.Struct, frozen=True):
    """The names of the destination and its source, as ids or as Terraform's references; "" if unknown."""

    destination: frozenset[str]
    source: str
    metadata: str


def of_source(
    found: Sequence[Exported],
    destination: Exported | None,
    *,
    destination_id: str,
    source_id: str,
    notes: Notes,
) -> OfSource:
    """Divide what was found by source and destination.

    Raises InputError if the source is unknown and the transformations are of several.
    """
    given = [one for one in found if one.kind == "transformation"]
    ids = _ids(given, destination, destination_id, source_id, notes)
    owned = [(one, _is_own(one, ids, notes)) for one in given]
    transformations = tuple(one for one, own in owned if own == "yes")
    others = sum(one.enabled for one, own in owned if own == "no")
    if others > 0:
        notes.say(f"{counted(others, 'transformation')} of other sources or destinations left out.")
    instances: list[tuple[Exported, Place]] = [
        (one, _place(one, ids, found)) for one in found if one.kind == "insertFunctionInstance"
    ]
    schema = [(one, own) for one in found if (own := _of_own_source(one, ids)) != "no"]
    if any(one.kind == "source" and own == "yes" for one, own in schema):
        schema = [(one, own) for one, own in schema if one.kind != "source" or own == "yes"]
    return OfSource(
        transformations,
        tuple(instances),
        tuple(one for one, _ in schema),
        tuple(one for one, own in schema if own == "unknown"),
    )


def _ids(
    transformations: Sequence[Exported],
    destination: Exported | None,
    destination_id: str,
    source_id: str,
    notes: Notes,
) -> _Ids:
    named = destination.reference("sourceId") if destination is not None else ""
    source = source_id or named
    if source_id and named and source_id != named:
        notes.say(f"The destination's source is {named}: the transformations are those of {source_id}.")
    sources = sorted({one.reference("sourceId") for one in transformations} - {""})
    if not source and len(sources) > 1:
        raise InputError(
            "The transformations are of several sources. Choose one: "
            + "; ".join(f"--source-id {one}" for one in sources)
        )
    if not source and sources:
        source = sources[0]
        notes.say(
            f"The files do not say the destination's source. Assumed: {source}, of the transformations."
        )
    if destination is None:
        return _Ids(frozenset((destination_id,)) - {""}, source, "")
    metadata = destination.fields.get("metadata")
    return _Ids(
        frozenset((destination.id, destination_id)) - {""},
        source,
        _text(cast("dict[str, Any]", metadata).get("id") if isinstance(metadata, dict) else metadata),
    )


def _text(value: Any) -> str:
    unknown = first_unknown(value)
    return str(value or "") if unknown is None else unknown.reference


def _same(value: Any, text: str, wanted: str) -> Owned:
    """Compare two ids, each of which may be a reference that only Terraform resolves."""
    if text == wanted:
        return "yes" if text else "unknown"
    if not text or not wanted:
        return "unknown"
    of_terraform = isinstance(value, Unknown), not _is_id(wanted)
    both_resources = text.startswith(PREFIX) and wanted.startswith(PREFIX)
    return "no" if both_resources or not any(of_terraform) else "unknown"


def _is_id(text: str) -> bool:
    return "." not in text


def _of_own_source(one: Exported, ids: _Ids) -> Owned:
    """Return whether it is the destination's source, or a connection of that to a tracking plan."""
    field = {"source": "id", "trackingPlanConnection": "sourceId"}.get(one.kind)
    return _same(one.fields.get(field), one.reference(field), ids.source) if field else "no"


def _is_own(one: Exported, ids: _Ids, notes: Notes) -> Owned:
    """Return whether a transformation runs on the way to the destination; note it if that is unknown."""
    at_source = _same(one.fields.get("sourceId"), one.reference("sourceId"), ids.source)
    at_destination: Owned = "yes"
    if metadata := one.reference("destinationMetadataId"):
        at_destination = _at_destination(one, metadata, ids)
    if "no" in (at_source, at_destination):
        return "no"
    if at_source == at_destination == "yes":
        return "yes"
    why = "it does not say which source it is of"
    for field, known in (("sourceId", at_source), ("destinationMetadataId", at_destination)):
        if known == "unknown" and (named := one.reference(field)):
            why = f"whether it is of this source and destination depends on {named}"
    scope = "destination" if metadata else "source"
    part = NotImitated(kind="transformation", name=one.label, scope=scope, where=one.address)
    notes.left_out(
        f"The transformation {one.label!r} was left out: {why}. {_EXPORT}, or say --source-id.",
        part,
        enabled=one.enabled,
    )
    return "unknown"


def _at_destination(one: Exported, metadata: str, ids: _Ids) -> Owned:
    if any(metadata == f"{id.removesuffix('.id')}.metadata.id" for id in ids.destination):
        return "yes"
    if not ids.metadata:
        # Without a destination those of either Mixpanel destination are imported: each names its own.
        return "yes" if metadata in METADATA else "unknown" if "." in metadata else "no"
    return _same(one.fields.get("destinationMetadataId"), metadata, ids.metadata)


def _place(one: Exported, ids: _Ids, found: Sequence[Exported]) -> Place:
    """Return where an instance of an insert function runs, as seen from the destination."""
    value, named = one.fields.get("integrationId"), one.reference("integrationId")
    if not named:
        return "unknown"
    if named in ids.destination:
        return "destination"
    if _same(value, named, ids.source) == "yes":
        return "source"
    strangers = {other.id for other in found if other.kind in ("destination", "source")}
    if named in strangers:
        return "elsewhere"
    known = ids.source and ids.destination and all(map(_is_id, (ids.source, *ids.destination)))
    return "elsewhere" if known and not isinstance(value, Unknown) else "unknown"
