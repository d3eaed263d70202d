"""A pasted Mixpanel body as a detail for the panes: the request that it is, what the rules find. Pure."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from ..api.models import MessageDetail, ReceiptView, Summary
from ..checks import CheckSettings, check_records
from ..checks.records import TAKES, endpoint_of
from ..checks.settings import DEFAULTS
from ..delivery import DeliveryState
from ..forward.wire import FORM_TYPE, JSON_TYPE
from ..json_text import json_bytes
from ..masks import MASK, mask_authorization
from ..messages import Json, JsonObject
from ..settings import API_HOSTS, Region
from ..text import counted, shorten
from ..verdict import SECRET_FIELDS, Operation, OutgoingRequest, Translation, Verdict
from . import Decoded, is_curl
from .from_curl import CurlLine, read_curl
from .http_text import split_request
from .kinds import Kind

NOUNS: dict[Kind, str] = {
    "mixpanel events": "event",
    "mixpanel profiles": "profile update",
    "mixpanel groups": "group update",
}
"""What a record of each kind is called: the kinds that `mixpanel_detail` takes."""
NAMES_SHOWN = 3
_ENDPOINTS = tuple(path for paths in TAKES.values() for path in paths)
_FORM_LAYERS = ("form field", "base64", "percent-encoding", "JSON field")

_METHOD = re.compile(r"\s*(GET|POST|PUT) ")
_SECRET_FIELD = re.compile(
    rf"(?P<name>\b(?:{'|'.join(SECRET_FIELDS)})(?:=|%3D|\"\s*:\s*\"))[^&\s'\"#]+", re.IGNORECASE
)
_SECRET_HEADER = re.compile(r"(?P<name>\b(?:proxy-)?authorization\s*:\s*(?:\w+\s+)?)[^\s'\"]+", re.IGNORECASE)
_SECRET_USER = re.compile(r"(?P<name>(?:^|\s)(?:-u|--user)(?:\s+|=)?['\"]?)[^\s'\"]+")
_SECRET_IN_URL = re.compile(r"(?P<name>://)[^/\s'\"@?#]+(?=@)")


def records_in(decoded: Decoded) -> int:
    """Return how many records for Mixpanel are in it; 0 for anything else."""
    if decoded.kind not in NOUNS:
        return 0
    return len(decoded.value) if isinstance(decoded.value, list) else 1


def without_secrets(text: str) -> str:
    """Return a pasted text as it may be shown: dots for `-u`, for Authorization and for secret fields."""
    if is_curl(text):
        text = _SECRET_USER.sub(rf"\g<name>{MASK}", text)
    for pattern in (_SECRET_HEADER, _SECRET_FIELD, _SECRET_IN_URL):
        text = pattern.sub(rf"\g<name>{MASK}", text)
    return text


def mixpanel_detail(
    text: str, decoded: Decoded, *, region: Region, now: int, settings: CheckSettings = DEFAULTS
) -> MessageDetail:
    """Return the request that a pasted Mixpanel body is, with all its records, and what the rules find in it.

    `decoded` is what `core.codec.decode` made of `text`, of a kind in `NOUNS`. `region` is used where the
    text names no host. Credentials are masked. `now` is the clock, in milliseconds.
    """
    count, noun = records_in(decoded), NOUNS[decoded.kind]
    request, assumed = _request(text, decoded, region)
    name = f"{counted(count, noun)}: {_names(request)}"
    translation = Translation((Operation("", "", request),))
    verdict = Verdict(translation, check_records(translation, now=now, settings=settings))
    return MessageDetail(
        summary=Summary(
            id=0,
            received_at=now,
            type="mixpanel",
            name=name,
            user="",
            source="",
            errors=verdict.errors,
            warnings=verdict.warnings,
            marks=0,
            delivery=DeliveryState.NONE,
            message_id="",
        ),
        document=json_bytes(decoded.value),
        original=without_secrets(text).encode("utf-8", "replace"),
        objections=(*assumed, *decoded.notes),
        verdict=verdict,
        receipt=ReceiptView(
            method=request.method,
            path=urlsplit(request.url).path,
            body_bytes=len(text.encode(errors="replace")),
        ),
        source_kind="mixpanel",
    )


def _request(text: str, decoded: Decoded, region: Region) -> tuple[OutgoingRequest, list[str]]:
    """Return the request, and a note for each part that the text did not state."""
    line = read_curl(text) if is_curl(text) else _written_out(text)
    url, query, assumed = _address(decoded, region)
    authorization = line.header("authorization")
    if not authorization and line.user:
        authorization = f"Basic {line.user}"
    in_query = "url" in decoded.layers
    written = _METHOD.match(text)
    method = line.method or (written[1] if written else "GET" if in_query else "POST")
    content_type = line.header("content-type") or (FORM_TYPE if _as_form(decoded) else JSON_TYPE)
    return (
        OutgoingRequest(
            method=method,
            url=url,
            content_type=None if in_query else content_type,
            authorization=mask_authorization(authorization) if authorization else None,
            query=query or None,
            body=decoded.value,
        ),
        assumed,
    )


def _written_out(text: str) -> CurlLine:
    """Return method and headers of a request that is written out; nothing for any other text."""
    request = split_request(text)
    if request is None:
        return CurlLine("", "")
    head, _ = request
    return CurlLine("", "", tuple(f"{name}: {value}" for name, value in head.headers.items()), head.method)


def _address(decoded: Decoded, region: Region) -> tuple[str, JsonObject, list[str]]:
    """Return URL without its query, the query without the data, and what had to be assumed."""
    host = API_HOSTS[region]
    try:
        parts = urlsplit(decoded.url)
        lacks = "" if decoded.url else "No URL was pasted"
    except ValueError:  # brackets that hold no IPv6 address
        parts, lacks = urlsplit(""), "The pasted URL cannot be read"
    if lacks:
        path = _guess(decoded)
        words = f"{lacks}: {path} of {urlsplit(host).hostname} is where such records go"
        return host + path, {}, [words]
    query: dict[str, Json] = {
        name: MASK if name in SECRET_FIELDS else value
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if name != "data"
    }
    netloc = parts.netloc.rpartition("@")[2]  # a name and password in front are nobody's business
    if parts.scheme and netloc:
        url = urlunsplit((parts.scheme, netloc, parts.path, "", ""))
        assumed: list[str] = []
    else:
        url = host + parts.path
        assumed = [f"No host was pasted: it is shown as {urlsplit(host).hostname}'s"]
    if endpoint_of(url) not in _ENDPOINTS:
        assumed.append(f"{parts.path or '/'} is none of Mixpanel's endpoints")
    return url, query, assumed


def _guess(decoded: Decoded) -> str:
    """Return where such a body goes: events in a form or in base64 to /track, others as JSON to /import."""
    paths = TAKES[NOUNS[decoded.kind]]
    return paths[0] if _as_form(decoded) else paths[-1]


def _as_form(decoded: Decoded) -> bool:
    """Return whether it was written as Mixpanel's forms are."""
    return any(layer.startswith(_FORM_LAYERS) for layer in decoded.layers)


def _names(request: OutgoingRequest) -> str:
    """Return what the first few records are called: events by name, profiles and groups by id."""
    names: list[str] = []
    for record in request.records():
        name = record.get("event") or record.get("$distinct_id") or record.get("$group_id") or ""
        if str(name) not in names:
            names.append(str(name))
        if len(names) > NAMES_SHOWN:
            break
    listed = ", ".join(shorten(name, 40) for name in names[:NAMES_SHOWN])
    return listed + (", …" if len(names) > NAMES_SHOWN else "")
