"""Text wrapped to the width and otherwise unchanged: bodies as received, and as sent."""

from __future__ import annotations

from typing import ClassVar

from textual.strip import Strip

from ..render.wrapped import Wrapped
from .line_list import LineView

HEX_SHOWN = 4096
_PER_ROW = 8


class TextView(LineView):
    """A long text, drawn line by line; what is out of sight costs nothing."""

    PREFIX = "text"
    STYLES = ("text", "key", "string", "number", "literal", "punctuation")
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
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = ""
        self._json = False
        self._wrapped = Wrapped("", 1)
        self._rows = 0

    def show(self, text: str, *, json: bool = False) -> None:
        """Show a text; `json` colours it as JSON."""
        if (text, json) == (self._text, self._json):
            return
        self._text, self._json = text, json
        self.scroll_to(y=0, animate=False, force=True)
        self._wrap()

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
        return self.strip(self._wrapped.row(at), width)

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
