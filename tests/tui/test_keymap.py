"""Keys of segtap.toml: what they may be, what clashes, and that the whole screen follows them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from details import MESSAGES, order
from fake_viewer import FakeViewer, story, until
from textual.keys import Keys, _character_to_key
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, TextArea

from segtap.core import config
from segtap.core.catalogue import BY_ID
from segtap.core.config.schema import settings_schema
from segtap.core.errors import SettingsError
from segtap.core.json_text import json_bytes
from segtap.core.settings import Settings
from segtap.tui import keys_file
from segtap.tui.app import SegtapApp
from segtap.tui.dialog_keys import DIALOG_KEYS
from segtap.tui.key_names import MODIFIERS, SHOWN, character_key, read_keys, shown_key
from segtap.tui.keymap import (
    DEFAULT,
    Keymap,
    clashes,
    commands,
    descriptions,
    first,
    put_in_force,
    read_keymap,
)
from segtap.tui.keys import KEYS
from segtap.tui.model.compared import of_messages
from segtap.tui.pane_keys import PANE_KEYS
from segtap.tui.places import HIDES, LINE_KEYS, PLACES, TEXT_KEYS
from segtap.tui.screens.columns import ChooseColumns
from segtap.tui.screens.compare import Compare
from segtap.tui.screens.confirm import Choose, Confirm, Option
from segtap.tui.screens.decode import DecodeBox
from segtap.tui.screens.edit import EditScreen
from segtap.tui.screens.help import Help
from segtap.tui.screens.main import MainScreen
from segtap.tui.screens.name_box import NameBox
from segtap.tui.screens.pasted import Inspect
from segtap.tui.screens.rule_story import RuleStory
from segtap.tui.screens.value import WholeValue

TAKEN_BY_TERMINALS = {f"ctrl+{letter}" for letter in "abcdjoqsvz"} | {"ctrl+backslash"}
"""Flow control, signals, the end of a text, and the prefixes of tmux, screen and zellij."""
SIZE = (160, 45)


def test_no_two_commands_of_a_place_have_the_same_key_unless_that_is_meant() -> None:
    assert [(place, inner.id, outer.id, key) for place, inner, outer, key in clashes(DEFAULT)] == []


def test_what_hides_another_does_so_and_says_it_once() -> None:
    pairs = {(inner, outer) for inner, outers in HIDES.items() for outer in outers}
    for inner, outer in pairs:
        without = HIDES | {inner: tuple(one for one in HIDES[inner] if one != outer)}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("segtap.tui.keymap.HIDES", without)
            assert [(a.id, b.id) for _, a, b, _ in clashes(DEFAULT)][:1] == [(inner, outer)]


def test_every_owner_of_keys_has_a_place() -> None:
    owners = {owner for place in PLACES.values() for owner in place.owners}
    assert owners == {*(key.owner for key in KEYS), *PANE_KEYS, *DIALOG_KEYS}


def test_defaults_keep_off_the_keys_of_terminals() -> None:
    taken = {id: TAKEN_BY_TERMINALS & set(DEFAULT.keys(key)) for id, key in commands().items()}
    # ctrl+c does what it does everywhere.
    assert {id: keys for id, keys in taken.items() if keys} == {"app.quit": {"ctrl+c"}}


def owners_in(screen: Screen[Any]) -> set[str]:
    """The owners of the bindings that hold for the part in focus: its own, its parents' and the app's."""
    owners = {key.id: key.owner for key in KEYS}
    for table in (PANE_KEYS, DIALOG_KEYS):
        for owner, keys in table.items():
            owners.update((key.id, owner) for key in keys)
    ids = {
        binding.id
        for node, bindings in screen._binding_chain
        for found in bindings.key_to_bindings.values()
        for binding in found
        if node.check_action(binding.action.partition("(")[0], ())
    }
    return {owners[id] for id in ids if id is not None and id in owners}


class Engine:
    async def inspect(self, text: bytes) -> object:
        return order(bad=True)


async def test_the_places_are_those_of_the_screen(app_on: Callable[..., SegtapApp]) -> None:
    found: dict[str, set[str]] = {}
    async with app_on(FakeViewer()).run_test(size=SIZE) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.empty.display)
        found["the empty screen"] = owners_in(app.screen)
    viewer = FakeViewer(story(12))
    async with app_on(viewer).run_test(size=SIZE) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        main = app.main
        assert main is not None
        detail = main.detail
        assert detail is not None

        async def at(place: str, *keys: str) -> None:
            await pilot.press(*keys)
            await pilot.pause()
            found[place] = owners_in(app.screen)

        async def over(screen: Screen[Any], *places: tuple[str, str]) -> None:
            app.push_screen(screen)
            await pilot.pause()
            for place, keys in places:
                await at(place, *keys.split())
            app.pop_screen()
            await pilot.pause()

        await at("the list")
        for key, name in zip("12345", ("Segment", "Mixpanel", "Wire", "Warnings", "Delivery"), strict=True):
            await at(f"the {name} pane", key)
        await at("the search of a pane", "1", "slash")
        await at("the filter", "escape", "escape", "slash")
        await pilot.press("escape")
        for key, opened, aside in (("s", "the summary", "the bars over time"), ("p", "the groups", "")):
            await at(opened, key)
            if aside:
                await at(aside, *(["tab"] * 2))
            await pilot.press("escape")
        await at("the users", "u")
        await at("the filter of users", "slash")
        await pilot.press("escape", "escape")
        await at("a user's story", "U")
        await pilot.press("escape")
        await at("an event's story", "I")
        await at("the bars of an event", *(["tab"] * 2))
        await pilot.press("escape")
        text = json.dumps(MESSAGES["order"])
        pasted = "of what was decoded"
        await over(
            ChooseColumns(main.list.look, lambda look: None, lambda: main.list.columns), ("the columns", "")
        )
        await over(
            Compare("Order", [of_messages("with the one before", order(), order(), ("a", "b"))]),
            ("a comparison", ""),
        )
        await over(WholeValue("$.a", "x" * 300), ("a long value", ""))
        edit = EditScreen(viewer, order(), "Order", text)
        await over(
            edit,
            ("the editor", ""),
            ("what the editor's text becomes", "f3"),
            ("the search of that", "slash"),
        )
        await over(Confirm("Really?"), ("a question", ""))
        await over(Choose("Which?", [Option("a", "A", "a"), Option("b", "B", "b")]), ("a choice", ""))
        await over(Help(), ("the help", ""))
        await over(RuleStory(BY_ID["string-truncated"]), ("a story", ""))
        await over(DecodeBox(text), ("the decoder", ""), ("what the decoder found", "tab"))
        await over(NameBox("Name", "about"), ("a name", ""))
        await over(
            Inspect(Engine(), [json_bytes(MESSAGES["order"])], order(bad=True)),  # type: ignore[arg-type]
            *((f"the {name} pane {pasted}", key) for name, key in (("Segment", "1"), ("Mixpanel", "2"))),
            (f"the Warnings pane {pasted}", "4"),
            (f"the search of a pane {pasted}", "1 slash"),
        )
    assert found == {name: set(place.owners) for name, place in PLACES.items()}


def test_a_box_keeps_the_keys_that_textual_gives_it() -> None:
    for box, needed in ((Input, LINE_KEYS), (TextArea, TEXT_KEYS)):
        own = {key for binding in box.BINDINGS for key in binding.key.split(",")}  # type: ignore[union-attr]
        assert own - {"enter"} <= needed


@pytest.mark.parametrize(
    ("text", "keys", "shown"),
    [
        ("ctrl+r", ["ctrl+r"], "^r"),
        ("Ctrl+R, F5", ["ctrl+r", "f5"], "^r F5"),
        ("?", ["question_mark"], "?"),
        (",", ["comma"], ","),
        ("x,comma", ["x", "comma"], "x ,"),
        ("Shift+a", ["A"], "A"),
        ("shift+alt+Up", ["alt+shift+up"], "Alt+Shift+↑"),
        ("PgDn,Esc,return", ["pagedown", "escape", "enter"], "PgDn Esc Enter"),
        ("ctrl+i", ["tab"], "Tab"),
        ("ctrl++", ["ctrl+plus"], "^+"),
        ("space", ["space"], "Space"),
        ("é", ["é"], "é"),
        ("", [], ""),
    ],
)
def test_keys_are_written_as_people_do(text: str, keys: list[str], shown: str) -> None:
    assert read_keys(text) == keys
    assert " ".join(map(shown_key, keys)) == shown


@pytest.mark.parametrize("text", ["ctrl+", "contrl+r", "xy", "shift+1", "x,xy", "f99", "ctrl+ab"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text.rpartition(",")[2])):
        read_keys(text)


def test_the_names_are_those_of_textual() -> None:
    for code in range(32, 127):
        assert character_key(chr(code)) == _character_to_key(chr(code)).replace("upper_", "")
    named = {key.value for key in Keys if not key.value.startswith("<")}
    plain = {name for name in named if "+" not in name}
    assert set(SHOWN) - {"space"} <= plain
    assert {part for name in named if "+" in name[:-1] for part in name.split("+")[:-1]} <= set(MODIFIERS)


@pytest.mark.parametrize(
    ("wanted", "changed", "problem"),
    [
        ({"message.replay": "ctrl+r"}, {"message.replay"}, ""),
        ({"message.replay": "o", "mixpanel.open": "r"}, {"message.replay", "mixpanel.open"}, ""),
        ({"app.quit": ""}, {"app.quit"}, ""),
        ({"list.paus": "x"}, set(), "Did you mean list.pause?"),
        ({"nothing.like-it": "x"}, set(), "segtap help keys lists them."),
        ({"list.pause": "ctrl+"}, set(), '"list.pause" = "ctrl+": "ctrl+" is not a key.'),
        (
            {"message.replay": "f"},
            set(),
            'in the list f is also "Forwarding on or off" (forwarding.toggle). It stays on r.',
        ),
        ({"message.replay": "y"}, set(), 'in the Segment pane y is also "Copy the value" (json.copy-value).'),
        ({"summary.users": "e"}, set(), "in the summary e is also"),
        ({"filter.keep": "x"}, set(), "the filter needs x for itself. It stays on Enter."),
        ({"filter.complete": "ctrl+a"}, set(), "the filter needs ^a for itself."),
        ({"pane.end-search": "b"}, set(), "the search of a pane needs b for itself."),
        ({"edit.send": "ctrl+z"}, set(), "the editor needs ^z for itself. It stays on F2."),
        (
            {"message.replay": "f9", "message.edit": "f9", "list.pause": "f8"},
            {"list.pause"},
            "It stays on e.",
        ),
    ],
)
def test_what_cannot_be_stays_where_it_was(wanted: dict[str, str], changed: set[str], problem: str) -> None:
    keymap = read_keymap(wanted)
    assert set(keymap.changed) == changed
    assert problem in "\n".join(keymap.problems)
    assert bool(keymap.problems) == bool(problem)
    assert not list(clashes(keymap))


def test_a_default_that_comes_back_may_clash_in_turn() -> None:
    """r is taken by another command only as long as replaying is elsewhere."""
    keymap = read_keymap({"message.replay": "f", "mixpanel.open": "r"})
    assert not keymap.changed
    assert len(keymap.problems) == 2


def settings_with(**keys: str) -> Settings:
    return Settings(keys={id.replace("__", ".").replace("_", "-"): text for id, text in keys.items()})


def app_with(settings: Settings, viewer: FakeViewer | None = None) -> SegtapApp:
    return SegtapApp(viewer or FakeViewer(story(12)), settings, plain=False, clock=lambda: 100.0)


async def main_of(pilot: Pilot[Any]) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and app.main.detail is not None)
    assert app.main is not None
    return app.main


async def test_the_whole_screen_follows_the_keys_of_the_settings() -> None:
    wanted = {
        "list.pause": "f9",
        "app.help": "f1",
        "filter.open": "ctrl+f",
        "pane.segment": "f5",
        "users.back": "q",
        "json.copy-value": "f8",
        "warnings.copy-value": "f8",
        "message.replay": "y",
        "engine.retry": "",
    }
    async with app_with(Settings(keys=wanted)).run_test(size=SIZE, notifications=True) as pilot:
        main = await main_of(pilot)
        bar = lambda: main.key_bar.render().plain  # noqa: E731
        assert "F9 pause" in bar()
        assert "^f filter" in bar()
        assert "F5/2/3/4/5 panes" in bar()
        assert "y replay" in bar(), "the value is copied by another key now"
        assert main.list.following
        await pilot.press("space")
        assert main.list.following, "nothing is on the key that it had"
        await pilot.press("f9")
        assert not main.list.following
        await pilot.press("slash")
        assert main.focused is main.list
        await pilot.press("ctrl+f", *"ab", "slash")
        assert main.filter_bar.box.value == "ab/"
        await pilot.press("escape", "f5")
        await until(pilot, lambda: main.segment.has_focus_within)
        await pilot.press("escape", "u", "slash", "x", "escape")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "UsersScreen")
        await pilot.press("escape")
        assert type(pilot.app.screen).__name__ == "UsersScreen", "its way back is another key"
        await pilot.press("q")
        assert pilot.app.screen is main
        offered = {command.title: command.help for command in pilot.app.get_system_commands(main)}
        assert offered["Pause, or follow again"] == "List · key F9"
        assert offered["Reconnect to the engine"] == "segtap · key –"
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(pilot.app.screen, Help))
        page = str(pilot.app.screen.page.render())  # type: ignore[attr-defined]
        assert "  F9         Pause, or follow again" in page
        assert "  –          Reconnect to the engine" in page
        assert "  F8         Copy the value" in page
        assert not pilot.app._notifications


async def test_what_cannot_be_is_said_at_the_start_and_the_default_works() -> None:
    settings = settings_with(
        list__pause="z", app__help="nokey", no__such="x", edit__send="a", message__edit="r"
    )
    async with app_with(settings).run_test(size=SIZE, notifications=True) as pilot:
        main = await main_of(pilot)
        (note,) = pilot.app._notifications
        assert note.title == "[keys] of segtap.toml"
        assert note.severity == "warning"
        assert '"no.such": no command has this id.' in note.message
        assert "1 more: segtap help keys" in note.message
        await pilot.press("space")
        assert not main.list.following


async def test_keys_change_while_the_screen_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segtap.tui.app.EVERY", 0.02)
    file = tmp_path / "segtap.toml"
    file.write_text("")
    settings = config.load(environ={}, file=file)
    async with app_with(settings).run_test(size=SIZE, notifications=True) as pilot:
        main = await main_of(pilot)
        assert "Space pause" in main.key_bar.render().plain
        file.write_text('[keys]\n"list.pause" = ["f9", "f10"]\n')
        await until(pilot, lambda: "F9 F10 pause" in main.key_bar.render().plain)
        await pilot.press("f10")
        assert not main.list.following
        file.write_text('[keys]\n"list.pause" = 9\n')
        await until(pilot, lambda: bool(pilot.app._notifications))
        (note,) = pilot.app._notifications
        assert (note.title, '"list.pause" of [keys] is a text' in note.message) == (
            "The keys stay as they are",
            True,
        )
        file.unlink()
        await until(pilot, lambda: "Space pause" in main.key_bar.render().plain)


async def test_a_file_that_did_not_change_is_not_read_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(settings: Settings) -> Settings:
        raise AssertionError

    monkeypatch.setattr("segtap.core.config.read_again", fails)
    watched = keys_file.KeysFile(
        Settings(file=str(tmp_path / "none.toml")), lambda keys: None, lambda why: None
    )
    await watched.look()


def test_a_sentence_names_the_key_in_force() -> None:
    assert first("list.first") == "Home"
    put_in_force(Keymap({"list.first": ("f7", "g")}))
    try:
        assert first("list.first") == "F7"
    finally:
        put_in_force(DEFAULT)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("keys = 3", "[keys] is a section"),
        ("[keys]\nmessage.replay = 'x'", "is a table. Put the id into quotes"),
        ("[keys]\n'message.replay' = [1]", "is a text such as"),
    ],
)
def test_keys_that_are_no_text_stop_the_start(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "segtap.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=re.escape(why)):
        config.load(environ={}, file=file)


def test_the_schema_knows_every_command() -> None:
    keys = settings_schema(descriptions())["properties"]["keys"]  # type: ignore[index,call-overload]
    assert keys["properties"].keys() == commands().keys()  # type: ignore[index,call-overload,union-attr]
    valid = jsonschema_rs.validator_for(keys).is_valid
    assert valid({"message.replay": "ctrl+r", "list.pause": ["f9", ","], "app.quit": ""})
    assert not valid({"message.repaly": "x"})
    assert not valid({"message.replay": 5})
    described = keys["properties"]["message.replay"]["description"]  # type: ignore[index,call-overload]
    assert described == "Message: Replay the message. By default r"
