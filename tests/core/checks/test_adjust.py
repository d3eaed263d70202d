"""`[[rules]]`: rules silenced and raised by id, event and path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from check_helpers import DESTINATION, NOW, findings, real_message

from segtap.core import config
from segtap.core.checks import CheckSettings, check_settings
from segtap.core.commands.check import check_lines
from segtap.core.errors import SettingsError
from segtap.core.pipeline import compiled
from segtap.core.settings import RuleSetting, Settings

LONG = "https://ex.com/" + "a" * 300
VIDEO = real_message("node", "track", event="Video Played", properties={"url": LONG, "title": "t" * 300})
Severity = Literal["off", "info", "warning", "error"]


def rule(id: str, severity: Severity, event: str = "", path: str = "") -> RuleSetting:
    return RuleSetting(id=id, severity=severity, event=event, path=path)


def found(message: dict[str, Any], *rules: RuleSetting) -> dict[str, str]:
    """The severity of what is found of string-truncated, by path."""
    found = findings(message, settings=CheckSettings(rules=rules))
    return {finding.path: finding.severity for finding in found if finding.rule == "string-truncated"}


BOTH = {"$.properties.url": "warning", "$.properties.title": "warning"}


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        (rule("string-truncated", "off"), {}),
        (rule("string-truncated", "error"), dict.fromkeys(BOTH, "error")),
        (rule("*", "info"), dict.fromkeys(BOTH, "info")),
        (rule("no-identity", "off"), BOTH),
        (rule("string-truncated", "off", event="Video *"), {}),
        (rule("string-truncated", "off", event="Song *"), BOTH),
        (rule("string-truncated", "off", event="Video"), BOTH),
        (rule("string-truncated", "off", event="video *"), BOTH),
        (rule("string-truncated", "off", path="$.properties.url"), {"$.properties.title": "warning"}),
        (rule("string-truncated", "off", path="$.properties.*"), {}),
        (rule("string-truncated", "off", event="Video *", path="*.url"), {"$.properties.title": "warning"}),
        (rule("string-truncated", "off", event="Song *", path="*.url"), BOTH),
    ],
)
def test_a_setting_takes_what_it_names(setting: RuleSetting, left: dict[str, str]) -> None:
    assert found(VIDEO, setting) == left


def test_the_last_setting_that_fits_decides() -> None:
    off, error = rule("*", "off"), rule("string-truncated", "error", path="*.url")
    assert found(VIDEO, off, error) == {"$.properties.url": "error"}
    assert found(VIDEO, error, off) == {}


def test_what_is_raised_comes_first() -> None:
    raised = CheckSettings(rules=(rule("insert-id-length", "error"),))
    assert findings(VIDEO, settings=raised)[0].rule == "insert-id-length"


def test_brackets_of_a_path_stand_for_themselves() -> None:
    message = real_message("node", "track", event="Tagged", properties={"tags": ["x" * 300, "y" * 300]})
    assert found(message, rule("string-truncated", "off", path="$.properties.tags[0]")) == {
        "$.properties.tags[1]": "warning"
    }


def test_a_page_goes_by_its_name() -> None:
    page = real_message("node", "page", properties={"url": LONG})
    assert found(page, rule("string-truncated", "off", event="Pricing")) == {}
    group = real_message("node", "group")
    assert found(group, rule("string-truncated", "off", event="Pricing")) == {}


def test_what_several_messages_show_is_silenced_too() -> None:
    order = json.dumps(real_message("node", "track", event="Signed Up"))
    again = json.dumps(real_message("node", "track", event="signed up", messageId="m-2"))

    def told(*rules: RuleSetting) -> list[str]:
        settings = CheckSettings(rules=rules)
        lines = check_lines([order, again], compiled(DESTINATION, settings), clock=lambda: NOW)
        return [finding.rule for one in lines for finding in one.findings]

    assert "name-casing" in told()
    assert "name-casing" not in told(rule("name-casing", "off", event="signed *"))


def load(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "segtap.toml"
    file.write_text(text, encoding="utf-8")
    return config.load(environ={}, file=file)


def test_the_file_is_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        [[rules]]
        id = "string-truncated"
        severity = "off"
        event = "Video *"
        path = "$.properties.url"
        [[rules]]
        id = "*"
        severity = "error"
        """,
    )
    assert settings.rules == (
        rule("string-truncated", "off", "Video *", "$.properties.url"),
        rule("*", "error"),
    )
    assert check_settings(settings).rules == settings.rules


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '[[rules]]\nid = "string-trunctated"\nseverity = "off"',
            'no. 1: there is no rule "string-trunctated". Did you mean string-truncated?',
        ),
        (
            '[[rules]]\nid = "no-identity"\nseverity = "off"\n[[rules]]\nid = "*"',
            "no. 2: Object missing required field `severity`",
        ),
        ('[[rules]]\nid = "no-identity"\nseverity = "warn"', "severity is off, info, warning or error"),
        (
            '[[rules]]\nid = "no-identity"\nseverity = "off"\nevents = "x"',
            "has no key 'events'. Did you mean event?",
        ),
        ('[[rules]]\nid = "no-identity"\nseverity = "off"\nevent = 3', "Expected `str`, got `int`"),
        ('[rules]\nid = "no-identity"', "rules is a list of tables: write [[rules]] above each"),
        ("rules = [1]", 'is not a table: write id = "…"'),
        (
            '[[rules]]\nid = "zzzzz"\nseverity = "off"',
            'there is no rule "zzzzz". segtap rules lists them.',
        ),
    ],
)
def test_a_wrong_setting_says_what_was_meant(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert words in str(caught.value)
    assert "segtap.toml, line " in str(caught.value)
