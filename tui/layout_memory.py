"""What the reader changed of the layout, in a file of the state folder, beside the theme chosen last."""

from __future__ import annotations

from pathlib import Path

import msgspec

from . import memory
from .render.list_columns import Look
from .widgets.body import Shares

LONGEST = 10_000


class Layout(msgspec.Struct, frozen=True):
    """Columns of the list, shares of the room, and whether the part in focus has all of it."""

    look: Look = Look()
    shares: Shares = Shares()
    zoomed: bool = False
    wrapped: bool = False
    dimmed: bool = False
    """Messages that do not match the filter are dimmed, not hidden."""


def beside(theme: Path | None) -> Path | None:
    """Return the file of the layout, given that of the theme."""
    return None if theme is None else theme.with_name("layout.json")


def read(path: Path | None) -> Layout:
    """Return the layout; segtap's own if none was kept, or if the file cannot be read."""
    return memory.read(path, Layout, LONGEST)


def write(path: Path | None, layout: Layout) -> str:
    """Keep the layout; return why that cannot be, or ""."""
    return "" if path is None else memory.write(path, layout, "The layout is")
