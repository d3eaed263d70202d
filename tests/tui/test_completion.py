"""Suggestions in the filter's box: fields, values with their counts, and paths; and faults, underlined."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest
from fake_viewer import FakeViewer, story, until
from grids import SameGrid
from textual.pilot import Pilot

from segtap.core.aggregates.model import FieldValues, ValueCount
from segtap.core.api import operations as ops
from segtap.core.api.operations import Operation
from segtap.tui.app import SegtapApp
from segtap.tui.screens.main import MainScreen
from segtap.tui.widgets.completion_list import CompletionList

AppOn = Callable[..., SegtapApp]
R = TypeVar("R")
A = TypeVar("A")

SIZES = [(80, 24), (120, 40), (200, 60)]


async def ready(pilot: Pilot[object], viewer: FakeViewer) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == len(viewer.lines))
    await until(pilot, lambda: app.main is not None and app.main.detail is not None)
    assert app.main is not None
    return app.main


def offered(main: MainScreen) -> list[str]:
    return [one.text for one in main.filter_bar.completion.candidates]


def notes(main: MainScreen) -> dict[str, str]:
    return {one.text: one.note for one in main.filter_bar.completion.candidates}


def value(main: MainScreen) -> str:
    return main.filter_bar.box.value


async def test_fields_then_values_with_their_counts(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, viewer)
        await pilot.press("slash")
        assert offered(main)[:3] == ["type:", "event:", "user:"]
        await pilot.press("e")
        await until(pilot, lambda: len(offered(main)) > 1)
        assert offered(main)[0] == "event:"
        assert 'event:"Signed Up"' in offered(main)
        await pilot.press("v", "tab")
        assert value(main) == "event:"
        await until(pilot, lambda: '"Order Completed"' in offered(main))
        assert notes(main)['"Order Completed"'] == "4 messages", "in any case, as the filter"
        await pilot.pause()
        shown = [main.filter_bar.completion.render_line(y).text.split() for y in range(2)]
        assert shown == [['"Order', 'Completed"', "4", "messages"], ["Checkout", "2", "messages"]]
        await pilot.press("down", "down")
        assert main.filter_bar.completion.marked is not None
        marked = main.filter_bar.completion.marked.text
        await pilot.press("enter")
        assert value(main) == f"event:{marked}"
        assert main.focused is main.filter_bar.box, "the suggestion was chosen, the filter is not kept yet"
        await pilot.press("enter")
        await until(pilot, lambda: main.filter_bar.text == f"event:{marked}" and main.focused is main.list)
        assert not main.filter_bar.completion.display


async def test_enter_belongs_to_the_filter_unless_a_suggestion_is_marked(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, viewer)
        await pilot.press("slash", *"order")
        await until(pilot, lambda: len(offered(main)) >= 1)
        await pilot.press("enter")
        assert main.filter_bar.text == "order"
        assert main.focused is main.list
        await pilot.press("slash", "down", "escape")
        assert main.focused is main.filter_bar.box, "Esc leaves the suggestions first"
        assert not main.filter_bar.completion.display
        await pilot.press("escape")
        assert main.focused is main.list
        assert main.filter_bar.text == ""


async def test_the_arrows_recall_filters_outside_of_the_list(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, viewer)
        await pilot.press("slash", *"user:ada", "enter", "slash", "escape", "slash", "up")
        assert value(main) == "user:ada"
        await pilot.pause()
        assert not main.filter_bar.completion.display
        await pilot.press("down")
        assert value(main) == ""
        await until(pilot, lambda: main.filter_bar.completion.display)
        await pilot.press("down", "down", "up", "up", "up")
        assert value(main) == "user:ada", "above the first suggestion are the filters from before"


async def test_paths_of_the_selected_message_and_its_values(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, viewer)
        await until(pilot, lambda: main.detail is not None)
        await pilot.press("slash", *"rev")
        await until(pilot, lambda: "properties.revenue" in offered(main))
        assert notes(main)["properties.revenue"] == "= 59.8"
        await pilot.press("tab", "equals_sign")
        assert value(main) == "properties.revenue="
        await until(pilot, lambda: offered(main) == ["59.8"])
        await pilot.press("tab")
        assert value(main) == "properties.revenue=59.8"


async def test_a_click_writes_a_suggestion_and_the_box_keeps_the_keys(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, viewer)
        await pilot.press("slash")
        await pilot.pause()
        await pilot.click(CompletionList, offset=(4, 2))
        await until(pilot, lambda: value(main) == "event:")
        assert main.focused is main.filter_bar.box


class Slow(FakeViewer):
    """Answers about values once the test lets it."""

    def __init__(self) -> None:
        super().__init__(story(24))
        self.asked: list[asyncio.Event] = []

    async def call(self, operation: Operation[R, A], request: R) -> A:
        if isinstance(request, ops.ValuesRequest) and request.field == "event":
            self.asked.append(asyncio.Event())
            await self.asked[-1].wait()
            return FieldValues("event", (ValueCount(f"of {request.text}", 1),))  # type: ignore[return-value]
        return await super().call(operation, request)


async def test_an_answer_for_what_was_typed_before_is_dropped(app_on: AppOn) -> None:
    viewer = Slow()
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, viewer)
        await pilot.press("slash", *"event:a")
        await until(pilot, lambda: viewer.asked)
        await pilot.press("b")
        await until(pilot, lambda: len(viewer.asked) >= 2)
        for event in viewer.asked:
            event.set()
        await until(pilot, lambda: offered(main) == ['"of ab"'])


async def test_a_fault_is_underlined_where_it_is(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, viewer)
        box = main.filter_bar.box
        await pilot.press("slash", *" warn:error typ:track")
        await until(pilot, lambda: main.filter_bar.fault)
        assert box.value[slice(*(box.fault or (0, 0)))] == "typ:"
        assert main.filter_bar.fault.startswith("Try type:track (Tab) – ")
        strip = box.render_line(0)
        underlined = "".join(
            piece.text for piece in strip if piece.style is not None and piece.style.underline
        )
        assert underlined == "typ:"
        await pilot.press(*["left"] * 6, "backspace")
        assert box.fault is None or box.value[slice(*box.fault)] == "ty:", "not at a place that moved"
        await pilot.press("escape", "slash", *"warn:error typ:track", "tab")
        assert box.value == "warn:error type:track", "also before the fault is shown"
        assert box.cursor_position == len(box.value)
        await until(pilot, lambda: main.filter_bar.text == box.value)
        assert not main.filter_bar.fault
        await pilot.press("escape", "slash", *"a and")
        await until(pilot, lambda: main.filter_bar.fault)
        assert box.value[slice(*(box.fault or (0, 0)))] == "and"


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
@pytest.mark.parametrize("keys", ["", "event:o", "warn:eror"], ids=["fields", "values", "fault"])
async def test_suggestions(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int], keys: str) -> None:
    viewer = FakeViewer(story(60))

    async def run(pilot: Pilot[object]) -> None:
        main = await ready(pilot, viewer)
        await until(pilot, lambda: main.detail is not None and main.detail.summary.id == main.list.selected)
        bar = main.filter_bar
        await pilot.press("slash")
        await until(pilot, lambda: bar.box.has_focus)
        bar.box.insert_text_at_cursor(keys)  # at once: what its beginnings match is not listed meanwhile
        await until(
            pilot, lambda: bar.fault or (not keys and offered(main)) or '"Order Completed"' in offered(main)
        )
        if keys == "event:o":
            await pilot.press("down")
            await until(pilot, lambda: main.source.text == keys and not main.source.searching)
            await until(pilot, lambda: main.detail is None, "nothing matches, so nothing is selected")
        await pilot.pause()

    await same_grid(app_on(viewer), size, run)
