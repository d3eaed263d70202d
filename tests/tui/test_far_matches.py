"""Home, and scrolling beyond what the list holds, with a filter whose matches are far apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from fake_viewer import FakeViewer, matching, summary, until
from textual.content import Content
from textual.pilot import Pilot

from segtap.core.api import operations as ops
from segtap.core.api.models import Page, Summary
from segtap.core.api.operations import Operation
from segtap.core.messages import message_number
from segtap.tui.app import SegtapApp
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]
R = TypeVar("R")
A = TypeVar("A")
COUNT, APART, LOOKED = 2_000, 400, 500


class Slow(FakeViewer):
    """Looks at 500 messages for each search from an id on, once the test lets it."""

    def __init__(self, lines: Sequence[Summary]) -> None:
        super().__init__(lines)
        self.allowed = asyncio.Semaphore(0)
        self.waiting = 0
        self.slow = False

    async def call(self, operation: Operation[R, A], request: R) -> A:
        if self.slow and isinstance(request, ops.PageRequest) and request.after is not None and request.wait:
            self.waiting += 1
            try:
                await self.allowed.acquire()
            finally:
                self.waiting -= 1
            return self._upwards(request.after, request.filter)  # type: ignore[return-value]
        return await super().call(operation, request)

    def _upwards(self, after: int, filter: str) -> Page:
        looked = [line for line in self.lines if line.id > after][:LOOKED]
        last = looked[-1].id if looked else after
        more = bool(looked) and last < self.lines[-1].id
        return Page(
            summaries=tuple(matching(looked, filter)),
            more=more,
            searched_to=last if more else 0,
            searched=sum(line.id <= last for line in self.lines) if more else 0,
        )


async def at_the_newest(pilot: Pilot[object], viewer: Slow) -> MainScreen:
    """The list with the newest of the matches, and older ones that it does not hold."""
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 1_000)
    main = app.main
    assert main is not None
    main.filter_by("event:rare")
    await until(pilot, lambda: main.source.text == "event:rare" and not main.source.searching)
    main.list.window.drop(len(main.list.window) - 1)
    main.list.selection.shift(-(len(main.list.window.rows) or 0))
    main.list.action_follow()
    viewer.slow = True
    return main


def title(main: MainScreen) -> str:
    return Content.from_markup(main.query_one("#messages").border_title or "").plain


def rare() -> list[Summary]:
    return [
        summary(number, name="Rare" if number % APART == APART // 2 + 100 else "Usual")
        for number in range(1, COUNT + 1)
    ]


async def test_home_shows_matches_as_they_are_found_and_how_far_it_is(app_on: AppOn) -> None:
    viewer = Slow(rare())
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await at_the_newest(pilot, viewer)
        await pilot.press("home")
        await until(pilot, lambda: viewer.waiting == 1)
        viewer.allowed.release()
        await until(pilot, lambda: main.list.selected == message_number(300, 0))
        await until(pilot, lambda: "oldest, searched 500 of 2,000, Esc stops" in title(main))
        for _ in range(3):
            viewer.allowed.release()
        await until(pilot, lambda: not main.source.seeking)
        numbers = [line.id // message_number(1, 0) for line in main.list.window.rows]
        assert numbers == [300, 700, 1100, 1500, 1900]
        assert main.list.selected == message_number(300, 0)


async def test_esc_stops_it(app_on: AppOn) -> None:
    viewer = Slow(rare())
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await at_the_newest(pilot, viewer)
        await pilot.press("home")
        await until(pilot, lambda: viewer.waiting == 1)
        viewer.allowed.release()
        await until(pilot, lambda: main.source.seeking == "oldest" and viewer.waiting == 1)
        await pilot.press("escape")
        assert not main.source.seeking
        assert main.filter_bar.text == "event:rare"
        viewer.allowed.release()
        await until(pilot, lambda: not viewer.waiting)
        await pilot.pause()
        assert len(main.list.window) == 1
