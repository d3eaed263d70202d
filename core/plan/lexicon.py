"""A tracking plan as schemas of Mixpanel's Lexicon, in the shape that its API reads. Pure.

Lexicon Schemas API, "Create/Replace Multiple": `POST /api/app/projects/{id}/schemas` with `{"entries": […]}`.
A schema is an event's, or that of all profiles, whose name is `$user`.
"""

from __future__ import annotations

import msgspec

from ..messages import Json, JsonObject
from .model import PlanRule, TrackingPlan

_DRAFT = "http://json-schema.org/draft-07/schema"
_PROFILE = "$user"
_KEPT = ("description", "enum", "format", "pattern", "minimum", "maximum", "minLength", "maxLength")
"""What is said of a property beside its type."""
_RESERVED = {
    "email": "$email",
    "name": "$name",
    "firstName": "$first_name",
    "lastName": "$last_name",
    "phone": "$phone",
    "avatar": "$avatar",
    "created": "$created",
}
"""Traits that Segment's destinations send under a reserved name of Mixpanel's profiles."""


class Lexicon(msgspec.Struct, frozen=True):
    """The body of the request, and sentences on the rules that Lexicon has no schema for."""

    body: JsonObject
    left_out: tuple[str, ...] = ()


def lexicon(plan: TrackingPlan) -> Lexicon:
    """Return the schemas of a plan's events and of its users' traits.

    Of several versions of an event the newest counts. What pages, screens and groups are called in Mixpanel
    depends on the destination's mappings: their rules are left out.
    """
    newest: dict[tuple[str, str], PlanRule] = {}
    left_out: list[str] = []
    for rule in plan.rules:
        if rule.type not in ("TRACK", "IDENTIFY") or (rule.type == "TRACK" and not rule.key):
            left_out.append(f"{rule.label}: Lexicon has schemas of track events and of user profiles only")
            continue
        known = newest.get((rule.type, rule.key))
        if known is None or rule.version > known.version:
            newest[rule.type, rule.key] = rule
    entries: list[Json] = [_entry(rule) for rule in newest.values()]
    return Lexicon({"entries": entries}, tuple(left_out))


def _entry(rule: PlanRule) -> JsonObject:
    profile = rule.type == "IDENTIFY"
    schema = rule.schema if isinstance(rule.schema, dict) else {}
    parts = _object(schema.get("properties"))
    holder = _object(parts.get("traits" if profile else "properties"))
    names = _RESERVED if profile else {}
    required = holder.get("required")
    made: JsonObject = {"$schema": _DRAFT, "additionalProperties": True}
    if isinstance(schema.get("description"), str):
        made["description"] = schema["description"]
    if isinstance(required, list) and required:
        made["required"] = [names.get(name, name) if isinstance(name, str) else name for name in required]
    made["properties"] = {
        names.get(name, name): _property(_object(part))
        for name, part in _object(holder.get("properties")).items()
    }
    name = _PROFILE if profile else rule.key
    return {"entityType": "profile" if profile else "event", "name": name, "schemaJson": made}


def _property(schema: JsonObject) -> JsonObject:
    """Return what Lexicon shows of a property: one type, and what is said of it."""
    made: JsonObject = {}
    given = schema.get("type")
    types = given if isinstance(given, list) else [given]
    named = [one for one in types if isinstance(one, str) and one != "null"]
    if len(named) == 1:
        made["type"] = "number" if named[0] == "integer" else named[0]
    made |= {name: schema[name] for name in _KEPT if name in schema}
    if isinstance(items := schema.get("items"), dict):
        made["items"] = _property(items)
    if isinstance(inner := schema.get("properties"), dict):
        made["properties"] = {name: _property(_object(part)) for name, part in inner.items()}
    return made


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}
