"""Files of any length, read piece by piece: unpacked, cut into lines, or into the items of a JSON list. Pure.

Nothing is held but the value that is being read, and no value may be longer than `MAX_VALUE`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, cast

import msgspec
from isal import isal_zlib

from ..errors import InputError
from ..text import size

MAX_VALUE = 32 * 1024 * 1024
"""A longer line or item is left out."""
_PIECE = 16 * 1024
"""Compressed bytes that are unpacked at a time: they become 16 MB at most."""
_RATIO = 300
"""Times that a file may grow, once it has become `_LARGE`. Messages grow 5 to 50 times."""
_LARGE = 256 * 1024 * 1024
_GZIP = b"\x1f\x8b"
_WINDOW = 31
"""zlib's number for gzip."""
_HAR = re.compile(rb'\s*\{\s*"log"\s*:\s*\{')
_SIGN = re.compile(rb'"(?:[^"\\]|\\.)*"|["{}\[\]]', re.DOTALL)
_END = re.compile(rb'(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*(\\)\Z")
"""A backslash at the end of a text whose escaped sign is still to come."""
_BOM = b"\xef\xbb\xbf"


class _Stream(Protocol):
    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, /) -> bytes: ...


_decompressor = cast(Callable[[int], _Stream], isal_zlib.decompressobj)  # pyright: ignore[reportUnknownMemberType]
_BadStream = cast(type[Exception], isal_zlib.error)


class Part(msgspec.Struct, frozen=True):
    """A line, or an item of a list, and the line that it begins in. `error` says why it is left out."""

    line: int
    text: bytes = b""
    error: str = ""


def unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a file, unpacked if it is compressed with gzip, also in several members.

    Raises InputError for one that is broken, that ends too early, or that inflates beyond all measure.
    """
    rest = iter(chunks)
    begun = b""
    while len(begun) < len(_GZIP) and (chunk := next(rest, b"")):
        begun += chunk
    if not begun.startswith(_GZIP):
        if begun:
            yield begun
        yield from rest
        return
    yield from _inflated(_small(begun, rest))


def _small(begun: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    chunk = begun
    while chunk:
        for at in range(0, len(chunk), _PIECE):
            yield chunk[at : at + _PIECE]
        chunk = next(rest, b"")


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    stream = _decompressor(_WINDOW)
    read = made = 0
    for piece in pieces:
        read += len(piece)
        while piece:
            if stream.eof:
                # Another member, or zeros with which some tools fill the file up.
                if not (piece := piece.lstrip(b"\0")):
                    break
                stream = _decompressor(_WINDOW)
            try:
                text = stream.decompress(piece)
            except _BadStream as error:
                raise InputError(f"the compressed data is broken: {error}") from None
            made += len(text)
            if made > _LARGE and made > read * _RATIO:
                raise InputError(
                    f"{size(read)} of compressed data inflate to more than {size(made)}: not read any further"
                )
            if text:
                yield text
            piece = stream.unused_data if stream.eof else b""
    if not stream.eof:
        raise InputError("the compressed data ends too early")


def is_har(beginning: bytes) -> bool:
    """Return True if a file that begins so is a HAR file."""
    return _HAR.match(beginning.removeprefix(_BOM)) is not None


def is_list(beginning: bytes) -> bool:
    """Return True if a file that begins so is a JSON list."""
    return beginning.removeprefix(_BOM).lstrip()[:1] == b"["


def lines(chunks: Iterable[bytes], limit: int = MAX_VALUE) -> Iterator[bytes]:
    """Yield the lines, without a line end; of one that is too long its beginning, longer than `limit`."""
    held = bytearray()
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        if len(held) <= limit:
            held += first
        for part in others:
            yield bytes(held)
            held = bytearray(part)
    if held:
        yield bytes(held)


def items(chunks: Iterable[bytes], *, har: bool = False, limit: int = MAX_VALUE) -> Iterator[Part]:
    """Yield the objects in the lists at the top of a file; with `har`, the entries of a HAR file."""
    reader = _Items(har=har, limit=limit)
    for chunk in chunks:
        yield from reader.take(chunk)
    if reader.open:
        yield Part(reader.line, error="the file ends in the middle of a value")


class _Items:
    """Follows brackets and strings, and cuts out the objects that are the items of a list."""

    def __init__(self, *, har: bool, limit: int) -> None:
        self._har = har
        self._limit = limit
        self._text = b""
        self._at = 0
        self._start = -1
        self._depth: int = 0
        self._level: int = -1
        """The depth of the items; -1 outside of their list."""
        self._key = b""
        self._large = False
        self._inside = False
        """True in a string whose beginning is forgotten."""
        self._counted = 0
        self._line = 1
        """The line at `_counted`."""
        self.line = 1
        """The line in which the last item begins."""

    @property
    def open(self) -> bool:
        """True while a value is not whole."""
        return self._depth > 0

    def take(self, chunk: bytes) -> Iterator[Part]:
        """Go on with a chunk, and yield the items that end in it."""
        self._text += chunk
        if self._inside and not self._left_string():
            return
        while (found := _SIGN.search(self._text, self._at)) is not None:
            sign = found[0]
            if sign == b'"':
                break  # its end is in a later chunk
            self._at = found.end()
            if sign in (b"{", b"["):
                self._opened(sign, found.start())
            elif sign in (b"}", b"]"):
                yield from self._closed(found.end())
            else:
                self._key = sign
        else:
            self._at = len(self._text)
        self._forget()

    def _left_string(self) -> bool:
        """Skip the rest of a string that is too long; return False if it goes on after this chunk."""
        end = _END.match(self._text, self._at)
        if end is not None:
            self._at, self._inside = end.end(), False
            return True
        escape = _ESCAPE.search(self._text)
        self._at = len(self._text) if escape is None else escape.start()
        self._forget()
        return False

    def _opened(self, sign: bytes, at: int) -> None:
        if self._depth == self._level and sign == b"{":
            self._start = at
            self._large = False
        elif (
            self._level < 0
            and sign == b"["
            and ((self._depth == 2 and self._key == b'"entries"') if self._har else self._depth == 0)
        ):
            self._level = self._depth + 1
        self._depth += 1

    def _closed(self, end: int) -> Iterator[Part]:
        self._depth = max(0, self._depth - 1)
        if self._depth == self._level and self._start >= 0:
            if not self._large:
                self._count(self._start)
            text = self._text[self._start : end]
            if self._large or len(text) > self._limit:
                yield Part(self.line, error=f"it is larger than {size(self._limit)}")
            else:
                yield Part(self.line, text)
            self._start = -1
        elif self._depth < self._level:
            self._level = -1

    def _count(self, start: int) -> None:
        """Note the line in which an item begins."""
        self._line += self._text.count(b"\n", self._counted, start)
        self._counted = start
        self.line = self._line

    def _forget(self) -> None:
        """Let go of the text before the item that is open, and of an item that is too large."""
        keep = self._at
        if len(self._text) - self._at > self._limit:
            # A long string: only its end is looked for.
            escape = _ESCAPE.search(self._text)
            keep = self._at = len(self._text) if escape is None else escape.start()
            self._inside = True
            if self._start >= 0 and not self._large:
                self._count(self._start)
                self._large = True
        elif self._start >= 0 and not self._large:
            if self._at - self._start > self._limit:
                self._count(self._start)
                self._large = True
            else:
                keep = self._start
        self._line += self._text.count(b"\n", self._counted, keep)
        self._counted = 0
        self._text = self._text[keep:]
        self._at -= keep
        if self._start >= 0:
            self._start = 0
