"""What new messages have drawn: a paused list stays as it is, one that follows is drawn."""

from __future__ import annotations

import pytest
from fake_viewer import FakeViewer, story, until
from textual.strip import Strip

from segtap.core.settings import Settings
from segtap.tui.app import SegtapApp

HELD, MORE = 200, 50


async def test_new_messages_draw_no_line_of_a_paused_list(monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = FakeViewer(story(HELD))
    app = SegtapApp(viewer, Settings(), plain=False)
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        assert app.main is not None
        view = app.main.list
        drawn: list[int] = []
        render_line = view.render_line

        def count(y: int) -> Strip:
            drawn.append(y)
            return render_line(y)

        monkeypatch.setattr(view, "render_line", count)
        viewer.add(*story(MORE, HELD + 1))
        await until(pilot, lambda: len(view.window) == HELD + MORE)
        assert set(drawn) >= set(range(view.size.height)), "it follows"
        await pilot.press("up", "up")
        await pilot.pause()
        drawn.clear()
        viewer.add(*story(MORE, HELD + MORE + 1))
        await until(pilot, lambda: len(view.window) == HELD + 2 * MORE)
        await until(pilot, lambda: "50 new" in str(app.main and app.main.list_frame.border_subtitle))
        assert not drawn
