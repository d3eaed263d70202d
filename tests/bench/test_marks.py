"""What marks cost: a line of the list beside one without marks, and marking all beside reading one page."""

from __future__ import annotations

import time
from collections.abc import Callable

from fake_viewer import FakeViewer, story, until
from textual.pilot import Pilot

from segtap.core.api.models import Page
from segtap.core.messages import message_number
from segtap.core.settings import Settings
from segtap.tui.app import SegtapApp
from segtap.tui.model.marks import Shown
from segtap.tui.screens.main import MainScreen

ROUNDS = 7
HELD = 20_000
MILLION = 1_000_000
DRAWN = 1.6
"""How many times as long a screenful may take with marks that steps and single keys made."""


def best(act: Callable[[], object]) -> float:
    """The least CPU time of some rounds, in seconds."""
    times: list[float] = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        act()
        times.append(time.process_time() - begin)
    return min(times)


async def ready(pilot: Pilot[object]) -> MainScreen:
    assert isinstance(pilot.app, SegtapApp)
    main = pilot.app.main
    assert main is not None
    await until(pilot, lambda: len(main.list.window) == 10)
    main.list.reset(Page(summaries=tuple(story(HELD)), more=True))
    return main


async def test_lines_with_marks_cost_little_more() -> None:
    async with SegtapApp(FakeViewer(story(10)), Settings(), plain=False).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot)
        view, marks = main.list, main.many.marks

        def draw() -> None:
            for _ in range(50):
                for y in range(view.size.height):
                    view.render_line(y)

        plain = best(draw)
        upto = message_number(MILLION, 0)
        marks.mark(Shown("", upto, total=MILLION))
        for row in view.window.rows[-5_000:]:
            marks.toggle(row)
        marks.invert(Shown("", upto - 1, total=MILLION))
        marked = best(draw)
    print(f"50 screenfuls: {plain * 1e3:.1f} ms without marks, {marked * 1e3:.1f} ms with")
    assert marked < plain * DRAWN


async def test_marking_a_million_costs_less_than_showing_a_page() -> None:
    async with SegtapApp(FakeViewer(story(10)), Settings(), plain=False).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot)
        marks, rows = main.many.marks, tuple(main.list.window.rows)
        page = best(lambda: main.list.reset(Page(summaries=rows, more=True)))
        shown = Shown("", message_number(MILLION, 0), held=rows, total=MILLION)
        key = best(lambda: marks.mark(shown))
        assert marks.count == MILLION
        all_held = best(lambda: marks.mark(Shown("", rows[-1].id, held=rows, complete=True)))
    print(f"{page * 1e3:.1f} ms to show {HELD:,}, {key * 1e3:.1f} to mark all, {all_held * 1e3:.1f} each")
    assert key < page
    assert all_held < page * 2
