"""Windows and macOS, as far as a process can show here that stands in for them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import platformdirs.macos
import pytest
from engines import isolate

from segtap.core import state_folder
from segtap.core.serve import notes

SCRIPT = Path(__file__).with_name("foreign_system.py")
ROOT = Path(__file__).parents[2]


@pytest.mark.terminal
@pytest.mark.skipif(sys.platform == "win32", reason="it is the other system")
@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_segtap_imports_locks_and_stores_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    command = [sys.executable, "-P", str(SCRIPT), system, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    # Textual's own driver is used in its place, see `tui.app`.
    expected = {"segtap.tui.terminal": "No module named 'termios'"} if system == "win32" else {}
    assert found == {"unimportable": expected, "locked": True, "status": 200, "stored": 1}


def test_the_state_folder_is_where_macos_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(platformdirs, "PlatformDirs", platformdirs.macos.MacOS)
    found = state_folder.state_folder().as_posix()
    assert found.endswith("/Library/Application Support/segtap"), found


def test_a_process_is_not_ended_to_see_whether_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("os.kill", lambda pid, number: pytest.fail("on Windows that ends the process"))
    assert notes.runs(1)


def test_the_readme_says_what_was_run_where() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "macOS and Windows" in text
    assert "have not been run" in text
