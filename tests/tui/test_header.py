"""The header: what it says, and what it still says when there is little room."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from fake_viewer import AT, FakeViewer, story, until

from segtap.core.delivery import DeliveryCounts
from segtap.core.messages import message_number
from segtap.tui.app import SegtapApp
from segtap.tui.widgets.header import Header

AppOn = Callable[..., SegtapApp]


def facts(header: Header, width: int) -> str:
    """The first line in that many cells."""
    return header._facts(width).plain


async def test_it_says_everything_where_there_is_room(app_on: AppOn) -> None:
    viewer = FakeViewer(
        story(24), received=1200, refused=4, deliveries=DeliveryCounts(waiting=3), destination="classic-cloud"
    )
    async with app_on(viewer).run_test(size=(200, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.list.selected)
        assert app.main is not None
        said = facts(app.main.header, 200)
        for part in (
            "segtap  ● http://127.0.0.1:8765",
            "1,200 received · 4 refused · 1,204 shown · 3 waiting  ✖ 4  ▲ 6",
            "▁▁▁ 0/s",
            "FORWARDING OFF",
            "Classic · US · a1b2…f9",
        ):
            assert part in said
        assert "Classic · US" in facts(app.main.header, 100), "what judges the messages is known in 100 cells"
        app.main.header.state = msgspec.structs.replace(viewer.facts, received=1_018_860, warnings=2_058)
        assert "Classic" in facts(app.main.header, 100)
        viewer.know(forwarding=True, received=1_018_860)
        await until(pilot, lambda: app.main and app.main.state and app.main.state.forwarding)
        assert "FORWARDING ON → US a1b2…f9" in facts(app.main.header, 100)
        assert "Classic" in facts(app.main.header, 100)


async def test_forwarding_is_told_at_any_width(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3), forwarding=True, sent_since_on=14, region="eu", demo=True)
    async with app_on(viewer).run_test(size=(200, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.list.selected)
        assert app.main is not None
        header = app.main.header
        assert "FORWARDING ON → EU a1b2…f9" in facts(header, 120)
        for width in range(80, 300):
            assert "FORWARDING ON → EU a1b2…f9" in facts(header, width)
        for width in range(10, 300):
            line = header._facts(width)
            assert line.cell_length <= width
            assert "FORWARDING ON" in line.plain or "FWD ON" in line.plain
        for width in range(1, 10):
            assert header._facts(width).cell_length <= width


async def test_what_fits_is_said(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24), forwarding=True, sent_since_on=14)
    async with app_on(viewer).run_test(size=(80, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.list.selected)
        assert app.main is not None
        for part in ("22 received", "✖ 4", "▲ 6", "FORWARDING ON → US a1b2…f9"):
            assert part in facts(app.main.header, 80), "no room is left empty that a fact would fit into"


async def test_the_counts_of_trouble_are_those_of_the_journal(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24), errors=5_000, warnings=12)
    async with app_on(viewer).run_test(size=(160, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.list.selected)
        assert app.main is not None
        await pilot.press("slash", *"acme", "enter")
        await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 2)
        assert "✖ 5,000  ▲ 12" in facts(app.main.header, 160), "whatever the list holds or filters"


async def test_what_is_not_connected_or_halted_is_not_called_on(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3), forwarding=True, halted=True, fault="Mixpanel refuses the credentials")
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.list.selected)
        assert app.main is not None
        header = app.main.header
        assert "FORWARDING HALTED → US a1b2…f9" in facts(header, 120)
        viewer.stop()
        await until(pilot, lambda: header.lost)
        for width in (20, 80, 120):
            assert "FORWARDING" not in facts(header, width)
            assert ("LOST" if width == 20 else "NOT CONNECTED") in facts(header, width)


@pytest.mark.parametrize(("size", "lines"), [((20, 10), 2), ((20, 24), 3), ((80, 24), 2), ((200, 24), 1)])
async def test_what_is_wrong_has_lines_of_its_own(app_on: AppOn, size: tuple[int, int], lines: int) -> None:
    fault = "The disk is full\x1b[2J, and what SDKs send is answered with 503; make room and all goes on"
    viewer = FakeViewer(story(3), fault=fault)
    async with app_on(viewer).run_test(size=size) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.header.size.height == 1 + lines)
        assert app.main is not None
        said = app.main.header.render().plain.split("\n")
        assert said[1].startswith(" ✖ The disk is")
        assert all(len(line) == size[0] for line in said[1:])
        assert "\x1b" not in "".join(said)
        if size[0] >= 80:
            assert "all goes on" in said[-1], "to its end"
        viewer.know(exposed=True)
        await until(pilot, lambda: app.main is not None and app.main.header.size.height > 1 + lines)
        assert "▲ Anyone on this" in app.main.header.render().plain
        viewer.know(fault="", exposed=False)
        await until(pilot, lambda: app.main is not None and app.main.header.size.height == 1)


async def test_what_is_not_imitated_is_named_on_a_line_of_its_own(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3), not_imitated="the insert function 'enrich' and the filter '\x1b[31mx'")
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.header.size.height == 2)
        assert app.main is not None
        said = app.main.header.render().plain.split("\n")[1].rstrip()
        assert said == " · Not imitated: the insert function 'enrich' and the filter '␛[31mx'"
        viewer.know(not_imitated="")
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


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_what_is_tried_again_moves_nothing_and_says_when(app_on: AppOn, size: tuple[int, int]) -> None:
    stand = DeliveryCounts(sent=12, refused=1, waiting=2, off=9)
    viewer = FakeViewer(story(24), forwarding=True, deliveries=stand)
    async with app_on(viewer).run_test(size=size) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.list.selected)
        main = app.main
        assert main is not None
        await until(pilot, lambda: main.header.size.height == 2)
        top = main.list.region.y
        assert "12 sent · 1 refused · 2 waiting" in main.header.render().plain
        trouble = "Mixpanel /import: 503 Service Unavailable"
        for own in ("", "The disk is full · "):
            viewer.know(
                fault=f"{own}{trouble} (trying again)", retrying=trouble, next_try=AT, deliveries=stand
            )
            await until(pilot, lambda: "next try 10:41:02" in main.header.render().plain)
            lines = main.header.render().plain.split("\n")
            assert "▲ /import: 503 Service" in lines[1]
            assert [line.strip() for line in lines[2:]] == (["✖ The disk is full"] if own else [])
            assert all(len(line) <= size[0] for line in lines)
            if not own:
                await pilot.pause()
                assert main.list.region.y == top, "the list stays where it is"
        viewer.know(fault="", retrying="", next_try=0)
        await until(pilot, lambda: "next try" not in main.header.render().plain)
        await until(pilot, lambda: main.list.region.y == top)


async def test_the_mouse_works_on_what_the_header_counts(app_on: AppOn) -> None:
    viewer = FakeViewer(story(60))
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.list.selected)
        main = app.main
        assert main is not None
        await pilot.press("space")
        viewer.add(*story(5, 61))
        await until(pilot, lambda: "5 new" in main.header.render().plain)
        await pilot.pause()
        line = main.header.render().plain
        await pilot.click("#header", offset=(line.index("5 new") + 1, 0))
        await until(pilot, lambda: main.list.following)
        await pilot.pause()
        await pilot.click("#header", offset=(main.header.render().plain.index("FORWARDING") + 2, 0))
        await until(pilot, lambda: app.screen is not main, "the question")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is main)
        await pilot.click("#header", offset=(main.header.render().plain.index("✖"), 0))
        await until(pilot, lambda: main.list.selected == message_number(63, 0), "the newest error")
        await pilot.click("#header", offset=(main.header.render().plain.index("▲"), 0))
        await until(pilot, lambda: main.list.selected == message_number(64, 0), "the next warning")


async def test_the_mouse_works_on_the_count_below_the_list(app_on: AppOn) -> None:
    viewer = FakeViewer(story(60))
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.list.selected)
        main = app.main
        assert main is not None
        await pilot.press("space")
        viewer.add(*story(5, 61))
        frame = main.query_one("#messages")
        await until(pilot, lambda: "5 new" in str(frame.border_subtitle))
        await pilot.pause()
        below = (frame.outer_size.width - 6, frame.outer_size.height - 1)
        await pilot.click("#messages", offset=below)
        await until(pilot, lambda: main.list.following)
