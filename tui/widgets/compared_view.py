"""A comparison of two translations to scroll through: what is lost in words, then property by property."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.strip import Strip

from ...core.compare import Comparison
from ...core.compare.table import Line, loss_lines, pair_lines
from .line_list import LineView


class ComparedView(LineView):
    """Lines laid out for the width: columns where there is room, else one below the other.

    `every` includes the properties that are the same in both.
    """

    PREFIX = "compared"
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

    def on_resize(self) -> None:
        if self.width != self._width:
            self.lay_out()

    def show_every(self, every: bool) -> None:
        """Show the properties that are the same in both, too, or only what differs."""
        self.every = every
        self.lay_out()

    def lay_out(self) -> None:
        """Make the lines for the current width."""
        self._width = width = self.width
        self.lines = [
            *loss_lines(self.comparison, width),
            *pair_lines(self.comparison, width, every=self.every),
        ]
        self.resize_lines()
        self.redraw()

    @property
    def line_count(self) -> int:
        return len(self.lines)

    def paint_line(self, at: int, width: int) -> Strip:
        """Draw a line of the comparison."""
        return self.strip(((text, style) for style, text in self.lines[at]), width)
