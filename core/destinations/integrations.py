"""What a message asks for itself: integrations, consent, and SDKs that send it from the device."""

from __future__ import annotations

from collections.abc import Sequence

from ..messages import Json, JsonObject
from ..paths import child
from ..settings import DestinationKind
from ..verdict import NotSent

NAMES: dict[DestinationKind, tuple[str, ...]] = {
    "actions": ("Mixpanel (Actions)", "Actions Mixpanel"),
    "classic-cloud": ("Mixpanel", "Mixpanel (Legacy)"),
}
"""What the integrations object and `_metadata.bundled` call each destination. Segment's page on the classic
one gives both of its names; neither stops the Actions destination."""

MOBILE = (
    "analytics-ios",
    "analytics-android",
    "analytics-swift",
    "analytics-kotlin",
    "analytics-react-native",
    "@segment/analytics-react-native",
    "analytics-flutter",
)
"""Libraries whose device-mode destinations set themselves to false, lest the cloud sends the same again."""


def bundled(document: JsonObject, names: Sequence[str] = NAMES["classic-cloud"]) -> tuple[str, str] | None:
    """Find a device-mode SDK that the sender has loaded: the path in the message, and its name.

    Without `names` it is Mixpanel's SDK, which only the classic destination loads.
    """
    metadata = document.get("_metadata")
    listed = metadata.get("bundled") if isinstance(metadata, dict) else None
    for index, name in enumerate(listed) if isinstance(listed, list) else ():
        if isinstance(name, str) and name in names:
            return f"$._metadata.bundled[{index}]", name
    return None


def listed_in_cloud_mode(document: JsonObject) -> bool:
    """Return True if analytics.js found a Mixpanel destination in cloud mode among its source's settings.

    `_metadata.unbundled` names those that have a device mode, too. What it does not name may be on as well.
    """
    metadata = document.get("_metadata")
    listed = metadata.get("unbundled") if isinstance(metadata, dict) else None
    return isinstance(listed, list) and any(name in names for names in NAMES.values() for name in listed)


def switched_off_by_sdk(document: JsonObject) -> bool:
    """Return True if a mobile SDK says in the integrations object that it sends to Mixpanel from the device.

    It does so for the classic destination, whose SDK it runs, whichever destination Segment's servers have.
    """
    integrations = document.get("integrations")
    if not isinstance(integrations, dict) or not _library(document).startswith(MOBILE):
        return False
    return any(integrations.get(name) is False for name in NAMES["classic-cloud"])


def stopped_by_integrations(
    document: JsonObject, kind: DestinationKind, consent_categories: Sequence[str] = ()
) -> NotSent | None:
    """Return why Segment would keep the message from the destination, or None. Never raises on a message."""
    names = NAMES[kind]
    return (
        (_no_consent(document, consent_categories) if consent_categories else None)
        or _switched_off(document, names)
        or _sent_by_device(document, names)
    )


def _no_consent(document: JsonObject, categories: Sequence[str]) -> NotSent | None:
    """Return why consent stops the message: with a consent object, each category must be true in it."""
    context = document.get("context")
    consent = context.get("consent") if isinstance(context, dict) else None
    if not isinstance(consent, dict) or not consent:
        return None
    path = "$.context.consent.categoryPreferences"
    given = consent.get("categoryPreferences")
    preferences = given if isinstance(given, dict) else {}
    for category in categories:
        if preferences.get(category) is not True:
            return NotSent(child(path, category), f"no consent to {category}", "integrations")
    return None


def _switched_off(document: JsonObject, names: Sequence[str]) -> NotSent | None:
    integrations = document.get("integrations")
    if not isinstance(integrations, dict) or not integrations:
        return None
    named = [name for name in names if name in integrations]
    for name in named:
        if integrations[name] is False:
            why = f"integrations.{name} is false"
            if _library(document).startswith(MOBILE):
                why += ", as mobile SDKs set it when they send to Mixpanel from the device"
            return NotSent(child("$.integrations", name), why, "integrations")
    if named:
        return None
    for everything in ("All", "all"):
        if integrations.get(everything) is False:
            return NotSent(
                f"$.integrations.{everything}", f"integrations.{everything} is false", "integrations"
            )
    return None


def _sent_by_device(document: JsonObject, names: Sequence[str]) -> NotSent | None:
    found = bundled(document, names)
    if found is None:
        return None
    path, name = found
    return NotSent(path, f"_metadata.bundled names {name}: the device sends it itself", "integrations")


def _library(document: JsonObject) -> str:
    context = document.get("context")
    library: Json = context.get("library") if isinstance(context, dict) else None
    name = library.get("name") if isinstance(library, dict) else None
    return name if isinstance(name, str) else ""
