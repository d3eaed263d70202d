"""The user's own themes: a file in their folder can be chosen at once, and shows each time it is saved."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_viewer import FakeViewer, story
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from segtap.tui import app as app_module
from segtap.tui import theming
from segtap.tui.app import SegtapApp
from segtap.tui.theme_folder import ThemeFolder
from segtap.tui.theming import DEFAULT, THEMES

MINE = (THEMES / f"{DEFAULT}.toml").read_text("utf-8").replace(f'"{DEFAULT}"', '"mine"', 1)
TRACK = "#7dc3ff"
"""The colour of track calls in the file above."""
_times = iter(range(1, 1_000))


def save(folder: Path, text: str, name: str = "mine.toml") -> None:
    """Write the file with a time of change that no earlier one had."""
    (folder / name).write_text(text, "utf-8")
    at = next(_times) * 1_000_000_000
    os.utime(folder / name, ns=(at, at))


def said(pilot: Pilot[object]) -> str:
    return " ".join(str(toast._notification.message) for toast in pilot.app.screen.query(Toast))


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the looks to the test."""
    monkeypatch.setattr(app_module, "EVERY", 3600.0)


def looking(app: SegtapApp, folder: Path) -> ThemeFolder:
    return ThemeFolder(app, folder, app._complain_of_themes)


@pytest.mark.usefixtures("quiet")
async def test_a_saved_file_is_on_the_screen_at_the_next_look(
    app_on: Callable[..., SegtapApp], tmp_path: Path
) -> None:
    save(tmp_path, MINE)
    app = app_on(FakeViewer(story(3)), themes=tmp_path)
    async with app.run_test(notifications=True) as pilot:
        await pilot.pause()
        app.theme = "mine"
        folder = looking(app, tmp_path)
        await pilot.pause()
        assert app.get_css_variables()["track"].lower() == TRACK
        save(tmp_path, MINE.replace(TRACK, "#ffffff"))
        folder.look()
        await pilot.pause()
        assert app.get_css_variables()["track"].lower() == "#ffffff"
        assert app.theme == "mine"
        colors = {
            str(seg.style.color.name)
            for strip in app.screen._compositor.render_strips()
            for seg in strip
            if seg.style and seg.style.color and seg.text.strip() == "T"
        }
        assert colors == {"#ffffff"}, "lines that were drawn before are drawn again"
        assert said(pilot) == ""


@pytest.mark.usefixtures("quiet")
async def test_a_file_that_cannot_be_used_changes_nothing_and_is_named_once(
    app_on: Callable[..., SegtapApp], tmp_path: Path
) -> None:
    save(tmp_path, MINE)
    app = app_on(FakeViewer(story(3)), themes=tmp_path)
    async with app.run_test(notifications=True) as pilot:
        await pilot.pause()
        app.theme = "mine"
        folder = looking(app, tmp_path)
        save(tmp_path, MINE.replace(f'"{TRACK}"', '"sky"'))
        folder.look()
        await pilot.pause()
        assert app.theme == "mine"
        assert app.get_css_variables()["track"].lower() == TRACK
        assert "mine.toml: [calls] track: 'sky' is not a colour" in said(pilot)
        app.clear_notifications()
        await pilot.pause()
        folder.look()
        await pilot.pause()
        assert said(pilot) == ""
        save(tmp_path, MINE.replace(TRACK, "#eeeeee"))
        folder.look()
        await pilot.pause()
        assert app.get_css_variables()["track"].lower() == "#eeeeee"


@pytest.mark.usefixtures("quiet")
async def test_a_new_file_can_be_chosen_and_a_deleted_one_gives_way(
    app_on: Callable[..., SegtapApp], tmp_path: Path
) -> None:
    folder_of_user = tmp_path / "themes"
    app = app_on(FakeViewer(story(3)), themes=folder_of_user)
    async with app.run_test(notifications=True) as pilot:
        await pilot.pause()
        folder = looking(app, folder_of_user)
        folder.look()
        folder_of_user.mkdir()
        save(folder_of_user, MINE)
        folder.look()
        app.theme = "mine"
        await pilot.pause()
        (folder_of_user / "mine.toml").unlink()
        folder.look()
        await pilot.pause()
        assert app.theme == DEFAULT
        assert "mine" not in app.available_themes
        assert f"The theme mine is no longer in {folder_of_user}; {DEFAULT} is on." in said(pilot)


async def test_the_app_looks_by_itself(
    app_on: Callable[..., SegtapApp], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "EVERY", 0.01)
    app = app_on(FakeViewer(story(3)), themes=tmp_path)
    async with app.run_test() as pilot:
        save(tmp_path, MINE)
        while "mine" not in app.available_themes:
            await pilot.pause()


async def test_a_broken_file_is_named_at_the_start(app_on: Callable[..., SegtapApp], tmp_path: Path) -> None:
    save(tmp_path, "name = 5", "five.toml")
    app = app_on(FakeViewer(story(3)), themes=tmp_path)
    async with app.run_test(notifications=True) as pilot:
        while not said(pilot):
            await pilot.pause()
        assert 'five.toml: it needs a name, such as name = "five"' in said(pilot)
        assert app.theme == DEFAULT


def test_the_folder_is_beside_the_users_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert theming.user_folder() == tmp_path / "segtap" / "themes"
