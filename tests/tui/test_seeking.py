"""`n` and `N`: to the next or previous error, in the whole journal; and filters that cannot be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_viewer import FakeViewer, story, summary, until
from textual.pilot import Pilot

from segtap.core.messages import message_number
from segtap.tui.app import SegtapApp
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]


async def ready(pilot: Pilot[object], count: int) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == count)
    assert app.main is not None
    return app.main


def selected(main: MainScreen) -> int:
    return (main.list.selected or 0) >> 20


def told(main: MainScreen) -> list[str]:
    return [one.message for one in main.app._notifications]


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=["80x24", "200x60"])
async def test_the_next_and_previous_error_from_any_pane(app_on: AppOn, size: tuple[int, int]) -> None:
    async with app_on(FakeViewer(story(60))).run_test(size=size, notifications=True) as pilot:
        main = await ready(pilot, 60)
        await pilot.press("N")
        await until(pilot, lambda: selected(main) == 54)
        await pilot.press("N", "N")
        await until(pilot, lambda: selected(main) == 42, "one for each press, however quick")
        await until(pilot, lambda: main.detail is not None and main.detail.summary.id >> 20 == 42)
        await pilot.press("4")
        await until(pilot, lambda: main.panes["warnings"].has_focus_within)
        await pilot.press("n")
        await until(pilot, lambda: selected(main) == 51)
        assert main.panes["warnings"].has_focus_within, "the pane keeps the keys"
        await pilot.press("escape", "end", "n")
        await until(pilot, lambda: told(main))
        assert told(main)[-1] == "No message with an error after this one. N searches the other way."
        assert selected(main) == 60
        await pilot.press("left_curly_bracket")
        await until(pilot, lambda: selected(main) == 52, "a warning")
        await pilot.press("right_curly_bracket", "right_curly_bracket")
        await until(
            pilot, lambda: any(one.startswith("No message with a warning after") for one in told(main))
        )


async def test_it_searches_beyond_what_is_loaded_and_within_the_filter(app_on: AppOn) -> None:
    lines = [
        summary(number, errors=int(number in (5, 6)), user="ada" if number in (5, 7) else "bob")
        for number in range(1, 2_501)
    ]
    viewer = FakeViewer(lines)
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 1_000)
        await pilot.press("N")
        await until(pilot, lambda: selected(main) == 6)
        assert not main.list.following
        await pilot.press("slash", *"user:ada", "enter")
        await until(pilot, lambda: len(main.list.window) == 2 and not main.source.searching)
        assert selected(main) == 7
        await pilot.press("N")
        await until(pilot, lambda: selected(main) == 5)
        assert ("page", message_number(7, 0), None, "user:ada warn:error") in viewer.calls
        await pilot.press("N")
        await until(pilot, lambda: told(main))
        assert told(main)[-1].startswith("No message with an error that matches the filter before this one.")
        assert main.source.text == main.filter_bar.text == "user:ada"


async def test_a_filter_with_many_matches_stays_when_an_error_is_far_away(app_on: AppOn) -> None:
    lines = [summary(number, errors=int(number == 5)) for number in range(1, 3_001)]
    async with app_on(FakeViewer(lines)).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 1_000)
        main.list.window.limit = 1_000
        main.filter_by("type:track")
        await until(pilot, lambda: main.source.text == "type:track" and not main.source.searching)
        assert main.list.window.more_above
        await pilot.press("N")
        await until(pilot, lambda: selected(main) == 5)
        assert main.source.text == main.filter_bar.text == "type:track"
        main.filter_by("type:track user:user-77")
        await until(pilot, lambda: main.source.text.endswith("user-77") and not main.source.searching)
        await until(pilot, lambda: selected(main) == 5, "an old message that matches stays selected")


async def test_nothing_to_seek_in_an_empty_journal(app_on: AppOn) -> None:
    async with app_on(FakeViewer()).run_test(size=(120, 40), notifications=True) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.empty.display)
        assert app.main is not None
        await pilot.press("n")
        await until(pilot, lambda: app.main is not None and told(app.main) == ["There is no message yet."])


async def test_a_filter_that_cannot_be_read_is_explained_and_not_applied(app_on: AppOn) -> None:
    async with app_on(FakeViewer(story(24))).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 24)
        await pilot.press("slash", *"type:track")
        await until(pilot, lambda: main.source.text == "type:track")
        await pilot.press("backspace")
        await until(pilot, lambda: main.filter_bar.fault)
        assert main.source.text == "type:track", "the one before stays in force"
        assert "track" in main.filter_bar.fault
        await pilot.press("enter")
        assert main.focused is main.filter_bar.box
        await pilot.press("ctrl+u", *"typ:track")
        await until(pilot, lambda: main.filter_bar.fault.startswith("Try type:"))
        await pilot.press("ctrl+u", *"type:track", "enter")
        assert main.focused is main.list
        assert not main.filter_bar.fault
