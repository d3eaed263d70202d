"""Answers of the stand-in Mixpanel in place of the real ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from ..on_demand import Demand

WIRE_LIMIT = 2_097_152
"""Bytes that a body may have as it is sent."""
REASONS = {
    200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    413: "Request Entity Too Large", 429: "Too Many Requests", 500: "Internal Server Error",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip

Drop = Literal["", "before", "after"]
Break = Literal["", "half", "reset", "drip", "drip body", "flood"]


@dataclass(frozen=True)
class Fault:
    """An answer in place of the real one.

    `body` is sent as JSON unless it is text or bytes. `ingest` takes the records in all the same. `drop`
    closes the connection without an answer, "before" or "after" the records were taken in. `hang` never
    answers (until the client goes, or `release()`). `raw` is sent in place of an HTTP answer. `breaks`: half
    of the body comes; the connection is reset; all or the body drips, a byte each 50 ms; 1xx without end.
    """

    status: int = 503
    body: Any = ""
    headers: tuple[tuple[str, str], ...] = ()
    ingest: bool = False
    drop: Drop = ""
    hang: bool = False
    raw: bytes = b""
    breaks: Break = ""


def import_error(status: int, error: str, **more: object) -> Fault:
    """Return a fault with a body as /import words it."""
    return Fault(status, {"code": status, "error": error, **more, "status": REASONS[status]})


TOO_LARGE = import_error(413, f"request exceeds max limit of {WIRE_LIMIT} bytes")
UNAUTHORIZED = import_error(401, "Invalid credentials")
WRONG_PROJECT = import_error(403, "The service account has no access to this project")

_ERRORS = {
    400: "request is not valid",
    401: "Invalid credentials",
    413: f"request exceeds max limit of {WIRE_LIMIT} bytes",
    429: "Project exceeded rate limits. Please retry the request with exponential backoff.",
}
_GATEWAY = {
    502: "<html><head><title>502 Bad Gateway</title></head></html>",
    503: "upstream connect error or disconnect/reset before headers",
}


def on_demand(demand: Demand, path: str) -> Fault:
    """Return an answer on demand in Mixpanel's words."""
    if demand.reset:
        return Fault(breaks="reset")
    if demand.lost:
        return Fault(drop="after")
    after = () if demand.retry_after is None else (("retry-after", str(demand.retry_after)),)
    status = demand.status
    words = _ERRORS.get(status, REASONS.get(status, "Error"))
    if status >= 500:
        return Fault(status, _GATEWAY.get(status, words), after)
    if path == "/import":
        return replace(import_error(status, words), headers=after)
    return Fault(status, {"error": words, "status": "error"}, after)
