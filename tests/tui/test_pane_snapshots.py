"""Pictures of every pane and dialog at three sizes: how they look changes only on purpose."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from details import MESSAGES, NOW, TOKEN, attempts, classic, order, refused
from grids import SameGrid
from pane_host import Host
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from segtap.core.api.models import MessageDetail
from segtap.core.codec import decode
from segtap.core.codec.pasted import mixpanel_detail
from segtap.core.delivery import DeliveryState
from segtap.core.json_text import json_bytes
from segtap.core.verdict import Translation
from segtap.tui.screens.confirm import Confirm
from segtap.tui.screens.decode import DecodeBox
from segtap.tui.screens.help import Help
from segtap.tui.screens.pasted import Inspect
from segtap.tui.widgets.delivery_pane import DeliveryPane
from segtap.tui.widgets.mixpanel_pane import MixpanelPane
from segtap.tui.widgets.pane import Pane
from segtap.tui.widgets.segment_pane import SegmentPane
from segtap.tui.widgets.warnings_pane import WarningsPane
from segtap.tui.widgets.wire_pane import WirePane

pytestmark = pytest.mark.usefixtures("still")

SIZES = [(80, 24), (120, 40), (200, 60)]
QUESTION = (
    "Send every message received from now on to project a1b2…f9 in the US?\n\n"
    "14 messages received before stay unsent; a replay sends them."
)
BAD: Callable[[], MessageDetail] = lambda: order(  # noqa: E731
    bad=True,
    delivery=DeliveryState.REFUSED,
    deliveries=attempts(),
    objections=("Segment would reject this: 40.1 KB, its limit is 32 KB",),
)
SHOWN: dict[str, tuple[type[Pane], Callable[[], MessageDetail], tuple[str, ...]]] = {
    "segment": (SegmentPane, BAD, ("down", "down")),
    "segment-as-it-came": (SegmentPane, BAD, ("a",)),
    "segment-refused": (SegmentPane, lambda: refused(bytes(range(256)), why="gzip that ends early"), ()),
    "mixpanel": (MixpanelPane, BAD, ("down", "down", "down")),
    "mixpanel-rejected": (
        MixpanelPane,
        lambda: order(
            translation=Translation(rejected="The root value is missing the required field 'event'.")
        ),
        (),
    ),
    "wire": (WirePane, BAD, ()),
    "wire-base64": (WirePane, classic, ()),
    "warnings": (WarningsPane, BAD, ("down",)),
    "delivery": (DeliveryPane, BAD, ()),
}
THEMES = {"mixpanel": "segtap-light", "warnings": "segtap-paper", "wire": "segtap-ember"}


def still_cursors(app: Host) -> None:
    for widget in app.screen.query("*"):
        if isinstance(widget, Input | TextArea):
            widget.cursor_blink = False


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SHOWN)
async def test_pane(same_grid: SameGrid, name: str, size: tuple[int, int]) -> None:
    kind, make, keys = SHOWN[name]
    pane = kind()

    async def fill(pilot: Pilot[Any]) -> None:
        pane.detail = make()
        await pilot.pause()
        target: Widget | None = next((widget for widget in pane.query("*") if widget.focusable), None)
        if target is not None:
            target.focus()
        await pilot.press(*keys)
        await pilot.pause()

    app = Host(pane, THEMES.get(name, "segtap-dark"))
    await same_grid(app, size, fill)


BODY = [
    {
        "event": "Order Completed",
        "properties": {
            "token": TOKEN,
            "time": 1795516863.211,
            "distinct_id": "user-77",
            "$device_id": "c6368b92-89e3-4c92-aff2-c218918225e4",
            "$insert_id": "order_991",
            "$browser": "Chrome",
            "mp_lib": "web",
            "revenue": 59.8,
            "products": [{"sku": "A1"}, {"sku": "B2"}],
        },
    },
    {
        "event": "$identify",
        "properties": {"token": TOKEN, "$identified_id": "user-77", "$anon_id": "visitor-5f0c"},
    },
]
"""Two events as mixpanel-browser sends them, with two mistakes."""


class Engine:
    """Reads pasted messages as the engine would."""

    async def inspect(self, text: bytes) -> MessageDetail:
        return order(bad=True)


async def _pushed(pilot: Pilot[Any], screen: Screen[Any], *keys: str) -> None:
    pilot.app.push_screen(screen)
    await pilot.pause()
    still_cursors(pilot.app)  # type: ignore[arg-type]
    await pilot.press(*keys)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


MIXPANEL_BODY = "data=" + base64.b64encode(json.dumps(BODY).encode()).decode()


def pasted_body() -> Inspect:
    """What F2 opens of a Mixpanel body."""
    detail = mixpanel_detail(MIXPANEL_BODY, decode(MIXPANEL_BODY), region="eu", now=NOW)
    return Inspect(Engine(), (), detail)  # type: ignore[arg-type]


DIALOGS: dict[str, tuple[Callable[[], Screen[Any]], tuple[str, ...]]] = {
    "confirm": (lambda: Confirm(QUESTION, "Turn forwarding on", "Keep it off"), ()),
    "help": (Help, ()),
    "help-search": (Help, ("r", "e", "q", "u")),
    "decode": (lambda: DecodeBox(json.dumps(MESSAGES["order"])), ()),
    "decode-mixpanel": (lambda: DecodeBox(MIXPANEL_BODY), ()),
    "inspect-mixpanel": (pasted_body, ()),
    "inspect-mixpanel-warnings": (pasted_body, ("4",)),
    "decode-error": (lambda: DecodeBox('{"event": nope}'), ()),
    "inspect": (lambda: Inspect(Engine(), [json_bytes(MESSAGES["order"])], order(bad=True)), ()),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", DIALOGS)
async def test_dialog(same_grid: SameGrid, name: str, size: tuple[int, int]) -> None:
    make, keys = DIALOGS[name]

    async def push(pilot: Pilot[Any]) -> None:
        await _pushed(pilot, make(), *keys)

    await same_grid(Host(Static("")), size, push)
