"""The theme that was chosen last, in a file of the state folder: `segtap.toml` is the user's own."""

from __future__ import annotations

from pathlib import Path

from ..core.state_folder import state_folder
from . import memory

LONGEST = 100


def place() -> Path:
    """Return the file that keeps the theme's name."""
    return state_folder() / "theme"


def read(path: Path) -> str:
    """Return the theme's name; "" if none was chosen or the file cannot be read."""
    try:
        return path.read_text("utf-8")[:LONGEST].strip()
    except (OSError, UnicodeDecodeError):
        return ""


def write(path: Path, theme: str) -> str:
    """Keep the name; returns why that cannot be, or ""."""
    return memory.write(path, theme, "The theme is")
