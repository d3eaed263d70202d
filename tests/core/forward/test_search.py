"""A record that Mixpanel answers with 5xx for ever: it is found, set aside, and holds nobody up."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from forwarding import (
    AsGiven,
    Backlog,
    Direct,
    TurnedClock,
    engage,
    given,
    identify,
    make_forwarder,
    track,
)
from mixpanel_faults import BAD_GATEWAY, DROP_AFTER, PORTAL, TOO_MANY, UNAVAILABLE

from segtap.core import stores
from segtap.core.delivery import DeliveryState, Outcome
from segtap.core.forward.batch import Limits
from segtap.core.forward.forwarder import Forwarder
from segtap.core.forward.search import REFUSALS, TRIES, Endpoint, Step, Suspicion
from segtap.core.settings import ForwardSettings, JournalSettings
from segtap.core.stand_in.faults import UNAUTHORIZED, Fault, import_error
from segtap.core.stand_in.server import MixpanelServer

SENT, REFUSED, WAITING = DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.WAITING
STUCK, UNCERTAIN = DeliveryState.STUCK, DeliveryState.UNCERTAIN
BROKEN = import_error(500, "Internal Server Error")
TEN_MINUTES = 600.0


@contextlib.asynccontextmanager
async def running(forwarder: Forwarder, clock: TurnedClock) -> AsyncIterator[None]:
    """The forwarder runs inside, and is stopped without anybody turning the clock."""
    task = asyncio.create_task(forwarder.run())
    try:
        yield
    finally:
        await forwarder.stop(grace=0)
        await task


class Story:
    """A backlog, a stand-in Mixpanel without a socket, and a clock that is turned."""

    def __init__(self, **more: Any) -> None:
        self.backlog, self.mixpanel, self.clock = Backlog(), MixpanelServer(), TurnedClock()
        self.more = more

    def forwarder(self) -> Forwarder:
        transport = Direct(self.mixpanel)
        return make_forwarder(self.backlog, "", clock=self.clock, transport=transport, **self.more)

    async def run(self, seconds: float) -> None:
        """Forward until so many seconds after the beginning, in one run."""
        forwarder = self.forwarder()
        async with running(forwarder, self.clock):
            await self.clock.until(seconds)
            self.fault = forwarder.fault

    def insert_ids(self) -> list[str]:
        return [event["properties"]["$insert_id"] for event in self.mixpanel.events]


POISONS = [BROKEN, UNAVAILABLE, BAD_GATEWAY, Fault(599, b"\xe9"), PORTAL, DROP_AFTER, Fault(breaks="reset")]


@pytest.mark.parametrize(
    ("poison", "place"),
    [(BROKEN, 0), (BROKEN, 1), (BROKEN, 2399), *((poison, 700) for poison in POISONS)],
    ids=["first", "second", "last", "500", "503", "502", "599", "200", "lost", "reset"],
)
async def test_what_is_behind_a_poisoned_record_flows_within_thirty_seconds(
    poison: Fault, place: int
) -> None:
    story = Story()
    ids = await story.backlog.add(*(track(f"u-{n % 7}", messageId=f"m-{n}") for n in range(2400)))
    story.mixpanel.poison(f'"m-{place}"', poison)
    await story.run(30)
    expected = [SENT] * 2400
    expected[place] = STUCK
    assert await story.backlog.states() == expected
    if poison is not DROP_AFTER:
        assert sorted(story.insert_ids()) == sorted(f"m-{n}" for n in range(2400) if n != place)
    lines = await story.backlog.lines(ids[place])
    assert [line.outcome for line in lines] == [Outcome.RETRY, Outcome.STUCK]
    assert "set aside" in lines[-1].words
    assert story.fault.startswith("1 message is stuck: Mixpanel /import answers")
    assert (await story.backlog.journal.index.counts()).deliveries.stuck == 1


async def test_a_poisoned_record_that_came_first_and_alone_lets_the_rest_pass() -> None:
    story = Story()
    await story.backlog.add(track(messageId="m-0"))
    story.mixpanel.poison('"m-0"', BROKEN)
    forwarder = story.forwarder()
    async with running(forwarder, story.clock):
        await story.clock.until(3)
        assert await story.backlog.states() == [WAITING]
        await story.backlog.add(*(track(messageId=f"m-{n}") for n in range(1, 2401)))
        forwarder.wake()
        await story.clock.until(30)
        assert await story.backlog.states() == [STUCK, *[SENT] * 2400]


async def test_alone_it_waits_until_another_record_comes_and_then_at_once() -> None:
    story = Story()
    (id,) = await story.backlog.add(track(messageId="m-0"))
    story.mixpanel.poison('"m-0"', BROKEN)
    forwarder = story.forwarder()
    async with running(forwarder, story.clock):
        await story.clock.until(1000)
        assert await story.backlog.states() == [WAITING]
        before = len(story.mixpanel.requests)
        assert before < 25
        await story.backlog.add(track(messageId="m-1"))
        forwarder.wake()
        await story.clock.until(1001)
        assert await story.backlog.states() == [STUCK, SENT]
    refusals = [request for request in story.mixpanel.requests[before:] if request.status == 500]
    assert len(refusals) == REFUSALS
    assert [line.outcome for line in await story.backlog.lines(id)] == [Outcome.RETRY, Outcome.STUCK]


async def test_in_an_outage_everything_waits_and_nothing_is_set_aside() -> None:
    story = Story()
    await story.backlog.add(*(track(f"u-{n}", messageId=f"m-{n}") for n in range(2400)))
    story.mixpanel.poison("", UNAVAILABLE)
    forwarder = story.forwarder()
    async with running(forwarder, story.clock):
        await story.clock.until(1800)
        assert await story.backlog.states() == [WAITING] * 2400
        assert "(trying again)" in forwarder.fault
        # Each batch under way, and one other record each time, about once a minute.
        assert len(story.mixpanel.requests) < 8 * 40
        story.mixpanel.heal()
        await story.clock.until(1900)
        assert forwarder.fault == ""
    assert await story.backlog.states() == [SENT] * 2400
    assert len(story.mixpanel.deduped()) == 2400


async def test_an_outage_in_the_middle_of_a_search_sets_nothing_aside() -> None:
    story = Story(limits=Limits(json_records=64), options=ForwardSettings(max_requests=1))
    await story.backlog.add(*(track(f"u-{n}", messageId=f"m-{n}") for n in range(256)))
    story.mixpanel.poison('"m-5"', BROKEN)
    forwarder = story.forwarder()
    async with running(forwarder, story.clock):
        await story.clock.until(60, lambda: len(story.mixpanel.requests) == 8)
        story.mixpanel.poison("", UNAVAILABLE)
        await story.clock.until(900)
        assert DeliveryState.STUCK not in await story.backlog.states()
        story.mixpanel.heal()
        story.mixpanel.poison('"m-5"', BROKEN)
        await story.clock.until(1000)
    expected = [SENT] * 256
    expected[5] = STUCK
    assert await story.backlog.states() == expected


async def test_several_poisoned_records_are_all_found() -> None:
    story = Story()
    await story.backlog.add(*(track(f"u-{n}", messageId=f"m-{n}") for n in range(2400)))
    poisoned = {0, 1, 2, 3, 4, 1000, 1001, 2399}
    for n in poisoned:
        story.mixpanel.poison(f'"m-{n}"', BROKEN)
    await story.run(120)
    assert await story.backlog.states() == [STUCK if n in poisoned else SENT for n in range(2400)]
    assert story.fault.startswith("8 messages are stuck")


async def test_it_is_tried_again_every_ten_minutes_and_taken_when_mixpanel_takes_it() -> None:
    story = Story()
    (id, _) = await story.backlog.add(track(messageId="m-0"), track(messageId="m-1"))
    story.mixpanel.poison('"m-0"', BROKEN)
    forwarder = story.forwarder()
    async with running(forwarder, story.clock):
        await story.clock.until(30)
        assert await story.backlog.states() == [STUCK, SENT]
        await asyncio.wait_for(forwarder.wait_idle(), 5)
        before = len(story.mixpanel.requests)
        await story.clock.until(30 + 3 * TEN_MINUTES)
        assert len(story.mixpanel.requests) == before + 3
        story.mixpanel.heal()
        await story.clock.until(30 + 4 * TEN_MINUTES)
        assert forwarder.fault == ""
    assert await story.backlog.states() == [SENT, SENT]
    lines = await story.backlog.lines(id)
    outcomes = [line.outcome for line in lines]
    assert outcomes[-5:] == [*[Outcome.STUCK] * 4, Outcome.SENT]
    assert set(outcomes[:-5]) == {Outcome.RETRY}
    gaps = [later.at - earlier.at for earlier, later in itertools.pairwise(lines[-5:])]
    assert all(abs(gap - 600_000) < 1000 for gap in gaps)
    assert [line.attempt for line in lines] == sorted({line.attempt for line in lines})


async def test_after_a_restart_it_is_still_set_aside_and_tried_when_it_is_due(tmp_path: Path) -> None:
    story = Story()
    place = JournalSettings(path=str(tmp_path / "journal.db"))
    journal = await stores.open(place)
    story.backlog = Backlog(journal)
    await story.backlog.add(track(messageId="m-0"), track(messageId="m-1"))
    story.mixpanel.poison('"m-0"', BROKEN)
    await eventually(story, 30, journal)
    assert await story.backlog.states() == [STUCK, SENT]
    await journal.close()

    story.backlog.journal = journal = await stores.open(place)
    before = len(story.mixpanel.requests)
    await eventually(story, 300, journal)
    assert len(story.mixpanel.requests) == before
    assert story.fault.startswith("1 message is stuck: Mixpanel /import answers 500 Internal Server Error")
    story.mixpanel.heal()
    await eventually(story, 30 + TEN_MINUTES, journal)
    assert await story.backlog.states() == [SENT, SENT]
    assert await journal.outbox.owed() == []
    await journal.close()


async def eventually(story: Story, seconds: float, journal: Any) -> None:
    """Run with a journal whose writes take real time: the clock is turned in small steps."""
    forwarder = story.forwarder()
    async with running(forwarder, story.clock):
        while story.clock.seconds < seconds:
            await asyncio.sleep(0.02)
            await story.clock.until(min(seconds, story.clock.seconds + seconds / 20))
        await asyncio.sleep(0.05)
        story.fault = forwarder.fault


async def test_a_clock_that_is_set_back_does_not_put_the_try_off() -> None:
    story = Story()
    await story.backlog.add(track(messageId="m-0"), track(messageId="m-1"))
    story.mixpanel.poison('"m-0"', BROKEN)
    await story.run(30)
    story.clock = TurnedClock(story.clock.began - 86_400_000)
    story.mixpanel.heal()
    await story.run(TEN_MINUTES + 1)
    assert await story.backlog.states() == [SENT, SENT]


@pytest.mark.parametrize("operation", ["add", "append"])
async def test_what_adds_is_uncertain_after_a_5xx_and_an_outage_spares_the_others(
    operation: str,
) -> None:
    story = Story(translator=AsGiven())
    await story.backlog.add(*(given(engage(f"u-{n}", **{operation: {"n": 1}})) for n in range(40)))
    story.mixpanel.poison("", UNAVAILABLE)
    forwarder = story.forwarder()
    async with running(forwarder, story.clock):
        await story.clock.until(300)
        states = await story.backlog.states()
        # One a pause, and the few that were under way when it began.
        assert states.count(UNCERTAIN) < 14
        assert "(trying again)" in forwarder.fault
        story.mixpanel.heal()
        await story.clock.until(400)
        assert forwarder.fault == ""
    states = await story.backlog.states()
    assert states.count(SENT) == 40 - states.count(UNCERTAIN)
    counts = [request.records[0]["$distinct_id"] for request in story.mixpanel.requests if request.records]
    assert len(counts) == len(set(counts))


async def test_after_an_outage_a_record_that_may_be_sent_twice_goes_first() -> None:
    story = Story(translator=AsGiven(), options=ForwardSettings(max_requests=1))
    adding = [given(engage(f"a-{n}", add={"n": 1})) for n in range(20)]
    await story.backlog.add(*adding, given(engage("s", set={"n": 1})))
    story.mixpanel.poison("", UNAVAILABLE)
    forwarder = story.forwarder()
    async with running(forwarder, story.clock):
        await story.clock.until(1000)
        states = await story.backlog.states()
        assert states == [UNCERTAIN, *[WAITING] * 20]
        story.mixpanel.heal()
        await story.clock.until(1100)
    assert await story.backlog.states() == [UNCERTAIN, *[SENT] * 20]


@pytest.mark.parametrize("place", [0, 20, 49])
async def test_the_order_of_one_profile_is_kept_around_the_record_that_is_set_aside(place: int) -> None:
    story = Story(translator=AsGiven())
    await story.backlog.add(*(given(engage("u-1", set={"n": n})) for n in range(60)))
    await story.backlog.add(*(given(engage(f"x-{n}", set={"x": n})) for n in range(5)))
    story.mixpanel.poison(f'"n":{place}}}', BROKEN)
    await story.run(30)
    seen = [record["$set"]["n"] for record in story.mixpanel.profile_log if record["$distinct_id"] == "u-1"]
    assert seen == sorted(seen)
    assert set(seen) == set(range(60)) - {place}
    # It was overtaken by newer values of the same property: to send it now would put the old one back.
    states = await story.backlog.states()
    assert [n for n, state in enumerate(states) if state is not SENT] == [place]
    assert states[place] is REFUSED


async def test_a_profile_update_that_nothing_newer_replaces_stays_set_aside() -> None:
    story = Story(translator=AsGiven())
    await story.backlog.add(
        given(engage("u-1", set={"plan": "pro"})),
        given(engage("u-1", set={"city": "Bern"})),
        given(engage("u-2", set={"plan": "free"})),
    )
    story.mixpanel.poison('"plan":"pro"', BROKEN)
    await story.run(30)
    assert await story.backlog.states() == [STUCK, SENT, SENT]
    story.mixpanel.heal()
    await story.run(30 + TEN_MINUTES)
    assert await story.backlog.states() == [SENT] * 3
    assert story.mixpanel.profiles["u-1"] == {"plan": "pro", "city": "Bern"}


async def test_one_profile_alone_is_told_from_an_outage_by_a_record_ahead_of_its_turn() -> None:
    story = Story(translator=AsGiven())
    await story.backlog.add(*(given(engage("u-1", set={"n": n, f"k-{n}": n})) for n in range(10)))
    story.mixpanel.poison('"n":0,', BROKEN)
    await story.run(60)
    states = await story.backlog.states()
    assert states[1:] == [SENT] * 9
    assert states[0] is REFUSED
    assert story.mixpanel.profiles["u-1"]["n"] == 9


async def test_events_pass_an_identify_that_is_set_aside() -> None:
    story = Story()
    await story.backlog.add(identify("u-1", "a-1"), *(track("u-1", messageId=f"m-{n}") for n in range(5)))
    await story.backlog.add(identify("u-2", "a-2"))
    story.mixpanel.poison('"a-1"', BROKEN, path="/track")
    await story.run(60)
    assert await story.backlog.states() == [STUCK, *[SENT] * 6]


async def test_a_message_is_stuck_while_one_of_its_operations_is() -> None:
    story = Story(translator=AsGiven())
    (id, *_) = await story.backlog.add(
        given(engage("u-1", set={"poison": 1}), engage("u-2", set={"a": 1})),
        given(engage("u-3", set={"a": 1})),
        given(engage("u-4", set={"b": 1}), engage("u-5", add={"adds": 1})),
    )
    story.mixpanel.poison('"poison"', BROKEN)
    story.mixpanel.poison('"adds"', BROKEN)
    await story.run(60)
    assert await story.backlog.states() == [STUCK, SENT, UNCERTAIN]
    assert {line.operation: line.outcome for line in await story.backlog.lines(id)} == {
        0: Outcome.STUCK, 1: Outcome.SENT,
    }  # fmt: skip


async def test_a_purchase_with_one_stuck_record_waits_for_it_alone() -> None:
    story = Story()
    order = track(
        event="Order Completed",
        messageId="ord-1",
        properties={"revenue": 5, "products": [{"product_id": "a"}]},
    )
    (id, _) = await story.backlog.add(order, track(messageId="m-1"))
    story.mixpanel.poison('"event":"Product Purchased"', BROKEN)
    forwarder = story.forwarder()
    async with running(forwarder, story.clock):
        await story.clock.until(30)
        assert await story.backlog.states() == [STUCK, SENT]
        before = len(story.mixpanel.requests)
        story.mixpanel.heal()
        await story.clock.until(30 + TEN_MINUTES)
    assert await story.backlog.states() == [SENT, SENT]
    assert len(story.mixpanel.requests) == before + 1
    assert [line.outcome for line in await story.backlog.lines(id)][-1] is Outcome.SENT


async def test_a_rate_limit_is_no_reason_to_look_for_a_record() -> None:
    story = Story()
    await story.backlog.add(*(track(f"u-{n}", messageId=f"m-{n}") for n in range(10)))
    story.mixpanel.poison('"m-5"', TOO_MANY)
    await story.run(1000)
    assert STUCK not in await story.backlog.states()


async def test_credentials_that_fail_during_a_search_halt_it_and_lose_nothing() -> None:
    story = Story()
    await story.backlog.add(*(track(f"u-{n}", messageId=f"m-{n}") for n in range(10)))
    story.mixpanel.poison('"m-5"', BROKEN)
    forwarder = story.forwarder()
    async with running(forwarder, story.clock):
        await story.clock.until(100, lambda: len(story.mixpanel.requests) == 3)
        story.mixpanel.script(UNAUTHORIZED)
        await story.clock.until(101)
        assert forwarder.halted
        assert (await story.backlog.states()).count(WAITING) >= 9
        forwarder.resume()
        forwarder.wake()
        await story.clock.until(200)
    states = await story.backlog.states()
    assert (states.count(STUCK), states.count(SENT)) == (1, 9)


# --- the decision, by itself -----------------------------------------------------------------------


def test_the_steps_of_a_search() -> None:
    endpoint = Endpoint()
    batch = Suspicion()
    for _ in range(TRIES - 1):
        batch.failed(endpoint, endpoint.number(), 8)
        assert batch.step(endpoint, 8) is Step.WAIT
    batch.failed(endpoint, endpoint.number(), 8)
    assert batch.step(endpoint, 8) is Step.ASK
    batch.outage(endpoint)
    assert batch.step(endpoint, 8) is Step.ASK
    endpoint.accepted(endpoint.number())
    assert batch.step(endpoint, 8) is Step.HALVE

    one = Suspicion(searching=True)
    one.failed(endpoint, endpoint.number(), 1)
    for _ in range(REFUSALS - 1):
        assert one.step(endpoint, 1) is Step.AGAIN
        one.failed(endpoint, endpoint.number(), 1)
    assert one.step(endpoint, 1) is Step.SET_ASIDE


def test_what_was_sent_before_the_first_failure_says_nothing() -> None:
    endpoint = Endpoint()
    early, own, late = endpoint.number(), endpoint.number(), endpoint.number()
    batch = Suspicion(failures=TRIES)
    batch.failed(endpoint, own, 2)
    endpoint.accepted(early)
    endpoint.accepted(late)
    assert batch.step(endpoint, 2) is Step.ASK


def test_in_a_search_the_request_just_before_counts_and_no_earlier_one() -> None:
    endpoint = Endpoint()
    endpoint.accepted(endpoint.number())
    first, second = Suspicion(searching=True), Suspicion(searching=True)
    first.failed(endpoint, endpoint.number(), 8)
    second.failed(endpoint, endpoint.number(), 4)
    assert first.step(endpoint, 8) is Step.HALVE
    assert second.step(endpoint, 4) is Step.ASK


def test_failures_of_an_outage_do_not_count_against_a_record() -> None:
    endpoint = Endpoint()
    one = Suspicion()
    for _ in range(20):
        one.failed(endpoint, endpoint.number(), 1)
    one.outage(endpoint)
    endpoint.accepted(endpoint.number())
    assert one.step(endpoint, 1) is Step.AGAIN
