"""The screen that teaches: what is to be pasted stays fit to be pasted, however narrow the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from fake_viewer import FakeViewer, until
from textual.widgets import Static

from segtap.core.snippets import SNIPPETS
from segtap.tui.app import SegtapApp
from segtap.tui.widgets.empty_state import EmptyState, fold_code

URL = "http://127.0.0.1:54321"


@pytest.mark.parametrize("width", [30, 46, 62, 100])
def test_python_that_is_folded_still_runs(width: int) -> None:
    code = next(snippet for snippet in SNIPPETS if snippet.sdk == "Python").fill(URL)
    pieces = [piece for line in code.split("\n") for piece in fold_code(line, width)]
    if width >= 46:
        compile("\n".join(pieces), "pasted", "exec")
    assert "".join("".join(pieces).split()) == "".join(code.split())


@pytest.mark.parametrize("width", [40, 62, 100])
def test_curl_that_is_folded_still_holds_json(width: int) -> None:
    code = next(snippet for snippet in SNIPPETS if snippet.sdk == "curl").fill(URL)
    pieces = [piece for line in code.split("\n") for piece in fold_code(line, width)]
    assert all(len(piece) <= width for piece in pieces)
    assert json.loads("\n".join(pieces).split("'")[1])["event"] == "Signed Up"


@pytest.mark.parametrize("width", [1, 5, 20, 62])
def test_any_width_comes_to_an_end(width: int) -> None:
    assert "".join("".join(fold_code("x" * 200 + ", y; z", width)).split()) == "x" * 200 + ",y;z"


@pytest.mark.parametrize("width", [18, 60, 76, 116])
def test_the_demo_is_named_before_the_sdks(width: int) -> None:
    text = " ".join(EmptyState(URL, "defaults").content(width).plain.split())
    assert text.index("segtap demo") < text.index("Python")


@pytest.mark.parametrize("size", [(20, 10), (80, 24), (99, 12), (100, 20), (200, 60)])
async def test_all_of_it_can_be_reached_at_every_size(
    app_on: Callable[..., SegtapApp], size: tuple[int, int]
) -> None:
    app = app_on(FakeViewer())
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.empty.display)
        main = app.main
        assert main is not None

        def whole() -> bool:
            lines = main.empty.content(main.empty.size.width).plain.count("\n") + 1
            return main.empty.query_one(Static).region.height >= lines

        await until(pilot, whole, "as many lines as the text has")
        for other in ((80, 24), (30, 8), (120, 40), size):
            await pilot.resize_terminal(*other)
            await until(pilot, whole, f"and so at {other}")
        await pilot.press("end")
        await until(pilot, lambda: main.empty.scroll_offset.y == main.empty.max_scroll_y)
