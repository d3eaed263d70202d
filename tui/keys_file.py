"""Reads `[keys]` of segtap.toml again while the screen is open, when the file changes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from ..core.errors import SettingsError
from ..core.settings import Settings


class KeysFile:
    """The settings file, as far as the screen's keys are in it.

    `put` gets the keys whenever they have changed, `complain` why the file cannot be read: the keys stay as
    they were then.
    """

    def __init__(
        self, settings: Settings, put: Callable[[Mapping[str, str]], None], complain: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._put = put
        self._complain = complain
        self._seen = self._stamp()
        self._keys = settings.keys

    async def look(self) -> None:
        """Read the file again if it has been written, created or deleted since the last look."""
        now = self._stamp()
        if now == self._seen:
            return
        self._seen = now
        from ..core.config import read_again

        try:
            keys = (await asyncio.to_thread(read_again, self._settings)).keys
        except SettingsError as error:
            self._complain(str(error))
            return
        if keys != self._keys:
            self._keys = keys
            self._put(keys)

    def _stamp(self) -> tuple[int, int]:
        # Most folders have no such file, and an editor may put another one in its place just now.
        with contextlib.suppress(OSError):
            status = Path(self._settings.file).stat()
            return status.st_mtime_ns, status.st_size
        return 0, 0
