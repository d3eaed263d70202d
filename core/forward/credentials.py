"""Which credentials go out with requests to Mixpanel, and where each was given. Pure."""

from __future__ import annotations

import hashlib

import msgspec

from ..masks import mask_token
from ..settings import Settings, Source


def aim_of(settings: Settings) -> str:
    """A digest of what decides where messages go and with which credentials; it reveals none of them."""
    to = settings.destination
    parts = (to.kind, to.token, to.api_secret.reveal(), to.region, to.mixpanel_url, settings.dry_run)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def credentials_in_words(settings: Settings) -> tuple[str, ...]:
    """What authenticates requests, and where it was given, one line each; no secret is in it."""
    to = settings.destination
    token = f"the project token {mask_token(to.token)}" if to.token else "no project token"
    lines = [token + _given(settings.sources.get("destination.token"))]
    if to.api_secret:
        lines.append("on /import the API secret" + _given(settings.sources.get("destination.api_secret")))
    return tuple(lines)


def _given(source: Source | None) -> str:
    """Where it was given, as the end of a phrase."""
    if source is None:
        return ""
    if source.place == "environment":
        return f", from {source} (read once, when segtap started)"
    return f", from {source}"
