"""Redacts a request: its body in every form in which messages are sent, its query, its headers. Pure.

What is kept is what was looked at: JSON is read, redacted and written again, without compression, and a body
that cannot be read is not kept at all. So nothing hides in a duplicate name, a broken encoding or a cut body.
"""

from __future__ import annotations

import base64
from urllib.parse import quote, unquote_to_bytes

import msgspec

from ..errors import RequestRefused
from ..json_text import json_bytes
from ..messages import Json, Receipt
from ..sources.decode import BOM, NotJson, inflate, read_json
from ..sources.mixpanel.form import DATA, data_text, in_utf8, is_form
from ..sources.mixpanel.records import items_of
from ..sources.parts import array_parts, object_parts
from ..sources.segment.pixel import pixel_json
from .rules import DROPPED, Rules

NOT_KEPT = "its body could not be read to be redacted, and is not kept"
_MOST = 64 * 1024 * 1024
"""Bytes up to which a body is inflated: above every limit of ingest."""
_OWN_FIELDS = frozenset({"token", "verbose", "img", "ip", "strict", "tee", "_"})
"""Fields of forms and queries that say how to read the rest, and hold nothing of a user."""
_AS_IT_IS = frozenset(
    {"authorization", "host", "content-length", "content-type", "content-encoding", "accept"}
)
_ADDRESSES = frozenset(
    {"forwarded", "x-forwarded-for", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"}
)
_WHOLE = frozenset({"cookie"})
"""Headers that may hold anything of the user, and that nobody reads."""


def redacted(receipt: Receipt, rules: Rules) -> Receipt:
    """Return the receipt as it may be stored."""
    body = _body(receipt, rules)
    kept = body is not None
    left_out = _ADDRESSES if rules.hides_address else frozenset[str]()
    if receipt.body:
        left_out |= {"content-encoding"}
    headers = tuple(
        (name, _header(name, value, rules)) for name, value in receipt.headers if name not in left_out
    )
    refused = receipt.refused
    if refused is not None:
        refused = rules.text(refused)
        if not kept:
            refused = f"{refused} ({NOT_KEPT})"
    return msgspec.structs.replace(
        receipt,
        path=rules.text(receipt.path),
        query=_fields(receipt.query.encode("latin-1", "replace"), rules, receipt).decode("latin-1"),
        headers=headers,
        peer="" if rules.hides_address else rules.text(receipt.peer),
        body=body if body is not None else b"",
        refused=refused,
        upstream=rules.text(receipt.upstream),
    )


def _header(name: str, value: str, rules: Rules) -> str:
    if name in _WHOLE:
        return DROPPED
    return value if name in _AS_IT_IS else rules.text(value)


def _body(receipt: Receipt, rules: Rules) -> bytes | None:
    """Return the body as it may be stored, None if it cannot be read."""
    if not receipt.body:
        return b""
    try:
        text = inflate(receipt.body, receipt.header("content-encoding") or "", _MOST)
        bare = text.strip().removeprefix(BOM).strip()
        if is_form(bare):
            return _fields(bare, rules, receipt)
        return _json(bare, rules, receipt.source_kind == "mixpanel")
    except (RequestRefused, NotJson):
        return None


def _json(text: bytes, rules: Rules, device: bool) -> bytes:
    """Return JSON redacted: a message, a batch, a record, a list of records or one a line. Raises NotJson."""
    if text[:1] == b"[":
        return b"[" + b",".join(_item(item, rules, device) for item in array_parts(text)) + b"]"
    try:
        parts = object_parts(text)
    except NotJson:
        lines = items_of(text)
        if len(lines) == 1 and lines[0] == text:
            return _item(text, rules, device)  # a name that is not UTF-8, or the like
        return b"\n".join(_item(line, rules, device) for line in lines)
    batch = parts.get("batch", b"")
    if batch[:1] != b"[":
        return _item(text, rules, device)
    del parts["batch"]
    shared: dict[str, Json] = {name: read_json(part)[0] for name, part in parts.items()}
    items = b",".join(_item(item, rules, device) for item in array_parts(batch))
    rest = json_bytes(rules.value(shared, device=device))
    return b'{"batch":[' + items + b"]" + (b"," if rest != b"{}" else b"") + rest[1:]


def _item(text: bytes, rules: Rules, device: bool) -> bytes:
    return json_bytes(rules.value(read_json(text)[0], device=device))


def _fields(text: bytes, rules: Rules, receipt: Receipt) -> bytes:
    """Return a form or a query redacted, `data` as base64 of its JSON."""
    return b"&".join(_field(part, rules, receipt) for part in text.split(b"&")) if text else b""


def _field(part: bytes, rules: Rules, receipt: Receipt) -> bytes:
    name, equals, value = part.partition(b"=")
    if not equals:
        return rules.text(part.decode("latin-1")).encode("latin-1", "replace")
    if name.strip() == DATA.encode():
        made = _data(value, rules, receipt)
        return name + b"=" + quote(base64.b64encode(made)).encode() if made is not None else name + b"="
    called = unquote_to_bytes(name.replace(b"+", b" ")).decode("utf-8", "replace")
    if called in _OWN_FIELDS:
        return part
    plain = unquote_to_bytes(value.replace(b"+", b" ")).decode("utf-8", "replace")
    left = rules.at(called.split("."), plain)
    spelled = rules.text(called)
    name = name if spelled == called else quote(spelled).encode()
    return name + b"=" + (value if left == plain else quote(left).encode())


def _data(value: bytes, rules: Rules, receipt: Receipt) -> bytes | None:
    """Return the JSON in a field `data` redacted, None if there is none that can be read."""
    device = receipt.source_kind == "mixpanel"
    try:
        if device:
            return _json(in_utf8(data_text(value, _MOST).strip().removeprefix(BOM).strip()), rules, device)
        return _json(pixel_json("data=" + value.decode("latin-1"), _MOST).text.strip(), rules, device)
    except (RequestRefused, NotJson):
        return None
