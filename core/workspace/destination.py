"""A workspace's destination as `[destination]` and `[classic]`. Secrets are left out."""

from __future__ import annotations

from typing import Any

import msgspec

from ..messages import JsonObject
from ..not_imitated import NotImitated
from ..settings import SEGMENT_REGIONS, ClassicSettings
from .chosen import kind_of
from .hcl import first_unknown
from .notes import Notes
from .objects import Exported
from .reading import json_object, text

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
    "setAllTraitsByDefault": "set_all_traits_by_default",
    "superProperties": "super_properties",
    "peopleProperties": "people_properties",
    "persistence": "persistence",
    "cookieName": "cookie_name",
    "crossSubdomainCookie": "cross_subdomain_cookie",
    "secureCookie": "secure_cookie",
}
"""Segment's names of the classic destination's settings, and those under `[classic]`."""

_UNUSED = ("pageview", "nameTag")
"""Settings of the classic destination that nothing reads any more, in either mode."""
_READ = ("token", "apiKey", "sourceName", "enableEuropeanUnionEndpoint", "apiRegion")
"""Settings of the classic destination that stand under `[destination]`."""
_ACTIONS_READ = ("projectToken", "apiSecret", "apiRegion", "sourceName", "strictMode")
_ACTIONS_IRRELEVANT = {"dynamicAuthSettings": "OAuth, which Mixpanel does not use"}
"""Settings of the Actions destination that change no message, and why."""

MASK = "•"
"""Segment shows secrets with these."""


def settings_of(destination: Exported | None, notes: Notes) -> tuple[JsonObject | None, JsonObject | None]:
    """Return the two sections, None for those that the files do not hold. Assumptions are noted."""
    if destination is None:
        return None, None
    settings = destination.fields.get("settings")
    given = json_object(settings)
    if given is None:
        unknown = first_unknown(settings)
        why = "are not in the files" if settings is None else "cannot be read"
        why = f"depend on {unknown.reference}" if unknown is not None else why
        notes.say(f"The settings of {destination.address} {why}: segtap uses its defaults.")
    given = given or {}
    kind = kind_of(destination)
    if kind is None:
        kind = "classic-cloud" if "token" in given else "actions"
        notes.say(
            f"{destination.address} does not say which destination it is: by its settings it is {kind}."
        )
    made: JsonObject = {"kind": kind}
    token = given.get("token" if kind == "classic-cloud" else "projectToken")
    if isinstance(token, str) and token and MASK not in token:
        made["token"] = token
    else:
        made["token_env"] = "MIXPANEL_TOKEN"
        notes.say("The files do not hold the project token: put it into the variable MIXPANEL_TOKEN.")
    secret = "apiKey" if kind == "classic-cloud" else "apiSecret"
    if given.get(secret):
        made["api_secret_env"] = "MIXPANEL_SECRET"
        notes.say(f"{secret} is a secret and was left out: put it into the variable MIXPANEL_SECRET.")
    made["region"] = _region(given, notes)
    source = given.get("sourceName")
    if text(source):
        made["source_name"] = text(source)
    elif source and first_unknown(source) is None:
        notes.say(f"sourceName {source!r} is not a text: segtap uses none.")
    _tell_unknown("sourceName", source, "none", notes)
    if kind == "actions":
        strict = given.get("strictMode", "1")
        made["strict"] = str(strict) not in ("0", "False", "false")
        _tell_unknown("strictMode", strict, "on", notes)
    enabled = destination.fields.get("enabled")
    if not destination.enabled:
        notes.name(
            f"The destination {destination.label!r} is switched off in Segment: it sends nothing.",
            NotImitated(kind="switched_off", name=destination.label, where=destination.address),
        )
    _tell_unknown("whether the destination is enabled", enabled, "yes", notes)
    if kind == "classic-cloud":
        return made, _classic(destination, given, notes)
    _name_unknown(destination, given, {*_ACTIONS_READ, *_ACTIONS_IRRELEVANT}, notes)
    return made, None


def _tell_unknown(name: str, value: Any, assumed: str, notes: Notes) -> None:
    unknown = first_unknown(value)
    if unknown is not None:
        notes.say(f"{name} depends on {unknown.reference}, which only Terraform knows. Assumed: {assumed}.")


def _region(given: dict[str, Any], notes: Notes) -> str:
    if given.get("enableEuropeanUnionEndpoint") is True:
        return "eu"
    for name in ("apiRegion", "enableEuropeanUnionEndpoint"):
        _tell_unknown(name, given.get(name), "US", notes)
    named = given.get("apiRegion")
    if text(named) and named not in SEGMENT_REGIONS.values():
        notes.say(f"apiRegion {named!r} is not one of Segment's. Assumed: US.")
    return next((region for region, name in SEGMENT_REGIONS.items() if name == named), "us")


def _name_unknown(destination: Exported, given: dict[str, Any], known: set[str], notes: Notes) -> None:
    """Name the settings that segtap does not know, if they have a value."""
    others = [
        name for name, value in given.items() if name not in known and value not in (None, "", [], False)
    ]
    for name in others:
        notes.name(
            f"{destination.address} has a setting that segtap does not know, and ignores: {name}.",
            NotImitated(kind="setting", name=name, where=destination.address),
        )


def _classic(destination: Exported, given: dict[str, Any], notes: Notes) -> JsonObject:
    made: JsonObject = {}
    for name, key in CLASSIC_KEYS.items():
        value = given.get(name)
        if value == "":
            continue
        if _fits(key, value):
            made[key] = value
        elif value is not None:
            unknown = first_unknown(value)
            why = f"depends on {unknown.reference}" if unknown is not None else "cannot be read"
            notes.name(
                f"{name} {why}: segtap uses its default.",
                NotImitated(kind="setting", name=name, where=destination.address),
            )
    _name_unknown(destination, given, {*CLASSIC_KEYS, *_UNUSED, *_READ}, notes)
    return made


_TYPES = {one.name: one.type for one in msgspec.structs.fields(ClassicSettings)}


def _fits(key: str, value: Any) -> bool:
    """Return True for a value that a key of `[classic]` may have: on or off, a text, a list of texts."""
    try:
        msgspec.convert(value, _TYPES[key])
    except msgspec.ValidationError:
        return False
    return True
