"""The line above the list that names its columns."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from ..render.list_columns import TIME_HEADS
from ..render.message import MARK, head_line
from .message_list import MessageList


class ListHead(Widget):
    """The heads of the list's columns, each over its column."""

    DEFAULT_CSS = """
    ListHead { height: 1; width: 1fr; color: $dim; background: $background; }
    """

    def __init__(self, view: MessageList, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view = view

    def render(self) -> Content:
        """Return the line."""
        view = self._view
        heads = head_line(view.columns, TIME_HEADS[view.look.clock], view.marks)
        return Content(" " * MARK + heads if view.marked is not None else heads)
