"""The part of a user's timeline that the screen holds."""

from __future__ import annotations

import pytest
from fake_viewer import summary

from segtap.core.delivery import DeliveryState
from segtap.core.messages import message_number
from segtap.core.stories.model import Moment, UserStory
from segtap.tui.model import timeline as subject
from segtap.tui.model.timeline import Timeline


def story(*numbers: int, **more: object) -> UserStory:
    held = tuple(Moment(line=summary(number)) for number in numbers)
    return UserStory(id="u", moments=held, **{"reached": message_number(99, 0), **more})  # type: ignore[arg-type]


def numbers(timeline: Timeline) -> list[int]:
    return [one.line.id >> 20 for one in timeline.moments]


def test_it_grows_at_both_ends() -> None:
    timeline = Timeline()
    timeline.begin(story(5, 6, more=True), before=message_number(7, 0))
    assert (timeline.older, timeline.newer) == (True, True)
    assert timeline.after == message_number(7, 0) - 1
    assert timeline.before == message_number(5, 0)
    timeline.add_older(story(1, 3))
    timeline.add_newer(story(8, more=True, reached=message_number(8, 0)))
    assert numbers(timeline) == [1, 3, 5, 6, 8]
    assert (timeline.older, timeline.newer, timeline.after) == (False, True, message_number(8, 0))


def test_the_newest_are_followed_from_where_the_search_ended() -> None:
    timeline = Timeline()
    timeline.begin(story(5))
    assert (timeline.newer, timeline.after) == (False, message_number(99, 0))


def test_a_search_without_a_message_goes_on_where_it_was() -> None:
    timeline = Timeline()
    timeline.begin(story(more=True, searched_to=message_number(50, 0), searched=40))
    assert (timeline.before, timeline.searched, timeline.older) == (message_number(50, 0), 40, True)
    timeline.add_older(story(7))
    assert (numbers(timeline), timeline.searched, timeline.older) == ([7], 0, False)


def test_it_stays_bounded_at_either_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MOST", 4)
    timeline = Timeline()
    timeline.begin(story(7, 8, 9, more=True))
    timeline.add_older(story(4, 5, 6, more=True))
    assert numbers(timeline) == [4, 5, 6, 7]
    assert (timeline.newer, timeline.after) == (True, message_number(7, 0))
    timeline.add_newer(story(8, 9))
    assert numbers(timeline) == [6, 7, 8, 9]
    assert (timeline.older, timeline.newer, timeline.before) == (True, False, message_number(6, 0))
    timeline.begin_oldest(story(1, 2, more=True, reached=message_number(2, 0)))
    assert numbers(timeline) == [1, 2]
    assert (timeline.older, timeline.newer, timeline.after) == (False, True, message_number(2, 0))


def test_deliveries_that_may_change_are_known_and_replaced() -> None:
    timeline = Timeline()
    states = {1: DeliveryState.WAITING, 2: DeliveryState.SENT, 3: DeliveryState.UNCERTAIN}
    lines = {number: summary(number, delivery=state) for number, state in states.items()}
    timeline.begin(UserStory(id="u", moments=tuple(Moment(line=line) for line in lines.values())))
    assert timeline.moving(10) == [lines[1].id, lines[3].id]
    assert timeline.moving(1) == [lines[3].id]
    assert not timeline.put([lines[1], summary(50)])
    assert timeline.put([summary(1, delivery=DeliveryState.SENT)])
    assert timeline.moving(10) == [lines[3].id]
