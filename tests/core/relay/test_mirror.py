"""A mirror: each request once, as it was received; failures put off, one bad request held apart."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from random import Random

import pytest
from answering_server import AnsweringServer, Got, Said
from forwarding import FakeClock
from journal_values import a_receipt
from memory_journal import MemoryJournal
from msgspec.structs import replace

from segtap.core.delivery import Outcome, RouteCounts
from segtap.core.errors import JournalError
from segtap.core.proxy.hosts import Upstream
from segtap.core.relay.mirror import Mirror
from segtap.core.settings import RouteSettings
from segtap.core.stores.base import Stores

ROUTE = RouteSettings(name="mirror", kind="segment")


async def owe(stores: Stores, *bodies: bytes) -> list[int]:
    return [
        await stores.receipts.append(replace(a_receipt(body=body), routes=("mirror",))) for body in bodies
    ]


@contextlib.asynccontextmanager
async def mirroring(
    stores: Stores, server: AnsweringServer, clock: FakeClock | None = None, route: RouteSettings = ROUTE
) -> AsyncIterator[Mirror]:
    mirror = Mirror(
        route,
        Upstream("segment", server.url),
        stores.requests,
        stores.receipts,
        clock or FakeClock(),
        rng=Random(1),
    )
    task = asyncio.create_task(mirror.run())
    try:
        yield mirror
    finally:
        await mirror.stop()
        await asyncio.gather(task, return_exceptions=True)


async def settled(mirror: Mirror, stores: Stores, owed: int = 0) -> None:
    async with asyncio.timeout(20):
        while (await stores.requests.counts())["mirror"].waiting > owed:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def body(number: int) -> bytes:
    return b'{"type":"track","event":"E","messageId":"m-%d"}' % number


async def test_every_request_arrives_once_as_it_was_received() -> None:
    stores = MemoryJournal()
    bodies = [body(number) for number in range(50)]
    await owe(stores, *bodies[:30])
    async with AnsweringServer(lambda got: Said(delay=0.002)) as server:
        async with mirroring(stores, server) as mirror:
            await settled(mirror, stores)
            await owe(stores, *bodies[30:])
            mirror.wake()
            await settled(mirror, stores)
            await mirror.wait_idle()
        assert sorted(server.bodies) == sorted(bodies)
        assert {one.target for one in server.got} == {"/v1/track"}
        assert 4 <= server.most_at_once <= 10
    assert (await stores.requests.counts())["mirror"] == RouteCounts(sent=50)


async def test_what_segment_refuses_is_not_sent_again(caplog: pytest.LogCaptureFixture) -> None:
    stores = MemoryJournal()
    (seq,) = await owe(stores, body(1))
    async with AnsweringServer(lambda got: Said(400, b'{"message": "bad write key"}')) as server:
        async with mirroring(stores, server) as mirror:
            await settled(mirror, stores)
        assert len(server.got) == 1
    (handover,) = await stores.requests.handovers(seq)
    assert (handover.outcome, handover.status) == (Outcome.REFUSED, 400)
    assert "bad write key" in handover.words
    (line,) = [one for one in caplog.records if one.message == "a request is refused"]
    assert vars(line)["receipt"] == seq
    assert "bad write key" in vars(line)["words"]


async def test_retry_after_is_obeyed_and_an_outage_is_tried_one_request_at_a_time() -> None:
    stores, clock = MemoryJournal(), FakeClock()
    await owe(stores, *map(body, range(20)))
    times: list[int] = []
    down = True

    def answer(got: Got) -> Said:
        times.append(clock.now())
        if down and len(times) <= 12:
            return Said(429, b"", ("retry-after: 30",)) if len(times) == 5 else Said(503, b"")
        return Said()

    async with AnsweringServer(answer) as server:
        async with mirroring(stores, server, clock) as mirror:
            await settled(mirror, stores)
            assert mirror.fault == ""
        assert sorted(set(server.bodies)) == sorted(map(body, range(20)))
    assert times[5] - times[4] >= 30_000
    assert len(set(server.bodies[4:12])) <= 4
    assert all(later - earlier >= 2_000 for earlier, later in pairwise(times[5:13]))
    assert (await stores.requests.counts())["mirror"] == RouteCounts(sent=20)


async def test_a_clock_that_is_set_back_puts_nothing_off() -> None:
    stores, clock = MemoryJournal(), FakeClock()
    clock.hold()
    await owe(stores, body(1))
    async with AnsweringServer(lambda got: Said(503)) as server, mirroring(stores, server, clock) as mirror:
        async with asyncio.timeout(10):
            while not mirror.fault:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        clock.ahead = -5 * 24 * 3_600_000
        server.answer = lambda got: Said()
        clock.release()
        await settled(mirror, stores)
    assert sum(clock.slept) < 60


async def test_a_fault_is_told_while_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "segtap.core.relay")
    stores, clock = MemoryJournal(), FakeClock()
    clock.hold()
    await owe(stores, body(1))
    async with AnsweringServer(lambda got: Said(0)) as server, mirroring(stores, server, clock) as mirror:
        async with asyncio.timeout(10):
            while not mirror.fault:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert "gave no answer" in mirror.fault
        assert "(trying again)" in mirror.fault
        server.answer = lambda got: Said()
        clock.release()
        await settled(mirror, stores)
        assert mirror.fault == ""
    begun, ended = [one.message for one in caplog.records]
    assert "gave no answer" in begun
    assert ended == "the route gets its requests again"


async def test_one_bad_request_holds_nobody_up_and_is_stuck_in_the_end() -> None:
    stores, clock = MemoryJournal(), FakeClock()
    (bad,) = await owe(stores, body(0))
    number = 0

    def answer(got: Got) -> Said:
        return Said(500, b"poisoned") if got.body == body(0) else Said()

    async with AnsweringServer(answer) as server, mirroring(stores, server, clock) as mirror:
        async with asyncio.timeout(20):
            while not mirror.stuck:
                number += 1
                await owe(stores, body(number))
                mirror.wake()
                await settled(mirror, stores, 1)
                await asyncio.sleep(0.002)
        assert server.bodies.count(body(0)) >= 5
        assert "1 request is stuck" in mirror.fault
        (told,) = await stores.requests.handovers(bad)
        assert (told.outcome, told.words) == (Outcome.STUCK, f"{server.url[7:]} answered 500: poisoned")
        clock.hold()
        assert (await stores.requests.counts())["mirror"] == RouteCounts(waiting=1, sent=number)
        server.answer = lambda got: Said()
        clock.release()
        await settled(mirror, stores)
        assert mirror.stuck == 0


async def test_one_that_the_journal_cannot_read_is_named() -> None:
    stores = MemoryJournal()
    (seq,) = await owe(stores, body(1))
    stores.receipt_rows[seq] = replace(stores.receipt_rows[seq], status=0)
    async with AnsweringServer() as server:
        async with mirroring(stores, server) as mirror:
            await settled(mirror, stores)
        assert server.got == []
    assert (await stores.requests.handovers(seq))[0].outcome is Outcome.REFUSED


async def test_outcomes_that_cannot_be_written_end_the_run_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stores = MemoryJournal()
    await owe(stores, body(1))
    record: Callable[..., object] = stores.requests.record

    async def fails(*_: object) -> None:
        raise JournalError("the disk is full")

    monkeypatch.setattr(stores.requests, "record", fails)
    async with AnsweringServer() as server:
        mirror = Mirror(ROUTE, Upstream("segment", server.url), stores.requests, stores.receipts, FakeClock())
        with pytest.raises(JournalError, match="the disk is full"):
            async with asyncio.timeout(10):
                await mirror.run()
        monkeypatch.setattr(stores.requests, "record", record)
        async with mirroring(stores, server) as again:
            await settled(again, stores)
        assert server.bodies == [body(1), body(1)]


async def test_a_stop_waits_for_answers_under_way_and_leaves_the_rest_owed() -> None:
    stores = MemoryJournal()
    await owe(stores, *map(body, range(5)))
    async with AnsweringServer(lambda got: Said(delay=0.05)) as server:
        async with mirroring(stores, server, route=replace(ROUTE, max_requests=1)):
            async with asyncio.timeout(10):
                while not server.got:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        assert server.bodies == [body(0)]
    assert (await stores.requests.counts())["mirror"] == RouteCounts(waiting=4, sent=1)
