"""Segment and Mixpanel side by side: fields that belong together stand on one line of the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from check_helpers import NOW, classic, inspected, real_message
from details import detail, order, refused
from fake_viewer import FakeViewer, summary, until
from pane_host import Host, screen
from textual.containers import Horizontal
from textual.pilot import Pilot

from segtap.core.api.models import MessageDetail
from segtap.core.destinations.explain import explain
from segtap.core.settings import Destination
from segtap.tui.app import SegtapApp
from segtap.tui.screens.main import MainScreen
from segtap.tui.widgets.json_rows import JsonRows
from segtap.tui.widgets.level_panes import LevelPanes
from segtap.tui.widgets.mixpanel_pane import MixpanelPane
from segtap.tui.widgets.segment_pane import SegmentPane

AppOn = Callable[..., SegtapApp]
ACTIONS = Destination(settings={"projectToken": "a" * 32, "apiSecret": "b" * 32})
LONG = "A text that is longer than any pane is wide, and goes on and on. " * 4
PROPERTIES = {
    "revenue": 59.8,
    "a_property_with_a_long_name_in_it": 1,
    "coupon": "SPRING-SALE-" * 3,
    "text": LONG,
}


class Explained(FakeViewer):
    """An engine whose messages are translated and explained as a real one does."""

    destination = ACTIONS

    async def detail(self, id: int, route: str = "") -> MessageDetail:
        detail = await super().detail(id, route)
        message = real_message("next", "track", event="Paid", userId="u-1", properties=PROPERTIES)
        verdict = inspected(message, destination=self.destination)
        why = explain(message, self.destination, verdict.translation, now=NOW)
        return msgspec.structs.replace(
            detail, document=msgspec.json.encode(message), verdict=verdict, explanation=why
        )


async def ready(pilot: Pilot[object]) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and app.main.detail is not None)
    assert app.main is not None
    await pilot.pause()
    return app.main


def on_screen(rows: JsonRows, name: str) -> tuple[int, str]:
    """Return the line of the screen that a name is on, and what the line says."""
    for y in range(rows.size.height):
        text = rows.render_line(y).text
        if f" {name} " in f"{text} ":
            return rows.region.y + y, text
    raise AssertionError(
        f"{name} is not in sight: {[rows.render_line(y).text for y in range(rows.size.height)]}"
    )


async def test_a_field_stands_level_with_what_it_becomes(app_on: AppOn) -> None:
    async with app_on(Explained([summary(1)])).run_test(size=(200, 60)) as pilot:
        main = await ready(pilot)
        left, right = main.segment.json.rows, main.mixpanel.json.rows
        for source, target in (("event", "event"), ("revenue", "revenue"), ("messageId", "$insert_id")):
            here, there = on_screen(left, source), on_screen(right, target)
            assert here[0] == there[0], (source, target)
            assert there[1].lstrip().startswith("→")
        assert on_screen(left, "timestamp")[0] == on_screen(right, "time")[0]


async def test_they_stay_level_when_an_object_opens_and_when_one_scrolls(app_on: AppOn) -> None:
    async with app_on(Explained([summary(1)])).run_test(size=(160, 50)) as pilot:
        main = await ready(pilot)
        left, right = main.segment.json.rows, main.mixpanel.json.rows
        await pilot.press("1", "plus")
        await pilot.pause()
        await pilot.press("G")
        await until(pilot, lambda: left.scroll_offset.y > 0)
        await until(pilot, lambda: right.scroll_offset.y == left.scroll_offset.y, "both scroll")
        await pilot.press("g")
        await until(pilot, lambda: right.scroll_offset.y == 0)
        row = next(at for at in range(left.row_count) if left.document.row(at).path == "$.context.page.url")
        path = "requests[0].body[0].properties.$current_url"
        other = next(at for at in range(right.row_count) if right.document.row(at).path == path)
        lead = right.region.y - left.region.y
        assert left.line_of(row) == right.line_of(other) + lead


async def test_the_row_beside_the_cursor_is_marked(app_on: AppOn) -> None:
    async with app_on(Explained([summary(1)])).run_test(size=(200, 60)) as pilot:
        main = await ready(pilot)
        left, right = main.segment.json.rows, main.mixpanel.json.rows

        def at(rows: JsonRows, path: str) -> int:
            return next(row for row in range(rows.row_count) if rows.document.row(row).path == path)

        def ground(rows: JsonRows, row: int) -> object:
            (piece, *_) = rows.render_line(rows.line_of(row) - rows.scroll_offset.y)
            return piece.style.bgcolor if piece.style is not None else None

        await pilot.press("1")
        await until(pilot, lambda: left.has_focus)
        other = at(right, "requests[0].body[0].properties.revenue")
        left.move_to(at(left, "$.properties.revenue"))
        assert right.beside == other
        assert ground(right, other) != ground(right, other + 1)
        left.move_to(at(left, "$.type"))
        assert right.beside == -1, "the call's type is nowhere in the request"
        assert ground(right, other) == ground(right, other + 1)
        right.move_to(other)
        await pilot.press("2")
        await until(pilot, lambda: right.has_focus)
        assert (left.beside, right.beside) == (at(left, "$.properties.revenue"), -1)
        await pilot.press("escape")
        await until(pilot, lambda: main.list.has_focus)
        assert left.beside == -1
        await pilot.press("1")
        await until(pilot, lambda: right.beside != -1 or left.has_focus)
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert (left.beside, right.beside) == (-1, -1)


async def test_what_changed_is_marked_in_the_request_as_well(app_on: AppOn) -> None:
    async with app_on(Explained([summary(1)])).run_test(size=(200, 60)) as pilot:
        main = await ready(pilot)
        assert main.detail is not None
        main._hear_changes(main.detail.summary.id, {"$.properties.revenue": "was 42", "$.type": "new"})
        rows = main.mixpanel.json.rows
        assert rows.changes == {"requests[0].body[0].properties.revenue": "was 42"}
        assert "~" in on_screen(rows, "revenue")[1]
        main._hear_changes(main.detail.summary.id + 1, {"$.properties.revenue": "was 7"})
        assert "was 42" in rows.changes.values(), "that was of another message"


async def test_what_has_no_partner_is_named(app_on: AppOn) -> None:
    async with app_on(Explained([summary(1)])).run_test(size=(240, 70)) as pilot:
        main = await ready(pilot)
        assert on_screen(main.mixpanel.json.rows, "$source")[1].rstrip().endswith("added")
        assert "added" not in on_screen(main.mixpanel.json.rows, "revenue")[1]
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert main.mixpanel.json.rows.arrows == {}
        order = [main.mixpanel.json.rows.document.row(at).key for at in range(4)]
        assert order[:2] == [0, "event"], "by itself the request is as it is sent"


@pytest.mark.parametrize("size", [(160, 50), (120, 40), (80, 24)])
async def test_no_value_that_fits_the_pane_is_cut(app_on: AppOn, size: tuple[int, int]) -> None:
    async with app_on(Explained([summary(1)])).run_test(size=size) as pilot:
        main = await ready(pilot)
        await pilot.press("1")
        await until(pilot, lambda: main.segment.json.rows.size.height > 5)
        rows = main.segment.json.rows
        text = "\n".join(rows.paint_line(at, rows.width).text for at in range(rows.line_count))
        assert '"SPRING-SALE-SPRING-SALE-SPRING-SALE-"' in text
        assert '"u-1"' in text
        assert LONG not in text


async def test_long_texts_are_wrapped_and_that_is_remembered(app_on: AppOn, tmp_path: Path) -> None:
    memory = tmp_path / "theme"
    for _ in range(2):
        async with app_on(Explained([summary(1)]), memory=memory).run_test(size=(160, 50)) as pilot:
            main = await ready(pilot)
            rows = main.segment.json.rows
            if not rows.wrapped:
                assert max(rows.heights()) <= 2
                await pilot.press("w")
            assert max(rows.heights()) > 5
            text = "".join(rows.paint_line(at, rows.width).text.strip() for at in range(rows.line_count))
            assert LONG.replace(" ", "") in text.replace(" ", "")
            await pilot.press("1", "G")
            assert rows.cursor == rows.row_count - 1


async def test_the_classic_destination_is_level_too(app_on: AppOn) -> None:
    viewer = Explained([summary(1)])
    viewer.destination = classic(people=True)
    async with app_on(viewer).run_test(size=(200, 60)) as pilot:
        main = await ready(pilot)
        left, right = main.segment.json.rows, main.mixpanel.json.rows
        assert on_screen(left, "revenue")[0] == on_screen(right, "revenue")[0]


@pytest.mark.parametrize("order_of_panes", ["segment first", "mixpanel first"])
async def test_a_short_message_after_one_that_makes_no_request(order_of_panes: str) -> None:
    """A pane without a request has no width, so that nothing can stand level with it."""
    segment, mixpanel = SegmentPane(), MixpanelPane()
    panes = (segment, mixpanel) if order_of_panes == "segment first" else (mixpanel, segment)
    rejected = detail(
        {"type": "track", "event": "", "properties": {"text": "a b " * 12, **dict.fromkeys("abcdefgh", 1)}}
    )
    short = detail({"type": "track", "event": "Short"}, id=9 << 20)
    async with Host(Horizontal(segment, mixpanel)).run_test(size=(120, 40)) as pilot:
        level = LevelPanes(segment, mixpanel)
        level.turn(True)
        for message in (order(), rejected, short, order(), refused(), short, rejected, order(), short):
            for pane in panes:
                pane.detail = message
            rows = segment.json.rows
            assert all(row < rows.row_count for row, _ in rows._lines or ())
            await pilot.pause()
        assert "Short" in screen(pilot)
