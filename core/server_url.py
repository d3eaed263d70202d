"""The URL of a server that messages are sent to: which ones can be used, and whether it is this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from .errors import InputError
from .text import clean


def checked(url: str) -> str:
    """Return the URL of a server, without a slash at its end. Raises InputError for one that cannot be used.

    The error does not repeat what may hold a password.
    """
    url = url.strip()
    if any(sign in url for sign in "@?#"):
        raise InputError(
            "The URL must be scheme, host, port and path only: no user, query or fragment. The write key is"
            " the message's own."
        )
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises only when it is read
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"The URL must start with http:// or https:// and name a host, not {clean(url)!r}.")
    return url.rstrip("/")


def is_this_machine(url: str) -> bool:
    """Return True if the URL names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
