"""The page of keys: names are unique, no key does two things at once, and every key leads to an action."""

from __future__ import annotations

import pkgutil
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import get_args

import pytest
from fake_viewer import FakeViewer, story, until
from textual.binding import Binding
from textual.dom import DOMNode

import segtap.tui as tui
from segtap.core.settings import Settings
from segtap.tui import pane_keys
from segtap.tui.actions.table import ACTIONS
from segtap.tui.app import SegtapApp
from segtap.tui.keys import KEYS, Key, Place, groups
from segtap.tui.render.glyphs import UNICODE
from segtap.tui.screens.help import COLUMN, every_group, line
from segtap.tui.screens.main import MainScreen
from segtap.tui.widgets.filter_bar import FilterInput
from segtap.tui.widgets.key_bar import KeyBar
from segtap.tui.widgets.message_list import MessageList
from segtap.tui.widgets.pane import Pane

TAKEN_BY_TERMINALS = {"ctrl+s", "ctrl+q", "ctrl+o", "ctrl+j", "ctrl+b", "ctrl+a", "ctrl+z"}
"""Flow control, suspending, and the prefixes of tmux and screen."""


def owners() -> Iterator[type[DOMNode]]:
    """Give the app, the screens and the widgets that have bindings of their own."""
    for module in pkgutil.walk_packages(tui.__path__, "segtap.tui."):
        if module.name.startswith(("segtap.tui.screens.", "segtap.tui.widgets.", "segtap.tui.app")):
            for value in vars(import_module(module.name)).values():
                own = isinstance(value, type) and value.__module__ == module.name
                if own and issubclass(value, DOMNode) and "BINDINGS" in vars(value):
                    yield value


def test_ids_are_unique() -> None:
    ids = Counter(key.id for of_group in every_group().values() for key in of_group)
    assert [id for id, count in ids.items() if count > 1] == []


def test_every_binding_of_every_screen_and_widget_has_an_id_of_the_tables() -> None:
    ids = {key.id for of_group in every_group().values() for key in of_group}
    found = set[str | None]()
    for owner in owners():
        own = {binding.id for binding in Binding.make_bindings(vars(owner)["BINDINGS"])}
        assert own <= ids, owner
        found |= own
    assert found == ids


def test_no_key_does_two_things() -> None:
    for owners in (("list", "screen", "app"), ("filter",), ("pane",)):
        pressed = Counter(name for key in KEYS if key.owner in owners for name in key.keys.split(","))
        assert [name for name, count in pressed.items() if count > 1] == []


def test_no_key_is_one_that_terminals_take() -> None:
    assert not TAKEN_BY_TERMINALS & {name for key in KEYS for name in key.keys.split(",")}


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.id)
def test_every_key_leads_to_an_action(key: Key) -> None:
    owner = {
        "list": MessageList,
        "screen": MainScreen,
        "app": SegtapApp,
        "filter": FilterInput,
        "pane": Pane,
    }[key.owner]
    name = key.action.partition("(")[0]
    if name.startswith("app."):
        owner, name = SegtapApp, name.removeprefix("app.")
    if name.startswith("screen."):
        owner, name = MainScreen, name.removeprefix("screen.")
    assert callable(getattr(owner, f"action_{name}"))
    if name == "act":
        assert key.action.removeprefix("screen.").removeprefix("act('").removesuffix("')") in ACTIONS
    assert key.text[0].isupper()
    assert key in groups()[key.group]


def test_a_keymap_can_put_a_command_on_another_key() -> None:
    screen = MainScreen(FakeViewer(), Settings(), marks=UNICODE, clock=lambda: 0.0)
    ids = {binding.id for binding in screen._bindings.key_to_bindings["r"]}
    assert ids == {"message.replay"}


def test_the_key_bar_drops_what_is_needed_least() -> None:
    bar = KeyBar()
    assert [key.id for key in bar.keys(20)] == ["pane.open", "app.help"]
    assert {"pane.open", "pane.segment"} <= {key.id for key in bar.keys(80)}
    bar.requests = 1
    assert "request.next" not in {key.id for key in bar.keys(300)}
    assert "message.routes" not in {key.id for key in bar.keys(300)}
    bar.requests = bar.routes = 2
    for place in get_args(Place):
        bar.place = place
        assert {key.id for key in bar.keys(300)} == {
            key.id for key in (*KEYS, *pane_keys.PANE_KEYS["search"]) if key.bar and place in key.places
        }
    bar.place = "pane"
    assert [key.id for key in bar.keys(20)] == ["pane.back", "app.help"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_key_bar_shows_what_works_where_the_keys_go(
    app_on: Callable[..., SegtapApp], size: tuple[int, int]
) -> None:
    viewer = FakeViewer()
    async with app_on(viewer).run_test(size=size) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.empty.display)
        main = app.main
        assert main is not None

        def bar() -> str:
            return main.key_bar.render().plain

        await until(pilot, lambda: "x decode" in bar() and "replay" not in bar(), "nothing to replay yet")
        viewer.add(*story(3))
        await until(pilot, lambda: "r replay" in bar())
        await pilot.press("slash")
        assert bar().split() == [
            "Enter",
            "keep",
            "Esc",
            "clear",
            "Tab",
            "complete",
            *["F2", "save", "↑", "earlier", "↓", "later"],
        ]
        await pilot.click("#keys", offset=(14, 0))
        await until(
            pilot, lambda: not main.filter_bar.display and main.focused is main.list, "a click on Esc"
        )
        await pilot.press("enter")
        await until(pilot, lambda: "Esc list" in bar() and "J next" in bar())
        await pilot.press("slash")
        await until(pilot, lambda: bar().split()[:4] == ["Enter", "go", "there", "Esc"])
        await pilot.click("#keys", offset=(17, 0))
        await until(pilot, lambda: "J next" in bar(), "a click on Esc ends the search")
        await pilot.press("escape")
        await until(pilot, lambda: "Esc list" not in bar() and "Space pause" in bar())


def test_every_key_has_room_in_its_column_of_the_help() -> None:
    """The help has two columns: a longer line pushes what stands to the right of it out of place."""
    for key in (key for group in every_group().values() for key in group):
        assert line(key.label, key.text, "").cell_length <= COLUMN - 2, key.id
