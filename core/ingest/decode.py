"""From the bytes of the wire to JSON: inflating, and reading what is nearly JSON without losing it.

Real clients send what is no JSON by the letter: Python's json writes bare `NaN` and `Infinity`, browsers cut
emojis into lone surrogates or write them as CESU-8. Strict parsing is tried first, for it is far faster;
what fails it is read again here, and every repair is reported with its place.
"""

from __future__ import annotations

import codecs
import json
import math
import random
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol, TypeVar, cast

import msgspec
from isal import isal_zlib

from ..errors import RequestRefused
from ..messages import Json
from ..paths import child
from ..text import shorten
from ..text import size as size_text

T = TypeVar("T")


class Repair(NamedTuple):
    """What was repaired (`NaN`, `Infinity`, `surrogate`, `cesu8`, `utf8`, `number`, `bom`) and its path.

    `text` is how a `number` is spelled that no double holds.
    """

    what: str
    path: str
    text: str = ""


_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = " \t\n\r"
_SPELLED = 40
"""So much is kept of the text of a number that no double holds."""
_GZIP, _ZLIB, _RAW = 31, 15, -15
_PIECE = 64 * 1024
"""Bytes inflated at a time: a gzip member's end hands back the rest of its piece, not of the whole body."""
_MOST_MEMBERS = 1_000
"""Members of one gzip body. Parallel compressors write some hundred; 400,000 empty ones fit in 8 MiB."""


def _surrogates_or_replacement(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: surrogates written as UTF-8 (CESU-8) pass, other bad bytes become U+FFFD."""
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
    """How a body is compressed: `gzip`, `zlib`, `deflate` (without zlib's frame) or "".

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
    """The body uncompressed; as it is when it is not compressed.

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
    """Stands in the decoded value for a number that JSON does not have."""

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


_generous = json.JSONDecoder(parse_constant=_constant, parse_float=_float, parse_int=_int)
_strict = cast(Callable[[bytes], Json], msgspec.json.Decoder().decode)


def read_json(data: bytes) -> tuple[Json, tuple[Repair, ...]]:
    """The JSON value in `data`, and what had to be repaired to read it.

    `NaN`, `Infinity` and numbers beyond a double read as null; halves of a surrogate pair are put
    together, lone ones become U+FFFD, as do bytes that are no UTF-8. Raises NotJson (also when nested too
    deep).
    """
    try:
        return _strict(data), ()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_generously(data)
    except RecursionError:
        raise NotJson("it is nested too deep") from None


def _read_generously(data: bytes) -> tuple[Json, tuple[Repair, ...]]:
    repairs: list[Repair] = []
    if data.startswith(_BOM):
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
        value = cast(Json, _generous.decode(text))
    except json.JSONDecodeError as error:
        at = len(text[: error.pos].encode("utf-8", "surrogatepass"))
        raise NotJson(f"{_words(error)} at byte {at}") from error
    except RecursionError:
        raise NotJson("it is nested too deep") from None
    return _mend(value, repairs), tuple(repairs)


def _pairs(text: str) -> str:
    """Surrogate halves put together; lone ones as U+FFFD."""
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


# -- the parts of a request body ---------------------------------------------------------------------------

# Nothing here makes anything of a value: each is cut out as text, so that the size of what is inside costs
# next to nothing. Only the members that somebody asks for are cut out, for there may be millions of others.


class _Members(msgspec.Struct, rename="camel"):
    batch: msgspec.Raw = msgspec.Raw()
    write_key: msgspec.Raw = msgspec.Raw()
    sent_at: msgspec.Raw = msgspec.Raw()
    context: msgspec.Raw = msgspec.Raw()
    integrations: msgspec.Raw = msgspec.Raw()
    type: msgspec.Raw = msgspec.Raw()
    event: msgspec.Raw = msgspec.Raw()
    name: msgspec.Raw = msgspec.Raw()
    message_id: msgspec.Raw = msgspec.Raw()
    user_id: msgspec.Raw = msgspec.Raw()
    anonymous_id: msgspec.Raw = msgspec.Raw()
    group_id: msgspec.Raw = msgspec.Raw()
    previous_id: msgspec.Raw = msgspec.Raw()
    timestamp: msgspec.Raw = msgspec.Raw()


_FIELDS = tuple((field.encode_name, field.name) for field in msgspec.structs.fields(_Members))
_members = msgspec.json.Decoder(_Members)
_items = msgspec.json.Decoder(list[msgspec.Raw])
_FAULTS = (msgspec.DecodeError, UnicodeDecodeError)
_DESCRIBED = 64 * 1024
"""A text up to this many bytes is read once more, to say where it stops being JSON."""


def members(data: bytes) -> dict[str, bytes]:
    """The members of a JSON object that a batch or message is known by, each as its own text, as it came.

    What they hold is not looked at. Raises NotJson.
    """
    try:
        found, undo = _members.decode(data), None
    except RecursionError:
        raise NotJson("it is nested too deep") from None
    except _FAULTS:
        text, undo = _stricter(data)
        found = _decode(_members, text, data, "{")
    parts = {name: bytes(raw) for name, field in _FIELDS if (raw := getattr(found, field))}
    return parts if undo is None else {name: undo(part) for name, part in parts.items()}


def array_parts(data: bytes) -> list[bytes]:
    """The items of a JSON array, each as its own text, as it came. Raises NotJson."""
    try:
        return [bytes(raw) for raw in _items.decode(data)]
    except RecursionError:
        raise NotJson("it is nested too deep") from None
    except _FAULTS:
        text, undo = _stricter(data)
        return [undo(bytes(raw)) for raw in _decode(_items, text, data, "[")]


def _decode(decoder: msgspec.json.Decoder[T], text: bytes, data: bytes, opening: str) -> T:
    try:
        return decoder.decode(text)
    except RecursionError:
        raise NotJson("it is nested too deep") from None
    except _FAULTS as error:
        raise NotJson(_why(data, opening, error)) from error


def _why(data: bytes, opening: str, error: Exception) -> str:
    """Why a text is not JSON that begins with `opening`, and where."""
    start = 3 if data.startswith(_BOM) else 0
    at = start + len(data[start:]) - len(data[start:].lstrip(_SPACE.encode()))
    if data[at : at + 1] != opening.encode():
        return f"{'an object' if opening == '{' else 'a list'} was expected at byte {at}"
    if len(data) <= _DESCRIBED:
        try:
            # As Latin-1 a place in the text is a place in the bytes, and JSON's own signs are ASCII.
            _generous.decode(data[start:].decode("latin-1"))
        except json.JSONDecodeError as found:
            return f"{_words(found)} at byte {start + found.pos}"
        except RecursionError:
            return "it is nested too deep"
    return str(error).removeprefix("JSON is malformed: ")


def _stricter(data: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """The text with stand-ins for what clients write that is not JSON by the letter, and the way back.

    NaN and Infinity become numbers, escapes of half a surrogate pair plain letters: all at C speed, whatever
    there is of them and wherever it stands, for each part of the text is turned back before it is read.
    """
    made = data[3:] if data.startswith(_BOM) else data
    stand_ins: list[tuple[bytes, bytes]] = []
    for odd, kind in _ODD:
        if odd in made:
            stand_in = _unused(made, kind)
            made = made.replace(odd, stand_in)
            stand_ins.append((stand_in, odd))

    def undo(part: bytes) -> bytes:
        for stand_in, odd in reversed(stand_ins):
            part = part.replace(stand_in, odd)
        return part

    return made, undo


_ODD = (
    # A backslash that is escaped itself does not begin an escape: those pairs are put aside first.
    (rb"\\", b"p%d"),
    (rb"\ud", b"s%d"),
    (rb"\uD", b"s%d"),
    (b"-Infinity", b"-0.%d"),
    (b"Infinity", b"-0.%d"),
    (b"NaN", b"-0.%d"),
)


def _unused(text: bytes, kind: bytes) -> bytes:
    while (stand_in := kind % (10**9 + random.getrandbits(30))) in text:
        pass
    return stand_in


def _words(error: json.JSONDecodeError) -> str:
    return f"{error.msg[:1].lower()}{error.msg[1:]}".removesuffix(" at")
