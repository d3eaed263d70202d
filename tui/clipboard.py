"""Copying out of the screen, by every road there is, and saying which one was taken.

A terminal never answers whether it took an OSC 52 sequence, so a tool of the desktop goes beside it where
the screen runs on the person's own machine, and a file takes what is too long for either.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import platformdirs
from textual.app import App

from ..core import private_files
from ..core.text import size

OSC52_LIMIT = 74 * 1024
"""Bytes of text that terminals commonly take in one OSC 52 sequence (100,000 as base64)."""
TOOL_TIMEOUT = 2.0


@dataclass(frozen=True)
class Tool:
    """A program that puts its input on the desktop's clipboard."""

    command: tuple[str, ...]
    encoding: str = "utf-8"

    @property
    def name(self) -> str:
        return self.command[0]


def copy(app: App[object], text: str, *, environ: Mapping[str, str] | None = None) -> str:
    """Copy the text; returns how, in words for a toast."""
    environ = os.environ if environ is None else environ
    data = text.encode("utf-8", "replace")
    small = len(data) <= OSC52_LIMIT
    if small:
        _osc52(app, data, tmux="TMUX" in environ)
    tool = next((tool for tool in tools(environ) if _run(tool, text)), None)
    if tool is not None:
        return f"on the clipboard, with {tool.name}"
    if small:
        way = "through tmux " if "TMUX" in environ else ""
        return f"sent {way}to the terminal's clipboard (OSC 52)"
    return _to_file(data, (folder(), Path(tempfile.gettempdir())))


def osc52(data: bytes, *, tmux: bool = False) -> str:
    """The sequence that puts the bytes on a terminal's clipboard; in tmux once more, to pass through."""
    sequence = f"\x1b]52;c;{base64.b64encode(data).decode('ascii')}\a"
    if not tmux:
        return sequence
    inner = sequence.replace("\x1b", "\x1b\x1b")
    return f"{sequence}\x1bPtmux;{inner}\x1b\\"


def tools(environ: Mapping[str, str], platform: str = sys.platform) -> list[Tool]:
    """The clipboard programs that reach the person's own desktop: none in a session from afar."""
    if "SSH_CONNECTION" in environ or "SSH_TTY" in environ:
        return []
    found: list[Tool] = []
    if platform == "darwin":
        found.append(Tool(("pbcopy",)))
    if platform == "win32" or "WSL_DISTRO_NAME" in environ:
        found.append(Tool(("clip.exe",), "utf-16"))
    if "WAYLAND_DISPLAY" in environ:
        found.append(Tool(("wl-copy",)))
    if "DISPLAY" in environ:
        found.append(Tool(("xclip", "-selection", "clipboard")))
    return [tool for tool in found if shutil.which(tool.name, path=environ.get("PATH"))]


def folder() -> Path:
    """Where texts go that are too long: `copies` in the user's state folder."""
    return Path(platformdirs.user_state_dir("segtap", appauthor=False)) / "copies"


def write(data: bytes, into: Path) -> Path:
    """Write the bytes to a new file that only its owner can read."""
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    path = into / f"copy-{stamp}.txt"
    private_files.create(path, data)
    return path


def _to_file(data: bytes, folders: Sequence[Path]) -> str:
    too_much = f"{size(len(data))} are too much for a terminal's clipboard"
    why = ""
    for into in folders:
        try:
            return f"{too_much}, so they are in {write(data, into)}"
        except OSError as error:
            why = str(error)
    return f"nothing was copied. {too_much}, and no file can be written: {why}"


def _osc52(app: App[object], data: bytes, *, tmux: bool) -> None:
    driver = app._driver  # pyright: ignore[reportPrivateUsage] – the app's own way knows no tmux
    if driver is not None:
        driver.write(osc52(data, tmux=tmux))


def _run(tool: Tool, text: str) -> bool:
    try:
        done = subprocess.run(
            tool.command,
            input=text.encode(tool.encoding, "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TOOL_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
