"""Watches the settings file while an engine runs: checks it once a second, reads it when it has changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from ..config import read_again
from ..errors import SegtapError
from ..faults import Faults
from ..settings import Settings

logger = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two checks of the file."""
STAYS = "Until then the previous settings stay in force."
"""Follows the fault of a settings file."""

_Stamp = tuple[int, int, int] | None


class SettingsWatch:
    """Watches the settings file until cancelled. `changed` is called with the new settings.

    Settings that cannot be used are reported to `faults`.
    """

    def __init__(
        self,
        settings: Settings,
        changed: Callable[[Settings], Awaitable[None]],
        faults: Faults,
    ) -> None:
        self._settings = settings
        self._changed = changed
        self._faults = faults
        self._files = _files_of(settings)
        self._seen = self._stamps()

    async def run(self) -> None:
        """Watch until cancelled; return at once if there is no file."""
        if not self._settings.file:
            return
        while True:
            await asyncio.sleep(INTERVAL)
            await self.look()

    def forget(self) -> None:
        """Read the file again at the next check, even if it has not changed."""
        self._seen = ((0, 0, 0),)

    async def look(self) -> None:
        """Read the file if it, or one that it names (a plan, code, a source's), has changed since then."""
        if self._stamps() == self._seen:
            return
        try:
            await self.read()
        except SegtapError as error:
            logger.warning("the settings cannot be used: %s", error)

    async def read(self) -> None:
        """Read the file now, changed or not. Raises and reports a SegtapError if it cannot be used."""
        self._seen = self._stamps()
        try:
            settings = read_again(self._settings)
            if self._files != _files_of(settings):
                self._files = _files_of(settings)
                self._seen = self._stamps()
            await self._changed(settings)
        except SegtapError as error:
            self._faults.report("settings", f"{error} {STAYS}")
            raise
        self._faults.clear("settings")

    def _stamps(self) -> tuple[_Stamp, ...]:
        return tuple(_stamp(file) for file in (self._settings.file, *self._files))


def _files_of(settings: Settings) -> tuple[str, ...]:
    """Return the files that the settings name and that decide on verdicts."""
    of_sources = [file for one in settings.sources for file in (one.plan or "", one.subscriptions_file)]
    return settings.plan, *(one.file for one in settings.insert_functions), *of_sources


def _stamp(file: str) -> _Stamp:
    if not file:
        return None
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
