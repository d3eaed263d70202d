"""The live list of messages. The cost of a new message does not depend on how many the list holds."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.message import Message
from textual.scrollbar import ScrollTo, ScrollUp

from ...core.api.models import Change, Page, Summary
from ..keys import bindings
from ..render.message import MARK
from .message_lines import MessageLines

NEAR = 60
"""Rows from an end of the window at which the next page is requested."""


class MessageList(MessageLines, inherit_bindings=False):
    """A window of summaries, one line each, with follow and pause.

    While it follows, the newest message is selected and in sight. Moving off it pauses: from then on only the
    reader moves the list. `tui.model.selection` has the rules.
    """

    BINDINGS = bindings("list")
    BORDER_TITLE = "Messages"

    class Highlighted(Message):
        """Another message is selected, or the selected one changed; None when none is selected."""

        def __init__(self, summary: Summary | None) -> None:
            super().__init__()
            self.summary = summary

    class Opened(Message):
        """The selected message was double-clicked."""

    class MarkClicked(Message):
        """The column of marks was clicked: the mark of the selected message is to be turned."""

    class Changed(Message):
        """A message: following, pause or the number of unseen messages changed."""

    class NeedOlder(Message):
        """The reader is near the top of the window, and older messages exist."""

    class NeedNewer(Message):
        """The reader is near the end of the window, and newer messages exist."""

    class NeedNewest(Message):
        """The list follows again, but the window lacks the newest messages."""

    class NeedOldest(Message):
        """The reader goes to the oldest message, which is not in the window."""

    _moving = False
    """True while it scrolls by itself."""

    # What it shows

    def reset(self, page: Page, *, keep: int | None = None) -> None:
        """Show this page, the newest messages; keep the selected message if the page has it."""
        self.window.reset(page.summaries, more_above=page.more)
        self._new_rows()
        self.selection.caught_up()
        at = self.window.index(keep) if keep is not None else None
        self.resize_lines()
        if at is None or self.selection.following:
            self._to_newest()
        else:
            self.selection.saw(len(self.window) - 1, reset=True)
            self._select(at)
            self._show(at)
        self._changed()

    def hold_from(self, page: Page) -> None:
        """Show this page, the oldest messages; newer ones exist below."""
        unseen = self.selection.unseen
        self.window.reset(page.summaries)
        self._new_rows()
        self.window.more_below = True
        self.selection.elsewhere(unseen)
        self.resize_lines()
        self.scroll_to_line(0)
        self._select(0)
        self._changed()

    def hold_upto(self, page: Page) -> None:
        """Show this page from the middle of the journal, its last message selected."""
        self.pause()
        unseen = self.selection.unseen
        self.window.reset(page.summaries, more_above=page.more)
        self.window.more_below = True
        self._new_rows()
        last = len(self.window) - 1
        self.selection.elsewhere(unseen)
        self.resize_lines()
        self._select(last)
        self.scroll_to_line(last - self.size.height // 2)
        self._near_an_end()
        self._changed()

    def extend(self, summaries: Sequence[Summary]) -> None:
        """Add new messages. Nothing moves unless the list follows."""
        selection = self.selection
        if self.window.more_below:
            selection.skip(len(summaries))
            self.post_message(self.Changed())
            return
        if not self.window.append(summaries):
            return
        self.note_widths(summaries)
        first = not selection.following and selection.id is None
        top = self.scroll_offset.y
        in_sight = len(self.window) - len(summaries) < top + self.size.height
        read_from = len(self.window) if selection.following else min(top, selection.at)
        dropped = self.window.trim(keep_from=read_from)
        self.resize_lines()
        if selection.following:
            self.fit_columns()
            self._to_newest()
        elif dropped:
            selection.shift(-dropped)
            self.scroll_to_line(top - dropped)
        if first:
            self._select(0)
        self.selection.saw(self._last_in_sight)
        if selection.following or in_sight:
            self.refresh()
        self.post_message(self.Changed())

    def extend_below(self, page: Page, *, more: bool) -> None:
        """Add a page of newer messages that was requested; `more` says whether yet newer ones exist."""
        self.window.more_below = more
        top = self.scroll_offset.y
        if self.window.append(page.summaries):
            self.note_widths(page.summaries)
            over = len(self.window) - self.window.limit
            fits = over > 0 and min(top, self.selection.at) >= over
            if fits:
                self.window.drop(over)
                self.selection.shift(-over)
            self.resize_lines()
            if fits:
                self.scroll_to_line(top - over)
        self.selection.went_on(more=more)
        self._changed()

    def prepend(self, page: Page) -> None:
        """Add a page of older messages on top. The lines in sight stay where they are."""
        empty = not len(self.window)
        added = self.window.prepend(page.summaries, more=page.more)
        self.note_widths(page.summaries)
        if added and empty:
            self.fit_columns()
            self.resize_lines()
            self._to_newest()
        elif added:
            top = self.scroll_offset.y
            self.selection.shift(added)
            unseen = self.selection.unseen
            if not self.selection.following and self.window.cut_below():
                self.selection.elsewhere(unseen)
            self.resize_lines()
            self.scroll_to_line(top + added)
        self._changed()

    def change(self, changes: Sequence[Change]) -> None:
        """Show the new delivery states of messages."""
        for place in self.window.change(changes):
            self.refresh_line(place)
            if place == self.selection.at:
                self.post_message(self.Highlighted(self.window.rows[place]))

    def _new_rows(self) -> None:
        """Draw the lines of another window, in columns made for them."""
        self._strips.clear()
        self.note_widths(self.window.rows, afresh=True)
        self.fit_columns()

    def _changed(self) -> None:
        self.refresh()
        self.post_message(self.Changed())

    # Follow, pause, move

    def action_follow(self) -> None:
        """Go to the newest message and follow."""
        self.selection.follow()
        self.fit_columns()
        if self.window.more_below:
            self.post_message(self.NeedNewest())
        self._to_newest()
        self._changed()

    def pause(self, *, for_pane: bool = False, by_key: bool = False) -> None:
        """Stop following, see `Selection.pause`."""
        if self.selection.pause(for_pane=for_pane, by_key=by_key):
            self.post_message(self.Changed())

    def resume(self) -> None:
        """Follow again when the reader leaves a pane, unless they paused by key or moved away."""
        if self.selection.resumes:
            self.action_follow()

    def action_move(self, by: int) -> None:
        """Select the message `by` lines further down. Beyond the last one: follow."""
        rows = len(self.window)
        if not rows:
            return
        to = self.selection.at + by
        if to >= rows and not self.window.more_below:
            self.action_follow()
            return
        to = max(0, min(to, rows - 1))
        if to < rows - 1 or by < 0:
            self.pause()
        self._select(to)
        self._show(to)

    def action_move_page(self, by: int) -> None:
        """Select the message a page further down."""
        self.action_move(by * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        """Go to the oldest message."""
        if not len(self.window):
            return
        self.pause()
        if self.window.more_above:
            self.post_message(self.NeedOldest())
            return
        self._select(0)
        self._show(0)

    def select_id(self, id: int) -> bool:
        """Select a message; returns False if the window lacks it."""
        at = self.window.index(id)
        if at is None:
            return False
        self.pause()
        self._select(at)
        self._show(at)
        return True

    def _to_newest(self) -> None:
        rows = len(self.window)
        self.selection.saw(self.selection.last, reset=True)
        self._select(rows - 1)
        self.scroll_to_line(rows - self.size.height)

    def _select(self, at: int) -> None:
        before = self.selection.at
        if self.selection.select(at):
            if self.selection.summary is not None:
                self.refresh_line(before)
                self.refresh_line(at)
            self.post_message(self.Highlighted(self.selection.summary))

    # Size and place

    def _show(self, at: int) -> None:
        self.reveal(at)
        self._near_an_end()

    def scroll_to_line(self, at: int) -> None:
        """Put a line at the top; unlike the reader's own scrolling it does not count as seeing it."""
        self._moving = True
        super().scroll_to_line(at)
        self._moving = False

    @property
    def _last_in_sight(self) -> int:
        return min(self.scroll_offset.y + self.size.height, len(self.window)) - 1

    def _near_an_end(self) -> None:
        top = self.scroll_offset.y
        if self.window.more_above and top < NEAR:
            self.post_message(self.NeedOlder())
        if self.window.more_below and top + self.size.height > len(self.window) - NEAR:
            self.post_message(self.NeedNewer())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._moving or round(old_value) == round(new_value):
            return
        self.selection.saw(self._last_in_sight)
        self._near_an_end()
        self.post_message(self.Changed())

    @on(events.MouseScrollUp)
    @on(ScrollUp)
    @on(ScrollTo)
    def _scrolled_by_mouse(self) -> None:
        """Pause when the wheel or the scrollbar moves the list."""
        if self.max_scroll_y > 0:
            self.pause()

    def on_resize(self) -> None:
        """Stay at the newest message while following, else keep the selected line in sight."""
        self.resize_lines()
        self.fit_columns()
        if not self.size.height:
            return
        if self.selection.following:
            self.scroll_to_line(len(self.window) - self.size.height)
        elif self.selection.id is not None:
            self._show(self.selection.at)
        self.selection.saw(self._last_in_sight)

    def on_click(self, event: events.Click) -> None:
        """Select the line under the pointer; a double click opens it, one in front of the line marks it."""
        at = self.line_at(event)
        if at is None:
            return
        if at < len(self.window) - 1:
            self.pause()
        self._select(at)
        if event.get_content_offset_capture(self).x < (MARK if self.marked else 1):
            self.post_message(self.MarkClicked())
        elif event.chain == 2:
            self.post_message(self.Opened())
