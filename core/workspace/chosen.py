"""Which destination an import is about, and which subscriptions and filters are its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from ..destinations.transformations import METADATA_IDS
from ..errors import InputError
from ..not_imitated import NotImitated, NotImitatedKind
from ..settings import DestinationKind
from .hcl import first_unknown
from .notes import Notes
from .objects import Exported

METADATA: dict[str, DestinationKind] = {id: kind for kind, id in METADATA_IDS.items()}
"""Which destination an id in Segment's catalogue stands for."""

SLUGS: dict[str, DestinationKind] = {"actions-mixpanel": "actions", "mixpanel": "classic-cloud"}
_KINDS: dict[str, NotImitatedKind] = {"subscription": "subscription", "filter": "filter"}


class Chosen(msgspec.Struct, frozen=True):
    """A destination with what belongs to it; `destination` is None if the files do not hold it."""

    destination: Exported | None
    subscriptions: tuple[Exported, ...]
    filters: tuple[Exported, ...]


def kind_of(one: Exported) -> DestinationKind | None:
    """Return which Mixpanel destination it is; None if it is another one, or that is unknown."""
    metadata = one.fields.get("metadata")
    if isinstance(metadata, dict):
        known = cast("dict[str, Any]", metadata)
        return METADATA.get(str(known.get("id"))) or SLUGS.get(str(known.get("slug")))
    return None


def metadata_id(one: Exported) -> str:
    """Return the id of a Mixpanel destination in Segment's catalogue, even if only its slug is known."""
    kind = kind_of(one)
    return "" if kind is None else METADATA_IDS[kind]


def choose(found: Sequence[Exported], wanted: str, notes: Notes) -> Chosen:
    """Find the destination named `wanted` (an id or an address), or the only one, and what belongs to it.

    Raises InputError if there are several destinations.
    """
    destinations = [one for one in found if one.kind == "destination"]
    children = [one for one in found if one.kind in _KINDS]
    destination = _wanted(destinations, wanted, notes) if wanted else _only(destinations, notes)
    if destination is None:
        strangers = {one.id for one in destinations if one.id}
        own = _of_one([one for one in children if one.reference("destinationId") not in strangers], wanted)
        others = [one for one in children if one not in own]
    else:
        own, others = _of(destination, wanted, destinations, children, notes)
    if others:
        counts = Counter(one.kind for one in others)
        words = " and ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items())
        notes.say(f"{words} of other destinations left out.")
    return Chosen(
        destination,
        tuple(one for one in own if one.kind == "subscription"),
        tuple(one for one in own if one.kind == "filter"),
    )


def without_copies(found: Sequence[Exported], notes: Notes) -> list[Exported]:
    """Return each object once, even if several files hold it.

    Fields that the first of several copies does not have come from the later ones: a data source of Terraform
    has schema settings that its resource may lack.
    """
    once: dict[tuple[str, str, int], Exported] = {}
    for place, one in enumerate(found):
        key = (one.kind, one.id, 0) if one.id_is_known else (one.kind, one.id, place + 1)
        first = once.setdefault(key, one)
        if first is one:
            continue
        own = {name: value for name, value in first.fields.items() if value is not None}
        once[key] = msgspec.structs.replace(first, fields={**one.fields, **own})
        if one.kind not in ("destination", "source"):
            notes.say(f"{one.address} is in the files twice, and is imported once.")
    return list(once.values())


# --- the destination -----------------------------------------------------------------------------


def _only(destinations: Sequence[Exported], notes: Notes) -> Exported | None:
    """Return the Mixpanel destination; of an answer that does not say its kind, any."""
    mixpanel = [one for one in destinations if kind_of(one) is not None]
    if not mixpanel:
        mixpanel = [one for one in destinations if not isinstance(one.fields.get("metadata"), dict)]
    for one in destinations:
        unknown = first_unknown(one.fields.get("metadata"))
        if unknown is not None and kind_of(one) is None and one not in mixpanel:
            notes.say(
                f"{one.address} was left out: whether it is Mixpanel depends on {unknown.reference}."
                f" If it is, say --destination-id {_name(one)}."
            )
    if len(mixpanel) > 1:
        listed = "; ".join(
            f"{one.fields.get('name') or one.address} ({kind_of(one)}): --destination-id {_name(one)}"
            for one in mixpanel
        )
        raise InputError(f"The files hold {len(mixpanel)} Mixpanel destinations. Choose one: {listed}")
    return mixpanel[0] if mixpanel else None


def _wanted(destinations: Sequence[Exported], wanted: str, notes: Notes) -> Exported | None:
    named = [one for one in destinations if wanted in (one.id, one.address)]
    if len(named) > 1:
        raise InputError(
            f"Several destinations in the files are {wanted}. Give the files of one Terraform configuration"
            " only."
        )
    if named:
        metadata = named[0].fields.get("metadata")
        if isinstance(metadata, dict) and kind_of(named[0]) is None and first_unknown(metadata) is None:
            raise InputError(f"{named[0].address} is not a Mixpanel destination.")
        return named[0]
    nameless = [one for one in destinations if kind_of(one) is not None and not one.id_is_known]
    if len(nameless) == 1:
        notes.say(f"The files do not say the id of {nameless[0].address}. Assumed: {wanted}.")
        return nameless[0]
    if destinations:
        there = ", ".join(sorted(_name(one) for one in destinations))
        notes.say(f"The files do not hold {wanted}, so that [destination] is unchanged. They hold {there}.")
    return None


def _name(one: Exported) -> str:
    return one.id if one.id_is_known else one.address


# --- what belongs to it --------------------------------------------------------------------------


def _of_one(children: list[Exported], wanted: str) -> list[Exported]:
    """Return those of a destination that the files do not hold: of `wanted`, else all, if they are of one."""
    if wanted:
        return [one for one in children if one.reference("destinationId") == wanted]
    ids = sorted({one.reference("destinationId") for one in children})
    if len(ids) > 1:
        raise InputError(
            "The subscriptions are of several destinations. Choose one: "
            + "; ".join(f"--destination-id {one}" for one in ids if one)
        )
    return children


def _of(
    destination: Exported,
    wanted: str,
    destinations: Sequence[Exported],
    children: Sequence[Exported],
    notes: Notes,
) -> tuple[list[Exported], list[Exported]]:
    """Divide them into those of the destination and those of others; note those that may belong to it."""
    names = {destination.id, wanted or destination.id}
    own: list[Exported] = []
    others: list[Exported] = []
    for one in children:
        named = one.reference("destinationId")
        if named in names or (not named and len(destinations) == 1):
            own.append(one)
        elif why := _why_unknown(one, named, destination):
            part = NotImitated(kind=_KINDS[one.kind], name=one.label, where=one.address)
            notes.left_out(f"The {one.kind} {one.address} was left out: {why}.", part, enabled=one.enabled)
        else:
            others.append(one)
    return own, others


def _why_unknown(one: Exported, named: str, destination: Exported) -> str:
    """Return why the owner of a subscription or filter is unknown; "" if it is another destination's."""
    if not named:
        return "it does not say which destination it is of"
    if first_unknown(one.fields.get("destinationId")) is not None:
        if named.startswith("segment_destination."):
            return ""
        return f"its destination_id depends on {named}, which only Terraform knows"
    if destination.id_is_known:
        return ""
    return (
        f"it is of the destination {named}, and the files do not say the id of {destination.address}."
        f" If it is that one, say --destination-id {named}"
    )
