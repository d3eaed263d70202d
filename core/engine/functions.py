"""The insert functions of an engine: run in threads beside its loop, by the settings in force."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ..faults import Faults
from ..functions import InsertFunctions
from ..messages import Message
from ..pipeline.functions import with_outcomes
from .active import ActiveSettings

FUNCTIONS = "insert functions"
"""The part of an engine that faults of their processes belong to."""


class EngineFunctions:
    """Records what insert functions make of messages. Without enabled ones it does nothing.

    A process that fails is reported to `faults`.
    """

    def __init__(self, active: ActiveSettings, faults: Faults) -> None:
        self._active = active
        self._faults = faults
        self._revision = ""
        self._room: InsertFunctions | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._failed: dict[str, str] = {}
        """What the functions' processes reported last, from other threads."""

    @property
    def needed(self) -> bool:
        """True if the settings in force have an enabled function."""
        return self._active.runs_functions

    def unusable(self) -> tuple[str, ...]:
        """Name the functions that cannot be run, and say why."""
        return self._in_force().unusable() if self.needed else ()

    async def record(self, messages: Sequence[Message]) -> list[Message]:
        """Return the messages with what each function makes of them; outcomes that are known are kept.

        If the settings change meanwhile, they are run again by the new ones.
        """
        while self.needed and messages:
            room, revision, settings = self._in_force(), self._revision, self._active.compiled
            made = await asyncio.to_thread(with_outcomes, messages, settings, room.run)
            if revision == self._active.revision:
                self._faults.report(FUNCTIONS, " · ".join(filter(None, self._failed.values())))
                return made
        return list(messages)

    async def close(self) -> None:
        """End all processes."""
        if self._room is not None:
            self._end(self._room)
            self._room = None
        await asyncio.gather(*self._ending)

    def _end(self, room: InsertFunctions) -> None:
        room.stop()
        task = asyncio.create_task(asyncio.to_thread(room.close), name="segtap-functions-end")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _in_force(self) -> InsertFunctions:
        """Return the functions of the settings in force; the processes of earlier ones are ended."""
        if self._room is None or self._revision != self._active.revision:
            if self._room is not None:
                self._end(self._room)
            self._failed = {}
            failed = self._failed
            self._revision = self._active.revision
            self._room = InsertFunctions(
                self._active.settings.insert_functions,
                report=lambda function, text: failed.__setitem__(function, text),
            )
        return self._room
