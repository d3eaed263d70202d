"""HTTP as text: raw requests, what `curl -v` and httpie print, and curl commands over several lines. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

from ..sources.decode import BOM
from ..sources.parts import array_parts, members
from ..sources.segment.routes import CALLS, Route, route_of

REQUEST = re.compile(rb"\s*(?:> )?(GET|POST|PUT) (/\S*|https?://\S+)(?: HTTP/\d(?:\.\d)?)?\s*\Z")
"""The first line of a request; `curl -v` writes `> ` in front."""
RESPONSE = re.compile(rb"\s*(?:< )?HTTP/\d(?:\.\d)? \d{3}\b")
CURL = re.compile(rb"\s*(?:[$>%#] +)?curl(?:\.exe)?\s")
_LINE = 16 * 1024
"""At most so much of a text is looked at to see whether it begins with a request."""
_HEADER = re.compile(rb"\s*(?:[<>] ?)?([\w-]+): ?(.*)\Z")
_CHATTER = re.compile(rb"\s*(?:\* |\*\Z|[<>]\s*\Z|[{}] \[\d+ bytes data\]|  % Total|% Received)")
"""What curl says of the connection itself, and the empty lines of headers."""


class Head(msgspec.Struct):
    """The first line of a request and the headers so far."""

    method: str
    target: str
    headers: dict[str, str] = {}

    @property
    def route(self) -> Route:
        """What Segment's endpoint would take the path for."""
        try:
            return route_of(urlsplit(self.target).path)
        except ValueError:
            return Route("other")

    @property
    def url(self) -> str:
        """The address, with the host of the headers where the line has none."""
        host = self.headers.get("host", "")
        return f"https://{host}{self.target}" if host and self.target.startswith("/") else self.target


def head_in(line: bytes) -> Head | None:
    """Return the head that begins at this line, if it is the first line of a request."""
    found = REQUEST.match(line)
    return None if found is None else Head(found[1].decode(), found[2].decode("utf-8", "replace"))


def take_header(head: Head, line: bytes) -> bool:
    """Add a header line to the head; False if it is none."""
    found = _HEADER.match(line.rstrip(b"\r\n"))
    if found is None:
        return False
    head.headers[found[1].decode().lower()] = found[2].decode("utf-8", "replace").strip()
    return True


def split_request(text: str) -> tuple[Head, str] | None:
    """Return the head and the body of a request that is written out; None if the text does not begin with
    one.
    """
    first = text[:_LINE].encode("utf-8", "replace").partition(b"\n")[0]
    if not (REQUEST.match(first) or is_chatter(first)):
        return None
    lines = text.splitlines(keepends=True)
    while lines and is_chatter(lines[0].encode("utf-8", "replace")):
        del lines[0]
    head = head_in(lines[0].encode("utf-8", "replace")) if lines else None
    if head is None:
        return None
    at = 1
    while at < len(lines) and lines[at].strip() not in ("", ">"):
        if not take_header(head, lines[at].encode("utf-8", "replace")):
            break
        at += 1
    body: list[str] = []
    for line in lines[at:]:
        data = line.encode("utf-8", "replace")
        if RESPONSE.match(data):
            break
        if not is_chatter(data):
            body.append(line)
    return head, "".join(body).strip()


def is_chatter(line: bytes) -> bool:
    """Return whether curl wrote this line about the connection."""
    return _CHATTER.match(line.rstrip(b"\r\n")) is not None


def open_quote(line: bytes, quote: int = 0) -> int:
    """Return the quote (a byte) that is open behind a line of a command, 0 for none; `quote`: before it."""
    at = 0
    while at < len(line):
        sign = line[at]
        if sign == 0x5C and quote != 0x27:  # a backslash, which single quotes do not know
            at += 1
        elif sign in (0x22, 0x27):
            quote = sign if not quote else 0 if quote == sign else quote
        at += 1
    return quote


def messages_of(route: Route, body: bytes) -> list[bytes]:
    """Return the Segment messages in a JSON body, each as its own text, with the type that the path names.

    Anything but an object is left unchanged. Raises NotJson.
    """
    if body[:1] != b"{":
        return [body]
    parts = members(body)
    if parts.get("batch", b"")[:1] == b"[" and route.kind != "call":
        return array_parts(parts["batch"])
    if "type" in parts or route.call not in CALLS.values():
        return [body]
    return [with_type(body, route.call)]


def with_type(body: bytes, call: str) -> bytes:
    """Return the text of a message without a type, with one put in front of its other members."""
    rest = body.removeprefix(BOM).lstrip()[1:].lstrip()
    return b'{"type":"' + call.encode() + b'"' + (b"" if rest[:1] == b"}" else b",") + rest
