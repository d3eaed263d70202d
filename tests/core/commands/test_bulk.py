"""One thing done with many messages: in pieces, at a pace, until it is stopped; what fails is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from fake_viewer import FakeViewer, story

from segtap.core.chosen import Chosen
from segtap.core.commands import bulk
from segtap.core.commands.bulk import NOW, ORIGINAL, Pace, Progress, paced, read_pace
from segtap.core.commands.chosen import Line, walk
from segtap.core.delivery import NOT_AFTER, Delivery, DeliveryState, Outcome, Posted, Validated
from segtap.core.errors import EngineError, InputError, NotAccepted


async def given(*lines: Sequence[tuple[int, int]]) -> AsyncIterator[list[Line]]:
    for some in lines:
        yield [Line(*line) for line in some]


class Clock:
    """A clock that pauses move on."""

    def __init__(self, progress: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 50.0
        self.pauses: list[float] = []
        monkeypatch.setattr(progress, "pause", self.pause)

    def __call__(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.pauses.append(round(seconds, 3))
        self.now += seconds


async def test_messages_go_in_pieces() -> None:
    lines = [(id, 0) for id in range(1, 251)]
    pieces = [len(ids) async for ids in paced(given(lines[:120], [], lines[120:]), Progress(250))]
    assert pieces == [100, 100, 50]


@pytest.mark.parametrize(("pace", "pauses"), [(ORIGINAL, [0.5, 1.5]), (Pace(10), [0.05, 0.15]), (NOW, [])])
async def test_the_pace_keeps_the_time_between(
    pace: Pace, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = Progress(4)
    clock = Clock(progress, monkeypatch)
    lines = given([(1, 1_000), (2, 1_500), (3, 1_500)], [(4, 3_000)])
    pieces = [ids async for ids in paced(lines, progress, pace, clock=clock)]
    assert clock.pauses == pauses
    assert pieces == ([[1, 2, 3, 4]] if pace is NOW else [[1], [2, 3], [4]])


async def test_it_stops_in_between() -> None:
    viewer, progress = FakeViewer(story(12)), Progress(11)
    seen: list[list[int]] = []
    async for ids in paced(walk(viewer, Chosen.of(viewer.lines)), progress, size=4):
        seen.append(ids)
        progress.stop()
    assert [len(ids) for ids in seen] == [4]


async def test_a_pause_ends_when_it_is_stopped() -> None:
    progress = Progress(1)
    progress.stop()
    await progress.pause(3_600)


async def test_what_fails_is_counted_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    viewer, progress = FakeViewer(story(5)), Progress(5)
    answers = iter((2, InputError("None of these can be replayed."), 1))

    async def replay(ids: Sequence[int]) -> int:
        answer = next(answers)
        if isinstance(answer, InputError):
            raise answer
        return answer

    monkeypatch.setattr(viewer, "replay", replay)
    monkeypatch.setattr(bulk, "REPLAYED", 2)
    await bulk.replay(viewer, given([(1, 0), (2, 0)], [(3, 0), (4, 0)], [(5, 0)]), progress)
    assert (progress.done, progress.failed, progress.tried) == (3, 2, 5)
    assert progress.reasons == {bulk.NOT_REPLAYED: 2}


async def test_a_lost_engine_ends_it() -> None:
    viewer, progress = FakeViewer(story(5)), Progress(4)
    lines = walk(viewer, Chosen.of(viewer.lines))
    viewer.stop()
    with pytest.raises(EngineError):
        await bulk.replay(viewer, lines, progress)
    assert progress.done == 0


async def test_an_export_writes_a_line_each() -> None:
    viewer, progress = FakeViewer(story(12)), Progress(3)
    written: list[bytes] = []
    await bulk.export(
        viewer, given([(viewer.lines[0].id, 0), (viewer.lines[2].id, 0), (99, 0)]), progress, written.append
    )
    assert written == [b'{"messageId":"message-1"}\n', b'{"messageId":"message-3"}\n']
    assert (progress.done, progress.failed) == (2, 1)


@pytest.mark.parametrize(
    ("text", "factor"), [("now", 0), ("Original", 1), ("10x", 10), ("x2.5", 2.5), ("3", 3)]
)
def test_a_pace_is_read(text: str, factor: float) -> None:
    assert read_pace(text) == Pace(factor)


@pytest.mark.parametrize("text", ["", "0x", "fast", "-1x", "1e9", "99999x"])
def test_a_pace_that_cannot_be_read(text: str) -> None:
    with pytest.raises(InputError, match="is not a pace"):
        read_pace(text)


def result(id: int, outcome: Outcome | None, words: str = "", status: int = 200, **more: object) -> Validated:
    tried = () if outcome is None else (Delivery(id, 0, 0, "/import", outcome, status=status),)
    return Validated(
        id=id, outcome=outcome, words=words, delivery=DeliveryState.OFF, deliveries=tried, **more
    )


class Mixpanel(FakeViewer):
    """An engine whose Mixpanel answers with what the test says, order by order."""

    def __init__(self, *answers: dict[int, Validated]) -> None:
        super().__init__(story(5))
        self.answers = list(answers)
        self.asked: list[list[int]] = []

    async def validate(self, ids: Sequence[int]) -> list[Validated]:
        self.asked.append(list(ids))
        answer = self.answers.pop(0) if self.answers else {}
        return [answer.get(id, result(id, Outcome.SENT)) for id in ids]


async def test_what_mixpanel_refuses_does_not_stop_the_rest() -> None:
    viewer, progress = (
        Mixpanel({2: result(2, Outcome.REFUSED, "400 no", 400), 3: result(3, None, "alias")}),
        Progress(4),
    )
    await bulk.to_mixpanel(viewer, given([(id, 0) for id in range(1, 5)]), progress)
    assert (progress.done, progress.failed, progress.skipped, progress.tried) == (2, 1, 1, 4)
    assert progress.reasons == {"Mixpanel refused it: 400 no": 1, "alias": 1}


async def test_after_429_the_rest_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    later = f"{NOT_AFTER}429"
    viewer, progress = (
        Mixpanel(
            {2: result(2, Outcome.RETRY, "429", 429, retry_after=7.0), 3: result(3, None, later)},
            {2: result(2, Outcome.RETRY, "429", 429, retry_after=7.0), 3: result(3, None, later)},
        ),
        Progress(3),
    )
    clock = Clock(progress, monkeypatch)
    await bulk.to_mixpanel(viewer, given([(1, 0), (2, 0), (3, 0)]), progress)
    assert viewer.asked == [[1, 2, 3], [2, 3], [2, 3]]
    assert clock.pauses == [7.0, 7.0]
    assert (progress.done, progress.failed) == (3, 0)


@pytest.mark.parametrize(
    ("status", "words", "asked"),
    [(401, "refuses the credentials: nobody", 1), (503, "accepts nothing: nobody", 4)],
)
async def test_a_fault_of_all_requests_ends_it(
    status: int, words: str, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    no = {1: result(1, Outcome.RETRY, "nobody", status)}
    viewer, progress = Mixpanel(no, no, no, no, no), Progress(1)
    Clock(progress, monkeypatch)
    with pytest.raises(NotAccepted, match=words):
        await bulk.to_mixpanel(viewer, given([(1, 0)]), progress)
    assert len(viewer.asked) == asked
    assert progress.tried == 0


async def test_a_server_that_refuses_some_gets_the_rest() -> None:
    viewer, progress = FakeViewer(story(25)), Progress(25)
    viewer.posted = Posted(status=400, words="no", path="/v1/track")
    await bulk.to_url(viewer, given([(id, 0) for id in range(1, 26)]), progress, "http://x")
    assert progress.reasons == {"answered 400: no": 25}


async def test_a_server_that_does_not_answer_ends_it() -> None:
    viewer, progress = FakeViewer(story(50)), Progress(50)
    viewer.posted = Posted(words="refused")
    with pytest.raises(NotAccepted, match="http://x does not answer: refused"):
        await bulk.to_url(viewer, given([(id, 0) for id in range(1, 51)]), progress, "http://x")
    assert progress.failed == bulk.POSTED
