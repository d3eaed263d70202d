"""How many requests at once, and how many records a second: what a 429 and what success change."""

from __future__ import annotations

import asyncio

import pytest
from forwarding import AsGiven, Backlog, Direct, TurnedClock, engage, given, make_forwarder, running, track
from mixpanel_faults import TOO_MANY

from segtap.core.delivery import DeliveryState
from segtap.core.forward.batch import Limits
from segtap.core.forward.pace import Pace
from segtap.core.forward.records import operation_records
from segtap.core.settings import ForwardSettings
from segtap.core.stand_in.faults import Fault, import_error
from segtap.core.stand_in.server import MixpanelServer

ROUTE = operation_records(1, 0, engage("u-1", set={"a": 1}))[0].route


def send(pace: Pace, *statuses: int, accepted: bool = True) -> None:
    """Send requests one after the other, and answer each."""
    for status in statuses:
        with pace.under_way(ROUTE) as number:
            pass
        pace.answered(ROUTE, number, status, accepted=accepted and status == 200)


def test_success_allows_more_and_a_429_half_as_many() -> None:
    pace = Pace(ForwardSettings(max_requests=10))
    assert pace.at_once(ROUTE) == 4
    send(pace, 200, 200)
    assert pace.at_once(ROUTE) == 6
    send(pace, *[200] * 20)
    assert pace.at_once(ROUTE) == 10
    send(pace, 429)
    assert pace.at_once(ROUTE) == 5
    # From now on it takes a whole round for one more.
    send(pace, *[200] * 4)
    assert pace.at_once(ROUTE) == 5
    send(pace, *[200] * 2)
    assert pace.at_once(ROUTE) == 6
    send(pace, *[429] * 9)
    assert pace.at_once(ROUTE) == 1


def test_requests_that_were_under_way_together_halve_it_once() -> None:
    pace = Pace(ForwardSettings(max_requests=10))
    numbers: list[int] = []
    for _ in range(4):
        with pace.under_way(ROUTE) as number:
            numbers.append(number)
    for number in numbers:
        pace.answered(ROUTE, number, 429, accepted=False)
    assert pace.at_once(ROUTE) == 2
    send(pace, 503, accepted=False)
    assert pace.at_once(ROUTE) == 2


def test_the_settings_bound_it_at_once() -> None:
    pace = Pace(ForwardSettings(max_requests=2))
    assert pace.at_once(ROUTE) == 2
    pace.settings = ForwardSettings(max_requests=1)
    assert pace.at_once(ROUTE) == 1


def test_the_rate_is_kept_over_all_routes() -> None:
    pace = Pace(ForwardSettings(max_records_per_second=100))
    assert pace.delay(50, 0) == 0.0
    assert pace.delay(100, 0) == pytest.approx(0.5)
    assert pace.delay(1, 1_000) == pytest.approx(0.5)
    # What was not used before is not made up for.
    assert pace.delay(100, 60_000) == 0.0
    assert Pace(ForwardSettings()).delay(10_000, 0) == 0.0


async def test_retry_after_holds_for_the_whole_endpoint_and_fewer_go_at_once_then() -> None:
    backlog, mixpanel, clock = Backlog(), MixpanelServer(), TurnedClock()
    await backlog.add(*(track(f"u-{n}") for n in range(40)))
    asked = import_error(429, "Project exceeded rate limits.")
    mixpanel.script(*[Fault(asked.status, asked.body, (("retry-after", "30"),))] * 4, path="/import")
    transport = Direct(mixpanel)
    forwarder = make_forwarder(backlog, "", transport=transport, clock=clock, limits=Limits(json_records=1))
    async with running(forwarder):
        await clock.until(1.0)
        assert len(mixpanel.requests) == 4
        await clock.until(29.0)
        assert len(mixpanel.requests) == 4
        transport.most = 0
        await clock.until(60.0, lambda: len(mixpanel.requests) >= 6)
        assert transport.most <= 2
        await clock.until(300.0, lambda: len(mixpanel.events) == 40)
    assert await backlog.states() == [DeliveryState.SENT] * 40


async def test_a_rate_cap_spreads_a_backlog_over_time() -> None:
    backlog, mixpanel, clock = Backlog(), MixpanelServer(), TurnedClock()
    await backlog.add(*(track(f"u-{n}") for n in range(100)))
    forwarder = make_forwarder(
        backlog,
        "",
        transport=Direct(mixpanel),
        clock=clock,
        options=ForwardSettings(max_records_per_second=10),
    )
    async with running(forwarder):
        await clock.until(4.5)
        assert 40 <= len(mixpanel.events) <= 60
        await clock.until(20.0, lambda: len(mixpanel.events) == 100)
    assert clock.seconds <= 10.5


async def test_a_429_on_one_endpoint_does_not_slow_another() -> None:
    backlog, mixpanel, clock = Backlog(), MixpanelServer(), TurnedClock()
    await backlog.add(*(given(engage(f"u-{n}", set={"n": n})) for n in range(4)))
    mixpanel.script(*[TOO_MANY] * 50, path="/engage")
    forwarder = make_forwarder(backlog, "", transport=Direct(mixpanel), clock=clock, translator=AsGiven())
    async with running(forwarder):
        await clock.until(30.0)
        assert len(mixpanel.requests) >= 3
        mixpanel.heal()
        await clock.until(200.0, lambda: len(mixpanel.profiles) == 4)
        await asyncio.wait_for(forwarder.wait_idle(), 10)
    assert await backlog.states() == [DeliveryState.SENT] * 4
