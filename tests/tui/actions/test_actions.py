"""What the keys do: each act asks where it must, does it through the viewer, and says what happened."""

from __future__ import annotations

import json
import webbrowser
from collections.abc import Callable

import pytest
from fake_viewer import FakeViewer, story, summary, until
from pane_host import lines as drawn_lines
from pane_host import screen as drawn_screen
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from segtap.core.api.models import Change
from segtap.core.copied.formats import EXPORTERS
from segtap.core.delivery import DeliveryCounts, DeliveryState
from segtap.core.messages import Marks, message_number
from segtap.core.verdict import NotSent
from segtap.tui.app import SegtapApp
from segtap.tui.screens.confirm import Choose, Confirm
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
    await until(pilot, lambda: isinstance(pilot.app.screen, Confirm | Choose), "a question")
    return str(pilot.app.screen.query_one(".question").render())


async def test_replay_with_forwarding_off_does_not_ask(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 3)
        await pilot.press("r")
        await until(pilot, lambda: ("replay", (message_number(3, 0),)) in viewer.calls)
        await until(pilot, lambda: "Forwarding is off, so Mixpanel gets nothing" in said(pilot))


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_a_message_and_its_replay_lead_to_each_other(app_on: AppOn, size: tuple[int, int]) -> None:
    viewer = FakeViewer([summary(1), summary(2, name="Cart Viewed")])
    async with app_on(viewer).run_test(size=size) as pilot:
        main = await ready(pilot, 2)
        await pilot.press("up", "5")
        await until(pilot, lambda: "v sends this one now" in main.delivery.copy_text())
        await pilot.press("r")
        original, again = message_number(1, 0), message_number(3, 0)
        await until(pilot, lambda: "Replayed as 10:41:03.490" in main.delivery.copy_text())
        assert main.list.selected == original
        assert "v sends this one now" not in main.delivery.copy_text()
        viewer.deliver(Change(again, DeliveryState.SENT))
        await until(pilot, lambda: "✓ sent" in main.delivery.copy_text(), "the replay's own state")
        await until(pilot, lambda: main.delivery.has_focus_within)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: main.detail is not None and main.detail.summary.id == again)
        await until(pilot, lambda: "Replay of 10:41:02.870  · off" in drawn_screen(pilot))
        await until(pilot, lambda: main.delivery.has_focus_within)
        await pilot.press("right_square_bracket")
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: main.list.selected == original)
        await until(pilot, lambda: "Replayed as" in drawn_screen(pilot))
        lines = drawn_lines(pilot)
        y = next(y for y, line in enumerate(lines) if "Replayed as" in line)
        await pilot.click(offset=(lines[y].index("10:41:03.490") + 2, y))
        await until(pilot, lambda: main.list.selected == again, "the time is a link")


async def test_replay_with_forwarding_on_names_project_and_region(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3), forwarding=True)
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 3)
        await pilot.press("r")
        assert "Send 1 message again to project a1b2…f9 at the endpoint in the US?" in await asked(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is main)
        assert not [call for call in viewer.calls if call[0] == "replay"], "the default is no"
        await pilot.press("r")
        await asked(pilot)
        await pilot.press("y")
        await until(pilot, lambda: ("replay", (message_number(3, 0),)) in viewer.calls)


async def test_replay_of_what_is_not_sent_says_so_and_does_not_ask(app_on: AppOn) -> None:
    viewer = FakeViewer([summary(1), summary(2, marks=int(Marks.SECOND_RECEIPT))], forwarding=True)
    viewer.not_sent = NotSent("$.properties.token", "another project (ab12…)")
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 2)
        await pilot.press("r")
        assert "Send 1 message again" in await asked(pilot), "the replay of a copy is a message of its own"
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        await pilot.press("up", "r")
        await until(pilot, lambda: ("replay", (message_number(1, 0),)) in viewer.calls)
        await until(pilot, lambda: "Mixpanel gets nothing of it: another project (ab12…)." in said(pilot))


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
        assert "project a1b2…f9 at the endpoint in the EU" in question
        assert (
            "1,204 messages received before stay unsent; a replay sends what is for this project" in question
        )
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
        await until(pilot, lambda: "accepted nothing" in said(pilot) and "f turns" in said(pilot))
        viewer.know(forwarding=True, deliveries=DeliveryCounts(waiting=2))
        await until(pilot, lambda: pilot.app.main.state.forwarding)  # type: ignore[attr-defined]
        await pilot.press("o")
        await until(pilot, lambda: "Forwarding is on: 2 messages wait" in said(pilot))
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
        await pilot.press("c")
        assert '"event": "Order Completed"' in copied[-1]
        await pilot.press("2")
        await until(pilot, lambda: main.pane_name == "mixpanel")
        await pilot.press("c")
        assert "$insert_id" in copied[-1]
        assert "Copied the Mixpanel pane: by test" in said(pilot)


async def test_the_copy_menu_offers_every_format(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr("segtap.tui.clipboard.copy", lambda app, text: copied.append(text) or "by test")
    async with app_on(FakeViewer(story(3))).run_test(size=(80, 24), notifications=True) as pilot:
        main = await ready(pilot, 3)
        await until(pilot, lambda: main.detail is not None)
        await pilot.press("C")
        assert "Copy as" in await asked(pilot)
        assert all(exporter.title in drawn_screen(pilot) for exporter in EXPORTERS)
        await pilot.press("s")
        await until(pilot, lambda: bool(copied))
        assert copied[-1].startswith("curl ")
        assert "http://127.0.0.1:8765/v1/t" in copied[-1]
        assert "Copied curl of the Segment call: by test" in said(pilot)
        for key, start in (("m", "curl 'https://api.mixpanel.com/import"), ("l", '{"'), ("d", "### track")):
            count = len(copied)
            await pilot.press("C")
            await asked(pilot)
            await pilot.press(key)
            await until(pilot, lambda count=count: len(copied) > count)
            assert copied[-1].startswith(start), copied[-1]
        await pilot.press("C")
        await asked(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is main)
        assert len(copied) == 4, "Esc copies nothing"


async def test_the_palette_offers_every_format(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr("segtap.tui.clipboard.copy", lambda app, text: copied.append(text) or "by test")
    async with app_on(FakeViewer(story(3))).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 3)
        await until(pilot, lambda: main.detail is not None)
        commands = {one.title: one.callback for one in pilot.app.get_system_commands(main)}
        assert {f"Copy as {exporter.title}" for exporter in EXPORTERS} <= commands.keys()
        commands["Copy as the body as it is sent to Mixpanel"]()
        await until(pilot, lambda: bool(copied))
        assert json.loads(copied[-1])[0]["event"] == "Order Completed"


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
        await pilot.press("c")
        assert copied[-1].startswith("POST http://127.0.0.1:9999/mp/import?strict=1\n")
        await pilot.press("3")
        await until(pilot, lambda: main.wire.has_focus_within)
        assert "POST http://127.0.0.1:9999/mp/import" in drawn_screen(pilot)
        await pilot.press("C")
        await asked(pilot)
        await pilot.press("m")
        await until(pilot, lambda: copied[-1].startswith("curl "))
        assert copied[-1].startswith("curl 'http://127.0.0.1:9999/mp/import?strict=1'")
        viewer.know(mixpanel_url="")
        await until(pilot, lambda: "POST https://api.mixpanel.com/import" in drawn_screen(pilot))


async def test_clearing_asks_and_empties(app_on: AppOn) -> None:
    viewer = FakeViewer(story(20), deliveries=DeliveryCounts(waiting=4))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 20)
        await pilot.press("D")
        assert "4 messages still owed to Mixpanel will never be sent" in await asked(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is main)
        assert ("clear",) not in viewer.calls, "the default is the harmless answer"
        await pilot.press("D")
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
            "Filter the messages",
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


HALTED: dict[str, object] = {
    "forwarding": True,
    "halted": True,
    "halted_why": "Mixpanel refuses the credentials: 401 Invalid credentials. What waits is kept.",
    "fault": "Mixpanel refuses the credentials: 401 Invalid credentials. What waits is kept.",
    "credentials": (
        "the project token a1b2…f9, from the variable MIXPANEL_TOKEN (read once, when segtap started)",
    ),
    "deliveries": DeliveryCounts(waiting=12),
}


class TestHalted:
    """`f` once forwarding has halted."""

    async def question(self, pilot: Pilot[object]) -> str:
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "a choice")
        return str(pilot.app.screen.query_one(".question").render())

    @pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
    async def test_the_banner_and_the_question_name_the_ways(
        self, app_on: AppOn, size: tuple[int, int]
    ) -> None:
        viewer = FakeViewer(story(3), **HALTED)
        async with app_on(viewer).run_test(size=size, notifications=True) as pilot:
            main = await ready(pilot, 3)
            banner = " ".join(main.header.render().plain.split())
            assert "FORWARDING HALTED" in banner
            assert "f: try again, read the settings again, or turn off" in banner
            await pilot.press("f")
            question = await self.question(pilot)
            for words in (
                "401 Invalid credentials",
                "project a1b2…f9 at the endpoint in the US",
                "from the variable MIXPANEL_TOKEN",
                "start segtap again",
                "12 messages wait",
            ):
                assert words in question
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is main)
            assert not [call for call in viewer.calls if call[0] == "set_forwarding"], "left as it is"

    async def test_try_again(self, app_on: AppOn) -> None:
        viewer = FakeViewer(story(3), **HALTED)
        async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
            main = await ready(pilot, 3)
            await pilot.press("f")
            await self.question(pilot)
            await pilot.press("t")
            await until(pilot, lambda: "FORWARDING ON" in main.header.render().plain)
            assert ("set_forwarding", True) in viewer.calls
            assert "what waits (12 messages) goes to project a1b2…f9 at the endpoint in the US" in said(pilot)

    async def test_turn_off(self, app_on: AppOn) -> None:
        viewer = FakeViewer(story(3), **HALTED)
        async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
            main = await ready(pilot, 3)
            await pilot.press("f")
            await self.question(pilot)
            await pilot.press("o")
            await until(pilot, lambda: "FORWARDING OFF" in main.header.render().plain)
            assert ("set_forwarding", True) not in viewer.calls

    async def test_the_same_settings_are_called_so(self, app_on: AppOn) -> None:
        viewer = FakeViewer(story(3), **HALTED)
        async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
            main = await ready(pilot, 3)
            await pilot.press("f")
            await self.question(pilot)
            await pilot.press("s")
            question = await asked(pilot)
            assert "the same project and credentials as when it halted" in question
            assert "start segtap again" in question
            await pilot.press("enter")
            await until(pilot, lambda: pilot.app.screen is main)
            assert ("set_forwarding", True) not in viewer.calls

    async def test_other_settings_are_named_before_they_are_tried(self, app_on: AppOn) -> None:
        viewer = FakeViewer(story(3), **HALTED)
        viewer.in_the_file = {"project": "0f0f…0f", "region": "eu", "changed_since_halt": True}
        async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
            await ready(pilot, 3)
            await pilot.press("f")
            await self.question(pilot)
            await pilot.press("s")
            question = await asked(pilot)
            assert "The settings changed since it halted." in question
            assert "what waits (12 messages) to project 0f0f…0f at the endpoint in the EU?" in question
            assert ("set_forwarding", True) not in viewer.calls
            await pilot.press("y")
            await until(pilot, lambda: ("set_forwarding", True) in viewer.calls)


async def test_what_an_engine_that_died_left_open_is_answered_once(app_on: AppOn) -> None:
    line = "Forwarding was on, to project a1b2…f9 in the US, until the engine died. It is OFF now."
    viewer = FakeViewer(story(3), interrupted=line)
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 3)
        assert f"{line} f resumes, or leaves it off" in " ".join(main.header.render().plain.split())
        await pilot.press("f")
        assert line in " ".join((await asked(pilot)).split())
        await pilot.press("n")
        await until(pilot, lambda: ("set_forwarding", False) in viewer.calls)
        await until(pilot, lambda: "It is OFF now" not in main.header.render().plain)
