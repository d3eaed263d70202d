"""What crosses the wire for a request to Mixpanel. Pure; the Wire pane and the client share it.

Three shapes:

json     /import: a JSON array, gzipped.
form     /engage, /groups, /track: the form field `data=` with percent-encoded JSON, never gzipped, for
         /engage does not take it. One record travels as the object itself, as Segment sends it;
         several as an array.
base64   the classic destination: base64 in the query field `data`, beside its other query fields.

`verbose=1` on the form endpoints is segtap's own, so that a refusal comes with words. Records are Segment's,
untouched; those of Mixpanel's own SDKs are sent byte for byte as they were received.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from urllib.parse import SplitResult, quote_plus, urlencode, urlsplit, urlunsplit

import msgspec
from isal import isal_zlib

from ..errors import SettingsError
from ..json_text import json_bytes
from ..messages import Json
from ..verdict import OutgoingRequest

Shape = Literal["json", "form", "base64"]

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"

QUERY_LIMIT = 8000
"""A longer query string (bytes) travels as a form body: servers and proxies refuse longer request lines."""

_GZIP_BITS = 31
"""zlib's number for a gzip frame; its header holds no time, so the same records give the same bytes."""


class WireForm(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request as it leaves. `headers` are lower case, authorization included and unmasked.

    `body` holds the bytes as sent, `text` what they are before gzip (for a request whose data is in the
    query, the query string), `decoded` the JSON that Mixpanel reads. `size` is the bytes of `body`, or
    of the query string where there is no body; `raw_size` the bytes of `text`.
    """

    method: str
    url: str
    shape: Shape
    headers: tuple[tuple[str, str], ...]
    body: bytes
    text: bytes
    decoded: bytes

    @property
    def content_type(self) -> str:
        """The content type, "" for a request without a body."""
        return self._header("content-type")

    @property
    def content_encoding(self) -> str:
        """`gzip` or ""."""
        return self._header("content-encoding")

    @property
    def size(self) -> int:
        """Bytes on the wire that carry the data."""
        return len(self.body) or len(self.text)

    @property
    def raw_size(self) -> int:
        """Bytes before gzip."""
        return len(self.text)

    @property
    def path(self) -> str:
        """The URL's path: `/import`, `/engage`, …"""
        return urlsplit(self.url).path

    def _header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


def wire_form(request: OutgoingRequest, *, mixpanel_url: str = "") -> WireForm:
    """Return what crosses the wire for one request that travels alone."""
    return assemble(request, encode_records(request), mixpanel_url=mixpanel_url)


def assemble(request: OutgoingRequest, records: Sequence[bytes], *, mixpanel_url: str = "") -> WireForm:
    """Return one request out of encoded records that may share it; `request` gives everything but the body.

    `mixpanel_url` replaces scheme and host. Raises SettingsError when that URL cannot be used.
    """
    url = onto(request.url, mixpanel_url)
    headers: list[tuple[str, str]] = []
    if request.authorization is not None:
        headers.append(("authorization", request.authorization))
    if shape_of(request) == "base64":
        return _base64_form(request, url, headers, records)
    if shape_of(request) == "json":
        text = _array(records)
        headers += [("content-type", JSON_TYPE), ("content-encoding", "gzip")]
        body = isal_zlib.compress(text, 1, _GZIP_BITS)  # pyright: ignore[reportUnknownMemberType]
        return WireForm(
            method=request.method, url=url, shape="json", headers=tuple(headers),
            body=body, text=text, decoded=text,
        )  # fmt: skip
    decoded = records[0] if len(records) == 1 else _array(records)
    text = b"data=" + form_quote(decoded).encode("ascii")
    headers.append(("content-type", FORM_TYPE))
    return WireForm(
        method=request.method, url=with_query(url, {"verbose": 1}), shape="form", headers=tuple(headers),
        body=text, text=text, decoded=decoded,
    )  # fmt: skip


def _array(records: Sequence[bytes]) -> bytes:
    """Return the records as a JSON array."""
    if not records:
        return b"[]"
    # Joined in one step: each copy of 2 MB takes as long as packing it.
    parts = list(records)
    parts[0] = b"[" + parts[0]
    parts[-1] += b"]"
    return b",".join(parts)


def _base64_form(
    request: OutgoingRequest, url: str, headers: list[tuple[str, str]], records: Sequence[bytes]
) -> WireForm:
    fields: dict[str, Json] = {"data": request.data, **(request.query or {}), "verbose": 1}
    method, query = request.method, _query(fields)
    body = text = query.encode("ascii")
    if len(text) > QUERY_LIMIT:
        method = "POST"
        headers.append(("content-type", FORM_TYPE))
    else:
        url, body = with_query(url, fields), b""
    return WireForm(
        method=method, url=url, shape="base64", headers=tuple(headers),
        body=body, text=text, decoded=records[0],
    )  # fmt: skip


def shape_of(request: OutgoingRequest) -> Shape:
    """Return which of the three forms a request takes."""
    if request.data is not None:
        return "base64"
    return "json" if request.content_type is None or "json" in request.content_type else "form"


def encode_records(request: OutgoingRequest) -> tuple[bytes, ...]:
    """Return the request's records, each as JSON text: the items of its body, or the body itself."""
    if request.verbatim:
        return (request.verbatim,)
    body = request.body
    return tuple(map(json_bytes, body)) if isinstance(body, list) else (json_bytes(body),)


def form_quote(text: str | bytes) -> str:
    """Percent-encode as URLSearchParams does: space becomes `+`; only letters, digits and `*-._` stay."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def _query(fields: dict[str, Json]) -> str:
    named = {
        key: value if isinstance(value, str) else json_bytes(value).decode() for key, value in fields.items()
    }
    return urlencode(named)


def with_query(url: str, fields: dict[str, Json]) -> str:
    """Add the query fields that the URL lacks."""
    parts = urlsplit(url)
    present = {pair.split("=", 1)[0] for pair in parts.query.split("&")}
    more = _query({key: value for key, value in fields.items() if key not in present})
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, more)))))


def onto(url: str, mixpanel_url: str) -> str:
    """Return the URL with scheme and host (and a path in front, if any) of `mixpanel_url`, path and query
    kept.

    Raises SettingsError when `mixpanel_url` is not an http(s) URL, or names a user: its password would
    take the place of Mixpanel's credentials.
    """
    if not mixpanel_url:
        return url
    # Asked first, and answered without the text: a password in it is not to be shown.
    if any(sign in mixpanel_url for sign in "@?#"):
        raise SettingsError(
            "mixpanel_url must be scheme, host, port and path only: no user, query or fragment. "
            "Mixpanel's credentials come from token and api_secret."
        )
    base, parts = _split(mixpanel_url), urlsplit(url)
    if base is None or base.scheme not in ("http", "https") or not base.hostname:
        raise SettingsError(
            f"mixpanel_url must start with http:// or https:// and name a host, not {mixpanel_url!r}."
        )
    return urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + parts.path, parts.query, ""))


def check_address(mixpanel_url: str) -> None:
    """Check a base URL. Raises SettingsError if nothing could be sent to it."""
    onto("https://api.mixpanel.com/", mixpanel_url)


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL; None where brackets or port are none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # looked at only when it is asked for
    except ValueError:
        return None
    return parts
