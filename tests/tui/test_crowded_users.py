"""Users of thousands of ids, and devices of thousands of users: what the screen of users makes of them."""

from __future__ import annotations

from segtap.core.identities.model import Cluster, LeftOut, Link, Member, Users
from segtap.tui.render.detail import as_text
from segtap.tui.render.glyphs import UNICODE
from segtap.tui.render.user import NOTES_SHOWN, cluster_lines, user_spans
from segtap.tui.screens.users import _with


def crowded() -> Cluster:
    """As an engine tells of it: in short."""
    members = (Member("u-1", "user", 5_000, True), *(Member(f"d-{at}", "anonymous") for at in range(99)))
    return Cluster(
        mode="simplified",
        distinct_id="u-1",
        members=members,
        links=tuple((Link("event", "u-1", f"d-{at}"), at + 1) for at in range(50)),
        notes=tuple(f"note {at}" for at in range(50)),
        left_out=LeftOut(ids=4_901, events=7, profiles=3, links=4_950, notes=2_000),
    )


def test_what_is_left_out_is_counted() -> None:
    text = as_text(cluster_lines(crowded(), 68, UNICODE, {}, 0))
    assert "5,007 events, 5,001 ids, 4 profiles" in text
    assert "and 4,901 more ids" in text
    assert "and 4,950 more" in text.split("Joined by")[1]


def test_notes_without_end_leave_the_ids_in_sight() -> None:
    lines = cluster_lines(crowded(), 68, UNICODE, {}, 0)
    text = as_text(lines)
    assert f"note {NOTES_SHOWN - 1}" in text
    assert f"note {NOTES_SHOWN}" not in text
    assert f"and {2_050 - NOTES_SHOWN:,} more" in text
    assert [line.key for line in lines].index(("ids",)) < 30


def test_a_row_of_thousands_has_its_columns_where_the_others_have_them() -> None:
    few = Cluster(mode="simplified", distinct_id="u-2", members=(Member("u-2", "user", 1),))
    rows = ["".join(text for text, _ in user_spans(one, 44, UNICODE)) for one in (crowded(), few)]
    assert len(rows[0]) == len(rows[1])
    assert "5001" in rows[0]
    assert "1k+" in rows[0]


def test_the_user_that_was_asked_for_is_there_once() -> None:
    others = tuple(
        Cluster(mode="simplified", distinct_id=f"u-{at}", members=(Member(f"u-{at}", "user"),))
        for at in range(3)
    )
    users = Users(mode="simplified", clusters=others, total=9)
    assert _with(users, crowded()).clusters == (others[0], crowded(), others[2])
    assert _with(Users(mode="simplified"), crowded()).clusters == (crowded(),)
