"""The settings that analytics.js and the mobile SDKs load before they send: they name this endpoint.

The shape is that of Segment's CDN (`/v1/projects/<writeKey>/settings`). No destination is listed: device-mode
scripts would send to the real ones from the page.
"""

from __future__ import annotations

import msgspec

from ...messages import JsonObject


def settings_json(write_key: str, host: str, protocol: str, base: str = "") -> bytes:
    """Return the settings for a source. `host` is the endpoint's name and port as the client knows it.

    `base` is the path in front of `/v1`, when the client came through one.
    """
    api_host = f"{host}{base}/v1"
    enabled: JsonObject = {"__default": {"enabled": True, "integrations": {}}}
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
            }
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
