"""What is published: the wheel and the source archive, as pip and PyPI read them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def python_in(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def run(*command: object) -> str:
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=600, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the source archive, which twine accepts."""
    folder = tmp_path_factory.mktemp("built")
    python = python_in(folder / "tools")
    run(python, "-m", "pip", "install", "--quiet", "build", "twine")
    source = folder / "source"
    files = run("git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for name in files:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    run(python, "-m", "build", "--outdir", folder / "dist", source)
    said = run(python, "-m", "twine", "check", "--strict", *(folder / "dist").iterdir())
    assert said.count("PASSED") == 2
    return folder / "dist"


@pytest.mark.terminal
@pytest.mark.timeout(900)
def test_the_wheel_has_every_package_and_its_data(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
    for package in PROJECT["tool"]["setuptools"]["packages"]:
        folder = package.replace(".", "/")
        assert any(name.startswith(f"{folder}/") for name in names), package
    data = (
        "segtap/tui/app.tcss",
        "segtap/core/py.typed",
        "segtap/tui/py.typed",
        "segtap/core/checks/spec.json",
    )
    assert set(data) <= names
    assert any(re.fullmatch(r"segtap/themes/[a-z-]+\.toml", name) for name in names)
    assert not [name for name in names if not name.startswith(("segtap/", "segtap-"))]
    assert "Provides-Extra: demo" in metadata
    assert "# segtap" in metadata


@pytest.mark.terminal
@pytest.mark.timeout(900)
def test_it_installs_and_runs_in_a_clean_environment(built: Path, tmp_path: Path) -> None:
    python = python_in(tmp_path / "clean")
    (wheel,) = built.glob("*.whl")
    run(python, "-m", "pip", "install", "--quiet", f"{wheel}[demo]")
    program = python.with_name("segtap")
    assert run(program, "--version").startswith(f"segtap {PROJECT['project']['version']}")
    assert run(program, "explain", "event-name")
    assert run(python, "-c", "import segtap.tui.app, segtap.core, segment; print('imported')") == "imported\n"
