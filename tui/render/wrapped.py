"""Long text cut into rows of a given width, and coloured, only as far as someone reads."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size

from ...core.text import clean

Span = tuple[str, str]
"""A piece of text and the name of its style."""

_TOKEN = re.compile(
    r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"?)(?P<colon>\s*:)?'
    r"|(?P<number>-?\d[\d.eE+-]*)"
    r"|(?P<literal>true|false|null|NaN|-?Infinity)"
    r"|(?P<punctuation>[\[\]{}:,])",
    re.DOTALL,
)


def json_styles(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and style of each token of JSON text; other characters have none."""
    for token in _TOKEN.finditer(text):
        name = str(token.lastgroup)
        if name == "colon":
            yield token.start("string"), token.end("string"), "key"
            yield token.start("colon"), token.end("colon"), "punctuation"
        else:
            yield token.start(), token.end(), name


class Wrapped:
    """The rows of a text at one width, in cells.

    Lines end where the text has line ends, and after `width` cells. `json` colours the tokens of JSON,
    and carries on where the text is none. Rows are worked out in order and kept: `row` for one far
    down reads up to there, `rows` counts them all.
    """

    def __init__(self, text: str, width: int, *, json: bool = False) -> None:
        self.width = max(width, 1)
        self._text = "\n".join(map(clean, text.split("\n")))
        self._simple = self._text.isascii() and "\n" not in self._text
        self._starts: list[int] = [0]
        self._ends: list[int] = []
        self._more = self._break()
        self._tokens: Iterator[tuple[int, int, str]] | None = json_styles(self._text) if json else None
        self._token_starts: list[int] = []
        self._token_ends: list[int] = []
        self._token_styles: list[str] = []

    @property
    def text(self) -> str:
        """The text as it is drawn."""
        return self._text

    @property
    def rows(self) -> int:
        """The number of rows, at least one."""
        if self._simple:
            return max(1, -(-len(self._text) // self.width))
        for _ in self._more:
            pass
        return len(self._ends)

    def row(self, number: int) -> list[Span]:
        """Return the pieces of a row, [] past the end."""
        start, end = self.bounds(number)
        if start >= end:
            return []
        if self._tokens is None:
            return [(self._text[start:end], "text")]
        return self._colored(start, end)

    def row_at(self, offset: int) -> int:
        """Return the row that a character is on."""
        if self._simple:
            return offset // self.width
        while not self._ends or self._ends[-1] <= offset:
            if next(self._more, None) is None:
                break
        return max(bisect_right(self._starts, offset) - 1, 0)

    def bounds(self, number: int) -> tuple[int, int]:
        """Return where a row starts and ends in the text."""
        if self._simple:
            return number * self.width, min((number + 1) * self.width, len(self._text))
        while number >= len(self._ends):
            if next(self._more, None) is None:
                return 0, 0
        return self._starts[number], self._ends[number]

    def _break(self) -> Iterator[int]:
        """Find the rows one by one: their starts and ends in the text."""
        text, start = self._text, 0
        while True:
            line_end = text.find("\n", start)
            line_end = len(text) if line_end < 0 else line_end
            end = min(start + self.width, line_end)
            while end > start + 1 and cell_len(text[start:end]) > self.width:
                end = start + max(1, len(set_cell_size(text[start:end], self.width).rstrip()))
                if cell_len(text[start:end]) > self.width:
                    end -= 1
            self._ends.append(end)
            yield end
            if end < line_end:
                start = end
            elif line_end < len(text):
                start = line_end + 1
            else:
                return
            self._starts.append(start)

    def _colored(self, start: int, end: int) -> list[Span]:
        self._read_tokens(end)
        spans: list[Span] = []
        at = max(bisect_right(self._token_starts, start) - 1, 0)
        while start < end:
            while at < len(self._token_ends) and self._token_ends[at] <= start:
                at += 1
            if at == len(self._token_ends) or self._token_starts[at] >= end:
                spans.append((self._text[start:end], "text"))
                break
            if self._token_starts[at] > start:
                spans.append((self._text[start : self._token_starts[at]], "text"))
                start = self._token_starts[at]
            stop = min(self._token_ends[at], end)
            spans.append((self._text[start:stop], self._token_styles[at]))
            start = stop
        return spans

    def _read_tokens(self, end: int) -> None:
        assert self._tokens is not None
        while not self._token_ends or self._token_ends[-1] < end:
            token = next(self._tokens, None)
            if token is None:
                return
            start, end_of_token, style = token
            self._token_starts.append(start)
            self._token_ends.append(end_of_token)
            self._token_styles.append(style)
