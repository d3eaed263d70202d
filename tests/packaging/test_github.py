"""The files under .github and .ci, and the recipes for other tools: read as these read them, and run."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import use_own_folders

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
ACTION = GITHUB / "actions" / "segtap" / "action.yml"
GOOD = {"type": "track", "event": "Order Completed", "userId": "u-1", "messageId": "order-1"}
BAD = {**GOOD, "messageId": "bad id {}", "userId": "null"}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def recipes(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with `segtap` on the path, where the action installs it."""
    use_own_folders(tmp_path, monkeypatch)
    programs = tmp_path / "runner" / "segtap" / "bin"
    programs.mkdir(parents=True)
    program = programs / "segtap"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m segtap.tui "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path / "runner"))
    for name, message in (("good", GOOD), ("bad", BAD)):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(message) + "\n")
    return tmp_path


def step(name: str) -> str:
    (found,) = [one for one in read(ACTION)["runs"]["steps"] if one["name"] == name]
    assert found["shell"] == "bash"
    return found["run"]


def bash(script: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, timeout=60, check=False
    )


def test_every_issue_form_is_one() -> None:
    forms = [file for file in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if file.name != "config.yml"]
    assert forms
    for file in forms:
        form = read(file)
        assert {"name", "description", "body"} <= set(form)
        ids = [part["id"] for part in form["body"]]
        assert len(ids) == len(set(ids))
        for part in form["body"]:
            assert part["type"] in {"textarea", "input", "dropdown", "checkboxes"}
            assert part["attributes"]["label"]
            assert (part["type"] == "dropdown") == ("options" in part["attributes"])


def test_the_workflow_runs_the_core_on_other_systems() -> None:
    jobs = read(GITHUB / "workflows" / "test.yml")["jobs"]
    assert jobs["core"]["strategy"]["matrix"]["os"] == ["macos-latest", "windows-latest"]
    assert jobs["core"]["steps"][-1]["run"] == "python -m pytest tests/core"
    assert jobs["everything"]["steps"][-1]["run"] == ".ci/run"


def test_the_action_uses_the_inputs_that_it_declares() -> None:
    action = read(ACTION)
    text = ACTION.read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([a-z-]+)", text)) == set(action["inputs"])
    # An input within a script would be run as part of it.
    assert not any("${{" in one["run"] for one in action["runs"]["steps"])


@pytest.mark.parametrize(
    ("file", "status", "word"), [("good", 0, ""), ("bad", 1, "::error file=bad.jsonl,line=1")]
)
def test_the_action_checks_a_file(path: Path, file: str, status: int, word: str) -> None:
    done = bash(step("Check the messages"), FILE=f"{file}.jsonl", PLAN="")
    assert (done.returncode, word in done.stdout) == (status, True), done.stderr


@pytest.mark.terminal
def test_the_action_starts_an_endpoint(path: Path) -> None:
    output, added = path / "output", path / "path"
    given = {"PORT": "0", "PLAN": "", "SEGTAP_TESTS": "a-token", "GITHUB_OUTPUT": str(output)}
    script = step("Start the endpoint")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    try:
        done = bash(script, **{**given, "PORT": port, "GITHUB_PATH": str(added)})
        assert done.returncode == 0, done.stdout + done.stderr
        assert output.read_text() == f"url=http://127.0.0.1:{port}\n"
        send = f"""curl -sf -d '{json.dumps(GOOD)}' "http://127.0.0.1:{port}/v1/track" """
        assert bash(f"{send} && segtap expect 'event:\"Order Completed\"' --within 10s").returncode == 0
    finally:
        assert bash("segtap stop --yes").returncode == 0


@pytest.mark.terminal
def test_the_recipe_for_pre_commit_runs(path: Path) -> None:
    (recipe,) = [text for text in recipes("core/testing/README.md", "yaml") if "repo: local" in text]
    check, mappings = yaml.safe_load(recipe)["repos"][0]["hooks"]
    assert re.search(check["files"], "tracking/messages.jsonl")
    for files, status in ((["good.jsonl"], 0), (["good.jsonl", "bad.jsonl"], 1), (["bad.jsonl"], 1)):
        command = [*shlex.split(check["entry"]), *files]
        assert subprocess.run(command, capture_output=True, check=False).returncode == status
    message = f"message = {json.dumps(json.dumps(GOOD))}"
    expect = 'expect = { events = ["Order Completed"] }'
    Path("segtap.toml").write_text(f'[[tests]]\nname = "t"\n{message}\n{expect}\n')
    assert mappings["pass_filenames"] is False
    done = subprocess.run(shlex.split(mappings["entry"]), capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_recipes_for_the_action_name_its_inputs() -> None:
    inputs = set(read(ACTION)["inputs"])
    steps = [
        one
        for text in recipes("core/testing/README.md", "yaml")
        for one in (yaml.safe_load(text) if text.startswith("- ") else ())
        if one.get("uses", "").endswith("/.github/actions/segtap")
    ]
    assert len(steps) == 2
    assert all(set(one["with"]) <= inputs for one in steps)


def test_the_health_check_of_the_image_is_a_command_that_finds_an_engine_or_fails() -> None:
    text = (ROOT / ".ci" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    (command,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", text, re.M)
    program, *arguments = json.loads(command)
    assert program == "python"
    arguments[-1] = arguments[-1].replace("8765", "9")
    done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False, text=True)
    assert "URLError" in done.stderr
    assert re.search(r'^CMD \["forward".*"--dry-run"\]$', text, re.M)
