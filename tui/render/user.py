"""The lines of the screen of users: one for each in the list, and all about one of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.api.models import Summary
from ...core.identities.model import SHORT_LINKS, SHORT_MEMBERS, Cluster, Link
from ...core.settings import IdentityMode
from ...core.text import counted
from ..model.narrowing import user_term
from .columns import fit
from .detail import Line, Span, message_line, rule, tick, worded, wrapped
from .glyphs import Glyphs

MODES: dict[IdentityMode, tuple[str, str]] = {
    "original": (
        "Original ID merge",
        "Mixpanel lists these events under one of the ids below, which it chooses itself; the user id stands "
        "for it here.",
    ),
    "simplified": (
        "Simplified ID merge",
        "Mixpanel lists events under the user id, or under $device: and the device's id while nobody is "
        "known on it.",
    ),
}
"""The name of each mode, and what it makes the distinct_id."""
ALONE: dict[IdentityMode, str] = {
    "original": "No $identify and no alias joins another id to it.",
    "simplified": "No event has both $device_id and $user_id of it.",
}
WAYS = {"identify": "$identify", "alias": "$create_alias", "event": "an event with both"}
LINKS_SHOWN = SHORT_LINKS
MEMBERS_SHOWN = SHORT_MEMBERS
NOTES_SHOWN = 12
"""More of them would hide the ids below; what they say is mostly the same."""
_COUNT, _IDS = 7, 4


def user_spans(cluster: Cluster, width: int, marks: Glyphs) -> list[Span]:
    """Draw one user of the list: its id, how many ids and events, and how much was not joined."""
    known, room = is_known(cluster), _id_room(width)
    apart = len(cluster.notes) + cluster.left_out.notes
    notes = f"{marks.warning}{apart if apart < 1000 else '1k+'}" if apart else ""
    return [
        (f"{marks.dot if known else marks.middot} ", "info" if known else "dim"),
        (fit(worded(cluster.distinct_id, marks), room, marks.ellipsis), "bold" if known else "text"),
        (f"{cluster.ids:>{_IDS}}", "dim"),
        (f"{cluster.events:>{_COUNT + 1},}", "text"),
        (f"{notes:>4}", "warning"),
        (" ", "text"),
    ]


def user_head(width: int) -> str:
    """Return the column heads of `user_spans`."""
    return f"  {'user':<{_id_room(width)}}{'ids':>{_IDS}}{'events':>{_COUNT + 1}}"


def _id_room(width: int) -> int:
    """Return cells for the id."""
    return max(width - 2 - _IDS - 1 - _COUNT - 1 - 4, 6)


def is_known(cluster: Cluster) -> bool:
    """Return True if one of the ids is a user's."""
    return any(member.kind == "user" for member in cluster.members)


def cluster_lines(
    cluster: Cluster, width: int, marks: Glyphs, found: Mapping[int, Summary | None], today: int
) -> list[Line]:
    """List everything about one user; `found` are the messages of its links that were read so far."""
    mode, distinct_id = MODES[cluster.mode]
    facts = ", ".join(
        (counted(cluster.events, "event"), counted(cluster.ids, "id"), counted(cluster.profiles, "profile"))
    )
    lines = [
        Line(
            ("id",),
            ((fit(worded(cluster.distinct_id, marks), width, marks.ellipsis).rstrip(), "bold"),),
            text=user_term((cluster.distinct_id, *(member.id for member in cluster.members))),
        ),
        *wrapped(("mode",), f"{mode}: {distinct_id}", "dim", width),
        Line(("facts",), ((facts, "text"),)),
    ]
    if cluster.last:
        lines.append(message_line(("last",), cluster.last, found, "newest  ", width, marks, today))
    if cluster.notes:
        lines += [Line(("", "notes"), ()), rule(("notes",), "Not joined", width, marks)]
        for number, note in enumerate(cluster.notes[:NOTES_SHOWN]):
            mark: Span = (f"{marks.warning} ", "warning")
            key = ("note", str(number))
            lines += wrapped(key, worded(note, marks), "warning", width, first=(mark,), indent=2)
        apart = len(cluster.notes) + cluster.left_out.notes
        if apart > NOTES_SHOWN:
            lines.append(Line(("note", ""), ((f"and {apart - NOTES_SHOWN:,} more", "dim"),)))
    lines += [Line(("", "ids"), ()), *_members(cluster, width, marks)]
    lines += [Line(("", "links"), ()), *_links(cluster, width, marks, found, today)]
    return lines


def _members(cluster: Cluster, width: int, marks: Glyphs) -> list[Line]:
    lines = [rule(("ids",), "Ids", width, marks, after="events profile")]
    kind_width = 11 if width >= 66 else 6 if width >= 44 else 0
    room = max(width - 2 - kind_width - _COUNT - 9, 8)
    for member in cluster.members[:MEMBERS_SHOWN]:
        known = member.kind == "user"
        profile = tick(marks) if member.profile else marks.none
        word = member.kind if known or kind_width > 6 else "anon"
        kind = f" {word:<{kind_width - 1}}" if kind_width else ""
        spans: tuple[Span, ...] = (
            (f"{marks.dot if known else marks.middot} ", "info" if known else "dim"),
            (fit(worded(member.id, marks), room, marks.ellipsis), "text"),
            (kind, "dim"),
            (f"{member.events:>{_COUNT},}", "text"),
            (f"{profile:>5}    ", "ok" if member.profile else "dim"),
        )
        lines.append(Line(("member", member.id), spans, text=user_term([member.id])))
    if cluster.ids > MEMBERS_SHOWN:
        more = f"and {counted(cluster.ids - MEMBERS_SHOWN, 'more id')}"
        lines.append(Line(("member", ""), ((more, "dim"),)))
    return lines


def _links(
    cluster: Cluster, width: int, marks: Glyphs, found: Mapping[int, Summary | None], today: int
) -> list[Line]:
    lines = [rule(("links",), "Joined by", width, marks)]
    if not cluster.links:
        return [*lines, *wrapped(("alone",), ALONE[cluster.mode], "dim", width)]
    for number, (link, message) in enumerate(cluster.links[:LINKS_SHOWN]):
        key = ("link", str(number))
        words, room = _joined(link, marks), max(width, 12)
        lines.append(Line((*key, "ids"), ((fit(words, room, marks.ellipsis).rstrip(), "text"),), (message,)))
        before = f"  {WAYS[link.kind]}  "
        lines.append(message_line((*key, "message"), message, found, before, width, marks, today))
    joined = len(cluster.links) + cluster.left_out.links
    if joined > LINKS_SHOWN:
        more = f"and {joined - LINKS_SHOWN:,} more"
        lines.append(Line(("link", ""), ((more, "dim"),)))
    return lines


def _joined(link: Link, marks: Glyphs) -> str:
    return f"{worded(link.anonymous, marks)} {marks.arrow} {worded(link.user, marks)}"
