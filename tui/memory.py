"""What the screen remembers for its next start, in files of the state folder: `segtap.toml` is the user's."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from ..core import private_files

S = TypeVar("S", bound=msgspec.Struct)


def read(path: Path | None, of: type[S], longest: int = -1) -> S:
    """Return the struct that a file holds, read up to `longest` bytes.

    Without a file, or if it cannot be read, it is one with the values of a first start.
    """
    if path is None:
        return of()
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(longest), type=of)
    except (OSError, msgspec.MsgspecError, ValueError):
        return of()


def write(path: Path, value: msgspec.Struct | str, subject: str) -> str:
    """Keep a struct, as JSON, or a text; return why that cannot be, or "". `subject` begins that sentence."""
    try:
        data = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_files.replace(path, data if isinstance(value, str) else msgspec.json.format(data))
    except (OSError, ValueError) as error:
        return f"{subject} not kept for the next start: {error}"
    return ""
