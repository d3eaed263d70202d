"""The settings of the classic destination, under Segment's names, read once.

Two releases answer to them. Segment's published code (2017) knows the first group below; its page options are
exclusive. What Segment documents of today's release (catalogue "Mixpanel (Legacy)") has the second group as
well, and sends an event for each page option that is on. Settings with a key of the second group, as every
export of a workspace has them, and segtap.toml mean today's release.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from ...mapping.javascript import to_text, truthy
from ...messages import Json, JsonObject
from .tables import HOST, HOST_EU

TODAYS_SETTINGS = (
    "eventIncrements",
    "propIncrements",
    "groupIdentifierTraits",
    "groupTraitsToSetOnce",
    "sourceName",
    "enableEuropeanUnionEndpoint",
    "setAllTraitsByDefault",
)

PageOption = Literal["consolidated", "all", "categorized", "named"]

PAGE_OPTIONS: tuple[tuple[PageOption, str], ...] = (
    ("consolidated", "consolidatedPageCalls"),
    ("all", "trackAllPages"),
    ("categorized", "trackCategorizedPages"),
    ("named", "trackNamedPages"),
)
"""In the order of precedence, with their settings."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of the destination. Names of events and properties to count are in lower case."""

    token: str
    api_key: str
    people: bool
    pages: tuple[PageOption, ...]
    each_page_option: bool
    """One event for each page option, rather than for the first that applies."""
    event_increments: frozenset[str]
    prop_increments: frozenset[str]
    group_keys: tuple[str, ...]
    group_set_once: frozenset[str]
    source_name: str
    legacy_super_properties: bool
    host: str


def read_options(settings: JsonObject) -> Options:
    """Return the options that the settings come to. Without its setting, consolidated page calls are on."""
    named = {"consolidatedPageCalls": True, **settings}
    source_name = settings.get("sourceName")
    return Options(
        token=_text(settings.get("token")),
        api_key=_text(settings.get("apiKey") or settings.get("apiSecret")),
        people=truthy(settings.get("people")),
        pages=tuple(option for option, name in PAGE_OPTIONS if truthy(named.get(name))),
        each_page_option=any(name in settings for name in TODAYS_SETTINGS),
        event_increments=_lowered(settings.get("increments") or settings.get("eventIncrements")),
        prop_increments=_lowered(settings.get("propIncrements")),
        group_keys=tuple(dict.fromkeys(filter(None, _texts(settings.get("groupIdentifierTraits"))))),
        group_set_once=frozenset(_texts(settings.get("groupTraitsToSetOnce"))),
        source_name=source_name if isinstance(source_name, str) else "",
        legacy_super_properties=truthy(settings.get("legacySuperProperties")),
        host=HOST_EU if truthy(settings.get("enableEuropeanUnionEndpoint")) else HOST,
    )


def _text(value: Json) -> str:
    return "" if value is None else to_text(value)


def _texts(value: Json) -> list[str]:
    return [to_text(item) for item in value] if isinstance(value, list) else []


def _lowered(value: Json) -> frozenset[str]:
    return frozenset(text.lower() for text in _texts(value))
