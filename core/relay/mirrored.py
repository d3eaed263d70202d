"""What a mirror sends for a receipt, and what Segment's answer to it means. Pure.

The body stays as it is on the disk, byte by byte. Of the headers those that say how to read it, who sent it
and what the client is: nothing of one connection, of the way to segtap, or of segtap itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ..delivery import Outcome
from ..errors import RequestRefused
from ..forward.client import retry_after
from ..ingest.cors import HeaderList
from ..messages import CALL_TYPES, Receipt
from ..proxy.hosts import Upstream
from ..proxy.words import refused_why
from ..sources.decode import NotJson, inflate
from ..sources.parts import members
from ..sources.segment.routes import route_of
from ..sources.segment.write_key import is_batch, string_in
from ..text import clean, shorten

PASSED_ON = frozenset(
    {
        *("accept", "accept-language", "authorization", "content-encoding", "content-language"),
        *("content-type", "origin", "referer", "user-agent", "x-retry-count"),
    }
)
"""The headers that Segment gets as they came."""
AGAIN = frozenset({408, 425, 429})
"""Statuses below 500 after which the same request is sent again."""


class Outgoing(msgspec.Struct, frozen=True):
    """One request to Segment. `target` is path and query."""

    method: str
    target: bytes
    headers: HeaderList
    body: bytes


class Meaning(msgspec.Struct, frozen=True):
    """What an answer means. `words` are Segment's, `after` the seconds that it asks to wait.

    `all_wait`: it says so of every request, not of this one.
    """

    outcome: Outcome
    words: str = ""
    after: float | None = None
    all_wait: bool = False


def outgoing(receipt: Receipt) -> Outgoing:
    """Return the request that is sent for a receipt, to Segment's own path for it."""
    query = receipt.query.encode("latin-1", "replace")
    path = segment_path(receipt).encode("latin-1", "replace")
    headers: HeaderList = [
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in receipt.headers
        if name in PASSED_ON
    ]
    if receipt.method == "POST":
        headers.append((b"content-length", b"%d" % len(receipt.body)))
    return Outgoing(receipt.method, path + b"?" + query if query else path, headers, receipt.body)


def segment_path(receipt: Receipt) -> str:
    """Return the path that Segment has for a request: as it came, without a base path of a proxy in front.

    What was posted to another path, as to `/`, goes where the body says.
    """
    route, last = route_of(receipt.path), receipt.path.rstrip("/").rpartition("/")[2]
    if route.kind == "pixel":
        return f"/v1/pixel/{last}"
    if route.kind in ("call", "batch"):
        return f"/v1/{last}"
    try:
        parts = members(inflate(receipt.body, receipt.header("content-encoding") or ""))
    except (NotJson, RequestRefused):
        parts = dict[str, bytes]()
    kind = string_in(parts.get("type"))
    return "/v1/batch" if is_batch(parts) or kind not in CALL_TYPES else f"/v1/{kind}"


def meaning_of(upstream: Upstream, status: int, headers: Mapping[bytes, bytes], body: bytes) -> Meaning:
    """Return what an answer means: 2xx sent, 4xx refused, everything else tried again."""
    words = refused_why(upstream, status, body)
    if 200 <= status < 300:
        if words:
            return Meaning(Outcome.REFUSED, words)
        if headers.get(b"content-type", b"").lower().startswith(b"text/html"):
            return Meaning(Outcome.RETRY, f"{upstream.host} answered {status} with a web page", all_wait=True)
        return Meaning(Outcome.SENT)
    if status in AGAIN or status >= 500:
        asked = headers.get(b"retry-after"), headers.get(b"date")
        after = retry_after(*(None if one is None else one.decode("latin-1") for one in asked))
        return Meaning(Outcome.RETRY, words, after, status == 429 or after is not None)
    if status < 400:
        to = shorten(clean(headers.get(b"location", b"").decode("latin-1")), 100)
        words = f"{upstream.host} answered {status}, a redirect to {to or 'nowhere'}"
        return Meaning(Outcome.RETRY, words, all_wait=True)
    return Meaning(Outcome.REFUSED, words)
