"""The columns of the message list: which are shown, in which order, and how wide each is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from rich.cells import cell_len

from ...core.api.models import Summary

Name = Literal["time", "event", "user", "source", "mode", "id", "warn", "sent"]
Clock = Literal["local", "utc", "since"]

TIME_MS = 12
TIME_S = 8
MODE = 6
WARN, WARN_SHORT, WARN_LEAST = 6, 4, 2
SENT = 5
CALL = 2
"""The call's letter and a blank, in front of the event."""
LEAST = 3
"""The narrowest that a column can be made by hand."""
MOST = 60
STEP = 4
"""Widths grow by so many cells, so that a longer text seldom moves the columns."""
SMALL_EVENT = 12
UUID = 36
SMALL_SOURCE = 6
NAMED_SOURCE = 12
"""Cells that a source may always want; a longer name gets at most a quarter of the room. The caption has it
whole."""

ALL: tuple[Name, ...] = ("time", "event", "user", "source", "mode", "id", "warn", "sent")
DEFAULT: tuple[Name, ...] = ("time", "event", "user", "source", "mode", "warn", "sent")
FLEXIBLE: tuple[Name, ...] = ("event", "user", "source", "id")
"""The columns that share the room by what they hold."""
CROWDED: tuple[Name, ...] = ("id", "source", "user")
"""Those that give way to the event, and in which order."""
RIGHT: frozenset[Name] = frozenset(("warn", "sent"))
"""The columns whose texts end at the right."""
FROM: dict[Name, int] = {"mode": 96, "id": 84, "source": 66, "user": 46, "time": 36}
"""The cells of a line from which a column is shown; the others always are."""
CLOCKS: tuple[Clock, ...] = ("local", "utc", "since")
TIME_HEADS: dict[Clock, str] = {"local": "time", "utc": "time UTC", "since": "since last"}


@dataclass(frozen=True)
class Look:
    """What the reader chose: columns in their order, widths set by hand, and which time is shown."""

    names: tuple[Name, ...] = DEFAULT
    widths: tuple[tuple[Name, int], ...] = ()
    clock: Clock = "local"

    def with_width(self, name: Name, width: int) -> Look:
        """Return the look with a column of that width; 0 lets the content decide."""
        widths = {**dict(self.widths), name: max(LEAST, min(width, MOST)) if width else 0}
        return replace(self, widths=tuple((one, cells) for one, cells in widths.items() if cells))

    def toggled(self, name: Name) -> Look:
        """Return the look with a column shown or hidden. The event is always shown."""
        if name == "event":
            return self
        if name in self.names:
            return replace(self, names=tuple(one for one in self.names if one != name))
        ahead = [one for one in ALL[: ALL.index(name)] if one in self.names]
        at = self.names.index(ahead[-1]) + 1 if ahead else 0
        return replace(self, names=(*self.names[:at], name, *self.names[at:]))

    def moved(self, name: Name, by: int) -> Look:
        """Return the look with a column further to the right, or to the left if `by` is negative."""
        if name not in self.names:
            return self
        rest = [one for one in self.names if one != name]
        at = max(0, min(self.names.index(name) + by, len(rest)))
        return replace(self, names=(*rest[:at], name, *rest[at:]))


@dataclass(frozen=True)
class Needs:
    """The cells that the longest event, user, source and id of the list take, rounded up."""

    event: int = 0
    user: int = 0
    source: int = 0
    id: int = 0

    def including(
        self, summaries: Iterable[Summary], source_of: Callable[[Summary], str] = lambda line: line.source
    ) -> Needs:
        """Return the needs of these messages, too. They only grow. `source_of` names a message's source."""
        event, user, source, id = self.event, self.user, self.source, self.id
        for line in summaries:
            event = max(event, _cells(line.name))
            user = max(user, _cells(line.user))
            source = max(source, _cells(source_of(line)))
            id = max(id, _cells(line.message_id))
        return Needs(*map(_rounded, (event, user, source, id)))


def _cells(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text[:MOST])


def _rounded(cells: int) -> int:
    return min(-(-cells // STEP) * STEP, MOST)


@dataclass(frozen=True)
class Columns:
    """A line of `total` cells: its columns in their order, each with its width.

    The cursor's mark stands in front, and a blank between two columns.
    """

    total: int
    parts: tuple[tuple[Name, int], ...]

    def width(self, name: Name) -> int:
        """Return the width of a column, 0 if it is left out."""
        return dict(self.parts).get(name, 0)


@lru_cache(maxsize=64)
def columns(total: int, look: Look = Look(), needs: Needs = Needs()) -> Columns:
    """Return the columns of a line of that many cells.

    Times are shown whole, and then ids, as long as the event keeps a part of the room. As the line gets
    shorter, the mode goes first, then the source, the user, the milliseconds and the time.
    """
    by_hand = dict(look.widths)
    names: list[Name] = [name for name in look.names if total >= FROM.get(name, 0)]
    if total < 8:
        names = ["event", "sent"] if total >= 5 and "sent" in names else ["event"]
    fixed: dict[Name, int] = {
        "time": TIME_MS if total >= 56 else TIME_S,
        "mode": MODE,
        "warn": WARN if total >= 56 else WARN_SHORT if total >= 26 else WARN_LEAST,
        "sent": SENT if total >= 36 else 1,
    }
    fixed |= {name: by_hand[name] for name in names if name in by_hand and name != "event"}
    while True:
        widths: dict[Name, int] = {name: fixed[name] for name in names if name in fixed}
        room = total - 1 - sum(widths.values()) - (len(names) - 1)
        shared: list[Name] = [name for name in FLEXIBLE if name in names and name not in widths]
        widths |= _shared(room, shared, needs, by_hand.get("event", 0))
        crowded: Name | None = next((name for name in CROWDED if widths.get(name, LEAST) < LEAST), None)
        if crowded is None:
            return Columns(total, tuple((name, widths[name]) for name in names))
        names.remove(crowded)


def _shared(room: int, names: list[Name], needs: Needs, event_by_hand: int) -> dict[Name, int]:
    """Share the room between the columns by what they hold; what is left over goes to event and user."""
    wanted: dict[Name, int] = {
        "event": max(event_by_hand or needs.event + CALL, SMALL_EVENT),
        "user": max(needs.user, 4),
        "source": max(min(needs.source, max(room // 4, NAMED_SOURCE)), SMALL_SOURCE),
        "id": max(needs.id, 4),
    }
    widths: dict[Name, int] = {name: wanted[name] for name in names}
    over = sum(widths.values()) - room
    if over > 0 and "source" in widths:
        over -= _taken(widths, "source", over, SMALL_SOURCE)
    if over > 0:
        # The event keeps two fifths of the room, so that a long id does not hide it.
        over -= _taken(widths, "event", over, max(SMALL_EVENT, room * 2 // 5))
    if over > 0:
        # An id is cut in any case: then the event is not.
        more = min(wanted["event"], max(room * 3 // 5, SMALL_EVENT)) - widths["event"]
        widths["event"] += more
        over += more
    for name in CROWDED:
        if over > 0 and name in widths:
            over -= _taken(widths, name, over, 0)
    if over < 0 and "user" in widths:
        # A UUID may come: then the columns need not move for it.
        widths["user"] += max(min(UUID - widths["user"], -over // 2), 0)
    others = sum(width for name, width in widths.items() if name != "event")
    widths["event"] = max(room - others, 1)
    return widths


def _taken(widths: dict[Name, int], name: Name, over: int, least: int) -> int:
    """Make a column narrower by as much as is over, but not below `least`; return by how much."""
    by = max(min(over, widths[name] - least), 0)
    widths[name] -= by
    return by
