"""The first look at a body: 200 or not, without building what is in it.

Everything here stands between a client and its answer, so it is one pass of msgspec over the text (syntax is
checked, nothing is made of it). Only what that refuses is read a second time, generously. The full reading
(`parse_receipt`) happens behind the acknowledgement and takes all that is let in here.
"""

from __future__ import annotations

import re

import msgspec

from ...errors import RequestRefused
from ...messages import CALL_TYPES
from ..decode import NotJson, read_json
from ..limits import MAX_BATCH_MESSAGES
from ..parts import array_parts, members
from .routes import Route

NO_RECORDS = "this is one of Mixpanel's endpoints, and the request holds no records for it"
"""Why a request to one of Mixpanel's own paths is refused."""


class _Look(msgspec.Struct):
    batch: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    type: msgspec.Raw = msgspec.Raw()


class _BatchAsOne(msgspec.Struct):
    batch: msgspec.Raw = msgspec.Raw()
    type: msgspec.Raw = msgspec.Raw()


_look = msgspec.json.Decoder(_Look).decode
_batch_as_one = msgspec.json.Decoder(_BatchAsOne).decode
_TYPES = frozenset(f'"{name}"'.encode() for name in CALL_TYPES)
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_SIGNS = bytes(byte for byte in range(256) if byte not in b'"[]{},')
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b'"[]{}')
_SIGN = re.compile(rb"\[+|\]+|,+")
_LEAF = re.compile(rb"\[,+\]")
_OPEN = ord("[")
_PEELED = 8
_FEW = 200_000
"""Bytes of innermost pairs: with fewer, there are not many runs of brackets."""
_LARGE = 1024 * 1024


def check_body(body: bytes, route: Route, max_depth: int) -> int | None:
    """Return how many messages an uncompressed body holds; None: acknowledge it, it is not kept.

    Raises RequestRefused with the status and the reason: 400 on a path of Segment's, 404 elsewhere when
    the JSON is no Segment call.
    """
    try:
        items, kind, batch = _parts(body)
    except NotJson as error:
        reason = f"the body is no JSON object: {error}"
        if route.kind in ("call", "batch"):
            raise RequestRefused(400, reason) from error
        if route.kind == "metrics":
            return None
        raise RequestRefused(404, _elsewhere(route, reason)) from error
    if items is not None:
        if len(items) > MAX_BATCH_MESSAGES:
            raise _too_many()
        if _batch_too_deep(body, items, max_depth):
            raise nested_too_deep(max_depth)
        return len(items)
    if route.kind == "call" or _names_a_call(kind):
        if too_deep(body, max_depth):
            raise nested_too_deep(max_depth)
        return 1
    if route.kind == "metrics":
        return None
    if route.kind == "batch":
        raise RequestRefused(400, "batch is no list" if batch else "there is no batch in the body")
    raise RequestRefused(404, _elsewhere(route, "its JSON holds neither batch nor a known type"))


def _elsewhere(route: Route, reason: str) -> str:
    if route.kind == "mixpanel":
        return NO_RECORDS
    return f"no Segment call: {reason}"


def _names_a_call(kind: bytes) -> bool:
    """Return whether the JSON text of a `type` is a call's name; escapes are allowed in it as in any
    string.
    """
    if b"\\" not in kind:
        return kind in _TYPES
    return len(kind) < 64 and read_json(kind)[0] in CALL_TYPES


def nested_too_deep(max_depth: int) -> RequestRefused:
    """Return the refusal of JSON that is nested deeper than the cap."""
    return RequestRefused(400, f"the JSON is nested deeper than {max_depth}")


def _too_many() -> RequestRefused:
    return RequestRefused(400, f"the batch has more than {MAX_BATCH_MESSAGES:,} messages")


def _parts(body: bytes) -> tuple[list[bytes] | None, bytes, bytes]:
    """Return the items if `batch` is a list, and the texts of `type` and of a `batch` that is not a list."""
    try:
        if len(body) > _LARGE:
            one = _batch_as_one(body)
            batch, kind = bytes(one.batch), bytes(one.type)
            _refuse_crowds(batch)
            return (array_parts(batch), kind, b"") if batch[:1] == b"[" else (None, kind, batch)
        look = _look(body)
        items = None if isinstance(look.batch, msgspec.UnsetType) else list(map(bytes, look.batch))
        return items, bytes(look.type), b""
    except (msgspec.DecodeError, UnicodeDecodeError):
        parts = members(body)
        batch, kind = parts.get("batch", b""), parts.get("type", b"")
        _refuse_crowds(batch)
        return (array_parts(batch), kind, b"") if batch[:1] == b"[" else (None, kind, batch)
    except RecursionError:
        raise NotJson("it is nested too deep") from None


def _refuse_crowds(batch: bytes) -> None:
    """Refuse millions of tiny items before anything is made of each. Raises RequestRefused (400)."""
    if is_crowded(batch):
        raise _too_many()


def is_crowded(array: bytes) -> bool:
    """Return True if a JSON array has more items than are taken, without making anything of each."""
    if array[:1] != b"[" or array.count(b",") < MAX_BATCH_MESSAGES:
        return False
    signs = _skeleton(array)[1:-1]
    for _ in range(_PEELED):
        # Objects and lists that hold no others are taken out at C speed, again and again.
        left = _LEAF.sub(b"", signs.replace(b"[]", b""))
        if len(left) == len(signs):
            break
        signs = left
    commas = depth = 0
    for sign in _SIGN.finditer(signs):
        match sign[0][:1]:
            case b"[":
                depth += len(sign[0])
            case b"]":
                depth -= len(sign[0])
            case _ if depth == 0:
                commas += len(sign[0])
                if commas >= MAX_BATCH_MESSAGES:
                    return True
            case _:
                pass
    return False


def _skeleton(text: bytes, others: bytes = _NO_SIGNS) -> bytes:
    """Return the brackets alone (all as `[` and `]`) and commas of a JSON text, without those in its strings.

    Without commas, too, where `others`, what is left out, says so.

    At C speed whatever it holds. Taking `""` out is right wherever it stands: there is nothing between the
    two quotes, so that all other signs stay inside or outside of strings as they were.
    """
    if b"\\" in text:
        text = text.replace(rb"\\", b"").replace(rb"\"", b"")
    signs = text.translate(_ONE_KIND, others).replace(b'""', b"")
    return b"".join(signs.split(b'"')[::2]) if b'"' in signs else signs


def _batch_too_deep(body: bytes, items: list[bytes], max_depth: int) -> bool:
    """Return whether the body of a batch is nested too deep; its items lie two levels down."""
    if len(body) <= 2 * max_depth:
        return False
    limit = max_depth - 2
    sizes = list(map(len, items))
    if max(sizes, default=0) > 2 * limit and any(too_deep(item, limit) for item in items):
        return True
    return len(body) - sum(sizes) - 2 * len(sizes) > 2 * max_depth and too_deep(body, max_depth)


def too_deep(text: bytes, limit: int) -> bool:
    """Return whether JSON is nested deeper than `limit`.

    Exact, yet nearly free for most: an object takes five bytes a level (`{"":}`, the innermost two), a list
    two, so short texts and texts with few brackets cannot be. For the others the innermost pairs are taken
    away a few times at C speed; what is left over is counted through, a run of brackets at a time.
    """
    if len(text) <= 2 * limit:
        return False
    lists = text.count(b"[")
    if lists + (len(text) - 2 * lists + 3) // 5 <= limit or lists + text.count(b"{") <= limit:
        return False
    brackets = _skeleton(text, _NO_BRACKETS)
    for _ in range(_PEELED):
        left = brackets.replace(b"[]", b"")
        limit -= 1
        if not left:
            return limit < 0
        if len(left) <= 2 * limit:
            return False
        few = len(brackets) - len(left) < _FEW
        brackets = left
        if few:
            break
    depth = 0
    for run in _SIGN.finditer(brackets):
        length = run.end() - run.start()
        depth += length if brackets[run.start()] == _OPEN else -length
        if depth > limit:
            return True
    return False
