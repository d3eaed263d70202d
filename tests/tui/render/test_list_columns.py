"""Columns of the message list: which there is room for, how wide each is, and what a line shows in them."""

from __future__ import annotations

import pytest
from fake_viewer import story, summary
from rich.style import Style

from segtap.core.delivery import DeliveryState
from segtap.core.messages import Marks
from segtap.tui.render.glyphs import ASCII, UNICODE, Glyphs
from segtap.tui.render.list_columns import ALL, Look, Needs, columns
from segtap.tui.render.message import LinePainter, clock_time, head_line, time_since

UUID = 36


def test_columns_give_way_one_after_the_other() -> None:
    def names(total: int) -> set[str]:
        return {name for name, _ in columns(total).parts}

    assert names(100) == {"time", "event", "user", "source", "mode", "warn", "sent"}
    assert names(95) == names(100) - {"mode"}
    assert names(65) == names(95) - {"source"}
    assert names(45) == names(65) - {"user"}
    assert names(35) == names(45) - {"time"}
    assert columns(50).width("time") == 8 < columns(60).width("time")


@pytest.mark.parametrize("needs", [Needs(), Needs(40, UUID, 16, UUID), Needs(8, 60, 4, 8)])
def test_a_line_is_filled_exactly(needs: Needs) -> None:
    for total in range(20, 300):
        parts = columns(total, Look(ALL), needs).parts
        assert 1 + sum(width for _, width in parts) + len(parts) - 1 == total


def test_columns_share_the_room_by_what_they_hold() -> None:
    short, long = columns(80, needs=Needs(16, 8, 4)), columns(80, needs=Needs(16, UUID, 4))
    assert short.width("user") == 17, "of what is left over it has a half"
    assert long.width("user") == 34, "an id takes what the event does not need"
    assert columns(120, needs=Needs(16, UUID, 4)).width("user") == UUID
    assert long.width("source") == 0 < short.width("source")


def test_needs_only_grow_and_in_steps() -> None:
    needs = Needs().including([summary(1, name="x" * 13, user="u" * 8)])
    assert (needs.event, needs.user) == (16, 8)
    assert needs.including([summary(2, name="x" * 15, user="u")]) == needs
    assert Needs().including([summary(1, name="注文" * 3)]).event == 12


def test_what_the_reader_chose() -> None:
    look = Look().toggled("mode").toggled("id").moved("user", -1)
    assert look.names == ("time", "user", "event", "source", "id", "warn", "sent")
    assert look.toggled("event") == look
    assert look.toggled("user").toggled("user").names[:3] == ("time", "event", "user")
    assert columns(120, look.with_width("user", 20)).width("user") == 20
    assert look.with_width("user", 20).with_width("user", 0) == look


@pytest.mark.parametrize("mark", [True, False])
def test_a_mark_moves_the_columns_and_cuts_none(mark: bool) -> None:
    at = columns(80, needs=Needs(16, 8, 4))
    painter = LinePainter(UNICODE, lambda _: Style())
    bare, marked = (
        painter.paint(summary(1, delivery=DeliveryState.SENT), at, 0, "10:41:02.870", shown).text
        for shown in (None, mark)
    )
    assert marked == bare[0] + ("◆ " if mark else "  ") + bare[1:]
    assert marked.endswith("200")


def line(shown: Glyphs = UNICODE, **changes: object) -> str:
    at = columns(80, needs=Needs(16, 8, 4))
    return LinePainter(shown, lambda _: Style()).paint(summary(1, **changes), at, 0, "10:41:02.870").text


@pytest.mark.parametrize(
    ("changes", "warn", "sent"),
    [
        ({"delivery": DeliveryState.SENT}, "", "200"),
        ({"delivery": DeliveryState.REFUSED, "status": 400, "errors": 1}, "✖1", "400"),
        ({"delivery": DeliveryState.REFUSED, "status": 200}, "", "✖200"),
        ({"delivery": DeliveryState.REFUSED}, "", "✖"),
        ({"errors": 2, "warnings": 1}, "✖2 ▲1", "–"),
        ({"errors": 12, "warnings": 34}, "✖12", "–"),
        ({"warnings": 123_456}, "▲9999+", "–"),
        ({"delivery": DeliveryState.WAITING}, "", "wait"),
        ({"delivery": DeliveryState.STUCK}, "", "stuck"),
        ({"delivery": DeliveryState.UNCERTAIN}, "", "?"),
        ({"errors": 1, "marks": int(Marks.REFUSED), "type": ""}, "✖1", ""),
    ],
)
def test_warn_and_sent(changes: dict[str, object], warn: str, sent: str) -> None:
    assert line(**changes)[-13:] == f" {warn:>6} {sent:>5}"


def test_the_marks_have_ascii_twins() -> None:
    text = line(ASCII, delivery=DeliveryState.REFUSED, errors=2, warnings=1)
    assert text.isascii()
    assert text.endswith(" x2 !1     x")


def test_heads_stand_over_their_columns() -> None:
    at = columns(80, needs=Needs(16, 8, 4))
    head, text = head_line(at, "time", UNICODE), line(user="user-77", source="web", errors=1)
    assert head.index("user") == text.index("user-77")
    assert head.index("source") == text.index("web")
    assert head.index("warn") + 4 == text.index("✖1") + 2
    assert head.endswith("sent")
    assert len(head) == len(text)


def test_times() -> None:
    ms = story(1)[0].received_at
    assert clock_time(ms, 12) == clock_time(ms, 12, "utc") == "10:41:02.870", "tests run in UTC"
    assert clock_time(ms, 8) == "10:41:02"
    assert clock_time(10**20, 8) == "?"
    waited = {310: "+0.310", 62_310: "+1:02.310", 3_600_000 * 3 + 300_000: "+3 h 05 min", -5: "-0.005"}
    for since, words in waited.items():
        assert time_since(since, 12) == words.rjust(12)
    assert time_since(86_400_000 * 2, 8) == "    +2 d"


def test_a_long_name_of_a_source_gets_at_most_a_quarter_of_the_room() -> None:
    def source(total: int, cells: int, by_hand: int = 0) -> int:
        return columns(total, Look().with_width("source", by_hand), Needs(24, 8, cells)).width("source")

    assert [source(total, 40) for total in (78, 118, 158)] == [12, 20, 30]
    assert [source(total, 12) for total in (78, 118, 158)] == [12, 12, 12]
    assert source(118, 40, by_hand=40) == 40
    event = columns(118, Look(), Needs(24, 8, 40)).width("event")
    assert event > 24, "the name of the event is whole"
