"""Reads the user's themes again while the screen is open, when a file in their folder changes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from textual.app import App

from .theming import DEFAULT, THEMES, load_themes

EVERY = 1.0
"""Seconds between two looks at the folder."""

_Stamp = tuple[tuple[str, int, int], ...]


class ThemeFolder:
    """The folder of the user's own themes, as the app has it registered.

    `complain` is called with what is wrong with a file, once for each change. A file that cannot be used
    leaves the theme as it was; the theme of a file that was deleted is replaced by the default.
    """

    def __init__(self, app: App[object], folder: Path, complain: Callable[[str], None]) -> None:
        self._app = app
        self._folder = folder
        self._complain = complain
        self._seen = self._stamp()

    def look(self) -> None:
        """Read the themes again if a file has been added, changed or deleted since the last look."""
        now = self._stamp()
        if now != self._seen:
            self._seen = now
            self._read()

    def _read(self) -> None:
        themes, problems = load_themes(THEMES, self._folder)
        app = self._app
        before = app.available_themes
        current = app.theme
        for theme in themes:
            app.register_theme(theme)
        names = {theme.name for theme in themes}
        # A file that is half written has no name yet: its theme stays until the file can be read.
        gone: set[str] = set() if problems else set(before) - names
        if current in gone:
            app.theme = DEFAULT
            problems = [f"The theme {current} is no longer in {self._folder}; {DEFAULT} is on."]
        elif current in names and app.available_themes[current] != before[current]:
            app.mutate_reactive(App.theme)
        for name in gone:
            app.unregister_theme(name)
        if problems:
            self._complain("\n".join(problems))

    def _stamp(self) -> _Stamp:
        found: list[tuple[str, int, int]] = []
        # Most people have no such folder, and an editor may put another file in the place of one just now.
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(".toml"):
                    status = entry.stat()
                    found.append((entry.name, status.st_mtime_ns, status.st_size))
        return tuple(sorted(found))
