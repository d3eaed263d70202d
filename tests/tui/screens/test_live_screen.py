"""What the screens of users and of groups have in common: an engine that goes away while they are open."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from cohort import groups_of, lines_of, users_of
from fake_viewer import FakeViewer, story, until
from textual.pilot import Pilot

from segtap.core.aggregates.model import Groups
from segtap.core.api.models import Coverage, Page
from segtap.core.identities.model import Users
from segtap.tui.app import SegtapApp
from segtap.tui.screens import live_screen
from segtap.tui.screens.users import UsersScreen

pytestmark = pytest.mark.terminal

AppOn = Callable[..., SegtapApp]


class Gone(FakeViewer):
    """Tells who there is; then it reads no message until it is back."""

    tries = 0

    async def page(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 200,
        filter: str = "",
        wait: int | None = None,
        route: str = "",
    ) -> Page:
        if after is not None:
            self.tries += 1
        return await super().page(
            before=before, after=after, limit=limit, filter=filter, wait=wait, route=route
        )


async def opened(app: SegtapApp, pilot: Pilot[object]) -> UsersScreen:
    await until(pilot, lambda: app.main is not None and app.main.detail is not None)
    await pilot.press("u")
    await until(pilot, lambda: isinstance(app.screen, UsersScreen))
    screen = app.screen
    assert isinstance(screen, UsersScreen)
    await until(pilot, lambda: bool(screen.found), "a message is read")
    return screen


async def test_an_engine_that_went_away_is_not_asked_again_without_end(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next user's message cannot be read: that is said, and tried again once the engine is back."""
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = Gone(lines_of())
    viewer.known_users = users_of()
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        viewer.reachable = False
        viewer.tries = 0
        await pilot.press("down")
        await until(pilot, lambda: bool(screen.lost), "it is said")
        for _ in range(20):
            await pilot.pause()
        assert viewer.tries == 1
        viewer.reachable = True
        cluster = screen.cluster
        assert cluster is not None
        await until(pilot, lambda: cluster.last in screen.found, "it is read")
        assert not screen.lost


async def test_a_screen_that_was_left_may_still_be_drawn(app_on: AppOn) -> None:
    """What was asked for comes while the screen is taken away, its panels first."""
    viewer = Gone(lines_of())
    viewer.known_users = users_of()
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        await screen.query_one("#user-panel").remove()
        screen.draw()
        assert screen.cluster is not None


@pytest.mark.parametrize(("key", "field"), [("s", "rules"), ("u", "list"), ("p", "parts")])
async def test_once_messages_come_the_list_has_the_keys(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch, key: str, field: str
) -> None:
    """The journal was cleared by another viewer: what is out of sight cannot have the keys."""
    monkeypatch.setattr(live_screen, "FRESH", 0.02)
    viewer = FakeViewer(story(24))
    viewer.known_users, viewer.known_groups = users_of(), groups_of()
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        main = app.main
        await pilot.press(key)
        await until(pilot, lambda: app.screen is not main and getattr(app.screen, field).rows)
        screen = app.screen
        await until(pilot, lambda: getattr(screen, field).has_focus)
        viewer.lines.clear()
        viewer.known_users, viewer.known_groups = Users(mode="original"), Groups()
        screen._pulse = -1  # type: ignore[attr-defined]
        await until(pilot, lambda: screen.has_class("-empty") and app.focused is None, "nothing to see")
        viewer.known_users, viewer.known_groups = users_of(), groups_of()
        viewer.add(*story(24))
        screen._pulse = -1  # type: ignore[attr-defined]
        await until(pilot, lambda: not screen.has_class("-empty"))
        await until(pilot, lambda: getattr(screen, field).has_focus, "the list has the keys")


async def test_a_journal_that_is_begun_anew_has_other_messages_by_the_same_numbers(app_on: AppOn) -> None:
    """A throw-away journal is gone with its engine, and another one counts from the start."""
    viewer = FakeViewer(lines_of())
    viewer.known_users = msgspec.structs.replace(users_of(), covered=Coverage(messages=9, last=900))
    app = app_on(viewer)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app, pilot)
        read = dict(screen.found)
        screen.heard_of(Coverage(messages=4, last=400, behind=5))
        assert screen.found == read, "it is being read anew"
        (id, before), *_ = read.items()
        assert before is not None
        viewer.lines[:] = [
            msgspec.structs.replace(line, name="Another") if line.id == id else line for line in viewer.lines
        ]
        screen.show(msgspec.structs.replace(viewer.known_users, covered=Coverage(messages=1, last=1)))
        await until(pilot, lambda: id in screen.found, "it is read again")
        after = screen.found[id]
        assert after is not None
        assert (before.name != after.name, after.name) == (True, "Another")


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_keys_lead_from_one_screen_to_the_other(app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer(lines_of())
    viewer.known_users, viewer.known_groups = users_of(), groups_of()
    app = app_on(viewer)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        for key, name in (
            *zip("supsp", ("Summary", "Users", "Group Analytics", "Summary", "Group Analytics"), strict=True),
        ):
            await pilot.press(key)
            await until(pilot, lambda name=name: getattr(app.screen, "NAME", "") == name, name)
        await pilot.press("u")
        await until(pilot, lambda: getattr(app.screen, "NAME", "") == "Users")
        await pilot.press("slash", "p", "s")
        await until(
            pilot, lambda: isinstance(app.screen, UsersScreen) and app.screen.text == "ps", "it is typed"
        )
