"""A tracking plan laid out for a person: each rule with its properties, a line each. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from ..messages import Json, JsonObject
from .model import PlanRule

MAX_ROWS = 500


class PlanRow(msgspec.Struct, frozen=True):
    """One property: `name` with what it stands in (`products[].sku`), its type, and what values it takes."""

    name: str
    type: str
    required: bool = False
    values: str = ""
    description: str = ""


def rows(rule: PlanRule) -> list[PlanRow]:
    """Return the properties or traits that a rule describes; of a common rule, all of the message."""
    schema = rule.schema
    if not isinstance(schema, dict):
        return []
    parts = schema.get("properties")
    if not isinstance(parts, dict):
        return []
    if rule.type == "COMMON":
        return _limited(_rows(schema, ""))
    holder = parts.get("traits" if rule.type in ("IDENTIFY", "GROUP") else "properties")
    return _limited(_rows(holder, "")) if isinstance(holder, dict) else []


def _limited(found: Iterator[PlanRow]) -> list[PlanRow]:
    return [row for row, _ in zip(found, range(MAX_ROWS), strict=False)]


def _rows(schema: JsonObject, place: str) -> Iterator[PlanRow]:
    parts, required = schema.get("properties"), schema.get("required")
    if not isinstance(parts, dict):
        return
    for name, part in parts.items():
        where = f"{place}.{name}" if place else name
        described = part if isinstance(part, dict) else {}
        text = described.get("description")
        yield PlanRow(
            where,
            _type(described),
            isinstance(required, list) and name in required,
            _values(described),
            text if isinstance(text, str) else "",
        )
        yield from _rows(described, where)
        items = described.get("items")
        if isinstance(items, dict):
            yield from _rows(items, f"{where}[]")


def _type(schema: JsonObject) -> str:
    given = schema.get("type")
    words = " or ".join(map(str, given)) if isinstance(given, list) else str(given or "any")
    items = schema.get("items")
    if isinstance(items, dict) and isinstance(items.get("type"), str):
        words += f" of {items['type']}"
    return words


def _values(schema: JsonObject) -> str:
    enum: Json = schema.get("enum")
    if isinstance(enum, list):
        return "one of " + ", ".join(json.dumps(value, ensure_ascii=False) for value in enum)
    for key, words in (("const", "always {}"), ("pattern", "matches {}"), ("format", "{}")):
        if key in schema:
            value = schema[key]
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            return words.format(text)
    return ""
