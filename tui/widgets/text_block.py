"""Texts that change: what they say, and the height that the layout gives them."""

from __future__ import annotations

from typing import Self

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import Static

from ..render.plain import worded


class Measured(Widget):
    """The base of widgets whose height depends on what they show.

    Textual keeps a measured height until the widget asks for a layout, and counts requests that come before
    it has answered the first as one. If a layout for another widget comes between two of them, the height of
    what was shown then is kept, and no later layout measures again. Here each change has it measured again.
    """

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Draw again what is shown. Heights that were kept are measured again at the next layout."""
        if repaint:
            self._layout_updates += 1
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


class TextBlock(Measured, Static):
    """A text that changes."""

    # Textual takes the CSS of the first base alone, and so not that of Static.
    DEFAULT_CSS = "TextBlock { height: auto; }"

    def put(self, words: Content) -> None:
        """Show other words.

        A layout draws the whole screen, so it is asked for only when the size may change: the number of rows,
        or the width where it is that of the words.
        """
        words, last = worded(self, words), self.content
        if isinstance(last, Content) and last.is_same(words):
            return
        rows, width = words.get_height({}, max(self.size.width, 1)), self.styles.width
        grows = not self.size or rows != self.size.height or (width is not None and width.is_auto)
        self.update(words, layout=grows)
