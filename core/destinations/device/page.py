"""The page that is loaded: its URL and referrer, and what Mixpanel's SDK reads from them."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

import msgspec

from ...messages import Json, JsonObject
from .options import DeviceOptions
from .tables import CLICK_IDS, SEARCH_ENGINES, UTM

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*://)(?:[^/?#@]*@)?([^/?#]*)", re.IGNORECASE)
_PORT = re.compile(r":[0-9]*\Z")
_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")
_LONGEST_HOST = 253
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]+\.[a-z.]{2,6}\Z", re.IGNORECASE)
_SIMPLE_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.[a-z]+\Z", re.IGNORECASE)


class Page(msgspec.Struct, frozen=True):
    """A loaded page: `location.href` and `document.referrer`, which is "" if there is none."""

    url: str = ""
    referrer: str = ""

    @property
    def without_fragment(self) -> str:
        """The URL as `context.page.url` has it."""
        return self.url.partition("#")[0]

    @property
    def host(self) -> str:
        """The host of the URL with its port; "" if the URL has none."""
        found = _ORIGIN.match(self.url)
        return found[2].lower() if found else ""

    @property
    def referring_domain(self) -> str:
        """The host of the referrer, as the SDK reads it: what stands between the second and third slash."""
        parts = self.referrer.split("/")
        return parts[2] if len(parts) >= 3 else ""

    def environment(self) -> JsonObject:
        """Return what every event says of the page."""
        made: JsonObject = {}
        if self.referrer:
            made["$referrer"] = self.referrer
        if self.referring_domain:
            made["$referring_domain"] = self.referring_domain
        made["$current_url"] = self.url
        return made

    def campaign(self) -> JsonObject:
        """Return the UTM parameters that the URL has."""
        return self._present(UTM)

    def click_ids(self) -> JsonObject:
        """Return the click ids that the URL has."""
        return self._present(CLICK_IDS)

    def search(self) -> JsonObject:
        """Return the search engine that led here, with the keyword if the referrer holds it."""
        for name, pattern, parameter in SEARCH_ENGINES:
            if re.match(pattern, self.referrer):
                made: JsonObject = {"$search_engine": name}
                if keyword := parameter_of(self.referrer, parameter):
                    made["mp_keyword"] = keyword
                return made
        return {}

    def first_referrer(self) -> JsonObject:
        """Return what is registered once: where the first visit came from."""
        return {
            "$initial_referrer": self.referrer or "$direct",
            "$initial_referring_domain": self.referring_domain or "$direct",
        }

    def first_campaign(self) -> JsonObject:
        """Return all UTM parameters for the profile, null for absent ones; {} if the URL has none of them."""
        present = self.campaign()
        if not present:
            return {}
        made: JsonObject = {}
        for name in UTM:
            made[f"initial_{name}"] = present.get(name)
        return made

    def store_key(self, options: DeviceOptions) -> str:
        """Return what tells this page's store from those of other pages: origin, host or site."""
        found = _ORIGIN.match(self.url)
        if not found:
            return ""
        if options.persistence == "localStorage":
            return (found[1] + found[2]).lower()
        host = _PORT.sub("", found[2].lower())
        site = site_of(host) if options.cross_subdomain else ""
        return f".{site}" if site else host

    def _present(self, names: tuple[str, ...]) -> JsonObject:
        made: JsonObject = {}
        for name in names:
            if text := parameter_of(self.url, name):
                made[name] = text
        return made


def parameter_of(url: str, name: str) -> str:
    """Return the first parameter of that name, decoded; "" if there is none."""
    found = re.search(rf"[?&]{re.escape(name)}=([^&#]*)", url)
    return _decoded(found[1]).replace("+", " ") if found else ""


def _decoded(text: str) -> str:
    """Return `decodeURIComponent(text)`; a text that it refuses stays as it is."""
    if _PERCENT.search(text):
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeError:
        return text


def site_of(host: str) -> str:
    """Return the part of a host that subdomains share, as the SDK guesses it; "" if it finds none."""
    host = host[-_LONGEST_HOST:]
    top = host.rpartition(".")[2]
    simple = len(top) > 4 or top in ("com", "org")
    found = (_SIMPLE_DOMAIN if simple else _DOMAIN).search(host)
    return found[0] if found else ""


def page_of(document: JsonObject) -> Page | None:
    """Return the page that a message was sent from, by its context; None if it names no URL."""
    context = document.get("context")
    page = context.get("page") if isinstance(context, dict) else None
    if not isinstance(page, dict):
        return None
    url: Json = page.get("url")
    referrer: Json = page.get("referrer")
    if not isinstance(url, str) or not url:
        return None
    return Page(url, referrer if isinstance(referrer, str) else "")
