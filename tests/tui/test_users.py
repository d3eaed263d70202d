"""The screen of users: what becomes of each in Mixpanel, and the way from it to the messages."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from cohort import DEVICE, KIOSK, PHONE, STREAM, call, lines_of, users_of
from fake_viewer import FakeViewer, story, until
from grids import SameGrid
from pane_host import screen as drawn_screen
from rich.cells import cell_len
from textual import events
from textual.pilot import Pilot

from segtap.core.api.models import Coverage
from segtap.core.errors import EngineError
from segtap.core.identities.model import Cluster, Link, Member, Users
from segtap.core.identities.requests import id_in
from segtap.core.identities.table import Identities
from segtap.core.identities.users import cluster_of
from segtap.core.messages import message_number
from segtap.core.verdict import Operation, OutgoingRequest, Translation
from segtap.tui.app import SegtapApp
from segtap.tui.render.detail import as_text
from segtap.tui.render.glyphs import ASCII, UNICODE
from segtap.tui.render.user import cluster_lines, user_head, user_spans
from segtap.tui.screens import live_screen
from segtap.tui.screens.user_story import UserStoryScreen
from segtap.tui.screens.users import UsersScreen

AppOn = Callable[..., SegtapApp]
SIZES = [(80, 24), (120, 40), (200, 60)]
size_of = pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
COUNT = len(STREAM)


def viewer_of(users: Users | None = None, count: int = COUNT) -> FakeViewer:
    viewer = FakeViewer(lines_of() if count == COUNT else story(count))
    viewer.known_users = users_of() if users is None else users
    return viewer


async def read(pilot: Pilot[object]) -> None:
    """Until all is read that was asked for."""
    busy = lambda: any(worker.group == "messages" for worker in pilot.app.workers)  # noqa: E731
    await until(pilot, lambda: not busy(), "all is read")


async def opened(pilot: Pilot[object], *keys: str) -> UsersScreen:
    """The screen, opened by its key, with everything on it."""
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and app.main.state is not None)
    main = app.main
    assert main is not None
    if main.list.selected is not None:
        await until(pilot, lambda: main.detail is not None and main.detail.summary.id == main.list.selected)
    await pilot.press(*keys, "u")
    await until(pilot, lambda: isinstance(app.screen, UsersScreen), "the screen of users")
    screen = app.screen
    assert isinstance(screen, UsersScreen)
    await until(pilot, lambda: screen.users is not None, "the users")
    await until(pilot, lambda: screen.cluster is None or screen.user.rows, "one user")
    await read(pilot)
    await pilot.pause()
    return screen


def listed(screen: UsersScreen) -> list[str]:
    return [row.key[1] for row in screen.list.rows]


def told(screen: UsersScreen) -> str:
    return screen.copied()[1]


async def test_it_opens_on_the_user_of_the_message(app_on: AppOn) -> None:
    """The selected message is of user-77, who is not the one seen last."""
    clusters = users_of().clusters
    viewer = viewer_of(Users(mode="original", clusters=(*clusters[1:], clusters[0]), total=len(clusters)))
    assert clusters[0].distinct_id == "user-77"
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert screen.cluster is not None
        assert screen.cluster.distinct_id == "user-77"
        assert screen.list.key == ("", "user-77")
        words = told(screen)
        assert "Original ID merge" in words
        assert DEVICE in words
        assert f"{DEVICE} → user-77" in words
        assert "10:41:03.180 I identify" in words


async def test_a_user_beyond_the_list_is_asked_for(app_on: AppOn) -> None:
    """The newest two hundred do not hold the one whose message is selected."""

    class Many(FakeViewer):
        async def users(self, text: str = "", limit: int = 200, filter: str = "") -> Users:
            return await super().users(text or "user-80", limit, filter)

    viewer = Many(story(COUNT))
    viewer.known_users = users_of()
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert listed(screen) == ["user-77", "user-80"]
        assert ("user", "user-77") in viewer.calls


async def test_a_link_leads_to_the_message_that_made_it(app_on: AppOn) -> None:
    app = app_on(viewer_of())
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("tab")
        await until(pilot, lambda: screen.user.has_focus)
        screen.user.select(("user-77", "link", "0", "message"))
        await pilot.press("enter")
        main = app.main
        assert main is not None
        await until(pilot, lambda: app.screen is main and main.list.selected == message_number(2, 0))


async def test_an_id_leads_to_its_messages(app_on: AppOn) -> None:
    app = app_on(viewer_of())
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("tab")
        screen.user.select(("user-77", "member", "user-77"))
        await pilot.press("enter")
        main = app.main
        assert main is not None
        await until(pilot, lambda: app.screen is main and main.source.text == 'user:"user-77"')
        assert main.filter_bar.display
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, UsersScreen), "back in the users")
        back = app.screen
        assert isinstance(back, UsersScreen)
        await until(pilot, lambda: back.user.key == ("user-77", "member", "user-77") and back.user.has_focus)


async def test_a_user_leads_to_the_messages_of_all_its_ids(app_on: AppOn) -> None:
    app = app_on(viewer_of())
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        cluster = screen.cluster
        assert cluster is not None
        await pilot.press("tab")
        await until(pilot, lambda: screen.user.has_focus)
        await pilot.press("home", "enter")
        main = app.main
        assert main is not None
        await until(pilot, lambda: app.screen is main and main.source.text.startswith('user:"user-77",'))
        for member in cluster.members:
            assert f'"{member.id}"' in main.source.text
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, UsersScreen) and app.screen.user.has_focus)


async def test_what_was_not_joined_is_a_warning(app_on: AppOn) -> None:
    async with app_on(viewer_of()).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert "with ids not joined" in str(screen.banner.render())
        screen.list.select(("", "user-81"))
        await pilot.pause()
        assert "Not joined" in told(screen)
        assert f'"{KIOSK}" belongs to "user-80"' in told(screen).replace("\n  ", " ")


async def test_the_filter_finds_any_id_of_a_user(app_on: AppOn) -> None:
    viewer = viewer_of()
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("slash", *PHONE[:6])
        await until(pilot, lambda: ("users", PHONE[:6], 200) in viewer.calls)
        await until(pilot, lambda: screen.users is not None and screen.text == PHONE[:6])
        await pilot.press(*["backspace"] * 6, *KIOSK[:6])
        await until(pilot, lambda: listed(screen) == ["user-80"])
        await pilot.press("q", "q")
        await until(pilot, lambda: not listed(screen))
        assert "No id holds" in screen.list.nothing
        assert isinstance(pilot.app.screen, UsersScreen), "what is typed is no command"
        await pilot.press("escape")
        await until(pilot, lambda: len(listed(screen)) == len(viewer.known_users.clusters))
        assert screen.list.has_focus
        await pilot.press("escape")
        assert pilot.app.screen is not screen


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_what_is_typed_right_behind_the_slash_goes_into_the_filter(
    app_on: AppOn, size: tuple[int, int]
) -> None:
    async with app_on(viewer_of()).run_test(size=size) as pilot:
        screen = await opened(pilot)
        for key, character in (("slash", "/"), ("l", "l"), ("slash", "/"), ("u", "u")):
            pilot.app.post_message(events.Key(key, character))
        await until(pilot, lambda: screen.text == "l/u")
        assert screen.box.has_focus
        assert pilot.app.screen is screen
        await pilot.press(*["backspace"] * 3, *"user", "minus", "8")
        await until(pilot, lambda: listed(screen) == ["user-81", "user-80"])
        for key in ("enter", "down", "enter"):
            pilot.app.post_message(events.Key(key, None))
        await until(pilot, lambda: isinstance(pilot.app.screen, UserStoryScreen), "the story")
        assert screen.list.key == ("", "user-80")


async def test_it_keeps_fresh_and_nothing_jumps(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    first = (
        *(call("track", f"u-{number}", event="A", properties={}) for number in range(1, 6)),
        call("track", anonymous=DEVICE, event="A", properties={}),
    )
    viewer = viewer_of(users_of(first), count=len(first))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert listed(screen) == [DEVICE, "u-5", "u-4", "u-3", "u-2", "u-1"]
        screen.list.select(("", "u-3"))
        more = (
            call("track", "u-6", event="A", properties={}),
            call("identify", "u-9", DEVICE, traits={"a": 1}),
            call("track", "u-1", event="A", properties={}),
        )
        viewer.known_users = users_of((*first, *more))
        viewer.add(*story(len(more), len(first) + 1))
        await until(pilot, lambda: len(listed(screen)) == 7)
        assert listed(screen) == [DEVICE, "u-5", "u-4", "u-3", "u-2", "u-1", "u-6"]
        assert screen.list.key == ("", "u-3")
        joined = screen._clusters[DEVICE]
        assert joined.distinct_id == "u-9", "the anonymous one is a user now, at its place"
        await pilot.press("r")
        assert listed(screen)[:2] == ["u-1", "u-9"]
        assert screen.list.key == ("", "u-3")


async def test_a_lost_engine_is_told_and_what_was_there_stays(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    users = users_of()
    behind = msgspec.structs.replace(users.covered, behind=5)
    viewer = viewer_of(msgspec.structs.replace(users, covered=behind))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert "reading …" in str(screen.banner.render())
        viewer.reachable = False
        await until(pilot, lambda: screen.lost)
        assert "No engine answers" in str(screen.banner.render())
        assert listed(screen)
        viewer.reachable = True
        await until(pilot, lambda: not screen.lost)


async def test_narrow_one_thing_at_a_time(app_on: AppOn) -> None:
    async with app_on(viewer_of()).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        panel, list_panel = screen.query_one("#user-panel"), screen.query_one("#list-panel")
        assert not panel.display
        assert screen.list.key == ("", "user-77"), "opened on a message: its user"
        await pilot.press("down", "tab")
        await until(pilot, lambda: screen.user.has_focus)
        assert panel.display
        assert not list_panel.display
        await pilot.press("escape", "escape")
        assert pilot.app.screen is not screen


async def test_it_copies_as_text(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr(live_screen, "copy", lambda app, text: copied.append(text) or "there")
    async with app_on(viewer_of()).run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("y")
        assert "user-77" in copied[0]
        assert f"{DEVICE} → user-77" in copied[0]


async def test_without_users_it_teaches(app_on: AppOn) -> None:
    async with app_on(viewer_of(Users(mode="simplified"))).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        assert screen.teaches.display
        assert 'identity = "original" or "simplified"' in str(screen.teaches.render())
        await pilot.press("q")
        assert pilot.app.screen is not screen


@pytest.mark.parametrize("mode", ["original", "simplified"])
@pytest.mark.parametrize("width", [20, 34, 60, 120])
def test_every_line_fits(mode: str, width: int) -> None:
    """Ids of messages may be anything: wide characters, escape sequences, a megabyte."""
    odd = "\x1b[31m注文が完了しました🛒" * 40
    member = Member(odd, "user", 20_000, True)
    cluster = Cluster(
        mode=mode,  # type: ignore[arg-type]
        distinct_id=odd,
        members=(member,) * 3,
        links=((Link("alias", odd, odd), 5),),
        notes=(f'"{odd}" is no UUIDv4: $identify does not join it', "注文が完了しました " * 30),
        last=9,
    )
    for marks in (UNICODE, ASCII):
        lines = cluster_lines(cluster, width, marks, {9: story(1)[0], 5: None}, 0)
        for line in lines:
            text = "".join(part for part, _ in line.spans)
            assert cell_len(text) <= max(width, 44), text
            assert "\x1b" not in text
            assert marks is UNICODE or text.isascii()
        row = "".join(part for part, _ in user_spans(cluster, width, marks))
        assert cell_len(row) <= max(width, 30)
        assert "\x1b" not in row
    assert len(user_head(width)) <= max(width, 30)
    assert "no longer in the journal" in as_text(cluster_lines(cluster, 60, UNICODE, {5: None}, 0))


def test_the_id_that_a_message_is_about() -> None:
    def about(*bodies: object) -> str:
        requests = (OutgoingRequest("POST", "https://x/track", body=body) for body in bodies)  # type: ignore[arg-type]
        return id_in(Translation(tuple(Operation("", "", request) for request in requests)))

    event = {"event": "A", "properties": {"distinct_id": "u-1", "$device_id": "d"}}
    profile = {"$distinct_id": "p-1", "$set": {}}
    assert about([event]) == "u-1"
    assert about(profile) == "p-1"
    assert about(profile, [event]) == "u-1"
    assert about({"event": "$identify", "properties": {"$identified_id": "u", "$anon_id": "a"}}) == "u"
    assert about({"event": "$identify", "properties": {"$identified_id": "", "$anon_id": "a"}}) == "a"
    assert about({"event": "$create_alias", "properties": {"alias": "new", "distinct_id": "old"}}) == "new"
    # An event may have a property that is called alias.
    assert about([{"event": "A", "properties": {"alias": "x", "distinct_id": "u-1"}}]) == "u-1"
    assert about({"$group_key": "company", "$group_id": "acme", "$set": {}}) == ""
    assert about() == ""
    assert cluster_of(Identities("original"), about()) is None


class _Narrowed(FakeViewer):
    """Fails as an engine that is gone does."""

    async def users(self, text: str = "", limit: int = 200, filter: str = "") -> Users:
        raise EngineError("No engine answers.")


async def test_an_engine_that_is_gone_from_the_start_is_told(app_on: AppOn) -> None:
    app = app_on(_Narrowed(story(3)))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, UsersScreen) and app.screen.lost)
        assert "No engine answers." in str(app.screen.banner.render())  # type: ignore[attr-defined]


@pytest.mark.usefixtures("still")
@size_of
@pytest.mark.parametrize("name", ["list", "not-joined", "simplified", "ascii", "empty"])
async def test_pictures(same_grid: SameGrid, app_on: AppOn, name: str, size: tuple[int, int]) -> None:
    users = (
        Users(mode="original")
        if name == "empty"
        else users_of(mode="simplified" if name == "simplified" else "original")
    )
    app = app_on(viewer_of(users), plain=name == "ascii")

    async def run(pilot: Pilot[object]) -> None:
        screen = await opened(pilot)
        if name == "not-joined":
            screen.list.select(("", "user-81"))
            await pilot.press("tab")
            await until(pilot, lambda: screen.user.has_focus)
            await read(pilot)
        await pilot.pause()

    await same_grid(app, size, run)


async def test_nothing_is_said_of_users_before_all_is_read(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = viewer_of(Users(mode="original", covered=Coverage(messages=40, behind=9_010)))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert "reading …  0%, 40 of 9,050 so far" in str(screen.banner.render())
        assert not screen.has_class("-empty")
        assert "reading …" in drawn_screen(pilot)
        assert "No user" not in drawn_screen(pilot)
        viewer.known_users = Users(mode="original", covered=Coverage(messages=9_050))
        await until(pilot, lambda: screen.has_class("-empty"), "now it is known that there is none")


async def test_a_filter_of_the_list_narrows_the_users(app_on: AppOn) -> None:
    viewer = viewer_of()
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and len(app.main.list.window))
        main = app.main
        assert main is not None
        main.filter_by("type:track")
        await until(pilot, lambda: main.source.text == "type:track")
        covered = Coverage(messages=3, behind=5, looked=7)
        viewer.known_users = msgspec.structs.replace(viewer.known_users, covered=covered)
        screen = await opened(pilot)
        assert ("users", "", 200, "type:track") in viewer.calls
        assert "58% of 12, 3 found so far, Esc stops" in str(screen.banner.render())
        await pilot.press("escape")
        assert app.screen is screen
        assert "stopped at" in str(screen.banner.render())
        await pilot.press("tab")
        screen.user.select(("user-77", "member", "user-77"))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is main and main.source.text == 'type:track user:"user-77"')
