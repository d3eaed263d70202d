"""Four engines on three NATS servers, killed one after the other, and cut off: what was acknowledged arrives
once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from engines import PATIENCE, engine_settings, isolate, post, running_engine, track
from nats_servers import Gate, cluster, one_server
from subscriptions import VISITS, events

from segtap.core.api.client import Client
from segtap.core.api.models import EngineState
from segtap.core.engine.kept import engine_of
from segtap.core.messages import Marks
from segtap.core.serve.launch import RunningEngine, start_engine
from segtap.core.settings import ForwardSettings, JournalSettings, Settings
from segtap.core.stand_in.server import MixpanelServer

pytestmark = [pytest.mark.kill, pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")]

RATE = int(os.environ.get("SEGTAP_TEST_RATE", "400"))
"""Messages a second. Two cores run three servers, four engines, the stand-in and this test: 2,000 is for a
machine of its own."""
BATCH = 20
STREAM = "segtap"
AT = "2026-11-24T21:00:00Z"


def message(n: int) -> dict[str, Any]:
    """Of ten, nine events and one that adds, each of those by a user of its own."""
    if n % 10 == 7:
        return track(f"m-{n}", "Visited", timestamp=AT) | {"userId": f"visitor-{n}"}
    return track(f"m-{n}", timestamp=AT, properties={"n": n}) | {"userId": f"user-{n % 97}"}


class Sender:
    """Posts batches to engines in turn, and what was not acknowledged once more, to the next one."""

    def __init__(self, start: int) -> None:
        self._next = start
        self.acknowledged: list[dict[str, Any]] = []
        self.slowest = 0.0

    async def run(self, engines: Sequence[RunningEngine], stop: asyncio.Event) -> None:
        turn, due = 0, time.monotonic()
        async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
            while not stop.is_set():
                batch = [message(n) for n in range(self._next, self._next + BATCH)]
                self._next += BATCH
                while True:
                    turn += 1
                    began = time.monotonic()
                    try:
                        url = f"{engines[turn % len(engines)].url}/v1/batch"
                        answer = await http.post(url, json={"batch": batch, "writeKey": "wk"})
                    except httpx.TransportError:
                        await asyncio.sleep(0.05)  # an SDK does so, too
                        continue
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    if answer.status_code == 200:
                        break
                self.acknowledged += batch
                due = max(due + 2 * BATCH / RATE, time.monotonic() - 1)
                await asyncio.sleep(max(0, due - time.monotonic()))


async def state_of(engine: RunningEngine) -> EngineState:
    async with Client(engine.url, engine.token) as client:
        return await client.state()


async def settled(engines: Sequence[RunningEngine], received: int) -> list[EngineState]:
    """The states once all engines list everything and nothing waits any more."""
    states: list[EngineState] = []
    try:
        async with asyncio.timeout(2 * PATIENCE):
            while True:
                states = [await state_of(engine) for engine in engines]
                if (
                    all(
                        state.received >= received and not state.deliveries.waiting and not state.fault
                        for state in states
                    )
                    and len({state.received for state in states}) == 1
                ):
                    return states
                await asyncio.sleep(0.2)
    except TimeoutError:
        found = [(state.received, state.deliveries, state.fault) for state in states]
        raise AssertionError(f"not settled: {received} were acknowledged, engines say {found}") from None


@pytest.mark.timeout(400)
async def test_three_servers_two_receivers_two_forwarders_lose_nothing_and_add_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    began = time.monotonic()

    def passed(what: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s {what}")

    with cluster(tmp_path / "nats") as servers:
        async with MixpanelServer() as mixpanel, Gate([one.port for one in servers]) as gate:
            direct = [one.port for one in servers]

            def settings(ports: Sequence[int], *, sends: bool) -> Settings:
                hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
                base = engine_settings(tmp_path, mixpanel_url=mixpanel.url)
                return msgspec.structs.replace(
                    base,
                    subscriptions=(events(), VISITS),
                    journal=JournalSettings(path=f"nats://{hosts}/{STREAM}"),
                    forward=ForwardSettings(receive_only=not sends),
                )

            async def start(ports: Sequence[int], *, sends: bool) -> RunningEngine:
                return await start_engine(settings(ports, sends=sends), forwarding=True)

            async def kill(engine: RunningEngine) -> None:
                os.kill(engine.pid, signal.SIGKILL)
                await engine.aclose()

            engines = [await start(direct, sends=False), await start(gate.ports, sends=False)]
            forwarders = [await start(direct, sends=True), await start(gate.ports, sends=True)]
            passed("all run")
            senders, stop = [Sender(0), Sender(10_000_000)], asyncio.Event()
            sending = [asyncio.create_task(one.run(engines, stop)) for one in senders]
            try:
                await asyncio.sleep(4)
                servers[0].kill()
                passed("a server is killed")
                await asyncio.sleep(6)
                servers[0].start()
                passed("it runs again")
                await asyncio.sleep(3)
                await kill(engines[0])
                passed("a receiver is killed")
                await asyncio.sleep(2)
                engines[0] = await start(direct, sends=False)
                await kill(forwarders[0])
                passed("it runs again; a forwarder is killed")
                await asyncio.sleep(10)
                forwarders[0] = await start(direct, sends=True)
                passed("it runs again")
                await gate.close()
                passed("a receiver and a forwarder are cut off")
                await asyncio.sleep(6)
                await gate.open()
                passed("they are not any more")
                await asyncio.sleep(3)
            finally:
                stop.set()
                await asyncio.gather(*sending)
            acknowledged = [one for sender in senders for one in sender.acknowledged]
            slowest = max(one.slowest for one in senders)
            passed(f"{len(acknowledged)} messages are acknowledged, the slowest in {slowest:.1f} s")
            states = await settled([*engines, *forwarders], len(acknowledged))
            passed("all is settled")
            for engine in (*engines, *forwarders):
                await engine.aclose()
    check(mixpanel, states, acknowledged)


def check(
    mixpanel: MixpanelServer, states: Sequence[EngineState], acknowledged: Sequence[dict[str, Any]]
) -> None:
    books = states[0].deliveries
    assert [state.deliveries for state in states] == [books] * len(states)
    assert (books.stuck, books.waiting, books.fault, books.refused) == (0, 0, 0, 0)
    by_id: dict[str, list[dict[str, Any]]] = {}
    for event in mixpanel.events:
        by_id.setdefault(event["properties"]["$insert_id"], []).append(event)
    assert {one["messageId"] for one in acknowledged} - by_id.keys() == set()
    assert [id for id, copies in by_id.items() if any(copy != copies[0] for copy in copies)] == []
    visits = {user: profile["visits"] for user, profile in mixpanel.profiles.items()}
    assert set(visits.values()) == {1}
    visitors = {one["userId"] for one in acknowledged if one["event"] == "Visited"}
    assert len(visitors - visits.keys()) <= books.uncertain
    print(f"{len(acknowledged)} acknowledged, {len(visitors)} increments, {books.uncertain} uncertain")


async def test_a_message_that_two_engines_receive_is_sent_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order of the stream decides which copy is the second one, for both engines."""
    isolate(tmp_path, monkeypatch.setenv)
    with one_server(tmp_path / "nats") as server:
        async with MixpanelServer() as mixpanel:
            journal = JournalSettings(path=f"nats://127.0.0.1:{server.port}/{STREAM}")
            settings = msgspec.structs.replace(
                engine_settings(tmp_path, mixpanel_url=mixpanel.url), journal=journal
            )
            async with (
                running_engine(settings, forwarding=True) as (one, of_one),
                running_engine(settings, forwarding=True) as (other, of_other),
            ):
                count = 30
                await asyncio.gather(
                    *(
                        post(engine.url, track(f"m-{n}", timestamp=AT) | {"userId": f"user-{n}"})
                        for n in range(count)
                        for engine in (one, other)
                    )
                )

                async def both(true: Callable[[EngineState], bool]) -> bool:
                    return all([true(await client.state()) for client in (of_one, of_other)])

                await until(lambda: both(lambda state: state.deliveries.sent == count))
                await until(lambda: both(lambda state: state.received == 2 * count))
                pages = [(await client.page(limit=100)).summaries for client in (of_one, of_other)]
                assert pages[0] == pages[1]
                assert sum(bool(line.marks & Marks.SECOND_RECEIPT) for line in pages[0]) == count
                assert engine_of(journal) in (one.url, other.url)
                await of_other.clear()
                await until(lambda: both(lambda state: state.received == 0))
                # Both go on.
                await post(one.url, track("m-new", timestamp=AT))
                await until(lambda: both(lambda state: state.deliveries.sent == 1))
            ids = Counter(event["properties"]["$insert_id"] for event in mixpanel.events)
    assert len(ids) == count + 1
    assert set(ids.values()) == {1}


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await true():  # noqa: ASYNC110 – of the client
            await asyncio.sleep(0.05)
