"""A comparison of two translations to scroll through: what is lost in words, then property by property."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ...core.compare import Comparison
from ...core.compare.table import Line, loss_lines, pair_lines
from ..render.plain import is_plain, plain
from .style_cache import StyleCache


class ComparedView(ScrollView, can_focus=True):
    """Lines laid out for the width: columns where there is room, else one below the other.

    Only what is in sight is drawn. `every`: properties that are the same in both, too.
    """

    STYLES = ("text", "title", "head", "lost", "changed", "dim", "one", "other", "path")
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"compared--{name}" for name in STYLES}
    DEFAULT_CSS = """
    ComparedView {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        background: $background;
        & > .compared--text { color: $foreground; }
        & > .compared--title { color: $accent; text-style: bold; }
        & > .compared--head { color: $foreground; text-style: bold; }
        & > .compared--lost { color: $mark-warning; text-style: bold; }
        & > .compared--changed { color: $accent; }
        & > .compared--dim { color: $dim; }
        & > .compared--path { color: $json-key; }
        & > .compared--one { color: $json-string; }
        & > .compared--other { color: $json-number; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", "Down", id="compare.down", show=False),
        Binding("k", "scroll_up", "Up", id="compare.up", show=False),
        Binding("g", "scroll_home", "First line", id="compare.first", show=False),
        Binding("G", "scroll_end", "Last line", id="compare.last", show=False),
    ]

    def __init__(self, comparison: Comparison, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.comparison = comparison
        self.every = False
        self.lines: list[Line] = []
        self._width = 0
        self._style = StyleCache(self, "compared")

    def on_resize(self) -> None:
        if self.scrollable_content_region.width != self._width:
            self.lay_out()

    def notify_style_update(self) -> None:
        self._style.clear()
        super().notify_style_update()

    def show_every(self, every: bool) -> None:
        """Show the properties that are the same in both, too, or only what differs."""
        self.every = every
        self.lay_out()

    def lay_out(self) -> None:
        """Make the lines for the width there is."""
        self._width = width = self.scrollable_content_region.width
        self.lines = [
            *loss_lines(self.comparison, width),
            *pair_lines(self.comparison, width, every=self.every),
        ]
        self.virtual_size = Size(0, len(self.lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        number, ascii_only = y + self.scroll_offset.y, is_plain(self)
        segments = [
            Segment(plain(text) if ascii_only else text, self.rich_style + self._style(style))
            for style, text in (self.lines[number] if number < len(self.lines) else ())
        ]
        return Strip(segments).adjust_cell_length(self.scrollable_content_region.width, self.rich_style)
