"""The parts of the main screen and their layout for the terminal's width."""

from __future__ import annotations

from collections.abc import Callable

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import OptionList

from ...core.api.models import MessageDetail
from ...core.api.viewer import Viewer
from ...core.places import read_place
from ...core.settings import Settings
from ..keys import bindings
from ..render.glyphs import Glyphs
from ..render.message import sent_word
from ..widgets.body import LEFT, LOW, RIGHT, Body, Room, Shares, room_for
from ..widgets.caption import Caption
from ..widgets.delivery_pane import DeliveryPane
from ..widgets.empty_state import EmptyState
from ..widgets.filter_bar import FilterBar
from ..widgets.header import Header
from ..widgets.key_bar import KeyBar
from ..widgets.level_panes import LevelPanes
from ..widgets.list_head import ListHead
from ..widgets.marks_bar import MarksBar
from ..widgets.message_list import MessageList
from ..widgets.mixpanel_pane import MixpanelPane
from ..widgets.pane import Pane
from ..widgets.pane_search import SearchInput, SearchOpen
from ..widgets.pane_tabs import PaneTabs
from ..widgets.segment_pane import SegmentPane
from ..widgets.titled import TitledVertical
from ..widgets.warnings_pane import JumpTo, WarningsPane
from ..widgets.wire_pane import WirePane

TITLES = {
    "segment": ("1", "Segment"),
    "mixpanel": ("2", "Mixpanel"),
    "wire": ("3", "Wire"),
    "warnings": ("4", "Warnings"),
    "delivery": ("5", "Delivery"),
}


class MainLayout(Screen[None]):
    """List, panes, header and keys: what is where, what is visible, and what has the focus."""

    BINDINGS = bindings("screen")
    AUTO_FOCUS = "#list"

    def __init__(
        self,
        viewer: Viewer,
        settings: Settings,
        *,
        marks: Glyphs,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(id="main")
        self._marks = marks
        self._detail: MessageDetail | None = None
        self._layout: Room = "narrow"
        self.zoomed = False
        """True while the part with the focus has all of the room, as in the narrow layout."""
        self.shares = Shares()
        self.pane_name = "segment"
        self.actives = {"left": "segment", "right": "mixpanel", "low": "warnings"}
        self.opened = False
        self.header = Header(viewer.url, marks=marks, clock=clock, id="header")
        self.list = MessageList(marks=marks, id="list")
        self.list_head = ListHead(self.list, id="list-head")
        self.list_frame = TitledVertical(id="messages")
        self.filter_bar = FilterBar(self.list, id="filter")
        self.marks_bar = MarksBar(id="marks-bar")
        self.empty = EmptyState(viewer.url, settings.origin, marks=marks, id="empty")
        self.segment = SegmentPane(id="segment", classes="pane")
        self.mixpanel = MixpanelPane(id="mixpanel", classes="pane")
        self.wire = WirePane(id="wire", classes="pane")
        self._level = LevelPanes(self.segment, self.mixpanel)
        self.delivery = DeliveryPane(id="delivery", classes="pane")
        self.caption = Caption(id="caption")
        self.body = Body(id="body")
        self.key_bar = KeyBar(id="keys")
        self.panes: dict[str, Pane] = {
            "segment": self.segment,
            "mixpanel": self.mixpanel,
            "wire": self.wire,
            "warnings": WarningsPane(id="warnings", classes="pane"),
            "delivery": self.delivery,
        }
        self.tabs = {
            "all": PaneTabs(TITLES, id="all-tabs"),
            "left": PaneTabs({name: TITLES[name] for name in LEFT}, id="left-tabs"),
            "right": PaneTabs({name: TITLES[name] for name in RIGHT}, id="right-tabs"),
            "low": PaneTabs({name: TITLES[name] for name in LOW}, id="low-tabs"),
        }

    def compose(self) -> ComposeResult:
        yield self.header
        with self.body:
            with self.list_frame:
                yield self.list_head
                yield self.list
                yield self.filter_bar
            yield self.caption
            yield from self.tabs.values()
            yield from self.panes.values()
        yield self.empty
        yield self.marks_bar
        yield self.key_bar

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new width; selection and place stay."""
        self._lay_out(event.size.width)

    def _lay_out(self, width: int) -> None:
        self._layout = "narrow" if self.zoomed else room_for(width)
        for name in ("wide", "middle", "narrow"):
            self.set_class(self._layout == name, f"-{name}")
        self.body.put(self._layout, self.shares)
        self._level.turn(self._layout == "wide")
        self._arrange()
        self.call_after_refresh(self._name_panes)

    def _name_panes(self) -> None:
        """Name each pane's key in its title unless a tab does, once the frames are those of the layout."""
        for name, pane in self.panes.items():
            pane.named_by(TITLES[name][0] if self._layout == "wide" and name not in LOW else "")

    def _visible(self, name: str) -> bool:
        if self._layout == "wide":
            return name not in LOW or name == self.actives["low"]
        if self._layout == "middle":
            return name in (self.actives["left"], self.actives["right"])
        return self.opened and name == self.pane_name

    def _show(self, name: str) -> None:
        self.pane_name = name
        self.actives["left" if name in LEFT else "right"] = name
        if name in LOW:
            self.actives["low"] = name
        self.opened = True
        self._arrange()

    def _arrange(self) -> None:
        narrow, wide = self._layout == "narrow", self._layout == "wide"
        alone = narrow and not self.opened
        for name, pane in self.panes.items():
            pane.display = self._visible(name)
        self.list_frame.display = alone or not narrow
        self.caption.display = not alone
        self.tabs["all"].display = narrow and self.opened
        self.tabs["left"].display = self.tabs["right"].display = not narrow and not wide
        self.tabs["low"].display = wide
        for name, tabs in self.tabs.items():
            tabs.active = self.actives.get(name, self.pane_name)
        self._fill()

    def _fill(self) -> None:
        """Give the detail to the panes that can be seen."""
        for name, pane in self.panes.items():
            if self._visible(name):
                pane.detail = self._detail
        self.caption.detail = self._detail
        warnings = sent = ""
        self._count_requests()
        if self._detail is not None:
            summary = self._detail.summary
            if summary.errors:
                warnings = f"{self._marks.error}{summary.errors}"
            elif summary.warnings:
                warnings = f"{self._marks.warning}{summary.warnings}"
            sent = "" if summary.refused else sent_word(summary, self._marks)
        for tabs in self.tabs.values():
            tabs.notes = {"warnings": warnings, "delivery": sent}

    def _count_requests(self) -> None:
        """Offer the key that turns to the next request, but not where it turns to a replay."""
        detail = None if self.delivery.has_focus_within else self._detail
        self.key_bar.requests = 0 if detail is None else len(detail.verdict.translation.operations)

    def _hold(self, holding: bool) -> None:
        self.caption.holding = holding

    def _focus(self, pane: Widget) -> None:
        target = pane if pane.can_focus else next((w for w in pane.query("*") if w.focusable), None)
        if target is not None:
            # What has just been shown can take the keys only after the layout.
            self.call_after_refresh(target.focus)

    def _focus_moved(self, focused: Widget | None) -> None:
        self._count_requests()
        pane = self._pane_in_focus()
        self.key_bar.within = f"the {TITLES[pane][1]} pane" if pane else ""
        self.key_bar.searching = bool(pane) and self.panes[pane].searching
        if focused is self.list or focused is None:
            self.key_bar.place = "list"
        elif focused is self.empty:
            self.key_bar.place = "empty"
        elif focused is self.filter_bar.box:
            self.key_bar.place = "filter"
        elif isinstance(focused, SearchInput):
            self.key_bar.place = "search"
        else:
            self.key_bar.place = "pane"

    def _pane_in_focus(self) -> str:
        return next((name for name, pane in self.panes.items() if pane.has_focus_within), "")

    @on(SearchOpen)
    def _search_turned(self, event: SearchOpen) -> None:
        event.stop()
        self.key_bar.searching = event.is_open

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Remember the pane in focus, which `y` copies, and pause the list while it is read."""
        for name, pane in self.panes.items():
            if pane is event.widget or pane in event.widget.ancestors:
                self.pane_name = name
                self.list.pause(for_pane=True)
        if isinstance(event.widget, OptionList) and event.widget.highlighted is None:
            event.widget.action_first()  # so that Enter has something to go to

    def action_pane(self, name: str) -> None:
        """Show a pane and give it the keys."""
        self._show(name)
        self._focus(self.panes[name])

    def action_open_pane(self) -> None:
        """Open the selected message in the pane used last."""
        if self.list.selected is not None:
            self.action_pane(self.pane_name)

    @on(MessageList.Reshaped)
    def _list_reshaped(self) -> None:
        self.list_head.refresh()

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        self.action_pane(event.name)

    @on(JumpTo)
    def _jump_to(self, event: JumpTo) -> None:
        """Show where in the message and in its translation a warning points; with `go`, go there."""
        name = "mixpanel" if read_place(event.path).side == "request" else "segment"
        if event.go:
            self._show(name)
        for pane in (self.segment, self.mixpanel):
            pane.detail = self._detail
            pane.show_path(event.path)
        if event.go:
            self._focus(self.panes[name])

    def action_turn_request(self, by: int) -> None:
        """Show another request of the message in the Mixpanel pane, wherever the keys go."""
        if self._detail is None or len(self._detail.verdict.translation.operations) < 2:
            self.notify("This message has no other request.")
            return
        if self._layout == "narrow":
            self.action_pane("mixpanel")
        else:
            self._show("mixpanel")
        self.mixpanel.action_turn(by)

    def action_back(self) -> None:
        """Go back to the list, which follows again if it did so before; on the list, clear the filter."""
        from_pane = any(pane.has_focus_within for pane in self.panes.values())
        if self.opened and self._layout == "narrow":
            self.opened = False
            self._arrange()
        elif self.focused is self.list and self.filter_bar.text:
            self.filter_bar.clear()
        self.set_focus(self.list)
        if from_pane:
            self.list.resume()
