"""Messages out of what people give to a command: lines, or whatever they pasted. Pure.

A line that holds one JSON object is passed on at once, so that a stream stays a stream. Only a line that is
no JSON by itself is looked at further: it may begin an indented value, a list, an HTTP request, what
`curl -v` printed, or a curl command. If it does not, it is passed on alone, and its reader says what is
wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from ..errors import InputError
from ..sources.decode import NotJson
from ..sources.parts import array_parts, batch_items, members
from ..sources.segment.write_key import string_in
from . import MAX_DECODED, decode
from .http_text import (
    CURL,
    REQUEST,
    RESPONSE,
    Head,
    head_in,
    is_chatter,
    messages_of,
    open_quote,
    take_header,
)
from .json_values import Values
from .kinds import kind_of

LONG_LINE = 1024 * 1024
"""A longer line that is not JSON is not searched for several values."""
_BOM = b"\xef\xbb\xbf"
_VALID = msgspec.json.Decoder(msgspec.Raw)
_OBJECT = re.compile(rb"\s*\{")
_ENDS = re.compile(rb"[}\]]")


class Piece(msgspec.Struct, frozen=True):
    """One value of the text, and the line that it begins in; or why there is none (`error`).

    `write_key` is that of the batch that the value was in.
    """

    line: int
    text: str | bytes = b""
    error: str = ""
    write_key: str = ""


def pieces(lines: Iterable[str | bytes]) -> Iterator[Piece]:
    """Cut what somebody gave into its values; blank lines are passed over.

    Each JSON object of a line is one piece. So is each item of a list of objects, each of several objects in
    a line or over several lines, and each message of a pasted request to Segment or of a curl command.
    """
    return _Reader(lines).run()


def message_pieces(lines: Iterable[str | bytes]) -> Iterator[Piece]:
    """Cut as `pieces` does, and batches into their messages."""
    for piece in pieces(lines):
        data = _bytes(piece.text)
        items = _batch(data) if b'"batch"' in data else None
        if items is None:
            yield piece
        elif not items:
            yield Piece(piece.line, error="the batch holds no message")
        else:
            key = string_in(members(data).get("writeKey")) if b'"writeKey"' in data else ""
            for line, item in _placed(piece.line, data, items):
                yield Piece(line, item, write_key=key)


def _batch(data: bytes) -> list[bytes] | None:
    try:
        return batch_items(data)
    except NotJson:
        return None  # its reader says what is wrong


class _Reader:
    def __init__(self, lines: Iterable[str | bytes]) -> None:
        self._lines = enumerate(lines, start=1)
        self._again: list[tuple[int, str | bytes]] = []
        """Lines that were read ahead, the next one last."""
        self._http = False
        """True once a request, an answer or a curl command was there: what curl prints may be around it."""
        self._sent = False
        """True once a curl command held a message: what curl prints of its request has no body."""

    def run(self) -> Iterator[Piece]:
        while (taken := self._next()) is not None:
            number, line = taken
            data = _bytes(line).removeprefix(_BOM)
            if not data.strip():
                continue
            if _is_object(data):
                yield Piece(number, line)
                continue
            self._http |= _is_http(data)
            if (head := head_in(data)) is not None:
                yield from self._request(number, head)
            elif RESPONSE.match(data):
                self._skip_answer()
            elif CURL.match(data):
                yield from self._curl(number, data)
            elif data.lstrip()[:1] in (b"{", b"["):
                yield from self._values(number, line, data)
            elif is_chatter(data):
                yield from self._chatter(taken)
            else:
                yield Piece(number, line)

    def _next(self) -> tuple[int, str | bytes] | None:
        return self._again.pop() if self._again else next(self._lines, None)

    # JSON over several lines, and several values

    def _values(self, number: int, line: str | bytes, data: bytes) -> Iterator[Piece]:
        found, taken = self._gather(number, line, data)
        if found is None:
            yield from self._unread(taken)
            return
        if len(taken) == len(found) == 1 and found[0][1][:1] == b"{":
            yield Piece(number, line)
            return
        for start, text in found:
            yield from _items(start, text)

    def _gather(
        self, number: int, line: str | bytes, data: bytes
    ) -> tuple[list[tuple[int, bytes]] | None, list[tuple[int, str | bytes]]]:
        """Return the values that begin in this line, None if they are no JSON; and the lines that were
        taken.
        """
        taken: list[tuple[int, str | bytes]] = [(number, line)]
        if len(data) > LONG_LINE:
            return None, taken
        values, length = Values(), len(data)
        values.take(number, data)
        while not values.whole and not values.broken and length <= MAX_DECODED:
            if (more := self._next()) is None:
                break
            taken.append(more)
            data = _bytes(more[1])
            length += len(data)
            values.take(more[0], data)
        return (values.found if values.whole else None), taken

    def _unread(self, taken: list[tuple[int, str | bytes]]) -> Iterator[Piece]:
        """Pass on the lines one by one, but as one piece where they are plainly one indented value."""
        first, *others = taken
        indented = bool(others) and _bytes(others[0][1])[:1] in (b" ", b"\t")
        if not (indented and _bytes(first[1]).rstrip().endswith((b"{", b"[", b","))):
            self._again += reversed(others)
            yield Piece(*first)
            return
        whole = [first]
        rest = list(reversed(others))
        while (more := rest.pop() if rest else self._next()) is not None:
            data = _bytes(more[1])
            if data[:1] == b"{":
                rest.append(more)
                break
            whole.append(more)
            if _ENDS.match(data):
                break
        self._again += rest
        yield Piece(first[0], b"".join(_ended(_bytes(line)) for _, line in whole))

    # Requests

    def _chatter(self, taken: tuple[int, str | bytes]) -> Iterator[Piece]:
        """Pass over what curl says of the connection; outside of its output such lines are text."""
        held = [taken]
        while not self._http and (more := self._next()) is not None:
            data = _bytes(more[1])
            if is_chatter(data) or not data.strip():
                held.append(more)
                continue
            self._again.append(more)
            self._http = _is_http(data)
            break
        if not self._http:
            yield from (Piece(number, line) for number, line in held if line.strip())

    def _request(self, number: int, head: Head) -> Iterator[Piece]:
        """Yield the messages of a request that is written out, with the type that its path names."""
        while (taken := self._next()) is not None:
            data = _bytes(taken[1])
            if data.strip() in (b"", b">"):
                break
            if not take_header(head, data):
                self._again.append(taken)
                break
        body = self._body()
        if body is None:
            if "?" in head.target:
                yield from _decoded(number, head.url)
            elif not self._sent:
                yield Piece(
                    number, error=f"{head.method} {head.target} has no body here: paste it with its body"
                )
            return
        start, text = body
        if text.lstrip()[:1] not in (b"{", b"["):
            yield from _decoded(start, text)
            return
        try:
            messages = messages_of(head.route, text.strip())
        except NotJson:
            messages = [text]  # its reader says what is wrong
        for line, message in _placed(start, text, messages):
            yield from _items(line, message)

    def _body(self) -> tuple[int, bytes] | None:
        """Return the text behind the headers and the line it begins in; None if something else begins
        there.
        """
        while (taken := self._next()) is not None:
            number, line = taken
            data = _bytes(line)
            if not data.strip() or is_chatter(data):
                continue
            if _is_http(data):
                break
            if data.lstrip()[:1] not in (b"{", b"["):
                return number, data
            found, lines = self._gather(number, line, data)
            if found:
                return found[0]
            first, *others = lines
            self._again += reversed(others)
            return first[0], _bytes(first[1])
        if taken is not None:
            self._again.append(taken)
        return None

    def _skip_answer(self) -> None:
        """Pass over a response: its headers, and the text or value behind them."""
        while (taken := self._next()) is not None and _bytes(taken[1]).strip() not in (b"", b"<"):
            pass
        self._body()

    def _curl(self, number: int, data: bytes) -> Iterator[Piece]:
        command, others, quote = data, list[tuple[int, str | bytes]](), open_quote(data)
        while (quote or command.rstrip().endswith((b"\\", b"^"))) and len(command) <= LONG_LINE:
            if (taken := self._next()) is None:
                break
            others.append(taken)
            line = _bytes(taken[1])
            command, quote = _ended(command) + line, open_quote(line, quote)
        if quote:  # no command after all: a line of text with an apostrophe in it
            self._again += reversed(others)
            command = data
        for piece in _decoded(number, command.lstrip(b"$>%# \t")):
            self._sent |= not piece.error
            yield piece


def _decoded(number: int, text: str | bytes) -> Iterator[Piece]:
    """Yield the Segment messages in a curl command, a form or a URL."""
    try:
        decoded = decode(text if isinstance(text, str) else text.decode("utf-8", "surrogateescape"))
    except InputError as error:
        yield Piece(number, error=str(error))
        return
    texts = decoded.message_texts
    if not texts:
        what = "a request to Mixpanel" if decoded.kind.startswith("mixpanel") else "no Segment message"
        yield Piece(number, error=f"this is {what}: segtap decode shows what is in it")
    for message in texts:
        yield Piece(number, message)


def _items(line: int, text: bytes) -> Iterator[Piece]:
    """Yield the items of a list of objects, each with its own line; else the value itself."""
    parts: list[bytes] = []
    if text[:1] == b"[":
        try:
            parts = array_parts(text)
        except NotJson:
            parts = []
    if not parts or any(part[:1] != b"{" for part in parts):
        yield Piece(line, text)
        return
    if _is_for_mixpanel(parts[0]):
        yield Piece(line, error="this is a request to Mixpanel: segtap decode shows what is in it")
        return
    for number, part in _placed(line, text, parts):
        yield Piece(number, part)


def _placed(line: int, text: bytes, parts: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield each part of a text and the line that it begins in; `line` is the text's own."""
    counted = end = 0
    for part in parts:
        found = text.find(part, end)
        if found >= 0:
            line += text[counted:found].count(b"\n")
            counted, end = found, found + len(part)
        yield line, part


def _is_for_mixpanel(text: bytes) -> bool:
    try:
        return kind_of(msgspec.json.decode(text)).startswith("mixpanel")
    except (msgspec.MsgspecError, RecursionError):
        return False


def _is_http(data: bytes) -> bool:
    """Return whether a request, an answer or a curl command begins in this line."""
    return any(pattern.match(data) for pattern in (REQUEST, RESPONSE, CURL))


def _is_object(data: bytes) -> bool:
    """Return whether the line is one JSON object by itself, to a strict reader."""
    if not _OBJECT.match(data):
        return False
    try:
        _VALID.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _bytes(line: str | bytes) -> bytes:
    return line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass")


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"
