"""The main screen: what its keys do. `main_layout` places its parts, `main_feed` fills them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import App

from ...core.api.viewer import Viewer
from ...core.errors import SegtapError
from ...core.settings import Settings
from ..keymap import first
from ..model.list_source import Reconnect
from ..model.trail import Step, Trail
from ..render.glyphs import Glyphs
from ..render.plain import app_of
from ..widgets.delivery_pane import DeliveryPane
from ..widgets.filter_bar import FilterBar
from ..widgets.message_list import MessageList
from ..widgets.segment_pane import SegmentPane
from ..widgets.warnings_pane import CopyLinked
from .main_feed import MainFeed
from .main_layout import TITLES

if TYPE_CHECKING:
    from ...core.copied.formats import Exported


class MainScreen(MainFeed):
    """The list and the panes, and the `Context` of the actions in `tui.actions`."""

    def __init__(
        self,
        viewer: Viewer,
        settings: Settings,
        *,
        marks: Glyphs,
        clock: Callable[[], float],
        reconnect: Reconnect | None = None,
        memory: Path | None = None,
    ) -> None:
        super().__init__(viewer, settings, marks=marks, clock=clock, reconnect=reconnect, memory=memory)
        self._trail = Trail()
        self._seeking = asyncio.Lock()

    def action_act(self, name: str) -> None:
        """Run one of the actions of `tui.actions.table`; one of a starting engine once that answers."""
        from ..actions.table import ACTIONS  # no frame needs it

        if not self.answered.is_set():
            self._work(self._act_later(name))
        elif (work := ACTIONS[name](self)) is not None:
            self._work(work)

    async def _act_later(self, name: str) -> None:
        await self.answered.wait()
        self.action_act(name)

    async def run_named(self, name: str) -> None:
        self.action_act(name)

    def _work(self, work: Awaitable[None]) -> None:
        self.run_worker(self._guarded(work), group="actions")

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except SegtapError as error:
            self.tell(error)

    @property
    def whole_app(self) -> App[object]:
        return app_of(self)

    def pane_text(self) -> tuple[str, str]:
        pane = self.panes[self.pane_name]
        pane.detail = self._detail
        return TITLES[self.pane_name][1], pane.copy_text() if self._detail is not None else ""

    def exported(self) -> Exported | None:

        pane = self.wire if self.wire.has_focus_within else self.mixpanel
        pane.detail = self._detail
        urls = self.state.urls if self.state is not None else ()
        return pane.exported(urls[0] if urls else self.viewer.url)

    @property
    def following(self) -> bool:
        return self.list.following

    @property
    def seeking(self) -> asyncio.Lock:
        return self._seeking

    def filter_by(self, filter: str, action: str = "", row: tuple[str, ...] = ()) -> None:
        """Show only messages that match this filter, and remember where the reader came from."""
        if self.opened and self._layout == "narrow":
            super().action_back()
        self.set_focus(self.list)
        former, selected = self.filter_bar.text, None if self.list.following else self.list.selected
        self.filter_bar.put(filter)
        if action:
            self._trail.add(Step(action, row, former, self.filter_bar.text, selected))

    def action_back(self) -> None:
        """Go back to the list; on the list, stop what is done with many messages, or a long search.

        With none, go back to the screen whose row filters the list, or clear the filter; without a filter,
        clear the marks.
        """
        on_list = self.focused is self.list and not (self.opened and self._layout == "narrow")
        if on_list and (self.many.stop() or self.source.stop()):
            return
        if on_list and not self.filter_bar.text and self.many.marks:
            self.action_act("clear_marks")
            return
        step = self._trail.back(self.filter_bar.text) if on_list and self.filter_bar.text else None
        if step is None:
            super().action_back()
        else:
            self._work(self._go_back(step))

    async def _go_back(self, step: Step) -> None:
        """Filter as before the step, select what was selected, and open the screen at its row."""
        from ..actions.screens import REOPEN

        with self.filter_bar.prevent(FilterBar.Changed):
            self.filter_bar.restore(step.former)
        if step.selected is None:
            self.list.action_follow()
        self._filter_list(step.former, keep=step.selected)
        if not self.dim:
            self.source.text = step.former  # the screen asks for it at once
        await REOPEN[step.action](self, step.row)

    async def select(self, ids: Sequence[int]) -> bool:
        """Select the first of these that the journal still has; a filter that hides it is dropped."""
        for id in ids:
            if await self.source.show(id):
                break
        else:
            self.notify("These messages are no longer in the journal.", severity="warning")
            return False
        if self.filter_bar.text and not self.search:
            with self.filter_bar.prevent(FilterBar.Changed):
                self.filter_bar.clear()
        return True

    async def go_to(self, ids: Sequence[int], pane: str = "") -> None:
        """Select the first of these that the journal still has, and open a pane or go to the list."""
        if not await self.select(ids):
            return
        if pane:
            self.action_pane(pane)
        elif self.focused is not self.list:  # on the list, "back" clears the filter
            super().action_back()

    @on(MessageList.MarkClicked)
    def _mark_clicked(self) -> None:
        self.action_act("mark_here")

    @on(DeliveryPane.Linked)
    @on(CopyLinked)
    def _linked(self, event: DeliveryPane.Linked | CopyLinked) -> None:
        pane = "warnings" if isinstance(event, CopyLinked) else "delivery"
        self._work(self.go_to([event.id], pane))

    @on(SegmentPane.Asked)
    def _super_properties(self, event: SegmentPane.Asked) -> None:
        work = self._guarded(self._read_super_properties(event.id))
        self.run_worker(work, group="super properties", exclusive=True)

    async def _read_super_properties(self, id: int) -> None:
        self.segment.put_super_properties(id, await self.viewer.super_properties(id))

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
            self.notify(f"There is no filter. {first('filter.open')} opens one.")
        self.filter_bar.display = bool(self.filter_bar.text)

    def action_toggle_dim(self) -> None:
        """Dim what does not match the filter, or hide it."""
        self.dim = not self.dim
        self._keep(dimmed=self.dim)
        self._filter_list(self.filter_bar.text)
        turn = first("filter.dim")
        shown = f"dimmed. {first('list.next-error')} goes to the next match, {turn} hides them."
        how = shown if self.dim else f"hidden. {turn} dims them."
        self.notify(f"Messages that do not match the filter are {how}")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let a slash typed into the filter be text; in a pane it searches the pane, and Esc ends that."""
        if action not in ("filter", "back"):
            return True
        pane = next((pane for pane in self.panes.values() if pane.has_focus_within), None)
        taken = pane is not None and (action == "filter" or pane.searching)
        return not (taken or self.focused is self.filter_bar.box)

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
        elif self.state is None:
            self.notify("The engine is starting.")
        else:
            self.notify("Already connected to the engine.")
