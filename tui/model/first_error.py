"""When to call the reader: on the first error since they last looked, and at most once a minute."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ...core.api.models import EngineState
from ...core.text import counted

QUIET = 60.0
"""Seconds between two calls, however often the reader looks in between."""


class Counts(NamedTuple):
    """Messages with an error, and those that Mixpanel refused."""

    errors: int
    refused: int


class FirstError:
    """What is new since the reader looked.

    The errors of the journal that the screen was opened on are not new, nor are those that other settings
    find in old messages.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: Counts | None = None
        self._pid = 0
        self._called: float | None = None
        self._looked = True

    def looked(self) -> None:
        """Note that the reader pressed a key, used the mouse or came to the terminal's window."""
        self._looked = True

    def hear(self, state: EngineState) -> str:
        """Return what to call the reader for, "" for nothing."""
        last, now = self._last, Counts(state.errors, state.deliveries.refused)
        self._last = now
        same, self._pid = self._pid == state.pid, state.pid
        if last is None or not same or state.stale:
            return ""
        errors, refused = now.errors - last.errors, now.refused - last.refused
        if errors <= 0 and refused <= 0:
            return ""
        at = self._clock()
        if not self._looked or (self._called is not None and at - self._called < QUIET):
            return ""
        self._looked, self._called = False, at
        if refused > 0:
            return f"Mixpanel refused {counted(refused, 'message')}"
        return f"{counted(errors, 'message')} with an error"
