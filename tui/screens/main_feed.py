"""The main screen's connection to the engine: what the list and the panes show, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.content import Content

from ...core.api.mark_names import MarkNames, asks_marks
from ...core.api.models import EngineState, MessageDetail, Summary
from ...core.api.viewer import Viewer
from ...core.errors import SegtapError
from ...core.settings import NotifyKind, Settings
from ...core.text import clean, shorten
from ..keymap import first
from ..model.detail_source import DetailListener, DetailSource
from ..model.first_error import FirstError
from ..model.list_source import ListListener, ListSource, Reconnect
from ..model.many import Many, shown_in
from ..model.marks import Shown
from ..model.matching import Matching
from ..model.stale_panes import StalePanes
from ..notification import call
from ..render.glyphs import Glyphs
from ..render.plain import app_of
from ..render.routes import several
from ..widgets.filter_bar import FilterBar
from ..widgets.list_frame import Progress, dimmed_title, list_place, list_title, progress_words
from ..widgets.message_list import MessageList
from .filter_help import FilterHelp
from .main_shape import MainShape

if TYPE_CHECKING:
    pass


class MainFeed(MainShape):
    """Fills the parts of the main screen from the engine, and reads what the list asks for."""

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
        super().__init__(viewer, settings, marks=marks, clock=clock, memory=memory)
        self._state: EngineState | None = None
        self.answered = asyncio.Event()
        """Set once the engine's state is known, or that it cannot be reached."""
        self._loaded = False
        self._pulse = 0
        self._titles = (Content(""), Content(""))
        viewer.marks = self._mark_names = MarkNames(lambda: self.many.marks.chosen)
        self._asked_marks = ""
        """The filter in force, with the name of the marks that it asks for."""
        self.details = DetailSource(
            lambda: self.source.viewer,
            self.list,
            DetailListener(
                detail=self._hear_detail,
                settled=lambda: self._stale.settled(),
                trouble=self.tell,
                changed=self._hear_changes,
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
                renumbered=lambda: self.many.forget(),
            ),
            None if reconnect is None else partial(self._again, reconnect),
        )
        self._filter_help = FilterHelp(
            self.source, self.filter_bar, lambda: self._detail, self.run_worker, self._hear_loaded
        )
        self.many = Many(self.source, self._hear_many)
        self.marks_bar.many = self.many
        self.dimmed = Matching(lambda: self.source.viewer, self.list, self.list.refresh)
        self.list.dims = self.dimmed.dims
        self.dim = self.shape.dimmed
        """Whether messages that do not match the filter are dimmed, not hidden."""
        self._notify_kind: NotifyKind = settings.screen.notify
        self.first_error = FirstError(clock)
        self._stale = StalePanes(self.list, self._hold, lambda: self.details.resting, self.set_timer)

    def on_mount(self) -> None:
        self.set_class(self._marks.ascii, "-ascii")
        self.filter_bar.display = False
        self.empty.display = False
        self.watch(self, "focused", self._focus_moved, init=False)
        self.run_worker(self.source.run(), group="feed")
        self.run_worker(self.source.catch_up(), group="feed")
        self.run_worker(self.details.run(), group="feed")
        self.run_worker(self.dimmed.run(), group="feed")
        self.run_worker(self.many.marks.run(), group="feed")

    @property
    def viewer(self) -> Viewer:
        return self.source.viewer

    @property
    def state(self) -> EngineState | None:
        return self._state

    @property
    def search(self) -> str:
        return self.source.search or self.dimmed.text

    @property
    def dimming(self) -> str:
        return self.dimmed.text

    @property
    def pulse(self) -> int:
        return self._pulse

    @property
    def summary(self) -> Summary | None:
        return self.list.selection.summary

    @property
    def detail(self) -> MessageDetail | None:
        return self._detail

    async def _again(self, reconnect: Reconnect) -> Viewer:
        viewer = await reconnect()
        viewer.marks = self._mark_names
        return viewer

    def tell(self, error: SegtapError) -> None:
        """Show an error to the user."""
        self.notify(clean(str(error)), title=error.title, severity="error", timeout=10)

    def _hear_state(self, state: EngineState) -> None:
        last, self._state = self._state, state
        self.answered.set()
        if last is not None and last.pid != state.pid:
            self._mark_names.forget_sent()
        if last is not None and last.pid != state.pid and state.resumed:
            from ..actions.forwarding import project_of

            self.notify(f"Messages go to {project_of(state)} again, as before.", title="FORWARDING ON")
        if why := self.first_error.hear(state):
            call(app_of(self), self._notify_kind, why)
        self.header.state = state
        self.key_bar.routes = len(several(state))
        self.empty.state = state
        self.list.put_sources(state.sources)
        self.caption.sources = self.list.sources
        self.delivery.tell(state)
        self.mixpanel.follow(state)
        self.wire.follow(state)
        self._hear_loaded()

    def _hear_changes(self, id: int, changes: Mapping[str, str]) -> None:
        self.segment.mark_changes(id, changes)
        self.mixpanel.mark_changes(id, changes)

    def _hear_lost(self, why: str) -> None:
        if self.header.lost and not why:
            self.notify(f"{self.viewer.url} answers again.", title="The engine is back")
        self.header.lost = why
        self.answered.set()

    def _hear_loaded(self) -> None:
        """Update title, header and empty state after the list or the totals changed."""
        self._pulse += 1
        self.dimmed.look()
        self.many.marks.look()
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
        self.list.nothing = self._why_empty(total)
        if not held:
            self.list.refresh()
        self._title(total)

    @property
    def _progress(self) -> Progress | None:
        """How far a search is that is not soon done."""
        source = self.source
        shown = source.stopped or ((source.searching or source.seeking) and source.searched > 0)
        return Progress(source.searched, source.stopped, source.seeking) if shown else None

    def _why_empty(self, total: int) -> tuple[str, ...]:
        """Return the lines that stand in an empty list with a filter."""
        text, progress = self.source.text, self._progress
        if not text or len(self.list.window):
            return ()
        clears = f"{first('pane.back')} clears the filter."
        if progress is not None and progress.stopped:
            return (f"No match so far, {progress_words(progress, total)}. {clears}",)
        if self.source.searching:
            return ("Searching …",)
        nothing = f"No message matches “{shorten(clean(text), 40)}”. {clears}"
        return nothing, *map(clean, self.source.notes), *self._filter_help.examples(text)

    def _title(self, total: int) -> None:
        searching, text = self.source.searching, self.source.text
        title = list_title(self.list, total, text, searching=searching, progress=self._progress)
        if self.dimmed.text:
            title = dimmed_title(self.list, total, self.dimmed.text)
        if len(self.many.hidden):
            title = Content.assemble(title, f" ({len(self.many.hidden):,} hidden)")
        titles = (title, list_place(self.list))
        if titles != self._titles:
            self._titles = titles
            self.list_frame.put_titles(*titles)

    def _hear_many(self) -> None:
        """Show other marks, and how far something is that is done with many messages."""
        self.list.put_marks(self.many.marks.has if self.many.marks else None)
        self.marks_bar.update()
        filter = self.search  # for the marked messages: those that are marked now
        if asks_marks(filter) and self._mark_names.named(filter) != self._asked_marks:
            self._filter_list(filter)

    def reload(self) -> None:
        """Read the list again; the selected message stays selected."""
        self.run_worker(self.source.load(keep=self.list.selected), group="stretch")

    def show_route(self, route: str) -> None:
        self.source.route = self.details.route = self.header.route = route
        self.details.read_again()
        self.details.hurry()
        self.reload()

    def shown(self) -> Shown:
        found = shown_in(self.source, self.dimming, self._state)
        return replace(found, filter=self._mark_names.named(found.filter))

    def _hear_detail(self, detail: MessageDetail | None, why: str) -> None:
        self._detail = detail
        self.caption.lacks = why
        self._fill()
        self._stale.shown(None if detail is None else detail.summary.id)

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
        self._filter_list(event.text)

    def _filter_list(self, text: str, *, keep: int | None = None) -> None:
        """Let the list hold what matches a filter alone, or dim the rest of it."""
        self._asked_marks = self._mark_names.named(text)
        self.dimmed.use(text if self.dim else "")
        if self.dim:
            if not self.source.text:
                self._hear_loaded()
                return
            text = ""
        self.run_worker(partial(self.source.filter, text, keep=keep), group="filter", exclusive=True)

    @on(FilterBar.Asked)
    def _suggestions_wanted(self, event: FilterBar.Asked) -> None:
        self._filter_help.suggest(event.spot)
