"""Who may use the API: programs on this machine that know the token, and no web page.

Whoever reads the API sees everything that segtap received, and can send it to Mixpanel. So a request needs
the token, a peer on this machine, a Host that names this machine (a page that rebinds its own name to
127.0.0.1 sends that name), and no Origin of another site. The API sends no CORS headers.

The test token opens the operations for tests alone. Containers and other machines may use it, so the Host may
also be an address or a name that no page of the web can have.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket

from ..ingest.body import Scope
from ..serve.ports import is_loopback
from .refusal import no_access

_LOCAL_NAMES = frozenset({"localhost"})
_PRIVATE_ENDINGS = (".localhost", ".local", ".internal")
"""Ends of names that the public DNS never has."""


def admit(scope: Scope, token: str) -> None:
    """Return if the request may use the API. Raises Refusal: 403 for its sender, 401 for its token."""
    if not names_this_machine(scope):
        raise no_access(403, "Only on this machine", "The API answers on this machine's own address only.")
    refuse_pages(scope)
    if not _has_token(scope, token):
        raise no_access(
            401,
            "The token is wrong",
            "This engine does not know that token. Each start makes a new one: "
            "attach again, or read it with Client.find().",
        )


def admit_scraper(scope: Scope, token: str) -> None:
    """Return if the request may read the metrics: programs on this machine, and others with the token.

    Raises Refusal: 403 for its sender, 401 for its token. Without a token, others are refused.
    """
    refuse_pages(scope)
    if names_this_machine(scope):
        return
    if not token:
        words = "Other machines need a token to read the metrics: start segtap with --metrics-token-env NAME."
        raise no_access(403, "Only on this machine", words)
    if not _has_token(scope, token):
        words = "Send the value of the variable that --metrics-token-env names: Authorization: Bearer VALUE."
        raise no_access(401, "The token is wrong", words)


def admit_tests(scope: Scope, token: str, test_token: str) -> None:
    """Return if the request may use what is for tests: with the test token, or as `admit` says.

    Raises Refusal. Without a test token, other machines are refused.
    """
    if not test_token:
        admit(scope, token)
        return
    here = names_this_machine(scope)
    if not here and not _is_private(_host_name(scope)):
        raise no_access(
            403, "Not by this name", "The test token is for addresses and names of private networks."
        )
    refuse_pages(scope)
    if not _has_token(scope, test_token) and not (here and _has_token(scope, token)):
        words = "Send the value of the variable that --test-token-env names: Authorization: Bearer VALUE."
        raise no_access(401, "The token is wrong", words)


def is_local(scope: Scope) -> bool:
    """Return True if the request comes from this machine."""
    client = scope.get("client")
    return is_loopback(client[0] if client else "")


def names_this_machine(scope: Scope) -> bool:
    """Return True if the request comes from this machine, and asks for it by its own name or address."""
    return is_local(scope) and _is_own_name(_host_name(scope))


def refuse_pages(scope: Scope) -> None:
    """Raise Refusal for a request that a page of another origin makes."""
    host = _host(scope)
    for key, value in scope["headers"]:
        if key == b"origin" and value.decode("latin-1").partition("://")[2] != host:
            raise no_access(403, "Not for web pages", "The API refuses pages of other origins.")


def refuse_sites(scope: Scope) -> None:
    """Raise Refusal for a request that a page of another site makes, also one without an Origin: an image."""
    refuse_pages(scope)
    sites = [value for key, value in scope["headers"] if key == b"sec-fetch-site"]
    if any(site not in (b"same-origin", b"none") for site in sites):
        raise no_access(403, "Not for web pages", "The API refuses pages of other origins.")


def _has_token(scope: Scope, token: str) -> bool:
    given = [value for key, value in scope["headers"] if key == b"authorization"]
    return len(given) == 1 and hmac.compare_digest(given[0], f"Bearer {token}".encode())


def _host(scope: Scope) -> str:
    """Return the Host that the request names, "" if there is none or more than one."""
    hosts = [value for key, value in scope["headers"] if key == b"host"]
    return hosts[0].decode("latin-1") if len(hosts) == 1 else ""


def _host_name(scope: Scope) -> str:
    """Return the name or address in the Host, without its port."""
    host = _host(scope).strip().lower()
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _is_own_name(name: str) -> bool:
    return name in _LOCAL_NAMES or is_loopback(name)


def _is_private(name: str) -> bool:
    """Return True for an IP address, this machine's name, and one that the public DNS cannot have.

    A page that rebinds its own name to this machine sends a name of the public DNS.
    """
    try:
        ipaddress.ip_address(name.partition("%")[0])
        return True
    except ValueError:
        single = bool(name) and "." not in name
        return single or name.endswith(_PRIVATE_ENDINGS) or name == socket.gethostname().lower()
