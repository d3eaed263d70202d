"""`segtap config show`, and what the commands that write settings do beside a pyproject.toml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import segtap

pytestmark = pytest.mark.usefixtures("own_folders")
PROJECT = '[tool.segtap.destination]\nregion = "eu"\n[[tool.segtap.filters]]\nif = "type = \\"track\\""\n'


def test_show_names_where_each_setting_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("pyproject.toml").write_text(PROJECT)
    monkeypatch.setenv("MIXPANEL_SECRET", "a-secret-of-the-project")
    monkeypatch.setenv("SEGTAP_JOURNAL_PATH", "nats://user:a-password@h")
    done = segtap("config", "show")
    assert done.stdout.splitlines() == [
        'destination.api_secret  "••••"           the variable MIXPANEL_SECRET',
        'destination.region      "eu"             pyproject.toml [tool.segtap]',
        'journal.path            "nats://••••@h"  the variable SEGTAP_JOURNAL_PATH',
        "filters                 1                pyproject.toml [tool.segtap]",
    ]
    assert done.stderr == "Settings: pyproject.toml [tool.segtap] and SEGTAP_* variables\n"
    rows = [
        json.loads(line) for line in segtap("config", "show", "--all", "--format", "json").stdout.splitlines()
    ]
    assert {"name": "ingest.port", "value": 8765, "place": "default"} in rows


def test_no_command_writes_pyproject_toml(tmp_path: Path) -> None:
    Path("pyproject.toml").write_text(PROJECT)
    Path("fn.tf").write_text("")
    for command in (("init",), ("mappings", "import", "fn.tf")):
        done = segtap(*command, "--yes", "--config", "pyproject.toml")
        assert done.returncode == 2
    assert Path("pyproject.toml").read_text() == PROJECT
    done = segtap("init")
    assert (done.returncode, Path("segtap.toml").exists()) == (2, False)
    assert (
        "segtap.toml would take the place of [tool.segtap] in pyproject.toml: --yes writes it" in done.stderr
    )
    assert segtap("init", "--yes").returncode == 0
    assert Path("segtap.toml").exists()


def test_a_failed_test_of_mappings_is_annotated_on_its_line() -> None:
    text = '[tool.segtap]\n[[tool.segtap.tests]]\nname = "a"\nmessage = { type = "track", event = "E" }\n'
    Path("pyproject.toml").write_text(text + 'expect = { events = ["F"] }\n')
    done = segtap("mappings", "test", "--format", "github")
    assert "file=pyproject.toml,line=2" in done.stdout
