"""The screen before its engine answers: it is drawn, says so, and keeps what is typed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable

import pytest
from fake_viewer import URL, FakeViewer, story, until
from textual import events
from textual.pilot import Pilot

from segtap.core.api.awaited import AwaitedViewer
from segtap.core.api.models import FeedBatch
from segtap.core.errors import EngineError
from segtap.tui.app import SegtapApp
from segtap.tui.screens.confirm import Confirm
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]


def main_of(pilot: Pilot[object]) -> MainScreen:
    assert isinstance(pilot.app, SegtapApp)
    assert pilot.app.main is not None
    return pilot.app.main


async def test_the_screen_is_drawn_before_the_engine_answers(app_on: AppOn) -> None:
    viewer = AwaitedViewer()
    app = app_on(viewer)
    assert not app.painted.is_set()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, app.painted.is_set)
        main = main_of(pilot)
        assert "segtap  ● starting …" in main.header.render().plain
        assert not main.header.lost
        assert not main.empty.display, "whether there are messages is not known yet"
        viewer.found.set_result(FakeViewer([]))
        await until(pilot, lambda: main.empty.display)
        assert f"● {URL}" in main.header.render().plain
        assert f"Listening on {URL}," in main.empty.text.content(100).plain
        assert viewer.url == URL


def test_the_first_frame_imports_what_it_draws_alone() -> None:
    """Where no bytecode is kept, each module is compiled at every start."""
    code = "import sys, segtap.tui.cli.screen, segtap.tui.app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    rooms = {name.split(".")[2] for name in loaded.split() if name.startswith("segtap.core.")}
    judging = {"checks", "mapping", "pipeline", "query", "catalogue", "forward", "stores"}
    assert not rooms & judging
    clients = {"httpx", "websockets", "uvicorn", "isal", "regex", "html", "secrets"}
    assert not clients & set(loaded.split())
    assert not [name for name in loaded.split() if name.startswith("segtap.tui.actions.")]


async def test_keys_typed_meanwhile_are_kept(app_on: AppOn) -> None:
    viewer, engine = AwaitedViewer(), FakeViewer(story(12))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = main_of(pilot)
        await pilot.press("R", "f", "slash", *"signed", "enter")
        assert main.filter_bar.text == "signed"
        assert [note.message for note in pilot.app._notifications] == ["The engine is starting."]
        viewer.found.set_result(engine)
        await until(pilot, lambda: len(main.list.window) == 1, "the filter is in force")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "f asks whether to forward")


async def test_keys_before_the_first_frame_wait_for_it(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount = SegtapApp.on_mount

    def typed_early(app: SegtapApp) -> None:
        for letter in "/signed":
            app.post_message(events.Key("slash" if letter == "/" else letter, letter))
        assert app.main is not None
        assert not app.main.is_mounted
        mount(app)

    monkeypatch.setattr(SegtapApp, "on_mount", typed_early)
    async with app_on(FakeViewer(story(12))).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: main_of(pilot).filter_bar.text == "signed")


async def test_the_end_before_the_engine_answers(app_on: AppOn) -> None:
    viewer = AwaitedViewer()
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        await pilot.press("f", "q")
        await until(pilot, lambda: not pilot.app.is_running)
    await viewer.close()
    assert not viewer.found.done()


async def test_requests_wait_for_the_engine_and_get_its_errors() -> None:
    class Broken(FakeViewer):
        async def feed(self) -> AsyncGenerator[FeedBatch]:
            raise EngineError("it broke")
            yield

    viewer = AwaitedViewer()
    assert viewer.url == ""
    async with asyncio.TaskGroup() as group:
        state = group.create_task(viewer.state())
        dropped = group.create_task(viewer.users())
        await asyncio.sleep(0)
        dropped.cancel()
        viewer.found.set_result(Broken(story(3)))
    assert state.result().received == 3
    with pytest.raises(EngineError, match="it broke"):
        await anext(viewer.feed())
    assert [line async for line in viewer.export()]
