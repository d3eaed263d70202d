"""A Mixpanel destination in the exports of a Segment workspace, as segtap's settings.

Readable are the Public API's answers (GET /destinations/{id}, …/subscriptions, …/filters, /transformations
and others, saved as they are), `terraform show -json`, a state file, and .tf files. Sources: Segment's Public
API reference and the schema of the provider segmentio/segment. Whatever changes messages on their way to the
destination is imported, or named in a note; `resources` lists what is neither, with the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from ..errors import InputError
from ..messages import JsonObject
from ..not_imitated import NotImitated
from ..settings import DestinationFilter, Subscription
from ..transformations import Transformation
from .chosen import Chosen, choose, metadata_id, without_copies
from .destination import settings_of
from .exports import exported
from .filters import filters_of
from .functions import name_functions
from .hcl import first_unknown
from .notes import Notes
from .objects import Exported
from .of_source import OfSource, of_source
from .reading import text
from .schema import name_blocked
from .subscriptions import slugs_of, subscription_of
from .transformations import transformation_of
from .unknown_fields import name_unknown_fields

Object = TypeVar("Object")


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """A destination under segtap's keys.

    `destination` and `classic` are sections of segtap.toml, None if the files do not hold the destination.
    `subscriptions`, `transformations` and `filters` are None if the files hold none and list none.
    `not_imitated` names what may change messages and could not be imported. `notes` say what was left out or
    assumed; `missing` counts the enabled subscriptions, filters and transformations that were left out.
    """

    name: str = ""
    destination: JsonObject | None = None
    classic: JsonObject | None = None
    subscriptions: tuple[Subscription, ...] | None = None
    transformations: tuple[Transformation, ...] | None = None
    filters: tuple[DestinationFilter, ...] | None = None
    not_imitated: tuple[NotImitated, ...] = ()
    notes: tuple[str, ...] = ()
    missing: int = 0


def read_workspace(
    files: Sequence[tuple[str, str]],
    *,
    destination_id: str = "",
    source_id: str = "",
    actions: dict[str, str] | None = None,
) -> Workspace:
    """Read the Mixpanel destination in these files, given as (name, text).

    `destination_id` chooses one of several, `source_id` the source of transformations; `actions` says which
    action an action id stands for. Raises InputError for files that cannot be read, that hold no destination
    or several, or of which nothing can be imported.
    """
    notes = Notes()
    found = without_copies(list(exported(files, notes)), notes)
    chosen = choose(found, destination_id, notes)
    between = of_source(
        found, chosen.destination, destination_id=destination_id, source_id=source_id, notes=notes
    )
    _refuse_nothing(chosen, between, notes)
    destination = chosen.destination
    slugs = {**slugs_of(destination), **(actions or {})}
    own, classic = settings_of(destination, notes)
    read = (subscription_of(one, slugs, notes) for one in chosen.subscriptions)
    subscriptions = tuple(one for one in read if one is not None)
    metadata = "" if destination is None else metadata_id(destination)
    changes = (transformation_of(one, metadata, notes) for one in between.transformations)
    transformations = tuple(one for one in changes if one is not None)
    filters = tuple(one for item in chosen.filters for one in filters_of(item, notes))
    _name_the_rest(found, chosen, between, notes)
    wanted = (*chosen.subscriptions, *between.transformations)
    if destination is None and wanted and notes.missing and not (subscriptions or filters or transformations):
        raise InputError("\n".join(notes.lines))
    return Workspace(
        name=text(destination.fields.get("name")) if destination is not None else "",
        destination=own,
        classic=classic,
        subscriptions=_listed(subscriptions, chosen.subscriptions, "subscription", notes),
        transformations=_listed(transformations, between.transformations, "transformation", notes),
        filters=_listed(filters, chosen.filters, "filter", notes),
        not_imitated=tuple(notes.not_imitated),
        notes=tuple(notes.lines),
        missing=notes.missing,
    )


def _refuse_nothing(chosen: Chosen, between: OfSource, notes: Notes) -> None:
    if chosen.destination is not None or chosen.subscriptions or chosen.filters or between.transformations:
        return
    if notes.missing:
        raise InputError("\n".join(notes.lines))
    raise InputError(
        "The files hold no Mixpanel destination, subscription or transformation. Save what the Public API"
        " answers to GET /destinations/{id} and GET /destinations/{id}/subscriptions, or use terraform show"
        " -json."
    )


def _name_the_rest(found: Sequence[Exported], chosen: Chosen, between: OfSource, notes: Notes) -> None:
    """Name functions, what the schema blocks, unknown fields, and objects of unknown kinds."""
    functions = [one for one in found if one.kind == "function"]
    name_functions(between.instances, functions, notes)
    for one in between.schema:
        unsure = one in between.unsure
        name_blocked(one, notes, unsure=unsure)
        if one.kind == "source" and not one.enabled and not unsure:
            notes.name(
                f"The source {one.label!r} is switched off in Segment: it sends nothing.",
                NotImitated(kind="switched_off", name=one.label, scope="source", where=one.address),
            )
    destination = () if chosen.destination is None else (chosen.destination,)
    concerned = (*destination, *chosen.subscriptions, *chosen.filters, *between.transformations)
    running = [one for one, place in between.instances if place != "elsewhere"]
    for one in (*concerned, *running, *functions, *between.schema):
        name_unknown_fields(one, notes)
        if not one.enabled_is_known and first_unknown(one.fields.get("enabled")) is None:
            notes.say(f"{one.address} counts as on: its `enabled` is {one.fields['enabled']!r}.")
    for one in found:
        if one.kind == "unknown":
            notes.name(
                f"segtap does not know {one.address}, and ignores it.",
                NotImitated(kind="resource", name=one.address),
            )


def _listed(
    made: tuple[Object, ...], given: Sequence[Exported], kind: str, notes: Notes
) -> tuple[Object, ...] | None:
    """Return what was made of the given objects; None if the files hold none, and no list of them."""
    return made if given or kind in notes.listed else None
