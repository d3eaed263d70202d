"""The window of summaries that the list holds."""

from __future__ import annotations

from fake_viewer import story, summary

from segtap.core.api.models import Change
from segtap.core.delivery import DeliveryState
from segtap.core.messages import message_number
from segtap.tui.model.window import Window


def test_appends_only_what_is_newer() -> None:
    window = Window()
    assert window.append(story(5)) == 5
    assert window.append(story(8)) == 3
    assert [row.id >> 20 for row in window.rows] == list(range(1, 9))


def test_prepends_only_what_is_older() -> None:
    window = Window()
    window.reset(story(4, start=7), more_above=True)
    assert window.prepend(story(8), more=False) == 6
    assert [row.id >> 20 for row in window.rows] == list(range(1, 11))
    assert not window.more_above


def test_finds_by_id() -> None:
    window = Window()
    window.append([summary(number) for number in (2, 4, 6)])
    assert window.index(message_number(4, 0)) == 1
    assert window.index(message_number(5, 0)) is None
    assert window.nearest(message_number(5, 0)) == 2
    assert window.nearest(message_number(99, 0)) == 2


def test_a_change_of_what_is_not_held_is_left_alone() -> None:
    window = Window()
    window.append(story(3))
    changes = [
        Change(message_number(1, 0), DeliveryState.WAITING),
        Change(message_number(77, 0), DeliveryState.SENT),
    ]
    assert window.change(changes) == [0]
    assert window.rows[0].delivery is DeliveryState.WAITING
    assert window.change(changes) == []


def test_the_oldest_go_when_the_window_is_full() -> None:
    window = Window(limit=100)
    window.append(story(103))
    assert window.trim(keep_from=103) == 0, "within the slack"
    window.append(story(110))
    assert window.trim(keep_from=110) == 10
    assert (len(window), window.rows[0].id >> 20, window.more_above) == (100, 11, True)


def test_the_newest_go_when_the_oldest_are_being_read() -> None:
    window = Window(limit=100)
    window.append(story(110))
    assert window.trim(keep_from=3) == 0
    assert (len(window), window.rows[0].id >> 20, window.more_below) == (100, 1, True)
