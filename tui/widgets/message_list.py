"""The live list of messages, drawn line by line: what it costs does not depend on how many it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ...core.api.models import Change, Page, Summary
from ..keys import bindings
from ..model.window import LIMIT, Window
from ..render.columns import columns, fit
from ..render.glyphs import UNICODE, Marks
from ..render.message import COMPONENTS, LinePainter
from .style_cache import StyleCache

NEAR = 60
"""Rows from an end of the window at which the next stretch is asked for."""


class MessageList(ScrollView, can_focus=True, inherit_bindings=False):
    """The list: a window of summaries, one line each, with follow and pause.

    While it follows, the newest is selected and in sight. Moving off the tail pauses: from then on nothing
    moves but what the reader moves; `unseen` counts what came below.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"message-list--{name}" for name in COMPONENTS}
    BINDINGS = bindings("list")
    BORDER_TITLE = "Messages"

    class Highlighted(Message):
        """The selection is another message, or the selected one changed; None when there is none."""

        def __init__(self, summary: Summary | None) -> None:
            super().__init__()
            self.summary = summary

    class Opened(Message):
        """The selected message should be opened (a double click)."""

    class Changed(Message):
        """Follow, pause or the number of unseen ones changed."""

    class NeedOlder(Message):
        """The reader is near the top of what is held."""

    class NeedNewer(Message):
        """The reader is near the end of what is held, and newer ones exist."""

    class NeedNewest(Message):
        """Follow again, but the newest are not held."""

    class NeedOldest(Message):
        """Go to the very first, which is not held."""

    def __init__(self, *, marks: Marks = UNICODE, limit: int = LIMIT, id: str | None = None) -> None:
        super().__init__(id=id)
        self.window = Window(limit)
        self.marks = marks
        self._style = StyleCache(self, "message-list", whole="text")
        self._painter = LinePainter(marks, self._style)
        self.following = True
        self.nothing = ""
        """What is said when there is no line to show."""
        self.selected: int | None = None
        self._cursor = 0
        self._seen = 0
        self._skipped = 0
        self._moving = False
        self._for_pane = self._by_key = False
        """Why it is paused: a pane was opened while it followed; the reader said so."""
        self._strips: LRUCache[tuple[Summary, int, int], Strip] = LRUCache(1024)

    # What it holds

    def reset(self, page: Page, *, keep: int | None = None) -> None:
        """Hold this page, the newest there is; keep the selection when it is among them."""
        self.window.reset(page.summaries, more_above=page.more)
        self._strips.clear()
        self._skipped = 0
        at = self.window.index(keep) if keep is not None else None
        self._resized()
        if at is None or self.following:
            self._follow()
        else:
            self._seen = len(self.window) - 1
            self._select(at)
            self._reveal(at)
        self.refresh()
        self.post_message(self.Changed())

    def hold_from(self, page: Page) -> None:
        """Hold this page, the oldest there is: newer ones exist below."""
        self.window.reset(page.summaries)
        self.window.more_below = True
        self._seen = 0
        self._resized()
        self._scroll(0)
        self._select(0)
        self.refresh()
        self.post_message(self.Changed())

    def hold_upto(self, page: Page) -> None:
        """Hold this page out of the middle, its last message selected; newer ones may exist below."""
        self.pause()
        self.window.reset(page.summaries, more_above=page.more)
        self.window.more_below = True
        self._strips.clear()
        self._skipped = 0
        last = len(self.window) - 1
        self._seen = last
        self._resized()
        self._select(last)
        self._scroll(last - self.size.height // 2)
        self._near_an_end()
        self.refresh()
        self.post_message(self.Changed())

    def extend(self, summaries: Sequence[Summary]) -> None:
        """Newer ones came. Costs the same whatever is held; nothing moves unless the list follows."""
        if self.window.more_below:
            self._skipped += len(summaries)
            self.post_message(self.Changed())
            return
        if not self.window.append(summaries):
            return
        first = not self.following and self.selected is None
        top = self.scroll_offset.y
        dropped = self.window.trim(keep_from=len(self.window) if self.following else min(top, self._cursor))
        self._resized()
        if self.following:
            self._follow()
        elif dropped:
            self._cursor -= dropped
            self._seen -= dropped
            self._scroll(top - dropped)
        if first:
            self._select(0)
        self._note_seen()
        self.refresh()
        self.post_message(self.Changed())

    def extend_below(self, page: Page, *, more: bool) -> None:
        """Newer ones that were asked for: the window moves down the journal."""
        self.window.more_below = more
        if not more:
            self._skipped = 0
        top = self.scroll_offset.y
        if self.window.append(page.summaries):
            over = len(self.window) - self.window.limit
            if over > 0 and min(top, self._cursor) >= over:
                self.window.drop(over)
                self._cursor -= over
                self._seen -= over
                self._resized()
                self._scroll(top - over)
            else:
                self._resized()
        self.refresh()
        self.post_message(self.Changed())

    def prepend(self, page: Page) -> None:
        """Older ones that were asked for: they come above, and nothing that is in sight moves."""
        added = self.window.prepend(page.summaries, more=page.more)
        if added:
            top = self.scroll_offset.y
            self._cursor += added
            self._seen += added
            if not self.following:
                self.window.cut_below()
            self._resized()
            self._scroll(top + added)
        self.refresh()
        self.post_message(self.Changed())

    def change(self, changes: Sequence[Change]) -> None:
        """Deliveries moved on."""
        places = self.window.change(changes)
        for place in places:
            self.refresh_line(place)
            if place == self._cursor:
                self.post_message(self.Highlighted(self.window.rows[place]))

    # Follow, pause, move

    @property
    def unseen(self) -> int:
        """How many came below what was in sight since it paused."""
        if self.following:
            return 0
        return max(len(self.window) - 1 - self._seen, 0) + self._skipped

    @property
    def summary(self) -> Summary | None:
        """The selected message."""
        rows = self.window.rows
        return rows[self._cursor] if self.selected is not None and self._cursor < len(rows) else None

    def action_follow(self) -> None:
        """Go to the newest and follow."""
        self.following = True
        self._for_pane = self._by_key = False
        if self.window.more_below:
            self.post_message(self.NeedNewest())
        self._follow()
        self.post_message(self.Changed())
        self.refresh()

    def pause(self, *, for_pane: bool = False, by_key: bool = False) -> None:
        """Stay where we are: `for_pane` until the reader is back, `by_key` until told otherwise."""
        self._for_pane = for_pane and (self.following or self._for_pane)
        self._by_key = by_key or self._by_key
        if self.following:
            self.following = False
            self._seen = max(len(self.window) - 1, 0)
            self.post_message(self.Changed())

    def resume(self) -> None:
        """Follow again when the reader comes back from a pane, and was at the end, or is there now.

        Who moved to another message, or paused by key, stays there.
        """
        at_end = len(self.window) > 0 and self._cursor == len(self.window) - 1 and not self.window.more_below
        if not self.following and not self._by_key and (self._for_pane or at_end):
            self.action_follow()

    def action_move(self, by: int) -> None:
        """Select the message `by` lines further down. Beyond the last one: follow."""
        rows = len(self.window)
        if not rows:
            return
        to = self._cursor + by
        if to >= rows and not self.window.more_below:
            self.action_follow()
            return
        to = max(0, min(to, rows - 1))
        if to < rows - 1 or by < 0:
            self.pause()
        self._select(to)
        self._reveal(to)

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
        self._reveal(0)

    def select_id(self, id: int) -> bool:
        """Select that message, if it is held."""
        at = self.window.index(id)
        if at is None:
            return False
        self.pause()
        self._select(at)
        self._reveal(at)
        return True

    def _follow(self) -> None:
        rows = len(self.window)
        self._seen = max(rows - 1, 0)
        self._select(rows - 1)
        self._scroll(rows - self.size.height)

    def _select(self, at: int) -> None:
        rows = self.window.rows
        if not 0 <= at < len(rows):
            if self.selected is not None:
                self.selected = None
                self.post_message(self.Highlighted(None))
            self._cursor = 0
            return
        before, self._cursor = self._cursor, at
        if rows[at].id != self.selected:
            self.selected = rows[at].id
            self.refresh_line(before)
            self.refresh_line(at)
            self.post_message(self.Highlighted(rows[at]))

    def _reveal(self, at: int) -> None:
        height = max(self.size.height, 1)
        top = self.scroll_offset.y
        if at < top:
            self._scroll(at)
        elif at >= top + height:
            self._scroll(at - height + 1)
        self._near_an_end()

    def _scroll(self, to: int) -> None:
        self._moving = True
        self.scroll_target_y = self.scroll_y = max(to, 0)
        self._moving = False

    def _resized(self) -> None:
        """Another number of rows. Only a scrollbar that comes or goes needs a new layout of the screen."""
        rows = len(self.window)
        size = Size(self.scrollable_content_region.width, rows)
        if self.show_vertical_scrollbar and rows > self.size.height > 0 and self.virtual_size.height:
            self.set_reactive(MessageList.virtual_size, size)  # pyright: ignore[reportArgumentType]
            self.vertical_scrollbar.window_virtual_size = rows
        else:
            self.virtual_size = size

    def _note_seen(self) -> None:
        bottom = min(self.scroll_offset.y + self.size.height, len(self.window)) - 1
        if bottom > self._seen:
            self._seen = bottom

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
        self._note_seen()
        self._near_an_end()
        self.post_message(self.Changed())

    def on_mouse_scroll_up(self) -> None:
        """The wheel turned away from the tail."""
        self._pause_if_longer()

    def on_scroll_up(self) -> None:
        """A click above the scrollbar's thumb."""
        self._pause_if_longer()

    def on_scroll_to(self) -> None:
        """The scrollbar's thumb was taken."""
        self._pause_if_longer()

    def _pause_if_longer(self) -> None:
        if self.max_scroll_y > 0:
            self.pause()

    def on_resize(self) -> None:
        """Keep the place: the tail while following, else the selected line in sight if it was."""
        self._resized()
        if not self.size.height:
            return
        if self.following:
            self._scroll(len(self.window) - self.size.height)
        elif self.selected is not None:
            self._reveal(self._cursor)
        self._note_seen()

    def on_click(self, event: events.Click) -> None:
        """Select the line under the pointer; a double click opens it."""
        at = self.scroll_offset.y + event.get_content_offset_capture(self).y
        if not 0 <= at < len(self.window):
            return
        if at < len(self.window) - 1:
            self.pause()
        self._select(at)
        if event.chain == 2:
            self.post_message(self.Opened())

    # Drawing

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._style.clear()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """One line of the viewport."""
        width = self.scrollable_content_region.width
        at = y + self.scroll_offset.y
        if at >= len(self.window):
            if y == 1 and self.nothing and not len(self.window):
                text = fit(self._painter.plain("  " + self.nothing), width, self.marks.ellipsis)
                return Strip([Segment(text, self._style("text") + self._style("dim"))])
            return Strip.blank(width, self._style("text"))
        summary = self.window.rows[at]
        state = 0 if summary.id != self.selected else 2 if self.has_focus else 1
        key = (summary, width, state)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._painter.paint(summary, columns(width), state)
            self._strips[key] = strip
        return strip
