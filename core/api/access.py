"""Who may use the API: programs on this machine that know the token, and no web page.

Whoever reads the API sees everything that segtap received, and can send it to Mixpanel. So a request needs
the token, a peer on this machine, a Host that names this machine (a page that rebinds its own name to
127.0.0.1 sends that name), and no Origin of another site. The API sends no CORS headers.
"""

from __future__ import annotations

import hmac

from ..ingest.body import Scope
from ..serve.ports import is_loopback
from .refusal import Refusal

_LOCAL_NAMES = frozenset({"localhost"})


def admit(scope: Scope, token: str) -> None:
    """Return if the request may use the API. Raises Refusal: 403 for its sender, 401 for its token."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    hosts = [value for key, value in headers if key == b"host"]
    host = hosts[0].decode("latin-1") if len(hosts) == 1 else ""
    if not is_local(scope) or not _names_this_machine(host):
        raise Refusal(403, "Only on this machine", "The API answers on this machine's own address only.")
    for key, value in headers:
        if key == b"origin" and value.decode("latin-1").partition("://")[2] != host:
            raise Refusal(403, "Not for web pages", "The API refuses pages of other origins.")
    given = [value for key, value in headers if key == b"authorization"]
    if len(given) != 1 or not hmac.compare_digest(given[0], f"Bearer {token}".encode()):
        raise Refusal(
            401,
            "The token is wrong",
            "This engine does not know that token. Each start makes a new one; attach again to read it.",
        )


def is_local(scope: Scope) -> bool:
    """Return True if the request comes from this machine."""
    client = scope.get("client")
    return is_loopback(client[0] if client else "")


def _names_this_machine(host: str) -> bool:
    name = host.strip().lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return name in _LOCAL_NAMES or is_loopback(name)
