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


def import_of(module: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return time.perf_counter() - started


def version() -> float:
    command = Path(sys.executable).with_name("segtap")
    started = time.perf_counter()
    subprocess.run([command, "--version"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def first_paint(folder: Path) -> float:
    started = time.perf_counter()
    with in_terminal("--port", "0", "--ephemeral", folder=folder, size=(120, 40)) as terminal:
        terminal.wait_for("Point an SDK")
        return time.perf_counter() - started


def test_the_screen_is_there_soon(tmp_path: Path) -> None:
    bare, screen = [], []
    for _ in range(ROUNDS):
        bare.append(import_of("textual.app"))
        screen.append(first_paint(tmp_path))
    ratio = min(screen) / min(bare)
    print(
        f"\nfirst paint with the engine's address: {min(screen) * 1e3:,.0f} ms, "
        f"import textual.app alone: {min(bare) * 1e3:,.0f} ms, ratio {ratio:.1f}"
    )
    # Two processes start, the engine opens its journal and listens, and its feed has its first frame drawn.
    assert ratio < 6


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
