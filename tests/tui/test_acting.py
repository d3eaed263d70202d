"""What the keys do: each act asks where it must, does it through the viewer, and says what happened."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable

import pytest
from fake_viewer import FakeViewer, story, summary, until
from pane_host import screen as drawn_screen
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from segtap.core.delivery import DeliveryCounts
from segtap.core.messages import message_number
from segtap.tui.app import SegtapApp
from segtap.tui.screens.confirm import Confirm
from segtap.tui.screens.main import MainScreen

AppOn = Callable[..., SegtapApp]


async def ready(pilot: Pilot[object], count: int) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == count)
    assert app.main is not None
    return app.main


def said(pilot: Pilot[object]) -> str:
    """All toasts."""
    return "\n".join(f"{note.title}: {note.message}" for note in pilot.app._notifications)


async def toasts(pilot: Pilot[object]) -> list[Toast]:
    """The toasts in sight."""
    await until(pilot, lambda: pilot.app.screen.query(Toast), "a toast")
    return list(pilot.app.screen.query(Toast))


async def asked(pilot: Pilot[object]) -> str:
    """The question on the screen."""
    await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "a question")
    return str(pilot.app.screen.query_one(".question").render())


async def test_replay_with_forwarding_off_does_not_ask(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 3)
        await pilot.press("r")
        await until(pilot, lambda: ("replay", (message_number(3, 0),)) in viewer.calls)
        await until(pilot, lambda: "Forwarding is off, so Mixpanel gets nothing" in said(pilot))


async def test_replay_with_forwarding_on_names_project_and_region(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3), forwarding=True)
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 3)
        await pilot.press("r")
        assert "Send 1 message again to project a1b2…f9 in the US?" in await asked(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is main)
        assert not [call for call in viewer.calls if call[0] == "replay"], "the default is no"
        await pilot.press("r")
        await asked(pilot)
        await pilot.press("y")
        await until(pilot, lambda: ("replay", (message_number(3, 0),)) in viewer.calls)


async def test_what_a_message_holds_is_no_markup(app_on: AppOn) -> None:
    name = "[/b] [red](x=1) [@click=app.quit]quit[/]"
    viewer = FakeViewer([summary(1, name=name)])
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 1)
        for _ in range(3):
            await pilot.press("r")
        await until(pilot, lambda: len([call for call in viewer.calls if call[0] == "replay"]) == 3)
        await until(pilot, lambda: name in said(pilot))
        (toast,) = await toasts(pilot)
        assert name in "".join(strip.text for strip in toast.render_lines(toast.size.region)), "one, as it is"


async def test_a_refused_request_cannot_be_replayed(app_on: AppOn) -> None:
    viewer = FakeViewer([summary(1, "", "not JSON: byte 112", marks=16)])
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 1)
        await pilot.press("r")
        await until(pilot, lambda: "nothing to replay" in said(pilot))
        assert not [call for call in viewer.calls if call[0] == "replay"]


async def test_forwarding_says_what_it_will_do(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3), region="eu", deliveries=DeliveryCounts(off=1204), teed=2)
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 3)
        assert "FORWARDING OFF" in main.header.render().plain
        await pilot.press("f")
        question = await asked(pilot)
        assert "project a1b2…f9 in the EU" in question
        assert "1,204 messages received before stay unsent" in question
        assert "2 messages were copies" in question
        assert "counts each twice" in question
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        assert ("set_forwarding", True) not in viewer.calls
        await pilot.press("f")
        await asked(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "FORWARDING ON" in main.header.render().plain)
        await pilot.press("f")
        await until(pilot, lambda: ("set_forwarding", False) in viewer.calls, "off needs no question")
        await until(pilot, lambda: "FORWARDING OFF" in main.header.render().plain)


async def test_forwarding_says_what_is_still_owed_and_where_it_goes(app_on: AppOn) -> None:
    viewer = FakeViewer(
        story(3), deliveries=DeliveryCounts(waiting=100), mixpanel_url="http://127.0.0.1:9000"
    )
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 3)
        await pilot.press("f")
        question = await asked(pilot)
        assert "to project a1b2…f9 at http://127.0.0.1:9000?" in question
        assert "the US" not in question
        assert "First go 100 messages from before" in question
        await pilot.press("y")
        await pilot.press("f")
        await until(pilot, lambda: "100 messages received meanwhile did not" in said(pilot))


async def test_forwarding_that_cannot_be_says_why(app_on: AppOn) -> None:
    viewer = FakeViewer(
        story(1), can_forward=False, cannot_forward_why="MIXPANEL_TOKEN is not set.", project=""
    )
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 1)
        await pilot.press("f")
        await until(pilot, lambda: "Forwarding stays off: MIXPANEL_TOKEN is not set." in said(pilot))


async def test_mixpanel_opens_only_after_it_took_something(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    viewer = FakeViewer(story(3), region="in")
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 3)
        await pilot.press("o")
        await until(pilot, lambda: "taken nothing" in said(pilot))
        assert opened == []
        viewer.know(deliveries=DeliveryCounts(sent=1))
        await until(pilot, lambda: pilot.app.main.state.deliveries.sent == 1)  # type: ignore[attr-defined]
        await pilot.press("o")
        await until(pilot, lambda: opened == ["https://in.mixpanel.com/report/events"])
        viewer.know(mixpanel_url="http://127.0.0.1:9999")
        await until(pilot, lambda: pilot.app.main.state.mixpanel_url)  # type: ignore[attr-defined]
        await pilot.press("o")
        await until(pilot, lambda: "Requests went to http://127.0.0.1:9999" in said(pilot))


async def test_copying_takes_the_pane_in_use(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []

    def copy(app: object, text: str) -> str:
        copied.append(text)
        return "by test"

    monkeypatch.setattr("segtap.tui.clipboard.copy", copy)
    viewer = FakeViewer(story(3))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 3)
        await until(pilot, lambda: main.detail is not None)
        await pilot.press("y")
        assert '"event": "Order Completed"' in copied[-1]
        await pilot.press("2")
        await until(pilot, lambda: main.pane_name == "mixpanel")
        await pilot.press("y")
        assert "$insert_id" in copied[-1]
        await pilot.press("c")
        assert copied[-1].startswith("curl ")
        assert "https://api.mixpanel.com/import" in copied[-1], "the request that is read"
        assert "sends this request to Mixpanel" in said(pilot)
        await pilot.press("escape", "c")
        assert "http://127.0.0.1:8765/v1/t" in copied[-1]
        assert "sends this message here" in said(pilot)
        assert "by test" in said(pilot)


async def test_where_requests_really_go_is_shown_and_copied(
    app_on: AppOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[str] = []
    monkeypatch.setattr("segtap.tui.clipboard.copy", lambda app, text: copied.append(text) or "by test")
    viewer = FakeViewer(story(3), mixpanel_url="http://127.0.0.1:9999/mp")
    async with app_on(viewer).run_test(size=(200, 60), notifications=True) as pilot:
        main = await ready(pilot, 3)
        await until(pilot, lambda: main.detail is not None)
        await pilot.press("2")
        await until(pilot, lambda: main.mixpanel.has_focus_within)
        shown = drawn_screen(pilot)
        assert "POST http://127.0.0.1:9999/mp/import?strict=1" in shown
        assert "in place of https://api.mixpanel.com" in shown
        await pilot.press("y")
        assert copied[-1].startswith("POST http://127.0.0.1:9999/mp/import?strict=1\n")
        await pilot.press("c")
        assert copied[-1].startswith("curl 'http://127.0.0.1:9999/mp/import?strict=1'")
        assert "to http://127.0.0.1:9999/mp" in said(pilot)
        await pilot.press("3")
        await until(pilot, lambda: main.wire.has_focus_within)
        assert "POST http://127.0.0.1:9999/mp/import" in drawn_screen(pilot)
        await pilot.press("c")
        assert copied[-1].startswith("curl 'http://127.0.0.1:9999/mp/import?strict=1'")
        viewer.know(mixpanel_url="")
        await until(pilot, lambda: "POST https://api.mixpanel.com/import" in drawn_screen(pilot))


async def test_clearing_asks_and_empties(app_on: AppOn) -> None:
    viewer = FakeViewer(story(20), deliveries=DeliveryCounts(waiting=4))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 20)
        await pilot.press("C")
        assert "4 messages still owed to Mixpanel will never be sent" in await asked(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is main)
        assert ("clear",) not in viewer.calls, "the default is the harmless answer"
        await pilot.press("C")
        await asked(pilot)
        await pilot.press("y")
        await until(pilot, lambda: main.empty.display and not len(main.list.window))
        viewer.add(*story(2, 21))
        await until(pilot, lambda: len(main.list.window) == 2, "life goes on")


async def test_a_lost_engine_is_no_crash(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 3)
        viewer.reachable = False
        await pilot.press("r")
        await until(pilot, lambda: "No engine answers" in said(pilot))


@pytest.mark.parametrize("key", ["question_mark", "x", "t", "ctrl+p"])
async def test_dialogs_open_and_close(app_on: AppOn, key: str) -> None:
    viewer = FakeViewer(story(3))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 3)
        await pilot.press(key)
        await until(pilot, lambda: pilot.app.screen is not main)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)


async def test_the_palette_offers_every_command(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3))
    async with app_on(viewer).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 3)
        app = pilot.app
        commands = {command.title: command for command in app.get_system_commands(main)}
        for title in (
            "Replay the message",
            "Forwarding on or off",
            "Filter by text",
            "Quit",
            "Clear the journal",
        ):
            assert title in commands
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen is not main)
        await pilot.press(*"replay the")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await until(pilot, lambda: [call for call in viewer.calls if call[0] == "replay"], "it is run")
