"""The main screen's shape, as far as the reader changes it: what is remembered, and the keys for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from ...core.api.viewer import Viewer
from ...core.settings import Settings
from .. import layout_memory
from ..render.glyphs import Glyphs
from ..render.list_columns import CLOCKS, Look
from .main_layout import MainLayout

CLOCK_WORDS = {
    "local": "Times are local.",
    "utc": "Times are UTC.",
    "since": "Times are since the message above.",
}


class MainShape(MainLayout):
    """The main screen with the keys that change its columns, sizes and times. All of it is remembered."""

    def __init__(
        self,
        viewer: Viewer,
        settings: Settings,
        *,
        marks: Glyphs,
        clock: Callable[[], float],
        memory: Path | None = None,
    ) -> None:
        super().__init__(viewer, settings, marks=marks, clock=clock)
        self._memory = memory
        self.shape = layout_memory.read(memory)
        self.list.look = self.shape.look

    def put_look(self, look: Look) -> None:
        """Show other columns in the list, or other times, and remember that."""
        self.list.put_look(look)
        self._keep(look=look)

    def action_turn_clock(self) -> None:
        """Show times as local ones, as UTC, or since the message above."""
        look = self.list.look
        clock = CLOCKS[(CLOCKS.index(look.clock) + 1) % len(CLOCKS)]
        self.put_look(replace(look, clock=clock))
        self.notify(CLOCK_WORDS[clock])

    def _keep(self, **changes: object) -> None:
        """Remember changes of the layout for the next start."""
        self.shape = msgspec.structs.replace(self.shape, **changes)
        if why := layout_memory.write(self._memory, self.shape):
            self.notify(why, severity="warning")
