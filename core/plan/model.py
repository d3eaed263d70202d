"""Segment Protocols' tracking plan: its rules, read from what Segment's APIs and Typewriter give out.

The Public API answers `GET /tracking-plans/{id}/rules` with `{"data": {"rules": [...], "pagination": …}}`, a
rule being `{"type", "key", "jsonSchema", "version"}` (its reference, RuleV1). Typewriter's plan.json and the
older Config API hold `{"rules": {"events": [{"name", "rules", "version"}], "identify", "group", "global"}}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

import msgspec

from ..errors import InputError
from ..messages import Json, JsonObject

RuleType = Literal["TRACK", "IDENTIFY", "GROUP", "PAGE", "SCREEN", "COMMON"]
RULE_TYPES: tuple[RuleType, ...] = ("TRACK", "PAGE", "SCREEN", "IDENTIFY", "GROUP", "COMMON")
_TYPE_OF: dict[str, RuleType] = {one: one for one in RULE_TYPES}

_LEGACY: dict[str, RuleType] = {
    "identify": "IDENTIFY",
    "identify_traits": "IDENTIFY",
    "group": "GROUP",
    "group_traits": "GROUP",
    "global": "COMMON",
}
"""The schemas of the Config API that are no event's."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_HINT = (
    "Save the whole answer of Segment's Public API to GET /tracking-plans/{id}/rules, or write a plan with"
    " segtap plan infer."
)


class PlanRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: the JSON Schema (draft 7) of the messages of a type, or of those with one name.

    `key` is the name of the event, page or screen; "" for the other types, and for all pages or screens.
    The schema is for the whole message: `properties` in it describes `context`, `properties` and `traits`.
    """

    type: RuleType
    key: str = ""
    schema: JsonObject | bool
    version: int = 1

    @property
    def label(self) -> str:
        """What it is called for a person: `track Order Completed`."""
        name = f"{self.type.lower()} {self.key}".strip()
        return f"{name} version {self.version}" if self.version != 1 else name


class TrackingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan: its name, its rules in their order, and what is missing from the file, in words."""

    name: str = ""
    rules: tuple[PlanRule, ...] = ()
    faults: tuple[str, ...] = ()

    def document(self) -> JsonObject:
        """Return the plan as the Public API would give it."""
        rules: list[Json] = [
            {
                "type": rule.type,
                "key": rule.key or None,
                "jsonSchema": rule.schema,
                "version": rule.version,
            }
            for rule in self.rules
        ]
        return {"data": {"trackingPlan": {"name": self.name, "type": "LIVE"}, "rules": rules}}


def read_plan(path: Path) -> TrackingPlan:
    """Return the plan in a file. Raises InputError for a file that is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"The tracking plan {path} cannot be read: {error.strerror}.") from error
    return read_plan_bytes(data, str(path))


def read_plan_bytes(data: bytes, place: str) -> TrackingPlan:
    """Return the plan in what a file holds. `place` names it in errors. Raises InputError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"The tracking plan {place} is not UTF-8 text.") from None
    return read_plan_text(text, place)


def read_plan_text(text: str, place: str) -> TrackingPlan:
    """Return the plan in a text: one answer of an API, or several pages of it behind one another.

    `place` names it in errors. Raises InputError.
    """
    name, total, more = "", 0, False
    faults: list[str] = []
    rules: list[PlanRule] = []
    for answer in _answers(text, place):
        inner: Json = answer
        while isinstance(inner, dict) and isinstance(inner.get("data"), dict):
            inner = inner["data"]
        if isinstance(inner, list):
            inner = {"rules": inner}
        if not isinstance(inner, dict):
            raise InputError(f"{place} is not a tracking plan. {_HINT}")
        name = _name_of(inner) or name
        found = inner.get("rules")
        rules += _rules(found, place) if found is not None else ()
        pages = inner.get("pagination")
        if isinstance(pages, dict):
            more = isinstance(pages.get("next"), str)
            entries = pages.get("totalEntries")
            total = entries if isinstance(entries, int) else total
    if not rules:
        raise InputError(f"{place} holds no rules. {_HINT}")
    if more or len(rules) < total:
        of = f" of {total:,}" if total > len(rules) else ""
        faults.append(
            f"{place} holds the first {len(rules):,}{of} rules only: ask the Public API for the next page as"
            " well (pagination.next), and put it behind the first in the same file"
        )
    return TrackingPlan(name=name, rules=tuple(rules), faults=tuple(faults))


def _answers(text: str, place: str) -> Iterator[Json]:
    decoder = json.JSONDecoder(parse_constant=lambda _: None)
    at, end = 0, len(text)
    while True:
        while at < end and text[at] in " \t\r\n":
            at += 1
        if at == end:
            return
        try:
            value, at = cast("tuple[Json, int]", decoder.raw_decode(text, at))
        except RecursionError:
            raise InputError(f"{place} is nested too deep to be read.") from None
        except ValueError as error:
            raise InputError(f"{place} is not JSON: {error}. {_HINT}") from None
        yield value


def _name_of(answer: JsonObject) -> str:
    about = answer.get("trackingPlan")
    holder = about if isinstance(about, dict) else answer
    for key in ("name", "display_name"):
        name = holder.get(key)
        if isinstance(name, str) and name:
            return name
    return ""


def _rules(given: Json, place: str) -> Iterator[PlanRule]:
    if isinstance(given, dict):
        yield from _legacy_rules(given, place)
        return
    if not isinstance(given, list):
        raise InputError(f"{place}: rules has to be a list. {_HINT}")
    for index, item in enumerate(given):
        where = f"{place}: rules[{index}]"
        if not isinstance(item, dict):
            raise InputError(f"{where} has to be an object.")
        kind = item.get("type")
        found = _TYPE_OF.get(kind.upper()) if isinstance(kind, str) else None
        if found is None:
            raise InputError(f"{where}.type has to be one of {', '.join(RULE_TYPES)}.")
        key = item.get("key")
        if found == "TRACK" and (not isinstance(key, str) or not key):
            raise InputError(f"{where}.key has to be the event's name.")
        schema = item.get("jsonSchema", item.get("json_schema"))
        yield PlanRule(
            type=found,
            key=key if isinstance(key, str) and found in ("TRACK", "PAGE", "SCREEN") else "",
            schema=_schema(schema, f"{where}.jsonSchema"),
            version=_version(item.get("version")),
        )


def _legacy_rules(given: JsonObject, place: str) -> Iterator[PlanRule]:
    events = given.get("events")
    for index, item in enumerate(events if isinstance(events, list) else ()):
        where = f"{place}: rules.events[{index}]"
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise InputError(f"{where} has to be an object with the event's name.")
        yield PlanRule(
            type="TRACK",
            key=str(item["name"]),
            schema=_schema(item.get("rules"), f"{where}.rules"),
            version=_version(item.get("version")),
        )
    for name, kind in _LEGACY.items():
        schema = given.get(name)
        # identify_traits and group_traits are lists of names beside the schema, or the schema itself.
        if isinstance(schema, dict) and schema:
            yield PlanRule(type=kind, schema=schema)


def _schema(given: Json, where: str) -> JsonObject | bool:
    if isinstance(given, str):  # Terraform states hold the schema as JSON text
        try:
            given = cast(Json, json.loads(given))
        except (ValueError, RecursionError):
            raise InputError(f"{where} is a text that is not JSON.") from None
    if given is None:
        return True
    if not isinstance(given, dict | bool):
        raise InputError(f"{where} has to be a JSON Schema: an object.")
    return given


def _version(given: Json) -> int:
    return int(given) if isinstance(given, int | float) and not isinstance(given, bool) else 1


def event_version(document: JsonObject) -> int | None:
    """Return `context.protocols.event_version`, by which an app says which version of the event it sends.

    None where there is none, or no whole number from 1: Segment then validates against the oldest version.
    """
    context = document.get("context")
    protocols = context.get("protocols") if isinstance(context, dict) else None
    version = protocols.get("event_version") if isinstance(protocols, dict) else None
    if isinstance(version, float) and version.is_integer():
        version = int(version)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        return None
    return version


def plain(name: str) -> str:
    """Return a name that a plan can hold: lone surrogates, which have no UTF-8, become U+FFFD."""
    return name if name.isascii() else _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", name)
