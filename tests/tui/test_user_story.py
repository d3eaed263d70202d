"""The story of a user on the screen: the timeline, what stands beside it, and where it leads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from cohort import DEVICE, STREAM, call, lines_of, users_of
from fake_viewer import AT, FakeViewer, summary, until
from grids import SameGrid
from pane_host import screen as drawn_screen
from rich.cells import cell_len
from textual.pilot import Pilot

from segtap.core.api.models import Change
from segtap.core.delivery import DeliveryState
from segtap.core.identities.model import Link, Users
from segtap.core.messages import JsonObject, Marks, message_number
from segtap.core.stories.model import Moment, UserStory
from segtap.tui.app import SegtapApp
from segtap.tui.model import timeline
from segtap.tui.render import clock
from segtap.tui.render.glyphs import ASCII, UNICODE
from segtap.tui.render.user_story import join_words, late_words, row_spans, story_head, story_rows
from segtap.tui.screens import live_screen, user_story
from segtap.tui.screens.event_story import EventStoryScreen
from segtap.tui.screens.user_story import UserStoryScreen
from segtap.tui.screens.users import UsersScreen

AppOn = Callable[..., SegtapApp]
SIZES = [(80, 24), (120, 40), (200, 60)]
size_of = pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
NOW = AT + 60_000


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the day of the messages."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


def viewer_of(documents: tuple[JsonObject, ...] = STREAM, **changes: object) -> FakeViewer:
    """An engine with these messages, and with what the identities make of them."""
    lines = lines_of(documents)
    lines[2] = msgspec.structs.replace(lines[2], errors=1, delivery=DeliveryState.REFUSED, status=400)
    lines[3] = msgspec.structs.replace(lines[3], warnings=2, delivery=DeliveryState.SENT)
    lines[4] = msgspec.structs.replace(lines[4], delivery=DeliveryState.WAITING)
    viewer = FakeViewer(lines, **changes)
    viewer.known_users = users_of(documents)
    viewer.documents = {line.id: dict(one) for line, one in zip(lines, documents, strict=True)}
    order: JsonObject = {"order_id": "order_991", "revenue": 59.8, "currency": "EUR"}
    viewer.documents[lines[2].id] |= {"properties": order, "timestamp": "2026-11-24T08:41:03Z"}
    viewer.documents[lines[0].id] |= {"properties": {"path": "/pricing"}}
    return viewer


def many(count: int) -> FakeViewer:
    viewer = FakeViewer([summary(number) for number in range(1, count + 1)])
    viewer.known_users = users_of()
    return viewer


async def opened(pilot: Pilot[object], *keys: str) -> UserStoryScreen:
    """The screen, opened by its key, with everything on it."""
    app = pilot.app
    assert isinstance(app, SegtapApp)
    main = app.main
    assert main is not None
    await until(pilot, lambda: main.state is not None and len(main.list.window))
    await pilot.press(*keys, "U")
    await until(pilot, lambda: isinstance(app.screen, UserStoryScreen), "the story")
    screen = app.screen
    assert isinstance(screen, UserStoryScreen)
    await until(pilot, lambda: screen.list.rows or screen.has_class("-empty"), "the timeline")
    await settle(pilot)
    return screen


async def settle(pilot: Pilot[object]) -> None:
    """Until all is read that was asked for."""
    busy = lambda: any(worker.group in ("ask", "stretch", "detail") for worker in pilot.app.workers)  # noqa: E731
    await until(pilot, lambda: not busy(), "all is read")
    await pilot.pause()


def keys_of(screen: UserStoryScreen) -> list[tuple[str, ...]]:
    return [(kind, str(int(id) >> 20), *rest) for kind, id, *rest in (row.key for row in screen.list.rows)]


async def test_it_tells_the_messages_and_the_joins_in_between(app_on: AppOn) -> None:
    async with app_on(viewer_of()).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "home")
        assert keys_of(screen) == [
            ("message", "1"),
            ("message", "2"),
            ("join", "2", "0"),
            ("message", "3"),
            ("message", "4"),
            ("message", "5"),
            ("message", "12"),
        ]
        assert screen.list.key == ("message", str(message_number(1, 0))), "it begins on the message"
        drawn = drawn_screen(pilot)
        assert "is user-77" in drawn
        assert "identify: 70ccec31" in drawn
        assert "order_991 · 59.8 EUR" in drawn
        assert "2 ids" in drawn
        told = screen.copied()[1]
        assert f"identify: {DEVICE} is user-77" in told
        assert "timestamp 2 h before" in told


class SlowStories(FakeViewer):
    """A viewer that takes a moment to answer with a story."""

    async def user_story(self, *ask: Any, **how: Any) -> UserStory:
        await asyncio.sleep(0.02)
        return await super().user_story(*ask, **how)


async def test_what_is_read_at_both_ends_at_once_stands_there_once(app_on: AppOn) -> None:
    viewer = SlowStories([summary(number) for number in range(1, 10)])
    viewer.known_users = users_of()
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "home")
        assert [key[1] for key in keys_of(screen) if key[0] == "message"] == [str(n) for n in range(1, 10)]


async def test_every_row_leads_to_its_message(app_on: AppOn) -> None:
    app = app_on(viewer_of())
    async with app.run_test(size=(120, 40)) as pilot:
        main = app.main
        assert main is not None
        for key in [("join", 2, "0"), ("message", 4)]:
            screen = await opened(pilot, "home")
            kind, number, *rest = key
            screen.list.select((str(kind), str(message_number(int(number), 0)), *map(str, rest)))
            await pilot.press("enter")
            await until(pilot, lambda: app.screen is main, "back in the list")
            await until(pilot, lambda n=number: main.list.selected == message_number(int(n), 0))


async def test_warnings_and_delivery_stand_beside(app_on: AppOn) -> None:
    app = app_on(viewer_of())
    async with app.run_test(size=(160, 40)) as pilot:
        screen = await opened(pilot, "home")
        screen.list.select(("message", str(message_number(3, 0))))
        await until(pilot, lambda: "insert-id-charset" in drawn_screen(pilot))
        await until(pilot, lambda: "send a UUID" in drawn_screen(pilot), "the detail")
        drawn = drawn_screen(pilot)
        assert "refused: refused by Mixpanel" in drawn
        assert "/import 400" in drawn
        await pilot.press("tab")
        row = next(row for row in screen.about.rows if row.key[1] == "warning")
        screen.about.select(row.key)
        await pilot.press("enter")
        main = app.main
        assert main is not None
        await until(pilot, lambda: app.screen is main and main.list.selected == message_number(3, 0))
        assert main.panes["warnings"].has_focus_within


async def test_narrow_it_says_so_below(app_on: AppOn) -> None:
    async with app_on(viewer_of()).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, "home")
        screen.list.select(("message", str(message_number(3, 0))))
        await pilot.pause()
        drawn = drawn_screen(pilot)
        assert "✖ insert-id-charset" in drawn
        assert "refused: refused by Mixpanel" in drawn
        assert not screen.about_panel.display


async def test_l_lists_the_messages_and_esc_leads_back(app_on: AppOn) -> None:
    app = app_on(viewer_of())
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, "home")
        main = app.main
        assert main is not None
        await pilot.press("l")
        await until(pilot, lambda: app.screen is main and main.source.text == f'user:"user-77","{DEVICE}"')
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, UserStoryScreen), "back in the story")
        back = app.screen
        assert isinstance(back, UserStoryScreen)
        await until(pilot, lambda: back.list.key == ("message", str(message_number(1, 0))))
        assert not main.source.text


async def test_it_opens_from_the_users_and_leads_back_there(app_on: AppOn) -> None:
    app = app_on(viewer_of())
    async with app.run_test(size=(120, 40)) as pilot:
        main = app.main
        assert main is not None
        await until(pilot, lambda: main.state is not None and main.detail is not None)
        for key in ("enter", "U"):
            await pilot.press("u")
            await until(pilot, lambda: isinstance(app.screen, UsersScreen), "the users")
            users = app.screen
            assert isinstance(users, UsersScreen)
            await until(pilot, lambda: users.list.rows)  # noqa: B023
            users.list.select(("", "user-81"))
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, UserStoryScreen), "the story")
            story = app.screen
            assert isinstance(story, UserStoryScreen)
            await until(pilot, lambda: keys_of(story) == [("message", "8")])  # noqa: B023
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is users)  # noqa: B023
            await pilot.press("escape")
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, UsersScreen), "the users")
        await pilot.press("U")
        await until(pilot, lambda: isinstance(app.screen, UserStoryScreen), "the story")
        await settle(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is main, "both are left")


async def test_i_tells_the_event_and_leads_back(app_on: AppOn) -> None:
    app = app_on(viewer_of())
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "home")
        screen.list.select(("message", str(message_number(3, 0))))
        await pilot.press("I")
        await until(pilot, lambda: isinstance(app.screen, EventStoryScreen), "the event")
        event = app.screen
        assert isinstance(event, EventStoryScreen)
        await until(pilot, lambda: event.story is not None and event.story.name == "Order Completed")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)


async def test_older_and_newer_messages_come_as_the_cursor_gets_there(app_on: AppOn) -> None:
    async with app_on(many(1_000)).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        held = screen.timeline
        assert len(held.moments) == timeline.STRETCH
        assert "older: PgUp" in drawn_screen(pilot)
        for _ in range(12):
            await pilot.press("pageup")
        await settle(pilot)
        assert len(held.moments) == 2 * timeline.STRETCH
        at = screen.list.key
        await pilot.press("pageup", "pagedown")
        assert screen.list.key == at, "older rows move nothing"
        await pilot.press("home")
        await settle(pilot)
        assert screen.list.key == ("message", str(message_number(1, 0)))
        assert (held.older, held.newer) == (False, True)
        assert "newer: PgDn" in drawn_screen(pilot)
        for _ in range(12):
            await pilot.press("pagedown")
        await settle(pilot)
        assert len(held.moments) == 2 * timeline.STRETCH
        await pilot.press("end")
        await settle(pilot)
        assert screen.list.key == ("message", str(message_number(1_000, 0)))


async def test_opened_on_an_old_message_it_begins_there(app_on: AppOn) -> None:
    async with app_on(many(1_000)).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, "home")
        assert screen.list.key == ("message", str(message_number(1, 0)))
        assert screen.timeline.newer


async def test_new_messages_and_deliveries_appear(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = viewer_of()
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        viewer.add(summary(13, user="user-77", name="Invite Sent"), summary(14, user="user-80"))
        await until(pilot, lambda: keys_of(screen)[-1] == ("message", "13"), "the new message")
        assert screen.list.key == ("message", str(message_number(13, 0))), "the end is followed"
        await pilot.press("up")
        viewer.deliver(Change(message_number(5, 0), DeliveryState.SENT))
        is_sent = lambda: screen.timeline.moments[4].line.delivery is DeliveryState.SENT  # noqa: E731
        await until(pilot, is_sent, "the delivery")
        assert screen.list.key == ("message", str(message_number(12, 0)))


async def test_an_id_that_is_joined_brings_its_messages(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    visitor = "5efcc891-ed0a-4ef0-9b76-4a94a8e6d0f3"
    before = (*STREAM, call("page", anonymous=visitor, name="Home", properties={}))
    after = (*before, call("identify", "user-77", visitor, traits={}))
    viewer = viewer_of(before)
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, "home")
        assert ("message", "13") not in keys_of(screen)
        viewer.known_users = users_of(after)
        viewer.add(lines_of(after)[-1])
        await until(pilot, lambda: ("message", "13") in keys_of(screen), "what came before the join")
        assert keys_of(screen)[-2:] == [("message", "14"), ("join", "14", "0")]


async def test_a_journal_that_was_cleared_leaves_nothing(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = viewer_of()
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        viewer.known_users = Users(mode="original")
        await viewer.clear()
        await until(pilot, lambda: screen.has_class("-empty"))
        assert "The journal has no message of user-77" in drawn_screen(pilot)


class _Slow(FakeViewer):
    """Finds nothing of a user, and has ever more to search."""

    async def user_story(self, id: str, **more: object) -> UserStory:  # type: ignore[override]
        await asyncio.sleep(0.02)
        return UserStory(id=id, more=True, searched_to=message_number(5, 0), searched=12_345)


async def test_a_long_search_says_how_far_it_is_and_esc_stops_it(app_on: AppOn) -> None:
    app = app_on(_Slow(lines_of()))
    async with app.run_test(size=(120, 40)) as pilot:
        main = app.main
        assert main is not None
        await until(pilot, lambda: main.detail is not None)
        await pilot.press("U")
        await until(pilot, lambda: "12,345 messages searched, Esc stops" in drawn_screen(pilot))
        screen = app.screen
        await pilot.press("escape")
        assert app.screen is screen
        await settle(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is main)


async def test_a_message_of_nobody_and_no_message(app_on: AppOn) -> None:
    refused = summary(1, "", "not JSON", user="", marks=int(Marks.REFUSED))
    async with app_on(FakeViewer([refused])).run_test(size=(120, 40), notifications=True) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        main = app.main
        assert main is not None
        await until(pilot, lambda: main.list.selected is not None)
        for key in ("U", "I"):
            await pilot.press(key)
            await pilot.pause()
            assert app.screen is main
        await until(pilot, lambda: "no event in a refused request" in drawn_screen(pilot))


async def test_a_lost_engine_is_said(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = viewer_of()
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        viewer.reachable = False
        screen.look(again=True)
        await until(pilot, lambda: "No engine answers" in drawn_screen(pilot))
        assert screen.list.rows


# Lines


def drawn(moment: Moment, what: str | Link = "", width: int = 78, plain: bool = False) -> str:
    return "".join(text for text, _ in row_spans(moment, what, ASCII if plain else UNICODE, width))


ODD = "\x1b[31m\nx\t\u202e注文" + "y" * 500


@pytest.mark.parametrize("width", [20, 40, 78, 120, 196])
@pytest.mark.parametrize("plain", [False, True])
def test_rows_fit_whatever_they_hold(width: int, plain: bool) -> None:
    line = summary(1, name=ODD, errors=12, warnings=1_234, delivery=DeliveryState.STUCK)
    moment = Moment(line=line, id=ODD, about=ODD, late=7_200_000, joins=(Link("identify", ODD, ODD),))
    for what in ("", "24 November 2026", moment.joins[0]):
        text = drawn(moment, what, width, plain)
        assert "\x1b" not in text
        assert "\n" not in text
        if width >= 40:
            assert cell_len(text) <= width
        if plain:
            assert text.isascii()
    assert cell_len(story_head(width)) <= max(width, 38)


def test_a_join_names_the_call_and_both_ids() -> None:
    moment = Moment(line=summary(1, "track", "Order Completed"))
    event = Link("event", "user-1122", f"$device:{DEVICE}")
    assert join_words(moment, event, UNICODE, 200) == f"track Order Completed: $device:{DEVICE} is user-1122"
    identify = Link("identify", "user-1122", DEVICE)
    assert join_words(moment, identify, UNICODE, 34) == "identify: 70ccec31-3… is user-1122"
    assert join_words(moment, Link("merge", "a", "b"), UNICODE, 50) == "$merge: b is a"


def test_pauses_and_days_have_a_line() -> None:
    times = [AT, AT + 60_000, AT + 3 * 3_600_000, AT + 86_400_000]
    moments = [Moment(line=summary(number, received_at=at)) for number, at in enumerate(times, 1)]
    words = [what for _, _, what in story_rows(moments, NOW) if what]
    assert words == ["2 h later", "25 November 2026"]
    assert [what for _, _, what in story_rows(moments[:1], NOW + 86_400_000) if what] == ["24 November 2026"]


@pytest.mark.parametrize(
    ("late", "words"), [(0, ""), (7_200_000, "timestamp 2 h before"), (-60_000, "timestamp 1 min ahead")]
)
def test_a_wrong_clock(late: int, words: str) -> None:
    assert late_words(Moment(line=summary(1), late=late)) == words


# How it looks


@pytest.mark.picture
@pytest.mark.usefixtures("still")
@size_of
@pytest.mark.parametrize("name", ["timeline", "ascii", "light", "nobody"])
async def test_pictures(same_grid: SameGrid, app_on: AppOn, name: str, size: tuple[int, int]) -> None:
    viewer = viewer_of()
    if name == "nobody":
        viewer.known_users = Users(mode="original")
    app = app_on(viewer, plain=name == "ascii")

    async def run(pilot: Pilot[object]) -> None:
        if name == "light":
            pilot.app.theme = "segtap-light"
        screen = await opened(pilot, "home")
        if name != "nobody":
            screen.list.select(("message", str(message_number(3, 0))))
        await pilot.pause(user_story.REST + 0.05)
        await settle(pilot)

    await same_grid(app, size, run)
