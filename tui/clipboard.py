"""Copying out of the screen, by the way that works where it runs, and saying which one that was.

In tmux its own command takes the text, for by default tmux lets no program write to the clipboard. Elsewhere
an OSC 52 sequence does. A terminal never answers whether it took one, so a tool of the desktop goes beside
it where the screen runs on the person's own machine, and a file takes what no clipboard can.
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
from typing import Literal

from textual.app import App

from ..core import private_files
from ..core.state_folder import state_folder
from ..core.text import size

OSC52_LIMIT = 74 * 1024
"""Bytes of text that terminals commonly take in one OSC 52 sequence (100,000 as base64)."""
TOOL_TIMEOUT = 2.0
WITHOUT_OSC52 = frozenset({"dumb", "linux", "vt100", "vt220"})
"""Terminals, by their name in TERM, that have no clipboard."""
NO_CLIPBOARD = {
    "no": "This terminal takes no text to copy",
    "perhaps": "It is not sure that tmux or screen hands it on to the terminal's clipboard",
}
IN_TMUX = "in tmux's buffer (its prefix and ] paste it)"


@dataclass(frozen=True)
class Tool:
    """A program that puts its input on the desktop's clipboard."""

    command: tuple[str, ...]
    encoding: str = "utf-8"

    @property
    def name(self) -> str:
        return self.command[0]


def copy(app: App[object], text: str, *, environ: Mapping[str, str] | None = None) -> str:
    """Copy the text; returns where it is, in words for a toast."""
    environ = os.environ if environ is None else environ
    data = text.encode("utf-8", "replace")
    if app.is_web:
        _osc52(app, data, tmux=False)
        return "sent to the browser's clipboard"
    in_tmux = _to_tmux(data, environ) if "TMUX" in environ else ""
    small, takes = len(data) <= OSC52_LIMIT, takes_osc52(environ)
    sent = not in_tmux and small and takes != "no"
    if sent:
        _osc52(app, data, tmux=takes == "perhaps")
    tool = next((tool for tool in tools(environ) if _run(tool, text)), None)
    if tool is not None:
        return f"on the clipboard, with {tool.name}" + (f"; {in_tmux}" if in_tmux else "")
    if in_tmux:
        return in_tmux
    if sent and takes == "yes":
        return "sent to the terminal's clipboard (OSC 52)"
    why = f"{size(len(data))} is too much for a terminal's clipboard" if not small else NO_CLIPBOARD[takes]
    return _to_file(data, why, (folder(), Path(tempfile.gettempdir())))


def takes_osc52(environ: Mapping[str, str]) -> Literal["yes", "no", "perhaps"]:
    """Return True if the terminal, judging by its name, supports OSC 52.

    Perhaps: there is a tmux or a screen between, which hands it on only when it is set to do so.
    """
    term = environ.get("TERM", "")
    if term in WITHOUT_OSC52 or environ.get("TERM_PROGRAM") == "Apple_Terminal":
        return "no"
    return "perhaps" if "TMUX" in environ or term.startswith(("screen", "tmux")) else "yes"


def osc52(data: bytes, *, tmux: bool = False) -> str:
    """Return the sequence that puts bytes on a terminal's clipboard, wrapped for tmux if it is in between."""
    sequence = f"\x1b]52;c;{base64.b64encode(data).decode('ascii')}\a"
    if not tmux:
        return sequence
    inner = sequence.replace("\x1b", "\x1b\x1b")
    return f"{sequence}\x1bPtmux;{inner}\x1b\\"


def tools(environ: Mapping[str, str], platform: str = sys.platform) -> list[Tool]:
    """Return the clipboard programs that reach the user's desktop; none in a remote session."""
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
    """Return the folder for texts that no clipboard accepted: `copies` in the user's state folder."""
    return state_folder() / "copies"


def write(data: bytes, into: Path) -> Path:
    """Write the bytes to a new file that only its owner can read."""
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    path = into / f"copy-{stamp}.txt"
    private_files.create(path, data)
    return path


def _to_file(data: bytes, reason: str, folders: Sequence[Path]) -> str:
    why = ""
    for into in folders:
        try:
            return f"{reason}, so it is in {write(data, into)}"
        except OSError as error:
            why = str(error)
    return f"nothing was copied. {reason}, and no file can be written: {why}"


def _to_tmux(data: bytes, environ: Mapping[str, str]) -> str:
    """Put the bytes into tmux's buffer, and through it on the clipboard; "" when tmux does not answer."""
    if _tmux(environ, "load-buffer", "-w", "-", data=data) is None:
        # Before tmux 3.2 there is no -w.
        old = _tmux(environ, "load-buffer", "-", data=data)
        return "" if old is None else IN_TMUX
    features = _tmux(environ, "display-message", "-p", "#{client_termfeatures}") or ""
    if "clipboard" in features.strip().split(","):
        return "sent by tmux to the terminal's clipboard, and in tmux's own buffer"
    return f"{IN_TMUX}; its terminal has no clipboard that tmux knows of"


def _tmux(environ: Mapping[str, str], *arguments: str, data: bytes = b"") -> str | None:
    """Return the answer of the tmux that the screen runs in, None if it fails."""
    try:
        done = subprocess.run(
            ("tmux", *arguments),
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TOOL_TIMEOUT,
            check=False,
            env=dict(environ),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


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
