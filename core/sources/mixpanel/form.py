"""The fields of a request of Mixpanel's SDKs, and the records in the field `data`. Pure.

`data` is JSON or base64 of JSON, in either alphabet, in a form body or in the query. A page that closes sends
its form as text/plain, so that the content type is not asked. Before each there may be a byte order mark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from ...errors import RequestRefused
from ..decode import BOM, compression, inflate
from ..encoded import LATIN_1, text_of, unbase64

DATA = "data"
_FIELD = re.compile(rb"\s*[\w$.~%-]{1,100}=")
_READ = re.compile(rb"(?:\A|&)(data|verbose|img|ip|strict|token|context|sdk_config)(?:=([^&]*))?(?=&|\Z)")
"""The fields that are read. There may be any number of others, which cost next to nothing."""


def is_form(body: bytes) -> bool:
    """Return True if a body begins like a form."""
    return _FIELD.match(body) is not None


def fields_of(text: bytes) -> dict[str, bytes]:
    """Return the fields of a form or a query that are read, the first of each name, as they are encoded."""
    found: dict[str, bytes] = {}
    for field in _READ.finditer(text.strip()):
        found.setdefault(field[1].decode("ascii"), field[2] or b"")
    return found


def is_on(fields: Mapping[str, bytes], name: str) -> bool:
    """Return True for a field such as `verbose=1`."""
    return fields.get(name, b"").lower() not in (b"", b"0", b"false")


def data_text(value: bytes, limit: int | None = None) -> bytes:
    """Return the JSON text in a field `data`, of at most `limit` bytes, with its byte order mark.

    Raises RequestRefused (400) when it is neither JSON nor base64, InflatesTooFar when it is too large.
    """
    plain = unquote_to_bytes(value.replace(b"+", b" "))
    bare = plain.strip().removeprefix(BOM)
    if bare.lstrip()[:1] in (b"{", b"["):
        return inflate(plain, limit=limit)
    try:
        decoded = unbase64(bare)
    except ValueError as error:
        raise RequestRefused(400, f"the field data is neither JSON nor base64: {error}") from error
    return inflate(decoded, limit=limit) if compression(decoded) else decoded


def in_utf8(data: bytes) -> bytes:
    """Return the JSON text of a record in UTF-8; a page that used btoa() sends Latin-1."""
    if data.isascii():
        return data
    text, encoding = text_of(data)
    return text.encode() if text is not None and encoding == LATIN_1 else data
