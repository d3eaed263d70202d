"""kill -9 again and again: after each death the books balance, and each insert id has arrived once.

`SEGTAP_TEST_KILLS=200 pytest tests/core/engine/test_kill_rounds.py` kills 200 times, by default it is six.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import msgspec
import pytest
from engines import PATIENCE, isolate, post, track
from killing import FAULTS, Moody, Sender, check_ledger, settings_of, settled

from segtap.core.api.client import Client
from segtap.core.api.models import EngineState
from segtap.core.serve.launch import RunningEngine, start_engine
from segtap.core.stand_in.faults import TOO_LARGE

pytestmark = [pytest.mark.kill, pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")]

ROUNDS = int(os.environ.get("SEGTAP_TEST_KILLS", "6"))


async def at_rest(engine: RunningEngine, sender: Sender, last: str) -> EngineState:
    """The state once a message, sent behind all others, is listed, and nothing waits any more."""
    message = track(last, timestamp="2026-11-24T21:00:00Z")
    assert (await post(engine.url, message)).status_code == 200
    sender.acknowledged.append(message)
    async with asyncio.timeout(PATIENCE), Client(engine.url, engine.token) as client:
        while not (await client.page(filter=f"id:{last}", limit=1)).summaries:  # noqa: ASYNC110 – of the client
            await asyncio.sleep(0.02)
    return await settled(engine, len(sender.acknowledged))


@pytest.mark.timeout(60 + 60 * ROUNDS)
async def test_the_books_balance_after_each_death(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    chance = random.Random(200)
    sender = Sender()
    # A 413 for a record alone refuses it, and it would be missing.
    async with Moody(chance, [fault for fault in FAULTS if fault is not TOO_LARGE]) as mixpanel:
        settings = settings_of(tmp_path, mixpanel)
        for round_ in range(ROUNDS):
            mixpanel.moody = True
            engine = await start_engine(settings, forwarding=True)
            sending = asyncio.create_task(sender.send(engine.url))
            await sender.more(chance.randrange(120))
            os.kill(engine.pid, signal.SIGKILL)
            await sending
            await engine.aclose()

            mixpanel.moody = False
            async with await start_engine(settings, forwarding=True) as engine:
                state = await at_rest(engine, sender, f"last-{round_}")
            books = state.deliveries
            assert state.received == books.total == sum(msgspec.structs.astuple(books)), f"round {round_}"
            assert (books.stuck, books.waiting, books.held, books.fault, books.off) == (0, 0, 0, 0, 0)
            check_ledger(mixpanel, books, sender)
