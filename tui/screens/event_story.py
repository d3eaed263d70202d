"""The story of one event: how often it came, and its properties over time, with their types and changes."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content

from ...core.api.models import Coverage
from ...core.stories.model import EventStory, PropertyStory
from ...core.text import clean, counted, shorten
from ..keymap import first
from ..model.narrowing import both, time_term
from ..pane_keys import bindings
from ..render import clock
from ..render.detail import LEAST, READING, FilterBy, Line, Span, as_text, so_far
from ..render.event_story import (
    EVENT,
    event_filter,
    event_lines,
    event_row,
    path_term,
    path_words,
    property_head,
    property_lines,
    property_spans,
)
from ..render.glyphs import Glyphs
from ..render.plain import marks_of, worded
from ..render.summary import event_words, span_words
from ..widgets.ranked_list import Key, RankedList, Row, kept_order
from ..widgets.text_block import TextBlock
from ..widgets.time_bars import TimeBars
from .live_screen import Following, Source, show_lines

NARROW, LOW = 100, 30
"""Columns from which a property stands beside the list, and rows from which there is much room for bars."""
LIMIT = 2_000
NAME_SHOWN = 50
COPIED_WIDTH = 100
TEACHES = "The journal has no message of this event. It may have been cleared, or rotated out. {} goes back."


class EventStoryScreen(Following):
    """Time on top, the properties below, and all about the one that the cursor is on."""

    NAME = "Event"
    AUTO_FOCUS = "#properties"
    KEYS = (
        ("rows.open", "its messages"),
        ("event-story.next", "properties, one of them, time"),
        ("event-story.list", "list the messages"),
        ("event-story.copy", "copy"),
        ("event-story.back", "back"),
    )
    DEFAULT_CSS = """
    EventStoryScreen {
        & #time { height: 10; }
        & #list-panel { width: 1fr; height: 1fr; }
        & #about-panel { width: 1fr; height: 1fr; }
        & #about { padding: 0 1; }
        &.-low #time { height: 5; }
        &.-narrow #time.-hidden { display: none; }
        &.-empty #time { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("event-story")]

    def __init__(
        self, source: Source, type: str = "", name: str = "", *, message: int = 0, at: Key = ()
    ) -> None:
        """Prepare the screen for an event, named as an `EventCount` is, or for the event of a message."""
        super().__init__(source, at)
        self._type, self._name, self._message = type, name, message
        self.story: EventStory | None = None
        self.bars = TimeBars()
        self.time = Vertical(self.bars, id="time", classes="panel")
        self.list_panel = Vertical(classes="panel", id="list-panel")
        self.about_panel = Vertical(classes="panel", id="about-panel")
        self.list_head = TextBlock(classes="head")
        self.list = RankedList(id="properties")
        self.list.nothing = READING
        self.about = RankedList(id="about")
        self.opened = False
        """Whether a property is looked at: on a narrow terminal there is room for one thing."""
        self._by_key: dict[Key, PropertyStory] = {}
        self._lines: dict[Key, Line] = {}
        self._shown: Key = ()

    def compose(self) -> ComposeResult:
        yield self.banner
        yield self.time
        with Container(id="parts"):
            with self.list_panel:
                yield self.list_head
                yield self.list
            with self.about_panel:
                yield self.about
        yield self.teaches
        yield self.keys_line

    def on_mount(self) -> None:
        self.teaches.put(Content(TEACHES.format(first("event-story.back"))))
        self._arrange()

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new size."""
        self.set_class(event.size.height < LOW, "-low")
        self._arrange()
        self.call_after_refresh(self.draw)

    def _arrange(self) -> None:
        """Show both side by side, or one of them."""
        narrow = self.size.width < NARROW
        self.set_class(narrow, "-narrow")
        self.list_panel.display = not (narrow and self.opened)
        self.about_panel.display = not narrow or self.opened
        self.time.set_class(self.opened, "-hidden")

    # Keeping fresh

    @property
    def covered(self) -> Coverage | None:
        """The messages whose properties were read; behind, too, while the numbers are."""
        return None if self.story is None else self.story.covered

    async def ask(self) -> None:
        viewer, story = self.source.viewer, self.story
        if story is None:
            story = await viewer.event_story(self._type, self._name, message=self._message, limit=LIMIT)
        else:
            story = await viewer.event_story(story.type, story.name, limit=LIMIT)
        if story != self.story:
            self.show(story)

    def show(self, story: EventStory) -> None:
        """Show this story; once all messages were read, rows stay where they are."""
        settled = self.story is not None and not self.story.covered.behind
        self.story, marks = story, marks_of(self)
        self.list.nothing = READING if story.covered.behind else "No message of this event was read."
        found: dict[Key, PropertyStory] = {("property", *one.path): one for one in story.properties}
        order: list[Key] = list(found)
        if settled:
            before = [row.key for row in self.list.rows]
            order = kept_order(before, [(key, not one.changes_total) for key, one in found.items()])
        self._by_key = found
        rows = [Row(EVENT, partial(_paint_event, story, marks))]
        rows += [Row(key, partial(_paint, found[key], story, marks)) for key in order]
        self.list.show(rows if story.overview.covered.messages or found else (), on_top=not settled)
        self.bars.show(story.overview)
        self.begin_at(self.list)
        self.draw()

    # Drawing

    @property
    def property(self) -> PropertyStory | None:
        """The property under the cursor, None on the row of the event."""
        key = self.list.key
        return None if key is None else self._by_key.get(key)

    def draw(self) -> None:
        """Draw everything for the present size."""
        story = self.story
        messages = 0 if story is None else story.overview.covered.messages + story.covered.messages
        nothing = story is not None and not messages and self.whole
        self.set_class(nothing and not self.lost, "-empty")
        self.keep_keys(self.about if self.has_class("-narrow") and self.opened else self.list)
        self.draw_lines()
        width = self.list.scrollable_content_region.width - 1
        self.list_head.put(Content(property_head(width)))
        if story is None:
            return
        overview = story.overview
        covered, highest = overview.covered, self.bars.highest
        words = f"Messages ─ {span_words(covered.since, covered.until)}, a bar is {self.bars.bar_words}"
        if covered.messages:
            self._title(self.time, f"{words}, the highest is {highest:,}{so_far(covered)}")
        held, total = len(story.properties), story.total
        of = f"{held:,} of {total:,}" if total > held else f"{held:,}"
        more = ", there are even more" if story.open else ""
        self._title(self.list_panel, f"{story.holder.capitalize()} ─ {of}{more}{so_far(story.covered)}")
        self._draw_about()

    def _title(self, panel: Vertical, words: str) -> None:
        panel.border_title = worded(self, Content(words))  # pyright: ignore[reportAttributeAccessIssue]

    def _draw_about(self) -> None:
        story, one = self.story, self.property
        if story is None:
            return
        marks = marks_of(self)
        lines = self._about(max(self.about.scrollable_content_region.width - 3, LEAST))
        about = self.list.key or ()
        name = "/".join(about)
        self._lines = {(name, *line.key): line for line in lines}
        show_lines(self.about, lines, name)
        if about != self._shown:
            self._shown = about
            self.about.action_first()
        title = path_words(one.path, marks) if one is not None else "The event"
        self._title(self.about_panel, shorten(title, NAME_SHOWN))
        if one is not None:
            self.read_messages(change.message for change in one.changes)

    def _about(self, width: int) -> list[Line]:
        story, one, marks = self.story, self.property, marks_of(self)
        if story is None:
            return []
        if one is None:
            return event_lines(story, width, marks)
        return property_lines(one, story, width, marks, self.found, clock.now())

    def facts(self) -> Content:
        story, marks = self.story, marks_of(self)
        if story is None:
            return Content.styled("reading the messages …", "$dim")
        reading = self.reading()
        name = shorten(clean(event_words(story.type, story.name)), NAME_SHOWN)
        parts = [Content.styled(name, "bold $foreground")]
        if reading:
            parts.append(Content.styled(reading, "$mark-waiting"))
        overview = story.overview
        if overview.errors:
            parts.append(Content.styled(f"{marks.error} {overview.errors:,} wrong", "bold $mark-error"))
        if overview.warnings:
            parts.append(Content.styled(f"{marks.warning} {overview.warnings:,} to look at", "$mark-warning"))
        changed = sum(one.changes_total > 0 for one in story.properties)
        if changed:
            words = f"{counted(changed, 'type')} changed"
            parts.append(Content.styled(words, "$mark-warning"))
        if not reading:
            parts.append(Content(counted(story.covered.messages, "message")))
        return Content("  ").join(parts)

    # Acts

    @on(RankedList.Highlighted, "#properties")
    def _moved(self) -> None:
        self._draw_about()

    @on(RankedList.Chosen, "#properties")
    def _chosen(self) -> None:
        story, one = self.story, self.property
        if story is not None:
            term = event_filter(story)
            self._leave_by(term if one is None else both(term, f"{path_term(story, one.path)}?"))

    @on(RankedList.Chosen, "#about")
    def _about_chosen(self, event: RankedList.Chosen) -> None:
        line = self._lines.get(event.key)
        if line is not None and line.text:
            self._leave_by(line.text)
        elif line is not None:
            self.open_line(line)

    @on(TimeBars.Chosen)
    def _bar_chosen(self, event: TimeBars.Chosen) -> None:
        if self.story is not None:
            bar = event.bar
            self._leave_by(both(event_filter(self.story), time_term(bar.start, bar.end)))

    def _leave_by(self, term: str) -> None:
        """Leave for the messages that match; the filter of the list gives way to that."""
        story = self.story
        if story is not None and term:
            row = (story.type, story.name, *(self.list.key or EVENT))
            self.dismiss(FilterBy(term, row, "event_story"))

    def action_narrow(self) -> None:
        """List the messages of the event."""
        if self.story is not None:
            self._leave_by(event_filter(self.story))

    def action_other(self) -> None:
        """Go to the other part; on a narrow terminal, show it in place of the list."""
        if self.has_class("-narrow") and not self.opened:
            self.opened = True
            self._arrange()
            self.set_focus(self.about)
            self.call_after_refresh(self.draw)
        else:
            self.focus_next()

    def action_leave(self) -> None:
        """Go back to the list of properties on a narrow terminal, else to where it was opened."""
        if self.has_class("-narrow") and self.opened:
            self.opened = False
            self._arrange()
            self.set_focus(self.list)
            self.call_after_refresh(self.draw)
        else:
            super().action_leave()

    def copied(self) -> tuple[str, str]:
        return "the story", as_text(self._about(COPIED_WIDTH))


def _paint(one: PropertyStory, story: EventStory, marks: Glyphs, width: int) -> list[Span]:
    return property_spans(one, story, marks, width)


def _paint_event(story: EventStory, marks: Glyphs, width: int) -> list[Span]:
    return event_row(story, marks, width)
