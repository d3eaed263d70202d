"""The main screen's body: where the list, the caption, the tabs and the panes stand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from textual.containers import Container
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

Room = Literal["wide", "middle", "narrow"]

WIDE = 160
MIDDLE = 100
LEFT = ("segment", "wire", "delivery")
RIGHT = ("mixpanel", "warnings")
LOW = ("wire", "warnings", "delivery")
"""The panes below Segment and Mixpanel in the wide layout."""
LIST_LEAST, PANES_LEAST = 44, 80
"""Columns that the list and the panes keep in the wide layout."""
ROWS_LEAST = 7
"""Rows that each part keeps."""


@dataclass(frozen=True)
class Shares:
    """Shares of the room in percent.

    `wide` is the list's columns beside the panes, `middle` its rows above them, and `low` the rows of what is
    below Segment and Mixpanel.
    """

    wide: int = 40
    middle: int = 42
    low: int = 30


def room_for(width: int) -> Room:
    """Choose a layout: list and panes side by side, list above panes, or one thing at a time."""
    return "wide" if width >= WIDE else "middle" if width >= MIDDLE else "narrow"


def places(room: Room, shares: Shares, size: Size, shown: Collection[str]) -> dict[str, Region]:
    """Return the region of each part by its id, given those that are shown."""
    if room == "wide":
        return _wide(shares, size)
    if room == "middle":
        return _middle(shares, size)
    width, height = size
    if "messages" in shown:
        return {"messages": Region(0, 0, width, height)}
    pane = Region(0, 2, width, max(height - 2, 0))
    lines = {"caption": Region(0, 0, width, 1), "all-tabs": Region(0, 1, width, 1)}
    return lines | dict.fromkeys((*LEFT, *RIGHT), pane)


def _wide(shares: Shares, size: Size) -> dict[str, Region]:
    width, height = size
    left = _within(width * shares.wide // 100, LIST_LEAST, width - PANES_LEAST)
    low = _within(height * shares.low // 100, ROWS_LEAST, height - 2 * ROWS_LEAST)
    right = width - left
    half = right // 2
    tall = max(height - low - 1, 0)
    below = Region(left, height - low + 1, right, max(low - 1, 0))
    return {
        "messages": Region(0, 0, left, height),
        "caption": Region(left, 0, right, 1),
        "segment": Region(left, 1, half, tall),
        "mixpanel": Region(left + half, 1, right - half, tall),
        "low-tabs": Region(left, height - low, right, 1),
        **dict.fromkeys(LOW, below),
    }


def _middle(shares: Shares, size: Size) -> dict[str, Region]:
    width, height = size
    above = _within(height * shares.middle // 100, ROWS_LEAST, height - ROWS_LEAST - 2)
    half = width // 2
    below = max(height - above - 2, 0)
    return {
        "messages": Region(0, 0, width, above),
        "caption": Region(0, above, width, 1),
        "left-tabs": Region(0, above + 1, half, 1),
        "right-tabs": Region(half, above + 1, width - half, 1),
        **dict.fromkeys(LEFT, Region(0, above + 2, half, below)),
        **dict.fromkeys(RIGHT, Region(half, above + 2, width - half, below)),
    }


def _within(value: int, least: int, most: int) -> int:
    return max(min(value, most), least)


class _Placed(Layout):
    """Puts each child of a `Body` at its place."""

    name = "placed"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        assert isinstance(parent, Body)
        parent.pre_layout(self)
        regions = places(parent.room, parent.shares, size, {child.id or "" for child in children})
        return [
            WidgetPlacement(regions[child.id], NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if child.id in regions
        ]


class Body(Container):
    """The container of the list and the panes. Each child stands at the place that `places` gives it."""

    DEFAULT_CSS = "Body { height: 1fr; width: 1fr; }"

    def __init__(self, *children: Widget, id: str | None = None) -> None:
        super().__init__(*children, id=id)
        self.room: Room = "narrow"
        self.shares = Shares()
        self._placed = _Placed()

    @property
    def layout(self) -> Layout:
        """The layout that puts children at their places."""
        return self._placed

    def put(self, room: Room, shares: Shares) -> None:
        """Lay out for another room, or in other shares."""
        if (room, shares) != (self.room, self.shares):
            self.room, self.shares = room, shares
            for child in self.children[:1]:  # a child asks: Textual keeps places until one of them does
                child.refresh(layout=True)
