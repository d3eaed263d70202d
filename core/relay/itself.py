"""Whether an address leads to this segtap itself: a mirror there would hand requests to itself for ever."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Collection
from typing import Protocol
from urllib.parse import urlsplit

from ..proxy.hosts import SEGMENT_API, Upstream
from ..serve.ports import interface_addresses
from ..settings import RouteSettings

RESOLVING = 3.0
"""Seconds that looking up a name may take."""
_PORTS = {"http": 80, "https": 443}


class Sockets(Protocol):
    """What a segtap listens on: hosts as the user wrote them, and one port."""

    @property
    def hosts(self) -> tuple[str, ...]: ...

    @property
    def port(self) -> int: ...


def upstream_of(route: RouteSettings) -> Upstream:
    """Return the server that a mirror sends to."""
    return Upstream("segment", route.url or SEGMENT_API[route.region])


def is_itself(url: str, listener: Sockets) -> bool:
    """Return whether a URL names this segtap by an address of this machine; no name is looked up."""
    host, port = _place(url)
    return port == listener.port and _is_here(host, listener)


async def leads_to_itself(url: str, listener: Sockets) -> bool:
    """Return whether a URL leads to this segtap, its name looked up; what cannot be found does not."""
    host, port = _place(url)
    if port != listener.port:
        return False
    found: Collection[str] = ()
    with contextlib.suppress(OSError, UnicodeError, TimeoutError):
        async with asyncio.timeout(RESOLVING):
            loop = asyncio.get_running_loop()
            found = [
                str(address[0]) for *_, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            ]
    return any(_is_here(address, listener) for address in (host, *found))


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def _is_here(host: str, listener: Sockets) -> bool:
    """Return whether a host is this machine, for one of the sockets; a loopback address always is."""
    if host == "localhost" or host in listener.hosts:
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host == socket.gethostname()
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified or str(address) in interface_addresses()
