"""The main screen: the list and the panes, laid out for the width there is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from textual import events, on
from textual.app import App, ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import OptionList

from ...core.api.models import EngineState, MessageDetail, Summary
from ...core.api.viewer import Viewer
from ...core.errors import SegtapError
from ...core.places import read_place
from ...core.settings import Settings
from ...core.text import clean, shorten
from ..actions.forwarding import project_of
from ..actions.table import ACTIONS
from ..keys import bindings
from ..model.detail_source import DetailListener, DetailSource
from ..model.list_source import ListListener, ListSource, Reconnect
from ..model.stale_panes import StalePanes
from ..render.glyphs import Glyphs
from ..render.plain import app_of
from ..widgets.delivery_pane import DeliveryPane
from ..widgets.empty_state import EmptyState
from ..widgets.filter_bar import FilterBar
from ..widgets.header import Header
from ..widgets.key_bar import KeyBar
from ..widgets.list_frame import list_place, list_title
from ..widgets.message_list import MessageList
from ..widgets.mixpanel_pane import MixpanelPane
from ..widgets.pane import Pane
from ..widgets.pane_tabs import PaneTabs
from ..widgets.segment_pane import SegmentPane
from ..widgets.warnings_pane import JumpTo, WarningsPane
from ..widgets.wire_pane import WirePane

Layout = Literal["wide", "middle", "narrow"]

WIDE = 160
MIDDLE = 100
LEFT = ("segment", "wire", "delivery")
RIGHT = ("mixpanel", "warnings")
TITLES = {
    "segment": ("1", "Segment"),
    "mixpanel": ("2", "Mixpanel"),
    "wire": ("3", "Wire"),
    "warnings": ("4", "Warnings"),
    "delivery": ("5", "Delivery"),
}


def layout_for(width: int) -> Layout:
    """Choose a layout: all panes, two columns of tabs, or one thing at a time."""
    return "wide" if width >= WIDE else "middle" if width >= MIDDLE else "narrow"


class MainScreen(Screen[None]):
    """List, panes, header and keys, and the `Context` of the actions in `tui.actions`."""

    BINDINGS = bindings("screen")
    AUTO_FOCUS = "#list"

    def __init__(
        self,
        viewer: Viewer,
        settings: Settings,
        *,
        marks: Glyphs,
        clock: Callable[[], float],
        reconnect: Reconnect | None = None,
    ) -> None:
        super().__init__(id="main")
        self._marks = marks
        self._state: EngineState | None = None
        self._detail: MessageDetail | None = None
        self._layout: Layout = "narrow"
        self._loaded = False
        self._pulse = 0
        self._titles = (Content(""), Content(""))
        self.pane_name = "segment"
        self.actives = {"left": "segment", "right": "mixpanel"}
        self.opened = False
        self.header = Header(viewer.url, marks=marks, clock=clock, id="header")
        self.list = MessageList(marks=marks, id="list")
        self.filter_bar = FilterBar(self.list, id="filter")
        self.empty = EmptyState(viewer.url, settings.origin, marks=marks, id="empty")
        self.segment = SegmentPane(id="segment", classes="pane")
        self.mixpanel = MixpanelPane(id="mixpanel", classes="pane")
        self.wire = WirePane(id="wire", classes="pane")
        self.delivery = DeliveryPane(id="delivery", classes="pane")
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
        }
        self.details = DetailSource(
            lambda: self.source.viewer,
            self.list,
            DetailListener(
                detail=self._hear_detail,
                settled=lambda: self._stale.settled(),
                trouble=self.tell,
            ),
        )
        self.source = ListSource(
            viewer,
            self.list,
            self.details,
            ListListener(
                state=self._hear_state,
                arrived=self.header.arrived,
                lost=self._hear_lost,
                loaded=self._hear_loaded,
                trouble=self.tell,
            ),
            reconnect,
        )
        self._stale = StalePanes(self.list, self._hold, lambda: self.details.resting, self.set_timer)

    def compose(self) -> ComposeResult:
        yield self.header
        with Container(id="body"):
            with Vertical(id="messages"):
                yield self.list
                yield self.filter_bar
            with Container(id="panes"):
                yield self.tabs["all"]
                with Vertical(id="left"):
                    yield self.tabs["left"]
                    for name in LEFT:
                        yield self.panes[name]
                with Vertical(id="right"):
                    yield self.tabs["right"]
                    for name in RIGHT:
                        yield self.panes[name]
        yield self.empty
        yield self.key_bar

    def on_mount(self) -> None:
        self.set_class(self._marks.ascii, "-ascii")
        self.filter_bar.display = False
        self.empty.display = False
        self.watch(self, "focused", self._focus_moved, init=False)
        self.run_worker(self.source.run(), group="feed")
        self.run_worker(self.source.catch_up(), group="feed")
        self.run_worker(self.details.run(), group="feed")

    # What the actions need

    def action_act(self, name: str) -> None:
        """Run one of the actions of `tui.actions.table`."""
        self._work(ACTIONS[name](self))

    async def run_named(self, name: str) -> None:
        self.action_act(name)

    def _work(self, work: Awaitable[None]) -> None:
        self.run_worker(self._guarded(work), group="actions")

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except SegtapError as error:
            self.tell(error)

    def tell(self, error: SegtapError) -> None:
        """Show an error to the user."""
        self.notify(clean(str(error)), title=error.title, severity="error", timeout=10)

    @property
    def whole_app(self) -> App[object]:
        return app_of(self)

    @property
    def viewer(self) -> Viewer:
        return self.source.viewer

    @property
    def state(self) -> EngineState | None:
        return self._state

    @property
    def pulse(self) -> int:
        return self._pulse

    @property
    def summary(self) -> Summary | None:
        return self.list.selection.summary

    @property
    def detail(self) -> MessageDetail | None:
        return self._detail

    def pane_text(self) -> tuple[str, str]:
        pane = self.panes[self.pane_name]
        pane.detail = self._detail
        return TITLES[self.pane_name][1], pane.copy_text() if self._detail is not None else ""

    def request_as_curl(self) -> str:
        return next((pane.curl() for pane in (self.mixpanel, self.wire) if pane.has_focus_within), "")

    # What the feed tells

    def _hear_state(self, state: EngineState) -> None:
        last, self._state = self._state, state
        if last is not None and last.pid != state.pid and state.resumed:
            self.notify(f"Messages go to {project_of(state)} again, as before.", title="FORWARDING ON")
        self.header.state = state
        self.empty.state = state
        self.delivery.tell(state)
        self.mixpanel.mixpanel_url = self.wire.mixpanel_url = state.mixpanel_url
        self.mixpanel.service_account = self.wire.service_account = state.service_account
        self._hear_loaded()

    def _hear_lost(self, why: str) -> None:
        if self.header.lost and not why:
            self.notify(f"{self.viewer.url} answers again.", title="The engine is back")
        self.header.lost = why

    def _hear_loaded(self) -> None:
        """Update title, header and empty state after the list or the totals changed."""
        self._pulse += 1
        window, state = self.list.window, self._state
        if state is not None and not self.source.searching:
            self._loaded = True
        total = max(state.received + state.refused if state else 0, 0 if self.source.text else len(window))
        held = len(window)
        self.header.shown = held if self.source.text else total
        self.header.unseen = self.list.selection.unseen
        empty = self._loaded and not total and not held and not self.source.text
        if empty != self.empty.display:
            self.empty.display = empty
            self.query_one("#body").display = not empty
            if empty:
                self.empty.focus()
            elif self.focused is None or self.focused is self.empty:
                self.list.focus()
        text = self.source.text
        self.list.nothing = (
            ""
            if not text
            else "Searching …"
            if self.source.searching
            else (f"Nothing here holds “{shorten(clean(text), 40)}”. Esc clears the filter.")
        )
        if not held:
            self.list.refresh()
        self._title(total)

    def _title(self, total: int) -> None:
        searching, text = self.source.searching, self.source.text
        titles = (list_title(self.list, total, text, searching=searching), list_place(self.list))
        if titles != self._titles:
            self._titles = titles
            frame = self.query_one("#messages")
            frame.border_title, frame.border_subtitle = titles  # pyright: ignore[reportAttributeAccessIssue]

    def _hear_detail(self, detail: MessageDetail | None, why: str) -> None:
        self._detail = detail
        for pane in self.panes.values():
            pane.lacks(why)
        self._fill()
        self._stale.shown(None if detail is None else detail.summary.id)

    def _hold(self, holding: bool) -> None:
        for pane in self.panes.values():
            pane.holding = holding

    def _fill(self) -> None:
        """Give the detail to the panes that can be seen."""
        for name, pane in self.panes.items():
            if self._visible(name):
                pane.detail = self._detail
        note = ""
        self._count_requests()
        if self._detail is not None:
            summary = self._detail.summary
            if summary.errors:
                note = f"{self._marks.error}{summary.errors}"
            elif summary.warnings:
                note = f"{self._marks.warning}{summary.warnings}"
        for tabs in self.tabs.values():
            tabs.notes = {"warnings": note}

    def _count_requests(self) -> None:
        """Offer the key that turns to the next request, but not where it turns to a replay."""
        detail = None if self.delivery.has_focus_within else self._detail
        self.key_bar.requests = 0 if detail is None else len(detail.verdict.translation.operations)

    # What the list and the filter tell

    @on(MessageList.Highlighted)
    def _highlighted(self, event: MessageList.Highlighted) -> None:
        self.details.want(event.summary.id if event.summary else None)
        self._stale.highlighted()

    @on(MessageList.Changed)
    def _changed(self) -> None:
        if not self.list.following:
            self.details.hurry()
        self._hear_loaded()

    @on(MessageList.Opened)
    def _opened(self) -> None:
        self.action_open_pane()

    @on(MessageList.NeedOlder)
    async def _need_older(self) -> None:
        self.run_worker(self.source.older(), group="stretch")

    @on(MessageList.NeedNewer)
    async def _need_newer(self) -> None:
        self.run_worker(self.source.newer(), group="stretch")

    @on(MessageList.NeedNewest)
    async def _need_newest(self) -> None:
        self.run_worker(self.source.load(), group="stretch")

    @on(MessageList.NeedOldest)
    async def _need_oldest(self) -> None:
        self.run_worker(self.source.oldest(), group="stretch")

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.run_worker(self.source.filter(event.text), group="filter", exclusive=True)

    def action_filter(self) -> None:
        """Open the filter's line."""
        if self.empty.display:
            return
        if self._layout == "narrow" and self.opened:
            self.action_back()
        self.filter_bar.open()

    def action_toggle_filter(self) -> None:
        """Turn the filter off, or on again."""
        if not self.filter_bar.toggle():
            self.notify("There is no filter. / opens one.")
        self.filter_bar.display = bool(self.filter_bar.text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let a slash typed into the filter be text."""
        return not (action == "filter" and self.focused is self.filter_bar.box)

    # Moving about

    def action_follow(self) -> None:
        """Follow the newest."""
        self.list.action_follow()

    def action_pause(self) -> None:
        """Pause, or follow again."""
        if self.list.following:
            self.list.pause(by_key=True)
        else:
            self.list.action_follow()

    def action_next(self, by: int) -> None:
        """Select the next or previous message, whichever part has the focus."""
        self.list.action_move(by)

    def action_retry(self) -> None:
        """Reach for a lost engine now."""
        if self.header.lost:
            self.source.retry()
        else:
            self.notify("Already connected to the engine.")

    def filter_by(self, text: str) -> None:
        """Show only messages that hold this text."""
        if self.opened and self._layout == "narrow":
            self.action_back()
        self.set_focus(self.list)
        self.filter_bar.put(text)

    def action_pane(self, name: str) -> None:
        """Show a pane and give it the keys."""
        self._show(name)
        self._focus(self.panes[name])

    def action_open_pane(self) -> None:
        """Open the selected message in the pane used last."""
        if self.list.selected is not None:
            self.action_pane(self.pane_name)

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
        """Back to the list, which follows again if it did so before; on the list, clear the filter."""
        from_pane = any(pane.has_focus_within for pane in self.panes.values())
        if self.opened and self._layout == "narrow":
            self.opened = False
            self._arrange()
        elif self.focused is self.list and self.filter_bar.text:
            self.filter_bar.clear()
        self.set_focus(self.list)
        if from_pane:
            self.list.resume()

    async def go_to(self, ids: Sequence[int], pane: str = "") -> None:
        """Select the first of these that the journal still has; a filter that hides it is dropped."""
        for id in ids:
            if await self.source.show(id):
                break
        else:
            self.notify("These messages are no longer in the journal.", severity="warning")
            return
        if self.filter_bar.text and not self.source.text:
            with self.filter_bar.prevent(FilterBar.Changed):
                self.filter_bar.clear()
        if pane:
            self.action_pane(pane)
        else:
            self.action_back()

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        self.action_pane(event.name)

    @on(DeliveryPane.Linked)
    def _linked(self, event: DeliveryPane.Linked) -> None:
        self._work(self.go_to([event.id], "delivery"))

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

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Remember the pane in focus, which `y` copies, and pause the list while it is read."""
        for name, pane in self.panes.items():
            if pane is event.widget or pane in event.widget.ancestors:
                self.pane_name = name
                self.list.pause(for_pane=True)
        if isinstance(event.widget, OptionList) and event.widget.highlighted is None:
            event.widget.action_first()  # so that Enter has something to go to

    def _focus_moved(self, focused: Widget | None) -> None:
        self._count_requests()
        if focused is self.list or focused is None:
            self.key_bar.place = "list"
        elif focused is self.empty:
            self.key_bar.place = "empty"
        elif focused is self.filter_bar.box:
            self.key_bar.place = "filter"
        else:
            self.key_bar.place = "pane"

    def _focus(self, pane: Widget) -> None:
        target = pane if pane.can_focus else next((w for w in pane.query("*") if w.focusable), None)
        if target is not None:
            # What has just been shown can take the keys only after the layout.
            self.call_after_refresh(target.focus)

    # Layout

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new width; selection and place stay."""
        layout = layout_for(event.size.width)
        self._layout = layout
        for name in ("wide", "middle", "narrow"):
            self.set_class(layout == name, f"-{name}")
        self._arrange()

    def _visible(self, name: str) -> bool:
        if self._layout == "wide":
            return True
        if self._layout == "middle":
            return name in self.actives.values()
        return self.opened and name == self.pane_name

    def _show(self, name: str) -> None:
        self.pane_name = name
        self.actives["left" if name in LEFT else "right"] = name
        self.opened = True
        self._arrange()

    def _arrange(self) -> None:
        narrow, wide = self._layout == "narrow", self._layout == "wide"
        for name, pane in self.panes.items():
            pane.display = self._visible(name)
        self.query_one("#messages").display = not (narrow and self.opened)
        self.query_one("#panes").display = not narrow or self.opened
        self.query_one("#left").display = not narrow or self.pane_name in LEFT
        self.query_one("#right").display = not narrow or self.pane_name in RIGHT
        self.tabs["all"].display = narrow
        self.tabs["left"].display = self.tabs["right"].display = not narrow and not wide
        self.tabs["all"].active = self.pane_name
        self.tabs["left"].active = self.actives["left"]
        self.tabs["right"].active = self.actives["right"]
        self._fill()
