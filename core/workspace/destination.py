"""A workspace's destination as `[destination]` and `[classic]`. Secrets are left out."""

from __future__ import annotations

from typing import Any, cast

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
}
"""Segment's names of the classic destination's settings, and those under `[classic]`."""

DEVICE_KEYS = (
    *("setAllTraitsByDefault", "superProperties", "peopleProperties", "pageview", "nameTag"),
    *("cookieName", "crossSubdomainCookie", "secureCookie", "persistence"),
)
"""Settings of the classic destination that only its device mode reads: segtap shows the cloud mode."""
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
        if isinstance(value, bool if key in _SWITCHES else list) and _plain(value):
            made[key] = value
        elif value is not None:
            unknown = first_unknown(value)
            why = f"depends on {unknown.reference}" if unknown is not None else "cannot be read"
            notes.name(
                f"{name} {why}: segtap uses its default.",
                NotImitated(kind="setting", name=name, where=destination.address),
            )
    device = [name for name in DEVICE_KEYS if given.get(name) not in (None, "", [])]
    if device:
        notes.say(f"Device mode only, so left out: {', '.join(device)}. segtap shows what cloud mode sends.")
    _name_unknown(destination, given, {*CLASSIC_KEYS, *DEVICE_KEYS, *_READ}, notes)
    return made


_SWITCHES = {one.name for one in msgspec.structs.fields(ClassicSettings) if one.type is bool}
"""The keys of `[classic]` that are on or off; the others are lists."""


def _plain(value: Any) -> bool:
    """Return True for a boolean or a list of strings, the values of `[classic]`."""
    if isinstance(value, list):
        return all(isinstance(item, str) for item in cast("list[Any]", value))
    return isinstance(value, bool)
