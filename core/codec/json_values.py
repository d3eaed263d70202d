"""JSON values that take several lines: where each begins and ends, line by line. Pure.

A line is looked at only once more than a single line is needed: this follows the grammar, so that a line
that was cut off does not take those behind it along.
"""

from __future__ import annotations

import re
from typing import Literal

_TOKEN = re.compile(rb'\s*(?:([{}\[\],:])|("(?:[^"\\]|\\.)*")|([^\s{}\[\],:"]+))', re.DOTALL)
_PLAIN = re.compile(rb"[\w.+-]+\Z")
"""Numbers, true, false, null and, read generously, NaN and Infinity."""
_BLANK = re.compile(rb"\s*\Z")

Expected = Literal["value", "value or end", "key", "key or end", "colon", "comma or end", "start"]


class Values:
    """A reader of lines that says where the objects and lists in them begin and end.

    Between values at the top there may be commas. `found` are (first line, text) of those that are whole.
    """

    def __init__(self) -> None:
        self.found: list[tuple[int, bytes]] = []
        self.broken = False
        """True once the text is known not to be JSON, whatever may follow."""
        self._open: list[bytes] = []
        self._expected: Expected = "start"
        self._parts: list[bytes] = []
        self._line = 0

    @property
    def whole(self) -> bool:
        """True if no value is open."""
        return self._expected == "start" and not self.broken

    def take(self, number: int, line: bytes) -> None:
        """Go on with a line."""
        start = at = 0
        while not _BLANK.match(line, at):
            token = _TOKEN.match(line, at)
            if token is None:
                self.broken = True
                return
            if self._expected == "start":
                if token[1] == b"," and self.found:
                    at = token.end()
                    continue
                start, self._line, self._parts = token.start(token.lastindex or 0), number, []
            self._step(token)
            at = token.end()
            if self.broken:
                return
            if self._expected == "start":
                self.found.append((self._line, b"".join([*self._parts, line[start:at]])))
        if self._expected != "start":
            self._parts.append(line[start:])

    def _step(self, token: re.Match[bytes]) -> None:
        sign, text, expected = token[1], token[2], self._expected
        if sign in (b"{", b"["):
            self._begin(sign)
        elif sign in (b"}", b"]"):
            self._end(sign)
        elif sign == b":" and expected == "colon":
            self._expected = "value"
        elif sign == b"," and expected == "comma or end":
            self._expected = "key" if self._open[-1] == b"{" else "value"
        elif text and expected in ("key", "key or end"):
            self._expected = "colon"
        elif expected in ("value", "value or end") and (text or (token[3] and _PLAIN.match(token[3]))):
            self._expected = "comma or end"
        else:
            self.broken = True

    def _begin(self, sign: bytes) -> None:
        if self._expected not in ("start", "value", "value or end"):
            self.broken = True
            return
        self._open.append(sign)
        self._expected = "key or end" if sign == b"{" else "value or end"

    def _end(self, sign: bytes) -> None:
        opening, empty = (b"{", "key or end") if sign == b"}" else (b"[", "value or end")
        if self._expected not in ("comma or end", empty) or self._open[-1] != opening:
            self.broken = True
            return
        self._open.pop()
        self._expected = "comma or end" if self._open else "start"
