"""Users: what Mixpanel's identity cluster of each becomes, by the mode of the project.

It is over 350 lines because list, user and filter are redrawn together as messages come.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import msgspec
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Input

from ...core import id_in
from ...core.api.models import Coverage, MessageDetail
from ...core.identities.model import DEVICE, Cluster, Users
from ...core.snippets import demo_line
from ...core.text import clean, counted, shorten
from ..pane_keys import bindings
from ..render import clock
from ..render.detail import LEAST, READING, Line, Span, as_text, coverage_words, so_far
from ..render.glyphs import Glyphs
from ..render.plain import app_of, marks_of, worded
from ..render.user import LINKS_SHOWN, MODES, cluster_lines, user_head, user_spans
from ..widgets.in_order import LineBox
from ..widgets.ranked_list import Key, RankedList, Row, kept_order
from ..widgets.text_block import TextBlock
from .live_screen import Following, Source, show_lines

NARROW = 100
"""Columns from which the list and a user stand side by side."""
COPIED_WIDTH = 100
LIMIT = 200
ID_SHOWN = 50
TEACHES = (
    "There are no users yet.",
    "",
    "As messages come, this screen shows for each user what Mixpanel makes of it: which of its ids, known "
    "and anonymous, become one user, which call joined them, and what was not joined and why.",
    "",
    'Mixpanel joins ids in two ways, and a project has one of them: identity = "original" or "simplified" in '
    "segtap.toml says which. Project Settings › Identity Merge in Mixpanel tells it.",
    "",
    "Point an SDK at this endpoint, or let the demo send some traffic:",
)


def _lines_about(screen: UsersScreen, cluster: Cluster, width: int) -> list[Line]:
    return cluster_lines(cluster, max(width, LEAST), marks_of(screen), screen.found, clock.now())


class UsersScreen(Following):
    """A list of users, and all about the one that the cursor is on."""

    NAME = "Users"
    AUTO_FOCUS = "#users"
    KEYS = (
        ("rows.open", "story"),
        ("users.filter", "filter"),
        ("users.order", "newest on top"),
        ("users.next", "list, user"),
        ("users.copy", "copy"),
        ("users.back", "back"),
    )
    DEFAULT_CSS = """
    UsersScreen {
        & #list-panel { width: 2fr; height: 1fr; }
        & #user-panel { width: 3fr; height: 1fr; }
        & #user { padding: 0 1; }
        & Input {
            height: 1; border: none; padding: 0 1; background: $surface;
            &:focus { border: none; }
        }
        &.-narrow #list-panel, &.-narrow #user-panel { width: 1fr; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("users-filter"), *bindings("users")]

    def __init__(self, source: Source, message: MessageDetail | None = None, at: Key = ()) -> None:
        """Prepare the screen; opened on a message, it begins with that message's user."""
        super().__init__(source, at)
        self.message = message
        self.list_panel = Vertical(classes="panel", id="list-panel")
        self.user_panel = Vertical(classes="panel", id="user-panel")
        self.list_head = TextBlock(classes="head")
        self.list = RankedList(id="users")
        self.list.nothing = READING
        self.user = RankedList(id="user")
        self.box = LineBox(placeholder="part of an id …", compact=True, select_on_focus=False)
        self.users: Users | None = None
        self.text = ""
        self._reorder = False
        """The filter is another one: the order is that of the answer."""
        self.opened = False
        """Whether the user is looked at: on a narrow terminal there is room for one thing."""
        self._clusters: dict[str, Cluster] = {}
        self._lines: dict[tuple[str, ...], Line] = {}
        self._wanted = "" if message is None else id_in(message.verdict.translation)
        """The id that the screen was opened on: its user stays in the list."""
        self._begun = False
        self._shown = ""

    def compose(self) -> ComposeResult:
        yield self.banner
        with Container(id="parts"):
            with self.list_panel:
                yield self.box
                yield self.list_head
                yield self.list
            with self.user_panel:
                yield self.user
        yield self.teaches
        yield self.keys_line

    def on_mount(self) -> None:
        self.set_class(app_of(self).size.width < NARROW, "-narrow")
        self.box.display = False
        self._arrange()
        lines = (*TEACHES, f"  {demo_line(self.source.viewer.url)}")
        self.teaches.put(Content("\n".join(lines)))

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new size."""
        self.set_class(event.size.width < NARROW, "-narrow")
        self._arrange()
        self.call_after_refresh(self.draw)

    def _arrange(self) -> None:
        """Show both side by side, or one of them, at once: what is shown may get the keys right away."""
        narrow = self.has_class("-narrow")
        self.list_panel.display = not (narrow and self.opened)
        self.user_panel.display = not narrow or self.opened

    # Keeping fresh

    @property
    def covered(self) -> Coverage | None:
        return None if self.users is None else self.users.covered

    async def ask(self) -> None:
        users = await self.source.viewer.users(self.text, LIMIT, self.source.search)
        alone = self._wanted and not self.text and not self.source.search
        if alone and not any(_has(one, self._wanted) for one in users.clusters):
            wanted = await self.source.viewer.user(self._wanted)
            if wanted is not None:
                users = _with(users, wanted)
        if users != self.users or self._reorder:
            self.show(users, reorder=self._reorder)
            self._reorder = False

    def show(self, users: Users, *, reorder: bool = False) -> None:
        """Show these users: those that are shown stay where they are, whatever id becomes theirs."""
        self.heard_of(users.covered)
        before = [row.key[1] for row in self.list.rows]
        rows: dict[str, Cluster] = {}
        for one in users.clusters:
            ids = {member.id for member in one.members}
            row = one.distinct_id if reorder else next((id for id in before if id in ids), one.distinct_id)
            rows.setdefault(row, one)
        order = list(rows)
        if not reorder:
            order = [
                key[1] for key in kept_order([("", id) for id in before], [(("", id), 0) for id in rows])
            ]
        self.users, self._clusters = users, rows
        marks = marks_of(self)
        nothing = "No user has been seen."
        if self.text:
            nothing = f"No id holds “{shorten(clean(self.text), 30)}”."
        elif self.searched:
            nothing = f"No user has a message that matches {self.searched}."
        self.list.nothing = READING if users.covered.behind else nothing
        self.list.show([Row(("", id), partial(_row, rows[id], marks)) for id in order])
        if not self._begun:
            self._begun = True
            self._begin(order)
        self.draw()

    def _begin(self, order: list[str]) -> None:
        """Select the row that the screen begins on, else the user of the message that it was opened on."""
        if self.at:
            about, *line = self.at
            self.list.select(("", about or line[0]))
            self._draw_user()
            if about and self.has_class("-narrow"):
                self._open()
            self.begin_at(self.list, self.user)
            return
        wanted = next((id for id in order if _has(self._clusters[id], self._wanted)), None)
        if wanted is not None:
            self.list.select(("", wanted))

    # Drawing

    @property
    def cluster(self) -> Cluster | None:
        """The user under the cursor."""
        key = self.list.key
        return None if key is None else self._clusters.get(key[1])

    def draw(self) -> None:
        """Draw everything for the present size."""
        users = self.users
        seen = users is not None and (users.total or self.text or self.searched or users.covered.behind)
        self.set_class(users is not None and not seen and not self.lost, "-empty")
        self.keep_keys(self.user if self.has_class("-narrow") and self.opened else self.list)
        self.draw_lines()
        width = self.list.scrollable_content_region.width - 1
        self.list_head.put(Content(user_head(width)))
        if users is not None:
            held = len(users.clusters)
            count = f"{held:,} of {users.total:,}" if users.total > held else f"{held:,}"
            count += so_far(users.covered)
            self._title(self.list_panel, f"Users ─ {count}" + (f" ─ {clean(self.text)}" if self.text else ""))
        self._draw_user()

    def _draw_user(self) -> None:
        cluster = self.cluster
        width = self.user.scrollable_content_region.width - 3
        lines = [] if cluster is None else _lines_about(self, cluster, width)
        about = self.list.key[1] if self.list.key is not None else ""
        self._lines = {(about, *line.key): line for line in lines}
        show_lines(self.user, lines, about)
        if about != self._shown:
            self._shown = about
            self.user.action_first()
        yet = "" if self.users is None else so_far(self.users.covered)
        title = "User" if cluster is None else f"User ─ {shorten(clean(cluster.distinct_id), ID_SHOWN)}{yet}"
        self._title(self.user_panel, title)
        if cluster is not None:
            self.read_messages((cluster.last, *(message for _, message in cluster.links[:LINKS_SHOWN])))

    def _title(self, panel: Vertical, words: str) -> None:
        panel.border_title = worded(self, Content(shorten(words, 60)))  # pyright: ignore[reportAttributeAccessIssue]

    def facts(self) -> Content:
        users = self.users
        if users is None:
            return Content.styled("reading the messages …", "$dim")
        name, _ = MODES[users.mode]
        apart = sum(bool(one.notes) for one in users.clusters)
        warning = (
            Content.styled(f"  {marks_of(self).warning} {apart:,} with ids not joined", "$mark-warning")
            if apart
            else Content("")
        )
        found, reading = counted(users.total, "user"), self.reading()
        if reading:
            return Content.assemble(
                (f"{reading}  ", "$mark-waiting"), (f"{found} · {name}", "$foreground"), warning
            )
        words = f"{found} in {coverage_words(users.covered)}{self.within()} · {name}"
        return Content.assemble((words, "$foreground"), warning)

    # The list, the user and the filter

    @on(RankedList.Highlighted, "#users")
    def _moved(self) -> None:
        self._draw_user()

    @on(RankedList.Chosen, "#users")
    def action_story(self) -> None:
        """Tell the story of the user under the cursor."""
        from .user_story import UserStoryScreen

        if self.cluster is not None:
            self.open_over(UserStoryScreen(self.source, self.cluster.distinct_id))

    def action_to_user(self) -> None:
        """Go from the list to what stands beside it; on a narrow terminal, show that in its place."""
        if self.has_class("-narrow") and not self.opened and self.cluster is not None:
            self._open()
        else:
            self.focus_next()

    def _open(self) -> None:
        """Go to the user under the cursor."""
        self.opened = True
        self._arrange()
        self.set_focus(self.user)
        self.call_after_refresh(self.draw)

    @on(RankedList.Chosen, "#user")
    def _chosen(self, event: RankedList.Chosen) -> None:
        line = self._lines.get(event.key)
        if line is not None:
            self.open_line(line, event.key)

    def action_filter(self) -> None:
        """Type part of an id."""
        self.opened = False
        self._arrange()
        self.box.display = True
        self.set_focus(self.box)
        self.call_after_refresh(self.draw)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let a slash typed into the filter be text; Enter and Esc belong to the filter only there."""
        typing = self.focused is self.box
        return typing if action in ("keep", "drop") else not (typing and action == "filter")

    def action_keep(self) -> None:
        """Go back to the list at once; the filter stays."""
        self.set_focus(self.list)

    def action_drop(self) -> None:
        """Go back to the list at once, without the filter."""
        self.set_focus(self.list)
        self.box.display = False
        self.box.value = ""

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        text = event.value.strip()
        if text != self.text:
            self.text, self._reorder = text, True
            self.look(again=True)

    def action_order(self) -> None:
        """Sort by last seen; the cursor stays on its user."""
        if self.users is not None:
            self.show(self.users, reorder=True)

    def action_leave(self) -> None:
        """Go back to the list of users, without its filter, and from there to the messages."""
        if self.has_class("-narrow") and self.opened:
            self.opened = False
            self._arrange()
            self.set_focus(self.list)
            self.call_after_refresh(self.draw)  # the heads are as wide as the list, which was out of sight
        elif self.box.display:
            self.action_drop()
        else:
            super().action_leave()

    def copied(self) -> tuple[str, str]:
        cluster = self.cluster
        return "the user", "" if cluster is None else as_text(_lines_about(self, cluster, COPIED_WIDTH))


def _with(users: Users, wanted: Cluster) -> Users:
    """Return the users with this one in front, or where it is already: in short it may be there without its
    id.
    """
    clusters = tuple(wanted if one.distinct_id == wanted.distinct_id else one for one in users.clusters)
    there = any(one is wanted for one in clusters)
    return msgspec.structs.replace(users, clusters=clusters if there else (wanted, *clusters))


def _has(cluster: Cluster, id: str) -> bool:
    """Return True if the user has that id; a device's may lack `$device:`."""
    return bool(id) and any(member.id in (id, DEVICE + id) for member in cluster.members)


def _row(cluster: Cluster, marks: Glyphs, width: int) -> list[Span]:
    return user_spans(cluster, width, marks)
