"""What is really drawn can be read: every letter on the screen, in every theme, has 4.5 to 1."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cohort import groups_of, lines_of, users_of
from details import MESSAGES, attempts, classic, detail, order, refused
from fake_viewer import FakeViewer, story, until
from pane_host import Host
from textual.color import Color
from textual.containers import Horizontal, Vertical
from textual.pilot import Pilot

from segtap.core.api.models import MessageDetail
from segtap.core.delivery import DeliveryState
from segtap.core.messages import Marks
from segtap.tui.app import SegtapApp
from segtap.tui.model.compared import of_messages
from segtap.tui.screens.compare import Compare
from segtap.tui.screens.confirm import Confirm
from segtap.tui.screens.decode import DecodeBox
from segtap.tui.screens.groups import GroupsScreen
from segtap.tui.screens.help import Help
from segtap.tui.screens.users import UsersScreen
from segtap.tui.theming import contrast
from segtap.tui.widgets.delivery_pane import DeliveryPane
from segtap.tui.widgets.mixpanel_pane import MixpanelPane
from segtap.tui.widgets.pane import Pane
from segtap.tui.widgets.segment_pane import SegmentPane
from segtap.tui.widgets.warnings_pane import WarningsPane
from segtap.tui.widgets.wire_pane import WirePane

pytestmark = [pytest.mark.picture, pytest.mark.usefixtures("still")]

CHANGED = {"order_id": 1, "coupon": "AUTUMN"}
COMPARISON = of_messages(
    "with the message before",
    detail(MESSAGES["order"]),
    detail({**MESSAGES["order"], "properties": CHANGED}),
    ("before", "now"),
)
THEMES = ("segtap-dark", "segtap-paper", "segtap-clear", "segtap-contrast")
"""Themes of each kind; test_theming holds the colours of all of them."""
MESSAGES_SHOWN: tuple[Callable[[], MessageDetail], ...] = (
    lambda: order(
        bad=True,
        delivery=DeliveryState.REFUSED,
        deliveries=attempts(),
        objections=("Segment would reject this: 40.1 KB, its limit is 32 KB", "another"),
    ),
    lambda: order(marks=Marks.SECOND_RECEIPT | Marks.TEED, delivery=DeliveryState.UNCERTAIN),
    classic,
    refused,
)


def faint(pilot: Pilot[Any]) -> Iterator[str]:
    """Every piece of text on the screen that is too faint: the text and its contrast."""
    for line in pilot.app.screen._compositor.render_strips():
        for segment in line:
            style = segment.style
            if style is None or not any(letter.isalnum() for letter in segment.text):
                continue
            assert style.color is not None, segment
            assert style.bgcolor is not None, segment
            ink, ground = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
            if style.reverse:
                ink, ground = ground, ink
            measured = contrast(ink, ground)
            if measured < 4.5:
                yield f"{segment.text!r} {ink.hex} on {ground.hex}: {measured:.2f}"


@pytest.mark.parametrize("theme", THEMES)
async def test_the_panes(theme: str) -> None:
    panes: tuple[Pane, ...] = (SegmentPane(), WirePane(), MixpanelPane(), WarningsPane(), DeliveryPane())
    host = Host(Horizontal(Vertical(*panes[:2]), Vertical(*panes[2:])), theme)
    async with host.run_test(size=(160, 60)) as pilot:
        for number, make in enumerate(MESSAGES_SHOWN):
            for pane in panes:
                pane.detail = make()
            await pilot.pause()
            panes[0].show_path("$.event")  # type: ignore[attr-defined]
            targets = [widget for widget in host.query("*") if widget.focusable]
            targets[number % len(targets)].focus()
            await pilot.press("down")
            await pilot.pause()
            assert list(faint(pilot)) == []


@pytest.mark.parametrize("theme", THEMES)
async def test_the_dialogs_and_the_toasts(theme: str) -> None:
    host = Host(Vertical(), theme)
    async with host.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.pause()
        for screen in (
            Confirm("Really?"),
            Help(),
            DecodeBox(json.dumps(MESSAGES["order"])),
            DecodeBox("nope"),
            Compare("an order", [COMPARISON]),
        ):
            host.push_screen(screen)
            await pilot.pause()
            await host.workers.wait_for_complete()
            for severity in ("information", "warning", "error"):
                host.notify("What happened", title="A title", severity=severity)
            await pilot.pause()
            assert list(faint(pilot)) == []
            host.pop_screen()


@pytest.mark.parametrize(("theme", "forwarding"), [(name, at % 2 == 0) for at, name in enumerate(THEMES)])
async def test_the_whole_app(app_on: Callable[..., SegtapApp], theme: str, forwarding: bool) -> None:
    viewer = FakeViewer(story(24), forwarding=forwarding, fault="The journal is full." if forwarding else "")
    app = app_on(viewer)
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause()
        app.theme = theme
        for key in ("home", "down", "down", "1", "down", "4", "escape", "slash", "o", "enter"):
            await pilot.press(key)
            await pilot.pause()
            assert list(faint(pilot)) == []


@pytest.mark.parametrize("theme", THEMES)
async def test_users_and_groups(app_on: Callable[..., SegtapApp], theme: str) -> None:
    viewer = FakeViewer(lines_of())
    viewer.known_users, viewer.known_groups = users_of(), groups_of(known=None)
    app = app_on(viewer)
    async with app.run_test(size=(160, 50)) as pilot:
        await until(pilot, lambda: app.main is not None and app.main.detail is not None)
        app.theme = theme
        for opens, shown in (("u", UsersScreen), ("p", GroupsScreen)):
            await pilot.press(opens)
            await until(pilot, lambda shown=shown: isinstance(app.screen, shown))
            for key in ("down", "down", "down", "tab", "down", "down"):
                await pilot.press(key)
                await pilot.pause()
                assert list(faint(pilot)) == []
            await pilot.press("escape")
