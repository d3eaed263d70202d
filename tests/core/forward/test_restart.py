"""Killed at any point and started again: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples import examples
from forwarding import (
    NOW,
    TOKEN,
    AsGiven,
    Backlog,
    Direct,
    FakeClock,
    engage,
    given,
    make_forwarder,
    running,
)
from hypothesis import given as generated
from hypothesis import strategies as st
from mixpanel_faults import BAD_GATEWAY, DROP_AFTER, DROP_BEFORE, PORTAL, TOO_MANY, UNAVAILABLE, ZERO

from segtap.core import stores
from segtap.core.delivery import DeliveryState, Outcome
from segtap.core.forward.batch import Limits
from segtap.core.settings import JournalSettings
from segtap.core.stand_in.faults import TOO_LARGE, Fault
from segtap.core.stand_in.server import MixpanelServer
from segtap.core.verdict import OutgoingRequest

LIMITS = Limits(json_records=3, form_records=2)
FAULTS = [TOO_MANY, UNAVAILABLE, BAD_GATEWAY, DROP_BEFORE, DROP_AFTER, PORTAL, TOO_LARGE, ZERO]
SETTLED = {DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.UNCERTAIN}


@dataclass
class Fuse:
    """Kills at its `last` step: from then on nothing more is sent and nothing more is written."""

    last: int
    burnt: int = 0
    kill: Callable[[], None] = lambda: None

    async def step(self) -> None:
        self.burnt += 1
        if self.burnt == self.last:
            self.kill()
        if self.burnt >= self.last:
            # The process is gone: whoever waits here never goes on.
            await asyncio.Event().wait()
        await asyncio.sleep(0)


class Dying:
    """Stores whose every call is two steps of a fuse: before it takes effect, and after."""

    def __init__(self, journal: Any, fuse: Fuse) -> None:
        self._journal, self._fuse = journal, fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._journal, name)
        if not callable(method):
            return Dying(method, self._fuse)
        if not asyncio.iscoroutinefunction(method):
            return method

        async def stepped(*args: Any, **more: Any) -> Any:
            await self._fuse.step()
            result = await method(*args, **more)
            await self._fuse.step()
            return result

        return stepped


def event(n: int, records: int = 1, *, good: bool = True) -> OutgoingRequest:
    body: list[Any] = [
        {
            "event": f"e-{n}-{part}",
            "properties": {"time": 1_700_000_000, "distinct_id": f"u-{n % 2}",
                           "$insert_id": f"i-{n}-{part}" if good or part else f"i_{n}"},
        }
        for part in range(records)
    ]  # fmt: skip
    return OutgoingRequest(
        "POST", "https://api.mixpanel.com/import?strict=1", "application/json", "Basic dG9rZW46", body=body
    )


def link(n: int) -> OutgoingRequest:
    properties: Any = {"$identified_id": f"u-{n % 2}", "$anon_id": f"a-{n}", "token": TOKEN}
    return OutgoingRequest(
        "POST",
        "https://api.mixpanel.com/track",
        "application/x-www-form-urlencoded",
        body={"event": "$identify", "properties": properties},
    )


MESSAGES: list[list[OutgoingRequest]] = [
    [event(0)],
    [link(1), engage("u-1", set={"n": 1})],
    [engage("adds-2", add={"n": 1})],
    [event(3, records=5)],
    [event(4, records=2, good=False)],
    [engage("u-1", set={"n": 5}), engage("adds-5", append={"l": 5})],
    [event(6), engage("", set={"refused": 1})],
]


async def life(backlog: Backlog, mixpanel: MixpanelServer, fuse: Fuse) -> bool:
    """Run until all is settled, or until the fuse kills it: then True."""
    journal = backlog.journal
    backlog.journal = Dying(journal, fuse)
    forwarder = make_forwarder(
        backlog, "", transport=Direct(mixpanel, fuse.step), translator=AsGiven(), limits=LIMITS
    )
    backlog.journal = journal
    running = asyncio.create_task(forwarder.run())
    dead = asyncio.Event()
    fuse.kill = dead.set
    idle = asyncio.create_task(forwarder.wait_idle())
    death = asyncio.create_task(dead.wait())
    await asyncio.wait({running, idle, death}, return_when=asyncio.FIRST_COMPLETED, timeout=20)
    killed = dead.is_set()
    assert killed or idle.done(), "it neither ended nor died"
    if not killed:
        await forwarder.stop()
    for task in (running, idle, death):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return killed


async def settle(backlog: Backlog, mixpanel: MixpanelServer, *, clock: FakeClock | None = None) -> None:
    forwarder = make_forwarder(
        backlog, "", transport=Direct(mixpanel), translator=AsGiven(), limits=LIMITS, clock=clock
    )
    async with asyncio.timeout(20), running(forwarder):
        await forwarder.wait_idle()
        while DeliveryState.STUCK in await backlog.states():  # noqa: ASYNC110 – the journal announces nothing
            await asyncio.sleep(0)
    assert not forwarder.halted


async def check(backlog: Backlog, mixpanel: MixpanelServer, messages: list[list[OutgoingRequest]]) -> None:
    """Nothing lost, nothing doubled, and the journal says no more than is true."""
    assert set(await backlog.states()) <= SETTLED
    held = {e["properties"].get("$insert_id") for e in mixpanel.deduped().values()}
    seen = [e["properties"].get("$insert_id") for e in mixpanel.deduped().values()]
    assert len(held - {None}) == len([i for i in seen if i])
    for id, requests in zip(backlog.messages, messages, strict=True):
        outcomes = {line.operation: line.outcome for line in await backlog.lines(id)}
        for index, request in enumerate(requests):
            outcome = outcomes[index]
            body: Any = request.body
            if isinstance(body, list):
                there = [r["properties"]["$insert_id"] in held for r in body]
                assert outcome is (Outcome.SENT if all(there) else Outcome.REFUSED), (index, body)
            elif "$add" in body or "$append" in body:
                profile = mixpanel.profiles.get(body["$distinct_id"], {})
                count = len(profile["l"]) if "l" in profile else profile.get("n", 0)
                assert count <= 1
                assert outcome is not Outcome.SENT or count == 1
                assert outcome is not Outcome.REFUSED or count == 0
            elif "$set" in body:
                assert outcome is (Outcome.SENT if body["$distinct_id"] else Outcome.REFUSED)


async def fresh(messages: list[list[OutgoingRequest]]) -> Backlog:
    backlog = Backlog()
    await backlog.add(*(given(*requests) for requests in messages))
    return backlog


async def test_killed_at_each_step_it_goes_on_where_it_was() -> None:
    steps = 0
    for last in range(1, 10_000):
        backlog, mixpanel = await fresh(MESSAGES), MixpanelServer()
        killed = await life(backlog, mixpanel, Fuse(last))
        await settle(backlog, mixpanel)
        await check(backlog, mixpanel, MESSAGES)
        if not killed:
            break
        steps = last
    assert steps > 40


async def test_killed_at_each_step_amid_faults() -> None:
    faults = [TOO_MANY, DROP_AFTER, UNAVAILABLE, DROP_AFTER, PORTAL, TOO_LARGE, DROP_AFTER]
    for last in range(1, 10_000, 3):
        backlog, mixpanel = await fresh(MESSAGES), MixpanelServer()
        mixpanel.script(*faults)
        killed = await life(backlog, mixpanel, Fuse(last))
        await settle(backlog, mixpanel)
        states = await backlog.states()
        assert set(states) <= SETTLED
        if not killed:
            break
    assert last > 40


async def test_killed_at_each_step_of_a_search_for_a_poisoned_record() -> None:
    messages = [*MESSAGES, [event(7)], [engage("u-2", set={"n": 7})]]
    stuck = 0
    for last in range(1, 400, 7):
        backlog, mixpanel = await fresh(messages), MixpanelServer()
        for poisoned in ('"i-3-2"', '"n":5'):
            mixpanel.poison(poisoned, BAD_GATEWAY)
        await life(backlog, mixpanel, Fuse(last))
        await life(backlog, mixpanel, Fuse(150))
        states = await backlog.states()
        stuck += states.count(DeliveryState.STUCK)
        mixpanel.heal()
        # What is set aside is due by then.
        await settle(backlog, mixpanel, clock=FakeClock(NOW + 10**10))
        await check(backlog, mixpanel, messages)
    assert stuck > 40


@generated(
    order=st.permutations(range(len(MESSAGES))),
    faults=st.lists(
        st.sampled_from([TOO_MANY, UNAVAILABLE, BAD_GATEWAY, DROP_BEFORE, DROP_AFTER, PORTAL]), max_size=8
    ),
    deaths=st.lists(st.integers(1, 60), max_size=4),
)
@examples(200)
def test_any_faults_and_any_deaths(order: list[int], faults: list[Fault], deaths: list[int]) -> None:
    async def story() -> None:
        messages = [MESSAGES[n] for n in order]
        backlog, mixpanel = await fresh(messages), MixpanelServer()
        mixpanel.script(*faults)
        for last in deaths:
            await life(backlog, mixpanel, Fuse(last))
        await settle(backlog, mixpanel)
        await check(backlog, mixpanel, messages)

    asyncio.run(story())


async def test_the_sqlite_journal_carries_it_over_a_restart(tmp_path: Path) -> None:
    place = JournalSettings(path=str(tmp_path / "journal.db"))
    mixpanel = MixpanelServer()
    mixpanel.script(TOO_MANY, DROP_AFTER)
    backlog = Backlog()
    for last in (5, 9, 14, 22, 31, 45):
        journal = await stores.open(place)
        backlog.journal = journal
        if not backlog.messages:
            await backlog.add(*(given(*requests) for requests in MESSAGES))
        await life(backlog, mixpanel, Fuse(last))
        await journal.close()
    backlog.journal = journal = await stores.open(place)
    await settle(backlog, mixpanel)
    await check(backlog, mixpanel, MESSAGES)
    assert (await journal.index.counts()).deliveries.waiting == 0
    assert await journal.outbox.owed() == []
    await journal.close()
