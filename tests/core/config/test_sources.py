"""`[[sources]]` of segtap.toml: read with clear faults, and what a source says wins for its write keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from segtap.core.config import load
from segtap.core.config.shown import shown_settings
from segtap.core.errors import SettingsError
from segtap.core.settings import Settings, SourceSettings

WEB = "[[sources]]\nname = 'web'\nwrite_keys = ['k1', 'k2']\n"
IOS = "[[sources]]\nname = 'ios'\nwrite_keys = ['k3']\n"
OWN = """
[[subscriptions]]
name = "Own"
trigger = 'type = "track"'
action = "trackEvent"
[subscriptions.mapping]
event = { "@path" = "$.event" }
"""


def settings_of(folder: Path, text: str, name: str = "segtap.toml") -> Settings:
    file = folder / name
    file.write_text(text)
    return load(None, file=file, environ={})


def test_sources_are_read_with_a_color_each(tmp_path: Path) -> None:
    text = WEB + "source_name = 'Web'\nblocked_events = ['Debug']\n" + IOS + "color = 'red'\nplan = ''\n"
    assert settings_of(tmp_path, text).sources == (
        SourceSettings(
            name="web",
            write_keys=("k1", "k2"),
            color="cyan",
            source_name="Web",
            blocked_events=("Debug",),
        ),
        SourceSettings(name="ios", write_keys=("k3",), color="red", plan=""),
    )
    assert settings_of(tmp_path, "").sources == ()


def test_pyproject_has_them_below_its_own_table(tmp_path: Path) -> None:
    text = WEB.replace("[[sources]]", "[[tool.segtap.sources]]")
    assert [one.name for one in settings_of(tmp_path, text, "pyproject.toml").sources] == ["web"]
    with pytest.raises(SettingsError, match=r"pyproject.toml, line 1: source 1 \(web\) has no key 'colr'"):
        settings_of(tmp_path, text + "colr = 'red'", "pyproject.toml")


def test_what_a_source_says_wins_for_its_keys(tmp_path: Path) -> None:
    (tmp_path / "web-mappings.toml").write_text(OWN)
    text = (
        "plan = 'all.json'\n[destination]\nsource_name = 'All'\n[segment]\nblocked_events = ['A']\n"
        "blocked_traits = ['ssn']\n"
        + WEB
        + "plan = 'web.json'\nsource_name = 'Web'\nblocked_events = []\nsubscriptions = 'web-mappings.toml'\n"
        + IOS
    )
    settings = settings_of(tmp_path, text)
    web = settings.for_source("k2")
    assert web.plan == str(tmp_path / "web.json")
    assert web.destination.source_name == "Web"
    assert web.segment.blocked_events == ()
    assert web.segment.blocked_traits == ("ssn",)
    assert [one.name for one in web.subscriptions or ()] == ["Own"]
    assert web.kind_given
    for key in ("k3", "other", ""):
        own = settings.for_source(key)
        assert (own.plan, own.destination.source_name) == (str(tmp_path / "all.json"), "All")
        assert own.subscriptions is None
    assert settings.for_source("other") is settings


def test_keys_that_are_not_accepted_are_named(tmp_path: Path) -> None:
    text = "[ingest]\nwrite_keys = ['k1', 'k3']\n[destination]\ntoken = 'tok'\n" + WEB + IOS
    assert [one.partition(" has a")[0] for one in settings_of(tmp_path, text).source_faults] == [
        "the source web"
    ]
    allowed = text.replace("'k3']\n[dest", "'k2', 'k3']\n[dest").replace("['k1', 'k2']", "['k1', 'tok']")
    assert settings_of(tmp_path, allowed).source_faults == ()
    assert settings_of(tmp_path, WEB + IOS).source_faults == ()


def test_config_show_counts_them(tmp_path: Path) -> None:
    shown = {one.name: one.value for one in shown_settings(settings_of(tmp_path, WEB + IOS))}
    assert shown["sources"] == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sources = 1", "Write each below a line [[sources]]"),
        ("[sources]\nname = 'web'", "Write each below a line [[sources]]"),
        ("[[sources]]\nwrite_keys = ['k']", "source 1 has no name"),
        ("[[sources]]\nname = ''\nwrite_keys = ['k']", "source 1 has no name"),
        ("[[sources]]\nname = 7\nwrite_keys = ['k']", "source 1 cannot be named 7"),
        ("[[sources]]\nname = ' web'\nwrite_keys = ['k']", "without a space at either end"),
        ("[[sources]]\nname = 'we*b'\nwrite_keys = ['k']", "mean something in filters"),
        ("[[sources]]\nname = 'web'", "source 1 (web) has no write_keys"),
        ("[[sources]]\nname = 'web'\nwrite_keys = []", "source 1 (web) has no write_keys"),
        ("[[sources]]\nname = 'web'\nwrite_keys = 'k'", "cannot have the write_keys 'k'"),
        ("[[sources]]\nname = 'web'\nwrite_keys = ['']", "cannot have the write_keys ['']"),
        ("[[sources]]\nname = 'web'\nwrite_key = 'k'", "Write a list, also of one"),
        (WEB + "write_key = 'k'", "Write a list, also of one"),
        (WEB + "colour = 'red'", "Did you mean color?"),
        (WEB + "color = 'mauve'", "color cannot be 'mauve': write one of cyan, orange,"),
        (WEB + "token_env = 'T'", "is said by [[routes]]"),
        (WEB + "blockd_events = []", "Did you mean blocked_events?"),
        (WEB + "blocked_events = 'A'", "Expected `array`"),
        (
            WEB + WEB.replace("k1", "k8").replace("k2", "k9").replace("web", "Web"),
            "the name of another source",
        ),
        (WEB + IOS.replace("k3", "k1"), "source 2 (ios) has the write key k1, which is a key of web"),
        (WEB + IOS.replace("ios", "k2"), "the source k2 has a write key of web as its name"),
    ],
)
def test_faults_name_their_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_of(tmp_path, text)
    assert words in str(caught.value)
    assert "segtap.toml" in str(caught.value)


def test_a_file_that_is_not_there_is_named_with_its_source(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"source 1 \(web\): .*gone\.toml cannot be read"):
        settings_of(tmp_path, WEB + "subscriptions = 'gone.toml'")


def test_a_file_of_subscriptions_without_any_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("identity = 'original'")
    with pytest.raises(SettingsError, match=r"source 1 \(web\): .*own\.toml has no \[\[subscriptions\]\]"):
        settings_of(tmp_path, WEB + "subscriptions = 'own.toml'")
