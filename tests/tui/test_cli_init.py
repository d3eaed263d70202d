"""`segtap init`: a settings file that loads, by answers or by options; one that is there stays as it is."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema_rs
import pytest

from segtap.core import config
from segtap.core.config.first import Answers, first_settings
from segtap.core.errors import SettingsError

SEGTAP = [sys.executable, "-P", "-m", "segtap.tui"]


pytestmark = pytest.mark.usefixtures("own_folders")


def segtap(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SEGTAP, *arguments], input="", capture_output=True, timeout=60, check=False, text=True
    )


@pytest.mark.parametrize(
    "answers",
    [
        Answers(),
        Answers(region="in", token_env="MY_TOKEN"),
        Answers(people=False),
        Answers(project_id=123, service_account_env="MY_ACCOUNT"),
        Answers(service_account_env="MY_ACCOUNT"),
        Answers(group_keys=("company_id", "team id")),
        Answers(kind="classic-cloud", people=True, region="eu", group_keys=("company_id",)),
    ],
)
def test_what_is_written_loads_and_says_what_was_answered(answers: Answers, tmp_path: Path) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text(first_settings(answers), encoding="utf-8")
    settings = config.load(environ={answers.token_env: "t" * 32}, file=file)
    assert settings.destination.kind == answers.kind
    assert settings.destination.token == "t" * 32
    assert settings.destination.region == answers.region
    assert settings.destination.service_account_env == answers.service_account_env
    assert settings.destination.project_id == answers.project_id
    if answers.kind == "classic-cloud":
        assert settings.classic.people is answers.people
        assert settings.classic.group_identifier_traits == answers.group_keys
    elif answers.people and not answers.group_keys:
        assert settings.subscriptions is None
    else:
        made = settings.subscriptions or ()
        assert [one.enabled for one in made if one.partner_action == "identifyUser"] == [answers.people]
        keys = [one.mapping.get("group_key") for one in made if one.partner_action == "groupIdentifyUser"]
        assert keys == list(answers.group_keys or (None,))


@pytest.mark.parametrize("commented", ["segment", "filters", "subscriptions"])
def test_the_examples_in_its_comments_are_settings_too(commented: str, tmp_path: Path) -> None:
    lines = first_settings(Answers()).splitlines()
    start = next(i for i, line in enumerate(lines) if line.removeprefix("# ").strip("[]") == commented)
    example = [line.removeprefix("#").strip() for line in lines[start:] if line.startswith("# ")]
    file = tmp_path / "segtap.toml"
    file.write_text(
        "\n".join(line for line in example if "=" in line or line.startswith("[")), encoding="utf-8"
    )
    assert commented in tomllib.loads(file.read_text())
    config.load(environ={}, file=file)


def test_a_pasted_token_is_not_taken_for_a_name() -> None:
    with pytest.raises(SettingsError, match="a secret itself"):
        first_settings(Answers(token_env="0123456789abcdef0123456789abcdef"))
    with pytest.raises(SettingsError, match="not the name of an environment variable"):
        first_settings(Answers(api_secret_env="a b"))


def test_options_answer_and_nothing_is_asked_without_a_terminal(tmp_path: Path) -> None:
    done = segtap("init", "--region", "EU", "--group-key", "company_id", "--token-env", "MY_TOKEN")
    assert done.returncode == 0, done.stderr
    assert "MY_TOKEN is not set in this shell yet" in done.stderr
    settings = config.load(environ={})
    assert (settings.destination.region, settings.destination.token_env) == ("eu", "MY_TOKEN")
    before = (tmp_path / "segtap.toml").read_text()
    again = segtap("init")
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert (tmp_path / "segtap.toml").read_text() == before
    assert segtap("init", "--yes").returncode == 0
    assert config.load(environ={}).destination.region == "us"


def test_stdout_gets_the_settings(tmp_path: Path) -> None:
    done = segtap("init", "--stdout", "--destination", "classic-cloud", "--no-people")
    assert tomllib.loads(done.stdout)["classic"]["people"] is False
    assert list(tmp_path.glob("*.toml")) == []


def test_secrets_may_stand_in_the_keyring() -> None:
    done = segtap("init", "--yes", "--token-env", "keyring:segtap/token")
    assert (done.returncode, "is not set" in done.stderr) == (0, False)
    assert (
        tomllib.loads(Path("segtap.toml").read_text())["destination"]["token_env"] == "keyring:segtap/token"
    )


def test_a_person_is_asked_on_a_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*SEGTAP, "init"], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        os.close(theirs)
        os.write(
            ours,
            b"actions\n0123456789abcdef0123456789abcdef\nMY_TOKEN\n\n123\nMY_ACCOUNT\neu\nn\n"
            b"company_id, team\n",
        )
        _, talk = process.communicate(timeout=60)
        os.close(ours)
    assert process.returncode == 0, talk
    assert "That looks like a secret itself" in talk
    settings = config.load(environ={})
    assert (settings.destination.token_env, settings.destination.region) == ("MY_TOKEN", "eu")
    assert (settings.destination.service_account_env, settings.destination.project_id) == ("MY_ACCOUNT", 123)
    made = settings.subscriptions or ()
    assert [one.mapping.get("group_key") for one in made if one.partner_action == "groupIdentifyUser"] == [
        "company_id",
        "team",
    ]


def test_a_schema_is_written_beside_the_file_when_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    done = segtap("init", "--schema", "--config", str(folder / "segtap.toml"))
    assert done.returncode == 0, done.stderr
    text = (folder / "segtap.toml").read_text(encoding="utf-8")
    line = text.partition("\n")[0]
    assert line == "#:schema ./segtap.schema.json"
    written = (folder / line.removeprefix("#:schema ")).read_text(encoding="utf-8")
    jsonschema_rs.validate(json.loads(written), tomllib.loads(text))
    assert segtap("config", "schema").stdout == written
    assert segtap("init", "--schema", "--stdout").returncode == 2
    assert "#:schema" not in segtap("init", "--stdout").stdout
