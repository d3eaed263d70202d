"""URLs of servers: which ones can be used, which name this machine, and the passwords within them."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import unquote, urlsplit

from .errors import InputError
from .text import clean

_USER = re.compile(r"(?<=:/)(/?)(?:[^\s/@:]*:(?!\d{1,5}(?:/|$))[^\s@\"']+|[^\s/@\"']+)@")
"""User and password of a URL. A path, as which a URL may be read, has one slash."""


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


def without_user(text: str) -> str:
    """Return a text with dots for the user and the password of each URL in it."""
    return _USER.sub(r"\1••••@", text) if "@" in text else text


def passwords_in(url: str) -> tuple[str, ...]:
    """Return the password of a URL, as it is written and decoded; of a user without one, the user.

    Stream servers accept a token in place of the user.
    """
    found = _USER.search(url)
    if found is None:
        return ()
    user, _, password = found[0][len(found[1]) : -1].partition(":")
    return tuple(dict.fromkeys((password or user, unquote(password or user))))
