"""What a path means, and whose traffic a request is (its write key).

Sources: the routes that Segment's SDKs call (`/v1/batch`, `/v1/b`, `/v1/t`, …), Segment's HTTP Tracking
API and pixel documentation. A base path in front is accepted everywhere, because SDK proxies keep one.
"""

from __future__ import annotations

import base64
import binascii
import difflib
from functools import lru_cache
from typing import Literal
from urllib.parse import parse_qsl

import msgspec

from ...messages import CALL_TYPES

RouteKind = Literal["call", "batch", "pixel", "settings", "metrics", "mixpanel", "other"]

CALLS = {
    **{name: name for name in CALL_TYPES},
    **{name[0]: name for name in CALL_TYPES},
}
"""The last part of a path, and the call type it stands for; the short forms are the browser's."""

BATCHES = frozenset({"batch", "b", "import"})
MIXPANEL = frozenset({"/track", "/engage", "/groups", "/import"})
"""Mixpanel's own endpoints, where its SDKs post in device mode. Paths at the root only."""


class Route(msgspec.Struct, frozen=True):
    """What a path is for. `call` is the type that it names, "" for batches and unknown paths."""

    kind: RouteKind
    call: str = ""
    key: str = ""


@lru_cache(maxsize=1024)
def route_of(path: str) -> Route:
    """Return the meaning of a decoded path. Trailing and doubled slashes do not matter.

    `other` is not refused yet: a POST there whose JSON holds `batch` or a known `type` is still ingest.
    """
    parts = [part for part in path.split("/") if part]
    last = parts[-1] if parts else ""
    before = parts[-2] if len(parts) > 1 else ""
    if before == "pixel" and last in CALLS:
        return Route("pixel", CALLS[last])
    if last == "settings":
        return Route("settings", key=before if before not in ("", "v1", "projects") else "")
    if "/" + "/".join(parts) in MIXPANEL:
        return Route("mixpanel", CALLS.get(last, ""))
    if last in CALLS:
        return Route("call", CALLS[last])
    if last in BATCHES:
        return Route("batch")
    if last == "m" and before:
        return Route("metrics")
    return Route("other")


_ENDINGS = (*CALLS, *BATCHES)


def near_path(path: str) -> str:
    """Return the path of Segment's that a mistyped one is near to, what stands in front of it kept; "" if
    none is.

    `/proxy/v1/trak` → `/proxy/v1/track`, `/track` stays what it is, Mixpanel's.
    """
    *front, last = [part for part in path.split("/") if part] or [""]
    words = [name for name in _ENDINGS if len(name) > 1]
    near = difflib.get_close_matches(last.lower(), words, 1, 0.6)
    if not near:
        return ""
    version = difflib.get_close_matches(front[-1].lower(), ["v1"], 1, 0.5) if front else []
    if version or not front:
        front = [*front[:-1], "v1"]
    found = "/" + "/".join([*front, near[0]])
    return "" if found == path else found


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Return the fields of a query string in order, decoded; broken escapes stay as they are."""
    return parse_qsl(query, keep_blank_values=True, errors="replace", max_num_fields=None)


def query_field(query: str, name: str) -> str:
    """Return the first field of that name, or ""."""
    if name not in query:
        return ""
    return next((value for key, value in query_pairs(query) if key == name), "")


def is_tee(query: str) -> bool:
    """Return True for `?tee=1`: a copy of a message that Segment receives, too.

    A query field and not a header, because a browser must ask leave (a preflight) for a header of its own,
    and has no time for that when a page closes.
    """
    return bool(query) and query_field(query, "tee") not in ("", "0", "false")


def basic_user(authorization: str | None) -> str:
    """Return the user of a Basic `Authorization` header, with or without the colon; "" for anything else."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(value.strip() + "=" * (-len(value.strip()) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
    return text.partition(":")[0]
