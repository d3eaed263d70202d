"""What a workspace exports of a Mixpanel destination, as segtap's settings.

Read are the Public API's answers (GET /destinations/{id}, …/subscriptions, …/filters, saved as they come) and
Terraform's `segment_destination`, `segment_destination_subscription` and `segment_destination_filter`: from
`terraform show -json`, a state file, or the .tf files themselves. Sources: Segment's Public API reference and
the schema of the provider segmentio/segment. Secrets are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, cast, get_args

import msgspec

from ..config.filters import fields_of
from ..destinations.actions.fields import ACTION_FIELDS
from ..destinations.actions.presets import optional_subscriptions, preset_subscriptions
from ..errors import InputError, MappingError
from ..mapping.filters import compile_filter
from ..messages import JsonObject
from ..settings import SEGMENT_REGIONS, DestinationFilter, DestinationKind, FilterAction, Subscription
from .exports import Exported, dicts, exported
from .hcl import Json as JsonText
from .hcl import first_unknown

METADATA: dict[str, DestinationKind] = {
    "615c7438d93d9b61b1e9e192": "actions",
    "54521fd925e721e32a72eed6": "classic-cloud",
}
"""Segment's catalogue ids of Mixpanel (Actions) and Mixpanel."""

SLUGS: dict[str, DestinationKind] = {"actions-mixpanel": "actions", "mixpanel": "classic-cloud"}

CLASSIC_KEYS = {
    "people": "people",
    "consolidatedPageCalls": "consolidated_page_calls",
    "trackAllPages": "track_all_pages",
    "trackCategorizedPages": "track_categorized_pages",
    "trackNamedPages": "track_named_pages",
    "eventIncrements": "event_increments",
    "propIncrements": "prop_increments",
    "groupIdentifierTraits": "group_identifier_traits",
    "groupTraitsToSetOnce": "group_traits_to_set_once",
    "legacySuperProperties": "legacy_super_properties",
}
"""Segment's names of the classic destination's settings, and those under `[classic]`."""

MASK = "•"
"""Segment shows secrets with these."""


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """A destination under segtap's keys.

    `destination` and `classic` are sections of segtap.toml, None when the files told nothing of them;
    `subscriptions` None means the same. `notes` say what was left out or guessed, in words.
    """

    name: str = ""
    destination: JsonObject | None = None
    classic: JsonObject | None = None
    subscriptions: tuple[Subscription, ...] | None = None
    filters: tuple[DestinationFilter, ...] = ()
    notes: tuple[str, ...] = ()


def read_workspace(
    files: Sequence[tuple[str, str]], *, destination_id: str = "", actions: dict[str, str] | None = None
) -> Workspace:
    """The Mixpanel destination in these files, given as (name, text).

    `destination_id` chooses one where there are several; `actions` says which action an action id stands for.
    Raises InputError for what cannot be read, holds no such thing, or needs one of the two.
    """
    found = list(exported(files))
    notes: list[str] = []
    destination = _the_destination([one for one in found if one.kind == "destination"], destination_id)
    id = destination.id if destination is not None else destination_id
    subscriptions = _of_destination([one for one in found if one.kind == "subscription"], id)
    filters = _of_destination([one for one in found if one.kind == "filter"], id)
    if destination is None and not subscriptions and not filters:
        raise InputError(
            "There is no Mixpanel destination or subscription in there. Save what the Public API answers to"
            " GET /destinations/{id} and GET /destinations/{id}/subscriptions, or use terraform show -json."
        )
    slugs = {**_slugs_of(destination), **(actions or {})}
    own, classic = _settings(destination, notes)
    made = tuple(
        subscription
        for one in subscriptions
        if (subscription := _subscription(one, slugs, notes)) is not None
    )
    return Workspace(
        name=str(destination.fields.get("name") or "") if destination is not None else "",
        destination=own,
        classic=classic,
        subscriptions=made if subscriptions else None,
        filters=tuple(one for item in filters for one in _filters(item, notes)),
        notes=tuple(notes),
    )


# --- choosing ------------------------------------------------------------------------------------


def _kind_of(one: Exported) -> DestinationKind | None:
    metadata = one.fields.get("metadata")
    if isinstance(metadata, dict):
        known = cast("dict[str, Any]", metadata)
        return METADATA.get(str(known.get("id"))) or SLUGS.get(str(known.get("slug")))
    return None


def _the_destination(found: list[Exported], wanted: str) -> Exported | None:
    if wanted:
        found = [one for one in found if wanted in (one.id, one.address)]
    else:
        mixpanel = [one for one in found if _kind_of(one) is not None]
        found = mixpanel or [one for one in found if not isinstance(one.fields.get("metadata"), dict)]
    if len(found) > 1:
        listed = "; ".join(
            f"{one.fields.get('name') or one.address} ({_kind_of(one)}): --destination-id "
            f"{one.address if one.id.endswith('.id') else one.id}"
            for one in found
        )
        raise InputError(f"There are {len(found)} Mixpanel destinations in there. Choose one: {listed}")
    return found[0] if found else None


def _of_destination(found: list[Exported], id: str) -> list[Exported]:
    """Those of one destination; without an id all of them, if they are of one."""
    ids = {one.reference("destinationId") for one in found}
    if id:
        return [one for one in found if one.reference("destinationId") == id]
    if len(ids) > 1:
        raise InputError(
            "The subscriptions are of several destinations. Choose one: "
            + "; ".join(f"--destination-id {one}" for one in sorted(ids))
        )
    return found


def _slugs_of(destination: Exported | None) -> dict[str, str]:
    """Which action each action id stands for, as far as the destination's metadata tells."""
    metadata = destination.fields.get("metadata") if destination is not None else None
    actions = cast("dict[str, Any]", metadata).get("actions") if isinstance(metadata, dict) else None
    return {str(action.get("id")): str(action.get("slug")) for action in dicts(actions)}


# --- what they say -------------------------------------------------------------------------------


def _json_object(value: Any) -> dict[str, Any] | None:
    """An object given as such, as JSON text, or as Terraform's jsonencode()."""
    if isinstance(value, JsonText):
        value = value.value
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _settings(destination: Exported | None, notes: list[str]) -> tuple[JsonObject | None, JsonObject | None]:
    if destination is None:
        return None, None
    given = _json_object(destination.fields.get("settings")) or {}
    kind = _kind_of(destination) or ("classic-cloud" if "token" in given else "actions")
    made: JsonObject = {"kind": kind}
    token = given.get("token" if kind == "classic-cloud" else "projectToken")
    if isinstance(token, str) and token and MASK not in token:
        made["token"] = token
    else:
        made["token_env"] = "MIXPANEL_TOKEN"
        notes.append("The project token is not in there: put it into the variable MIXPANEL_TOKEN.")
    secret = "apiKey" if kind == "classic-cloud" else "apiSecret"
    if given.get(secret):
        made["api_secret_env"] = "MIXPANEL_SECRET"
        notes.append(f"{secret} is a secret and was left out: put it into the variable MIXPANEL_SECRET.")
    made["region"] = _region(given)
    if isinstance(given.get("sourceName"), str) and given["sourceName"]:
        made["source_name"] = given["sourceName"]
    if kind == "actions":
        made["strict"] = str(given.get("strictMode", "1")) != "0"
    if destination.fields.get("enabled") is False:
        notes.append("The destination is switched off in Segment: it sends nothing there.")
    classic: JsonObject | None = None
    if kind == "classic-cloud":
        classic = {key: given[name] for name, key in CLASSIC_KEYS.items() if _plain(given.get(name))}
    return made, classic


def _region(given: dict[str, Any]) -> str:
    if given.get("enableEuropeanUnionEndpoint") is True:
        return "eu"
    return next((region for region, name in SEGMENT_REGIONS.items() if name == given.get("apiRegion")), "us")


def _plain(value: Any) -> bool:
    """A boolean or a list of texts, as `[classic]` takes them."""
    if isinstance(value, list):
        return all(isinstance(item, str) for item in cast("list[Any]", value))
    return isinstance(value, bool)


def _subscription(one: Exported, slugs: dict[str, str], notes: list[str]) -> Subscription | None:
    fields = one.fields
    name = fields.get("name")
    if fields.get("modelId"):
        notes.append(f"{one.address} is of Reverse ETL and was left out: no message comes to it.")
        return None
    mapping = _json_object(fields.get("settings") or {})
    trigger = fields.get("trigger")
    for what, value in (("settings", fields.get("settings")), ("trigger", trigger)):
        unknown = first_unknown(value)
        if unknown is not None:
            raise InputError(
                f"{one.address}: its {what} depend on {unknown.reference}, which only Terraform knows. Export"
                " what it makes of it: terraform show -json > workspace.json"
            )
    if mapping is None or not isinstance(trigger, str) or not trigger.strip():
        raise InputError(f"{one.address} has no trigger and mapping that can be read.")
    action = _action(one, mapping, slugs, notes)
    return Subscription(
        subscribe=trigger.strip(),
        partner_action=action,
        mapping=mapping,
        name=name if isinstance(name, str) else "",
        enabled=fields.get("enabled") is not False,
    )


def _action(one: Exported, mapping: JsonObject, slugs: dict[str, str], notes: list[str]) -> str:
    id, slug = one.reference("actionId"), one.fields.get("actionSlug")
    known = {_letters(action): action for action in ACTION_FIELDS}
    for told in (slug, slugs.get(id)):
        if isinstance(told, str) and _letters(told) in known:
            return known[_letters(told)]
    presets = {preset.name: preset for preset in (*preset_subscriptions(), *optional_subscriptions())}
    fitting = _fitting(mapping)
    preset = presets.get(str(one.fields.get("name")))
    if preset is not None and preset.partner_action in fitting:
        fitting = [preset.partner_action]
    if len(fitting) != 1:
        raise InputError(
            f"{one.address}: it is not told which action {id or 'its action id'} stands for. Say it: "
            f"--action {id or 'ID'}=NAME, where NAME is one of {', '.join(ACTION_FIELDS)}."
        )
    notes.append(f"{one.address}: its action id names no action; by its fields it is {fitting[0]}.")
    return fitting[0]


def _letters(slug: str) -> str:
    return re.sub(r"[^a-z]", "", slug.lower())


def _fitting(mapping: JsonObject) -> list[str]:
    """The actions whose fields are all that the mapping has; of two, the one with fewer others."""
    if not mapping:
        return []
    fitting = [
        action
        for action, fields in ACTION_FIELDS.items()
        if mapping.keys() <= {field.name for field in fields}
        and all(field.name in mapping for field in fields if field.required)
    ]
    least = min((len(ACTION_FIELDS[action]) for action in fitting), default=0)
    return [action for action in fitting if len(ACTION_FIELDS[action]) == least]


def _filters(one: Exported, notes: list[str]) -> list[DestinationFilter]:
    """A filter of a workspace for each of its actions; none, with a note, where it cannot be read."""
    fields = one.fields
    condition = fields.get("if")
    title = str(fields.get("title") or fields.get("name") or "")
    actions = dicts(fields.get("actions"))
    words = f"The filter {title or one.address!r} was left out:"
    if not isinstance(condition, str) or not actions:
        notes.append(f"{words} it has no condition and action that can be read.")
        return []
    try:
        compile_filter(condition)
    except MappingError as fault:
        notes.append(f"{words} {fault}")
        return []
    found: list[DestinationFilter] = []
    for action in actions:
        one_of = _filter_action(condition, action)
        if one_of is None:
            notes.append(f"{words} segtap does not know its action {action.get('type')!r} as it is there.")
            return []
        if one_of.action == "sample" and 0 < one_of.percent < 1:
            notes.append(
                f"The filter {title or one.address!r} lets {one_of.percent:g} of the messages through: which "
                "ones, nobody foretells, and segtap shows them all."
            )
        found.append(msgspec.structs.replace(one_of, name=title, enabled=fields.get("enabled") is not False))
    return found


def _filter_action(condition: str, action: dict[str, Any]) -> DestinationFilter | None:
    kind = str(action.get("type")).lower()
    if kind == "drop":
        return DestinationFilter(condition=condition)
    if kind == "sample":
        percent: Any = action.get("percent")
        if not isinstance(percent, int | float) or not 0 <= percent <= 1:
            return None
        path = str(action.get("path") or "")
        return DestinationFilter(condition=condition, action="sample", percent=float(percent), path=path)
    names = fields_of(_json_object(action.get("fields")))
    if kind not in get_args(FilterAction) or not names:
        return None
    return DestinationFilter(condition=condition, action=cast(FilterAction, kind), fields=names)
