"""Text exactly as it is, wrapped to the width: bodies as they came, and as they are sent."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..render.plain import is_plain, plain
from ..render.wrapped import Wrapped
from .style_cache import StyleCache

HEX_SHOWN = 4096
_PER_ROW = 8


class TextView(ScrollView, can_focus=True):
    """A long text, drawn line by line; what is out of sight costs nothing."""

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
        self._style = StyleCache(self, "text")

    def show(self, text: str, *, json: bool = False) -> None:
        """Show another text; `json` colours it."""
        if (text, json) == (self._text, self._json):
            return
        self._text, self._json = text, json
        self.scroll_to(y=0, animate=False, force=True)
        self._wrap()

    def on_resize(self) -> None:
        if self.scrollable_content_region.width != self._wrapped.width:
            self._wrap()

    def notify_style_update(self) -> None:
        self._style.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        if self.scrollable_content_region.width != self._wrapped.width:
            self._wrapped = Wrapped(self._text, self.scrollable_content_region.width, json=self._json)
            self.call_later(self._wrap)  # the number of rows is not to change while they are drawn
        ascii_only = is_plain(self)
        segments = [
            Segment(plain(text) if ascii_only else text, self.rich_style + self._style(style))
            for text, style in self._wrapped.row(y + self.scroll_offset.y)
        ]
        return Strip(segments).adjust_cell_length(self.scrollable_content_region.width, self.rich_style)

    def _wrap(self) -> None:
        self._wrapped = Wrapped(self._text, self.scrollable_content_region.width, json=self._json)
        self.virtual_size = Size(0, self._wrapped.rows)
        self.refresh()


def is_text(body: bytes) -> bool:
    """True for UTF-8 without NUL."""
    try:
        return "\0" not in body.decode("utf-8")
    except UnicodeDecodeError:
        return False


def readable(body: bytes) -> str:
    """The text of some bytes; where they are no text, the first of them in hexadecimal and ASCII."""
    return body.decode("utf-8") if is_text(body) else hexdump(body)


def hexdump(body: bytes) -> str:
    """The first bytes, 8 a line: offset, hexadecimal, ASCII."""
    lines: list[str] = []
    for at in range(0, min(len(body), HEX_SHOWN), _PER_ROW):
        row = body[at : at + _PER_ROW]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:06x}  {row.hex(' '):<{_PER_ROW * 3 - 1}}  {letters}")
    if len(body) > HEX_SHOWN:
        lines.append(f"… {len(body) - HEX_SHOWN:,} bytes more")
    return "\n".join(lines)
