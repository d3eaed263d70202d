"""Received requests as entries of a HAR file, and entries as received requests. Pure.

HAR 1.2: http://www.softwareishard.com/blog/har-12-spec/. Bodies stand there as text, unpacked; one that is
not text is left out, and a comment says so. Credentials in headers and in the query are masked.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from http import HTTPStatus
from importlib.metadata import version
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from msgspec.structs import replace

from ..errors import InputError, RequestRefused
from ..json_text import json_bytes, whole_text
from ..masks import MASK, mask_authorization
from ..messages import Json, JsonObject, Receipt
from ..sources.admission import admit
from ..sources.decode import inflate
from ..sources.limits import REFUSED_BODY_BYTES
from ..sources.mixpanel.answers import DeviceRefused, Reply
from ..sources.mixpanel.requests import Admitted
from ..sources.segment.pixel import GIF
from ..sources.segment.routes import route_of
from ..sources.segment.times import iso, read_time
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


def har_receipt(entry: JsonObject, *, uid: str) -> tuple[Receipt, int] | None:
    """Return the request of an entry as it was received, and how many messages it holds.

    None if it holds nothing for Segment or Mixpanel. A request that was refused stays refused. Headers whose
    value is masked are left out. Raises InputError for an entry that cannot be read.
    """
    request = _object(entry, "request")
    url, method = request.get("url"), request.get("method")
    at = read_time(entry.get("startedDateTime"))
    if not isinstance(url, str) or not isinstance(method, str):
        raise InputError("the entry has no request with method and url")
    if at is None:
        raise InputError("the entry has no startedDateTime")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InputError("the URL of the entry's request cannot be read") from None
    path, query, body = parts.path or "/", parts.query, _body(request)
    pixel = route_of(path).kind == "pixel" and method == "GET"
    receipt = Receipt(
        uid=uid,
        received_at=at,
        method=method,
        path=path,
        query=query,
        headers=(*_headers(request),),
        body=body,
        origin="pixel" if pixel else "sdk",
    )
    if pixel:
        return receipt, 1
    if method not in ("POST", "GET") or (method == "GET" and not query):
        return None
    try:
        found = admit(path, query, body, max_depth=_DEPTH)
    except RequestRefused as error:
        if route_of(path).kind not in ("call", "batch"):
            return None
        return replace(receipt, status=error.status, refused=str(error), body=body[:REFUSED_BODY_BYTES]), 0
    if isinstance(found, Admitted):
        return (replace(receipt, source_kind="mixpanel"), found.records) if found.records else None
    return (receipt, found) if found else None


def _object(value: JsonObject, name: str) -> JsonObject:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _body(request: JsonObject) -> bytes:
    """Return the body of an entry's request. Raises InputError."""
    data = _object(request, "postData")
    text = data.get("text")
    if not isinstance(text, str):
        return b""
    if data.get("encoding") != "base64":
        return text.encode("utf-8", "surrogatepass")
    try:
        return b64decode(text)
    except ValueError:
        raise InputError("the body of the entry's request is not base64, as it says") from None


def _headers(request: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield the headers that can be used again: bodies stand there unpacked, and credentials are dots."""
    given = request.get("headers")
    for header in given if isinstance(given, list) else ():
        if isinstance(header, dict):
            name, value = header.get("name"), header.get("value")
            if isinstance(name, str) and isinstance(value, str) and _kept(name.lower(), value):
                yield name.lower(), value


def _kept(name: str, value: str) -> bool:
    secret = name != "authorization" and _CREDENTIALS.search(name) is not None
    return MASK not in value and not secret and name not in _OF_THE_WIRE and not name.startswith(":")


_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})
