"""Group Analytics: the four parts that must agree for each group key, and which events carry it."""

from __future__ import annotations

import msgspec
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content

from ...core.aggregates.model import EventCoverage, GroupKeyCheck, Groups
from ...core.api.models import Coverage
from ...core.text import clean, counted, shorten
from ..pane_keys import bindings
from ..render import clock
from ..render.detail import LEAST, READING, Line, as_text, coverage_words, so_far
from ..render.group import all_lines, event_lines, events_title, messages_of, teaches
from ..render.plain import marks_of, worded
from ..widgets.ranked_list import Key, RankedList, kept_order
from .live_screen import Following, Source, show_lines

WIDE = 130
"""Columns from which the events stand beside the parts."""
COPIED_WIDTH = 100


class GroupsScreen(Following):
    """The parts of every key, and the events of the one that the cursor is on."""

    NAME = "Group Analytics"
    AUTO_FOCUS = "#keys-list"
    KEYS = (
        ("rows.open", "message, or event"),
        ("groups.next", "parts, events"),
        ("groups.copy", "copy"),
        ("groups.back", "back"),
    )
    DEFAULT_CSS = """
    GroupsScreen {
        & .panel { width: 3fr; height: 1fr; }
        & #events-panel { width: 2fr; display: none; }
        &.-wide #events-panel { display: block; }
        & RankedList { padding: 0 1 0 0; }
    }
    """
    BINDINGS = bindings("groups")

    def __init__(self, source: Source, at: Key = ()) -> None:
        super().__init__(source, at)
        self.parts_panel = Vertical(classes="panel", id="parts-panel")
        self.events_panel = Vertical(classes="panel", id="events-panel")
        self.parts = RankedList(id="keys-list")
        self.parts.nothing = READING
        self.events = RankedList(id="events-list")
        self.groups: Groups | None = None
        self._lines: dict[tuple[str, ...], Line] = {}
        self._key = ""

    def compose(self) -> ComposeResult:
        yield self.banner
        with Container(id="parts"):
            with self.parts_panel:
                yield self.parts
            with self.events_panel:
                yield self.events
        yield self.teaches
        yield self.keys_line

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new size."""
        self.set_class(event.size.width >= WIDE, "-wide")
        self.call_after_refresh(self.draw)

    # Keeping fresh

    @property
    def covered(self) -> Coverage | None:
        return None if self.groups is None else self.groups.covered

    async def ask(self) -> None:
        groups = await self.source.viewer.groups(self.source.search)
        if self.groups is not None and self.whole:
            groups = with_events_in_place(groups, self.groups)
        if groups != self.groups:
            self.heard_of(groups.covered)
            self.groups = groups
            self.draw()

    # Drawing

    @property
    def check(self) -> GroupKeyCheck | None:
        """The group key under the cursor, else the first."""
        if self.groups is None:
            return None
        keys = self.groups.keys
        at = self.parts.key
        named = () if at is None else at[1:]
        return next((one for one in keys if one.key in named[:2]), keys[0] if keys else None)

    def draw(self) -> None:
        """Draw everything for the present size."""
        groups = self.groups
        empty = groups is not None and not groups.keys and not groups.covered.behind
        self.set_class(empty and not self.lost, "-empty")
        self.keep_keys(self.parts)
        self.draw_lines()
        if groups is None:
            return
        if empty:
            lines = (f"No message that matches {self.searched} has a group key.",)
            lines = lines if self.searched else teaches(groups)
            self.teaches.update(worded(self, Content("\n".join(lines))))
            return
        width, wide = self.parts.scrollable_content_region.width - 2, self.has_class("-wide")
        lines = self._all(groups, width, events=not wide) if groups.keys else list[Line]()
        show_lines(self.parts, lines)
        self._lines = {("", *line.key): line for line in lines}
        self._title(self.parts_panel, f"Group keys ─ {len(groups.keys):,}{so_far(groups.covered)}")
        self._draw_events()
        self.begin_at(self.parts, self.events)
        self.read_messages(messages_of(groups.keys))

    def _all(self, groups: Groups, width: int, *, events: bool) -> list[Line]:
        marks = marks_of(self)
        return all_lines(groups, max(width, LEAST), marks, self.found, clock.now(), events=events)

    def _draw_events(self) -> None:
        check = self.check
        if check is None:
            return
        lines = event_lines(
            check, max(self.events.scrollable_content_region.width - 2, LEAST), marks_of(self)
        )
        show_lines(self.events, lines)
        for line in lines:
            self._lines[("", *line.key)] = line
        if check.key != self._key:
            self._key = check.key
            self.events.action_first()
        self._title(self.events_panel, events_title(check, marks_of(self)))

    def _title(self, panel: Vertical, words: str) -> None:
        panel.border_title = worded(self, Content(shorten(clean(words), 60)))  # pyright: ignore[reportAttributeAccessIssue]

    def facts(self) -> Content:
        groups = self.groups
        if groups is None:
            return Content.styled("reading the messages …", "$dim")
        words, reading = counted(groups.group_calls, "group call"), self.reading()
        if reading:
            return Content.assemble((f"{reading}  ", "$mark-waiting"), (words, "$foreground"))
        if self.searched:
            words += f" · events of {coverage_words(groups.covered)}{self.within()}"
        else:
            words += f" in {coverage_words(groups.covered)}"
        if not groups.keys:
            return Content(words)
        good = sum(check.good for check in groups.keys)
        marks, total = marks_of(self), len(groups.keys)
        stands = (
            Content.styled(f"  all parts of {counted(total, 'key')} agree", "$mark-ok")
            if good == total
            else Content.styled(
                f"  {marks.warning} {total - good:,} of {counted(total, 'key')} to look at", "$mark-warning"
            )
        )
        return Content.assemble((words, "$foreground"), stands)

    @on(RankedList.Highlighted, "#keys-list")
    def _moved(self) -> None:
        self._draw_events()

    @on(RankedList.Chosen)
    def _chosen(self, event: RankedList.Chosen) -> None:
        line = self._lines.get(event.key)
        if line is not None:
            self.open_line(line, event.key)

    def copied(self) -> tuple[str, str]:
        groups = self.groups
        if groups is None or not groups.keys:
            return "Group Analytics", ""
        return "Group Analytics", as_text(self._all(groups, COPIED_WIDTH, events=True))


def with_events_in_place(groups: Groups, before: Groups) -> Groups:
    """Return events in the order that they had, new ones behind; one that came to lack the key goes up."""
    shown: dict[str, list[Key]] = {
        check.key: [("", event.event) for event in check.events] for check in before.keys
    }
    keys: list[GroupKeyCheck] = []
    for check in groups.keys:
        events: dict[Key, EventCoverage] = {("", event.event): event for event in check.events}
        order = kept_order(shown.get(check.key, []), [(key, not one.lacking) for key, one in events.items()])
        keys.append(msgspec.structs.replace(check, events=tuple(events[key] for key in order)))
    return msgspec.structs.replace(groups, keys=tuple(keys))
