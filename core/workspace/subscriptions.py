"""Subscriptions of a workspace as `[[subscriptions]]`: trigger, action and mapping."""

from __future__ import annotations

import re
from typing import Any, cast

from ..destinations.actions.fields import ACTION_FIELDS
from ..destinations.actions.presets import optional_subscriptions, preset_subscriptions
from ..mapping.trigger_syntax import passed_over
from ..messages import JsonObject
from ..not_imitated import NotImitated
from ..settings import Subscription
from .hcl import first_unknown
from .notes import Notes
from .objects import Exported, dicts
from .reading import json_object, text

_MODEL = "segment_reverse_etl_model."


def slugs_of(destination: Exported | None) -> dict[str, str]:
    """Return which action each action id stands for, as far as the destination's metadata says."""
    metadata = destination.fields.get("metadata") if destination is not None else None
    actions = cast("dict[str, Any]", metadata).get("actions") if isinstance(metadata, dict) else None
    return {str(action.get("id")): str(action.get("slug")) for action in dicts(actions)}


def subscription_of(one: Exported, slugs: dict[str, str], notes: Notes) -> Subscription | None:
    """Return the subscription; None, with a note, for one that cannot be read or is of Reverse ETL."""
    fields = one.fields
    part = NotImitated(kind="subscription", name=one.label, where=one.address)
    model = fields.get("modelId")
    if first_unknown(model) is None or one.reference("modelId").startswith(_MODEL):
        if model:
            notes.say(f"{one.address} is of Reverse ETL and was left out: no message comes to it.")
            return None
    elif model:
        notes.left_out(
            f"{one.address} was left out: whether it is of Reverse ETL depends on {one.reference('modelId')},"
            f" which only Terraform knows. {EXPORT}",
            part,
            enabled=one.enabled,
        )
        return None
    mapping = json_object(fields.get("settings"))
    trigger = fields.get("trigger")
    why = _why_not(fields, mapping)
    if why or mapping is None or not isinstance(trigger, str):
        notes.left_out(f"{one.address} was left out: {why}", part, enabled=one.enabled)
        return None
    action = _action(one, mapping, slugs, notes)
    if action is None:
        id = one.reference("actionId")
        notes.left_out(
            f"{one.address} was left out: nothing says which action {id or 'its action id'} stands for. Say"
            f" --action {id or 'ID'}=NAME, where NAME is one of {', '.join(ACTION_FIELDS)}.",
            part,
            enabled=one.enabled,
        )
        return None
    if names := passed_over(trigger):
        notes.say(f"{one.address}: Segment ignores {', '.join(names)} in its trigger.")
    if first_unknown(fields.get("enabled")) is not None:
        notes.say(f"{one.address} is imported as enabled: only Terraform knows whether it is.")
    return Subscription(
        subscribe=trigger.strip(),
        partner_action=action,
        mapping=mapping,
        name=text(fields.get("name")),
        enabled=one.enabled,
    )


EXPORT = "Export what it makes of it: terraform show -json > workspace.json"


def _why_not(fields: dict[str, Any], mapping: JsonObject | None) -> str:
    """Return why trigger and mapping cannot be read; "" if they can."""
    for what, value in (
        ("settings depend", fields.get("settings")),
        ("trigger depends", fields.get("trigger")),
    ):
        unknown = first_unknown(value)
        if unknown is not None:
            return f"its {what} on {unknown.reference}, which only Terraform knows. {EXPORT}"
    if mapping is None or not text(fields.get("trigger")).strip():
        return "it has no trigger and mapping that can be read."
    return ""


def _action(one: Exported, mapping: JsonObject, slugs: dict[str, str], notes: Notes) -> str | None:
    id, slug = one.reference("actionId"), one.fields.get("actionSlug")
    known = {_letters(action): action for action in ACTION_FIELDS}
    for said in (slug, slugs.get(id)):
        if isinstance(said, str) and _letters(said) in known:
            return known[_letters(said)]
    presets = {preset.name: preset for preset in (*preset_subscriptions(), *optional_subscriptions())}
    fitting = _fitting(mapping)
    preset = presets.get(text(one.fields.get("name")))
    if preset is not None and preset.partner_action in fitting:
        fitting = [preset.partner_action]
    if len(fitting) != 1:
        return None
    notes.say(f"{one.address}: the files do not name its action; by its fields it is {fitting[0]}.")
    return fitting[0]


def _letters(slug: str) -> str:
    return re.sub(r"[^a-z]", "", slug.lower())


def _fitting(mapping: JsonObject) -> list[str]:
    """Return the actions that have every field of the mapping; of several, those with the fewest others."""
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
