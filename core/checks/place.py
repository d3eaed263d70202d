"""no-client-ip: requests from which Mixpanel cannot tell where the user is, or tells the wrong place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from ..catalogue import calls as rule
from ..messages import JsonObject
from ..places import in_body, in_message
from ..settings import Subscription
from ..text import shown
from ..verdict import IDENTITY_EVENTS, Finding
from .identity import blank
from .mapped import is_default, leaves_out, map_fix, not_brought, subscription_of
from .subject import Subject

SERVER_LIBRARY = re.compile(
    r"(@segment/)?analytics[-_.](python|node|go|java|ruby|php|net|dotnet|csharp|rust|elixir)\b", re.IGNORECASE
)
"""Names of Segment's server libraries in context.library.name."""

PLACE_TRAITS = ("$city", "$region", "$country_code")
"""The traits that say a profile's place, before what Mixpanel looks up by the address."""
PROFILE_FIX = (
    'pass the user\'s address as context.ip, or "0" to leave the place as it is, or send '
    f"{', '.join(PLACE_TRAITS[:-1])} and {PLACE_TRAITS[-1]} in each identify"
)

_LOCAL: tuple[tuple[str, IPv4Network | IPv6Network], ...] = tuple(
    (what, ip_network(network))
    for what, networks in (
        ("this machine itself", ("127.0.0.0/8", "::1/128")),
        (
            "a private network",
            ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
        ),
        ("the local link", ("169.254.0.0/16", "fe80::/10")),
        ("a carrier's own network", ("100.64.0.0/10",)),
    )
    for network in networks
)
"""Addresses that lead to no place."""
MAY_BE_LOCAL = (
    "10.",
    "127.",
    "172.",
    "192.",
    "169.",
    "100.",
    "fc",
    "fd",
    "fe",
    "FC",
    "FD",
    "FE",
    ":",
    "0:",
    " ",
)
"""How such an address begins."""


@lru_cache(maxsize=4096)
def local_network(address: str) -> str:
    """Name the local network that an address belongs to; "" for public addresses and for other texts."""
    try:
        found = ip_address(address.strip())
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return next(
        (what for what, network in _LOCAL if found.version == network.version and found in network), ""
    )


def no_client_ip(subject: Subject) -> Sequence[Finding]:
    """Return one finding at most: a warning where there is one, else a note."""
    note: Finding | None = None
    for index, operation in enumerate(subject.translation.operations):
        body = operation.request.body
        record, steps = (body[0], (0,)) if isinstance(body, list) and body else (body, ())
        if not isinstance(record, dict) or "$group_key" in record:
            continue
        if "event" in record:
            holder, name, steps = record.get("properties"), "ip", (*steps, "properties")
            if record["event"] in IDENTITY_EVENTS or not isinstance(holder, dict):
                continue
        else:
            holder, name = record, "$ip"
        value = holder.get(name)
        if isinstance(value, str) and value:
            network = local_network(value) if value.startswith(MAY_BE_LOCAL) else ""
            if network:
                return (_local(subject, in_body(index, *steps, name), value, network),)
        elif value is None or value == "" or (value == 0 and name == "$ip"):
            finding = _absent(subject, index, record, is_profile=name == "$ip")
            if finding is not None and finding.severity == "warning":
                return (finding,)
            note = note or finding
    return () if note is None else (note,)


def _local(subject: Subject, path: str, value: str, network: str) -> Finding:
    source = subject.source_of(path)
    return rule.NO_CLIENT_IP.finding(
        source.source if source is not None and source.place else path,
        f"{shown(value, 50)} is an address of {network}: Mixpanel cannot tell the place",
    )


def _absent(subject: Subject, index: int, record: JsonObject, *, is_profile: bool) -> Finding | None:
    context, library = subject.context, _library(subject)
    given, by_server = not blank(context.get("ip")), library is not None and _is_server(library)
    presets = subject.destination.subscriptions is None
    if presets and (given or not (by_server or library is None)):
        return None  # Segment fills the address in for browsers and apps, and its presets map it
    if is_profile and _says_the_place(record):
        return None
    subscription = None if presets else subscription_of(subject, index)
    if subscription is not None and not is_default(subscription, "ip"):
        by_client = library is not None and not by_server
        if given or by_client or not leaves_out(subscription, "ip"):
            return _unmapped(subject, subscription, index, is_profile=is_profile)
    if given or context.get("direct") is True:
        return None
    # The classic destination sends ip=0.
    moves = is_profile and (presets or subscription is not None) and subject.destination.kind == "actions"
    if moves and (by_server or library is None):
        return rule.NO_CLIENT_IP.finding(
            "$.context.ip",
            "no context.ip: Mixpanel takes the address of Segment's server, and moves the user there",
            fix=PROFILE_FIX,
        )
    if not by_server:
        return None
    for key, finding in _OF_CLIENT.items():
        if context.get(key):
            return finding
    return _OF_SERVER


_OF_CLIENT = {
    key: rule.NO_CLIENT_IP.finding(
        "$.context.ip", f"context has the user's {key} but no ip: Mixpanel cannot tell the place"
    )
    for key in ("userAgent", "page", "locale")
}
"""The findings on a server's message that says something of the user's device."""
# A server may well speak of no user's device at all: worth a note, not a warning.
_OF_SERVER = rule.NO_CLIENT_IP.finding(
    "$.context.ip", "no context.ip: Mixpanel cannot tell the place", severity="info"
)


def _unmapped(subject: Subject, subscription: Subscription, index: int, *, is_profile: bool) -> Finding:
    """Return the finding on a request whose mapping brings no address."""
    place = in_body(index) if is_profile else in_body(index, 0, "properties")
    fix = map_fix(subject, subscription, "ip")
    words, place = not_brought(subject, subscription, "ip", place)
    if blank(subject.context.get("ip")) and in_message(place):
        fix = f"send the user's address as {place.removeprefix('$.')}"
    what = "Mixpanel takes the address of Segment's server, and moves the user there"
    return rule.NO_CLIENT_IP.finding(
        place,
        f"{words}: {what if is_profile else 'Mixpanel cannot tell the place'}",
        fix=fix,
    )


def _says_the_place(record: JsonObject) -> bool:
    traits = record.get("$set")
    return isinstance(traits, dict) and all(traits.get(name) for name in PLACE_TRAITS)


@lru_cache(maxsize=256)
def _is_server(library: str) -> bool:
    return SERVER_LIBRARY.match(library) is not None


def _library(subject: Subject) -> str | None:
    """Return the library's name; None for a message that names none, as plain HTTP requests do."""
    library = subject.context.get("library")
    name = library.get("name") if isinstance(library, dict) else None
    return name if isinstance(name, str) and name else None
