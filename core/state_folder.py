"""The user's state folder: the journal, the notes of running engines, the theme that was chosen last."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from .private_files import PRIVATE_FOLDER


def state_folder() -> Path:
    """Return `$XDG_STATE_HOME/segtap`, else `~/.local/state/segtap`, or what other systems have for it."""
    return Path(platformdirs.user_state_dir("segtap", appauthor=False))


def make_folder(folder: Path) -> None:
    """Create the folder and what is missing above it, each readable by its owner only. Raises OSError."""
    for missing in reversed([parent for parent in (folder, *folder.parents) if not parent.exists()]):
        missing.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    if folder == state_folder().resolve():
        folder.chmod(PRIVATE_FOLDER)
