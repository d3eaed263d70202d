"""What the user or a policy decides about uncertain, refused and stuck messages, and what is sent then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from forwarding import (
    NOW,
    AsGiven,
    Backlog,
    Direct,
    FakeClock,
    engage,
    given,
    identify,
    make_forwarder,
    run_until_idle,
    running,
    track,
    until,
)
from mixpanel_faults import BAD_GATEWAY, DROP_AFTER, HANG, UNAVAILABLE, ZERO

from segtap.core.delivery import Decision, Delivery, DeliveryState, Outcome
from segtap.core.engine.deliveries import decide_all
from segtap.core.forward.decisions import Decided, decide
from segtap.core.forward.forwarder import Forwarder
from segtap.core.settings import ForwardSettings
from segtap.core.stand_in.server import MixpanelServer

SENT, OFF, WAITING = DeliveryState.SENT, DeliveryState.OFF, DeliveryState.WAITING
UNCERTAIN, REFUSED, STUCK = DeliveryState.UNCERTAIN, DeliveryState.REFUSED, DeliveryState.STUCK


async def decided(
    backlog: Backlog, decision: Decision, *ids: int, forwarder: Forwarder | None = None
) -> tuple[list[int], list[str]]:
    """Carry out a decision; the messages that it changed, and why it did not change others."""
    more: dict[str, Any] = {} if forwarder is None else {"rest": forwarder.at_rest}
    changed, others = await decide_all(decision, ids, backlog.journal, lambda: NOW, **more)
    return changed, [one.why for one in others]


def direct(backlog: Backlog, mixpanel: MixpanelServer, **more: Any) -> Forwarder:
    return make_forwarder(backlog, "", transport=Direct(mixpanel), translator=AsGiven(), **more)


async def test_what_is_dropped_while_it_is_tried_again_is_not_waited_for() -> None:
    backlog, clock = Backlog(), FakeClock()
    (id,) = await backlog.add(given(engage("u-1", set={"n": 1})))
    mixpanel = MixpanelServer()
    mixpanel.script(*[UNAVAILABLE] * 9)
    seen: list[tuple[str, int]] = []
    forwarder = direct(backlog, mixpanel, clock=clock, on_trouble=lambda: seen.append(forwarder.retry))
    async with running(forwarder):
        clock.hold()
        await until(lambda: bool(seen))
        assert "503" in seen[-1][0]
        assert await decided(backlog, "drop", id, forwarder=forwarder) == ([id], [])
        await until(lambda: len(seen) == 2)
        assert seen[-1] == ("", 0), "viewers know that nothing is tried again"
        clock.release()


async def uncertain(mixpanel: MixpanelServer) -> tuple[Backlog, int]:
    """A backlog with one increment that Mixpanel has applied, and that got no answer."""
    backlog = Backlog()
    (id,) = await backlog.add(given(engage("u-1", add={"n": 1})))
    mixpanel.script(DROP_AFTER)
    await run_until_idle(direct(backlog, mixpanel))
    assert await backlog.states() == [UNCERTAIN]
    assert mixpanel.profiles == {"u-1": {"n": 1}}
    return backlog, id


async def test_an_uncertain_increment_is_kept_back_until_the_user_decides() -> None:
    mixpanel = MixpanelServer()
    backlog, id = await uncertain(mixpanel)
    await run_until_idle(direct(backlog, mixpanel))
    assert len(mixpanel.requests) == 1
    assert await decided(backlog, "retry", id) == ([id], [])
    assert await backlog.states() == [WAITING]
    await run_until_idle(direct(backlog, mixpanel))
    assert await backlog.states() == [SENT]
    assert mixpanel.profiles == {"u-1": {"n": 2}}
    lines = await backlog.lines(id)
    assert [line.outcome for line in lines] == [
        Outcome.UNCERTAIN, Outcome.UNCERTAIN, Outcome.RETRY, Outcome.UNCERTAIN, Outcome.SENT
    ]  # fmt: skip
    assert lines[2].words == "to be sent again: you decided so"
    assert lines[-1].attempt == 2


async def test_an_uncertain_increment_that_is_dropped_is_never_sent() -> None:
    mixpanel = MixpanelServer()
    backlog, id = await uncertain(mixpanel)
    assert await decided(backlog, "drop", id) == ([id], [])
    assert await backlog.states() == [OFF]
    assert await backlog.journal.outbox.owed() == []
    assert (await backlog.lines(id))[-1].outcome is Outcome.DROPPED
    await run_until_idle(direct(backlog, mixpanel))
    assert len(mixpanel.requests) == 1
    assert await decided(backlog, "drop", id) == ([], ["it was dropped before"])


async def test_what_was_dropped_can_be_sent_after_all() -> None:
    backlog, mixpanel = Backlog(), MixpanelServer()
    (id,) = await backlog.add(given(engage("u-1", set={"n": 1}), engage("u-2", set={"n": 2})))
    await decided(backlog, "drop", id)
    await run_until_idle(direct(backlog, mixpanel))
    assert (await backlog.states(), mixpanel.profiles) == ([OFF], {})
    assert await decided(backlog, "retry", id) == ([id], [])
    await run_until_idle(direct(backlog, mixpanel))
    assert (await backlog.states(), mixpanel.profiles) == ([SENT], {"u-1": {"n": 1}, "u-2": {"n": 2}})


async def test_only_what_was_refused_is_sent_again_and_with_its_insert_id() -> None:
    backlog, mixpanel = Backlog(), MixpanelServer()
    ids = await backlog.add(identify("u-1", "a-1", plan="pro"), track(messageId="m-2"))
    mixpanel.script(ZERO, path="/engage")
    await run_until_idle(make_forwarder(backlog, "", transport=Direct(mixpanel)))
    assert await backlog.states() == [REFUSED, SENT]
    assert await decided(backlog, "retry", *ids) == ([ids[0]], ["Mixpanel has accepted it"])
    await run_until_idle(make_forwarder(backlog, "", transport=Direct(mixpanel)))
    assert await backlog.states() == [SENT, SENT]
    assert [request.path for request in mixpanel.requests].count("/track") == 1
    assert mixpanel.profiles == {"u-1": {"plan": "pro"}}


async def test_an_event_is_counted_once_however_often_it_is_sent() -> None:
    backlog, mixpanel = Backlog(), MixpanelServer()
    (id,) = await backlog.add(track(messageId="m_1"))
    await run_until_idle(make_forwarder(backlog, "", transport=Direct(mixpanel)))
    assert await backlog.states() == [REFUSED]
    for _ in range(2):
        await decided(backlog, "retry", id)
        await run_until_idle(make_forwarder(backlog, "", transport=Direct(mixpanel)))
    assert {record["properties"]["$insert_id"] for one in mixpanel.requests for record in one.records} == {
        "m_1"
    }
    assert [line.attempt for line in await backlog.lines(id)] == [1, 1, 2, 2, 3]


async def test_a_stuck_message_is_tried_at_once_and_others_are_not_held_up() -> None:
    backlog, mixpanel, clock = Backlog(), MixpanelServer(), FakeClock()
    ids = await backlog.add(*(given(engage(f"u-{n}", set={"n": n})) for n in range(8)))
    mixpanel.poison('"u-3"', BAD_GATEWAY)
    forwarder = direct(backlog, mixpanel, clock=clock)
    async with running(forwarder):
        await until(lambda: bool(forwarder.fault))
        async with asyncio.timeout(10):
            while STUCK not in await backlog.states():  # noqa: ASYNC110 – the journal announces nothing
                await asyncio.sleep(0)
        mixpanel.heal()
        clock.hold()  # ten minutes do not pass
        assert await decided(backlog, "retry", ids[3], forwarder=forwarder) == ([ids[3]], [])
        await until(lambda: len(mixpanel.profiles) == 8)
        clock.release()
        await forwarder.wait_idle()
    assert await backlog.states() == [SENT] * 8


async def test_what_waits_in_an_outage_can_be_dropped_and_the_rest_is_sent() -> None:
    backlog, mixpanel, clock = Backlog(), MixpanelServer(), FakeClock()
    ids = await backlog.add(*(given(engage("u-1", set={f"p{n}": n})) for n in range(5)))
    mixpanel.script(*[UNAVAILABLE] * 1000)
    forwarder = direct(backlog, mixpanel, clock=clock)
    async with running(forwarder):
        await until(lambda: bool(forwarder.fault))
        clock.hold()
        assert await decided(backlog, "drop", ids[1], ids[3], forwarder=forwarder) == ([ids[1], ids[3]], [])
        mixpanel.heal()
        clock.release()
        await forwarder.wait_idle()
    assert await backlog.states() == [SENT, OFF, SENT, OFF, SENT]
    assert mixpanel.profiles == {"u-1": {"p0": 0, "p2": 2, "p4": 4}}


async def test_what_is_under_way_is_not_decided_about_and_nothing_is_sent_twice() -> None:
    backlog, clock = Backlog(), FakeClock()
    ids = await backlog.add(given(engage("u-1", add={"n": 1})), given(engage("u-2", add={"n": 1})))
    async with MixpanelServer() as mixpanel:
        mixpanel.script(HANG, path="/engage")
        forwarder = make_forwarder(backlog, mixpanel.url, translator=AsGiven(), clock=clock)
        async with running(forwarder):
            await until(lambda: len(mixpanel.requests) == 2)
            changed, why = await decided(backlog, "drop", *ids, forwarder=forwarder)
            assert changed == []
            assert "a request with it is under way and not answered yet" in why
            mixpanel.release()
            await forwarder.wait_idle()
    assert sorted(await backlog.states()) == sorted([UNCERTAIN, SENT])
    assert len(mixpanel.requests) == 2


@pytest.mark.parametrize(
    ("state", "decision", "why"),
    [
        (SENT, "retry", "Mixpanel has accepted it"),
        (SENT, "drop", "Mixpanel has accepted it"),
        (DeliveryState.NONE, "retry", "there is nothing to send"),
        (OFF, "retry", "it was not to be forwarded: segtap replay sends it"),
        (OFF, "drop", "it is not to be forwarded"),
        (WAITING, "retry", "it waits, and is tried by itself"),
        (REFUSED, "drop", "Mixpanel refused it, so nothing of it is sent any more"),
    ],
)
def test_why_a_decision_changes_nothing(state: DeliveryState, decision: Decision, why: str) -> None:
    assert decide(decision, 1, state, (), NOW) == why


def test_a_fault_is_translated_again() -> None:
    assert decide("retry", 1, DeliveryState.FAULT, (), NOW) == Decided((), WAITING)


def test_a_drop_names_each_request_that_was_not_settled() -> None:
    tried = [
        Delivery(1, 0, NOW, "/import", Outcome.SENT),
        Delivery(1, 1, NOW, "/engage", Outcome.RETRY, 429, "no"),
        Delivery(1, 2, NOW, "/engage", Outcome.STUCK, 502, "no", 5),
    ]
    made = decide("drop", 1, STUCK, tried, NOW + 1)
    assert isinstance(made, Decided)
    assert [(one.operation, one.outcome, one.status, one.attempt) for one in made.lines] == [
        (1, Outcome.DROPPED, 0, 1),
        (2, Outcome.DROPPED, 0, 5),
    ]
    # Of what was never tried one line says it.
    made = decide("drop", 1, WAITING, tried[:1], NOW + 1)
    assert isinstance(made, Decided)
    assert [(one.operation, one.endpoint) for one in made.lines] == [(1, "")]


# --- the policy ---------------------------------------------------------------------------------------


async def test_the_policy_resend_sends_until_there_is_an_answer() -> None:
    backlog, mixpanel = Backlog(), MixpanelServer()
    (id,) = await backlog.add(given(engage("u-1", add={"n": 1})))
    mixpanel.script(DROP_AFTER, UNAVAILABLE)
    await run_until_idle(direct(backlog, mixpanel, options=ForwardSettings(uncertain="resend")))
    assert await backlog.states() == [SENT]
    assert mixpanel.profiles == {"u-1": {"n": 2}}  # as Segment would count it
    # Nothing has to be written down before it leaves.
    assert await backlog.outcomes(id) == [Outcome.RETRY, Outcome.RETRY, Outcome.SENT]


async def test_the_policy_drop_takes_uncertain_ones_off_the_list() -> None:
    backlog, mixpanel = Backlog(), MixpanelServer()
    (id,) = await backlog.add(given(engage("u-1", add={"n": 1}), engage("u-2", set={"n": 1})))
    mixpanel.script(DROP_AFTER, path="/engage")
    await run_until_idle(direct(backlog, mixpanel, options=ForwardSettings(uncertain="drop")))
    assert await backlog.states() == [OFF]
    last = {line.operation: line for line in await backlog.lines(id)}
    assert {operation: line.outcome for operation, line in last.items()} == {
        0: Outcome.DROPPED,
        1: Outcome.SENT,
    }
    assert last[0].words.endswith('dropped, for the settings say so: uncertain = "drop" under [forward]')


@pytest.mark.parametrize(
    ("policy", "state", "applied"), [("keep", UNCERTAIN, 1), ("drop", OFF, 1), ("resend", UNCERTAIN, 1)]
)
async def test_what_was_on_its_way_when_segtap_was_killed_follows_the_policy(
    policy: Any, state: DeliveryState, applied: int
) -> None:
    backlog, mixpanel = Backlog(), MixpanelServer()
    await backlog.add(given(engage("u-1", add={"n": 1})))
    gone = asyncio.Event()

    async def step() -> None:
        if mixpanel.profiles:
            gone.set()
            await asyncio.Event().wait()

    killed = make_forwarder(backlog, "", transport=Direct(mixpanel, step), translator=AsGiven())
    task = asyncio.create_task(killed.run())
    await asyncio.wait_for(gone.wait(), 10)
    assert await backlog.states() == [WAITING]
    # The next engine; the first one never goes on.
    await run_until_idle(direct(backlog, mixpanel, options=ForwardSettings(uncertain=policy)))
    assert await backlog.states() == [state]
    assert mixpanel.profiles == {"u-1": {"n": applied}}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
