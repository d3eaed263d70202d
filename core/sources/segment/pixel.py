"""The tracking pixel: a message in a GET's query, and the image that answers it.

Source: Segment's Pixel Tracking API. `data` is base64 (its sample is unpadded) of the message as JSON; the
other form names each value by its dotted path (`properties.subject=…`).
"""

from __future__ import annotations

import base64
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

from ...errors import RequestRefused
from ...messages import Json, JsonObject
from ..decode import compression, inflate
from ..encoded import unbase64
from .routes import query_pairs

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""One transparent point, 43 bytes."""

_OWN_FIELDS = frozenset({"data", "tee"})
_SEQUENCE = re.compile(rb"%[0-9A-Fa-f]{2}")
_MOST_LAYERS = 4


class PixelMessage(NamedTuple):
    """The JSON text of a pixel's message. `again` names what it was encoded in beside base64 and the URL."""

    text: bytes
    again: tuple[str, ...] = ()


def pixel_json(query: str, limit: int | None = None) -> PixelMessage:
    """Return the message in a pixel's query, as JSON text, of at most `limit` bytes.

    Raises RequestRefused (400) when `data` is not base64 or too large, when a dotted path is too long to be
    nested, or when there is nothing in the query at all.
    """
    pairs = query_pairs(query)
    data = next((value for key, value in pairs if key == "data"), None)
    if data is not None:
        return _read_data(data, limit)
    document: JsonObject = {}
    for key, value in pairs:
        if key not in _OWN_FIELDS:
            _set(document, key, value)
    if not document:
        raise RequestRefused(400, "the pixel carries no message: neither data= nor fields such as event=")
    try:
        return PixelMessage(msgspec.json.encode(document))
    except RecursionError:
        raise RequestRefused(400, "a field of the pixel is nested too deep") from None


def _read_data(data: str, limit: int | None) -> PixelMessage:
    """Return the text in `data`: base64 of the JSON, or the JSON itself, whatever else is around it.

    Where no object is found in the end, the text is what the first layer held. Raises RequestRefused (400)
    where there is not even one.
    """
    text = data.encode("utf-8", "surrogatepass")
    first = text
    layers: list[str] = []
    while text.lstrip()[:1] != b"{":
        try:
            layer, text = _next_layer(text, limit)
        except RequestRefused:
            if not layers:
                raise
            return PixelMessage(first)
        first = first if layers else text
        layers.append(layer)
        if len(layers) > _MOST_LAYERS:
            return PixelMessage(first)
    if "base64" in layers:
        layers.remove("base64")
    return PixelMessage(inflate(text, limit=limit), tuple(layers))


def _next_layer(text: bytes, limit: int | None) -> tuple[str, bytes]:
    """Take one layer off: its name, and what is below it. Raises RequestRefused (400) where there is none."""
    if text.lstrip()[:1] == b'"':
        try:
            return "a JSON text", msgspec.json.decode(text, type=str).encode("utf-8", "surrogatepass")
        except msgspec.DecodeError as error:
            raise RequestRefused(400, f"the pixel's data is no JSON: {error}") from error
    if _SEQUENCE.search(text):
        return "percent-encoding", unquote_to_bytes(text)
    return "base64", _unbase64(text, limit)


def _unbase64(data: bytes, limit: int | None) -> bytes:
    try:
        decoded = unbase64(data)
    except ValueError as error:
        raise RequestRefused(400, f"the pixel's data is not base64: {error}") from error
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
