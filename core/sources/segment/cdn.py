"""The settings that analytics.js and the mobile SDKs load before they send: they name this endpoint.

The shape is that of Segment's CDN (`/v1/projects/<writeKey>/settings`). No destination is listed, because
device-mode scripts would send to the real ones from the page. The exception is Mixpanel, with `[device_mode]`
enabled: then the page loads Segment's integration, whose `api_host` is this endpoint, too.
"""

from __future__ import annotations

import re

import msgspec

from ...messages import JsonObject

_SCRIPT = re.compile(r".*(/(?:next-integrations|analytics-next/bundles)/[A-Za-z0-9._/-]+)", re.ASCII)
"""What analytics.js loads from the CDN that has its settings: destinations' scripts, and parts of its own."""


class DeviceMode(msgspec.Struct, frozen=True):
    """Mixpanel in the page: the settings of Segment's integration, and the CDN that has its script.

    `by_key` holds the settings for the sources that have settings of their own, by write key.
    """

    settings: JsonObject
    cdn: str
    by_key: dict[str, JsonObject] = {}


def settings_json(
    write_key: str, host: str, protocol: str, base: str = "", device: DeviceMode | None = None
) -> bytes:
    """Return the settings for a source. `host` is the endpoint's name and port as the client knows it.

    `base` is the path in front of `/v1`, when the client came through one. With `device` Mixpanel is listed.
    """
    api_host = f"{host}{base}/v1"
    enabled: JsonObject = {"__default": {"enabled": True, "integrations": {}}}
    listed: JsonObject = {}
    if device is not None:
        listed["Mixpanel"] = {
            **device.by_key.get(write_key, device.settings),
            # All settings of the integration become the configuration of Mixpanel's SDK.
            "api_host": f"{protocol}://{host}{base}",
            "type": "browser",
            "bundlingStatus": "bundled",
            "versionSettings": {"componentTypes": ["browser"]},
        }
    document: JsonObject = {
        "integrations": {
            "Segment.io": {
                "apiKey": write_key,
                "apiHost": api_host,
                "protocol": protocol,
                "unbundledIntegrations": [],
                "addBundledMetadata": True,
                "maybeBundledConfigIds": {},
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
                "retryQueue": True,
            },
            **listed,
        },
        "plan": {"track": enabled, "identify": enabled, "group": enabled},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0, "host": api_host, "protocol": protocol},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }
    return msgspec.json.encode(document)


def base_of(path: str) -> str:
    """Return the part of a settings path before `/v1/projects/…` or `/projects/…`: `/proxy`, mostly ""."""
    for mark in ("/v1/projects/", "/projects/"):
        before, found, _ = path.partition(mark)
        if found:
            return before.rstrip("/")
    return ""


def script_url(path: str, cdn: str) -> str:
    """Return where a script that analytics.js loads in device mode is on Segment's CDN; "" for other paths.

    A path with a character that a URL would have to escape names no such script.
    """
    found = _SCRIPT.fullmatch(path)
    return cdn + found[1] if found is not None else ""
