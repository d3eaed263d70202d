"""What segtap does not imitate stands in segtap.toml, and each message that it may change says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from segtap.core import compile_settings, config, read_message, run
from segtap.core.config.not_imitated import read_not_imitated, write_not_imitated
from segtap.core.errors import SettingsError
from segtap.core.not_imitated import NOT_IMITATED_KINDS, NotImitated, listed
from segtap.core.settings import DestinationSettings, RuleSetting, Settings

ENRICH = NotImitated(kind="insert_function", name="enrich", where="segment_insert_function_instance.enrich")
TRACKS = NotImitated(kind="tracking_plan", name="Shop", scope="source", condition='type = "track"')
TRACK = {"type": "track", "event": "Signed Up", "userId": "user-1", "messageId": "m-1"}
PAGE = {"type": "page", "name": "Pricing", "userId": "user-1", "messageId": "m-2"}


def notes(message: dict[str, Any], *parts: NotImitated, rules: tuple[RuleSetting, ...] = ()) -> list[str]:
    """Return what the rule says of a message, by settings with these parts."""
    settings = Settings(destination=DestinationSettings(token="t" * 32), not_imitated=parts, rules=rules)
    read = read_message(msgspec.json.encode(message), id=1)
    findings = run(read, compile_settings(settings), now=1_795_557_600_000).findings
    assert {one.severity for one in findings if one.rule == "not-imitated"} <= {"info"}
    return [one.message for one in findings if one.rule == "not-imitated"]


def test_the_tables_are_read_back_as_they_are_written(tmp_path: Path) -> None:
    parts = (*(NotImitated(kind=kind, name=f'"{kind}"\n') for kind in NOT_IMITATED_KINDS), ENRICH, TRACKS)
    file = tmp_path / "segtap.toml"
    file.write_text(write_not_imitated(parts), encoding="utf-8")
    assert config.load(file=file, environ={}).not_imitated == parts


def test_a_function_whose_code_is_at_hand_is_imitated(tmp_path: Path) -> None:
    others = (msgspec.structs.replace(ENRICH, name="other"), msgspec.structs.replace(ENRICH, scope="source"))
    file = tmp_path / "segtap.toml"
    file.write_text(
        write_not_imitated((ENRICH, *others))
        + '[[insert_functions]]\nfile = "fn.js"\nname = "enrich"\n'
        + '[[insert_functions]]\nfile = "other.js"\nname = "other"\nenabled = false\n'
    )
    assert config.load(file=file, environ={}).not_imitated == others


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({}, "a list of tables"),
        ([{"kind": "function"}], "has no kind 'function'. Write one of insert_function"),
        ([{"kind": "filter", "scope": "workspace"}], "has no scope 'workspace'"),
        ([{"kind": "filter", "names": "x"}], "has no key 'names'. Did you mean name?"),
        ([{"kind": "filter", "name": 1}], "name is a text"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(tables: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=r"^segtap\.toml") as raised:
        read_not_imitated(tables, "segtap.toml")
    assert words in str(raised.value)


def test_a_message_names_once_all_that_may_change_it() -> None:
    assert notes(TRACK) == []
    assert notes(PAGE, TRACKS) == []
    assert notes(TRACK, ENRICH, TRACKS) == [
        "Mixpanel may get something else: segtap does not imitate the insert function 'enrich' and the"
        " tracking plan's blocking of 'Shop' (source)"
    ]
    # A condition that cannot be judged may match any message.
    assert notes(PAGE, msgspec.structs.replace(TRACKS, condition="type ==")) != []
    assert notes(TRACK, ENRICH, rules=(RuleSetting(id="not-imitated", severity="off"),)) == []


def test_many_parts_are_counted() -> None:
    many = [NotImitated(kind="field", name=f"f{number}") for number in range(1_200)]
    assert listed(many) == "the field 'f0', the field 'f1', the field 'f2' and 1,197 more"
    assert listed([]) == ""
