"""A terminal that goes away ends the app, at once and without a trace of trouble."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.terminal

SCRIPT = """
import asyncio, os
from fake_viewer import FakeViewer, story
from segtap.core.settings import Settings
from segtap.tui.app import SegtapApp

viewer = FakeViewer(story(50))
app = SegtapApp(viewer, Settings())

async def traffic():
    number = 51
    while True:
        viewer.add(*story(5, number))
        number += 5
        await asyncio.sleep(0.02)

async def main():
    task = asyncio.create_task(traffic())
    await app.run_async()
    task.cancel()

asyncio.run(main())
os.write(3, b"crashed" if app.return_code else b"ended")
"""
OPENING = """
import signal
push = app.push_screen

def interrupted(*arguments, **options):
    pushed = push(*arguments, **options)
    os.kill(os.getpid(), signal.SIGINT)
    return pushed

app.push_screen = interrupted
"""
"""Sends SIGINT at the moment in which a screen opens."""


@contextmanager
def running(*, session: bool, script: str = SCRIPT) -> Iterator[tuple[subprocess.Popen[bytes], int, int]]:
    """The app in a terminal of its own: the process, the terminal's far end, where it reports its end."""
    near, far = pty.openpty()
    report, into = os.pipe()
    tests = str(Path(__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", f"import os; os.dup2({into}, 3, inheritable=True)\n{script}"],
        stdin=far,
        stdout=far,
        stderr=far,
        pass_fds=[into],
        start_new_session=session,
        env={**os.environ, "PYTHONPATH": tests, "TERM": "xterm-256color", "LINES": "24", "COLUMNS": "80"},
    )
    os.close(far)
    os.close(into)
    try:
        yield process, near, report
    finally:
        process.kill()
        process.wait()
        os.close(report)


def read_until(terminal: int, wanted: bytes) -> None:
    """Read what the app draws until it has drawn that."""
    deadline = time.monotonic() + 20
    drawn = b""
    while wanted not in drawn:
        assert time.monotonic() < deadline, f"{wanted!r} was not drawn: {drawn[-2000:]!r}"
        drawn += os.read(terminal, 65536)


def test_a_hung_up_terminal_ends_the_app() -> None:
    with running(session=False) as (process, terminal, report):
        read_until(terminal, b"Pricing")
        os.close(terminal)
        assert process.wait(10) == 0
        assert os.read(report, 100) == b"ended"


def test_a_signal_to_go_on_starts_nothing_anew() -> None:
    # The system sends it behind the hang-up, and then even to an app that has just left its terminal.
    with running(session=True) as (process, terminal, report):
        read_until(terminal, b"Pricing")
        process.send_signal(signal.SIGCONT)
        os.write(terminal, b"q")
        read_until(terminal, b"\x1b[?1049l")
        process.send_signal(signal.SIGCONT)
        assert process.wait(10) == 0
        assert os.read(report, 100) == b"ended"
        os.close(terminal)


@pytest.mark.parametrize("drawn", [b"\x1b[?1049h", b"Pricing"], ids=["just-taken", "drawn"])
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_app_and_gives_the_terminal_back(number: signal.Signals, drawn: bytes) -> None:
    with running(session=True) as (process, terminal, report):
        read_until(terminal, drawn)
        process.send_signal(number)
        read_until(terminal, b"\x1b[?1049l")
        assert process.wait(10) == 0
        assert os.read(report, 100) == b"ended"
        os.close(terminal)


def test_an_interrupt_while_a_screen_opens_ends_the_app_without_a_crash() -> None:
    script = SCRIPT.replace("async def traffic", f"{OPENING}\nasync def traffic")
    with running(session=True, script=script) as (process, terminal, report):
        read_until(terminal, b"Pricing")
        os.write(terminal, b"\x10")
        read_until(terminal, b"\x1b[?1049l")
        assert process.wait(10) == 0
        assert os.read(report, 100) == b"ended"
        os.close(terminal)
