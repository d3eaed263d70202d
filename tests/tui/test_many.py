"""`b`: what can be done with all marked messages, or without marks with all that are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fake_viewer import FakeViewer, story, summary, until
from pane_host import screen as drawn_screen
from textual.pilot import Pilot
from textual.widgets import Input

from segtap.core.commands.bulk import Progress
from segtap.core.delivery import DeliveryState
from segtap.core.errors import EngineError
from segtap.core.messages import message_number
from segtap.tui.actions import many
from segtap.tui.app import SegtapApp
from segtap.tui.model.many import Job
from segtap.tui.screens.confirm import Choose, Confirm
from segtap.tui.screens.main import MainScreen
from segtap.tui.screens.name_box import NameBox

AppOn = Callable[..., SegtapApp]


async def ready(pilot: Pilot[object], count: int) -> MainScreen:
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == count)
    await until(pilot, lambda: app.main is not None and app.main.detail is not None)
    assert app.main is not None
    return app.main


async def asked(pilot: Pilot[object], kind: type[Confirm | Choose]) -> str:
    """The question on the screen."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind), "a question")
    return str(pilot.app.screen.query_one(".question").render())


def said(pilot: Pilot[object]) -> str:
    return "\n".join(note.message for note in pilot.app._notifications)


def replayed(viewer: FakeViewer) -> list[int]:
    """The messages of all orders to replay, by their numbers."""
    return [id >> 20 for name, *rest in viewer.calls if name == "replay" for id in rest[0]]


async def test_marked_messages_are_replayed_after_one_question(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24), forwarding=True)
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 24)
        await pilot.press("home", "m", "m", "m", "b")
        assert "What to do with 3 marked messages?" in await asked(pilot, Choose)
        await pilot.press("r")
        question = await asked(pilot, Confirm)
        assert "Send 3 marked messages again, and on to project a1b2…f9 at the" in question
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is main)
        assert replayed(viewer) == [], "the default is no"
        await pilot.press("b", "r", "y")
        await until(pilot, lambda: replayed(viewer) == [1, 2, 3])
        await until(pilot, lambda: "3 messages replayed." in said(pilot))
        assert main.many.marks.count == 3


async def test_without_marks_it_is_all_that_are_shown(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 24)
        main.filter_by("type:page")
        await until(pilot, lambda: len(main.list.window) == 2 and not main.source.searching)
        await pilot.press("b")
        assert "What to do with all 2 messages shown?" in await asked(pilot, Choose)
        await pilot.press("r")
        assert "Forwarding is off, so Mixpanel gets nothing of it." in await asked(pilot, Confirm)
        await pilot.press("y")
        await until(pilot, lambda: replayed(viewer) == [1, 13])


async def test_esc_stops_a_replay_at_its_pace(app_on: AppOn) -> None:
    lines = [summary(number, received_at=number * 3_600_000) for number in range(1, 6)]
    viewer = FakeViewer(lines)
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 5)
        await pilot.press("home", "m", "m", "m", "b", "x")
        await until(pilot, lambda: isinstance(pilot.app.screen, NameBox))
        pilot.app.screen.query_one(Input).value = "10x"
        await pilot.press("enter")
        assert "10 times as fast as they came" in await asked(pilot, Confirm)
        await pilot.press("y")
        await until(pilot, lambda: replayed(viewer) == [1], "the next one is due in six minutes")
        await until(pilot, lambda: "Replaying 1 of 3 " in drawn_screen(pilot))
        assert "Esc stops" in drawn_screen(pilot)
        await pilot.press("b")
        await until(pilot, lambda: "still under way" in said(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Stopped: 1 of 3 messages replayed." in said(pilot))
        assert main.many.marks.count == 3, "Esc stopped it, and no more"
        await until(pilot, lambda: "◆ 3 marked" in drawn_screen(pilot))


async def test_failures_are_counted_and_named(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = FakeViewer(story(5))

    async def replay(ids: Sequence[int]) -> int:
        return len(ids) - 1

    monkeypatch.setattr(viewer, "replay", replay)
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 5)
        await pilot.press("M", "b", "r", "y")
        await until(pilot, lambda: "4 messages replayed. 1 failed: too large" in said(pilot))

        async def lost(ids: Sequence[int]) -> int:
            raise EngineError("No engine answers.")

        monkeypatch.setattr(viewer, "replay", lost)
        await pilot.press("b", "r", "y")
        await until(pilot, lambda: "No engine answers. Stopped: 0 of 5 messages replayed." in said(pilot))


async def test_export_to_a_file(app_on: AppOn, tmp_path: Path) -> None:
    viewer, file = FakeViewer(story(12)), tmp_path / "some.jsonl"
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 12)
        for answer in ("", "n", "y"):
            await pilot.press("home", "m", "down", "m", "b", "e")
            await until(pilot, lambda: isinstance(pilot.app.screen, NameBox))
            pilot.app.screen.query_one(Input).value = str(file)
            await pilot.press("enter")
            if answer:
                assert "exists. Replace it by" in await asked(pilot, Confirm)
                await pilot.press(answer)
            if answer != "n":
                await until(pilot, lambda: f"2 messages exported to {file}." in said(pilot))
                found = [json.loads(line)["messageId"] for line in file.read_text().splitlines()]
                assert found == ["message-1", "message-3"]
                assert file.stat().st_mode & 0o777 == 0o600
            await pilot.press("escape")
            await until(pilot, lambda: "Cleared the marks." in said(pilot))
            file.write_text("other")
        await pilot.press("home", "m", "b", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, NameBox))
        pilot.app.screen.query_one(Input).value = str(tmp_path / "no" / "folder")
        await pilot.press("enter")
        await until(pilot, lambda: "cannot be written: No such file or directory" in said(pilot))


async def test_copy_as_lines(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []

    def copy(app: object, text: str) -> str:
        copied.append(text)
        return "there"

    monkeypatch.setattr("segtap.tui.clipboard.copy", copy)
    async with app_on(FakeViewer(story(12))).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 12)
        await pilot.press("home", "m", "m", "b", "c")
        await until(pilot, lambda: "Copied 2 messages" in said(pilot))
        assert copied == ['{"messageId":"message-1"}\n{"messageId":"message-2"}\n']


async def test_hidden_messages_leave_the_list_and_come_back(app_on: AppOn) -> None:
    viewer = FakeViewer(story(12))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 12)
        await pilot.press("home", "down", "m", "m", "up", "up", "b", "h")
        await until(pilot, lambda: len(main.list.window) == 10)
        assert main.list.selected == message_number(4, 0), "the one below"
        assert not main.many.marks
        assert "2 messages hidden from the list. b, then u undoes that." in said(pilot)
        viewer.add(summary(13))
        await until(pilot, lambda: len(main.list.window) == 11)
        main.filter_by("type:track")
        await until(pilot, lambda: [row.id >> 20 for row in main.list.window.rows] == [4, 9, 10, 11, 12, 13])
        await pilot.press("M", "escape")
        await until(pilot, lambda: len(main.list.window) == 11)
        await until(pilot, lambda: "(2 hidden)" in drawn_screen(pilot))
        await pilot.press("b", "u", "b", "u")
        await until(pilot, lambda: len(main.list.window) == 13)
        assert main.many.hidden.ids == set()
        assert main.many.marks.count == 2, "their marks are back as well"
        await pilot.press("home", "M", "b", "h")
        await until(pilot, lambda: len(main.list.window) == 1, "a refused request stays")
        await pilot.press("b", "s")
        await until(pilot, lambda: len(main.list.window) == 13)
        await main.go_to([message_number(3, 0)])
        assert main.list.selected == message_number(3, 0)


async def test_a_filter_hides_more_than_can_be_hidden(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "MOST", 4)
    async with app_on(FakeViewer(story(5))).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 5)
        await pilot.press("M", "b", "h")
        await until(pilot, lambda: "At most 100,000 messages can be hidden; a filter" in said(pilot))
        assert len(main.list.window) == 5


async def test_the_bar_says_why_it_waits(app_on: AppOn) -> None:
    async with app_on(FakeViewer(story(5))).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 5)
        main.many.begin(Job("Sending", Progress(10, waits="trying again: 503 busy")))
        await until(pilot, lambda: "Esc stops · trying again: 503 busy" in drawn_screen(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "· stopping" in drawn_screen(pilot))


async def test_the_next_error_is_not_a_hidden_one(app_on: AppOn) -> None:
    async with app_on(FakeViewer(story(36))).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 36)
        await pilot.press("home", "n")
        await until(pilot, lambda: main.list.selected == message_number(3, 0))
        await pilot.press("m", "b", "h")
        await until(pilot, lambda: len(main.list.window) == 35)
        await pilot.press("home", "n")
        await until(pilot, lambda: main.list.selected == message_number(6, 0))


async def test_a_hidden_message_that_is_gone_to_is_shown(app_on: AppOn) -> None:
    async with app_on(FakeViewer(story(12))).run_test(size=(120, 40)) as pilot:
        main = await ready(pilot, 12)
        await pilot.press("home", "down", "m", "b", "h")
        await until(pilot, lambda: len(main.list.window) == 11)
        await main.go_to([message_number(2, 0)])
        await until(pilot, lambda: main.list.selected == message_number(2, 0))


async def test_nothing_to_do(app_on: AppOn) -> None:
    viewer = FakeViewer([summary(1, "", "not JSON", marks=16)])
    async with app_on(viewer).run_test(size=(80, 24)) as pilot:
        await ready(pilot, 1)
        await pilot.press("b")
        assert "No message is marked or shown." in await asked(pilot, Choose)


async def test_many_messages_go_in_pieces(app_on: AppOn, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = FakeViewer([summary(number) for number in range(1, 1_501)])
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 1_000)
        await pilot.press("M", "b", "r", "y")
        await until(pilot, lambda: "1,500 messages replayed." in said(pilot))
        assert len(replayed(viewer)) == 1_500
        assert len([call for call in viewer.calls if call[0] == "replay"]) == 15


async def test_messages_go_to_mixpanel_with_forwarding_off(app_on: AppOn) -> None:
    viewer = FakeViewer(story(12))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 12)
        await pilot.press("home", "m", "m", "b", "m")
        question = await asked(pilot, Confirm)
        assert "Send 2 marked messages to project a1b2…f9 at the endpoint in the US now?" in question
        assert "Forwarding is off and stays off." in question
        await pilot.press("y")
        await until(pilot, lambda: "2 messages sent to Mixpanel." in said(pilot))
        assert ("validate", (message_number(1, 0), message_number(2, 0))) in viewer.calls
        viewer.know(can_forward=False, cannot_forward_why="No token is set.")
        await until(pilot, lambda: not viewer.facts.can_forward)
        await pilot.press("b", "m")
        await until(pilot, lambda: "No token is set." in said(pilot))


async def test_what_was_left_unsent_is_forwarded(app_on: AppOn) -> None:
    viewer = FakeViewer(story(12))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 12)
        await pilot.press("M", "b", "f")
        question = await asked(pilot, Confirm)
        assert "Send 3 messages to project a1b2…f9" in question
        assert "those of 11 marked messages" in question
        await pilot.press("y")
        await until(pilot, lambda: "3 messages sent to Mixpanel." in said(pilot))
        sent = [rest[0] for name, *rest in viewer.calls if name == "validate"]
        assert sent == [(message_number(1, 0), message_number(11, 0), message_number(12, 0))]
        await pilot.press("b", "f")
        await until(pilot, lambda: "none was left unsent" in said(pilot))
        assert main.many.job is None


async def test_messages_go_to_another_url(app_on: AppOn) -> None:
    viewer = FakeViewer(story(3))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 3)
        await pilot.press("M", "b", "a")
        await until(pilot, lambda: isinstance(pilot.app.screen, NameBox))
        pilot.app.screen.query_one(Input).value = "http://localhost:9000"
        await pilot.press("enter")
        assert "Send 3 marked messages to http://localhost:9000?" in await asked(pilot, Confirm)
        await pilot.press("y")
        await until(pilot, lambda: "3 messages sent to http://localhost:9000." in said(pilot))
        assert [call[:2] for call in viewer.calls if call[0] == "replay_to"] == [
            ("replay_to", "http://localhost:9000")
        ]


async def test_marked_messages_become_a_scenario(
    app_on: AppOn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 24)
        await pilot.press("home", "m", "m", "b", "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, NameBox), "a box for the name")
        pilot.app.screen.query_one(Input).value = "checkout"
        await pilot.press("enter")
        path = tmp_path / "checkout.jsonl"
        await until(pilot, lambda: f"2 messages recorded in {path}." in said(pilot))
        assert [list(json.loads(line)) for line in path.read_text().splitlines()] == [
            ["at_ms", "message", "expect"]
        ] * 2
        assert ("scenario", tuple(line.id for line in viewer.lines[:2])) in viewer.calls
        await pilot.press("b", "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, NameBox), "a box for the name")
        pilot.app.screen.query_one(Input).value = "checkout.jsonl"
        await pilot.press("enter")
        assert "exists. Replace it by 2 marked messages?" in await asked(pilot, Confirm)
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen is main)
        found = [one.title for one in pilot.app.get_system_commands(main)]
        assert "Record scenario…" in found


async def test_a_scenario_that_cannot_be_written_says_so(app_on: AppOn, tmp_path: Path) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot, 24)
        await pilot.press("home", "m", "b", "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, NameBox), "a box for the name")
        pilot.app.screen.query_one(Input).value = str(tmp_path / "missing" / "one")
        await pilot.press("enter")
        await until(pilot, lambda: "cannot be written: No such file or directory." in said(pilot))


@pytest.mark.parametrize(
    ("key", "asks", "call", "left"),
    [
        ("g", "send again to project a1b2…f9", "retry", DeliveryState.WAITING),
        ("d", "It is not sent any more", "drop", DeliveryState.OFF),
    ],
)
async def test_what_mixpanel_has_not_accepted_is_sent_again_or_dropped(
    app_on: AppOn, key: str, asks: str, call: str, left: DeliveryState
) -> None:
    viewer = FakeViewer(
        [summary(1, delivery=DeliveryState.UNCERTAIN), summary(2, delivery=DeliveryState.SENT)],
        forwarding=True,
    )
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        main = await ready(pilot, 2)
        await pilot.press("M", "b")
        await asked(pilot, Choose)
        await pilot.press(key)
        assert asks in await asked(pilot, Confirm)
        assert not [one for one in viewer.calls if one[0] == call]
        await pilot.press("y")
        await until(pilot, lambda: "1 message " in said(pilot), "what came of it")
        assert (call, (message_number(1, 0), message_number(2, 0))) in viewer.calls
        await until(pilot, lambda: main.list.window.rows[0].delivery is left)
        assert main.list.window.rows[1].delivery is DeliveryState.SENT
        assert "1 left out: no (1)" in said(pilot)
