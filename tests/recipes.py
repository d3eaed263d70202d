"""The recipes of core/testing/README.md: blocks of code that tests run."""

from __future__ import annotations

import re
import socket
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "core" / "testing" / "README.md").read_text(encoding="utf-8")


def block(language: str, word: str) -> str:
    """The block of the page that holds the word."""
    (found,) = (one for one in re.findall(rf"```{language}\n(.+?)```", PAGE, re.S) if word in one)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
