"""The main screen's shape, as far as the reader changes it: what is remembered, and the keys for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
from textual import on

from ...core.api.viewer import Viewer
from ...core.settings import Settings
from ...core.text import clean, shorten
from .. import filter_memory, layout_memory
from ..filter_memory import Filters
from ..keymap import first
from ..render.clock import show_utc
from ..render.glyphs import Glyphs
from ..render.list_columns import CLOCKS, Look
from ..render.plain import app_of
from ..widgets.body import LOW, room_for
from ..widgets.filter_bar import FilterBar
from .main_layout import MainLayout

LEAST_SHARE = 10
"""Percent of the room that a part keeps."""
CLOCK_WORDS = {
    "local": "Times are local.",
    "utc": "Times are UTC.",
    "since": "Times are since the message above.",
}


def _share(percent: int, by: int) -> int:
    return max(LEAST_SHARE, min(percent + by, 100 - LEAST_SHARE))


class MainShape(MainLayout):
    """The main screen with the keys that change its columns, sizes and times. All of it is remembered."""

    def __init__(
        self,
        viewer: Viewer,
        settings: Settings,
        *,
        marks: Glyphs,
        clock: Callable[[], float],
        memory: Path | None = None,
    ) -> None:
        super().__init__(viewer, settings, marks=marks, clock=clock)
        self.memory = memory
        self.shape = layout_memory.read(memory)
        self.list.look = self.shape.look
        show_utc(self.shape.look.clock == "utc")
        self.shares, self.zoomed = self.shape.shares, self.shape.zoomed
        self._filters = filter_memory.beside(memory)
        self.filter_bar.filters = filter_memory.read(self._filters)
        self._wrap(self.shape.wrapped)

    def put_look(self, look: Look) -> None:
        """Show other columns in the list, or other times, and remember that."""
        turned = look.clock != self.list.look.clock
        self.list.put_look(look)
        if turned:
            show_utc(look.clock == "utc")
            self._read_times_again()
        self._keep(look=look)

    def _read_times_again(self) -> None:
        """Draw the times in the caption and the panes again, which follow those of the list."""
        self.caption.refresh()
        for pane in (self.segment, self.mixpanel, self.wire):
            pane.json.rows.redraw()
        if self._detail is not None:
            self.delivery.fill(self._detail)

    def action_choose_columns(self) -> None:
        """Choose the columns of the list."""
        from .columns import ChooseColumns

        app_of(self).push_screen(ChooseColumns(self.list.look, self.put_look, lambda: self.list.columns))

    def action_turn_clock(self) -> None:
        """Show times as local ones, as UTC, or since the message above."""
        look = self.list.look
        turned = CLOCKS[(CLOCKS.index(look.clock) + 1) % len(CLOCKS)]
        self.put_look(replace(look, clock=turned))
        self.notify(CLOCK_WORDS[turned])

    def action_zoom(self) -> None:
        """Give the part with the focus all of the room, or show the others again."""
        pane = next((name for name, pane in self.panes.items() if pane.has_focus_within), "")
        if pane:
            self.pane_name = pane
        self.opened = bool(pane)
        self.zoomed = not self.zoomed
        if not self.zoomed and room_for(self.size.width) == "narrow":
            self.notify("The terminal has room for one part at a time.")
        if pane:
            self._show(pane)
        self._lay_out(self.size.width)
        self._keep(zoomed=self.zoomed)

    def action_wrap(self) -> None:
        """Give long texts as many lines as they need, or cut them."""
        self._wrap(not self.shape.wrapped)
        self._keep(wrapped=not self.shape.wrapped)
        self.notify("Long texts have all their lines." if self.shape.wrapped else "Long texts are cut.")

    def _wrap(self, wrapped: bool) -> None:
        for pane in (self.segment, self.mixpanel, self.wire):
            pane.json.rows.wrap(wrapped)

    def action_resize(self, by: int) -> None:
        """Make the part with the focus larger; smaller if `by` is negative."""
        if self._layout == "narrow":
            self.notify("It has all of the room." if self.zoomed else "There is one part at a time.")
            return
        pane = next((name for name, pane in self.panes.items() if pane.has_focus_within), "")
        shares = self.shares
        if self._layout == "middle":
            shares = replace(shares, middle=_share(shares.middle, -by if pane else by))
        elif pane in LOW:
            shares = replace(shares, low=_share(shares.low, by))
        else:
            shares = replace(shares, wide=_share(shares.wide, -by if pane else by))
        self.shares = shares
        self._lay_out(self.size.width)
        self._keep(shares=shares)

    @on(FilterBar.Used)
    def _filter_used(self, event: FilterBar.Used) -> None:
        self._keep_filters(lambda filters: filters.used(event.text))

    @on(FilterBar.SaveAsked)
    def _name_filter(self, event: FilterBar.SaveAsked) -> None:
        """Ask for the name of a filter and save it; a saved one whose name is emptied is removed."""
        from .name_box import NameBox

        saved = self.filter_bar.filters.saved
        before = next((name for name, text in saved.items() if text == event.text), "")

        def named(name: str | None) -> None:
            if name is None or not (name or before):
                return
            text = event.text if name else ""
            self._keep_filters(lambda filters: filters.named(name or before, text))
            done = (
                f"Saved as {name}. {first('filter.open')} offers it by its name."
                if name
                else f"{before} is no longer saved."
            )
            self.notify(done)

        others = f"Saved before: {', '.join(sorted(saved))}" if saved else ""
        box = NameBox("Save the filter", shorten(clean(event.text), 200), before, clean(others))
        app_of(self).push_screen(box, named)

    def _keep_filters(self, change: Callable[[Filters], Filters]) -> None:
        """Change the filters that are kept: another screen may have written to the file meanwhile."""
        bar = self.filter_bar
        bar.filters = change(bar.filters if self._filters is None else filter_memory.read(self._filters))
        if self._filters is not None and (why := filter_memory.write(self._filters, bar.filters)):
            self.notify(why, severity="warning")

    def _keep(self, **changes: object) -> None:
        """Remember changes of the layout for the next start."""
        self.shape = msgspec.structs.replace(self.shape, **changes)
        if why := layout_memory.write(self.memory, self.shape):
            self.notify(why, severity="warning")
