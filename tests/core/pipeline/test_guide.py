"""`segtap help pipeline`: one picture of the stages, the same on the workspace's page."""

from __future__ import annotations

import re
from pathlib import Path

from command_line import segtap

from segtap.core.pipeline import STAGES
from segtap.core.pipeline.guide import pipeline_guide, pipeline_picture

README = Path(__file__).parents[3] / "core" / "workspace" / "README.md"


def test_the_picture_has_every_stage_in_order() -> None:
    assert re.findall(r"\+- (\w+)", pipeline_picture()) == list(STAGES)


def test_the_workspaces_page_shows_the_same_picture() -> None:
    assert f"```\n{pipeline_picture()}\n```" in README.read_text("utf-8")


def test_help_prints_it_within_a_hundred_columns() -> None:
    done = segtap("help", "pipeline")
    assert done.returncode == 0
    assert done.stdout.rstrip("\n") == pipeline_guide()
    assert max(map(len, done.stdout.splitlines())) <= 100
