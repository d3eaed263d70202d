"""A box of many lines whose keys stay in order."""

from __future__ import annotations

from textual import events
from textual.widgets import TextArea

from .in_order import InOrder, runs


class TextBox(TextArea, InOrder):
    """A box of many lines; see `in_order`."""

    async def handle_key(self, event: events.Key) -> bool:
        return await runs(self, event) or await super().handle_key(event)
