"""The public surface: what `segtap.core` exports is there, is all of it, and costs nothing until used."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import segtap.core as library

ROOT = Path(__file__).parents[2]


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after `code`."""
    program = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return set(json.loads(done.stdout))


def test_every_exported_name_is_there_and_listed_once() -> None:
    constants_first = sorted(library.__all__, key=lambda name: (not name.isupper(), name))
    assert list(library.__all__) == constants_first
    assert set(library.__all__) == set(library._HOMES)
    for name in library.__all__:
        assert getattr(library, name) is not None
    assert set(library.__all__) <= set(dir(library))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        library.nothing  # noqa: B018


def test_run_and_check_are_functions_whatever_was_imported_before() -> None:
    # Sub-modules of the same name must not take the place of the public functions.
    code = (
        "import segtap.core.pipeline.stages, segtap.core.commands.check, segtap.core.checks\n"
        "import segtap.core.codec\n"
        "from segtap.core import run, check\n"
        "assert callable(run) and callable(check), (run, check)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_library_loads_nothing_until_it_is_used() -> None:
    assert not {name for name in loaded_by("import segtap.core") if name.startswith("segtap.core.")}


def test_core_never_sees_the_terminal() -> None:
    names = ", ".join(library.__all__)
    loaded = loaded_by(f"from segtap.core import {names}")
    assert not {name for name in loaded if name.split(".")[0] in ("textual", "rich")}
    assert not {name for name in loaded if name.startswith("segtap.tui")}


def test_every_package_is_named_in_pyproject() -> None:
    """A folder that is missing there works in a checkout and is missing from the wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = set(project["tool"]["setuptools"]["packages"])
    found = {
        "segtap." + ".".join(init.parent.relative_to(ROOT).parts)
        for top in ("core", "tui", "themes")
        for init in (ROOT / top).rglob("__init__.py")
    }
    assert found == named


def test_no_module_has_the_name_of_a_public_function() -> None:
    """Importing it would put the module in the function's place."""
    modules = {path.stem for path in (ROOT / "core").iterdir()}
    assert not modules & set(library.__all__)
