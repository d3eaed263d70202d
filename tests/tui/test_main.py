"""The main screen, driven by keys and mouse on a scripted engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from fake_viewer import FakeViewer, story, summary, until
from textual import events
from textual.pilot import Pilot
from textual.widget import Widget

from segtap.core.api.models import Change, FeedBatch, Page
from segtap.core.delivery import DeliveryState
from segtap.core.messages import message_number
from segtap.tui.app import SegtapApp
from segtap.tui.model import list_source
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]


def main_of(pilot: Pilot[object]) -> MainScreen:
    assert isinstance(pilot.app, SegtapApp)
    assert pilot.app.main is not None
    return pilot.app.main


def lines(main: MainScreen) -> list[str]:
    """What the list shows."""
    return [main.list.render_line(y).text for y in range(main.list.size.height)]


def wheel_up(widget: Widget) -> events.MouseScrollUp:
    """One click of the wheel, away from the tail."""
    return events.MouseScrollUp(widget, 5, 3, 0, 0, 0, False, False, False)


async def ready(pilot: Pilot[object], count: int) -> MainScreen:
    await until(pilot, lambda: isinstance(pilot.app, SegtapApp) and pilot.app.main is not None)
    main = main_of(pilot)
    await until(pilot, lambda: len(main.list.window) == count and main.list.size.height, f"{count} messages")
    return main


async def test_an_empty_journal_teaches_until_the_first_message_comes(app_on: AppOn) -> None:
    viewer = FakeViewer(urls=("http://127.0.0.1:9123",))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = main_of(pilot)
        await until(pilot, lambda: main.empty.display, "the empty state")
        text = main.empty.text.content(120).plain
        for said in ("analytics.host", "127.0.0.1:9123/v1", "segtap demo --url http://127.0.0.1:9123", "tee"):
            assert said in text
        viewer.add(*story(1))
        await until(pilot, lambda: not main.empty.display and len(main.list.window) == 1)
        assert main.focused is main.list


async def test_it_follows_until_the_cursor_moves_off_the_tail(app_on: AppOn) -> None:
    viewer = FakeViewer(story(60))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 60)
        viewer.add(*story(1, 61))
        await until(pilot, lambda: main.list.selected == message_number(61, 0), "the newest is selected")
        await pilot.press("up", "k")
        before = lines(main)
        assert main.list.selected == message_number(59, 0)
        viewer.add(*story(37, 62))
        await until(pilot, lambda: main.list.selection.unseen == 37, "37 unseen")
        assert lines(main) == before, "nothing moves while reading"
        assert main.list.selected == message_number(59, 0)
        assert "37 new ↓" in str(main.query_one("#messages").border_subtitle)
        await pilot.press("end")
        assert main.list.selected == message_number(98, 0)
        assert main.list.selection.unseen == 0
        viewer.add(*story(1, 99))
        await until(pilot, lambda: main.list.selected == message_number(99, 0), "it follows again")


async def test_older_messages_below_are_not_called_new(app_on: AppOn) -> None:
    viewer = FakeViewer(story(2_500))
    async with app_on(viewer).run_test(size=(80, 24)) as pilot:
        main = await ready(pilot, 1_000)
        await pilot.press("home")
        await until(pilot, lambda: main.list.selected == message_number(1, 0), "the oldest is selected")
        assert main.list.window.more_below
        assert main.list.selection.unseen == 0
        viewer.add(*story(3, 2_501))
        await until(pilot, lambda: main.list.selection.unseen == 3, "3 unseen")
        while main.list.window.more_below:
            rows = len(main.list.window)
            main.list.action_move(rows)
            await until(
                pilot,
                lambda rows=rows: not main.list.window.more_below or len(main.list.window) > rows,
                f"more than {rows}",
            )
            assert main.list.selection.unseen == 3
        await pilot.press("home")
        await until(pilot, lambda: main.list.selected == message_number(1, 0), "the oldest is selected")
        assert main.list.selection.unseen == 3, "they were not in sight"
        await pilot.press("end")
        await until(pilot, lambda: main.list.selected == message_number(2_503, 0))
        assert main.list.selection.unseen == 0


async def test_space_pauses_and_follows(app_on: AppOn) -> None:
    viewer = FakeViewer(story(60))
    async with app_on(viewer).run_test(size=(80, 24)) as pilot:
        main = await ready(pilot, 60)
        await pilot.press("space")
        viewer.add(*story(5, 61))
        await until(pilot, lambda: main.list.selection.unseen == 5)
        assert main.list.selected == message_number(60, 0)
        await pilot.press("space")
        assert main.list.selected == message_number(65, 0)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_back_from_a_pane_the_list_follows_again(app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=size) as pilot:
        main = await ready(pilot, 24)
        await pilot.press("2")
        await until(pilot, lambda: main.mixpanel.has_focus_within)
        viewer.add(*story(100, 25))
        await until(pilot, lambda: main.list.selection.unseen > 60)
        unseen = main.list.selection.unseen
        assert main.list.selected == message_number(24, 0), "nothing moves while it is read"
        assert f" {unseen} new ↓ " in main.header.render().plain, "also where the list is out of sight"
        await pilot.press("escape")
        await until(pilot, lambda: main.list.following)
        assert main.list.has_focus
        assert main.list.selected == message_number(124, 0)
        await until(pilot, lambda: "new" not in main.header.render().plain)


@pytest.mark.parametrize(
    ("before", "within", "follows"),
    [
        (["space"], [], False),
        (["up"], [], False),
        ([], ["K"], False),
        ([], ["K", "J"], True),
        ([], ["3", "4"], True),
    ],
    ids=["paused by key", "moved before", "moved meanwhile", "moved there and back", "other panes"],
)
async def test_back_from_a_pane_who_left_the_end_stays(
    app_on: AppOn, before: list[str], within: list[str], follows: bool
) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 24)
        await pilot.press(*before, "2")
        await until(pilot, lambda: main.mixpanel.has_focus_within)
        for key in within:
            await pilot.press(key)
            await pilot.pause()
        await until(pilot, lambda: any(pane.has_focus_within for pane in main.panes.values()))
        await pilot.press("escape")
        await until(pilot, lambda: main.list.has_focus)
        await pilot.pause()
        assert main.list.following == follows


async def test_the_wheel_pauses_and_a_click_selects(app_on: AppOn) -> None:
    viewer = FakeViewer(story(100))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 100)
        main.list.post_message(wheel_up(main.list))
        await until(pilot, lambda: not main.list.following, "the wheel pauses")
        top = main.list.scroll_offset.y
        await pilot.click("#list", offset=(20, 2))
        assert main.list.selected == message_number(top + 3, 0)
        assert not main.list.following


@pytest.mark.picture
@pytest.mark.parametrize("size", [(20, 8), (80, 24), (120, 40), (200, 60), (1, 1), (21, 3)])
async def test_any_size_is_drawn(app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(story(24), exposed=True, fault="The disk is full", forwarding=True, demo=True)
    async with app_on(viewer).run_test(size=size) as pilot:
        main = main_of(pilot)
        await until(pilot, lambda: len(main.list.window) == 24)
        for width, height in ((200, 60), (100, 30), (99, 24), (40, 10), (20, 5), (160, 50)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            width_of_list = main.list.scrollable_content_region.width
            for y in range(main.list.size.height):
                assert main.list.render_line(y).cell_length == width_of_list


async def test_resizing_keeps_selection_and_place(app_on: AppOn) -> None:
    viewer = FakeViewer(story(300))
    async with app_on(viewer).run_test(size=(200, 60)) as pilot:
        main = await ready(pilot, 300)
        await pilot.press("pageup", "pageup", "up")
        selected = main.list.selected
        for width, height in ((120, 40), (80, 24), (20, 8), (200, 60)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert main.list.selected == selected
            top, at = main.list.scroll_offset.y, main.list.window.index(selected or 0)
            assert at is not None
            assert top <= at < top + main.list.size.height, f"in sight at {width}x{height}"
            assert not main.list.following


async def test_older_ones_are_read_when_the_reader_comes_near(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3_000))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 1_000)
        main.list.action_move(-930)
        await pilot.press("pageup")
        await until(pilot, lambda: len(main.list.window) >= 1_500, "older ones")
        ids = [row.id for row in main.list.window.rows]
        assert ids == sorted(set(ids))
        assert ids[-1] == message_number(3_000, 0)
        selected = main.list.selected
        await pilot.press("home")
        await until(pilot, lambda: main.list.selected == message_number(1, 0), "the very first")
        assert selected != message_number(1, 0)
        await pilot.press("end")
        await until(pilot, lambda: main.list.selected == message_number(3_000, 0), "the newest again")
        assert main.list.following


async def test_changes_that_the_feed_left_out_are_read(app_on: AppOn) -> None:
    viewer = FakeViewer([summary(n, delivery=DeliveryState.WAITING) for n in range(1, 1_001)])
    async with app_on(viewer).run_test() as pilot:
        main = await ready(pilot, 1_000)
        viewer.add(*(summary(n, delivery=DeliveryState.WAITING) for n in range(1_001, 1_501)))
        await ready(pilot, 1_500)
        viewer.lines = [msgspec.structs.replace(line, delivery=DeliveryState.SENT) for line in viewer.lines]
        viewer.put(FeedBatch(state=viewer.facts, outdated=True))
        rows = main.list.window.rows
        await until(pilot, lambda: {line.delivery for line in rows} == {DeliveryState.SENT})


async def test_a_change_that_overtakes_the_page_with_its_message_counts(app_on: AppOn) -> None:
    class SlowPages(FakeViewer):
        """A viewer whose pages can be on their way for long."""

        hold = asyncio.Event()

        async def page(self, **wanted: Any) -> Page:
            page = await super().page(**wanted)
            await self.hold.wait()
            return page

    viewer = SlowPages([summary(1)])
    viewer.hold.set()
    async with app_on(viewer).run_test() as pilot:
        main = await ready(pilot, 1)
        viewer.hold.clear()
        viewer.add(summary(2, delivery=DeliveryState.WAITING), publish=False)
        await until(
            pilot, lambda: viewer.calls[-1][0] == "page" and viewer.calls[-1][2] == message_number(1, 0)
        )
        viewer.deliver(Change(message_number(2, 0), DeliveryState.SENT))
        viewer.know(errors=7)
        await until(pilot, lambda: main.state is not None and main.state.errors == 7)
        assert len(main.list.window) == 1
        viewer.hold.set()
        await until(pilot, lambda: len(main.list.window) == 2)
        assert main.list.window.rows[1].delivery is DeliveryState.SENT


async def test_what_the_feed_missed_is_read(app_on: AppOn) -> None:
    viewer = FakeViewer(story(10))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 10)
        viewer.add(*story(1_234, 11), publish=False)
        viewer.add(*story(3, 1_245))
        await until(pilot, lambda: len(main.list.window) == 1_247, "all of them")
        ids = [row.id for row in main.list.window.rows]
        assert ids == sorted(set(ids))


async def test_a_delivery_shows_at_once(app_on: AppOn) -> None:
    viewer = FakeViewer([summary(1, delivery=DeliveryState.WAITING)])
    async with app_on(viewer).run_test(size=(80, 24)) as pilot:
        main = await ready(pilot, 1)
        assert lines(main)[0].rstrip().endswith("wait")
        await until(pilot, lambda: ("detail", message_number(1, 0)) in viewer.calls)
        viewer.calls.clear()
        viewer.deliver(Change(message_number(1, 0), DeliveryState.SENT))
        await until(pilot, lambda: lines(main)[0].rstrip().endswith("200"))
        await until(pilot, lambda: ("detail", message_number(1, 0)) in viewer.calls, "the panes hear of it")


async def test_the_filter_is_live_counts_and_is_recalled(app_on: AppOn) -> None:
    viewer = FakeViewer(story(120))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 120)
        await pilot.press("slash", *"order")
        await until(pilot, lambda: main.filter_bar.text == "order" and not main.source.searching)
        # The search also finds order_991, which stands in every message's properties.
        await pilot.press("space", *"completed")
        await until(pilot, lambda: len(main.list.window) == 20 and not main.source.searching, "20 matches")
        assert "20 of 120" in str(main.query_one("#messages").border_title)
        await pilot.press("enter")
        assert main.focused is main.list
        viewer.add(*story(12, 121))
        await until(pilot, lambda: len(main.list.window) == 22, "live ones pass the same filter")
        await pilot.press("full_stop")
        await until(pilot, lambda: len(main.list.window) == 132, "off")
        await pilot.press("full_stop")
        await until(pilot, lambda: len(main.list.window) == 22, "on again")
        await pilot.press("slash", "escape")
        await until(pilot, lambda: len(main.list.window) == 132, "cleared")
        assert not main.filter_bar.display
        await pilot.press("slash", "up")
        assert main.filter_bar.box.value == "order completed"
        await pilot.press("down")
        assert main.filter_bar.box.value == ""


async def test_a_message_that_left_the_journal_is_no_trouble(app_on: AppOn) -> None:
    viewer = FakeViewer(story(12))
    async with app_on(viewer).run_test(size=(200, 60), notifications=True) as pilot:
        main = await ready(pilot, 12)
        await until(pilot, lambda: main.detail is not None)
        viewer.lines = viewer.lines[6:]
        await pilot.press(*["up"] * 11)
        await until(pilot, lambda: main.list.selected == message_number(1, 0) and main.detail is None)
        assert "no longer in the journal" in main.caption.render().plain
        assert not pilot.app._notifications, "a toast for each row would bury the screen"
        await pilot.press("end")
        await until(pilot, lambda: main.detail is not None)
        assert "no longer" not in main.caption.render().plain


async def test_a_filter_that_nothing_passes_says_so(app_on: AppOn) -> None:
    viewer = FakeViewer(story(12))
    async with app_on(viewer).run_test(size=(80, 24)) as pilot:
        main = await ready(pilot, 12)
        await pilot.press("slash", *"nowhere")
        await until(pilot, lambda: "No message matches “nowhere”. Esc clears the filter." in lines(main)[1])
        await pilot.press("escape")
        await until(pilot, lambda: len(main.list.window) == 12 and "No message" not in lines(main)[1])


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_what_is_typed_ahead_goes_where_it_leads(app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(story(120))
    async with app_on(viewer).run_test(size=size) as pilot:
        main = await ready(pilot, 120)

        async def at_once(*keys: str) -> None:
            for key in keys:
                pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
            await until(pilot, lambda: not pilot.app._message_queue.qsize())

        # A busy machine delivers keys late and together; r would replay and o open the browser.
        await at_once("slash", *"order")
        await until(pilot, lambda: main.filter_bar.text == "order")
        await at_once("escape", "slash", *"group/x")
        await until(pilot, lambda: main.filter_bar.text == "group/x")
        await at_once("enter", "slash", *"yz", "enter")
        await until(pilot, lambda: main.filter_bar.text == "group/xyz" and main.focused is main.list)
        assert not [call for call in viewer.calls if call[0] == "replay"]
        await pilot.press("escape", "enter")
        await until(pilot, lambda: main.panes["segment"] in (main.focused or main).ancestors_with_self)
        await at_once("escape", "slash", *"ada")
        await until(pilot, lambda: main.filter_bar.text == "ada")
        assert main.query_one("#messages").display


async def test_a_filter_keeps_the_selected_message(app_on: AppOn) -> None:
    viewer = FakeViewer(story(120))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 120)
        await pilot.press("home")
        await pilot.press("down", "down")
        selected = main.list.selected
        await pilot.press("slash", *"order completed", "enter")
        await until(pilot, lambda: len(main.list.window) == 20 and not main.source.searching)
        assert main.list.selected == selected


async def test_narrow_opens_one_pane_at_a_time(app_on: AppOn) -> None:
    viewer = FakeViewer(story(20))
    async with app_on(viewer).run_test(size=(80, 24)) as pilot:
        main = await ready(pilot, 20)
        assert not any(pane.display for pane in main.panes.values())
        await pilot.press("enter")
        await until(pilot, lambda: main.panes["segment"].display)
        assert not main.query_one("#messages").display
        for key, name in zip("2345", ("mixpanel", "wire", "warnings", "delivery"), strict=True):
            await pilot.press(key)
            assert [pane for pane in main.panes if main.panes[pane].display] == [name]
            assert main.panes[name].detail is not None
        before = main.list.selected
        await pilot.press("K")
        await until(pilot, lambda: main.panes["delivery"].detail.summary.id == main.list.selected)  # type: ignore[union-attr]
        assert main.list.selected != before
        await pilot.press("escape")
        assert main.query_one("#messages").display
        await until(pilot, lambda: main.focused is main.list)


async def test_middle_has_two_columns_of_tabs_and_wide_has_tabs_below(app_on: AppOn) -> None:
    viewer = FakeViewer(story(20))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 20)

        def shown() -> set[str]:
            return {name for name, pane in main.panes.items() if pane.display}

        assert shown() == {"segment", "mixpanel"}
        await pilot.press("4")
        assert shown() == {"segment", "warnings"}
        await pilot.press("3")
        assert shown() == {"wire", "warnings"}
        await pilot.click("#right-tabs", offset=(3, 0))
        assert shown() == {"wire", "mixpanel"}
        await pilot.resize_terminal(160, 50)
        await pilot.pause()
        assert shown() == {"segment", "mixpanel", "wire"}, "the tab used last is below the two"
        await pilot.press("5")
        assert shown() == {"segment", "mixpanel", "delivery"}
        segment, mixpanel = main.segment.region, main.mixpanel.region
        assert (segment.y, segment.height) == (mixpanel.y, mixpanel.height)
        assert segment.right == mixpanel.x


@pytest.fixture
def only_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost engine is reached for again when the reader says so, and not by itself half a second later."""
    monkeypatch.setattr(list_source, "PATIENCE", (3600,))


@pytest.mark.usefixtures("only_by_hand")
async def test_a_lost_engine_is_told_and_found_again(app_on: AppOn) -> None:
    viewer = FakeViewer(story(20))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 20)
        viewer.stop()
        await until(pilot, lambda: main.header.lost, "the loss is told")
        assert "R tries again" in main.header.render().plain
        viewer.reachable = True
        viewer.lines.extend(story(3, 21))
        await pilot.press("R")
        await until(pilot, lambda: not main.header.lost and len(main.list.window) == 23, "all is back")


async def test_a_warning_leads_to_its_place(app_on: AppOn) -> None:
    viewer = FakeViewer([summary(1, warnings=1), summary(2, errors=1)])
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 2)
        await until(pilot, lambda: main.detail is not None)
        await pilot.press("4")
        await until(pilot, lambda: main.panes["warnings"] in (main.focused or main).ancestors_with_self)
        await pilot.press("enter")
        await until(pilot, lambda: main.pane_name == "mixpanel", "requests[0]… is in the Mixpanel pane")
        await pilot.press("K", "4")
        await until(pilot, lambda: main.detail is not None and main.detail.summary.warnings == 1)
        await until(pilot, lambda: main.panes["warnings"] in (main.focused or main).ancestors_with_self)
        await pilot.press("enter")
        await until(pilot, lambda: main.pane_name == "segment", "$.userId is in the Segment pane")


@pytest.mark.usefixtures("only_by_hand")
async def test_another_engine_is_read_anew(app_on: AppOn) -> None:
    viewer, other = FakeViewer(story(20)), FakeViewer(story(5), pid=77)
    asked: list[str] = []

    async def reconnect() -> FakeViewer:
        asked.append("again")
        return other

    async with app_on(viewer, reconnect=reconnect).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 20)
        viewer.stop()
        await until(pilot, lambda: main.header.lost)
        await pilot.press("R")
        await until(pilot, lambda: len(main.list.window) == 5 and not main.header.lost)
        assert asked == ["again"]
        assert viewer.closed
        other.add(*story(1, 6))
        await until(pilot, lambda: len(main.list.window) == 6, "its feed is followed")


async def test_strange_names_do_nothing_to_the_terminal(app_on: AppOn) -> None:
    names = ["\x1b[2Jcleared", "a\nb\tc\rd", "\u202egnol", "x" * 100_000, "\x9b31m", ""]
    viewer = FakeViewer([summary(number, name=name) for number, name in enumerate(names, 1)])
    async with app_on(viewer).run_test(size=(80, 24)) as pilot:
        main = await ready(pilot, len(names))
        shown = "".join(lines(main))
        assert not [char for char in shown if ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char == "\u202e"]
        assert "␛[2Jcleared" in shown


async def test_other_settings_bring_new_marks_and_panes_for_the_selected_message(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3))
    async with app_on(viewer).run_test(size=(140, 40)) as pilot:
        main = await ready(pilot, 3)
        await pilot.press("up")
        selected = main.list.selected
        await until(
            pilot, lambda: main.detail is not None and main.detail.summary.id == selected, "the detail"
        )
        assert main.detail is not None
        before = main.detail.summary.errors
        at = next(at for at, line in enumerate(viewer.lines) if line.id == selected)
        viewer.lines[at] = msgspec.structs.replace(viewer.lines[at], errors=before + 2)
        viewer.put(FeedBatch(state=viewer.facts, reread=True))
        await until(
            pilot,
            lambda: main.detail is not None and main.detail.summary.errors == before + 2,
            "the detail anew",
        )
        assert main.list.selected == selected
        assert main.list.window.rows[at].errors == before + 2


class TestJumping:
    """To a message that another screen names."""

    async def test_to_one_that_is_held(self, app_on: AppOn) -> None:
        app = app_on(FakeViewer(story(40)))
        async with app.run_test(size=(120, 40)) as pilot:
            main = await ready(pilot, 40)
            await main.go_to([message_number(7, 0)])
            await until(pilot, lambda: main.list.selected == message_number(7, 0))
            assert not main.list.following
            await until(pilot, lambda: main.detail and main.detail.summary.id == message_number(7, 0))

    async def test_to_one_far_back_and_newer_ones_follow(self, app_on: AppOn) -> None:
        viewer = FakeViewer(story(3000))
        app = app_on(viewer)
        async with app.run_test(size=(120, 40)) as pilot:
            main = await ready(pilot, 1000)
            await main.go_to([message_number(900, 0)])
            await until(pilot, lambda: main.list.selected == message_number(900, 0))
            rows = main.list.window.rows
            assert [row.id for row in rows] == [line.id for line in viewer.lines[400 : 400 + len(rows)]]
            assert main.list.window.more_above
            top = main.list.scroll_offset.y
            assert top <= 499 < top + main.list.size.height
            await pilot.press("G")
            await until(pilot, lambda: main.list.selected == message_number(3000, 0))
            assert main.list.following

    async def test_a_filter_that_hides_it_is_cleared(self, app_on: AppOn) -> None:
        app = app_on(FakeViewer(story(24)))
        async with app.run_test(size=(120, 40)) as pilot:
            main = await ready(pilot, 24)
            main.filter_by("pricing")
            await until(pilot, lambda: len(main.list.window) == 2)
            assert main.filter_bar.display
            await main.go_to([message_number(5, 0)])
            await until(pilot, lambda: main.list.selected == message_number(5, 0))
            assert main.filter_bar.text == main.source.text == ""
            assert not main.filter_bar.display
            assert len(main.list.window) == 24

    async def test_one_that_is_gone_is_told(self, app_on: AppOn) -> None:
        app = app_on(FakeViewer(story(24)))
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            main = await ready(pilot, 24)
            await main.go_to([message_number(99, 0)])
            await until(pilot, lambda: len(app._notifications))
            assert "no longer in the journal" in next(iter(app._notifications)).message
            assert len(main.list.window) == 24
