"""The README tells the truth: keys, commands, settings and themes stand there as the program has them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from segtap.core import config
from segtap.core.commands.rules import rule_markdown
from segtap.tui.cli import COMMANDS
from segtap.tui.keys import KEYS, Key
from segtap.tui.theming import load_themes

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.id)
def test_every_key_is_in_the_table(key: Key) -> None:
    label = " or ".join(f"`{part}`" for part in key.label.split())
    assert f"| {label} | {key.text} |" in README


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_table(command: str) -> None:
    assert f"| `segtap {command}" in README


def test_every_setting_is_shown_and_the_sample_file_loads(tmp_path: Path) -> None:
    sample = README.split("\n## Settings", 1)[1].split("```toml\n", 1)[1].split("```", 1)[0]
    file = tmp_path / "segtap.toml"
    file.write_text(sample, encoding="utf-8")
    shown = tomllib.loads(sample)
    for section in config.SECTIONS:
        assert set(config.keys_of(section)) - {"token"} == set(shown[section]), section
    # What is shown are the defaults.
    settings, defaults = config.load(environ={}, file=file), config.load(environ={})
    for section in config.SECTIONS:
        assert getattr(settings, section) == getattr(defaults, section), section


def test_every_theme_is_named() -> None:
    themes, _ = load_themes()
    for theme in themes:
        assert f"`{theme.name}`" in README


def test_the_two_lines_are_there_once_each() -> None:
    for line in (
        "python3 -m venv .venv && .venv/bin/pip install '.[demo]' && .venv/bin/segtap --demo",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
    ):
        assert README.count(f"\n{line}\n") == 1


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["demo"]]
    table = README.split("## Dependencies", 1)[1]
    for requirement in wanted:
        name = requirement.split(">")[0].strip()
        assert name in table, name


def test_the_table_of_rules_is_the_catalogue() -> None:
    table = README.split("<!-- rules: made by `segtap rules --format markdown` -->\n", 1)[1]
    assert table.split("<!-- end of rules -->", 1)[0] == rule_markdown(), "segtap rules --format markdown"


def test_the_sample_of_rules_loads(tmp_path: Path) -> None:
    sample = README.split("## Rules", 1)[1].split("```toml\n", 1)[1].split("```", 1)[0]
    file = tmp_path / "segtap.toml"
    file.write_text(sample, encoding="utf-8")
    (rule,) = config.load(environ={}, file=file).rules
    assert (rule.id, rule.severity, rule.event) == ("string-truncated", "off", "Video *")
