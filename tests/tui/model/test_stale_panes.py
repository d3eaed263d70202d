"""Row and panes show the same message, or the panes' titles say which one they hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from fake_viewer import FakeViewer, story, summary, until
from textual.pilot import Pilot

from segtap.core.api.models import MessageDetail
from segtap.core.messages import message_number
from segtap.core.verdict import Translation
from segtap.tui.app import SegtapApp
from segtap.tui.model import detail_source, stale_panes
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]


@pytest.fixture(autouse=True)
def _endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The panes rest, and a detail may be late, for as long as a test wants."""
    monkeypatch.setattr(detail_source, "FOLLOWING", 3600)
    monkeypatch.setattr(stale_panes, "GRACE", 3600)


class Late(FakeViewer):
    """Answers for the message `held` only when the test says so."""

    held = 0

    def __init__(self) -> None:
        super().__init__(story(8))
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()

    async def detail(self, id: int, route: str = "") -> MessageDetail:
        if id == self.held:
            self.asked.set()
            await self.answer.wait()
        return await super().detail(id, route)


class Two(FakeViewer):
    """Each message becomes an event and a profile."""

    async def detail(self, id: int, route: str = "") -> MessageDetail:
        detail = await super().detail(id, route)
        (event,) = detail.verdict.translation.operations
        request = msgspec.structs.replace(event.request, url="https://api.mixpanel.com/engage")
        both = (event, msgspec.structs.replace(event, request=request))
        verdict = msgspec.structs.replace(detail.verdict, translation=Translation(both))
        return msgspec.structs.replace(detail, verdict=verdict)


async def shown(app: SegtapApp, pilot: Pilot[object], id: int) -> MainScreen:
    await until(pilot, lambda: app.main and app.main.detail and app.main.detail.summary.id == id)
    assert app.main is not None
    return app.main


def caption(main: MainScreen) -> str:
    return main.caption.render().plain


def agree(main: MainScreen) -> bool:
    """Whether a look at the screen tells of which message the panes are."""
    assert main.detail is not None
    if main.detail.summary.id == main.list.selected:
        return True
    return f"holding {main.detail.summary.type} " in caption(main)


async def test_while_it_follows_the_panes_name_the_message_that_they_hold(app_on: AppOn) -> None:
    viewer = FakeViewer(story(8))
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        main = await shown(app, pilot, message_number(8, 0))
        await until(pilot, lambda: main.details.resting, "the panes rest")
        assert "holding" not in caption(main)
        for number in range(9, 14):
            viewer.add(summary(number, "track", f"Event {number}"))
            await until(pilot, lambda n=number: main.list.selected == message_number(n, 0))
            await pilot.pause()
            assert agree(main)
            assert main.detail is not None
            assert main.detail.summary.id == message_number(8, 0), "they do not flicker"
            assert "holding" in caption(main)
        main.details.hurry()  # the rest is over, and the next one does not end
        await shown(app, pilot, message_number(13, 0))
        await until(pilot, lambda: main.details.resting)
        assert "holding track Event 13" in caption(main), "no blink"
        main.details.hurry()
        await until(pilot, lambda: "holding" not in caption(main), "nothing came")
        viewer.add(summary(14), summary(15))
        await shown(app, pilot, message_number(15, 0))
        await until(pilot, lambda: main.details.resting)
        viewer.add(summary(16))
        await until(pilot, lambda: "holding" in caption(main))
        await pilot.press("space")
        await shown(app, pilot, message_number(16, 0))
        await pilot.pause()
        assert "holding" not in caption(main), "who stops to read gets that row at once"


async def test_a_late_detail_is_said_after_a_moment_and_a_quick_one_never(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Late()
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        main = await shown(app, pilot, message_number(8, 0))
        await until(pilot, lambda: main.details.resting)
        said: list[str] = []
        monkeypatch.setattr(
            type(main.caption),
            "watch_holding",
            lambda part, now: now and said.append("holding"),
            raising=False,
        )
        await pilot.press("up")
        await shown(app, pilot, message_number(7, 0))
        assert said == [], "a reader's own step does not blink"
        monkeypatch.setattr(stale_panes, "GRACE", 0.001)
        viewer.held = message_number(6, 0)
        await pilot.press("up")
        await viewer.asked.wait()
        await until(pilot, lambda: main.caption.holding, "it takes long")
        viewer.answer.set()
        await shown(app, pilot, message_number(6, 0))
        assert not main.caption.holding


async def test_the_next_request_is_one_named_key_away_from_the_list(app_on: AppOn) -> None:
    viewer = Two(story(2))
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        main = await shown(app, pilot, message_number(2, 0))
        await until(pilot, lambda: "1 of 2 · ] next: /engage" in str(main.mixpanel.border_title))
        assert "] next request" in main.key_bar.render().plain
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "2 of 2 · ] next: /import" in str(main.mixpanel.border_title))
        assert main.list.has_focus
        await pilot.resize_terminal(80, 24)
        await pilot.press("right_square_bracket")
        await until(
            pilot, lambda: main.mixpanel.has_focus_within and main.mixpanel.page == 0, "one pane at a time"
        )
