"""`segtap rules` and `segtap explain`, as they are called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from segtap.core.catalogue import rules
from segtap.core.commands.rules import rule_markdown
from segtap.core.errors import InputError
from segtap.tui.cli import cli


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_every_rule_is_listed() -> None:
    lines = run("rules").splitlines()
    assert [line.split()[1] for line in lines] == [rule.id for rule in rules()]


def test_the_list_is_narrowed_down() -> None:
    ids = [line.split()[1] for line in run("rules", "$insert_id").splitlines()]
    assert "insert-id-charset" in ids
    assert "no-client-ip" not in ids
    lines = run("rules", "--severity", "error").splitlines()
    assert lines
    assert all("error" in line.split()[0].split("/") for line in lines)
    assert any(line.startswith("warning/error ") for line in lines)
    assert run("rules", "no such thing") == ""


def test_as_json_lines() -> None:
    made = [json.loads(line) for line in run("rules", "--format", "json").splitlines()]
    assert [one["id"] for one in made] == [rule.id for rule in rules()]
    assert all(one["why"] and one["fix"] and one["source"] for one in made)


def test_as_markdown() -> None:
    assert run("rules", "--format", "markdown") == rule_markdown()


def test_a_rule_is_explained() -> None:
    text = run("explain", "insert-id-charset")
    before, after = text.split("\nAfter\n")
    assert '"$insert_id": "order_991"' in before
    assert "Mixpanel takes letters, digits and - only" in before
    assert "order_991" not in after


def test_what_segment_and_mixpanel_say_finds_the_rule() -> None:
    assert [line.split()[1] for line in run("rules", "No", "matching", "mapping").splitlines()] == [
        "unmatched"
    ]
    text = run("explain", "You may not have any subscriptions that match this event")
    assert text.splitlines()[0].endswith(" unmatched")
    several = run("explain", "errAliasAlreadyExists").splitlines()
    assert {line.split()[1] for line in several} == {"alias-order", "alias-ignored"}
    made = [
        json.loads(line) for line in run("explain", "errAliasAlreadyExists", "--format", "json").splitlines()
    ]
    assert [one["id"] for one in made] == [line.split()[1] for line in several]


def test_an_explanation_as_json() -> None:
    made = json.loads(run("explain", "shared-device", "--format", "json"))
    assert len(made["example"]["before"]["messages"]) == 2
    assert made["example"]["before"]["findings"][0]["rule"] == "shared-device"
    assert made["example"]["after"]["findings"] == []


def test_an_unknown_rule_is_wrong_use() -> None:
    with pytest.raises(InputError, match="Did you mean insert-id-charset"):
        run("explain", "insert-id-charst")


def test_translate_and_check_judge_by_the_rules_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("segtap.toml").write_text(
        '[destination]\ntoken = "t"\n'
        '[[rules]]\nid = "insert-id-charset"\nseverity = "off"\nevent = "Signed *"\n'
    )
    message = {"type": "track", "event": "Signed Up", "userId": "user-1", "messageId": "order_991"}
    Path("one.jsonl").write_text(json.dumps(message))
    Path("other.jsonl").write_text(json.dumps(message | {"event": "Paid"}))
    now = ("--now", "2026-11-24T22:00:00Z")
    for name, rule in (("one.jsonl", set[str]()), ("other.jsonl", {"insert-id-charset"})):
        for command in (("translate", name), ("check", name, "--format", "json")):
            done = CliRunner().invoke(cli, [*command, *now])
            found = {finding["rule"] for finding in json.loads(done.stdout)["warnings"]}
            assert found & {"insert-id-charset"} == rule, command
