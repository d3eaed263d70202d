"""Which rules are run for a message: by its call, the destination, the settings, and a first look at it.

A rule runs if every table here lets it: `_BY_CALL` by the call, `_ONLY` by the destination, `_MAY_FIND` by
the settings, and `_OF_FAMILY` by what `glance` saw in the message. A rule that a table does not name is not
limited by it.
"""

from __future__ import annotations

from collections.abc import Callable

from ..destinations.device.options import read_options
from ..messages import Json
from ..settings import Destination, DestinationKind
from . import (
    arrival,
    bots,
    classic,
    credentials,
    data,
    device,
    double_counts,
    fields,
    groups,
    identity,
    ids,
    insert_ids,
    limits,
    message,
    names,
    place,
    region,
    request,
    spec,
    subscriptions,
    times,
    users,
    values,
)
from . import families as of
from .glance import Expected
from .settings import CheckSettings
from .subject import Check

NOTHING_SENT: tuple[Check, ...] = (subscriptions.unmatched, subscriptions.rejected_by_destination)
"""Run only where nothing is sent, or Segment's destination refuses something."""
SEVERAL_EVENTS: tuple[Check, ...] = (
    request.page_double_count,
    double_counts.subscription_double_count,
    data.purchase_double_count,
)
"""Run only where one message becomes several events."""
_ONLY: dict[DestinationKind, tuple[Check, ...]] = {
    "classic-cloud": (
        *(data.track_too_old, groups.group_trait_missing),
        *(classic.increment_ignored, classic.documentation_differs, insert_ids.insert_id_undocumented),
        *(device.super_property_reserved, device.reserved_trait),
    ),
    "actions": (
        *(data.utm_missing, classic.classic_feature_lost, classic.increment_skipped, users.array_overwritten),
        arrival.property_overrides_context,
    ),
}
"""Rules on what only one of the destinations does."""
_ANY: tuple[Check, ...] = (
    data.track_too_old,
    region.region_mismatch,
    ids.ids,
    message.timestamp_suspect,
    values.values,
    fields.fields,
    limits.sent_values,
)
_EVENT: tuple[Check, ...] = (
    names.names,
    identity.no_identity,
    identity.anonymous_profile_prefix,
    identity.insert_id_missing,
    place.no_client_ip,
    insert_ids.insert_id,
    insert_ids.insert_id_undocumented,
    times.event_time,
    bots.bot_traffic,
    arrival.arrival,
    arrival.property_overrides_context,
    *(credentials.api_secret_deprecated, credentials.empty_secret),
    data.country_code,
    data.utm_missing,
    data.super_properties_cloud,
    classic.classic_feature_lost,
    classic.increment_ignored,
    classic.increment_skipped,
    classic.documentation_differs,
    device.super_property_reserved,
)
OF_TRACKING: frozenset[Check] = frozenset(
    (
        *(ids.ids, fields.fields, message.timestamp_suspect, request.page_name_missing),
        *(spec.spec_event_name, spec.spec_properties, spec.traits),
    )
)
"""Rules about tracking: they read the message as the client sent it. All others read what the destination
gets, which is another message where transformations or filters change it."""
_BY_CALL: dict[str, tuple[Check, ...]] = {
    "track": (
        *_ANY,
        *_EVENT,
        spec.spec_event_name,
        spec.spec_properties,
    ),
    "page": (*_ANY, request.page_name_missing, *_EVENT),
    "screen": (*_ANY, request.page_name_missing, *_EVENT),
    "identify": (
        *_ANY,
        identity.no_identity,
        identity.identify_without_user_id,
        identity.anonymous_profile_prefix,
        place.no_client_ip,
        users.anonymous_id_not_uuid4,
        users.array_overwritten,
        data.country_code,
        classic.documentation_differs,
        device.reserved_trait,
        spec.traits,
        arrival.arrival,
    ),
    "group": (
        *_ANY,
        groups.group_without_traits,
        groups.group_trait_missing,
        groups.group_id_overridden,
        groups.group_key_not_a_name,
        groups.group_set_once,
        arrival.arrival,
        users.array_overwritten,
        classic.classic_feature_lost,
    ),
    "alias": (*_ANY, identity.alias_without_previous_id, users.alias_ignored),
    "": _ANY,
}
_BY_KIND: dict[DestinationKind, dict[str, tuple[Check, ...]]] = {
    kind: {
        call: tuple(run for run in checks if not any(run in _ONLY[other] for other in _ONLY if other != kind))
        for call, checks in _BY_CALL.items()
    }
    for kind in _ONLY
}
"""What is run for a call, by destination."""
_MAY_FIND: dict[Check, Callable[[Destination, CheckSettings], bool]] = {
    region.region_mismatch: lambda to, by: region.may_differ(to, by.project_region),
    credentials.api_secret_deprecated: lambda to, by: not to.settings.keys().isdisjoint(credentials.SECRETS),
    credentials.empty_secret: lambda to, by: "apiSecret" in to.settings and not to.settings["apiSecret"],
    classic.classic_feature_lost: lambda to, by: bool(
        by.classic.people or by.classic.group_traits_to_set_once
    ),
    identity.anonymous_profile_prefix: lambda to, by: by.identity == "simplified",
    users.anonymous_id_not_uuid4: lambda to, by: by.identity == "original",
    classic.increment_skipped: lambda to, by: to.subscriptions is not None,  # no preset has increments
    device.super_property_reserved: lambda to, by: bool(to.settings.get("superProperties")),
    device.reserved_trait: lambda to, by: read_options(to.settings).registers_traits,
    groups.group_key_not_a_name: lambda to, by: to.subscriptions is not None,  # presets name the key
}
"""Rules that find nothing in any message with most settings, and whether they may with these."""

_OF_FAMILY: dict[Check, int] = {
    ids.ids: of.IDS,
    message.timestamp_suspect: of.TIME,
    values.values: of.VALUES,
    fields.fields: of.FIELDS,
    limits.sent_values: of.SENT,
    names.names: of.NAMES,
    identity.no_identity: of.NOBODY,
    identity.insert_id_missing: of.MESSAGE_ID,
    place.no_client_ip: of.ADDRESS,
    insert_ids.insert_id: of.INSERT_ID,
    times.event_time: of.TIME,
    bots.bot_traffic: of.CRAWLER,
    arrival.arrival: of.LOST,
    arrival.property_overrides_context: of.OVERRIDES,
    data.country_code: of.COUNTRY,
    data.utm_missing: of.CAMPAIGN,
    data.super_properties_cloud: of.CONTEXT_TRAITS,
    spec.spec_event_name: of.SPEC,
    spec.spec_properties: of.SPEC,
    request.page_name_missing: of.UNNAMED,
}
"""Rules that find nothing in a message unless it has something of these families."""
_MOST_SELECTIONS = 4096


class Runs:
    """The rules that are run with one destination and one set of settings."""

    def __init__(self, destination: Destination, settings: CheckSettings) -> None:
        self.judged_by = (destination, settings)
        classic, own = destination.kind == "classic-cloud", destination.subscriptions is not None
        # A workspace's own mapping may send any id, and any name as the event's.
        always = of.IDS | of.NAMES if own else 0
        self.expected = Expected(
            classic,
            always | of.CONTEXT_TRAITS if classic else always,
            ids.group_keys(settings, destination),
        )
        idle = {run for run, may_find in _MAY_FIND.items() if not may_find(destination, settings)}
        self._by_call = {
            call: tuple(run for run in checks if run not in idle)
            for call, checks in _BY_KIND[destination.kind].items()
        }
        self._selected: dict[tuple[Json, int], tuple[Check, ...]] = {}

    def of(self, call: Json, odd: int) -> tuple[Check, ...]:
        """Return the rules for a message of that call in which a first look saw the families `odd`."""
        found = self._selected.get((call, odd)) if isinstance(call, str) else None
        if found is None:
            known = call if isinstance(call, str) and call in self._by_call else ""
            found = tuple(
                run for run in self._by_call[known] if run not in _OF_FAMILY or _OF_FAMILY[run] & odd
            )
            if known and len(self._selected) < _MOST_SELECTIONS:
                self._selected[known, odd] = found
        return found


_last: Runs | None = None


def runs_for(destination: Destination, settings: CheckSettings) -> Runs:
    """Return what is run with these; nearly always they are those of the message before."""
    global _last
    last = _last
    if last is None or last.judged_by[0] is not destination or last.judged_by[1] is not settings:
        last = _last = Runs(destination, settings)
    return last
