"""Marks: `m`, `M`, `*` and Esc, their column and their bar, and two marked messages under `=`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_viewer import FakeViewer, story, summary, until
from grids import SameGrid
from pane_host import lines as drawn_lines
from pane_host import screen as drawn_screen
from textual import events
from textual.pilot import Pilot

from segtap.core.commands.bulk import Progress
from segtap.core.messages import Marks, message_number
from segtap.tui.app import SegtapApp
from segtap.tui.model.many import Job
from segtap.tui.screens.compare import Compare
from segtap.tui.screens.confirm import Choose
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]


async def ready(pilot: Pilot[object], count: int) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == count)
    await until(pilot, lambda: app.main is not None and app.main.detail is not None)
    assert app.main is not None
    return app.main


def marked(main: MainScreen) -> list[int]:
    """The marked messages that the list holds, by their numbers in the story."""
    return [row.id >> 20 for row in main.list.window.rows if main.many.marks.has(row)]


def said(pilot: Pilot[object]) -> str:
    return "\n".join(note.message for note in pilot.app._notifications)


async def test_m_marks_and_moves_on(app_on: AppOn) -> None:
    async with app_on(FakeViewer(story(12))).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 12)
        await pilot.press("home", "m", "m", "down", "m")
        await until(pilot, lambda: marked(main) == [1, 2, 4])
        assert main.list.selected == message_number(5, 0)
        assert main.many.marks.count == 3
        await until(pilot, lambda: "◆ 3 marked" in drawn_screen(pilot))
        row = next(line for line in drawn_lines(pilot) if "◆ 10:41:03.180" in line)
        assert row.rstrip().endswith("▲1   200 │"), "the columns make room for the marks"
        await pilot.press("up", "m")
        await until(pilot, lambda: marked(main) == [1, 2])
        await pilot.press("m")
        await until(pilot, lambda: marked(main) == [1, 2, 5])
        await pilot.press("m")
        await until(pilot, lambda: "cannot be marked" in said(pilot), "a refused request")
        assert marked(main) == [1, 2, 5]


async def test_m_at_the_end_stays_there(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 3)
        await pilot.press("m")
        await until(pilot, lambda: marked(main) == [3])
        viewer.add(summary(4))
        await until(pilot, lambda: len(main.list.window) == 4)
        assert main.list.selected == message_number(3, 0)
        await pilot.press("m")
        await until(pilot, lambda: marked(main) == [], "a second m takes the mark away")


async def test_marks_stay_whatever_the_list_shows(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 24)
        await pilot.press("home", "m", "down", "m")
        await until(pilot, lambda: marked(main) == [1, 3])
        main.filter_by("type:track")
        await until(pilot, lambda: len(main.list.window) == 12 and not main.source.searching)
        assert marked(main) == [3]
        await pilot.press("M")
        await until(pilot, lambda: main.many.marks.count == 13)
        viewer.add(*story(12, 25))
        await until(pilot, lambda: len(main.list.window) == 18)
        await pilot.press("escape")
        await until(pilot, lambda: len(main.list.window) == 36 and not main.source.searching)
        assert main.many.marks.count == 13, "Esc clears the filter first"
        assert len(marked(main)) == 13
        assert marked(main)[:3] == [1, 3, 4]
        await pilot.press("asterisk")
        await until(pilot, lambda: main.many.marks.count == 33 - 13, "all but the marked and the refused")
        await pilot.press("escape")
        await until(pilot, lambda: not main.many.marks)
        assert main.list.marked is None
        assert not main.marks_bar.display
        await pilot.press("b", "u")
        await until(pilot, lambda: main.many.marks.count == 20, "brought back")


async def test_all_shown_are_more_than_the_list_holds(app_on: AppOn) -> None:
    lines = [summary(number, name="Rare" if number % 500 == 7 else "Usual") for number in range(1, 2_501)]
    lines[9] = summary(10, "", "not JSON", marks=int(Marks.REFUSED))
    viewer = FakeViewer(lines)
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 1_000)
        await pilot.press("M")
        await until(pilot, lambda: main.many.marks.count == 2_499)
        await until(pilot, lambda: len(marked(main)) == 1_000)
        viewer.add(summary(2_501))
        await until(pilot, lambda: len(main.list.window) == 1_001)
        assert len(marked(main)) == 1_000, "what comes later is not marked"
        await pilot.press("home", "m")
        await until(pilot, lambda: main.list.selected == message_number(2, 0))
        await until(pilot, lambda: main.many.marks.count == 2_498)
        assert 1 not in marked(main)
        assert 10 not in marked(main)
        main.filter_by("event:rare")
        await until(pilot, lambda: len(main.list.window) == 5 and not main.source.searching)
        await pilot.press("asterisk")
        await until(pilot, lambda: main.many.marks.count == 2_493)
        assert marked(main) == []


async def test_the_filter_is_marked_follows_the_marks(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 24)

        def shown() -> list[int]:
            return [row.id >> 20 for row in main.list.window.rows]

        await pilot.press("home", "m", "m", "down", "m")
        main.filter_by("is:marked")
        await until(pilot, lambda: shown() == [1, 2, 4])
        await pilot.press("home", "m")
        await until(pilot, lambda: shown() == [2, 4])
        assert main.list.selected == message_number(2, 0), "m goes on to the next one"
        main.filter_by("not is:marked type:track")
        await until(pilot, lambda: shown()[:3] == [3, 9, 10])
        await pilot.press("M")
        await until(pilot, lambda: shown() == [], "all of them are marked now")
        main.filter_by("is:marked")
        await until(pilot, lambda: len(shown()) == 13)
        await pilot.press("asterisk")
        await until(pilot, lambda: shown() == [], "the marks of all shown are inverted")
        assert main.many.marks.count == 0


async def test_marks_made_of_marks_are_those_of_then(app_on: AppOn) -> None:
    lines = [summary(number, name="Rare" if number % 500 == 7 else "Usual") for number in range(1, 2_501)]
    async with app_on(FakeViewer(lines)).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 1_000)
        main.filter_by("event:rare")
        await until(pilot, lambda: len(main.list.window) == 5)
        await pilot.press("M")
        await until(pilot, lambda: main.many.marks.count == 5)
        main.filter_by("not is:marked")
        await until(pilot, lambda: len(main.list.window) == 2_495 and not main.source.searching)
        await pilot.press("M")
        await until(pilot, lambda: main.many.marks.count == 2_500)
        await until(pilot, lambda: len(main.list.window) == 0)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: not main.many.marks)


async def test_dimmed_messages_are_not_shown(app_on: AppOn) -> None:
    viewer = FakeViewer(story(36))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 36)
        await pilot.press("H")
        main.filter_by('event:"Signed Up"')
        await until(pilot, lambda: main.dimmed.dims(message_number(1, 0)))
        await pilot.press("M")
        await until(pilot, lambda: marked(main) == [10, 22, 34])
        await until(pilot, lambda: main.many.marks.count == 3)
        await pilot.press("escape", "asterisk")
        await until(pilot, lambda: main.many.marks.count == 30)
        assert 10 not in marked(main)
        assert 1 in marked(main)


async def test_a_cleared_journal_has_no_marks(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 3)
        await pilot.press("M")
        await until(pilot, lambda: main.many.marks.count == 3)
        await viewer.clear()
        await until(pilot, lambda: not main.many.marks)
        assert not main.many.undo.last


@pytest.mark.parametrize(("ephemeral", "kept"), [(False, 3), (True, 0)])
async def test_marks_stay_when_the_engine_comes_back(app_on: AppOn, ephemeral: bool, kept: int) -> None:
    viewer, other = FakeViewer(story(5)), FakeViewer(story(8), pid=77, ephemeral=ephemeral)

    async def reconnect() -> FakeViewer:
        return other

    async with app_on(viewer, reconnect=reconnect).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 5)
        await pilot.press("home", "m", "m", "m")
        await until(pilot, lambda: main.many.marks.count == 3)
        viewer.stop()
        await until(pilot, lambda: len(main.list.window) == 8 and not main.header.lost)
        assert main.many.marks.count == kept, "an ephemeral journal begins with the same ids again"


async def test_marks_are_counted_once_the_engine_is_back(app_on: AppOn) -> None:
    lines = [summary(number, name="Rare" if number % 3 else "Usual") for number in range(1, 2_001)]
    viewer = FakeViewer(lines)

    async def reconnect() -> FakeViewer:
        return FakeViewer(lines, pid=77)

    async with app_on(viewer, reconnect=reconnect).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 1_000)
        main.source.text = "event:rare"
        viewer.reachable = False
        main.many.marks.mark(main.shown())
        await until(pilot, lambda: main.many.marks.count is None)
        viewer.stop()
        await until(pilot, lambda: main.many.marks.count == 1_334)


async def test_a_click_in_front_of_the_line_marks_it(app_on: AppOn) -> None:
    async with app_on(FakeViewer(story(5))).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 5)
        await pilot.click("#list", offset=(0, 1))
        await until(pilot, lambda: marked(main) == [2])
        await pilot.click("#list", offset=(1, 2))
        await until(pilot, lambda: marked(main) == [2, 3])
        await pilot.click("#list", offset=(12, 0))
        await until(pilot, lambda: main.list.selected == message_number(1, 0))
        assert marked(main) == [2, 3]


async def test_two_marked_messages_are_compared(app_on: AppOn) -> None:
    async with app_on(FakeViewer(story(12))).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 12)
        await pilot.press("home", "down", "down", "m", "equals_sign")
        await until(pilot, lambda: "1 message is marked. With two marked (m)" in said(pilot))
        await pilot.press("m", "equals_sign")
        await until(pilot, lambda: isinstance(pilot.app.screen, Compare))
        await until(pilot, lambda: "two messages" in drawn_screen(pilot))
        assert "order completed" in drawn_screen(pilot)
        await pilot.press("escape", "m", "equals_sign")
        await until(pilot, lambda: "3 messages are marked." in said(pilot))
        assert pilot.app.screen is main


@pytest.mark.parametrize("size", [(40, 12), (80, 24)])
async def test_marks_in_ascii_and_on_a_small_screen(app_on: AppOn, size: tuple[int, int]) -> None:
    async with app_on(FakeViewer(story(5)), plain=True).run_test(size=size) as pilot:
        main = await ready(pilot, 5)
        await pilot.press("home", "m")
        await until(pilot, lambda: marked(main) == [1])
        await until(pilot, lambda: "* 1 marked" in drawn_screen(pilot))
        assert drawn_screen(pilot).isascii()


async def test_what_is_typed_at_once_is_done_in_order(app_on: AppOn) -> None:
    async with app_on(FakeViewer(story(5))).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 5)
        for key in ("home", "m", "j", "m"):
            pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: marked(main) == [1, 3])


SIZES = [(80, 24), (120, 40), (200, 60)]


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
@pytest.mark.parametrize("what", ["marked", "menu", "running"])
async def test_how_it_looks(same_grid: SameGrid, app_on: AppOn, what: str, size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[object]) -> None:
        main = await ready(pilot, 60)
        await pilot.press("home", "m", "m", "down", "m")
        await until(pilot, lambda: main.many.marks.count == 3)
        await until(pilot, lambda: main.detail is not None and main.detail.summary.id == main.list.selected)
        if what == "menu":
            await pilot.press("b")
            await until(pilot, lambda: isinstance(pilot.app.screen, Choose))
        if what == "running":
            progress = Progress(18_860, done=1_201, failed=3)
            main.many.begin(Job("Replaying", progress))
        await pilot.pause()

    await same_grid(app_on(FakeViewer(story(60))), size, run)
