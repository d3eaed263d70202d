"""`h`: what `[[hold]]` keeps back is listed, released, edited and dropped."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from fake_viewer import FakeViewer, story, until
from pane_host import screen as drawn_screen
from textual.pilot import Pilot

from segtap.core.delivery import DeliveryCounts, DeliveryState
from segtap.core.messages import message_number
from segtap.tui.app import SegtapApp
from segtap.tui.screens.confirm import Choose, Confirm
from segtap.tui.screens.edit import EditScreen
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]
HELD = (3, 8, 15)


def viewer_of(*numbers: int, forwarding: bool = True) -> FakeViewer:
    """An engine in which these messages of the story are held."""
    lines = [
        msgspec.structs.replace(line, delivery=DeliveryState.HELD) if line.id >> 20 in numbers else line
        for line in story(24)
    ]
    counts = DeliveryCounts(held=len(numbers), sent=len(lines) - len(numbers))
    return FakeViewer(lines, forwarding=forwarding, deliveries=counts)


async def ready(pilot: Pilot[object]) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 24)
    await until(pilot, lambda: app.main is not None and app.main.detail is not None)
    assert app.main is not None
    return app.main


async def listed(pilot: Pilot[object], main: MainScreen, *numbers: int) -> None:
    """Wait until the list holds these."""
    await until(pilot, lambda: [row.id >> 20 for row in main.list.window.rows] == list(numbers))


async def asked(pilot: Pilot[object], kind: type[Confirm | Choose]) -> str:
    """The question on the screen."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind), "a question")
    return str(pilot.app.screen.query_one(".question").render())


def said(pilot: Pilot[object]) -> str:
    return "\n".join(note.message for note in pilot.app._notifications)


def decided(viewer: FakeViewer, decision: str) -> list[int]:
    """The messages of all orders of that kind, by their numbers."""
    return [id >> 20 for name, *rest in viewer.calls if name == decision for id in rest[0]]


async def test_h_lists_what_is_held_and_releases_the_selected_one(app_on: AppOn) -> None:
    viewer = viewer_of(*HELD)
    async with app_on(viewer).run_test(size=(140, 40), notifications=True) as pilot:
        main = await ready(pilot)
        assert "3 held" in drawn_screen(pilot)
        main.filter_by("type:track,page")
        await pilot.press("h")
        await listed(pilot, main, *HELD)
        assert "h asks what to do with what is held" in said(pilot)
        await pilot.press("home")
        await until(pilot, lambda: main.list.selected == message_number(3, 0))
        await pilot.press("h")
        question = await asked(pilot, Choose)
        assert question.startswith("3 messages are held. The selected one is “")
        assert "What is released goes to project a1b2…f9" in question
        assert "What follows of the same users does not wait for it" in question
        await pilot.press("o")
        await until(pilot, lambda: decided(viewer, "release") == [3])
        await until(pilot, lambda: "is released. It goes to project a1b2…f9" in said(pilot))
        await listed(pilot, main, 8, 15)
        await pilot.press("escape")
        await until(pilot, lambda: main.filter_bar.text == "type:track,page")


async def test_many_are_released_or_dropped_after_one_question(app_on: AppOn) -> None:
    viewer = viewer_of(*HELD)
    async with app_on(viewer).run_test(size=(140, 40), notifications=True) as pilot:
        main = await ready(pilot)
        await pilot.press("h")
        await listed(pilot, main, *HELD)
        await pilot.press("home", "m", "m", "h")
        await asked(pilot, Choose)
        await pilot.press("r")
        assert "Of 2 marked messages, release what is held?" in await asked(pilot, Confirm)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is main)
        assert decided(viewer, "release") == [], "the default is no"
        await pilot.press("b", "l", "y")
        await until(pilot, lambda: decided(viewer, "release") == [3, 8])
        await until(pilot, lambda: "2 messages released." in said(pilot))
        main.action_act("clear_marks")
        await pilot.press("h")
        await asked(pilot, Choose)
        await pilot.press("d")
        assert "drop what is held?" in await asked(pilot, Confirm)
        await pilot.press("y")
        await until(pilot, lambda: decided(viewer, "drop") == [15])


async def test_an_edited_one_takes_its_place_and_waits_while_forwarding_is_off(app_on: AppOn) -> None:
    viewer = viewer_of(8, forwarding=False)
    async with app_on(viewer).run_test(size=(140, 40), notifications=True) as pilot:
        main = await ready(pilot)
        assert "1 held" in drawn_screen(pilot), "counted while forwarding is off, too"
        await pilot.press("h")
        await listed(pilot, main, 8)
        await pilot.press("h")
        assert "Forwarding is off: what is released waits until f turns forwarding on." in await asked(
            pilot, Choose
        )
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditScreen))
        await pilot.press("f2")
        question = await asked(pilot, Choose)
        assert "on to Mixpanel once forwarding is on? The held one is dropped." in question
        await pilot.press("s")
        await until(pilot, lambda: any(name == "replay" for name, *_ in viewer.calls))
        await until(pilot, lambda: "The held one is dropped. It waits until f turns" in said(pilot))


async def test_nothing_held_says_where_to_begin(app_on: AppOn) -> None:
    async with app_on(FakeViewer(story(24))).run_test(size=(80, 24), notifications=True) as pilot:
        main = await ready(pilot)
        await pilot.press("h")
        await until(pilot, lambda: "[[hold]] in segtap.toml" in said(pilot))
        assert main.filter_bar.text == ""
