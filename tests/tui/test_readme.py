"""The READMEs agree with the program: keys, commands, settings, themes, rules, dependencies and links."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from segtap.core import config
from segtap.core.commands.rules import rule_markdown
from segtap.core.config import names
from segtap.tui.cli import COMMANDS
from segtap.tui.keys import KEYS, Key
from segtap.tui.theming import load_themes

ROOT = Path(__file__).parents[2]
READMES = {
    path.parent.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for folder in (".", "core", "core/*", "tui", "tui/*", "tests")
    for path in ROOT.glob(f"{folder}/README.md")
}
README = READMES["."]
LINKS = sorted(
    (folder, link)
    for folder, text in READMES.items()
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"(?s)```.*?```|`[^`\n]*`", "", text))
    if "://" not in link
)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.id)
def test_every_key_is_in_the_table(key: Key) -> None:
    label = " or ".join(f"`{part}`" for part in key.label.replace("|", "\\|").split())
    assert f"| {label} | {key.text} |" in READMES["tui"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_table(command: str) -> None:
    assert f"| `segtap {command}" in README


def test_every_setting_is_shown_and_the_sample_file_loads(tmp_path: Path) -> None:
    sample = READMES["core/config"].split("```toml\n", 1)[1].split("```", 1)[0]
    file = tmp_path / "segtap.toml"
    file.write_text(sample, encoding="utf-8")
    shown = tomllib.loads(sample)
    for section in names.SECTIONS:
        assert set(names.keys_of(section)) - {"token"} == set(shown[section]), section
    # What is shown are the defaults.
    settings, defaults = config.load(environ={}, file=file), config.load(environ={})
    for section in names.SECTIONS:
        assert getattr(settings, section) == getattr(defaults, section), section


def test_every_theme_is_named() -> None:
    themes, _ = load_themes()
    for theme in themes:
        assert f"`{theme.name}`" in READMES["tui"]


def test_the_two_lines_are_there_once_each() -> None:
    for line in (
        "python3 -m venv .venv && .venv/bin/pip install '.[demo]' && .venv/bin/segtap --demo",
        "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest",
    ):
        assert README.count(f"\n{line}\n") == 1


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["demo"]]
    table = READMES["core"].split("## Dependencies", 1)[1]
    for requirement in wanted:
        name = requirement.split(">")[0].strip()
        assert name in table, name


def test_the_table_of_rules_is_the_catalogue() -> None:
    table = READMES["core/checks"].split("<!-- rules: made by `segtap rules --format markdown` -->\n", 1)[1]
    assert table.split("<!-- end of rules -->", 1)[0] == rule_markdown(), "segtap rules --format markdown"


def test_the_sample_of_rules_loads(tmp_path: Path) -> None:
    sample = READMES["core/checks"].split("```toml\n", 1)[1].split("```", 1)[0]
    file = tmp_path / "segtap.toml"
    file.write_text(sample, encoding="utf-8")
    (rule,) = config.load(environ={}, file=file).rules
    assert (rule.id, rule.severity, rule.event) == ("string-truncated", "off", "Video *")


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 250


@pytest.mark.parametrize(("folder", "link"), LINKS, ids=[f"{folder}: {link}" for folder, link in LINKS])
def test_every_link_leads_to_a_file_and_a_heading(folder: str, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (ROOT / folder / path).resolve() if path else ROOT / folder / "README.md"
    assert target.exists()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
        assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("folder", sorted(set(READMES) - {"."}))
def test_every_folders_readme_is_linked(folder: str) -> None:
    linked = {(ROOT / start / link).resolve() for start, link in LINKS if start in (".", "core", "tui")}
    assert (ROOT / folder / "README.md").resolve() in linked


def test_every_part_of_core_is_described() -> None:
    parts = {path.parent.name for path in (ROOT / "core").glob("*/__init__.py")}
    assert parts == set(re.findall(r"^\| \[?`(\w+)/`", READMES["core"], re.M))


def test_the_way_of_a_message_is_short_and_names_what_there_is() -> None:
    way = READMES["core"].split("## The way of one message", 1)[1].split("\n## ", 1)[0]
    assert len(re.findall(r"^\d+\. ", way, re.M)) <= 9
    for file in re.findall(r"`(\w+/\w+\.py)`", way):
        assert (ROOT / "core" / file).exists(), file
