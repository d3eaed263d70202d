"""The header: what it says, and what it still says when there is little room."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_viewer import FakeViewer, story, until

from segtap.tui.app import SegtapApp
from segtap.tui.widgets.header import Header

AppOn = Callable[..., SegtapApp]


def facts(header: Header, width: int) -> str:
    """The first line in that many cells."""
    return header._facts(width).plain


async def test_it_says_everything_where_there_is_room(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24), received=1204, waiting=3, destination="classic-cloud")
    async with app_on(viewer).run_test(size=(200, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.list.selected)
        assert app.main is not None
        said = facts(app.main.header, 200)
        for part in (
            "segtap  ● http://127.0.0.1:8765",
            "1,204 received · 1,204 shown · 3 waiting",
            "0/s ▁▁▁",
            "✖ 4  ▲ 6",
            "FORWARDING OFF",
            "Classic · US · a1b2…f9",
        ):
            assert part in said


async def test_forwarding_is_told_at_any_width(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3), forwarding=True, sent_since_on=14, region="eu", demo=True)
    async with app_on(viewer).run_test(size=(200, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.list.selected)
        assert app.main is not None
        header = app.main.header
        assert "FORWARDING ON → EU a1b2…f9 · 14 sent" in facts(header, 120)
        for width in range(80, 300):
            assert "FORWARDING ON → EU a1b2…f9" in facts(header, width)
        for width in range(10, 300):
            line = header._facts(width)
            assert line.cell_length <= width
            assert "FORWARDING ON" in line.plain or "FWD ON" in line.plain
        for width in range(1, 10):
            assert header._facts(width).cell_length <= width


@pytest.mark.parametrize("width", [20, 80, 200])
async def test_what_is_wrong_has_lines_of_its_own(app_on: AppOn, width: int) -> None:
    viewer = FakeViewer(story(3), fault="The disk is full\x1b[2J", exposed=True)
    async with app_on(viewer).run_test(size=(width, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.header.size.height == 3)
        assert app.main is not None
        lines = app.main.header.render().plain.split("\n")
        assert lines[1].startswith(" ✖ The disk is full"[:width])
        assert "\x1b" not in "".join(lines)
        assert lines[2].startswith(" ▲ Anyone on this "[: width - 1])
        viewer.know(fault="", exposed=False)
        await until(pilot, lambda: app.main is not None and app.main.header.size.height == 1)


async def test_a_dry_run_is_not_called_forwarding(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3), forwarding=True, dry_run=True)
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.list.selected)
        assert app.main is not None
        assert "DRY RUN → US" in facts(app.main.header, 120)
        assert "FORWARDING ON" not in facts(app.main.header, 120)


async def test_another_base_url_stands_in_place_of_the_region(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3), forwarding=True, mixpanel_url="https://proxy.example:8443/mp")
    async with app_on(viewer).run_test(size=(140, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.list.selected)
        assert app.main is not None
        assert "FORWARDING ON → proxy.example:8443" in facts(app.main.header, 140)
