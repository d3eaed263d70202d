"""Titles in a frame that change while what is in the frame stays."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget


class Titled(Widget):
    """A widget whose titles are drawn alone when they change.

    Setting Textual's `border_title` draws the whole widget, and all that stands in it, again.
    """

    def put_titles(self, title: Content, subtitle: Content | None = None) -> None:
        """Show a title in the line above, and one in the line below; empty ones are left out."""
        above, self._border_title = self._border_title, _row(title)
        if not _same(above, self._border_title):
            self._redraw_row(0)
        below, self._border_subtitle = self._border_subtitle, _row(subtitle)
        if not _same(below, self._border_subtitle):
            self._redraw_row(self.outer_size.height - 1)

    def _redraw_row(self, y: int) -> None:
        inside = self.content_offset
        self.refresh(Region(-inside.x, y - inside.y, self.outer_size.width, 1))


class TitledVertical(Titled, Vertical):
    """A container with titles in its frame."""


def _row(title: Content | None) -> Content | None:
    return title.split()[0] if title else None


def _same(one: Content | None, other: Content | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.is_same(other)
