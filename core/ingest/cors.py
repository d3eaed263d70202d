"""The headers with which browsers let a page of any origin send here and read the answers.

analytics.js asks first (a preflight) for every address, and sends nothing unless the headers it asked for are
named again; Mixpanel's SDK sends with credentials, which forbids `*`. Only ingest answers carry these: the
control API gets none, so that no page can reach it.
"""

from __future__ import annotations

HeaderList = list[tuple[bytes, bytes]]

METHODS = b"GET, POST, HEAD, OPTIONS"
_MAX_AGE = b"600"


def answer_headers(origin: bytes | None) -> HeaderList:
    """Return the headers of every ingest answer, errors included, to a request from `origin`."""
    if origin is None:
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"Retry-After"),
        (b"vary", b"Origin"),
    ]


def preflight_headers(request: HeaderList) -> HeaderList:
    """Return the headers of the answer to OPTIONS: whatever the page asks for is allowed."""
    asked = dict(request)
    headers = answer_headers(asked.get(b"origin"))
    headers.append((b"allow", METHODS))
    if b"access-control-request-method" in asked:
        headers.append((b"access-control-allow-methods", METHODS))
        headers.append((b"access-control-max-age", _MAX_AGE))
    names = asked.get(b"access-control-request-headers")
    if names:
        headers.append((b"access-control-allow-headers", names))
        headers.append((b"vary", b"Access-Control-Request-Headers"))
    if asked.get(b"access-control-request-private-network") == b"true":
        headers.append((b"access-control-allow-private-network", b"true"))
    return headers
