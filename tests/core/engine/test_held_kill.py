"""kill -9 around held messages: held stays held, and what is released is sent once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest
from engines import PATIENCE, engine_settings, isolate, post, track, until
from subscriptions import VISITS, events

from segtap.core.api.client import Client
from segtap.core.serve.launch import start_engine
from segtap.core.settings import Hold
from segtap.core.stand_in.faults import Fault
from segtap.core.stand_in.server import MixpanelServer

pytestmark = pytest.mark.kill

AT = {"timestamp": "2026-11-24T21:00:00Z"}


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
async def test_held_stays_held_and_what_is_released_is_sent_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(tmp_path, monkeypatch.setenv)
    async with MixpanelServer() as mixpanel:
        settings = msgspec.structs.replace(
            engine_settings(tmp_path, mixpanel_url=mixpanel.url),
            subscriptions=(events(), VISITS),
            hold=(Hold(filter="event:Visited"),),
        )
        engine = await start_engine(settings, forwarding=True)
        for number in range(6):
            visit = track(f"m-{number}", "Visited", **AT) | {"userId": f"user-{number}"}
            await post(engine.url, visit, track(f"other-{number}", **AT))
        async with Client(engine.url, engine.token) as client:
            await until(client, lambda state: state.deliveries.held == state.deliveries.sent == 6)
        os.kill(engine.pid, signal.SIGKILL)
        await engine.aclose()

        # Killed while the first ones that were released are on their way, and right after the decision.
        for ids in (("m-0", "m-1"), ("m-2", "m-3")):
            engine = await start_engine(settings, forwarding=True)
            async with Client(engine.url, engine.token) as client:
                lines = (await client.page(filter="delivery:held")).summaries
                if ids[0] == "m-0":
                    assert len(lines) == 6
                    mixpanel.script(Fault(hang=True, ingest=True), path="/import")
                released = await client.release([one.id for one in lines if one.message_id in ids])
                assert len(released.changed) == 2
                if ids[0] == "m-0":
                    async with asyncio.timeout(PATIENCE):
                        while sum(one.path == "/import" for one in mixpanel.requests) < 2:  # noqa: ASYNC110
                            await asyncio.sleep(0.02)
            os.kill(engine.pid, signal.SIGKILL)
            await engine.aclose()
            mixpanel.release()

        async with (
            await start_engine(settings, forwarding=True) as engine,
            Client(engine.url, engine.token) as client,
        ):
            state = await until(client, lambda state: not state.deliveries.waiting)
            assert state.deliveries.held == 2
            assert state.deliveries.uncertain + state.deliveries.sent == 10
            lines = (await client.page(filter="delivery:held")).summaries
            assert [one.message_id for one in lines] == ["m-4", "m-5"]
    shown = [key[-1] for key in mixpanel.deduped() if key[0] == "Visited"]
    assert sorted(shown) == ["m-0", "m-1", "m-2", "m-3"]
    visits = {user: profile["visits"] for user, profile in mixpanel.profiles.items()}
    assert set(visits.values()) == {1}
    # Of each visit either Mixpanel has it, or segtap says that this cannot be known.
    assert len(visits) + state.deliveries.uncertain >= 4
