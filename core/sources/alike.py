"""Reading messages of one batch, most of which state the same context.

What an SDK says of itself, its user's device and page stands in each message again. It is read once, and the
messages share the object: that takes less time and memory, and whoever looks at it can see by its identity
that it is the one of the message before. Nobody may change it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from ..messages import Json
from .decode import Repair, read_json, read_strictly


class _Stated(msgspec.Struct):
    context: msgspec.Raw = msgspec.Raw()


_stated = msgspec.json.Decoder(_Stated).decode
_KEY = b'"context"'
_STAND_IN = 2**61 + random.getrandbits(60)
"""Stands where the context stood while the rest of a message is read. No message has this number."""
_REST = _KEY + b":%d" % _STAND_IN
_LEAST = 40
"""Shorter contexts are read again: that is as fast."""
_DIFFERENT = 4
"""Contexts more than those that were shared, after which no more of a batch are compared."""


def read_alike(texts: Sequence[bytes]) -> list[tuple[Json, tuple[Repair, ...]]]:
    """Read each of these texts as `read_json` does. Raises NotJson for any of them."""
    if len(texts) == 1:
        return [read_json(texts[0])]
    try:
        return [(value, ()) for value in _values(texts)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [read_json(text) for text in texts]


def _values(texts: Sequence[bytes]) -> list[Json]:
    values: list[Json] = []
    same, context, different, from_end = b"", None, 0, 0
    for text in texts:
        at = max(len(text) - from_end, 0)  # it often stands at the same distance from the end
        if same and (text.startswith(same, at) or text.startswith(same, at := text.find(_KEY))):
            value = _without(text, at, len(same))
            if isinstance(value, dict) and value.get("context") == _STAND_IN:
                value["context"] = context
                values.append(value)
                different -= 1
                continue
        value = read_strictly(text)
        values.append(value)
        if different < _DIFFERENT and isinstance(value, dict):
            different += 1
            same, context = _context_in(text), value.get("context")
            from_end = len(text) - text.find(same)
    return values


def _without(text: bytes, at: int, length: int) -> Json:
    """Read a text with the stand-in for its context; None if that is not JSON: then it is not the context."""
    try:
        return read_strictly(b"".join((text[:at], _REST, text[at + length :])))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _context_in(text: bytes) -> bytes:
    """Return the text of a message's context with its name; b"" if it has none that can be shared."""
    stated = bytes(_stated(text).context)
    at = text.find(_KEY)
    begins = text.find(stated, at)
    if len(stated) < _LEAST or not stated.startswith(b"{") or text[at + len(_KEY) : begins].strip() != b":":
        return b""
    return text[at : begins + len(stated)]
