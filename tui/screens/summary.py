"""The summary of all messages, or of those that match the filter: which rules, which events, and when."""

from __future__ import annotations

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content

from ...core.aggregates.model import EventCount, Overview, RuleCount
from ...core.api.models import Coverage
from ...core.errors import SegtapError
from ...core.snippets import demo_line
from ...core.text import clean
from ...core.verdict import SEVERITY_WEIGHT
from ..keymap import first
from ..model.narrowing import event_term, rule_term, time_term
from ..pane_keys import bindings
from ..render.detail import READING, is_empty, so_far
from ..render.plain import marks_of, worded
from ..render.summary import (
    covered_words,
    event_head,
    event_spans,
    gravity_of,
    rule_head,
    rule_spans,
    sources_words,
    span_words,
    text_lines,
)
from ..render.summary_foot import about_event, about_rule
from ..widgets.ranked_list import Key, RankedList, Row, kept_order
from ..widgets.text_block import TextBlock
from ..widgets.time_bars import TimeBars
from .live_screen import Following, Source

LOWEST, LOW, WIDE = 18, 30, 140
"""Rows from which there are bars and a foot, rows from which there are heads and more of both, and columns
from which the lists stand side by side."""
NO_RULES = "No rule fired: nothing is wrong with these messages."
TEACHES = (
    "There is nothing to sum up yet.",
    "As messages come, this screen counts them: which rules they trip and how often, which events they are"
    " and what became of each at Mixpanel, and when it happened. Errors stand first.",
    "Point an SDK at this endpoint. For some traffic at once:",
)


class SummaryScreen(Following):
    """Time on top, rules and events below. It keeps itself fresh, and rows stay in their order."""

    NAME = "Summary"
    AUTO_FOCUS = "#rules"
    KEYS = (
        ("rows.open", "its messages"),
        ("summary.explain", "whole story"),
        ("summary.next", "rules, events, time"),
        ("summary.event-story", "story of the event"),
        ("summary.copy", "copy"),
        ("summary.back", "back"),
    )
    DEFAULT_CSS = """
    SummaryScreen {
        & #foot { height: 4; padding: 0 1; }
        & #time { height: 8; }
        & #lists { height: 1fr; layout: vertical; }
        & #lists > Vertical { height: 1fr; width: 1fr; }
        &.-wide #lists { layout: horizontal; }
        &.-low .head { display: none; }
        &.-low #time { height: 4; }
        &.-low #foot { height: 2; }
        &.-lowest #time, &.-lowest #foot { display: none; }
        &.-empty #lists, &.-empty #time, &.-empty #foot { display: none; }
    }
    """
    BINDINGS = bindings("summary")

    def __init__(self, source: Source, at: Key = ()) -> None:
        super().__init__(source, at)
        self._overview: Overview | None = None
        self._settled = False
        """True once all messages were counted: only then rows keep their order."""
        self.bars = TimeBars()
        self.time = Vertical(self.bars, id="time", classes="panel")
        self.rules_panel = Vertical(classes="panel", id="rules-panel")
        self.events_panel = Vertical(classes="panel", id="events-panel")
        self.rules = RankedList(id="rules")
        self.rules.nothing = READING
        self.rules_head = TextBlock(classes="head")
        self.events = RankedList(id="events")
        self.events.nothing = READING
        self.events_head = TextBlock(classes="head")
        self.foot = TextBlock(id="foot")

    def compose(self) -> ComposeResult:
        yield self.banner
        yield self.time
        with Container(id="lists"):
            with self.rules_panel:
                yield self.rules_head
                yield self.rules
            with self.events_panel:
                yield self.events_head
                yield self.events
        yield self.foot
        yield self.teaches
        yield self.keys_line

    def on_mount(self) -> None:
        searched = self.searched
        teaches = (*TEACHES, f"  {demo_line(self.source.viewer.url)}")
        if searched:
            teaches = (f"No message matches {searched}.",)
        self.teaches.put(Content("\n\n".join(teaches)))

    def on_resize(self) -> None:
        """Lay out for the new size."""
        self.set_class(self.size.height < LOWEST, "-lowest")
        self.set_class(self.size.height < LOW, "-low")
        self.set_class(self.size.width >= WIDE, "-wide")
        self.call_after_refresh(self.draw)

    # Keeping fresh

    @property
    def covered(self) -> Coverage | None:
        return None if self._overview is None else self._overview.covered

    async def ask(self) -> None:
        overview = await self.source.viewer.overview(self.source.search)
        if overview != self._overview:
            self.show(overview)

    def draw_lost(self) -> None:
        """Show the lists with what was counted: after a lost connection nobody says that there is nothing."""
        self.draw()

    def show(self, overview: Overview) -> None:
        """Show these numbers; once all messages were counted, rows stay in the order that they have.

        Until then the cursor stands on the first row, the worst, unless the reader moves it.
        """
        settled, self._settled = self._settled, not overview.covered.behind
        rules: dict[Key, RuleCount] = {("rule", one.rule): one for one in overview.rules}
        events: dict[Key, EventCount] = {("event", one.type, one.name): one for one in overview.events}
        rule_order, event_order = list[Key](rules), list[Key](events)
        if settled and self._overview is not None:
            rule_order = kept_order(
                [row.key for row in self.rules.rows],
                [(key, SEVERITY_WEIGHT[one.severity]) for key, one in rules.items()],
            )
            event_order = kept_order(
                [row.key for row in self.events.rows], [(key, gravity_of(one)) for key, one in events.items()]
            )
        self._overview = overview
        marks, most = marks_of(self), max((one.messages for one in overview.rules), default=0)
        self.rules.nothing = NO_RULES if self._settled else READING
        self.rules.show(
            [Row(key, partial(rule_spans, rules[key], overview, most, marks)) for key in rule_order],
            on_top=not settled,
        )
        self.events.show(
            [Row(key, partial(event_spans, events[key], overview, marks)) for key in event_order],
            on_top=not settled,
        )
        self.bars.show(overview)
        self.begin_at(self.rules, self.events)
        if self.at and self.at[0] == "time":
            self.bars.select(int(self.at[-1]))
            self.set_focus(self.bars)
            self.at = ()
        self.draw()

    # Words

    def draw(self) -> None:
        """Draw everything but the rows."""
        overview = self._overview
        nothing = overview is not None and is_empty(overview.covered)
        self.set_class(nothing and not self.lost, "-empty")
        self.keep_keys(self.rules)
        self.draw_lines()
        marks = marks_of(self)
        rule_width, event_width = (
            one.scrollable_content_region.width - 1 for one in (self.rules, self.events)
        )
        self.rules_head.put(Content(rule_head(rule_width)))
        self.events_head.put(Content(event_head(event_width, marks)))
        if overview is None:
            return
        covered = overview.covered
        words = f"Over time ─ {span_words(covered.since, covered.until)}, a bar is {self.bars.bar_words}"
        self._title(self.time, Content(words), self._legend(overview))
        yet = so_far(covered)
        self._title(self.rules_panel, Content(f"Rules ─ {len(overview.rules):,} fired{yet}"))
        total, held = overview.events_total, len(overview.events)
        of = f" of {total:,}" if total > held else ""
        sources = Content(sources_words(overview.sources))
        self._title(self.events_panel, Content(f"Events ─ {held:,}{of}{yet}"), sources)
        self._fill_foot()

    def _title(self, panel: Vertical, title: Content, subtitle: Content | None = None) -> None:
        panel.border_title = worded(self, title)  # pyright: ignore[reportAttributeAccessIssue]
        if subtitle is not None:
            panel.border_subtitle = worded(self, subtitle)  # pyright: ignore[reportAttributeAccessIssue]

    def facts(self) -> Content:
        """Return how many messages are summed up, and how many have findings."""
        overview, marks = self._overview, marks_of(self)
        if overview is None:
            return Content.styled("reading the messages …", "$dim")
        if self.has_class("-empty"):
            return Content("")
        reading, searched = self.reading(), self.source.search
        parts = [Content.styled(reading, "$mark-waiting")] if reading else list[Content]()
        if overview.errors:
            parts.append(Content.styled(f"{marks.error} {overview.errors:,} wrong", "bold $mark-error"))
        elif not reading:
            parts.append(Content.styled("no errors", "$mark-ok"))
        if overview.warnings:
            parts.append(Content.styled(f"{marks.warning} {overview.warnings:,} to look at", "$mark-warning"))
        if not reading:
            parts.append(Content(f"in {covered_words(overview, searched)}"))
        return Content("  ").join(parts)

    def _legend(self, overview: Overview) -> Content:
        marks, covered = marks_of(self), overview.covered
        rest = covered.messages + covered.refused - overview.errors - overview.warnings
        return Content.assemble(
            (f"{marks.error} {overview.errors:,} with errors", "$mark-error"),
            (f"  {marks.warning} {overview.warnings:,} with warnings only", "$mark-warning"),
            (f"  {rest:,} with neither{so_far(covered)}", "$dim"),
        )

    # The foot: about the row that the cursor is on

    @on(RankedList.Highlighted)
    def _moved(self) -> None:
        self._fill_foot()

    def on_descendant_focus(self) -> None:
        """Update the foot for the list in focus."""
        self._fill_foot()

    def _fill_foot(self) -> None:
        rule, event = self._rule(), self._event()
        lines: list[Content] = []
        if self.events.has_focus and event is not None:
            lines = about_event(event, marks_of(self), settled=self._settled)
        elif rule is not None:
            lines = about_rule(rule, marks_of(self), low=self.has_class("-low"))
        width = max(self.foot.content_size.width, 20)
        cut = [line.truncate(width, ellipsis=True) for line in lines]
        self.foot.put(Content("\n").join(cut))

    def _rule(self) -> RuleCount | None:
        key, overview = self.rules.key, self._overview
        if key is None or overview is None:
            return None
        return next((one for one in overview.rules if one.rule == key[1]), None)

    def _event(self) -> EventCount | None:
        key, overview = self.events.key, self._overview
        if key is None or overview is None:
            return None
        return next((one for one in overview.events if (one.type, one.name) == key[1:]), None)

    # Acts

    @on(RankedList.Chosen, "#rules")
    def _rule_chosen(self) -> None:
        if (rule := self._rule()) is not None:
            self.filter_by(rule_term(rule), ("rule", rule.rule))

    @on(RankedList.Chosen, "#events")
    def _event_chosen(self) -> None:
        if (event := self._event()) is not None:
            others = self._overview.events if self._overview is not None else ()
            self.filter_by(event_term(event, others), ("event", event.type, event.name))

    @on(TimeBars.Chosen)
    def _bar_chosen(self, event: TimeBars.Chosen) -> None:
        bar = event.bar
        self.filter_by(time_term(bar.start, bar.end), ("time", str(bar.start)))

    def action_event_story(self) -> None:
        """Tell the story of the event that the cursor is on."""
        from .event_story import EventStoryScreen

        event = self._event() if self.events.has_focus else None
        if event is None or not event.type:
            self.notify(f"Go to an event first: {first('summary.next')} leads to the list of events.")
            return
        self.open_over(EventStoryScreen(self.source, event.type, event.name))

    def action_explain(self) -> None:
        """Tell the rule's whole story: the one the cursor is on, or the gravest of the event."""
        from ...core.commands.rules import rule_of
        from .rule_story import RuleStory

        event = self._event() if self.events.has_focus else None
        rule = self._rule()
        name = event.rules[0].rule if event and event.rules else "" if event else rule.rule if rule else ""
        if not name:
            self.notify("No rule fires here, so there is no story to tell.")
            return
        try:
            self.app.push_screen(RuleStory(rule_of(name)))  # pyright: ignore[reportUnknownMemberType]
        except SegtapError as error:
            self.notify(clean(str(error)), title=error.title, severity="warning")

    def copied(self) -> tuple[str, str]:
        overview = self._overview
        return "the summary", "" if overview is None else "\n".join(
            text_lines(overview, marks_of(self), self.source.search)
        )
