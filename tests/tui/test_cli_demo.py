"""`segtap demo --browser` where the SDKs are missing: what it says, and that it installs nothing unasked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import segtap

from segtap.core.demo import sample_page


def test_without_npm_it_says_how_to_get_the_sdks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    done = segtap("demo", "--browser", "--sdk-folder", str(tmp_path), "--yes")
    assert done.returncode == 2
    assert "npm is not installed" in done.stderr
    assert f"npm install --prefix {tmp_path}" in done.stderr


def test_npm_runs_only_after_a_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(sample_page, "install", asked.append)
    done = segtap("demo", "--browser", "--sdk-folder", str(tmp_path), given="n\n")
    assert (done.returncode, asked) == (2, [])
    assert "@segment/analytics-next@" in done.stderr
