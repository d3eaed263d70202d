"""The list's columns on the screen: heads, times, and what stays where it is while one reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from fake_viewer import FakeViewer, story, summary, until
from textual.pilot import Pilot

from segtap.core.api.models import Change
from segtap.core.delivery import DeliveryState
from segtap.core.messages import message_number
from segtap.tui.app import SegtapApp
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]


async def ready(pilot: Pilot[object], count: int) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == count)
    assert app.main is not None
    await until(pilot, lambda: bool(app.main and app.main.list.size.height))
    return app.main


def lines(main: MainScreen) -> list[str]:
    return [main.list.render_line(y).text for y in range(len(main.list.window))]


async def test_heads_stand_over_the_columns(app_on: AppOn) -> None:
    async with app_on(FakeViewer(story(12))).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 12)
        head, line = main.list_head.render().plain, lines(main)[2]
        for name, value in (("time", "10:41:03.490"), ("user", "user-77"), ("source", "web")):
            assert head.index(name) == line.index(value)
        assert line.endswith("   ✖1   400")
        viewer_change = Change(message_number(3, 0), DeliveryState.REFUSED, 413)
        main.list.change([viewer_change])
        assert lines(main)[2].endswith(" 413")
        main.list.change([Change(message_number(3, 0), DeliveryState.WAITING)])
        assert lines(main)[2].endswith(" wait")


async def test_messages_of_one_request_have_their_time_once(app_on: AppOn) -> None:
    batch = [msgspec.structs.replace(summary(1), id=message_number(1, place)) for place in range(3)]
    async with app_on(FakeViewer([*batch, summary(2)])).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 4)
        shown = [line[1:13].strip() for line in lines(main)]
        assert shown == ["10:41:02.870", "·", "·", "10:41:03.180"]
        await pilot.press("up")
        assert lines(main)[2][1:13] == "10:41:02.870", "the selected message has its time"


async def test_a_key_turns_the_times_and_it_is_remembered(app_on: AppOn, tmp_path: Path) -> None:
    memory = tmp_path / "state" / "theme"
    async with app_on(FakeViewer(story(12)), memory=memory).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 12)
        await pilot.press("T")
        assert main.list_head.render().plain.startswith(" time UTC ")
        await until(pilot, lambda: main.detail is not None and "Z  " in main.caption.render().plain)
        await pilot.press("T")
        assert main.list_head.render().plain.startswith(" since last ")
        assert "Z  " not in main.caption.render().plain
        assert lines(main)[3][1:13] == "      +0.310"
    async with app_on(FakeViewer(story(12)), memory=memory).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 12)
        assert main.list.look.clock == "since"
        await pilot.press("T")
        assert main.list.look.clock == "local"


async def test_a_layout_that_cannot_be_read_is_segtaps_own(app_on: AppOn, tmp_path: Path) -> None:
    (tmp_path / "layout.json").write_text('{"look": {"clock": "lunar"}}')
    async with app_on(FakeViewer(story(3)), memory=tmp_path / "theme").run_test(size=(80, 24)) as pilot:
        main = await ready(pilot, 3)
        assert main.list.look.clock == "local"


async def test_columns_grow_for_a_longer_id_but_not_while_one_reads(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24))
    id = "7d9c1f2e-4b0c-4a3e-9f11-3d2a7c"
    async with app_on(viewer).run_test(size=(96, 40)) as pilot:
        main = await ready(pilot, 24)
        await pilot.press("space")
        before = [main.list.render_line(y).text for y in range(main.list.size.height)]
        head = main.list_head.render().plain
        viewer.add(summary(25, user=id))
        await until(pilot, lambda: len(main.list.window) == 25)
        shown = [main.list.render_line(y).text for y in range(main.list.size.height)]
        assert shown[:24] == before[:24]
        assert main.list_head.render().plain == head
        await pilot.press("end")
        await until(pilot, lambda: id in lines(main)[24])
        line = lines(main)[24]
        assert main.list_head.render().plain.index("user") == line.index(id)
