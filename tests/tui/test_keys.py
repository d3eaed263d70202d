"""The page of keys: names are unique, no key does two things at once, and every key leads to an action."""

from __future__ import annotations

from collections import Counter

import pytest
from fake_viewer import FakeViewer

from segtap.core.settings import Settings
from segtap.tui.app import SegtapApp
from segtap.tui.keys import KEYS, Key, groups
from segtap.tui.marks import UNICODE
from segtap.tui.screens.main import MainScreen
from segtap.tui.widgets.filter_bar import FilterInput
from segtap.tui.widgets.key_bar import KeyBar
from segtap.tui.widgets.message_list import MessageList

TAKEN_BY_TERMINALS = {"ctrl+s", "ctrl+q", "ctrl+o", "ctrl+j", "ctrl+b", "ctrl+a", "ctrl+z"}
"""Flow control, suspending, and the prefixes of tmux and screen."""


def test_ids_are_unique() -> None:
    assert [id for id, count in Counter(key.id for key in KEYS).items() if count > 1] == []


def test_no_key_does_two_things() -> None:
    for owners in (("list", "screen", "app"), ("filter",)):
        pressed = Counter(name for key in KEYS if key.owner in owners for name in key.keys.split(","))
        assert [name for name, count in pressed.items() if count > 1] == []


def test_no_key_is_one_that_terminals_take() -> None:
    assert not TAKEN_BY_TERMINALS & {name for key in KEYS for name in key.keys.split(",")}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.id)
def test_every_key_leads_to_an_action(key: Key) -> None:
    owner = {"list": MessageList, "screen": MainScreen, "app": SegtapApp, "filter": FilterInput}[key.owner]
    name = key.action.partition("(")[0]
    if name.startswith("app."):
        owner, name = SegtapApp, name.removeprefix("app.")
    assert callable(getattr(owner, f"action_{name}"))
    assert key.text[0].isupper()
    assert key in groups()[key.group]


def test_a_keymap_can_put_a_command_on_another_key() -> None:
    screen = MainScreen(FakeViewer(), Settings(), marks=UNICODE, clock=lambda: 0.0)
    ids = {binding.id for binding in screen._bindings.key_to_bindings["r"]}
    assert ids == {"message.replay"}


def test_the_key_bar_drops_what_is_needed_least() -> None:
    bar = KeyBar()
    assert [key.id for key in bar.keys(20)] == ["filter.open", "app.help"]
    everything = {key.id for key in bar.keys(300)}
    assert everything == {key.id for key in KEYS if key.bar}
    bar.back = True
    assert "pane.back" in {key.id for key in bar.keys(20)}
