"""The settings of the classic destination that device mode reads, under Segment's names."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from ...mapping.javascript import to_text, truthy
from ...messages import Json, JsonObject
from .tables import HOST, HOST_EU

Persistence = Literal["cookie", "localStorage"]

_HOST = re.compile(r"[a-z][a-z0-9+.-]*://([^/?#]*)", re.IGNORECASE)


class DeviceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, read once. Events and properties to count are in lower case."""

    token: str
    host: str
    people: bool
    all_traits: bool
    """Register every trait as a super property, and set it in the profile if People is on."""
    super_properties: tuple[str, ...]
    people_properties: tuple[str, ...]
    event_increments: frozenset[str]
    prop_increments: frozenset[str]
    group_keys: tuple[str, ...]
    consolidated_pages: bool
    all_pages: bool
    categorized_pages: bool
    named_pages: bool
    source_name: str
    persistence: Persistence
    cookie_name: str
    cross_subdomain: bool
    left_out: tuple[str, ...]
    """Properties that the SDK leaves out of every event: its own option `property_blacklist`."""

    @property
    def registers_traits(self) -> bool:
        """True if some trait may become a super property."""
        return self.all_traits or bool(self.super_properties)

    @property
    def store_name(self) -> str:
        """The name of the cookie, or of the key in localStorage."""
        return f"mp_{self.cookie_name}" if self.cookie_name else f"mp_{self.token}_mixpanel"


def read_options(settings: JsonObject) -> DeviceOptions:
    """Return the options that the settings come to; absent ones have the defaults of Segment's code.

    The integration hands all settings to Mixpanel's SDK, so two of the SDK's own options work as well:
    `api_host` and `property_blacklist`.
    """

    def on(name: str, default: bool = False) -> bool:
        return truthy(settings[name]) if name in settings else default

    return DeviceOptions(
        token=_text(settings.get("token")),
        host=HOST_EU if on("enableEuropeanUnionEndpoint") else _host(settings.get("api_host")),
        people=on("people"),
        all_traits=on("setAllTraitsByDefault", True),
        super_properties=_texts(settings.get("superProperties")),
        people_properties=_texts(settings.get("peopleProperties")),
        event_increments=_lowered(settings.get("eventIncrements")),
        prop_increments=_lowered(settings.get("propIncrements")),
        group_keys=_texts(settings.get("groupIdentifierTraits")),
        consolidated_pages=on("consolidatedPageCalls", True),
        all_pages=on("trackAllPages"),
        categorized_pages=on("trackCategorizedPages"),
        named_pages=on("trackNamedPages"),
        source_name=_text(settings.get("sourceName")),
        persistence="localStorage" if settings.get("persistence") == "localStorage" else "cookie",
        cookie_name=_text(settings.get("cookieName")),
        cross_subdomain=on("crossSubdomainCookie"),
        left_out=_texts(settings.get("property_blacklist")),
    )


def _host(api_host: Json) -> str:
    found = _HOST.match(api_host) if isinstance(api_host, str) else None
    return found[1].lower() if found and found[1] else HOST


def _text(value: Json) -> str:
    return to_text(value) if truthy(value) else ""


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _lowered(value: Json) -> frozenset[str]:
    return frozenset(to_text(item).lower() for item in value) if isinstance(value, list) else frozenset()
