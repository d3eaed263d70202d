"""The selected message sent to another server: the box for the URL, the question, and the answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_viewer import FakeViewer, summary, until
from textual.pilot import Pilot
from textual.widgets import Input

from segtap.core.delivery import Posted
from segtap.core.messages import message_number
from segtap.core.server_url import is_this_machine
from segtap.tui import url_memory
from segtap.tui.app import SegtapApp
from segtap.tui.screens.confirm import Confirm
from segtap.tui.screens.main import MainScreen
from segtap.tui.screens.name_box import NameBox

AppOn = Callable[..., SegtapApp]
ID = message_number(1, 0)


async def boxed(pilot: Pilot[object]) -> Input:
    """Ask to send the selected message elsewhere, and return the box for the URL."""
    app = pilot.app
    assert isinstance(app, SegtapApp)
    await until(pilot, lambda: app.main is not None and len(app.main.list.window) == 1)
    assert app.main is not None
    app.main.action_act("replay_to")
    await until(pilot, lambda: isinstance(app.screen, NameBox), "the box")
    return app.screen.query_one(Input)


def said(pilot: Pilot[object]) -> str:
    return "\n".join(f"{note.title}: {note.message}" for note in pilot.app._notifications)


async def test_this_machine_is_not_asked_about_and_the_url_is_remembered(
    app_on: AppOn, tmp_path: Path
) -> None:
    viewer, memory = FakeViewer([summary(1, name="Order")]), tmp_path / "theme.json"
    async with app_on(viewer, memory=memory).run_test(size=(120, 40), notifications=True) as pilot:
        box = await boxed(pilot)
        assert box.value == ""
        box.value = " http://localhost:9001/proxy/ "
        await pilot.press("enter")
        url = "http://localhost:9001/proxy"
        await until(pilot, lambda: ("replay_to", url, (ID,), (), "") in viewer.calls)
        await until(pilot, lambda: f"{url} answered 200: “Order” to /v1/track:" in said(pilot))
        assert (await boxed(pilot)).value == url


async def test_another_machine_is_named_in_one_question(app_on: AppOn) -> None:
    viewer = FakeViewer([summary(1, name="Order")])
    viewer.posted = Posted(status=503, words="busy", path="/v1/track")
    async with app_on(viewer).run_test(size=(120, 40), notifications=True) as pilot:
        for key in ("enter", "y"):
            (await boxed(pilot)).value = "https://api.segment.io"
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, Confirm), "a question")
            question = str(pilot.app.screen.query_one(".question").render())
            assert "Send 1 message to https://api.segment.io?" in question
            await pilot.press(key)
            await until(pilot, lambda: isinstance(pilot.app.screen, MainScreen))
        await until(pilot, lambda: "https://api.segment.io answered 503: “Order”" in said(pilot))
        assert len([call for call in viewer.calls if call[0] == "replay_to"]) == 1


async def test_a_wrong_url_is_asked_for_again(app_on: AppOn, tmp_path: Path) -> None:
    viewer, memory = FakeViewer([summary(1)]), tmp_path / "theme.json"
    async with app_on(viewer, memory=memory).run_test(size=(120, 40), notifications=True) as pilot:
        for wrong, kept in (("localhost:8765", "localhost:8765"), ("https://u:hunter2hunter2@x", "")):
            (await boxed(pilot)).value = wrong
            await pilot.press("enter")
            await until(pilot, lambda: "The URL must" in said(pilot))
            await until(pilot, lambda: isinstance(pilot.app.screen, NameBox))
            assert "hunter2" not in said(pilot)
            await until(pilot, lambda kept=kept: pilot.app.screen.query_one(Input).value == kept)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, MainScreen))
        assert not [call for call in viewer.calls if call[0] == "replay_to"]
    assert url_memory.read(memory) == ""


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:1", True),
        ("http://[::1]:1", True),
        ("http://localhost", True),
        ("http://10.0.0.1", False),
        ("https://api.segment.io", False),
    ],
)
def test_which_urls_are_this_machine(url: str, here: bool) -> None:
    assert is_this_machine(url) is here
