"""The URL that messages were sent to last, in a file of the state folder.

It holds no credentials: URLs with a user, a query or a fragment are not accepted.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from . import memory

NAME = "server.json"
LONGEST = 10_000


class Server(msgspec.Struct, frozen=True):
    """The URL of the server that messages were sent to last, "" for none."""

    url: str = ""


def read(layout: Path | None) -> str:
    """Return the URL, given the file of the layout; "" if none was kept, or it cannot be read."""
    return memory.read(_beside(layout), Server, LONGEST).url


def write(layout: Path | None, url: str) -> str:
    """Keep the URL; return why that cannot be, or ""."""
    path = _beside(layout)
    return "" if path is None else memory.write(path, Server(url), "The URL is")


def _beside(layout: Path | None) -> Path | None:
    return None if layout is None else layout.with_name(NAME)
