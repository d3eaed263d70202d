"""What the live list costs: a message more must cost the same whether it holds 1,000 or 20,000."""

from __future__ import annotations

import time

from fake_viewer import FakeViewer, story, until

from segtap.core.api.models import Page
from segtap.core.settings import Settings
from segtap.tui.app import SegtapApp
from segtap.tui.widgets.message_list import MessageList

FLAT = 2.0
"""How many times the cost may be at twenty times the rows; what grows with the rows would be near 20."""
ROUNDS = 5
APPENDS = 300


def cost(view: MessageList, held: int) -> float:
    """Seconds to append one message and draw what is in sight: the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        view.reset(Page(summaries=tuple(story(held))))
        coming = story(APPENDS, held + 1)
        height = view.size.height
        start = time.perf_counter()
        for line in coming:
            view.extend([line])
            for y in range(height):
                view.render_line(y)
        best = min(best, (time.perf_counter() - start) / APPENDS)
        assert view.window.rows[-1] is coming[-1]
        assert view.scroll_offset.y == len(view.window) - height
    return best


async def test_a_message_costs_the_same_whatever_is_held() -> None:
    app = SegtapApp(FakeViewer(story(10)), Settings(), plain=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 10)
        assert app.main is not None
        view = app.main.list
        few, many = cost(view, 1_000), cost(view, 20_000)
    print(f"append and draw: {few * 1e6:.0f} µs at 1,000 held, {many * 1e6:.0f} µs at 20,000 held")
    assert many < few * FLAT


async def test_a_full_list_stays_full() -> None:
    app = SegtapApp(FakeViewer(story(10)), Settings(), plain=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 10)
        assert app.main is not None
        view = app.main.list
        view.reset(Page(summaries=tuple(story(20_000))))
        for start in range(20_001, 26_001, 500):
            view.extend(story(500, start))
        window = view.window
        assert window.limit <= len(window) <= window.limit + window.slack
        assert window.more_above
        assert window.rows[-1].id >> 20 == 26_000
