"""Which packages from npm the comparison with Segment's published code asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conformance.reference import HERE, Unavailable, packages_of

ANSWERS = {
    "@segment/action-destinations@latest": {
        "version": "9.9.9",
        "dependencies": {"@segment/actions-core": "8.8.8", "dayjs": "^7.7.7", "stripe": "1.0.0"},
    },
    "@segment/tsub": "6.6.6",
}


def npm(folder: Path, monkeypatch: pytest.MonkeyPatch, answers: dict[str, object]) -> None:
    """Put an npm first on the PATH that answers `npm view` from `answers`, and fails for other packages."""
    (folder / "answers.json").write_text(json.dumps(answers))
    script = folder / "npm"
    script.write_text(
        "#!/usr/bin/env python3\n"
        "import json, pathlib, sys\n"
        "answers = json.loads((pathlib.Path(__file__).parent / 'answers.json').read_text())\n"
        "print(json.dumps(answers[sys.argv[2]]))\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_without_a_version_the_pinned_packages_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm(tmp_path, monkeypatch, {})
    assert packages_of(None) == json.loads((HERE / "package.json").read_text())


def test_the_newest_version_brings_its_own_dependencies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm(tmp_path, monkeypatch, ANSWERS)
    pinned, newest = packages_of(None), packages_of("latest")
    assert newest["packed"] == {"@segment/action-destinations": "9.9.9"}
    changed = {"@segment/actions-core": "8.8.8", "@segment/tsub": "6.6.6", "dayjs": "^7.7.7"}
    assert newest["dependencies"] == {**pinned["dependencies"], **changed}


def test_a_version_that_npm_does_not_have_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm(tmp_path, monkeypatch, ANSWERS)
    with pytest.raises(Unavailable, match="npm view failed"):
        packages_of("1.2.3")
