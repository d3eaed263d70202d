"""The other copy of an action in the Warnings pane."""

from __future__ import annotations

from typing import Any

import msgspec
from details import order
from pane_host import Host, lines, screen

from segtap.core.api.models import CopyRow, MessageDetail, OtherCopy, Summary
from segtap.core.delivery import DeliveryState
from segtap.tui.widgets.warnings_pane import CopyLinked, JumpTo, WarningsPane

LINE = Summary(41, 1_795_557_763_500, "raw", "Paid", "", "web", 0, 1, 128, DeliveryState.OFF, "i-1")
COPY = OtherCopy(
    summary=LINE,
    rows=(
        CopyRow("properties.plan", "differs", "pro", "basic"),
        CopyRow("properties.ip", "cloud", "203.0.113.7"),
        CopyRow("properties.$device_id", "device", None, "0b2c9f0e"),
    ),
    cut=2,
)


class Listening(Host):
    """Holds the Warnings pane, and notes where it leads to."""

    def __init__(self, detail: MessageDetail) -> None:
        self.pane = WarningsPane()
        super().__init__(self.pane)
        self.told = detail
        self.went: list[Any] = []
        self.copied = ""

    def on_mount(self) -> None:
        super().on_mount()
        self.pane.detail = self.told

    def on_copy_linked(self, event: CopyLinked) -> None:
        self.went.append(event.id)

    def on_jump_to(self, event: JumpTo) -> None:
        if event.go:
            self.went.append(event.path)


def detail(*, bad: bool, copy: OtherCopy | None = COPY) -> MessageDetail:
    return msgspec.structs.replace(order(bad=bad), copy=copy)


async def shown(app: Listening, *keys: str, width: int = 120) -> str:
    async with app.run_test(size=(width, 40)) as pilot:
        await pilot.pause()
        app.pane.options.focus()
        await pilot.press(*keys)
        await pilot.pause()
        app.copied = app.pane.copy_text()
        return "\n".join(lines(pilot))


async def test_the_copy_is_held_against_the_message() -> None:
    app = Listening(detail(bad=True))
    text = await shown(app, "right_square_bracket")
    assert "The same action came by Mixpanel's SDK in the page:" in text
    rows = [line.strip("│ ").split() for line in text.splitlines() if "properties." in line]
    assert ["properties.plan", '"pro"', '"basic"'] in [row[:3] for row in rows]
    assert ["properties.ip", '"203.0.113.7"', "–"] in [row[:3] for row in rows]
    assert ["properties.$device_id", "–", '"0b2c9f0e"'] in [row[:3] for row in rows]
    assert "and 2 more fields" in text
    assert app.went == [41]
    assert app.copied.endswith("and 2 more fields")


async def test_values_stand_below_each_other_where_columns_have_no_room() -> None:
    app = Listening(detail(bad=True))
    found = [line.strip("│ ▅▇").strip() for line in (await shown(app, "end", width=44)).splitlines()]
    at = found.index("properties.ip")
    assert found[at : at + 3] == ["properties.ip", 'cloud  "203.0.113.7"', "device –"]
    # The text to be copied has columns in any case.
    assert 'properties.ip         "203.0.113.7" –' in app.copied


async def test_a_wider_pane_has_columns_again() -> None:
    app = Listening(detail(bad=True))
    async with app.run_test(size=(44, 40)) as pilot:
        await pilot.pause()
        app.pane.options.focus()
        await pilot.press("down")
        before = app.pane.options.highlighted
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert any(line.split()[:3] == ["field", "cloud", "device"] for line in screen(pilot).splitlines())
        assert app.pane.options.highlighted == before


async def test_enter_on_the_last_entry_goes_to_the_copy_and_on_others_to_the_place() -> None:
    app = Listening(detail(bad=True))
    await shown(app, "end", "enter", "home", "enter")
    assert app.went[0] == 41
    assert isinstance(app.went[1], str)


async def test_a_copy_without_any_finding_is_shown_as_well() -> None:
    alone = msgspec.structs.replace(COPY, summary=msgspec.structs.replace(LINE, type="track"), rows=())
    app = Listening(detail(bad=False, copy=alone))
    text = await shown(app, "right_square_bracket")
    assert "The same action came through Segment:" in text
    assert app.went == [41]


async def test_without_a_copy_the_key_does_nothing() -> None:
    app = Listening(detail(bad=True, copy=None))
    assert "The same action" not in await shown(app, "right_square_bracket")
    assert app.went == []
