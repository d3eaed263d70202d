"""A settings file is changed where it is meant to be; everything else stays, comments too."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from segtap.core.config.file import with_workspace, write_file
from segtap.core.errors import SettingsError
from segtap.core.settings import DestinationFilter, Subscription

MINE = Subscription('type = "track"', "trackEvent", {"event": {"@path": "$.event"}}, "Mine")
BEFORE = """\
# My settings.
identity = "simplified" # merged

[destination] # of the shop
token_env = "MY_TOKEN"
region = "us"

[ingest]
port = 9000 # mine

[[subscriptions]]
name = "Old"
trigger = 'type = "page"'
action = "trackEvent"
mapping = '''
{
[destination]
}
'''


[screen]
theme = "segtap-light" # [subscriptions]
"""


def test_sections_stay_and_what_is_given_takes_its_place() -> None:
    made = with_workspace(
        BEFORE,
        sections={"destination": {"region": "eu", "strict": False}},
        subscriptions=(MINE,),
        filters=(DestinationFilter(condition='type = "page"'),),
        heading="From a test",
    )
    read = tomllib.loads(made)
    assert read["identity"] == "simplified"
    assert read["ingest"] == {"port": 9000}
    assert read["screen"] == {"theme": "segtap-light"}
    assert read["destination"] == {"token_env": "MY_TOKEN", "region": "eu", "strict": False}
    assert [table["name"] for table in read["subscriptions"]] == ["Mine"]
    assert read["filters"] == [{"if": 'type = "page"', "action": "drop"}]
    for comment in ("# My settings.", "# merged", "port = 9000 # mine", "# [subscriptions]", "# From a test"):
        assert comment in made
    assert "Old" not in made


def test_doing_it_again_changes_nothing() -> None:
    once = with_workspace(BEFORE, sections={}, subscriptions=(MINE,), filters=())
    again = with_workspace(once, sections={}, subscriptions=(MINE,), filters=())
    assert tomllib.loads(again) == tomllib.loads(once)
    assert again.count("[[subscriptions]]") == 1


def test_a_token_takes_the_place_of_a_variable_and_the_other_way_round() -> None:
    one = with_workspace(BEFORE, sections={"destination": {"token": "t"}}, subscriptions=None, filters=())
    assert tomllib.loads(one)["destination"] == {"region": "us", "token": "t"}
    assert tomllib.loads(one)["subscriptions"][0]["name"] == "Old"
    other = with_workspace(one, sections={"destination": {"token_env": "N"}}, subscriptions=None, filters=())
    assert tomllib.loads(other)["destination"] == {"region": "us", "token_env": "N"}


def test_no_subscriptions_at_all_are_not_the_presets() -> None:
    none = with_workspace(BEFORE, sections={}, subscriptions=(), filters=())
    assert tomllib.loads(none)["subscriptions"] == []
    some = with_workspace(none, sections={}, subscriptions=(MINE,), filters=())
    assert len(tomllib.loads(some)["subscriptions"]) == 1


def test_filters_that_are_gone_go_and_those_that_nothing_is_said_of_stay() -> None:
    before = with_workspace(
        BEFORE, sections={}, subscriptions=None, filters=(DestinationFilter(condition='type = "page"'),)
    )
    stay = with_workspace(before, sections={}, subscriptions=None, filters=None)
    assert tomllib.loads(stay) == tomllib.loads(before)
    assert "filters" not in tomllib.loads(with_workspace(before, sections={}, subscriptions=None, filters=()))


def test_a_file_that_is_not_toml_is_left_alone() -> None:
    with pytest.raises(SettingsError, match="is not TOML"):
        with_workspace("[", sections={}, subscriptions=(), filters=())


def test_half_a_character_is_said_and_in_a_mapping_kept() -> None:
    odd = DestinationFilter(condition='event = "A"', name="Odd \ud800")
    with pytest.raises(SettingsError, match=r"half a character after .*Odd"):
        with_workspace("", sections={}, subscriptions=None, filters=(odd,))
    mapping = Subscription('type = "track"', "trackEvent", {"event": "\ud800"}, "Mine")
    made = tomllib.loads(with_workspace("", sections={}, subscriptions=(mapping,), filters=None))
    assert made["subscriptions"][0]["mapping"] == '{\n  "event": "\\ud800"\n}\n'


def test_a_change_that_would_touch_other_sections_is_refused() -> None:
    odd = 'destination.region = "us"\n[destination.x]\n'
    with pytest.raises(SettingsError):
        with_workspace(odd, sections={"destination": {"region": "eu"}}, subscriptions=None, filters=())


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        write_file(tmp_path / "none" / "segtap.toml", "")
    write_file(tmp_path / "segtap.toml", "x = 1")
    assert [path.name for path in tmp_path.iterdir()] == ["segtap.toml"]
