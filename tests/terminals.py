"""The real `segtap` in a real terminal: one of any size, keys typed into it, text waited for."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

PATIENCE = 30.0
"""Seconds to wait for a text before it is given up."""
UNSET = ("LINES", "COLUMNS", "NO_COLOR", "TMUX")
"""Variables of the person who runs the tests that would change what is drawn."""
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\a]*\a|P[^\x1b]*\x1b\\|[ -/]*[0-~])")


class Terminal:
    """A terminal with a program in it. `drawn` is what it wrote so far, without control sequences."""

    def __init__(self, near: int, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.raw = b""
        self._near = near

    @property
    def drawn(self) -> str:
        return _SEQUENCE.sub("", self.raw.decode("utf-8", "replace"))

    def type(self, keys: str) -> None:
        """Type these keys."""
        os.write(self._near, keys.encode())

    def wait_for(self, pattern: str, *, since: int = 0) -> re.Match[str]:
        """Read until the pattern is drawn, in what comes after `since` bytes; fail when it never is."""
        deadline = time.monotonic() + PATIENCE
        while True:
            drawn = _SEQUENCE.sub("", self.raw[since:].decode("utf-8", "replace"))
            if found := re.search(pattern, drawn):
                return found
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(left):
                raise AssertionError(f"{pattern!r} was not drawn. The end of it all: {drawn[-2000:]!r}")

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Read until something else holds; fail when it never does."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"It never came to it: {what}")
            self._read(0.05)

    def settle(self, most: float = 15) -> None:
        """Read until nothing was drawn for half a second, or `most` seconds are over."""
        deadline = time.monotonic() + most
        while time.monotonic() < deadline and self._read(0.5):
            pass

    def wait_for_end(self, status: int = 0) -> None:
        """Read until the program ends; fail when that takes too long, or its exit status is another one."""
        deadline = time.monotonic() + PATIENCE
        while self._read(max(deadline - time.monotonic(), 0)):
            pass
        try:
            ended = f"ended with {self.process.wait(max(deadline - time.monotonic(), 0.1))}"
        except subprocess.TimeoutExpired:
            ended = f"did not end within {PATIENCE:g} s"
        if ended != f"ended with {status}":
            raise AssertionError(
                f"segtap {ended}, not with {status}. The end of it all:\n{self.drawn[-4000:]}"
            )

    def _read(self, seconds: float) -> bool:
        if not select.select([self._near], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._near, 1 << 16)
        except OSError:  # on Linux, that is how a terminal tells that nobody has it open any more
            return False
        self.raw += data
        return bool(data)


@contextlib.contextmanager
def in_terminal(
    *arguments: str,
    folder: Path,
    size: tuple[int, int] = (80, 24),
    environ: Mapping[str, str] | None = None,
    within: Sequence[str] = (),
) -> Iterator[Terminal]:
    """`segtap` with these arguments in a terminal; its home and state are in `folder`.

    `within` is the command that runs it there, such as tmux.
    """
    near, far = pty.openpty()
    width, height = size
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    given = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SEGTAP_", "MIXPANEL_")) and name not in UNSET
    }
    process = subprocess.Popen(
        [*within, sys.executable, "-m", "segtap.tui", *arguments],
        stdin=far,
        stdout=far,
        stderr=far,
        cwd=folder,
        start_new_session=True,
        env={
            **given,
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
            **(environ or {}),
        },
    )
    os.close(far)
    try:
        yield Terminal(near, process)
    finally:
        if process.poll() is None:
            process.terminate()  # the engine goes with it
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        os.close(near)
