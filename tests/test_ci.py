"""`.ci/run` runs what a plain `pytest` leaves out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_marker_has_its_run() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]
    markers = {line.split(":")[0] for line in options["ini_options"]["markers"]}
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    runs = re.findall(r"(?:pytest -m |^for kind in |^run_tests .* -m )(.+)$", script, re.M)
    assert markers == {word for run in runs for word in re.findall(r"\w+", run)} & markers
