"""The theme that was chosen last, in a file of the state folder: `segtap.toml` is the user's own."""

from __future__ import annotations

from pathlib import Path

from ..core import private_files
from ..core.state_folder import state_folder

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
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_files.replace(path, theme.encode())
    except OSError as error:
        return f"The theme is not kept for the next start: {error}"
    return ""
