"""The story of an event on the screen: its properties over time, and where they lead."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_viewer import AT, FakeViewer, summary, until
from grids import SameGrid
from pane_host import screen as drawn_screen
from rich.cells import cell_len
from textual.pilot import Pilot

from segtap.core.delivery import DeliveryState
from segtap.core.messages import JsonObject, message_number
from segtap.core.stories.model import EventStory
from segtap.core.stories.properties import Properties
from segtap.tui.app import SegtapApp
from segtap.tui.render import clock
from segtap.tui.render.detail import as_text
from segtap.tui.render.event_story import (
    path_term,
    percent,
    property_head,
    property_lines,
    property_spans,
)
from segtap.tui.render.glyphs import ASCII, UNICODE
from segtap.tui.render.plot import axis, columns, share_rows, strip
from segtap.tui.screens import live_screen
from segtap.tui.screens.event_story import EventStoryScreen
from segtap.tui.screens.summary import SummaryScreen

AppOn = Callable[..., SegtapApp]
SIZES = [(80, 24), (120, 40), (200, 60)]
size_of = pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
COUNT = 60
SECONDS = 20_000
NOW = AT + COUNT * SECONDS
ORDER = 'type:track event:"Order Completed"'


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the day of the messages."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


def held(number: int) -> JsonObject:
    """What message `number` tells: a total that becomes a text, a coupon now and then, a list of products."""
    found: JsonObject = {
        "order_id": f"order_{number}",
        "total": 10.5 + number if number <= 40 else f"{10.5 + number}",
        "products": [{"sku": "A1", "price": 7}],
        "gift": None,
    }
    if number % 4 == 0:
        found["coupon"] = "WELCOME"
    return found


def viewer_of() -> FakeViewer:
    """An engine with sixty orders, and a page in front of them."""
    states = {7: DeliveryState.REFUSED, 9: DeliveryState.WAITING}
    orders = [
        summary(
            number,
            received_at=AT + number * SECONDS,
            errors=int(number == 7),
            warnings=int(number > 50),
            status=400 if number == 7 else 0,
            delivery=states.get(number, DeliveryState.SENT),
        )
        for number in range(1, COUNT + 1)
    ]
    lines = [summary(0, "page", "Pricing", received_at=AT), *orders]
    viewer = FakeViewer(lines)
    for number, line in enumerate(orders, 1):
        viewer.documents[line.id] = {"type": "track", "event": line.name, "properties": held(number)}
    return viewer


async def opened(pilot: Pilot[object], *keys: str) -> EventStoryScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    main = app.main
    assert main is not None
    await until(pilot, lambda: main.state is not None and len(main.list.window))
    await pilot.press(*keys, "I")
    return await shown(pilot)


async def shown(pilot: Pilot[object]) -> EventStoryScreen:
    """The story, with everything on it."""
    await until(pilot, lambda: isinstance(pilot.app.screen, EventStoryScreen), "the story")
    screen = pilot.app.screen
    assert isinstance(screen, EventStoryScreen)
    await until(pilot, lambda: screen.story is not None, "the story")
    await settle(pilot)
    return screen


async def settle(pilot: Pilot[object]) -> None:
    busy = lambda: any(worker.group in ("ask", "messages") for worker in pilot.app.workers)  # noqa: E731
    await until(pilot, lambda: not busy(), "all is read")
    await pilot.pause()


async def test_it_tells_shares_types_and_what_changed(app_on: AppOn) -> None:
    async with app_on(viewer_of()).run_test(size=(200, 60)) as pilot:
        screen = await opened(pilot)
        assert [row.key[-1] for row in screen.list.rows[:4]] == ["event", "total", "gift", "order_id"]
        drawn = drawn_screen(pilot)
        assert "the highest is" in drawn
        assert "number → string" in drawn
        assert "1 refused, 1 waiting, 58 sent" in drawn
        assert "insert-id-charset" in drawn
        assert "1 type changed" in drawn
        screen.list.select(("property", "coupon"))
        await pilot.pause()
        told = screen.copied()[1]
        assert "25% carry it: 15 of 60 messages" in told
        assert "45 without it" in told
        assert "100%│" in told
        screen.list.select(("property", "total"))
        await until(pilot, lambda: "in 10:54:42" in screen.copied()[1], "the message that changed it")
        assert "Type changed" in screen.copied()[1]


async def test_a_change_leads_to_its_message(app_on: AppOn) -> None:
    app = app_on(viewer_of())
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        screen.list.select(("property", "total"))
        await settle(pilot)
        await pilot.press("tab")
        row = next(row for row in screen.about.rows if row.key[1:] == ("change", "0", "message"))
        screen.about.select(row.key)
        await pilot.press("enter")
        main = app.main
        assert main is not None
        await until(pilot, lambda: app.screen is main and main.list.selected == message_number(41, 0))


async def test_properties_and_rules_and_times_list_their_messages(app_on: AppOn) -> None:
    app = app_on(viewer_of())
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        main = app.main
        assert main is not None

        async def leads_to(filter: str) -> None:
            await until(pilot, lambda: app.screen is main and main.source.text == filter, filter)
            await pilot.press("escape")
            await shown(pilot)

        screen = await shown(pilot)
        screen.list.select(("property", "products", "sku"))
        await pilot.press("enter")
        await leads_to(f"{ORDER} properties.products.sku?")
        screen = await shown(pilot)
        assert screen.list.key == ("property", "products", "sku"), "back on its row"
        await pilot.press("l")
        await leads_to(ORDER)
        screen = await shown(pilot)
        screen.list.select(("property", "coupon"))
        await pilot.press("tab")
        row = next(row for row in screen.about.rows if row.key[1:] == ("lacks",))
        screen.about.select(row.key)
        await pilot.press("enter")
        await leads_to(f"{ORDER} -properties.coupon?")
        screen = await shown(pilot)
        screen.set_focus(screen.bars)
        await pilot.press("home", "enter")
        await until(pilot, lambda: app.screen is main and main.source.text.startswith(f"{ORDER} since:"))


async def test_it_opens_from_the_summary_and_leads_back_there(app_on: AppOn) -> None:
    app = app_on(viewer_of())
    async with app.run_test(size=(120, 40)) as pilot:
        main = app.main
        assert main is not None
        await until(pilot, lambda: main.state is not None and main.detail is not None)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SummaryScreen), "the summary")
        summary_screen = app.screen
        assert isinstance(summary_screen, SummaryScreen)
        await until(pilot, lambda: summary_screen.events.rows)
        await pilot.press("I")
        await pilot.pause()
        assert app.screen is summary_screen, "the cursor is on a rule"
        await pilot.press("tab")
        summary_screen.events.select(("event", "page", "Pricing"))
        await pilot.press("I")
        screen = await shown(pilot)
        assert screen.story is not None
        assert (screen.story.type, screen.story.name) == ("page", "Pricing")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is summary_screen)


async def test_narrow_one_thing_at_a_time(app_on: AppOn) -> None:
    app = app_on(viewer_of())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        assert not screen.about_panel.display
        await pilot.press("down", "tab")
        await until(pilot, lambda: screen.about.has_focus)
        assert not screen.list_panel.display
        assert "Share over time" in drawn_screen(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: screen.list.has_focus)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)


async def test_it_says_how_far_it_has_read_and_rows_stay(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = viewer_of()
    viewer.behind = 940
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert "6%, 60 of 1,000 so far" in drawn_screen(pilot)
        viewer.behind = 0
        await until(pilot, lambda: screen.whole, "all was read")
        order = [row.key for row in screen.list.rows]
        screen.list.select(("property", "coupon"))
        for number in range(61, 80):
            line = summary(number)
            viewer.documents[line.id] = {"properties": {"coupon": "X", "new": 1}}
            viewer.add(line)
        keys = lambda: [row.key for row in screen.list.rows]  # noqa: E731
        await until(pilot, lambda: ("property", "new") in keys(), "the new one")
        assert keys()[: len(order)] == order
        assert screen.list.key == ("property", "coupon")


async def test_an_event_that_is_gone_and_two_thousand_properties(app_on: AppOn) -> None:
    viewer = FakeViewer([summary(1)])
    name = "\x1b[31m\u202e" + "k" * 1_000
    wide: JsonObject = {f"property_{at:04}": at for at in range(1_999)}
    viewer.documents[message_number(1, 0)] = {"properties": {name: 1} | wide}
    async with app_on(viewer).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        assert len(screen.list.rows) == 2_001
        assert "Properties ─ 2,000" in drawn_screen(pilot)
        await pilot.press("end", "tab")
        await until(pilot, lambda: screen.about.has_focus)
        assert "\x1b" not in drawn_screen(pilot)
        await pilot.press("escape")
        viewer.lines.clear()
        screen.look(again=True)
        await until(pilot, lambda: screen.has_class("-empty"))
        assert "no message of this event" in drawn_screen(pilot)


# Lines


def made(values: list[object], key: str = "x") -> EventStory:
    found = Properties("track")
    for number, value in enumerate(values, 1):
        one: JsonObject = {} if value is ... else {key: value}  # type: ignore[dict-item]
        found.add(number, AT + number * 1_000, {"properties": one})
    stories = found.stories(10)
    return EventStory(
        type="track",
        name="A",
        properties=stories,
        total=found.total,
        start=found.start,
        step=found.step,
        slots=found.slots(),
    )


@pytest.mark.parametrize("width", [16, 30, 56, 78, 120, 196])
@pytest.mark.parametrize("marks", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_lines_fit_whatever_they_hold(width: int, marks: object) -> None:
    story = made([1, "a", None, {"b": 1}, ..., True, [{"c": 1}]] * 30, key="\x1b[31m\n注文" + "k" * 300)
    for one in story.properties:
        spans = property_spans(one, story, marks, width)  # type: ignore[arg-type]
        text = "".join(part for part, _ in spans)
        assert "\x1b" not in text
        if width >= 30:
            assert cell_len(text) <= width
        for line in property_lines(one, story, width, marks, {}, NOW):  # type: ignore[arg-type]
            words = as_text([line])
            assert "\x1b" not in words
            assert "\n" not in words
    assert cell_len(property_head(width)) <= max(width, 30)


def test_a_path_is_written_so_that_the_filter_reads_it() -> None:
    from segtap.core.query import parse

    story = made([1])
    for path in (("a",), ("my key", "x"), ('quo"te', "dot.s"), ("*",), ("and",), ("$set", "a")):
        assert parse(f"{path_term(story, path)}?").node is not None


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 7, "0%"),
        (7, 7, "100%"),
        (999_999, 1_000_000, "99.9%"),
        (1, 1_000_000, "0.1%"),
        (1, 3, "33%"),
        (199, 200, "99.5%"),
        (1, 50, "2%"),
        (0, 0, ""),
    ],
)
def test_only_all_of_them_are_a_hundred_percent(part: int, whole: int, words: str) -> None:
    assert percent(part, whole) == words


def test_a_plot_has_a_scale() -> None:
    assert share_rows([4, 1, 0, 0], [4, 4, 4, 0], 1, 2, UNICODE) == ["100%│█   ", "  0%│█▄_ "]
    assert share_rows([1, 1], [1, 1_000], 2, 2, ASCII) == ["100%|##  ", "  0%|####"]
    assert strip([0, 1, 8], 2, UNICODE) == "  ▁▁██"
    assert axis("10:00:00", "11:00:00", 20) == "     10:00:00    11:00:00"
    assert axis("10:00:00", "11:00:00", 12) == "     10:00:00"
    assert columns(40, 3, 20) == (3, 1)
    assert columns(4, 0, 80) == (1, 6)


# How it looks


@pytest.mark.picture
@size_of
@pytest.mark.parametrize("name", ["event", "changed", "ascii", "light"])
async def test_pictures(same_grid: SameGrid, app_on: AppOn, name: str, size: tuple[int, int]) -> None:
    app = app_on(viewer_of(), plain=name == "ascii")

    async def run(pilot: Pilot[object]) -> None:
        if name == "light":
            pilot.app.theme = "segtap-light"
        screen = await opened(pilot)
        if name != "event":
            screen.list.select(("property", "total"))
            await settle(pilot)
            if size[0] < 100 and name == "changed":
                await pilot.press("tab")
        await settle(pilot)

    await same_grid(app, size, run)
