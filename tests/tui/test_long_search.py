"""A filter that takes long: matches are shown as they are found, and Esc stops the search."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from fake_viewer import FakeViewer, story, summary, until
from grids import SameGrid
from textual.content import Content
from textual.pilot import Pilot

from segtap.core.api import operations as ops
from segtap.core.api.models import Summary
from segtap.core.api.operations import Operation
from segtap.core.messages import message_number
from segtap.tui.app import SegtapApp
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]
R = TypeVar("R")
A = TypeVar("A")

SIZES = [(80, 24), (120, 40), (200, 60)]


class Slow(FakeViewer):
    """Answers searches in stretches of 30 messages, each once the test lets it."""

    def __init__(self, lines: Sequence[Summary]) -> None:
        super().__init__(lines)
        self.stretch = 30
        self.allowed = asyncio.Semaphore(0)
        self.waiting = 0

    async def call(self, operation: Operation[R, A], request: R) -> A:
        if (
            isinstance(request, ops.PageRequest)
            and request.filter
            and request.limit > 1
            and request.after is None
        ):
            self.waiting += 1
            try:
                await self.allowed.acquire()
            finally:
                self.waiting -= 1
        return await super().call(operation, request)


def main_of(pilot: Pilot[object]) -> MainScreen:
    assert isinstance(pilot.app, SegtapApp)
    assert pilot.app.main is not None
    return pilot.app.main


async def searching(pilot: Pilot[object], viewer: Slow, text: str, *, answers: int = 1) -> MainScreen:
    """Type a filter and let the search answer so many times."""
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == len(viewer.lines))
    await pilot.press("slash", *text, "enter")
    await until(pilot, lambda: main_of(pilot).source.text == text)
    for _ in range(answers):
        await until(pilot, lambda: viewer.waiting == 1)
        viewer.allowed.release()
    await until(pilot, lambda: viewer.waiting == 1)
    await pilot.pause()
    return main_of(pilot)


def numbers(main: MainScreen) -> list[int]:
    """The messages in the list, by their numbers in the story."""
    return [line.id // message_number(1, 0) for line in main.list.window.rows]


def title(main: MainScreen) -> str:
    """What the list's frame says."""
    return Content.from_markup(main.query_one("#messages").border_title or "").plain


async def test_matches_come_as_they_are_found(app_on: AppOn) -> None:
    viewer = Slow(story(120))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await searching(pilot, viewer, "completed")
        matching = [line.id // message_number(1, 0) for line in story(120) if "ompleted" in line.name]
        assert numbers(main) == [number for number in matching if number > 90]
        assert "completed – 4 found, searched 30 of 120, Esc stops" in title(main)
        await pilot.press("up", "up")
        selected, at = main.list.selected, main.list.selection.at
        viewer.add(*story(12, 121))
        await until(pilot, lambda: "of 132" in title(main), "the feed brings them")
        viewer.allowed.release()
        await until(pilot, lambda: "searched 72 of 132" in title(main), "the next stretch")
        await until(pilot, lambda: numbers(main)[-1] > 120, "new ones come while it searches")
        assert main.list.selected == selected
        assert main.list.selection.at > at
        for _ in range(2):
            viewer.allowed.release()
        await until(pilot, lambda: not main.source.searching)
        assert numbers(main)[:20] == matching
        assert "completed – 22 of 132" in title(main)
        await pilot.press("escape")
        await until(pilot, lambda: len(main.list.window) == 132, "there is nothing to stop: it is cleared")


async def test_esc_stops_and_keeps_what_was_found(app_on: AppOn) -> None:
    viewer = Slow(story(120))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await searching(pilot, viewer, "completed", answers=2)
        found = numbers(main)
        await pilot.press("escape")
        assert main.filter_bar.text == "completed"
        assert f"{len(found)} found, stopped at 60 of 120" in title(main)
        viewer.allowed.release()
        await until(pilot, lambda: not viewer.waiting)
        await pilot.press(*["up"] * (len(found) + 3))
        await pilot.pause()
        assert numbers(main) == found
        assert not viewer.waiting, "nothing is searched after that"
        viewer.add(*story(12, 121))
        await until(pilot, lambda: len(main.list.window) > len(found), "new ones still come")
        await pilot.press("escape")
        await until(pilot, lambda: len(main.list.window) == 132 and not main.filter_bar.text)
        assert "stopped" not in title(main)


async def test_a_first_match_far_back_is_selected(app_on: AppOn) -> None:
    viewer = Slow([summary(1, name="Rare"), *story(120, 2)])
    async with app_on(viewer).run_test(size=(80, 24)) as pilot:
        main = await searching(pilot, viewer, "rare", answers=2)
        assert "0 found, searched 60 of 121, Esc stops" in title(main)
        assert main.list.selected is None
        for _ in range(3):
            viewer.allowed.release()
        await until(pilot, lambda: not main.source.searching)
        assert numbers(main) == [1]
        await until(pilot, lambda: main.detail is not None and main.detail.summary.name == "Rare")


async def test_a_selected_message_far_back_is_kept_at_once(app_on: AppOn) -> None:
    viewer = Slow(story(120))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: len(main_of(pilot).list.window) == 120)
        matching = next(line.id for line in viewer.lines[20:] if "ompleted" in line.name)
        assert main_of(pilot).list.select_id(matching)
        main = await searching(pilot, viewer, "completed")
        assert main.list.selected != matching
        viewer.allowed.release()
        await until(pilot, lambda: main.list.selected == matching)
        assert not main.source.searching
        assert not viewer.waiting


async def test_another_filter_ends_the_search(app_on: AppOn) -> None:
    viewer = Slow(story(120))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await searching(pilot, viewer, "completed")
        await pilot.press("slash", "escape")
        await until(pilot, lambda: len(main.list.window) == 120 and not main.source.searching)
        assert "Messages – 120" in title(main)


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
async def test_searching(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = Slow(story(120))

    async def run(pilot: Pilot[object]) -> None:
        main = await searching(pilot, viewer, "completed", answers=2)
        await until(pilot, lambda: main.detail is not None and main.detail.summary.id == main.list.selected)
        await until(pilot, lambda: not main.caption.holding)
        await pilot.pause()

    await same_grid(app_on(viewer), size, run)


@pytest.mark.usefixtures("still")
async def test_stopped_without_a_match(same_grid: SameGrid, app_on: AppOn) -> None:
    viewer = Slow(story(120))

    async def run(pilot: Pilot[object]) -> None:
        await searching(pilot, viewer, "nowhere")
        await pilot.press("escape")
        await pilot.pause()

    await same_grid(app_on(viewer), (80, 24), run)
