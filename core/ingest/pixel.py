"""The tracking pixel: a message in a GET's query, and the image that answers it.

Source: Segment's Pixel Tracking API. `data` is base64 (its sample is unpadded) of the message as JSON; the
other form names each value by its dotted path (`properties.subject=…`).
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from ..errors import RequestRefused
from ..messages import Json, JsonObject
from .decode import compression, inflate
from .routes import query_pairs

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""One transparent point, 43 bytes."""

_OWN_FIELDS = frozenset({"data", "tee"})


def pixel_json(query: str, limit: int | None = None) -> bytes:
    """The message in a pixel's query, as JSON text, of at most `limit` bytes.

    Raises RequestRefused (400) when `data` is no base64 or too large, when a dotted path is too long to be
    nested, or when there is nothing in the query at all.
    """
    pairs = query_pairs(query)
    data = next((value for key, value in pairs if key == "data"), None)
    if data is not None:
        plain = data.lstrip()[:1] == "{"
        return inflate(
            data.encode("utf-8", "surrogatepass") if plain else _unbase64(data, limit), limit=limit
        )
    document: JsonObject = {}
    for key, value in pairs:
        if key not in _OWN_FIELDS:
            _set(document, key, value)
    if not document:
        raise RequestRefused(400, "the pixel carries no message: neither data= nor fields such as event=")
    try:
        return msgspec.json.encode(document)
    except RecursionError:
        raise RequestRefused(400, "a field of the pixel is nested too deep") from None


def _unbase64(data: str, limit: int | None) -> bytes:
    """Base64 in either alphabet, padded or not; a `+` that became a space on the way is one again."""
    text = data.strip("\r\n\t =").replace(" ", "+").replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestRefused(400, f"the pixel's data is no base64: {error}") from error
    return inflate(decoded, limit=limit) if compression(decoded) else decoded


def _set(document: JsonObject, dotted: str, value: str) -> None:
    """Put a value at its dotted path; a path that runs into a plain value is kept under its whole name."""
    *parents, name = dotted.split(".")
    holder: dict[str, Json] = document
    for depth, parent in enumerate(parents):
        inner = holder.setdefault(parent, {})
        if not isinstance(inner, dict):
            holder[".".join([*parents[depth:], name])] = value
            return
        holder = inner
    holder[name] = value
