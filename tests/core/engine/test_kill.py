"""kill -9 while Mixpanel misbehaves: what was acknowledged arrives, once, and the books balance."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import httpx
import msgspec
import pytest
from engines import PATIENCE, isolate, track
from killing import POISON, Moody, Sender, check_ledger, message, settings_of, settled, state_of

from segtap.core.delivery import DeliveryCounts
from segtap.core.serve.launch import start_engine
from segtap.core.stand_in.faults import Fault, import_error
from segtap.core.stand_in.server import MixpanelServer

pytestmark = pytest.mark.kill

ROUNDS = 5
BROKEN = import_error(500, "Internal Server Error")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
async def test_killed_again_and_again_while_mixpanel_misbehaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    chance = random.Random(20)
    sender = Sender()
    async with Moody(chance) as mixpanel:
        mixpanel.poison(POISON, BROKEN)
        settings = settings_of(tmp_path, mixpanel)

        # What is received while forwarding is off is never sent.
        async with (
            await start_engine(settings) as engine,
            httpx.AsyncClient(base_url=engine.url, trust_env=False) as http,
        ):
            off = [track(f"off-{n}") for n in range(5)]
            await http.post("/v1/batch", json={"batch": off, "writeKey": "wk"})

        for round_ in range(ROUNDS):
            engine = await start_engine(settings, forwarding=True)
            sending = asyncio.create_task(sender.send(engine.url))
            await sender.more(chance.randrange(40, 200))
            if round_ == 1:
                sender.owed.append([track(POISON, timestamp="2026-11-24T21:00:00Z")])
                await sender.more(20)
            os.kill(engine.pid, signal.SIGKILL)
            await sending
            await engine.aclose()

        mixpanel.moody = False
        async with await start_engine(settings, forwarding=True) as engine:
            state = await settled(engine, len(sender.acknowledged) + 5)

    books = state.deliveries
    assert state.received == books.total == sum(msgspec.structs.astuple(books))
    check_books(books, sender)
    check_ledger(mixpanel, books, sender)
    assert any("visits" in profile for profile in mixpanel.profiles.values())


def check_books(books: DeliveryCounts, sender: Sender) -> None:
    assert books.off == 5
    assert (books.stuck, books.waiting, books.held, books.fault) == (1, 0, 0, 0)
    of = Counter(one["messageId"].startswith("m_") for one in sender.acknowledged)
    assert books.refused >= of[True]
    # Pages have no subscription; what was acknowledged only the second time may be there twice.
    assert books.none >= sum(one["type"] == "page" for one in sender.acknowledged)
    assert books.sent >= 0.4 * len(sender.acknowledged)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
async def test_an_increment_whose_engine_is_killed_before_the_answer_is_uncertain_and_never_sent_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    async with MixpanelServer() as mixpanel:
        mixpanel.script(Fault(hang=True, ingest=True), path="/engage")
        settings = settings_of(tmp_path, mixpanel)
        engine = await start_engine(settings, forwarding=True)
        async with httpx.AsyncClient(base_url=engine.url, trust_env=False) as http:
            await http.post("/v1/batch", json={"batch": [message(7)], "writeKey": "wk"})
        async with asyncio.timeout(PATIENCE):
            while not to_profiles(mixpanel):  # noqa: ASYNC110 – the server announces nothing
                await asyncio.sleep(0.02)
        os.kill(engine.pid, signal.SIGKILL)
        await engine.aclose()
        mixpanel.release()

        # Known before anything is forwarded, and after it.
        for forwarding in (False, True):
            async with (
                await start_engine(settings, forwarding=forwarding) as engine,
                asyncio.timeout(PATIENCE),
            ):
                while (await state_of(engine)).deliveries.uncertain != 1:  # noqa: ASYNC110 – of the client
                    await asyncio.sleep(0.02)
                assert (await state_of(engine)).deliveries.waiting == 0
    assert to_profiles(mixpanel) == 1
    assert [profile["visits"] for profile in mixpanel.profiles.values()] in ([1], [])


def to_profiles(mixpanel: MixpanelServer) -> int:
    """Return how many requests came to /engage."""
    return sum(request.path == "/engage" for request in mixpanel.requests)
