"""An editor for JSON text, coloured as the panes are."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from ..render.wrapped import json_styles
from .style_cache import StyleCache
from .text_box import TextBox

TOKENS = ("string", "key", "number", "literal", "punctuation")
LONGEST_LINE = 20_000
"""Characters up to which a line is coloured: it is read again for each key that is pressed in it."""


class JsonEditor(TextBox):
    """A text area whose lines have the colours of JSON, whether or not the text is JSON yet."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *TextArea.COMPONENT_CLASSES,
        *(f"json--{name}" for name in TOKENS),
    }
    DEFAULT_CSS = """
    JsonEditor {
        border: none;
        padding: 0 1;
        background: $background;
        color: $foreground;
        &:focus { border: none; background-tint: transparent 0%; }
        & > .json--key { color: $json-key; }
        & > .json--string { color: $json-string; }
        & > .json--number { color: $json-number; }
        & > .json--literal { color: $json-literal; }
        & > .json--punctuation { color: $json-punctuation; }
        & .text-area--cursor-line { background: $panel; }
        & .text-area--cursor, &:light .text-area--cursor { background: $foreground; color: $background; }
        & .text-area--selection { background: $row-cursor; }
    }
    """

    def __init__(self, text: str) -> None:
        super().__init__(text, soft_wrap=True, show_line_numbers=False, tab_behavior="indent")
        self.indent_width = 2
        self._style_of = StyleCache(self, "json")

    def select_text(self, start: int, end: int) -> None:
        """Select the characters from `start` to `end` of the text."""
        self.selection = Selection(_location(self.text, start), _location(self.text, end))

    def get_line(self, line_index: int) -> Text:
        """Return a line with the colours of its tokens."""
        line = super().get_line(line_index)
        if len(line.plain) <= LONGEST_LINE:
            for start, end, name in json_styles(line.plain):
                line.stylize(self._style_of(name), start, end)
        return line

    def notify_style_update(self) -> None:
        """Look the colours up again in another theme."""
        super().notify_style_update()
        self._style_of.clear()


def _location(text: str, at: int) -> tuple[int, int]:
    """Return the line and column of a place in a text."""
    before = text[:at]
    return before.count("\n"), at - (before.rfind("\n") + 1)
