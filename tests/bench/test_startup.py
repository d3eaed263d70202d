"""How long `segtap` takes to show something, beside what Python needs to import the framework alone."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("pty", reason="pseudo-terminals are POSIX")

from terminals import in_terminal

ROUNDS = 4
VERSION_ROUNDS = 12
MOST_FIRST = 3.5
"""Times the import until the first frame. The engine's process starts beside it, on the other core."""
MOST_CONNECTED = 6.0
"""Times the import until the engine is there: it has opened its journal and listens, and its feed is read."""


def import_of(module: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return time.perf_counter() - started


def version() -> float:
    command = Path(sys.executable).with_name("segtap")
    started = time.perf_counter()
    subprocess.run([command, "--version"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def first_paint(folder: Path) -> tuple[float, float]:
    """Seconds until the frame of the list is drawn, and until the engine's address is."""
    started = time.perf_counter()
    with in_terminal("--port", "0", "--ephemeral", folder=folder, size=(120, 40)) as terminal:
        terminal.wait_for("╭")
        drawn = time.perf_counter() - started
        terminal.wait_for("Point an SDK")
        return drawn, time.perf_counter() - started


def test_the_screen_is_there_soon(tmp_path: Path) -> None:
    bare, first, connected = list[float](), list[float](), list[float]()
    for _ in range(ROUNDS):
        bare.append(import_of("textual.app"))
        drawn, there = first_paint(tmp_path)
        first.append(drawn)
        connected.append(there)
    ratio, later = min(first) / min(bare), min(connected) / min(bare)
    print(
        f"\nimport textual.app alone: {min(bare) * 1e3:,.0f} ms, first frame: {min(first) * 1e3:,.0f} ms, "
        f"ratio {ratio:.1f}; the engine's address: {min(connected) * 1e3:,.0f} ms, ratio {later:.1f}"
    )
    assert ratio <= MOST_FIRST
    assert later <= MOST_CONNECTED


def test_the_version_is_there_at_once() -> None:
    bare, shown = [], []
    for _ in range(VERSION_ROUNDS):
        bare.append(import_of("asyncio"))
        shown.append(version())
    ratio = min(shown) / min(bare)
    print(
        f"\nsegtap --version: {min(shown) * 1e3:,.0f} ms, import asyncio alone: {min(bare) * 1e3:,.0f} ms, "
        f"ratio {ratio:.2f}"
    )
    assert ratio < 1.6
