"""Text wrapped to the width and otherwise unchanged: bodies as received, and as sent."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.strip import Strip

from ..model.json_search import spans_of
from ..render.wrapped import Span, Wrapped
from .line_list import LineView
from .pane_search import Found, Searching

HEX_SHOWN = 4096
_PER_ROW = 8


class TextView(LineView):
    """A long text, drawn line by line; what is out of sight costs nothing."""

    PREFIX = "text"
    STYLES = ("text", "key", "string", "number", "literal", "punctuation", "hit", "hit-shown")
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"text--{name}" for name in STYLES}
    DEFAULT_CSS = """
    TextView {
        height: 1fr;
        padding: 0 1;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        & > .text--text { color: $foreground; }
        & > .text--key { color: $json-key; }
        & > .text--string { color: $json-string; }
        & > .text--number { color: $json-number; }
        & > .text--literal { color: $json-literal; }
        & > .text--punctuation { color: $json-punctuation; }
        & > .text--hit { background: $row-highlight; color: $foreground; text-style: bold; }
        & > .text--hit-shown { background: $accent; color: $background; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = ""
        self._json = False
        self._wrapped = Wrapped("", 1)
        self._rows = 0
        self._wanted = ""
        self._spans: list[tuple[int, int]] = []
        self._shown_hit = 0

    def show(self, text: str, *, json: bool = False) -> None:
        """Show a text; `json` colours it as JSON."""
        if (text, json) == (self._text, self._json):
            return
        self._text, self._json = text, json
        self.scroll_to(y=0, animate=False, force=True)
        self._wrap()
        if self._wanted:
            self._look()

    def on_resize(self) -> None:
        if self.width != self._wrapped.width:
            self._wrap()

    @property
    def line_count(self) -> int:
        return self._rows

    def render_line(self, y: int) -> Strip:
        if self.width != self._wrapped.width:
            self._wrapped = Wrapped(self._text, self.width, json=self._json)
            self.call_later(self._wrap)  # the number of rows must not change while they are drawn
        return super().render_line(y)

    def paint_line(self, at: int, width: int) -> Strip:
        """Draw a row of the wrapped text."""
        spans = self._wrapped.row(at)
        return self.strip(self._with_hits(at, spans) if self._spans else spans, width)

    # Searching

    def search(self, wanted: Searching) -> None:
        """Find a text and mark where it stands; keys are found as text."""
        self._wanted = wanted.text
        self._look()
        self._show_hit()

    def turn_hit(self, by: int) -> None:
        """Go to the next place, or the one before; the last leads to the first."""
        if self._spans:
            self._shown_hit = (self._shown_hit + by) % len(self._spans)
            self._show_hit()
        self._tell()

    def keep_hit(self) -> None:
        """Show the place that was found."""
        self._show_hit()

    def _look(self) -> None:
        self._spans = spans_of(self._wrapped.text, self._wanted)
        self._shown_hit = 0
        self._tell()
        self.redraw()

    def _show_hit(self) -> None:
        if self._spans:
            self.reveal(self._wrapped.row_at(self._spans[self._shown_hit][0]), center=True)
        self.redraw()

    def _tell(self) -> None:
        self.post_message(Found(len(self._spans), self._shown_hit + 1))

    def _with_hits(self, at: int, spans: Iterable[Span]) -> Iterator[Span]:
        """Return the pieces of a row with the places in it that were found marked."""
        start, end = self._wrapped.bounds(at)
        first = max(bisect_right(self._spans, (start, 0)) - 1, 0)
        marked: list[tuple[int, int, str]] = []
        for number in range(first, len(self._spans)):
            left, right = self._spans[number]
            if left >= end:
                break
            style = "hit-shown" if number == self._shown_hit else "hit"
            marked.append((max(left - start, 0), min(right, end) - start, style))
        place = 0
        for text, style in spans:
            here = 0
            for left, right, mark in marked:
                left, right = max(left - place, here), min(right - place, len(text))
                if left < right:
                    yield text[here:left], style
                    yield text[left:right], mark
                    here = right
            yield text[here:], style
            place += len(text)

    def _wrap(self) -> None:
        self._wrapped = Wrapped(self._text, self.width, json=self._json)
        self._rows = self._wrapped.rows
        self.resize_lines()
        self.redraw()


def is_text(body: bytes) -> bool:
    """Return True for UTF-8 without NUL."""
    try:
        return "\0" not in body.decode("utf-8")
    except UnicodeDecodeError:
        return False


def readable(body: bytes) -> str:
    """Return the text of some bytes, or a hex dump of the first of them when they are not text."""
    return body.decode("utf-8") if is_text(body) else hexdump(body)


def hexdump(body: bytes) -> str:
    """Return the first bytes, 8 a line: offset, hexadecimal, ASCII."""
    lines: list[str] = []
    for at in range(0, min(len(body), HEX_SHOWN), _PER_ROW):
        row = body[at : at + _PER_ROW]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:06x}  {row.hex(' '):<{_PER_ROW * 3 - 1}}  {letters}")
    if len(body) > HEX_SHOWN:
        lines.append(f"… {len(body) - HEX_SHOWN:,} bytes more")
    return "\n".join(lines)
