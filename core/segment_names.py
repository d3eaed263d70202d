"""The destination that the settings describe, under Segment's own names for its settings."""

from __future__ import annotations

import msgspec

from .messages import JsonObject
from .settings import (
    SEGMENT_REGIONS,
    ClassicSettings,
    Destination,
    DestinationKind,
    DestinationSettings,
    Secret,
    Settings,
)

TOKEN_SETTING: dict[DestinationKind, str] = {"actions": "projectToken", "classic-cloud": "token"}
"""What Segment calls the project token in the settings of each destination."""
STAND_IN_TOKEN = "YOUR-PROJECT-TOKEN"
"""Stands for a project token that is not set."""


def destination_of(settings: Settings) -> Destination:
    """Return the destination that the settings describe, under Segment's setting names."""
    destination = settings.destination
    if destination.kind == "classic-cloud":
        return Destination(kind=destination.kind, settings=_classic_names(destination, settings.classic))
    named: JsonObject = {
        "projectToken": destination.token,
        "apiRegion": SEGMENT_REGIONS[destination.region],
        "strictMode": "1" if destination.strict else "0",
    }
    if destination.api_secret:
        named["apiSecret"] = destination.api_secret.reveal()
    elif "destination.api_secret" in settings.places:
        named["apiSecret"] = ""  # given as an empty text, which is not the same as absent
    if destination.source_name:
        named["sourceName"] = destination.source_name
    return Destination(kind=destination.kind, settings=named, subscriptions=settings.subscriptions)


def classic_destination(classic: ClassicSettings) -> Destination:
    """Return the classic destination with these settings, to ask what it would do; nothing can be sent with
    it.
    """
    settings = DestinationSettings(
        kind="classic-cloud", token=STAND_IN_TOKEN, api_secret=Secret("YOUR-API-SECRET")
    )
    return Destination(kind="classic-cloud", settings=_classic_names(settings, classic))


def device_settings(settings: Settings) -> JsonObject:
    """Return what Segment gives the classic destination's code in a page: its settings without the secret."""
    named = _classic_names(settings.destination, settings.classic)
    del named["apiKey"]
    return {**named, "token": settings.destination.token or STAND_IN_TOKEN}


def _classic_names(destination: DestinationSettings, classic: ClassicSettings) -> JsonObject:
    return {
        "token": destination.token,
        "apiKey": destination.api_secret.reveal(),
        "enableEuropeanUnionEndpoint": destination.region == "eu",
        "sourceName": destination.source_name,
        "people": classic.people,
        "consolidatedPageCalls": classic.consolidated_page_calls,
        "trackAllPages": classic.track_all_pages,
        "trackCategorizedPages": classic.track_categorized_pages,
        "trackNamedPages": classic.track_named_pages,
        "eventIncrements": list(classic.event_increments),
        "propIncrements": list(classic.prop_increments),
        "groupIdentifierTraits": list(classic.group_identifier_traits),
        "groupTraitsToSetOnce": list(classic.group_traits_to_set_once),
        "legacySuperProperties": classic.legacy_super_properties,
        "setAllTraitsByDefault": classic.set_all_traits_by_default,
        "superProperties": list(classic.super_properties),
        "peopleProperties": list(classic.people_properties),
        "persistence": classic.persistence,
        "cookieName": classic.cookie_name,
        "crossSubdomainCookie": classic.cross_subdomain_cookie,
        "secureCookie": classic.secure_cookie,
    }


def project_token(destination: Destination) -> str:
    """Return the token of the project that the destination sends to, "" if none is set."""
    token = destination.settings.get(TOKEN_SETTING[destination.kind])
    return token if isinstance(token, str) and token != STAND_IN_TOKEN else ""


def previewed(destination: Destination) -> Destination:
    """Return the destination with a stand-in for a missing project token.

    Without one Segment's destination refuses messages, and nothing could be shown or checked; nothing can be
    sent then either, for forwarding needs the token.
    """
    name = TOKEN_SETTING[destination.kind]
    if destination.settings.get(name):
        return destination
    return msgspec.structs.replace(destination, settings={**destination.settings, name: STAND_IN_TOKEN})
