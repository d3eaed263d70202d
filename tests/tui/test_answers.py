"""Answers on demand on the screen: turned on and off, said at the top, and attempts in the Delivery pane."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from fake_viewer import FakeViewer, detail_of, story, until
from pane_host import screen as drawn_screen
from textual.pilot import Pilot
from textual.widgets import Input

from segtap.core.api.models import Attempt
from segtap.tui.app import SegtapApp
from segtap.tui.screens.name_box import NameBox
from segtap.tui.widgets.delivery_pane import attempts_of

AppOn = Callable[..., SegtapApp]


def said(pilot: Pilot[object]) -> str:
    return "\n".join(note.message for note in pilot.app._notifications)


async def test_they_are_turned_on_and_off(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24))
    async with app_on(viewer).run_test(size=(100, 30), notifications=True) as pilot:
        app = pilot.app
        assert isinstance(app, SegtapApp)
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        assert app.main is not None
        assert "Answers on demand…" in [one.title for one in app.get_system_commands(app.main)]
        for text, orders in (("429 x3 ; key=WK lost", ("429 x3", "key=WK lost")), ("", ())):
            app.main.action_act("answers")
            await until(pilot, lambda: isinstance(app.screen, NameBox))
            app.screen.query_one(Input).value = text
            await pilot.press("enter")
            await until(pilot, lambda: viewer.calls[-1] == ("set_answers", orders))  # noqa: B023
        await until(pilot, lambda: "SDKs get the usual answers." in said(pilot))


async def test_the_top_says_what_is_on_demand(app_on: AppOn) -> None:
    viewer = FakeViewer(story(24), answers=("429 retry-after=2, 3 of 5 left",))
    async with app_on(viewer).run_test(size=(100, 30)) as pilot:
        await until(
            pilot,
            lambda: "Answers on demand: 429 retry-after=2, 3 of 5 left" in drawn_screen(pilot),
        )


def test_a_detail_names_its_attempt() -> None:
    detail = detail_of(story(24)[5])
    assert attempts_of(detail) == []
    at = detail.summary.received_at
    attempts = (Attempt(at - 2_000, "429"), Attempt(at, "connection reset"), Attempt(at + 2_000, "200"))
    (line,) = attempts_of(msgspec.structs.replace(detail, attempts=attempts))
    assert line.plain.startswith("Attempt 2 of 3 by the SDK: 429 at ")
    assert ", connection reset at " in line.plain
