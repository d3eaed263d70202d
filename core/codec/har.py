"""Received requests as entries of a HAR file, and what a file of this kind is put together from. Pure.

HAR 1.2: http://www.softwareishard.com/blog/har-12-spec/. Bodies stand there as text, unpacked; one that is
not text is left out, and a comment says so. Credentials in headers and in the query are masked.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from importlib.metadata import version
from urllib.parse import parse_qsl, quote, urlunsplit

from ..errors import RequestRefused
from ..json_text import json_bytes, whole_text
from ..masks import MASK, mask_authorization
from ..messages import Json, JsonObject, Receipt
from ..sources.admission import admit
from ..sources.decode import inflate
from ..sources.mixpanel.answers import DeviceRefused, Reply
from ..sources.mixpanel.requests import Admitted
from ..sources.segment.pixel import GIF
from ..sources.segment.times import iso
from ..verdict import SECRET_FIELDS

_CREDENTIALS = re.compile(r"authorization|cookie|token|secret|api-?key|signature", re.IGNORECASE)
"""Names of headers whose value is not shown."""
_DEPTH = 512
_UNKNOWN = -1
"""HAR's number for a size that is not known."""


def har_head() -> bytes:
    """Return what stands before the first entry of a file."""
    creator: JsonObject = {"name": "segtap", "version": version("segtap")}
    return b'{"log":{"version":"1.2","creator":%s,"entries":[\n' % json_bytes(creator)


def har_end() -> bytes:
    """Return what stands behind the last entry."""
    return b"\n]}}\n"


def har_entry(receipt: Receipt) -> JsonObject:
    """Return a request and its answer as an entry."""
    text, comment = _text_of(receipt)
    headers = [_header(name, value) for name, value in receipt.headers if name != "content-encoding"]
    query = _query(receipt.query)
    request: JsonObject = {
        "method": receipt.method,
        "url": _url(receipt),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [*headers],
        "queryString": [{"name": name, "value": value} for name, value in query],
        "headersSize": _UNKNOWN,
        "bodySize": len(receipt.body),
    }
    if receipt.body:
        kind = receipt.header("content-type") or ""
        request["postData"] = {"mimeType": kind, "text": text}
    if comment:
        request["comment"] = comment
    entry: JsonObject = {
        "startedDateTime": iso(receipt.received_at),
        "time": 0,
        "request": request,
        "response": _response(receipt, text),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
    }
    if receipt.upstream:
        entry["comment"] = f"passed on, and not accepted there: {receipt.upstream}"
    whole = whole_text(entry)
    assert isinstance(whole, dict)
    return whole


def _text_of(receipt: Receipt) -> tuple[str, str]:
    """Return the body as text, and what has to be said of it."""
    encoding = receipt.header("content-encoding") or ""
    try:
        data = inflate(receipt.body, encoding)
        comment = f"sent as {encoding}, unpacked here" if data != receipt.body else ""
    except RequestRefused as error:
        return "", f"the body is left out: {error}"
    try:
        return data.decode(), comment
    except UnicodeDecodeError:
        return "", "the body is not text and is left out"


def _header(name: str, value: str) -> JsonObject:
    if name in ("authorization", "proxy-authorization"):
        value = mask_authorization(value)
    elif _CREDENTIALS.search(name):
        value = MASK
    return {"name": name, "value": value}


def _query(query: str) -> list[tuple[str, str]]:
    fields = parse_qsl(query, keep_blank_values=True, errors="replace")
    return [(name, MASK if name in SECRET_FIELDS else value) for name, value in fields]


def _url(receipt: Receipt) -> str:
    """Return the whole URL: at the host that the client named, else at this machine."""
    host = receipt.header("host") or "127.0.0.1"
    query = _SECRET.sub(rf"\g<name>{MASK}", receipt.query)
    return urlunsplit(("http", quote(host, safe=_HOST), _quoted(receipt.path), _quoted(query), ""))


def _quoted(text: str) -> str:
    """Return the text with percent-encoding for what may not stand in a URL."""
    return quote(_STRAY.sub("%25", text), safe=_SIGNS, errors="replace")


_SECRET = re.compile(rf"(?P<name>(?:^|&)(?:{'|'.join(SECRET_FIELDS)})=)[^&]*")
_STRAY = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = ":[]"
_SIGNS = "%!$&'()*+,;=:@/?"


def _response(receipt: Receipt, text: str) -> JsonObject:
    reply = _reply(receipt, text.encode())
    content: JsonObject = {"size": len(reply.body), "mimeType": reply.content_type.decode()}
    if reply.body != GIF:
        content["text"] = reply.body.decode("utf-8", "replace")
    headers: list[Json] = [{"name": "content-type", "value": reply.content_type.decode()}]
    try:
        words = HTTPStatus(reply.status).phrase
    except ValueError:
        words = ""
    return {
        "status": reply.status,
        "statusText": words,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers,
        "content": content,
        "redirectURL": "",
        "headersSize": _UNKNOWN,
        "bodySize": len(reply.body),
    }


def _reply(receipt: Receipt, body: bytes) -> Reply:
    """Return what the request was answered, which follows from the request."""
    if receipt.refused is not None:
        said: JsonObject = {"success": False, "message": receipt.refused}
        try:
            admit(receipt.path, receipt.query, body, max_depth=_DEPTH)
        except DeviceRefused as error:
            return Reply(error.reply.body, error.reply.content_type, receipt.status)
        except RequestRefused:
            pass
        return Reply(json_bytes(said), status=receipt.status)
    if receipt.origin == "pixel" and receipt.method in ("GET", "HEAD"):
        return Reply(GIF, b"image/gif", receipt.status)
    if receipt.source_kind == "mixpanel":
        admitted = admit(receipt.path, receipt.query, body, max_depth=_DEPTH)
        if isinstance(admitted, Admitted):
            return admitted.reply
    return Reply(b'{"success": true}', status=receipt.status)
