"""On terminals with 256 or 16 colours, what is drawn can be read as well as where every colour is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from details import MESSAGES, attempts, classic, order, refused
from fake_viewer import FakeViewer, story
from pane_host import Host
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual import constants
from textual.color import Color
from textual.containers import Horizontal, Vertical
from textual.pilot import Pilot
from textual.screen import Screen

from segtap.core.api.models import MessageDetail
from segtap.core.catalogue import BY_ID
from segtap.core.delivery import DeliveryState
from segtap.tui.app import SegtapApp
from segtap.tui.model.compared import of_messages
from segtap.tui.render.list_columns import Look, columns
from segtap.tui.screens.columns import ChooseColumns
from segtap.tui.screens.compare import Compare
from segtap.tui.screens.confirm import Choose, Confirm, Option
from segtap.tui.screens.decode import DecodeBox
from segtap.tui.screens.edit import EditScreen
from segtap.tui.screens.help import Help
from segtap.tui.screens.name_box import NameBox
from segtap.tui.screens.pasted import Inspect
from segtap.tui.screens.rule_story import RuleStory
from segtap.tui.screens.value import WholeValue
from segtap.tui.theming import contrast
from segtap.tui.widgets.delivery_pane import DeliveryPane
from segtap.tui.widgets.mixpanel_pane import MixpanelPane
from segtap.tui.widgets.pane import Pane
from segtap.tui.widgets.segment_pane import SegmentPane
from segtap.tui.widgets.warnings_pane import WarningsPane
from segtap.tui.widgets.wire_pane import WirePane

THEMES = ("segtap-dark", "segtap-paper", "segtap-clear", "segtap-contrast")
"""Themes of each kind; test_theming holds the colours of all of them."""
SYSTEMS = {"256": ColorSystem.EIGHT_BIT, "standard": ColorSystem.STANDARD}
pytestmark = [
    pytest.mark.picture,
    pytest.mark.usefixtures("still", "few"),
    pytest.mark.parametrize("theme", THEMES),
    pytest.mark.parametrize("few", SYSTEMS, indirect=True),
]


@pytest.fixture
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _every_color: None) -> ColorSystem:
    """The terminal has few colours."""
    monkeypatch.setattr(constants, "COLOR_SYSTEM", request.param)
    return SYSTEMS[request.param]


def shown(color: RichColor, system: ColorSystem) -> Color:
    """What the terminal makes of a colour that Textual sends to it."""
    return Color(*color.downgrade(system).get_truecolor())


def drawn(pilot: Pilot[Any], system: ColorSystem) -> Iterator[tuple[str, Color, Color]]:
    """Every piece of text on the screen with the colours that the terminal shows."""
    assert pilot.app.console.color_system == {number: name for name, number in SYSTEMS.items()}[system]
    for line in pilot.app.screen._compositor.render_strips():
        for text, style, _ in line:
            if style is not None and any(letter.isalnum() for letter in text):
                assert style.color is not None, text
                assert style.bgcolor is not None, text
                yield text, shown(style.color, system), shown(style.bgcolor, system)


def faint(pilot: Pilot[Any], system: ColorSystem) -> list[str]:
    found = list(drawn(pilot, system))
    assert found
    return [
        f"{text!r} {ink.hex} on {ground.hex}: {contrast(ink, ground):.2f}"
        for text, ink, ground in found
        if contrast(ink, ground) < 4.5
    ]


async def test_the_panes(theme: str, few: ColorSystem) -> None:
    panes: tuple[Pane, ...] = (SegmentPane(), WirePane(), MixpanelPane(), WarningsPane(), DeliveryPane())
    host = Host(Horizontal(Vertical(*panes[:2]), Vertical(*panes[2:])), theme)
    details = (
        order(bad=True, delivery=DeliveryState.REFUSED, deliveries=attempts()),
        classic(),
        refused(),
    )
    async with host.run_test(size=(160, 60)) as pilot:
        for detail in details:
            for pane in panes:
                pane.detail = detail
            await pilot.pause()
            panes[0].show_path("$.event")  # type: ignore[attr-defined]
            next(widget for widget in host.query("*") if widget.focusable).focus()
            await pilot.press("down")
            await pilot.pause()
            assert faint(pilot, few) == []


async def test_the_dialogs_and_the_toasts(theme: str, few: ColorSystem) -> None:
    host = Host(Vertical(), theme)
    async with host.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.pause()
        for screen in (Confirm("Really?"), Help()):
            host.push_screen(screen)
            await pilot.pause()
            for severity in ("information", "warning", "error"):
                host.notify("What happened", title="A title", severity=severity)
            await pilot.pause()
            assert faint(pilot, few) == []
            host.pop_screen()


class Inspecting:
    """Reads pasted messages as the engine would."""

    async def inspect(self, text: bytes) -> MessageDetail:
        return order(bad=True)


def over_the_panes() -> list[tuple[Screen[Any], tuple[str, ...]]]:
    """Screens, and keys that show more of each."""
    text = json.dumps(MESSAGES["order"], indent=1)
    same = of_messages("with the one before", order(), order(bad=True), ("a", "b"))
    options = [Option("a", "The first", "a"), Option("b", "The second", "b")]
    look = Look()
    return [
        (EditScreen(FakeViewer(story(3)), order(), "Order", text), ("down", "f3", "down")),
        (Compare("Order", [same]), ("a", "down")),
        (ChooseColumns(look, lambda look: None, lambda: columns(80, look)), ("down",)),
        (Help(), ("r", "e", "q", "u")),
        (RuleStory(BY_ID["string-truncated"]), ()),
        (Choose("Which?", options), ("down",)),
        (DecodeBox(text), ("tab", "down")),
        (NameBox("Name", "about it"), ("a",)),
        (WholeValue("$.a", "x " * 300), ()),
        (Inspect(Inspecting(), [text.encode()], order(bad=True)), ("2", "4")),  # type: ignore[arg-type]
    ]


async def test_the_screens_over_the_panes(theme: str, few: ColorSystem) -> None:
    host = Host(Vertical(), theme)
    async with host.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        for screen, keys in over_the_panes():
            host.push_screen(screen)
            for key in ("", *keys):
                await pilot.press(*filter(None, [key]))
                await pilot.pause()
                assert faint(pilot, few) == [], type(screen).__name__
            host.pop_screen()


async def test_the_whole_app(app_on: Callable[..., SegtapApp], theme: str, few: ColorSystem) -> None:
    app = app_on(FakeViewer(story(24), forwarding=True, fault="The journal is full."))
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause()
        app.theme = theme
        for key in ("home", "down", "1", "down", "4", "escape", "slash", "o", "enter"):
            await pilot.press(key)
            await pilot.pause()
            assert faint(pilot, few) == []


async def test_the_row_of_the_cursor_differs_from_the_others(
    app_on: Callable[..., SegtapApp], theme: str, few: ColorSystem
) -> None:
    app = app_on(FakeViewer(story(24)))
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause()
        app.theme = theme
        await pilot.press("home", "down")
        await pilot.pause()
        assert app.main is not None
        region = app.main.list.region
        grounds: list[Color] = []
        for line in app.screen._compositor.render_strips()[region.y : region.bottom]:
            middle = region.x + region.width // 2
            style = next(iter(line.crop(middle, middle + 1))).style
            assert style is not None
            assert style.bgcolor is not None
            grounds.append(shown(style.bgcolor, few))
        assert len(set(grounds)) > 1


async def test_without_colors_everything_is_gray_and_can_be_read(
    app_on: Callable[..., SegtapApp], monkeypatch: pytest.MonkeyPatch, theme: str, few: ColorSystem
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(FakeViewer(story(24), forwarding=True))
    async with app.run_test(size=(200, 50)) as pilot:
        await pilot.pause()
        app.theme = theme
        await pilot.press("home", "down", "1", "down")
        await pilot.pause()
        for text, ink, ground in drawn(pilot, few):
            assert contrast(ink, ground) >= 3, text
            assert all(color.r == color.g == color.b for color in (ink, ground)), text
