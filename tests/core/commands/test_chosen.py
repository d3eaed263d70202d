"""Many messages chosen by filters and one by one: which they are, and how many."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest
from fake_viewer import FakeViewer, matching, story, summary

from segtap.core.chosen import Chosen, Single, Step
from segtap.core.commands import chosen
from segtap.core.commands.chosen import count, walk
from segtap.core.messages import message_number


async def numbers(viewer: FakeViewer, which: Chosen, only: str = "") -> list[int]:
    return [line.id >> 20 async for lines in walk(viewer, which, only) for line in lines]


async def test_messages_chosen_one_by_one_are_not_searched_for() -> None:
    viewer = FakeViewer(story(12))
    lines = viewer.lines
    which = Chosen.of([lines[4], lines[1], lines[5]])
    assert await numbers(viewer, which) == [2, 5], "a refused request holds no message"
    assert await count(viewer, which) == 2
    assert viewer.calls == []


async def test_all_messages_up_to_one() -> None:
    viewer = FakeViewer(story(36))
    upto = message_number(20, 0)
    which = Chosen(
        (Step("mark", "", upto),),
        {message_number(3, 0): Single(False, 1, 0), message_number(31, 0): Single(True, 1, 0)},
    )
    wanted = [n for n in range(1, 21) if n not in (3, 6, 18)] + [31]
    assert await numbers(viewer, which) == wanted
    viewer.calls.clear()
    assert await count(viewer, which) == len(wanted)
    assert ("overview",) in viewer.calls
    assert await numbers(viewer, which, only="type:track") == [
        line.id >> 20 for line in matching(viewer.lines, "type:track") if line.id >> 20 in wanted
    ]


async def test_counting_can_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chosen, "PAGE", 10)
    viewer = FakeViewer([summary(number) for number in range(1, 101)])
    which = Chosen((Step("mark", "type:track", message_number(100, 0)),))
    seen: list[int] = []

    def so_far(number: int) -> bool:
        seen.append(number)
        return number < 30

    assert await count(viewer, which, so_far=so_far) == 30
    assert seen == [10, 20, 30]


FILTERS = ("", "type:track", "warn:warning", "type:page,group", "event:nothing")


@pytest.mark.parametrize("seed", range(30))
async def test_walking_finds_what_each_step_says(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a plain evaluation, message by message."""
    monkeypatch.setattr(chosen, "PAGE", 7)
    chance = random.Random(seed)
    viewer = FakeViewer(story(60))
    by_filter = {filter: {line.id for line in matching(viewer.lines, filter)} for filter in FILTERS}
    ids = [line.id for line in viewer.lines]
    steps: list[Step] = []
    single: dict[int, Single] = {}
    marked: dict[int, bool] = dict.fromkeys(ids, False)
    for _ in range(chance.randrange(1, 7)):
        for id in chance.sample([line.id for line in viewer.lines if not line.refused], 5):
            marked[id] = not marked[id]
            single[id] = Single(marked[id], len(steps), 0)
        step = Step(chance.choice(("mark", "invert")), chance.choice(FILTERS), chance.choice(ids))
        for id in by_filter[step.filter]:
            if id <= step.upto:
                marked[id] = True if step.kind == "mark" else not marked[id]
        steps.append(step)
    wanted = [line.id >> 20 for line in viewer.lines if marked[line.id] and not line.refused]
    which = Chosen(tuple(steps), single)
    assert await numbers(viewer, which) == wanted
    assert await count(viewer, which) == len(wanted)
    matches: Mapping[str, set[int]] = by_filter
    for line in viewer.lines:
        assert which.holds(line.id, lambda filter, id: id in matches[filter]) == marked[line.id]
