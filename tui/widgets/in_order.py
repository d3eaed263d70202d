"""Boxes in which what is typed and the keys that move the cursor keep their order, however fast they come.

Textual lets a key that types nothing bubble up to the app, which then runs the box's binding. Meanwhile the
box types the characters that were pressed after it, so that a burst (a slow line, a held key) would end up in
another order. These boxes run their own keys themselves, at once; and the app looks at a key only once
the box has read those before it, for Enter and Esc are run by the app.
"""

from __future__ import annotations

import asyncio

from textual import events
from textual.widget import Widget
from textual.widgets import Input

TURNS = 200
"""How often others get their turn while the app waits for a box: it never waits without an end."""


class InOrder:
    """Marks a box whose keys stay in order."""


async def runs(box: Widget, event: events.Key) -> bool:
    """Run what a key does in the box; returns False for any other key, which goes on its way."""
    if event.is_printable:
        return False
    active = box.screen.active_bindings.get(event.key)
    if active is None or active.node is not box or active.binding.priority:
        return False
    event.stop()
    await box.run_action(active.binding.action)
    return True


async def read(box: Widget | None) -> None:
    """Wait until a box has read the keys that were pressed before."""
    if isinstance(box, InOrder):
        for _ in range(TURNS):
            if not box.message_queue_size:
                return
            await asyncio.sleep(0)


class LineBox(Input, InOrder):
    """A box of one line."""

    async def handle_key(self, event: events.Key) -> bool:
        return await runs(self, event) or await super().handle_key(event)
