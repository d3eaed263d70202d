"""From the bytes of the wire to JSON: inflating, and reading what is nearly JSON without losing it.

Real clients send what is no JSON by the letter: Python's json writes bare `NaN` and `Infinity`, browsers cut
emojis into lone surrogates or write them as CESU-8. Strict parsing is tried first, for it is far faster;
what fails it is read again here, and every repair is reported with its place.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol, cast

import msgspec
from isal import isal_zlib

from ..errors import RequestRefused
from ..messages import Json
from ..paths import child
from ..text import shorten
from ..text import size as size_text


class Repair(NamedTuple):
    """What was repaired (`NaN`, `Infinity`, `surrogate`, `cesu8`, `utf8`, `number`, `bom`) and its path.

    `text` is how a `number` is spelled that no double holds.
    """

    what: str
    path: str
    text: str = ""


BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPELLED = 40
"""So much is kept of the text of a number that no double holds."""
_GZIP, _ZLIB, _RAW = 31, 15, -15
_PIECE = 64 * 1024
"""Bytes inflated at a time: a gzip member's end hands back the rest of its piece, not of the whole body."""
_MOST_MEMBERS = 1_000
"""Members of one gzip body. Parallel compressors write some hundred; 400,000 empty ones fit in 8 MiB."""


def _surrogates_or_replacement(error: UnicodeError) -> tuple[str, int]:
    """Handle errors of the codec: surrogates in UTF-8 (CESU-8) pass, other bad bytes become U+FFFD."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    at = error.start
    three = error.object[at : at + 3]
    if len(three) == 3 and three[0] == 0xED and 0xA0 <= three[1] <= 0xBF and three[2] & 0xC0 == 0x80:
        return chr(0xD000 | (three[1] & 0x3F) << 6 | three[2] & 0x3F), at + 3
    return "\ufffd", max(error.end, at + 1)


codecs.register_error("segtap.surrogates", _surrogates_or_replacement)


# -- inflating ---------------------------------------------------------------------------------------------


def compression(body: bytes, encoding: str = "") -> str:
    """Return how a body is compressed: `gzip`, `zlib`, `deflate` (without zlib's frame) or "".

    Decided by its first bytes: no JSON and no form starts like these. `encoding`, the Content-Encoding
    header, is only asked about deflate without a frame, which has no mark of its own.
    """
    if body[:2] == b"\x1f\x8b":
        return "gzip"
    claimed = "deflate" in encoding.lower() and body.lstrip()[:1] not in (b"{", b"[", b"\xef", b"")
    # 0x78 is what everybody writes; smaller windows (0x08 to 0x68) are believed when the header says so.
    begins = body[:1] == b"x" or (claimed and body[0] & 0x8F == 0x08)
    if begins and len(body) >= 2 and (body[0] << 8 | body[1]) % 31 == 0:
        return "zlib"
    return "deflate" if claimed else ""


_BadStream = cast(type[Exception], isal_zlib.error)


class _Stream(Protocol):
    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...


_decompressor = cast(Callable[[int], _Stream], isal_zlib.decompressobj)  # pyright: ignore[reportUnknownMemberType]


def inflate(body: bytes, encoding: str = "", limit: int | None = None) -> bytes:
    """Return the body uncompressed; as it is when it is not compressed.

    `limit` in bytes stops a body that inflates beyond it while it does, not after. Raises
    RequestRefused (400) when it is broken, cut short or too large.
    """
    kind = compression(body, encoding)
    if not kind:
        if limit is not None and len(body) > limit:
            raise InflatesTooFar(400, f"the body is over {size_text(limit)}")
        return body
    window = {"gzip": _GZIP, "zlib": _ZLIB, "deflate": _RAW}[kind]
    parts: list[bytes] = []
    size = at = members = 0
    while True:
        stream = _decompressor(window)
        members += 1
        if members > _MOST_MEMBERS:
            raise RequestRefused(400, f"the gzip body has more than {_MOST_MEMBERS:,} members")
        while not stream.eof:
            if at >= len(body):
                raise RequestRefused(400, f"the {kind} body ends too early")
            room = 0 if limit is None else limit - size + 1
            piece = body[at : at + _PIECE]
            try:
                part = stream.decompress(piece, room)
            except _BadStream as error:
                raise RequestRefused(400, f"the body is not {kind} as it claims: {error}") from error
            at += len(piece)
            parts.append(part)
            size += len(part)
            if limit is not None and size > limit:
                raise InflatesTooFar(400, f"the body inflates to more than {size_text(limit)}")
        at -= len(stream.unused_data)
        if kind != "gzip" or body[at : at + 2] != b"\x1f\x8b":
            return parts[0] if len(parts) == 1 else b"".join(parts)


# -- JSON --------------------------------------------------------------------------------------------------


class NotJson(ValueError):
    """The text is no JSON, even read generously; says where it stops being it."""


class InflatesTooFar(RequestRefused):
    """A body that inflates beyond the limit."""


class _Odd:
    """A stand-in in the decoded value for a number that JSON does not have."""

    __slots__ = ("name", "text")

    def __init__(self, name: str, text: str = "") -> None:
        self.name = name
        self.text = text


_NAN, _INFINITY = _Odd("NaN"), _Odd("Infinity")


def _constant(name: str) -> _Odd:
    return _NAN if name == "NaN" else _INFINITY


def _float(text: str) -> float | _Odd:
    value = float(text)
    return value if math.isfinite(value) else _Odd("number", shorten(text, _SPELLED))


def _int(text: str) -> int | float | _Odd:
    return int(text) if len(text) <= 1000 else _float(text)


GENEROUS = json.JSONDecoder(parse_constant=_constant, parse_float=_float, parse_int=_int)
read_strictly = cast(Callable[[bytes], Json], msgspec.json.Decoder().decode)
"""Reads a JSON value. Raises what msgspec does where it is not JSON by the letter."""


def read_json(data: bytes) -> tuple[Json, tuple[Repair, ...]]:
    """Return the JSON value in `data`, and what had to be repaired to read it.

    `NaN`, `Infinity` and numbers beyond a double read as null; halves of a surrogate pair are put
    together, lone ones become U+FFFD, as do bytes that are no UTF-8. Raises NotJson (also when nested too
    deep).
    """
    try:
        return read_strictly(data), ()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_generously(data)
    except RecursionError:
        raise NotJson("it is nested too deep") from None


def _read_generously(data: bytes) -> tuple[Json, tuple[Repair, ...]]:
    repairs: list[Repair] = []
    if data.startswith(BOM):
        repairs.append(Repair("bom", "$"))
        data = data[3:]
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("utf-8", "segtap.surrogates")
        whole = _pairs(text)
        marks = [data.count(b"\xef\xbf\xbd"), text.count("\ufffd"), whole.count("\ufffd")]
        if marks[1] > marks[0]:
            repairs.append(Repair("utf8", "$"))
        if marks[2] > marks[1]:
            repairs.append(Repair("surrogate", "$"))
        if len(whole) < len(text):
            repairs.append(Repair("cesu8", "$"))
        text = whole
    try:
        value = cast(Json, GENEROUS.decode(text))
    except json.JSONDecodeError as error:
        at = len(text[: error.pos].encode("utf-8", "surrogatepass"))
        raise NotJson(f"{words_of(error)} at byte {at}") from error
    except RecursionError:
        raise NotJson("it is nested too deep") from None
    return _mend(value, repairs), tuple(repairs)


def _pairs(text: str) -> str:
    """Return surrogate halves put together; lone ones as U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _mend(value: Json, repairs: list[Repair]) -> Json:
    """Replace what Python read but JSON and UTF-8 do not have, noting each place. Without recursion."""
    root: list[Json] = [value]
    stack: list[tuple[list[Json] | dict[str, Json], str]] = [(root, "")]
    while stack:
        holder, path = stack.pop()
        # Not a copy: a body may hold many values, and to replace one does not disturb the walk.
        places: Iterable[tuple[int | str, Json]]
        if isinstance(holder, list):
            places = enumerate(holder)
        else:
            if any(_SURROGATE.search(key) for key in holder):
                renamed = {_pairs(key): item for key, item in holder.items()}
                repairs.append(Repair("surrogate", path or "$"))
                holder.clear()
                holder.update(renamed)
            places = holder.items()
        for key, item in places:
            if isinstance(item, (dict, list, _Odd)) or (isinstance(item, str) and _SURROGATE.search(item)):
                where = "$" if holder is root else child(path, key)
                if isinstance(item, (dict, list)):
                    stack.append((item, where))
                    continue
                if isinstance(item, _Odd):
                    fixed, repair = None, Repair(item.name, where, item.text)
                else:
                    fixed, repair = _pairs(item), Repair("surrogate", where)
                repairs.append(repair)
                holder[key] = fixed  # type: ignore[index]
    return root[0]


def words_of(error: json.JSONDecodeError) -> str:
    """Return what a strict reader found wrong, without the place."""
    return f"{error.msg[:1].lower()}{error.msg[1:]}".removesuffix(" at")
