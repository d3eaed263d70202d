"""The first look at a body: 200 or not, without building what is in it.

Everything here stands between a client and its answer, so it is one pass of msgspec over the text (syntax is
checked, nothing is made of it). Only what that refuses is read a second time, generously. The full reading
(`parse_receipt`) happens behind the acknowledgement and takes all that is let in here.
"""

from __future__ import annotations

import re

import msgspec

from ..errors import RequestRefused
from ..messages import CALL_TYPES
from .decode import NotJson, array_parts, object_parts
from .limits import MAX_BATCH_MESSAGES
from .routes import Route

DEVICE_MODE = "this is Mixpanel's own endpoint, and its SDKs' traffic is not read yet: use a Segment SDK"


class _Look(msgspec.Struct):
    batch: msgspec.Raw = msgspec.Raw()
    type: msgspec.Raw = msgspec.Raw()


_look = msgspec.json.Decoder(_Look).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_TYPES = frozenset(f'"{name}"'.encode() for name in CALL_TYPES)
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_PEELED = 8
_OPEN = ord("[")


def check_body(body: bytes, route: Route, max_depth: int) -> bool:
    """Decide on an uncompressed body. True: it holds messages; False: acknowledge it, it holds none.

    Raises RequestRefused with the status and the reason: 400 on a path of Segment's, 404 elsewhere when
    the JSON is no Segment call.
    """
    try:
        batch, kind, items = _parts(body)
    except NotJson as error:
        reason = f"the body is no JSON object: {error}"
        if route.kind in ("call", "batch"):
            raise RequestRefused(400, reason) from error
        if route.kind == "metrics":
            return False
        raise RequestRefused(404, _elsewhere(route, reason)) from error
    if items is not None:
        if len(items) > MAX_BATCH_MESSAGES:
            raise RequestRefused(
                400, f"the batch has {len(items):,} messages, at most {MAX_BATCH_MESSAGES:,} fit"
            )
        if len(body) > 2 * max_depth and any(_too_deep(item, max_depth - 2) for item in items):
            raise RequestRefused(400, f"the JSON is nested deeper than {max_depth}")
        # Beside the batch there is room for depth, too.
        if len(body) - len(batch) > 2 * max_depth and _too_deep(body, max_depth):
            raise RequestRefused(400, f"the JSON is nested deeper than {max_depth}")
        return True
    if route.kind == "call" or kind in _TYPES:
        if _too_deep(body, max_depth):
            raise RequestRefused(400, f"the JSON is nested deeper than {max_depth}")
        return True
    if route.kind == "metrics":
        return False
    if route.kind == "batch":
        raise RequestRefused(400, "batch is no list" if batch else "there is no batch in the body")
    raise RequestRefused(404, _elsewhere(route, "its JSON holds neither batch nor a known type"))


def _elsewhere(route: Route, reason: str) -> str:
    if route.kind == "mixpanel":
        return DEVICE_MODE
    return f"no Segment call: {reason}"


def _parts(body: bytes) -> tuple[bytes, bytes, list[bytes] | None]:
    """The texts of `batch` and `type`, and the batch's items when it is a list."""
    try:
        look = _look(body)
        batch, kind = bytes(look.batch), bytes(look.type)
        return batch, kind, [bytes(raw) for raw in _items(batch)] if batch[:1] == b"[" else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        parts = object_parts(body)
        batch, kind = parts.get("batch", b""), parts.get("type", b"")
        return batch, kind, array_parts(batch) if batch[:1] == b"[" else None
    except RecursionError:
        raise NotJson("it is nested too deep") from None


def _too_deep(text: bytes, limit: int) -> bool:
    """Whether JSON is nested deeper than `limit`.

    Exact, yet nearly free for most: a level takes two bytes and an opening bracket, so short texts and texts
    with few brackets cannot be. For the others the innermost pairs are taken away a few times at C speed;
    what is left over is counted through.
    """
    if len(text) <= 2 * limit or text.count(b"{") + text.count(b"[") <= limit:
        return False
    brackets = _STRING.sub(b"", text).translate(_ONE_KIND, _NO_BRACKETS)
    for peeled in range(1, _PEELED + 1):
        brackets = brackets.replace(b"[]", b"")
        if len(brackets) <= 2 * (limit - peeled):
            return False
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket == _OPEN else -1
        if depth > limit - _PEELED:
            return True
    return False
