"""How long `segtap` takes to show something, beside what Python needs to import the framework alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

pytest.importorskip("pty", reason="pseudo-terminals are POSIX")

from terminals import in_terminal

ROUNDS = 4
VERSION_ROUNDS = 12
MOST_FIRST = 3.5
"""Times the import until the first frame. The engine's process starts beside it, on the other core: where
other work has that core, it is measured 2.3 to 3, and 1.6 to 2 of CPU."""
MOST_CONNECTED = 6.0
"""Times the import until the engine is there: it has opened its journal and listens, and its feed is read."""


def import_of(module: str, environ: Mapping[str, str] | None = None) -> float:
    started = time.perf_counter()
    environ = {**os.environ, **(environ or {})}
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, env=environ)
    return time.perf_counter() - started


def version() -> float:
    command = Path(sys.executable).with_name("segtap")
    started = time.perf_counter()
    subprocess.run([command, "--version"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def first_paint(folder: Path, environ: Mapping[str, str]) -> tuple[float, float]:
    """Seconds until the frame of the list is drawn, and until the engine's address is."""
    started = time.perf_counter()
    with in_terminal(
        "--port", "0", "--ephemeral", folder=folder, size=(120, 40), environ=environ
    ) as terminal:
        terminal.wait_for("╭")
        drawn = time.perf_counter() - started
        terminal.wait_for("Point an SDK")
        return drawn, time.perf_counter() - started


def test_the_screen_is_there_soon(tmp_path: Path) -> None:
    # With bytecode for both, as an installed package has it; a checkout may be run without.
    environ = {"PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    import_of("textual.app", environ)
    first_paint(tmp_path, environ)
    bare, first, connected = list[float](), list[float](), list[float]()
    for _ in range(ROUNDS):
        bare.append(import_of("textual.app", environ))
        drawn, there = first_paint(tmp_path, environ)
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
