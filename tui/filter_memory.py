"""Filters that are kept for the next start: those used last, and those saved under a name.

They are in a file of the state folder, beside the theme chosen last: `segtap.toml` is the user's own.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from ..core.state_folder import state_folder
from . import memory

NAME = "filters.json"
MOST = 50
"""Filters used last that are kept."""


class Filters(msgspec.Struct, frozen=True):
    """Filters used last, the latest at the end, and saved ones by name."""

    history: tuple[str, ...] = ()
    saved: dict[str, str] = {}

    def used(self, text: str) -> Filters:
        """Return them after a filter was used."""
        rest = tuple(old for old in self.history if old != text)
        return msgspec.structs.replace(self, history=(*rest, text)[-MOST:])

    def named(self, name: str, text: str) -> Filters:
        """Return them with a filter saved under a name; with "" the name is removed."""
        saved = {old: filter for old, filter in self.saved.items() if old != name}
        if text:
            saved[name] = text
        return msgspec.structs.replace(self, saved=saved)


def place() -> Path:
    """Return the file that keeps the filters."""
    return state_folder() / NAME


def beside(memory: Path | None) -> Path | None:
    """Return the file of the filters, given another one in which the screen remembers something."""
    return None if memory is None else memory.with_name(NAME)


def read(path: Path | None) -> Filters:
    """Return the filters that are kept; none if there is no file, or it cannot be read."""
    return memory.read(path, Filters)


def write(path: Path, filters: Filters) -> str:
    """Keep the filters; returns why that cannot be, or ""."""
    return memory.write(path, filters, "Filters are")
