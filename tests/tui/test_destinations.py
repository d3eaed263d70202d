"""`d` shows all panes through another destination than the configured one."""

from __future__ import annotations

from collections.abc import Callable

from fake_viewer import FakeViewer, story, until
from pane_host import screen as drawn
from textual.pilot import Pilot

from segtap.core.api.models import PageRecord, SuperProperties
from segtap.core.otherwise import OtherDetail
from segtap.core.settings import ClassicSettings, DestinationSettings, Settings
from segtap.tui.app import SegtapApp
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]


async def ready(pilot: Pilot[object], app: SegtapApp) -> MainScreen:
    await until(pilot, lambda: app.main is not None and app.main.detail is not None)
    assert app.main is not None
    return app.main


def through(main: MainScreen) -> str:
    return main.detail.through if isinstance(main.detail, OtherDetail) else ""


async def test_the_key_turns_through_the_destinations(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3))
    record = PageRecord("https://api-js.mixpanel.com", "/track/", {"event": "From the page"})
    viewer.page_sends = SuperProperties(records=(record,), sent=1)
    app = app_on(viewer)
    async with app.run_test(size=(200, 60)) as pilot:
        main = await ready(pilot, app)
        assert "/import" in drawn(pilot)
        await pilot.press("d")
        await until(pilot, lambda: through(main) == "classic-cloud")
        await pilot.pause()
        text = drawn(pilot)
        assert "Shown as Classic, cloud mode, not the configured" in text
        assert "as Classic cloud ·" in text, "in the title of the pane"
        assert "https://api.mixpanel.com/track" in text
        for key, shown in (
            ("4", "insert-id-undocumented"),  # what the move changes is among the warnings
            ("5", "nothing of that is sent"),
            ("3", "data=ey"),  # the body as base64
        ):
            await pilot.press(key)
            await until(pilot, lambda shown=shown: shown in drawn(pilot), shown)
        await pilot.press("d")
        await until(pilot, lambda: through(main) == "classic-device")
        await pilot.pause()
        assert "From the page" in drawn(pilot)
        assert "https://api-js.mixpanel.com/track/" in drawn(pilot)
        await pilot.press("d")
        await until(pilot, lambda: through(main) == "")
        await pilot.pause()
        assert "Shown as" not in drawn(pilot)
        assert "/import" in drawn(pilot)


async def test_the_next_message_is_shown_through_it_as_well(app_on: AppOn) -> None:
    app = app_on(FakeViewer(story(3)))
    async with app.run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, app)
        await pilot.press("d")
        await until(pilot, lambda: through(main) == "classic-cloud")
        id = main.list.selected
        await pilot.press("up")
        await until(
            pilot,
            lambda: through(main) and main.detail is not None and main.detail.summary.id != id,
        )


async def test_it_follows_the_settings_of_the_engine(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3))
    name = story(3)[-1].name
    viewer.in_force = Settings(classic=ClassicSettings(people=True, event_increments=(name,)))
    app = app_on(viewer)
    async with app.run_test(size=(200, 60)) as pilot:
        main = await ready(pilot, app)
        await pilot.press("d")
        await until(pilot, lambda: through(main) == "classic-cloud")
        await pilot.pause()
        await pilot.press("4")
        await until(pilot, lambda: "event-increment" in drawn(pilot))
        viewer.in_force = Settings(destination=DestinationSettings(kind="classic-cloud"))
        main.details.read_again()
        await until(pilot, lambda: through(main) == "", "it is the configured one now")


async def test_what_is_no_segment_message_stays_as_it_is(app_on: AppOn) -> None:
    app = app_on(FakeViewer([line for line in story(12) if line.refused]))
    async with app.run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, app)
        await pilot.press("d")
        await until(pilot, lambda: main.header.shown_as)
        assert through(main) == ""
