"""The address that Segment sees a client at."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from ..messages import Receipt


@lru_cache(maxsize=512)
def _public(address: str) -> str:
    text = address.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return str(ip) if ip.is_global and not ip.is_multicast else ""


def public_address(receipt: Receipt) -> str:
    """Return the client's public address, or "": the connection's, or what a proxy near by names as its
    client.
    """
    peer = _public(receipt.peer)
    if peer:
        return peer
    forwarded = receipt.header("x-forwarded-for") or ""
    return _public(forwarded.partition(",")[0])
