"""The screen on a real engine, with real requests coming in and a stand-in Mixpanel at the other end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from engines import engine_settings, post, running_engine, track
from fake_viewer import until
from mixpanel_faults import TOO_MANY
from pane_host import screen
from textual.pilot import Pilot

from segtap.core.stand_in.faults import UNAUTHORIZED
from segtap.core.stand_in.server import MixpanelServer
from segtap.tui.app import SegtapApp
from segtap.tui.screens.confirm import Choose, Confirm
from segtap.tui.screens.main import MainScreen
from segtap.tui.widgets.pane import Pane

pytestmark = pytest.mark.terminal

SIZES = [(80, 24), (120, 40), (200, 60)]


async def main_of(pilot: Pilot[object]) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and app.main.state is not None)
    assert app.main is not None
    return app.main


async def sees(pilot: Pilot[object], *texts: str) -> None:
    """Wait until the screen shows all of that."""
    try:
        await until(pilot, lambda: all(text in screen(pilot) for text in texts))
    except AssertionError:
        raise AssertionError(f"not all of {texts} was shown:\n{screen(pilot)}") from None


async def reads(pilot: Pilot[object], pane: Pane, *texts: str) -> None:
    """Wait until a pane is in sight and says all of that, however it is broken into lines."""
    try:
        await until(pilot, lambda: pane.region.area and all(text in pane.copy_text() for text in texts))
    except AssertionError:
        raise AssertionError(f"not all of {texts} was said:\n{pane.copy_text()}") from None


async def asked(pilot: Pilot[object], *texts: str) -> None:
    """Wait for a question that has all of that in it."""
    await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
    assert isinstance(pilot.app.screen, Confirm)
    for text in texts:
        assert text in pilot.app.screen.question


async def told(pilot: Pilot[object], *texts: str) -> None:
    """Wait for a toast that has all of that in it."""
    await until(
        pilot, lambda: any(all(t in note.message for t in texts) for note in pilot.app._notifications)
    )


@asynccontextmanager
async def on_screen(
    folder: Path, mixpanel: MixpanelServer, size: tuple[int, int], *, forwarding: bool = False
) -> AsyncIterator[tuple[Pilot[object], MainScreen, str]]:
    """An engine with its journal in the folder, and the screen on it; the engine's URL."""
    settings = engine_settings(folder, mixpanel_url=mixpanel.url)
    async with running_engine(settings, forwarding=forwarding) as (engine, client):
        app = SegtapApp(client, settings, plain=False)
        async with app.run_test(size=size, notifications=True) as pilot:
            yield pilot, await main_of(pilot), engine.url


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_from_the_first_message_to_mixpanel_and_on_after_a_restart(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with MixpanelServer() as mixpanel:
        async with on_screen(tmp_path, mixpanel, size) as (pilot, main, url):
            await sees(pilot, "Point an SDK here", url, "x decode")

            await post(url, track("m-1"), track("m-2", "Order Completed"), track("m-3", userId="null"))
            await sees(pilot, "Signed Up", "Order Completed", "3 received", "FORWARDING OFF")

            await pilot.press("slash", *"order")
            await sees(pilot, "1 of 3")
            assert [line.name for line in main.list.window.rows] == ["Order Completed"]
            await pilot.press("escape")
            await until(pilot, lambda: len(main.list.window) == 3)

            await pilot.press("home", "r")
            await told(pilot, "Replayed “Signed Up”", "Mixpanel gets nothing")
            await sees(pilot, "4 received", "replay")
            assert mixpanel.events == []

            await pilot.press("f")
            await asked(pilot, "project a1b2…f9", "4 messages received before stay unsent")
            await pilot.press("y")
            await sees(pilot, "FORWARDING ON")
            await post(url, track("m-5", "Sent Now"), track("m_6", "Bad Id"))
            await until(pilot, lambda: main.state is not None and main.state.deliveries.refused == 1)
            await until(pilot, lambda: main.state is not None and main.state.sent_since_on == 1)
            await sees(pilot, "200", "400", *(["1 sent"] if size[0] > 80 else []))
            assert [event["event"] for event in mixpanel.events] == ["Sent Now"]
            await pilot.press("end", "5")
            await reads(pilot, main.delivery, "Mixpanel refused 1 of 1 request", "/import 400", "$insert_id")
            await pilot.press("K")
            await reads(pilot, main.delivery, "Mixpanel accepted 1 request", "/import")
            await pilot.press("escape", "end")

            mixpanel.script(UNAUTHORIZED, path="/import")
            await post(url, track("m-7", "Comes Later"))
            await sees(pilot, "FORWARDING HALTED", "Mixpanel refuses the credentials", "1 waiting")
            await pilot.press("5")
            await reads(pilot, main.delivery, "Waiting: 1 request owed", "forwarding has halted")
            await sees(pilot, "f: try again")
            await pilot.press("f")
            await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
            await sees(pilot, "401 Invalid credentials", "Try again", "Read the settings again")
            await pilot.press("o")
            await sees(pilot, "FORWARDING OFF")
            await told(pilot, "1 message received meanwhile did not")
            await reads(pilot, main.delivery, "forwarding is off")

        async with on_screen(tmp_path, mixpanel, size) as (pilot, main, _):
            await sees(pilot, "Comes Later", "Bad Id", "400", "wait", "1 waiting", "FORWARDING OFF")
            assert len(main.list.window) == 7
            await pilot.press("up", "5")
            await reads(pilot, main.delivery, "Mixpanel refused 1 of 1 request", "$insert_id")
            await pilot.press("escape", "end", "f")
            await asked(pilot, "First goes 1 message from before", "4 messages received before stay unsent")
            await pilot.press("y")
            await until(pilot, lambda: main.state is not None and main.state.sent_since_on == 1)
            await pilot.press("5")
            await reads(pilot, main.delivery, "Mixpanel accepted 1 request", "/import 401", "/import 200")
            assert [event["event"] for event in mixpanel.events] == ["Sent Now", "Comes Later"]


async def test_a_mixpanel_that_wants_a_pause_is_told_and_heard_of_again(tmp_path: Path) -> None:
    async with MixpanelServer() as mixpanel:
        mixpanel.script(TOO_MANY, path="/import")
        async with on_screen(tmp_path, mixpanel, (120, 40), forwarding=True) as (pilot, main, url):
            await post(url, track("m-1"))
            await sees(pilot, "429 Project exceeded rate limits", "next try", "FORWARDING ON")
            await pilot.press("5")
            await reads(pilot, main.delivery, "it is tried again by itself", "429  to be tried again")
            await reads(pilot, main.delivery, "Mixpanel accepted 1 request", "attempt 2")
            await until(pilot, lambda: "429 Project" not in main.header.render().plain)
