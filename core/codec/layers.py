"""The single layers that pasted text may have: each function yields what may be below one kind of layer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote

import msgspec

from ..errors import RequestRefused
from ..messages import CALL_TYPES, Json
from ..sources.encoded import unbase64
from ..sources.segment.pixel import pixel_json
from ..text import counted
from .http_text import REQUEST
from .json_values import Values
from .percent import Plain, unpercent

Payload: TypeAlias = str | bytes

OPENING = ("{", "[", '"')
"""What JSON text begins with."""
FIELD = "data"
"""The form field, or JSON field, that holds the data of a request to Mixpanel."""

_FORM_FIELDS = frozenset((FIELD, "verbose", "ip", "api_key", "img", "test", "callback", "_", "redirect"))
_ALPHABET = re.compile(r"[A-Za-z0-9+/_-]+={0,2}\Z", re.ASCII)
_FORM = re.compile(r"\??[\w$.~%-]+=")
_DATA_URI = re.compile(r"data:[\w.+/-]*(?:;[\w=.+-]+)*,")
_QUOTES = {"'": "'", '"': '"', "`": "`", "“": "”", "‘": "’", "«": "»"}
_SEVERAL = 2 * 1024 * 1024
"""A longer text that is not JSON is not searched for several values."""


class Step(NamedTuple):
    """One layer taken off: its name, what was below it, and what had to be assumed to take it off.

    `sure` is False for a layer that may not be there: then the error does not speak of what is below it.
    """

    layer: str
    below: Payload
    notes: tuple[str, ...] = ()
    sure: bool = True


def url_steps(address: str) -> Iterator[Step]:
    """Take the query out of a URL, or the document that a pixel call's query spells."""
    path, _, query = address.partition("?")
    query = query.partition("#")[0]
    yield Step("url", query)
    call = call_of(address)
    if "/pixel/" in path and "data=" not in query:
        try:
            document = msgspec.json.decode(pixel_json(query).text)
        except RequestRefused:
            return
        yield Step("url", msgspec.json.encode({"type": call, **document} if call else document))


def call_of(address: str) -> str:
    """Return the call that a URL's path ends in (`/v1/pixel/track`), else ""."""
    last = address.partition("?")[0].rstrip("/").rpartition("/")[2]
    return last if last in CALL_TYPES else ""


def wrapping(text: str) -> Iterator[Step]:
    """Take off a code fence, quotes, or the escapes of a JSON string."""
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        yield Step("code fence", text.partition("\n")[2].removesuffix("```"))
    closing = _QUOTES.get(text[:1])
    if closing and len(text) > 1 and text.endswith(closing):
        yield Step("quotes", text[1:-1])
    if text.startswith(('{\\"', '[{\\"', '[\\"')):
        try:
            inner = json.loads(f'"{text}"', strict=False)
        except ValueError:
            return
        yield Step("JSON string", inner)


def json_lines(text: str) -> Iterator[Step]:
    """Join several JSON values, one a line, to a list; files that were put together have marks in between."""
    stripped = [line.strip() for line in text.splitlines()]
    lines = [bare for line in stripped if (bare := line.removeprefix("\ufeff").lstrip())]
    if len(lines) > 1 and all(line[:1] in ("{", "[") for line in lines):
        marks = sum(line[:1] == "\ufeff" for line in stripped)
        notes = (f"{counted(marks, 'byte order mark')} between the values left out",) if marks else ()
        yield Step("NDJSON", "[" + ",".join(line.rstrip(",") for line in lines) + "]", notes)


def several_values(text: str) -> Iterator[Step]:
    """Join several JSON values, one after another over any lines, to a list."""
    if not text.startswith(OPENING[:2]) or len(text) > _SEVERAL:
        return
    values = Values()
    for number, line in enumerate(text.encode("utf-8", "surrogatepass").splitlines(keepends=True), start=1):
        values.take(number, line)
        if values.broken:
            return
    if values.whole and len(values.found) > 1:
        whole = b",".join(value for _, value in values.found)
        yield Step("JSON values", f"[{whole.decode('utf-8', 'surrogatepass')}]")


def several_requests(text: str) -> Iterator[Step]:
    """Join the bodies of several requests to Segment that are written out one after another."""
    from .pieces import pieces  # which decodes in its turn

    lines = text.encode("utf-8", "surrogatepass").splitlines(keepends=True)
    if sum(REQUEST.match(line) is not None for line in lines) < 2:
        return
    found = list(pieces(lines))
    if not any(piece.error for piece in found):
        whole = b",".join(piece.text for piece in found if isinstance(piece.text, bytes))
        yield Step("HTTP requests", f"[{whole.decode('utf-8', 'surrogatepass')}]")


def data_uri(text: str) -> Iterator[Step]:
    """Take the data out of a data URI."""
    found = _DATA_URI.match(text)
    if found:
        yield Step("data URI", text[found.end() :])


def form_field(text: str) -> Iterator[Step]:
    """Take the field `data` out of a form body."""
    if not _FORM.match(text):
        return
    for field in text.removeprefix("?").split("&"):
        name, _, value = field.partition("=")
        if unquote(name) == FIELD:
            yield Step(f"form field {FIELD}", value)


def plain_text(text: str, *, form: bool) -> Plain:
    """Undo percent-encoding; `form` says that the text was in a form, where + may be a space."""
    # A form writes a space as +, but unescaped + in base64 is base64's own.
    as_space = "+" in text and "%20" not in text and " " not in text and (form or "%2" in text)
    plain = unpercent(text, plus_as_space=False)
    return unpercent(text, plus_as_space=True) if as_space and not _ALPHABET.match(plain.text) else plain


def from_base64(text: str) -> Iterator[Step]:
    """Decode base64 in either alphabet, padded or not, in lines or one quoted piece a line."""
    lines = [_unquoted(line.strip()) for line in text.replace("\\r", "").replace("\\n", "\n").splitlines()]
    joined = "".join(lines)
    pieces: list[tuple[str, tuple[str, ...]]] = [("".join(joined.split()), ())]
    if " " in joined:
        # A + that a form turned into a space.
        pieces.append((joined.replace(" ", "+"), ("spaces in the base64 are read as +",)))
    for piece, notes in pieces:
        if len(piece) < 4 or not _ALPHABET.match(piece):
            continue
        traits = [
            *(("url-safe",) if re.search("[-_]", piece) else ()),
            *(("unpadded",) if len(piece) % 4 else ()),
        ]
        name = f"base64 ({', '.join(traits)})" if traits else "base64"
        plain = piece.rstrip("=").replace("-", "+").replace("_", "/")
        if len(plain) % 4 == 1:
            # Cut off while copying: what is there may still tell.
            notes = (*notes, f"the base64 is not whole: its last character, {plain[-1]}, is left out")
            plain = plain[:-1]
        try:
            yield Step(name, unbase64(plain.encode("ascii")), notes)
        except ValueError:
            continue


def _unquoted(line: str) -> str:
    """Return a line of base64 without the quotes, commas and + of a program that joins several."""
    if line[:1] not in ("'", '"', "`"):
        return line
    return line.rstrip("+,; \t").strip(line[0])


def enclosed(value: Json) -> str | None:
    """Return the text in `{"data": "…"}`, a form as JSON, if all beside it are a form's other fields."""
    if isinstance(value, dict) and isinstance(value.get(FIELD), str) and len(value) <= 8:
        inner = value[FIELD]
        return inner if value.keys() <= _FORM_FIELDS and isinstance(inner, str) else None
    return None
