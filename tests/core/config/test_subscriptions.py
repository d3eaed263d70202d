"""Subscriptions in segtap.toml: what is written comes back the same; a fault names file and reason."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import vectors

from segtap.core import config
from segtap.core.config.subscriptions import read_subscriptions, write_subscriptions
from segtap.core.destinations.actions.presets import optional_subscriptions, preset_subscriptions
from segtap.core.errors import SettingsError
from segtap.core.pipeline.envelope import envelope_subscriptions
from segtap.core.segment_names import destination_of
from segtap.core.settings import Subscription


def reread(text: str) -> tuple[Subscription, ...]:
    return read_subscriptions(tomllib.loads(text)["subscriptions"], "segtap.toml")


def same(one: tuple[Subscription, ...], other: tuple[Subscription, ...]) -> bool:
    """Equal, and with the keys of the mappings in the same order."""
    return one == other and [str(s.mapping) for s in one] == [str(s.mapping) for s in other]


def test_presets_come_back() -> None:
    subscriptions = (*preset_subscriptions(), *optional_subscriptions())
    assert same(reread(write_subscriptions(subscriptions)), subscriptions)


def test_mappings_of_every_directive_come_back() -> None:
    for row in vectors("custom-mappings"):
        subscriptions = envelope_subscriptions(row["subscriptions"])
        assert same(reread(write_subscriptions(subscriptions)), subscriptions)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
odd_text = st.text(st.characters(codec="utf-8") | st.sampled_from("'\"\\\n\r\x00\x7f\x85\u2028"))


@given(
    name=odd_text,
    trigger=odd_text.filter(bool),
    mapping=st.dictionaries(odd_text, json_values),
    on=st.booleans(),
)
def test_anything_that_json_holds_comes_back(
    name: str, trigger: str, mapping: dict[str, object], on: bool
) -> None:
    subscriptions = (Subscription(trigger, "trackEvent", mapping, name, on),)  # pyright: ignore
    assert same(reread(write_subscriptions(subscriptions)), subscriptions)


def test_null_and_lone_surrogates_are_kept_as_json() -> None:
    mapping = {"event": {"@literal": None}, "ip": "\ud83d '''"}
    text = write_subscriptions((Subscription('type = "track"', "trackEvent", mapping, "Odd"),))
    assert reread(text)[0].mapping == mapping
    text.encode()


def test_a_written_subscription_reads_well() -> None:
    mapping = {"event": {"@template": "Viewed {{name}}"}, "enable_batching": True}
    text = write_subscriptions((Subscription('type = "page"', "trackEvent", mapping, "Pages", False),))
    assert text == (
        "[[subscriptions]]\n"
        'name = "Pages"\n'
        "trigger = 'type = \"page\"'\n"
        'action = "trackEvent"\n'
        "enabled = false\n"
        "[subscriptions.mapping]\n"
        'event = { "@template" = "Viewed {{name}}" }\n'
        "enable_batching = true\n"
    )


def test_a_preset_is_taken_with_fields_of_ones_own() -> None:
    (made,) = reread(
        '[[subscriptions]]\npreset = "Track Calls"\nname = "Web"\nwithout = ["idfa", "ip"]\n'
        '[subscriptions.mapping]\nevent = { "@template" = "web {{event}}" }\n'
    )
    preset = preset_subscriptions()[0]
    assert made.name == "Web"
    assert made.subscribe == preset.subscribe
    assert made.partner_action == "trackEvent"
    expected = {key: node for key, node in preset.mapping.items() if key not in ("idfa", "ip")}
    assert made.mapping == {**expected, "event": {"@template": "web {{event}}"}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("subscriptions = 3", "are tables"),
        (
            '[[subscriptions]]\nname = "A"\naction = "alias"\nmapping = {}',
            "subscription 1 (A) has no trigger",
        ),
        ("[[subscriptions]]\ntrigger = 'x'\nmapping = {}", "subscription 1 has no action"),
        ("[[subscriptions]]\ntrigger = 'x'\naction = 'alias'", "has no mapping"),
        ("[[subscriptions]]\nsubscribe = 'x'", "Did you mean trigger?"),
        ("[[subscriptions]]\ntriger = 'x'", "Did you mean trigger?"),
        ("[[subscriptions]]\npreset = 'Track Call'", "Did you mean 'Track Calls'?"),
        ("[[subscriptions]]\npreset = 'Alias Calls'\nwithout = ['event']", "leaves out 'event'"),
        ("[[subscriptions]]\npreset = 'Alias Calls'\nwithout = 'ip'", "not a list of fields"),
        ("[[subscriptions]]\npreset = 'Alias Calls'\nenabled = 'no'", "neither true nor false"),
        ("[[subscriptions]]\npreset = 'Alias Calls'\nmapping = '{'", "not JSON"),
        ("[[subscriptions]]\npreset = 'Alias Calls'\nmapping = 'preset'", "not JSON"),
        ("[[subscriptions]]\npreset = 'Alias Calls'\nmapping = { a = [nan] }", "nan at mapping.a[0]"),
        ("[[subscriptions]]\npreset = 'Alias Calls'\nmapping = { a = 2026-11-24 }", "date without quotes"),
    ],
)
def test_a_fault_names_file_subscription_and_reason(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        reread(text)
    assert str(caught.value).startswith("segtap.toml: ")
    assert words in str(caught.value)


def test_settings_hold_them_and_the_destination_uses_them(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[subscriptions]]\npreset = "Page Calls"\n[destination]\nregion = "eu"\n')
    settings = config.load(environ={}, file=file)
    assert settings.subscriptions is not None
    assert [s.name for s in settings.subscriptions] == ["Page Calls"]
    assert destination_of(settings).subscriptions == settings.subscriptions
    file.write_text("")
    assert destination_of(config.load(environ={}, file=file)).subscriptions is None
