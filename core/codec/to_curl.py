"""Calls as curl commands that a shell takes as they are. Secrets stand as variables, never as themselves."""

from __future__ import annotations

import shlex
from urllib.parse import urlencode

from ..forward.wire import form_quote, shape_of
from ..inspection import SECRET_FIELDS, OutgoingRequest
from ..json_text import json_bytes
from ..messages import CALL_TYPES, Json
from ..views import MessageDetail

SECRET = "$MIXPANEL_SECRET"
"""The variable that stands in place of the API secret or the service account's secret."""


def as_curl(detail: MessageDetail, url: str) -> str:
    """The command that sends the message to the endpoint at `url` again, as it came.

    A refused request is sent with its method, path and body; a body that is no text is left out, and a
    comment says so.
    """
    base = url.rstrip("/")
    if detail.summary.refused:
        return _refused_as_curl(detail, base)
    kind = detail.summary.type
    path = f"/v1/{kind}" if kind in CALL_TYPES else "/v1/track"
    parts = [f"curl {shlex.quote(base + path)}", "-H 'Content-Type: application/json'"]
    if detail.write_key:
        parts.append(f"-u {shlex.quote(detail.write_key + ':')}")
    note = ""
    try:
        parts.append(f"--data-raw {_quote(detail.original)}")
    except UnicodeDecodeError:
        note = "# The message is not UTF-8 and is left out here.\n"
    if detail.unread and len(detail.original) < detail.original_bytes:
        note += f"# Only the first {len(detail.original)} of {detail.original_bytes} bytes of it are here.\n"
    return note + _command(parts)


def mixpanel_as_curl(request: OutgoingRequest) -> str:
    """The command that makes one request to Mixpanel; its secret is read from `$MIXPANEL_SECRET`."""
    parts: list[str] = []
    if shape_of(request) == "base64":
        fields: dict[str, Json] = {"data": request.data, **(request.query or {})}
        parts.append(f"curl {shlex.quote(request.url)}")
        parts.append("--get" if request.method == "GET" else "-X POST")
        for name, value in fields.items():
            if name in SECRET_FIELDS:
                parts.append(f'--data-urlencode {name}="{SECRET}"')
            else:
                text = value if isinstance(value, str) else json_bytes(value).decode()
                parts.append(f"--data-urlencode {shlex.quote(f'{name}={text}')}")
        return _command(parts)
    url = request.url + ("?" + urlencode(_plain(request.query)) if request.query else "")
    parts.append(f"curl {shlex.quote(url)}")
    if request.method != "POST":
        parts.append(f"-X {shlex.quote(request.method)}")
    if request.authorization is not None:
        parts.append(f'-u "{SECRET}:"')
    if shape_of(request) == "json":
        parts.append("-H 'Content-Type: application/json'")
        parts.append(f"--data-raw {_quote(json_bytes(request.body))}")
    else:
        data = "data=" + form_quote(json_bytes(request.body).decode())
        parts.append(f"--data-raw {shlex.quote(data)}")
    return _command(parts)


def _refused_as_curl(detail: MessageDetail, base: str) -> str:
    receipt = detail.receipt
    target = base + receipt.path + (f"?{receipt.query}" if receipt.query else "")
    parts = [f"curl {shlex.quote(target)}"]
    if receipt.method != "POST" or not receipt.body:
        parts.append(f"-X {shlex.quote(receipt.method)}")
    kind = next((value for name, value in receipt.headers if name == "content-type"), "")
    if kind:
        parts.append(f"-H {shlex.quote(f'Content-Type: {kind}')}")
    note = ""
    if receipt.body:
        try:
            parts.append(f"--data-raw {_quote(receipt.body)}")
        except UnicodeDecodeError:
            note = "# The body is no text and is left out here.\n"
        if len(receipt.body) < receipt.body_bytes:
            note += (
                f"# Only the first {len(receipt.body)} of {receipt.body_bytes} bytes of the body are here.\n"
            )
    return note + _command(parts)


def _plain(query: dict[str, Json]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json_bytes(value).decode() for name, value in query.items()
    }


def _quote(body: bytes) -> str:
    """The bytes as one word of a POSIX shell. Raises UnicodeDecodeError for bytes that are no text."""
    text = body.decode("utf-8")
    if "\0" in text:
        raise UnicodeDecodeError("utf-8", body, body.index(0), body.index(0) + 1, "no argument can hold NUL")
    return shlex.quote(text)


def _command(parts: list[str]) -> str:
    if any(letter in parts[0] for letter in "[]{}"):
        parts.insert(1, "--globoff")  # curl would read them as a pattern of several URLs
    return " \\\n  ".join(parts)
