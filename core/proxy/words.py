"""What the proxy says: why a server did not accept a request, and what a client is answered without one.

Pure. The forms are those that each SDK expects: Segment's JSON, and Mixpanel's `0` or, with `verbose`, JSON.
"""

from __future__ import annotations

from typing import cast
from urllib.parse import parse_qs

import msgspec

from ..messages import Json
from ..text import clean, shorten
from .hosts import Upstream

_WORDS = 200
"""Characters of an answer that are shown."""


def refused_why(upstream: Upstream, status: int, body: bytes) -> str:
    """Return why an answer says that the request was not accepted; "" if it was.

    Mixpanel also refuses with status 200, and `0` or `{"status": 0, "error": …}` as the body. `body` is empty
    if it cannot be read; then the status decides.
    """
    value = _json(body)
    error = _error(value)
    refused = value == 0 and not isinstance(value, bool)
    if isinstance(value, dict):
        refused = value.get("status") == 0 or value.get("success") is False
    if status < 400 and not (refused and upstream.service != "cdn"):
        return ""
    text = error or body.decode("utf-8", "replace")
    words = shorten(" ".join(clean(text).split()), _WORDS)
    return f"{upstream.host} answered {status}" + (f": {words}" if words else "")


def without_answer(upstream: Upstream, words: str) -> str:
    """Return the sentence for a server that gave no answer, for these `words` of the HTTP library."""
    return f"{upstream.host} gave no answer: {shorten(' '.join(clean(words).split()), _WORDS)}"


def answer_body(upstream: Upstream, query: str, sent: bytes, words: str) -> tuple[bytes, bytes]:
    """Return content type and body of an answer in the server's place, as the caller expects them."""
    if upstream.service != "mixpanel":
        return b"application/json", msgspec.json.encode({"success": False, "message": words})
    if _verbose(query) or (len(sent) < _FORM and _verbose(sent.decode("latin-1"))):
        return b"application/json", msgspec.json.encode({"status": 0, "error": words})
    return b"text/plain", b"0"


_FORM = 1024 * 1024
"""Bytes of a form that is searched for `verbose`."""


def _verbose(fields: str) -> bool:
    """Return True if a query or form asks for JSON."""
    if "verbose=" not in fields:
        return False
    return parse_qs(fields).get("verbose", [""])[-1] not in ("", "0", "false")


def _json(body: bytes) -> Json:
    try:
        return cast(Json, msgspec.json.decode(body)) if body else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _error(value: Json) -> str:
    """Return the server's own words: `error` is Mixpanel's name for them, `message` Segment's."""
    if not isinstance(value, dict):
        return ""
    return next((text for name in ("error", "message") if isinstance(text := value.get(name), str)), "")
