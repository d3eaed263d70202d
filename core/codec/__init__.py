"""Decoding anything pasted: layer after layer is taken off until JSON is left.

What people paste is what a debugger, a browser or a log showed them: JSON, base64 of it in either alphabet,
a form field, a URL, a curl command, and these inside each other. Each layer has one function (in `layers`)
that yields what may be below it; the first way that ends at JSON is the answer.
"""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from ..errors import InputError, RequestRefused
from ..messages import Json, JsonObject
from ..sources.bounds import DEFAULT_BOUNDS, exceeds
from ..sources.decode import BOM, NotJson, compression, inflate, read_json
from ..sources.encoded import CESU_8, text_of
from ..sources.mixpanel.exported import records_of
from ..sources.parts import array_parts, batch_items, members
from ..text import shown, size
from .from_curl import read_curl
from .http_text import Head, messages_of, split_request, with_type
from .kinds import Kind, kind_of
from .layers import (
    OPENING,
    Payload,
    Step,
    call_of,
    data_uri,
    enclosed,
    form_field,
    from_base64,
    json_lines,
    plain_text,
    several_requests,
    several_values,
    url_steps,
    wrapping,
)
from .percent import is_percent_encoded

MAX_DECODED = 32 * 1024 * 1024
"""At most so many bytes on any layer."""
MAX_VALUES = 1_000_000
"""At most so many JSON values, whatever they are spread over; of one record `DEFAULT_BOUNDS.nodes`."""
MAX_LAYERS = 12
_MAX_TRIES = 200
"""At most so many ways are tried: pasted text can be made to look like many things."""


class _Json(NamedTuple):
    """A JSON value, what of it had to be read generously, and the text that it was read from."""

    value: Json
    notes: tuple[str, ...]
    text: bytes


class _Way(NamedTuple):
    """The layers taken off so far, outermost first, with their notes."""

    layers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sure: bool = True

    def through(self, step: Step) -> _Way:
        """Return the way one layer further."""
        return _Way((*self.layers, step.layer), (*self.notes, *step.notes), self.sure and step.sure)

    @property
    def is_form(self) -> bool:
        """True where the layer taken off last was a form."""
        return bool(self.layers) and self.layers[-1].startswith("form field")


_CURL = re.compile(r"\s*(?:[$>]\s+)?curl(?:\.exe)?\s", re.I)
_URL = re.compile(r"(?:(?:GET|POST|PUT) )?((?:[a-z][a-z0-9+.-]*:/)?/[^\s?#]*\?)", re.I)
_HTTP_VERSION = re.compile(r" HTTP/[0-9.]+\s*\Z")
_ENTITY = re.compile(r"&(?:quot|#34|#x22|#39|#x27|amp|apos|lt|gt);", re.I)
_REPAIRED = {
    **dict.fromkeys(("NaN", "Infinity"), "{what} at {path} is not JSON: it reads as null"),
    "number": "the number at {path} is beyond a double: it reads as null",
    "surrogate": "a surrogate at {path} is half a pair: it reads as U+FFFD",
    "cesu8": "CESU-8 is read as the characters it stands for",
    "utf8": "bytes that are not UTF-8 read as U+FFFD",
    "bom": "a byte order mark before the JSON is left out",
}
_UNSURE, _NO_TEXT, _NO_JSON, _BROKEN_JSON, _HARD = range(5)
"""How informative a failure is: the error names the most informative one, and of those the deepest."""
_NOT_ENCODED = (
    "the form field is not percent-encoded: %… and + in it are shown as they stand, a server reads other "
    "characters there"
)


class Decoded(msgspec.Struct, frozen=True):
    """What was in a pasted text.

    `layers` names what was taken off, outermost first (`curl`, `url`, `form field data`,
    `percent-encoding`, `base64 (url-safe, unpadded)`, `gzip`, `CESU-8`, …). `notes` say what had to be
    assumed to take them off (`%ba is not UTF-8: read as Latin-1 (º), …`), and what of the JSON had to be read
    generously (`NaN at $.properties.total reads as null`). `url` is where a curl command or a URL pointed,
    else "". `text` is the JSON that was left, as it was spelled.
    """

    value: Json
    kind: Kind
    layers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    url: str = ""
    text: bytes = b""

    @property
    def messages(self) -> tuple[JsonObject, ...]:
        """The Segment messages in it: none unless it is a message or a batch.

        One without a type gets the one its URL names (`/v1/pixel/track`), as Segment gives it, else track
        where it has an event.
        """
        value = self.value
        if self.kind == "segment message" and isinstance(value, dict):
            if "type" not in value:
                return ({"type": call_of(self.url) or "track", **value},)
            return (value,)
        if self.kind == "segment batch":
            items = value.get("batch") if isinstance(value, dict) else value
            return tuple(item for item in items if isinstance(item, dict)) if isinstance(items, list) else ()
        return ()

    @property
    def message_texts(self) -> tuple[bytes, ...]:
        """The text of each of `messages`, as it was spelled."""
        if self.kind == "segment message" and isinstance(self.value, dict):
            typed = "type" in self.value
            return (self.text if typed else with_type(self.text, call_of(self.url) or "track"),)
        if self.kind != "segment batch":
            return ()
        items = array_parts(self.text if isinstance(self.value, list) else members(self.text)["batch"])
        return tuple(item for item in items if item[:1] == b"{")


def decode(text: Payload) -> Decoded:
    """Take off every layer around the JSON in `text`.

    Raises InputError, which says how far it came and what to do. Bounded: 32 MiB on each layer, 12 layers,
    a million JSON values.
    """
    return _of_export(_decode(text))


def _of_export(whole: Decoded) -> Decoded:
    """Return the records in lines that `segtap export` wrote of device traffic; anything else unchanged."""
    if (found := records_of(whole.value, whole.text)) is None:
        return whole
    value, _ = read_json(found.text)
    return Decoded(value, kind_of(value), (*whole.layers, "export"), whole.notes, found.endpoint, found.text)


def _decode(text: Payload) -> Decoded:
    if len(text) > MAX_DECODED:
        raise InputError(f"that is {size(len(text))}: at most {size(MAX_DECODED)} can be decoded at once")
    if not text.strip():
        raise InputError(
            "there is nothing to decode: paste JSON, base64, a form body, a URL or a curl command"
        )
    if isinstance(text, bytes) and text.removeprefix(BOM).lstrip()[:1] in (b"{", b"["):
        # Bytes that are JSON are read as every command reads them, not as a layer of some encoding.
        found, _ = _read_bytes(text.strip())
        if found is not None and isinstance(found.value, dict | list):
            return Decoded(found.value, kind_of(found.value), (), found.notes, text=found.text)
    return _Search().run(text)


class _Search:
    """Depth first through the ways to read a text; keeps the one that came furthest for the error."""

    def __init__(self) -> None:
        self.tries = 0
        self.url = ""
        self.furthest: tuple[tuple[int, int], tuple[str, ...], str] = ((-1, 0), (), "")

    def run(self, text: Payload) -> Decoded:
        found = self._visit(text, _Way())
        if found is not None:
            return found
        _, layers, why = self.furthest
        came = f"after {', '.join(layers)}: " if layers else ""
        raise InputError(
            f"no JSON was found – {came}{why}. Paste the whole value: JSON, base64, a form body (data=…), "
            "a URL or a curl command"
        )

    def _visit(self, payload: Payload, way: _Way) -> Decoded | None:
        self.tries += 1
        if self.tries > _MAX_TRIES:
            return None
        if len(payload) > MAX_DECODED:
            self._fail(way, f"{size(len(payload))} come out, at most {size(MAX_DECODED)} are decoded")
            return None
        if isinstance(payload, bytes):
            return self._visit_bytes(payload, way)
        text = payload.strip().strip("\ufeff\u200b\x00").strip()
        found, why = _read(text, marked=payload.lstrip().startswith("\ufeff"))
        if found is not None:
            value, notes, spelled = found
            if CESU_8 in way.layers:
                notes = tuple(note for note in notes if note != _REPAIRED["cesu8"])
            if isinstance(value, str):
                return self._descend(iter((Step("JSON string", value, notes),)), way, text)
            inner = enclosed(value)
            if inner is not None and len(way.layers) < MAX_LAYERS:
                deeper = self._visit(inner, way.through(Step("JSON field data", inner, notes)))
                if deeper is not None:
                    return deeper
            if isinstance(value, dict | list):
                if way.is_form and ("+" in text or is_percent_encoded(text)):
                    notes = (_NOT_ENCODED, *notes)
                return Decoded(value, kind_of(value), way.layers, (*way.notes, *notes), self.url, spelled)
        self._fail(way, why, _BROKEN_JSON if text[:1] in OPENING else _NO_JSON)
        return self._descend(self._steps(text, way), way, text)

    def _visit_bytes(self, data: bytes, way: _Way) -> Decoded | None:
        packed = compression(data)
        if packed:
            try:
                inner = inflate(data, limit=MAX_DECODED)
            except RequestRefused as error:
                self._fail(way.through(Step(packed, data)), str(error))
            else:
                step = Step("deflate" if packed == "zlib" else packed, inner)
                return self._descend(iter((step,)), way, "")
        text, layer = text_of(data)
        if text is None:
            self._fail(way, f"{size(len(data))} are left that are not text", _NO_TEXT)
            return None
        return self._visit(text, way.through(Step(layer, text)) if layer else way)

    def _descend(self, steps: Iterator[Step], way: _Way, before: str) -> Decoded | None:
        if len(way.layers) >= MAX_LAYERS:
            self._fail(way, f"there are more than {MAX_LAYERS} layers")
            return None
        for step in steps:
            if step.below == before or not step.below:
                continue
            found = self._visit(step.below, way.through(step))
            if found is not None:
                return found
        return None

    def _fail(self, way: _Way, why: str, weight: int = _HARD) -> None:
        rank = (weight if way.sure else _UNSURE, len(way.layers))
        if rank > self.furthest[0]:
            self.furthest = (rank, way.layers, why)

    def _steps(self, text: str, way: _Way) -> Iterator[Step]:
        """Yield every way to take one layer off, the surest first."""
        if is_curl(text):
            line = read_curl(text)
            self.url = line.url
            if line.body:
                yield Step("curl", line.body)
            if line.url:
                yield Step("curl", line.url)
            return
        request = split_request(text)
        if request is not None and request[1]:
            yield from several_requests(text)
            yield self._request(*request)
            return
        address = _URL.match(text)
        if address:
            self.url = address[1] + _HTTP_VERSION.sub("", text[address.end() :].partition("\n")[0])
            yield from url_steps(self.url)
            return
        yield from wrapping(text)
        yield from json_lines(text)
        yield from several_values(text)
        if not text.startswith(OPENING):
            yield from data_uri(text)
            yield from form_field(text)
        if _ENTITY.search(text):
            yield Step("HTML escapes", html.unescape(text))
        if is_percent_encoded(text):
            plain = plain_text(text, form=way.is_form)
            yield Step("percent-encoding", plain.text, plain.notes, plain.sure)
        elif way.is_form and "+" in text and text[:1] in "{[":
            yield Step("percent-encoding", text.replace("+", " "))
        yield from from_base64(text)

    def _request(self, head: Head, body: str) -> Step:
        """Take the body out of a request that is written out, with the type that its path names."""
        self.url = head.url
        data = body.encode("utf-8", "surrogatepass")
        if head.route.kind == "call":
            with contextlib.suppress(NotJson):
                data = messages_of(head.route, data)[0]
        return Step("HTTP request", data.decode("utf-8", "surrogatepass"))


def is_curl(text: str) -> bool:
    """Return True if the text is a curl command."""
    return _CURL.match(text) is not None


def _read(text: str, *, marked: bool) -> tuple[_Json | None, str]:
    """Read the JSON value of a text, which had a byte order mark if `marked`; without one, the reason."""
    if not text.startswith(OPENING):
        return None, f"{shown(text)} does not begin like JSON"
    data = _bytes(text.rstrip(",;").rstrip())
    return _read_bytes(BOM + data if marked else data)


def _bytes(text: str) -> bytes:
    """Return a text as UTF-8: bytes that are not valid as they were, else surrogates as CESU-8 has them."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _read_bytes(data: bytes) -> tuple[_Json | None, str]:
    """Read the JSON value of UTF-8 text; without one, the reason."""
    _refuse_crowds(data)
    try:
        value, repairs = read_json(data)
    except NotJson as error:
        return None, f"{shown(data.decode('utf-8', 'replace'))} begins like JSON, but {error}"
    notes = tuple(_REPAIRED[what].format(what=what, path=path) for what, path, _ in repairs[:20])
    return _Json(value, notes, data), ""


def _refuse_crowds(data: bytes) -> None:
    """Raise InputError for JSON of more values than are decoded, before anything is made of them."""
    if exceeds(data, MAX_VALUES):
        raise InputError(f"that holds over {MAX_VALUES:,} JSON values: no more are decoded at once")
    most = DEFAULT_BOUNDS.nodes
    if not exceeds(data, most):
        return
    try:
        records = array_parts(data) if data[:1] == b"[" else batch_items(data) or [data]
    except NotJson:
        return  # as the reading itself will say
    if any(exceeds(record, most) for record in records):
        raise InputError(f"one record in it holds over {most:,} JSON values: no more are decoded of one")
