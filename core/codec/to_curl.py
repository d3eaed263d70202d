"""Calls as curl commands that a shell takes as they are. Secrets stand as variables, never as themselves."""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote, urlencode

from ..api.models import MessageDetail
from ..forward.wire import form_quote, shape_of
from ..json_text import escaped, json_bytes, json_line
from ..messages import CALL_TYPES, Json
from ..text import HARMFUL_WITHIN_LINES, clean
from ..verdict import SECRET_FIELDS, OutgoingRequest

SECRET = "$MIXPANEL_SECRET"
"""The variable that stands in place of the API secret."""


def as_curl(detail: MessageDetail, url: str) -> str:
    """Return the command that sends the message to the endpoint at `url` again, as it came.

    A refused request is sent with its method, path and body. What cannot stand in a command (a NUL, a body
    that is not text) is left out, and a comment says so.
    """
    base = url.rstrip("/")
    if detail.summary.refused:
        return _refused_as_curl(detail, base)
    kind = detail.summary.type
    path = f"/v1/{kind}" if kind in CALL_TYPES else "/v1/track"
    notes: list[str] = []
    parts = [f"curl {shlex.quote(_url(base + path))}", "-H 'Content-Type: application/json'"]
    if detail.write_key:
        parts.append(f"-u {_word(detail.write_key + ':', 'the write key', notes)}")
    try:
        parts.append(f"--data-raw {_word(escaped(detail.original.decode()), 'the message', notes)}")
    except UnicodeDecodeError:
        notes.append("The message is not UTF-8 and is left out here.")
    if detail.unread and len(detail.original) < detail.original_bytes:
        count = len(detail.original)
        notes.append(f"Only the first {count} of {detail.original_bytes} bytes of it are here.")
    return _command(parts, notes)


def mixpanel_as_curl(request: OutgoingRequest, *, service_account: str = "") -> str:
    """Return the command that makes one request to Mixpanel; its secret is read from `$MIXPANEL_SECRET`.

    `service_account` is the variable that holds `user:secret`, where the request goes with such an account.
    """
    parts: list[str] = []
    notes: list[str] = []
    user = f'-u "${service_account}"' if service_account else f'-u "{SECRET}:"'
    if shape_of(request) == "base64":
        fields: dict[str, Json] = {"data": request.data, **(request.query or {})}
        parts.append(f"curl {shlex.quote(_url(request.url))}")
        parts.append("--get" if request.method == "GET" else "-X POST")
        for name, value in fields.items():
            if name in SECRET_FIELDS:
                parts.append(f'--data-urlencode {name}="{SECRET}"')
            else:
                text = value if isinstance(value, str) else json_bytes(value).decode()
                parts.append(f"--data-urlencode {_word(f'{name}={text}', name, notes)}")
        if request.authorization is not None:
            parts.append(user)
        return _command(parts, notes)
    url = request.url + ("?" + urlencode(_plain(request.query)) if request.query else "")
    parts.append(f"curl {shlex.quote(_url(url))}")
    if request.method != "POST":
        parts.append(f"-X {_word(request.method, 'the method', notes)}")
    if request.authorization is not None:
        parts.append(user)
    if shape_of(request) == "json":
        parts.append("-H 'Content-Type: application/json'")
        parts.append(f"--data-raw {_word(json_line(request.body), 'the body', notes)}")
    else:
        data = "data=" + form_quote(json_bytes(request.body).decode())
        parts.append(f"--data-raw {shlex.quote(data)}")
    return _command(parts, notes)


def _refused_as_curl(detail: MessageDetail, base: str) -> str:
    receipt = detail.receipt
    notes: list[str] = []
    target = base + receipt.path + (f"?{receipt.query}" if receipt.query else "")
    parts = [f"curl {shlex.quote(_url(target))}"]
    if receipt.method != "POST" or not receipt.body:
        parts.append(f"-X {_word(receipt.method, 'the method', notes)}")
    kind = next((value for name, value in receipt.headers if name == "content-type"), "")
    if kind:
        parts.append(f"-H {_word(f'Content-Type: {kind}', 'a header', notes)}")
    if receipt.body:
        try:
            text = receipt.body.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            notes.append("The body is not text and is left out here.")
        else:
            parts.append(f"--data-raw {_word(text, 'the body', notes)}")
        if len(receipt.body) < receipt.body_bytes:
            count = len(receipt.body)
            notes.append(f"Only the first {count} of {receipt.body_bytes} bytes of the body are here.")
    return _command(parts, notes)


def _plain(query: dict[str, Json]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json_bytes(value).decode() for name, value in query.items()
    }


def _url(text: str) -> str:
    """Return the URL with percent-encoding for what may not stand in one: controls and direction
    overrides.
    """
    return _NOT_IN_URLS.sub(lambda found: quote(found[0], safe="", errors="replace"), text)


def _word(text: str, what: str, notes: list[str]) -> str:
    """Return the text as one word of a shell; a NUL in it, which no argument can hold, is left out and said.

    Characters that could act on a terminal stand as escapes in bash's and zsh's own quotes.
    """
    if "\0" in text:
        notes.append(f"A NUL in {what} cannot stand in a command and is left out here.")
        text = text.replace("\0", "")
    if clean(text.replace("\n", "").replace("\t", "")) == text.replace("\n", "").replace("\t", ""):
        return shlex.quote(text)
    return "$'" + _TO_ESCAPE.sub(_escape, text) + "'"


def _escape(found: re.Match[str]) -> str:
    sign = found[0]
    if sign in "\\'":
        return "\\" + sign
    return f"\\x{ord(sign):02x}" if sign < "\x80" else f"\\u{ord(sign):04x}"


_NOT_IN_URLS = re.compile(f"[\x00-\x1f]|{HARMFUL_WITHIN_LINES.pattern}|[\ud800-\udfff]")
_TO_ESCAPE = re.compile(rf"[\\']|[\x00-\x08\x0b-\x1f]|{HARMFUL_WITHIN_LINES.pattern}")


def _command(parts: list[str], notes: list[str]) -> str:
    if any(letter in parts[0] for letter in "[]{}"):
        parts.insert(1, "--globoff")  # curl would read them as a pattern of several URLs
    return "".join(f"# {note}\n" for note in notes) + " \\\n  ".join(parts)
