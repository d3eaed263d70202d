"""Stories of Segment messages, and the users that Mixpanel has after each by its documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from vectors import vectors

from segtap.core.commands.users import UsersOf
from segtap.core.mapping.dates import read_time
from segtap.core.settings import ClassicSettings, DestinationSettings, Settings
from segtap.tui.cli import cli

ROWS = vectors("identity")


def label(row: dict[str, Any]) -> str:
    return f"{row['name']}-{row['destination']}-{row['merge']}"


def told(row: dict[str, Any]) -> list[dict[str, Any]]:
    settings = Settings(
        identity=row["merge"],
        destination=DestinationSettings(kind=row["destination"], token="0123456789abcdef0123456789abcdef"),
        classic=ClassicSettings(people=True),
    )
    now = read_time(row["now"])
    assert now is not None
    users = UsersOf(settings, lambda: now)
    users.take(json.dumps(message) for message in row["messages"])
    assert not users.unreadable
    return [msgspec.to_builtins(user) for user in users.rows()]


@pytest.mark.parametrize("row", ROWS, ids=label)
def test_the_users_of_a_story(row: dict[str, Any]) -> None:
    assert told(row) == row["users"]


def test_every_destination_and_merge_has_the_same_stories() -> None:
    kinds = {(row["destination"], row["merge"]) for row in ROWS}
    assert len(kinds) == 4
    assert all(sum((row["destination"], row["merge"]) == kind for row in ROWS) >= 30 for kind in kinds)


@pytest.mark.parametrize("merge", ["original", "simplified"])
@pytest.mark.parametrize("destination", ["actions", "classic-cloud"])
def test_the_command_writes_them(
    destination: str, merge: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "segtap.toml").write_text(
        f'identity = "{merge}"\n[destination]\nkind = "{destination}"\n[classic]\npeople = true\n'
    )
    monkeypatch.setenv("MIXPANEL_TOKEN", "0123456789abcdef0123456789abcdef")
    row = next(
        row
        for row in ROWS
        if (row["name"], row["destination"], row["merge"]) == ("doc-new-user-signup", destination, merge)
    )
    lines = "\n".join(json.dumps(message) for message in row["messages"])
    run = CliRunner().invoke(cli, ["users", "-", "--now", row["now"], "--format", "json"], input=lines)
    assert run.exit_code == 0, run.output
    assert [json.loads(line) for line in run.stdout.splitlines()] == row["users"]
