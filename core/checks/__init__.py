"""The functions behind the rules: each is small and pure, and finds one kind of mistake.

`core.catalogue` holds the texts of the rules. `message`, `ids`, `names` and `values` have the functions that
look at a message itself; `request`, `limits`, `insert_ids`, `identity`, `place` and `subscriptions` those
that look at its requests; `stream` those that compare it with earlier messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..catalogue.calls import SECOND_RECEIPT, SEGMENT_WOULD_CHANGE, SEGMENT_WOULD_REJECT
from ..catalogue.settings import FILTER_NOT_FQL
from ..catalogue.stages import TRANSFORMATION_NOT_FQL
from ..messages import CALL_TYPES, JsonObject
from ..objections import Objection
from ..settings import Destination, DestinationKind
from ..text import shown
from ..verdict import Finding, Translation
from . import (
    arrival,
    bots,
    classic,
    credentials,
    data,
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
from .adjust import adjusted, called
from .not_imitated import not_imitated
from .order import MAX_FINDINGS, in_order, narrowed
from .records import check_records
from .settings import DEFAULTS, CheckSettings, check_settings
from .subject import Check, Subject

__all__ = [
    "MAX_FINDINGS",
    "SECOND_RECEIPT",
    "CheckSettings",
    "adjusted",
    "called",
    "check",
    "check_records",
    "check_settings",
    "objection",
]

_NOTHING_SENT: tuple[Check, ...] = (subscriptions.unmatched, subscriptions.rejected_by_destination)
"""Run only where nothing is sent, or Segment's destination refuses something."""
_SEVERAL_EVENTS: tuple[Check, ...] = (
    request.page_double_count,
    double_counts.subscription_double_count,
    data.purchase_double_count,
)
"""Run only where one message becomes several events."""
_ONLY: dict[DestinationKind, tuple[Check, ...]] = {
    "classic-cloud": (
        *(data.track_too_old, groups.group_trait_missing),
        *(classic.increment_ignored, classic.documentation_differs, insert_ids.insert_id_undocumented),
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
)
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
    credentials.empty_secret: lambda to, by: not to.settings.keys().isdisjoint(credentials.SECRETS),
    classic.classic_feature_lost: lambda to, by: bool(
        by.classic.people or by.classic.group_traits_to_set_once
    ),
    identity.anonymous_profile_prefix: lambda to, by: by.identity == "simplified",
    users.anonymous_id_not_uuid4: lambda to, by: by.identity == "original",
    classic.increment_skipped: lambda to, by: to.subscriptions is not None,  # no preset has increments
    groups.group_key_not_a_name: lambda to, by: to.subscriptions is not None,  # presets name the key
}
"""Rules that find nothing in any message with most settings, and whether they may with these."""


class _Runs:
    """What is run for each call with the destination and the settings of the last message."""

    def __init__(self) -> None:
        self._last: tuple[Destination, CheckSettings, dict[str, tuple[Check, ...]]] | None = None

    def of(self, destination: Destination, settings: CheckSettings) -> dict[str, tuple[Check, ...]]:
        """The checks by call, without those that the settings leave nothing to find."""
        last = self._last
        if last is not None and last[0] is destination and last[1] is settings:
            return last[2]
        idle = {run for run, may_find in _MAY_FIND.items() if not may_find(destination, settings)}
        made = {
            call: tuple(run for run in checks if run not in idle)
            for call, checks in _BY_KIND[destination.kind].items()
        }
        self._last = (destination, settings, made)
        return made


_RUNS = _Runs()


def check(
    document: JsonObject,
    translation: Translation,
    destination: Destination,
    *,
    now: int | None = None,
    original_size: int = 0,
    objections: Sequence[Objection] = (),
    filled: Sequence[str] = (),
    overflows: Sequence[tuple[str, str]] = (),
    settings: CheckSettings = DEFAULTS,
) -> tuple[Finding, ...]:
    """What the rules find in one message and its translation; errors first.

    `now` is the clock, in milliseconds; without it nothing is judged to be in the future.
    `original_size` is the size of the message's JSON text, 0 when it is not known. `objections` say why
    Segment would refuse the message or change it. `filled` names the
    paths that the client left out. `overflows` are numbers of its properties, traits and ids that are beyond
    a double and stand as null in the document, each with its path and its text. `settings` is what rules
    judge by beside the destination. Pure, and never raises on a message.
    """
    properties, context = document.get("properties"), document.get("context")
    events, profiles = request.sent_records(translation)
    # In the order of the fields: naming them would cost as much as several rules, for every message.
    subject = Subject(
        document,
        document.get("type"),
        properties if isinstance(properties, dict) else {},
        context if isinstance(context, dict) else {},
        translation,
        destination,
        events,
        now,
        original_size,
        filled,
        settings,
        overflows,
        profiles,
    )
    found = [objection(one) for one in objections]
    if not translation.operations or translation.rejected is not None:
        for run in _NOTHING_SENT:
            found.extend(run(subject))
    call = subject.type if isinstance(subject.type, str) and subject.type in CALL_TYPES else ""
    for run in _RUNS.of(destination, settings)[call]:
        if more := run(subject):
            found.extend(more)
    if len(subject.events) > 1:
        for run in _SEVERAL_EVENTS:
            found.extend(run(subject))
    if settings.filter_faults:
        found.extend(FILTER_NOT_FQL.finding("$", fault) for fault in settings.filter_faults)
    for fault in settings.transformation_faults:
        found.append(TRANSFORMATION_NOT_FQL.finding("$", fault))
    if settings.not_imitated:
        found.extend(not_imitated(document, settings.not_imitated))
    if settings.plan is not None:
        found.extend(settings.plan.findings(document))
    if len(found) > 1:
        found = narrowed(found)
    if settings.rules:
        found = adjusted(found, called(document), settings.rules)
    return tuple(in_order(found)) if len(found) > 1 else tuple(found)


def objection(one: Objection) -> Finding:
    """Return the finding for one of a message's objections."""
    rule = SEGMENT_WOULD_REJECT if one.kind == "reject" else SEGMENT_WOULD_CHANGE
    return rule.finding("$", shown(one.text, 400)[1:-1])
