"""What a workspace exports of a Mixpanel destination, as segtap's settings.

Read are the Public API's answers (GET /destinations/{id}, …/subscriptions, …/filters, saved as they come) and
Terraform's `segment_destination`, `segment_destination_subscription` and `segment_destination_filter`: from
`terraform show -json`, a state file, or the .tf files themselves. Sources: Segment's Public API reference and
the schema of the provider segmentio/segment. Nothing is left out without a note.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..errors import InputError
from ..messages import JsonObject
from ..settings import DestinationFilter, Subscription
from .chosen import choose
from .destination import settings_of
from .exports import exported
from .filters import filters_of
from .notes import Notes
from .reading import text
from .subscriptions import slugs_of, subscription_of


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """A destination under segtap's keys.

    `destination` and `classic` are sections of segtap.toml, None when the files say nothing of them;
    `subscriptions` None means the same, and `has_filters` is false where they say nothing of filters. `notes`
    say what was left out or guessed, in words; `missing` counts the enabled subscriptions and filters of the
    destination among what was left out.
    """

    name: str = ""
    destination: JsonObject | None = None
    classic: JsonObject | None = None
    subscriptions: tuple[Subscription, ...] | None = None
    filters: tuple[DestinationFilter, ...] = ()
    has_filters: bool = False
    notes: tuple[str, ...] = ()
    missing: int = 0


def read_workspace(
    files: Sequence[tuple[str, str]], *, destination_id: str = "", actions: dict[str, str] | None = None
) -> Workspace:
    """The Mixpanel destination in these files, given as (name, text).

    `destination_id` chooses one where there are several; `actions` says which action an action id stands for.
    Raises InputError for files that cannot be read, hold no such thing or several, or of which nothing can be
    brought in.
    """
    notes = Notes()
    chosen = choose(list(exported(files, notes)), destination_id, notes)
    destination = chosen.destination
    slugs = {**slugs_of(destination), **(actions or {})}
    own, classic = settings_of(destination, notes)
    read = (subscription_of(one, slugs, notes) for one in chosen.subscriptions)
    subscriptions = tuple(one for one in read if one is not None)
    filters = tuple(one for item in chosen.filters for one in filters_of(item, notes))
    if destination is None and chosen.subscriptions and notes.missing and not subscriptions and not filters:
        raise InputError("\n".join(notes.lines))
    return Workspace(
        name=text(destination.fields.get("name")) if destination is not None else "",
        destination=own,
        classic=classic,
        subscriptions=subscriptions if chosen.subscriptions or "subscription" in notes.listed else None,
        filters=filters,
        has_filters=bool(chosen.filters) or "filter" in notes.listed,
        notes=tuple(notes.lines),
        missing=notes.missing,
    )
