"""The three servers that the proxy stands in front of, and the path prefix of each.

There is no fourth: a path that begins with none of the prefixes is not passed on to anybody.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

import msgspec

from ..errors import SettingsError
from ..settings import Region, Settings
from ..text import clean

Service = Literal["segment", "cdn", "mixpanel"]

SEGMENT_API: dict[Region, str] = {
    "us": "https://api.segment.io",
    "eu": "https://events.eu1.segmentapis.com",
    "in": "https://api.segment.io",
}
"""Segment's Tracking API: Segment has two regions, Mixpanel three."""
SEGMENT_CDN = "https://cdn.segment.com"
"""One for all regions: the settings that it serves name the region's API."""
MIXPANEL_API: dict[Region, str] = {
    "us": "https://api-js.mixpanel.com",
    "eu": "https://api-eu.mixpanel.com",
    "in": "https://api-in.mixpanel.com",
}
"""Where mixpanel-browser sends; the first two are those of Segment's integration for device mode."""


class Upstream(msgspec.Struct, frozen=True):
    """A server behind the proxy: requests whose path begins with `/service/` go to `url`."""

    service: Service
    url: str

    @property
    def host(self) -> str:
        """Its name and port, without credentials that a URL may hold."""
        return clean(urlsplit(self.url).netloc.rpartition("@")[2])

    @property
    def origin(self) -> str:
        """Its URL as it may be shown."""
        parts = urlsplit(self.url)
        return clean(f"{parts.scheme}://{self.host}{parts.path}")


def upstreams_of(settings: Settings) -> tuple[Upstream, ...]:
    """Return the three servers that the settings name. Raises SettingsError for a URL that is not one."""
    given, region = settings.proxy, settings.destination.region
    found = (
        Upstream(
            "segment", given.segment_api_url or SEGMENT_API[settings.segment.workspace_region or region]
        ),
        Upstream("cdn", given.segment_cdn_url or SEGMENT_CDN),
        Upstream("mixpanel", given.mixpanel_api_url or MIXPANEL_API[region]),
    )
    for upstream in found:
        _check(upstream)
    return tuple(msgspec.structs.replace(one, url=one.url.rstrip("/")) for one in found)


def upstream_at(path: bytes, upstreams: tuple[Upstream, ...]) -> Upstream | None:
    """Return the server that a path's prefix names, None if it names none.

    `path` is as it was received. A prefix with percent-encoded letters or slashes is none: what follows it
    could not be distinguished from it.
    """
    name = path[1:].partition(b"/")[0].decode("latin-1")
    return next((one for one in upstreams if one.service == name), None)


def where_to(url: str, upstreams: tuple[Upstream, ...]) -> str:
    """Return what the proxy at `url` passes on, as a sentence."""
    pairs = ", ".join(f"{url}/{one.service} → {one.origin}" for one in upstreams)
    return f"Every request is passed on: {pairs}."


def _check(upstream: Upstream) -> None:
    try:
        parts = urlsplit(upstream.url)
        good = parts.scheme in ("http", "https") and parts.hostname and not parts.query and not parts.fragment
        _ = parts.port  # looked at only when it is asked for
    except ValueError:
        good = False
    if not good:
        raise SettingsError(
            f"{clean(upstream.url)} is not a URL that requests can be passed on to: it must begin with"
            " https:// or http://, and have no query."
        )
