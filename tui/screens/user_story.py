"""The story of one user: their messages in the order of receipt, and the calls that joined their ids."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.timer import Timer

from ...core.errors import InputError, SegtapError
from ...core.identities.model import Link
from ...core.stories.model import Moment
from ...core.text import clean, counted, shorten
from ..keymap import first
from ..model.narrowing import user_term
from ..pane_keys import bindings
from ..render import clock
from ..render.detail import LEAST, READING, FilterBy, Line, Span, as_text
from ..render.glyphs import Glyphs
from ..render.plain import marks_of, worded
from ..render.user_story import about_lines, foot_lines, row_spans, story_head, story_rows
from ..widgets.ranked_list import Key, RankedList, Row
from ..widgets.text_block import TextBlock
from .live_screen import MESSAGES_READ, Chosen, Source, show_lines
from .user_story_feed import UserStoryFeed

NARROW = 100
"""Columns from which the warnings and the delivery of a message stand beside the timeline."""
NEAR = 20
"""Rows from an end of the list at which more are asked for."""
REST = 0.15
"""Seconds that the cursor rests on a message before its detail is read."""
ID_SHOWN = 50
COPIED_WIDTH = 160
TEACHES = (
    "The journal has no message of {}.",
    "",
    "It may have been cleared, or rotated out. {} goes back.",
)


class UserStoryScreen(UserStoryFeed):
    """The timeline of a user, the newest message at the end; beside it what became of one message."""

    NAME = "Story"
    AUTO_FOCUS = "#timeline"
    KEYS = (
        ("rows.open", "go to the message"),
        ("user-story.list", "list its messages"),
        ("user-story.event", "story of the event"),
        ("user-story.next", "timeline, message"),
        ("user-story.copy", "copy"),
        ("user-story.back", "back"),
    )
    DEFAULT_CSS = """
    UserStoryScreen {
        & #timeline-panel { width: 3fr; height: 1fr; border-subtitle-align: right; }
        & #about-panel { width: 2fr; height: 1fr; }
        & #about { padding: 0 1; }
        & #foot { height: 2; padding: 0 1; display: none; }
        &.-narrow #about-panel { display: none; }
        &.-narrow #foot { display: block; }
        &.-empty #foot { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("user-story")]

    def __init__(self, source: Source, id: str, message: int = 0, at: Key = ()) -> None:
        """Prepare the screen for the user with this id; opened on a message, it begins there."""
        super().__init__(source, id, message, at)
        self.list_panel = Vertical(classes="panel", id="timeline-panel")
        self.about_panel = Vertical(classes="panel", id="about-panel")
        self.list_head = TextBlock(classes="head")
        self.about = RankedList(id="about")
        self.foot = TextBlock(id="foot")
        self._about_lines: dict[Key, Line] = {}
        self._resting: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.banner
        with Container(id="parts"):
            with self.list_panel:
                yield self.list_head
                yield self.list
            with self.about_panel:
                yield self.about
        yield self.foot
        yield self.teaches
        yield self.keys_line

    def on_mount(self) -> None:
        self.set_class(self.size.width < NARROW, "-narrow")
        name = shorten(clean(self.id_asked), ID_SHOWN)
        self.teaches.put(Content("\n".join(TEACHES).format(name, first("user-story.back"))))

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new size."""
        self.set_class(event.size.width < NARROW, "-narrow")
        self.call_after_refresh(self.draw)

    # Drawing

    def _show(self, *, to_end: bool = False) -> None:
        marks = marks_of(self)
        self.list.nothing = READING if self.timeline.searched or not self._begun else "No message."
        self.list.show(
            [
                Row(key, partial(_paint, moment, what, marks))
                for key, moment, what in story_rows(self.timeline.moments, clock.now())
            ]
        )
        if to_end:
            self.list.move_to(len(self.list.rows) - 1)
        self.draw()

    @property
    def moment(self) -> Moment | None:
        """The message under the cursor, or the one that a line between two messages leads to."""
        key = self.list.key
        if key is None:
            return None
        return next((one for one in self.timeline.moments if str(one.line.id) == key[1]), None)

    def draw(self) -> None:
        """Draw everything for the present size."""
        nothing = self._begun and not self.timeline.moments and self.whole
        self.set_class(nothing and not self.lost, "-empty")
        self.keep_keys(self.list)
        self.draw_lines()
        width = self.list.scrollable_content_region.width - 1
        self.list_head.put(Content(story_head(width)))
        self._draw_about()

    def _titles(self) -> None:
        timeline, marks = self.timeline, marks_of(self)
        cluster = timeline.cluster
        name = self.id_asked if cluster is None else cluster.distinct_id
        held = counted(len(timeline.moments), "message")
        part = f"{held} of more" if timeline.older or timeline.newer else held
        self._title(self.list_panel, f"{shorten(clean(name), ID_SHOWN)} ─ {part}")
        ends = [
            words
            for more, words in (
                (timeline.older, f"older: {first('rows.page-up')}"),
                (timeline.newer, f"newer: {first('rows.page-down')}"),
            )
            if more
        ]
        subtitle = f" {marks.middot} ".join(ends) or "in the order of receipt"
        self.list_panel.border_subtitle = worded(self, Content(subtitle))  # pyright: ignore[reportAttributeAccessIssue]

    def _title(self, panel: Vertical, words: str) -> None:
        panel.border_title = worded(self, Content(shorten(words, 70)))  # pyright: ignore[reportAttributeAccessIssue]

    def draw_lines(self) -> None:
        super().draw_lines()
        self._titles()

    def _draw_about(self) -> None:
        moment, marks = self.moment, marks_of(self)
        if moment is None:
            self.foot.put(Content(""))
            show_lines(self.about, [])
            return
        for_foot = [Content.assemble(*_styled(line)) for line in foot_lines(moment, marks)]
        width = max(self.size.width - 2, LEAST)
        self.foot.put(Content("\n").join(line.truncate(width, ellipsis=True) for line in for_foot))
        if self.has_class("-narrow"):
            return
        detail = self._details.get(moment.line.id)
        room = max(self.about.scrollable_content_region.width - 3, LEAST)
        lines = about_lines(moment, detail, room, marks, clock.now())
        about = str(moment.line.id)
        self._about_lines = {(about, *line.key): line for line in lines}
        self._title(self.about_panel, "Warnings and delivery")
        show_lines(self.about, lines, about)
        if moment.line.id not in self._details:
            if self._resting is not None:
                self._resting.stop()
            self._resting = self.set_timer(REST, partial(self._read_detail, moment.line.id))

    def _read_detail(self, id: int) -> None:
        self.run_worker(partial(self._detail, id), group="detail", exclusive=True)

    async def _detail(self, id: int) -> None:
        try:
            self._details[id] = await self.source.viewer.detail(id)
        except InputError:
            self._details[id] = None
        except SegtapError as error:
            self.lost = clean(str(error))
            self.draw_lines()
            return
        while len(self._details) > MESSAGES_READ:
            self._details.pop(next(iter(self._details)))
        self._draw_about()

    def facts(self) -> Content:
        timeline, marks = self.timeline, marks_of(self)
        reading = self.reading()
        if timeline.searched and not self.stopped:
            stops = first("user-story.back")
            reading = f"{READING}  {timeline.searched:,} messages searched, {stops} stops"
        parts = [Content.styled(reading, "$mark-waiting")] if reading else list[Content]()
        cluster = timeline.cluster
        if cluster is None:
            if self._begun:
                parts.append(Content.styled("no user of Mixpanel has this id", "$dim"))
            return Content("  ").join(parts)
        words = f"{counted(cluster.ids, 'id')} · {counted(cluster.events, 'event')} at Mixpanel"
        joins = len(cluster.links) + cluster.left_out.links
        words += f" · {counted(joins, 'join')}" if joins else " · no ids joined"
        parts.append(Content.styled(words, "$foreground"))
        apart = len(cluster.notes) + cluster.left_out.notes
        if apart:
            parts.append(Content.styled(f"{marks.warning} {apart:,} not joined", "$mark-warning"))
        return Content("  ").join(parts)

    # Acts

    @on(RankedList.Highlighted, "#timeline")
    def _highlighted(self) -> None:
        self._draw_about()
        if not self._begun or (self._reading_on is not None and not self._reading_on.is_finished):
            return
        at, count = self.list.cursor, len(self.list.rows)
        if at < NEAR and self.timeline.older:
            self._read_on(older=True)
        elif at >= count - NEAR and self.timeline.newer:
            self._read_on(older=False)

    @on(RankedList.Chosen, "#timeline")
    def _chosen(self) -> None:
        moment = self.moment
        if moment is not None:
            self.dismiss(Chosen((moment.line.id,)))

    @on(RankedList.Chosen, "#about")
    def _about_chosen(self, event: RankedList.Chosen) -> None:
        moment, line = self.moment, self._about_lines.get(event.key)
        if moment is None or line is None:
            return
        pane = {"warning": "warnings", "attempt": "delivery", "state": "delivery"}.get(line.key[0], "")
        self.dismiss(Chosen((moment.line.id,), pane))

    def action_narrow(self) -> None:
        """List the messages of all ids of this user; the filter of the list gives way to that."""
        cluster = self.timeline.cluster
        ids: Sequence[str] = (self.id_asked,)
        if cluster is not None:
            ids = (cluster.distinct_id, *(member.id for member in cluster.members))
        row = (self.id_asked, *(self.list.key or ("message", "")))
        self.dismiss(FilterBy(user_term(ids), row, "user_story"))

    def action_event(self) -> None:
        """Tell the story of the event of the message under the cursor."""
        from .event_story import EventStoryScreen

        moment = self.moment
        if moment is None or moment.line.refused:
            self.notify("There is no event here.", severity="warning")
            return
        self.open_over(EventStoryScreen(self.source, message=moment.line.id))

    def copied(self) -> tuple[str, str]:
        marks = marks_of(self)
        rows = story_rows(self.timeline.moments, clock.now())
        lines = [Line(key, tuple(row_spans(one, what, marks, COPIED_WIDTH))) for key, one, what in rows]
        return "the story", as_text(lines)


def _paint(moment: Moment, what: str | Link, marks: Glyphs, width: int) -> list[Span]:
    return row_spans(moment, what, marks, width)


def _styled(spans: Sequence[Span]) -> list[tuple[str, str]]:
    """Return spans for a text, whose styles are the theme's variables."""
    names = {"dim": "$dim", "text": "$foreground", "info": "$accent"}
    return [(text, names.get(style, f"$mark-{style}")) for text, style in spans]
