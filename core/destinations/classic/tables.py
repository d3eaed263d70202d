"""What the classic destination calls things, in the order in which it writes them.

Source: Segment's published cloud integration for Mixpanel (2017).
"""

from __future__ import annotations

TRAITS: tuple[tuple[str, str], ...] = (
    ("created", "$created"),
    ("createdAt", "$created"),
    ("email", "$email"),
    ("firstName", "$first_name"),
    ("lastName", "$last_name"),
    ("lastSeen", "$last_seen"),
    ("name", "$name"),
    ("username", "$username"),
    ("phone", "$phone"),
    ("token", "trait_token"),
)
"""Traits that Mixpanel has names of its own for, a later one before an earlier one; `token` is reserved."""

LIFTED = ("username", "searchEngine", "referrer")
"""Properties that leave under another name only."""

EVENT: tuple[tuple[str, str], ...] = (
    ("$app_release", "app.build"),
    ("$app_version", "app.version"),
    ("$current_url", "page.url"),
    ("$device", "device.name"),
    ("distinct_id", "=id"),
    ("ip", "ip"),
    ("mp_lib", "=library"),
    ("$referrer", "=referrer"),
    ("$search_engine", "=searchEngine"),
    ("time", "=time"),
    ("token", "=token"),
    ("$username", "=username"),
)
"""Where the properties of an event come from: a path of the context, or, with =, worked out."""

MOBILE: tuple[tuple[str, str], ...] = (
    ("$carrier", "network.carrier"),
    ("$manufacturer", "device.manufacturer"),
    ("$model", "device.model"),
    ("$os", "os.name"),
    ("$os_version", "os.version"),
    ("$screen_height", "screen.height"),
    ("$screen_width", "screen.width"),
    ("$wifi", "network.wifi"),
)
"""From the context, for events and profiles: a part of it, and a key spelled exactly."""

BY_DEVICE: dict[str, tuple[tuple[str, str], ...]] = {
    "iOS": (
        ("$ios_ifa", "device.advertisingId"),
        ("$ios_device_model", "device.model"),
        ("$ios_app_release", "app.build"),
        ("$ios_app_version", "app.version"),
        ("$ios_version", "os.version"),
    ),
    "android": (
        ("$screen_dpi", "screen.density"),
        ("$bluetooth_enabled", "network.bluetooth"),
        ("$has_telephone", "network.cellular"),
        ("$android_version_code", "app.version"),
        ("$android_app_version", "app.version"),
        ("$android_os", "os.name"),
        ("$android_os_version", "os.version"),
        ("$android_model", "device.model"),
        ("$android_manufacturer", "device.manufacturer"),
    ),
}
"""More of the same by `context.device.type`, spelled exactly so: `ios`, as SDKs write today, is neither."""

UTM: tuple[tuple[str, str], ...] = (
    ("utm_source", "source"),
    ("utm_medium", "medium"),
    ("utm_term", "term"),
    ("utm_content", "content"),
    ("utm_campaign", "name"),
)
"""From `context.campaign`. Where there is one, it replaces properties of these names even by nothing."""

GROUP_TRAITS: tuple[tuple[str, str], ...] = (
    ("created", "$created"),
    ("createdAt", "$created"),
    ("name", "$name"),
)
"""The same for groups."""

DEFAULT_NAMES = {"page": "Loaded a Page", "screen": "Loaded a Screen"}
OWN_NAMES = {"page": "Viewed {} Page", "screen": "Viewed {} Screen"}
"""What pages and screens are called as events."""

HOST = "https://api.mixpanel.com"
HOST_EU = "https://api-eu.mixpanel.com"

DAY = 86_400_000
IMPORT_AFTER = 5 * DAY
"""Events older than this (milliseconds) go to /import."""
TOO_OLD = 5 * 31_557_600_000
"""Messages older than this (milliseconds) are refused: five years of 365.25 days."""

REFUSED_NO_TOKEN = 'setting "token" is required'
REFUSED_TOO_OLD = "message.timestamp() must be within the last five years."
REFUSED_NO_KEY = '.apiKey is required if "track" or "screen" message is older than 5 days.'
"""Segment's words."""
