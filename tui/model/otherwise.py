"""The destination that the panes show: the configured one, or another one on a key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ...core.api.models import MessageDetail
from ...core.api.viewer import Viewer
from ...core.otherwise import Through

if TYPE_CHECKING:
    from ...core.compare.otherwise import Otherwise

LARGE = 8 * 1024
"""Bytes of a message from which it is translated in a thread, so that keys are answered meanwhile."""


class ShownDestination:
    """Changes details into those of another destination, while one is chosen.

    `viewer` returns the engine's viewer of the moment.
    """

    def __init__(self, viewer: Callable[[], Viewer]) -> None:
        self._viewer = viewer
        self._made: Otherwise | None = None
        self.through: Through | None = None
        """The destination that is shown, None for the configured one."""

    async def turn(self) -> Through | None:
        """Choose the next destination; after the last one the configured one again."""
        from ...core.compare.otherwise import others  # the pipeline: not before somebody asks for it

        choice: list[Through | None] = [None, *others(await self._viewer().settings())]
        at = choice.index(self.through) if self.through in choice else 0
        self.through = choice[(at + 1) % len(choice)]
        return self.through

    async def shown(self, detail: MessageDetail) -> MessageDetail:
        """Return the detail as the chosen destination makes it. Raises SegtapError."""
        through = self.through
        if through is None:
            return detail
        from ...core.compare.otherwise import Otherwise

        settings = await self._viewer().settings()
        if settings.destination.kind == through:  # the settings have changed meanwhile
            return detail
        made = self._made
        if made is None or made.through != through or made.settings != settings:
            made = self._made = Otherwise(settings, through)
        page = None
        if through == "classic-device" and detail.summary.id and detail.source_kind == "segment":
            page = await self._viewer().super_properties(detail.summary.id, anyway=True)
        if len(detail.document) > LARGE:
            return await asyncio.to_thread(made.detail, detail, page)
        return made.detail(detail, page)
