"""A filter that matches nothing: the list says why, as far as that is known, and what would match."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from fake_viewer import FakeViewer, story, until
from grids import SameGrid
from textual.pilot import Pilot

from segtap.core.api import operations as ops
from segtap.core.api.models import Page
from segtap.core.query import parse
from segtap.tui.app import SegtapApp
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]
NOTE = 'properties.total: no number 250; 14 messages hold the text "250".'
SIZES = [(80, 24), (120, 40), (200, 60)]


class Noting(FakeViewer):
    """Says why a comparison finds nothing."""

    def _answer_page(self, ask: ops.PageRequest) -> Page:
        page = super()._answer_page(ask)
        notes = (NOTE,) if "total" in ask.filter and not page.summaries else ()
        return msgspec.structs.replace(page, notes=notes)


async def filtered(pilot: Pilot[object], text: str) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 24)
    main = app.main
    assert main is not None
    main.filter_by(text)
    await until(pilot, lambda: main.source.text == text and len(main.list.nothing) > 1)
    await until(pilot, lambda: main.detail is None, "the panes no longer hold the message from before")
    return main


def drawn(main: MainScreen) -> list[str]:
    """The rows of the list as they are on the screen."""
    return [main.list.render_line(y).text.rstrip() for y in range(10)]


async def test_three_terms_that_match_and_why_this_one_does_not(app_on: AppOn) -> None:
    viewer = Noting(story(24))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await filtered(pilot, "properties.total=250")
        rows = drawn(main)
        assert rows[1] == "  No message matches “properties.total=250”. Esc clears the filter."
        assert rows[2] == f"  {NOTE}"
        assert rows[4] == "  These match, for example:"
        examples = [row.strip().split("   ") for row in rows[5:8]]
        assert [words[0] for words in examples] == [
            'event:"Order Completed"',
            "rule:placeholder-user-id",
            "user:user-77",
        ]
        counts = [int(row.split()[-2]) for row in rows[5:8]]
        assert all(counts)
        for words in examples:
            parse(words[0])
        main.filter_by("nowhere")
        await until(pilot, lambda: "nowhere" in main.list.nothing[0] and len(main.list.nothing) > 1)
        assert NOTE not in main.list.nothing
        main.filter_by('event:"Signed Up"')
        await until(pilot, lambda: len(main.list.window) == 2)
        assert main.list.nothing == ()


async def test_long_reasons_are_wrapped_on_a_narrow_terminal(app_on: AppOn) -> None:
    async with app_on(Noting(story(24))).run_test(size=(50, 24)) as pilot:
        main = await filtered(pilot, "properties.total=250")
        assert NOTE in " ".join(row.strip() for row in drawn(main))


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
async def test_no_match(same_grid: SameGrid, app_on: AppOn, size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[object]) -> None:
        await filtered(pilot, "properties.total=250")
        await pilot.pause()

    await same_grid(app_on(Noting(story(24))), size, run)
