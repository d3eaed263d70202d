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
from engines import isolate
from killing import Moody, Sender, check_ledger, settings_of, settled

from segtap.core.serve.launch import start_engine

pytestmark = [pytest.mark.kill, pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")]

ROUNDS = int(os.environ.get("SEGTAP_TEST_KILLS", "6"))


@pytest.mark.timeout(60 + 30 * ROUNDS)
async def test_the_books_balance_after_each_death(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    chance = random.Random(200)
    sender = Sender()
    async with Moody(chance) as mixpanel:
        settings = settings_of(tmp_path, mixpanel)
        for round_ in range(ROUNDS):
            mixpanel.moody = True
            engine = await start_engine(settings, forwarding=True)
            sending = asyncio.create_task(sender.send(engine.url))
            await asyncio.sleep(chance.uniform(0.0, 0.8))
            os.kill(engine.pid, signal.SIGKILL)
            await sending
            await engine.aclose()

            mixpanel.moody = False
            async with await start_engine(settings, forwarding=True) as engine:
                state = await settled(engine, len(sender.acknowledged))
            books = state.deliveries
            assert state.received == books.total == sum(msgspec.structs.astuple(books)), f"round {round_}"
            assert (books.stuck, books.waiting, books.held, books.fault, books.off) == (0, 0, 0, 0, 0)
            check_ledger(mixpanel, books, sender)
